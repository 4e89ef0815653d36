package main

import (
	"regexp"
	"strings"
)

var (
	code = regexp.MustCompile("`[^`]+`")
	word = regexp.MustCompile(`\w+`)
)

// announced returns the identifiers that a changelog has in backquotes, under Changed or Removed of what is not released.
func announced(changelog string) map[string]bool {
	_, unreleased, _ := strings.Cut(changelog, "\n## [Unreleased]\n")
	unreleased, _, _ = strings.Cut(unreleased, "\n## ")
	names := make(map[string]bool)
	for _, section := range strings.Split(unreleased, "\n### ") {
		if !strings.HasPrefix(section, "Changed\n") && !strings.HasPrefix(section, "Removed\n") {
			continue
		}
		for _, span := range code.FindAllString(section, -1) {
			for _, name := range word.FindAllString(span, -1) {
				names[name] = true
			}
		}
	}
	return names
}
