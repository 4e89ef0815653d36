package main

import (
	"fmt"
	"os"
	"strings"
)

// files returns the pages and their charts, by path.
func (r results) files() (map[string][]byte, error) {
	sections, err := r.sections()
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
	files := map[string][]byte{callsChart: calls, memoryChart: memory}
	for path, text := range map[string]func(section) string{
		page:        func(s section) string { return s.english },
		chinesePage: func(s section) string { return s.chinese },
	} {
		if files[path], err = fill(path, sections, text); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// fill returns a page with each section in its place: what stands there was measured, not
// typed.
func fill(path string, sections []section, textOf func(section) string) ([]byte, error) {
	written, err := os.ReadFile(path) //nolint:gosec // one of the two pages
	if err != nil {
		return nil, err
	}
	text := string(written)
	for _, s := range sections {
		begin, end := "<!-- begin "+s.name+" -->\n", "<!-- end "+s.name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return nil, fmt.Errorf("%s has no place for the section %s", path, s.name)
		}
		text = before + begin + "\n" + textOf(s) + "\n\n" + end + after
	}
	return []byte(text), nil
}
