package browser

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const pageDir = "../../sandbox/control/page"

var (
	wordPattern  = regexp.MustCompile(`(?m)^\t'([^']+)':\s*\[\s*'((?:[^'\\]|\\.)*)',\s*'((?:[^'\\]|\\.)*)'\],`)
	valuePattern = regexp.MustCompile(`\{\w+\}`)
	usePattern   = regexp.MustCompile(`\bt\('([^']+)'|data-(?:t|label)="([^"]+)"`)
)

// TestEveryWordIsInBothLanguages reads the page's table of words.
func TestEveryWordIsInBothLanguages(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(pageDir, "i18n.js"))
	require.NoError(t, err)
	known := map[string]bool{}
	for _, word := range wordPattern.FindAllStringSubmatch(string(table), -1) {
		key, english, chinese := word[1], word[2], word[3]
		assert.False(t, known[key], "%s stands there twice", key)
		known[key] = true
		assert.NotEmpty(t, english, key)
		assert.NotEmpty(t, chinese, key)
		assert.Equal(t, values(english), values(chinese), "%s names other values in Chinese", key)
	}
	lines := strings.Count(string(table), "\n\t'")
	assert.Len(t, known, lines, "there are lines that this test cannot read")

	require.NoError(t, filepath.WalkDir(pageDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		source, err := os.ReadFile(path) //nolint:gosec // a file of this repository
		for _, use := range usePattern.FindAllStringSubmatch(string(source), -1) {
			assert.True(t, known[use[1]+use[2]], "%s wants a word for %s", path, use[1]+use[2])
		}
		return err
	}))
}

func values(text string) []string {
	found := valuePattern.FindAllString(text, -1)
	slices.Sort(found)
	return found
}
