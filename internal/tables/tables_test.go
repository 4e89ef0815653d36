package tables

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rows = [][]string{{"printer", "错误"}, {"fmt", "masked"}, {"log", ""}}

const table = `| printer | 错误     |
|---------|--------|
| fmt     | masked |
| log     |        |
`

func TestMarkdown(t *testing.T) {
	assert.Equal(t, table, Markdown(rows))
}

func TestShowReplacesTheTableInItsPlace(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) { require.NoError(t, os.WriteFile(page, []byte(text), 0o600)) }
	read := func() string {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		return string(text)
	}
	const old = "# Page\n<!-- begin one -->\n\nold\n\n<!-- end one -->\nthe end\n"

	write(old)
	require.NoError(t, Show(page, "one", "Caption.", rows))
	assert.Equal(t, old, read(), "without -update the page stays as it is")

	*update = true
	t.Cleanup(func() { *update = false })
	require.NoError(t, Show(page, "one", "Caption.", rows))
	const updated = "# Page\n<!-- begin one -->\n\nCaption.\n\n" + table + "\n<!-- end one -->\nthe end\n"
	assert.Equal(t, updated, read())
	require.NoError(t, Show(page, "one", "Caption.", rows))
	assert.Equal(t, updated, read(), "again")
	require.ErrorContains(t, Show(page, "two", "", rows), "no place for the table two")
}
