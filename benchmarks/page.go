package main

import (
	"fmt"
	"os"
	"strings"
)

// insert puts each table in its place in the page at path: what stands there was
// measured, not typed.
func insert(path string, tables []table) error {
	content, err := os.ReadFile(path) //nolint:gosec // the page is in the repository
	if err != nil {
		return err
	}
	text := string(content)
	for _, t := range tables {
		begin, end := "<!-- begin "+t.name+" -->\n", "<!-- end "+t.name+" -->"
		before, rest, found := strings.Cut(text, begin)
		_, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			return fmt.Errorf("%s has no place for the table %s", path, t.name)
		}
		text = before + begin + "\n" + t.text + "\n" + end + after
	}
	return os.WriteFile(path, []byte(text), 0o644) //nolint:gosec // it is there to be read
}
