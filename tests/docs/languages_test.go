package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// englishOnly are for those who work on the SDK.
var englishOnly = []string{"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}

func TestBothLanguagesSayTheSame(t *testing.T) {
	all := pages(t)
	for path, english := range all {
		if isChinese(path) {
			assert.Contains(t, all, strings.TrimSuffix(path, ".zh-CN.md")+".md", "%s has no original", path)
			continue
		}
		if slices.Contains(englishOnly, path) {
			continue
		}
		t.Run(path, func(t *testing.T) {
			other := all[chinese(path)]
			require.NotNil(t, other, "it is not in Chinese")
			assert.Equal(t, levels(english), levels(other), "the levels of headings")
			compareTables(t, english, other)
			compareBlocks(t, english, other)
		})
	}
}

func levels(p *page) (all []int) {
	for _, h := range p.headings {
		all = append(all, h.level)
	}
	return all
}

func compareTables(t *testing.T, english, other *page) {
	t.Helper()
	require.Equal(t, len(english.tables), len(other.tables), "tables") //nolint:testifylint // Len prints them all
	for i, rows := range english.tables {
		if !assert.Equal(t, len(rows), len(other.tables[i]), "rows of table %d (%v)", i+1, rows[0]) { //nolint:testifylint // likewise
			continue
		}
		for j, row := range rows {
			if !assert.Len(t, other.tables[i][j], len(row), "columns of table %d, row %d", i+1, j+1) {
				continue
			}
			for k, c := range row {
				assert.Equal(t, facts(c), facts(other.tables[i][j][k]), "code and figures of table %d, row %d, column %d", i+1, j+1, k+1)
			}
		}
	}
}

var (
	figureInText = regexp.MustCompile(`\d+([.,:]\d+)*`)
	han          = regexp.MustCompile(`\p{Han}`)
)

// facts are what a cell says in any language, in an order that is not the sentence's: its code and its figures.
func facts(c cell) []string {
	all := figureInText.FindAllString(c.text, -1)
	for _, code := range c.code {
		if !han.MatchString(code) {
			all = append(all, code)
		}
	}
	slices.Sort(all)
	return all
}

func compareBlocks(t *testing.T, english, other *page) {
	t.Helper()
	require.Equal(t, len(english.blocks), len(other.blocks), "blocks of code") //nolint:testifylint // likewise
	for i, b := range english.blocks {
		assert.Equal(t, b.language, other.blocks[i].language, "the language of block %d", i+1)
		left, right := untranslated(b, other.blocks[i])
		assert.Equal(t, left, right, "block %d", i+1)
	}
}

var (
	comment = regexp.MustCompile(`(^|\s+)(//|#) .*`)
	quoted  = regexp.MustCompile(`"[^"]*"`)
)

// untranslated are the lines of two blocks without what may be translated: comments, and the strings of a line with Chinese.
func untranslated(a, b block) (left, right []string) {
	left, right = code(a), code(b)
	for i := range min(len(left), len(right)) {
		if han.MatchString(left[i] + right[i]) {
			left[i], right[i] = quoted.ReplaceAllString(left[i], `""`), quoted.ReplaceAllString(right[i], `""`)
		}
	}
	return left, right
}

func code(b block) []string {
	lines := strings.Split(strings.TrimSpace(b.text), "\n")
	if b.language != "go" && b.language != "sh" && b.language != "diff" && b.language != "yaml" {
		return lines
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(comment.ReplaceAllString(line, ""), " \t")
	}
	return lines
}

func TestREADMEsAreShort(t *testing.T) {
	all := pages(t)
	for _, path := range []string{"README.md", "README.zh-CN.md"} {
		assert.LessOrEqual(t, all[path].lines, 160, path)
	}
}
