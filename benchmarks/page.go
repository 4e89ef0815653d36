package main

import (
	"fmt"
	"os"
	"strings"
)

// files returns the page and its charts, by path.
func (r results) files() (map[string][]byte, error) {
	text, err := os.ReadFile(page)
	if err != nil {
		return nil, err
	}
	filled, err := insert(string(text), r.sections())
	if err != nil {
		return nil, err
	}
	calls, err := r.drawCalls()
	if err != nil {
		return nil, err
	}
	memory, err := r.drawMemory()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{page: []byte(filled), callsChart: calls, memoryChart: memory}, nil
}

// insert puts each section in its place in the page: what stands there was measured, not
// typed.
func insert(text string, sections []section) (string, error) {
	for _, s := range sections {
		begin, end := "<!-- begin "+s.name+" -->\n", "<!-- end "+s.name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return "", fmt.Errorf("%s has no place for the section %s", page, s.name)
		}
		text = before + begin + "\n" + s.text + "\n\n" + end + after
	}
	return text, nil
}
