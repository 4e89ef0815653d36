package evidence

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var digits = regexp.MustCompile(`\d+`)

// Translate returns a table in another language: its header, and the cells of the columns that hold words. A cell is
// translated between its commas, and "#" in words stands for any number. A text that is not among the words is an
// error, so that no table is half in one language.
func Translate(rows [][]string, words map[string]string, columns ...int) ([][]string, error) {
	var translated [][]string
	for i, row := range rows {
		row = slices.Clone(row)
		for j, cell := range row {
			if i > 0 && !slices.Contains(columns, j) {
				continue
			}
			var err error
			if row[j], err = translate(cell, words); err != nil {
				return nil, err
			}
		}
		translated = append(translated, row)
	}
	return translated, nil
}

func translate(text string, words map[string]string) (string, error) {
	if text == "" {
		return "", nil
	}
	if whole, known := words[text]; known {
		return whole, nil
	}
	parts := strings.Split(text, ", ")
	for i, part := range parts {
		translated, known := words[part]
		if !known {
			translated, known = words[digits.ReplaceAllString(part, "#")]
		}
		if !known {
			return "", fmt.Errorf("no translation of %q in %q", part, text)
		}
		for _, number := range digits.FindAllString(part, -1) {
			translated = strings.Replace(translated, "#", number, 1)
		}
		parts[i] = translated
	}
	return strings.Join(parts, "，"), nil
}
