package openplatform_test

import (
	"go/build"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The commands of the track record in docs/reliability.md: a test by its name, in a package, maybe of a nested module.
var reproduction = regexp.MustCompile("`(?:[A-Z]+=\\S+ )*go (?:-C (\\S+) )?test -run (\\w+) ([^\\s`]+)[^`]*`")

// A bug stays found: the test that the track record names for it exists, and both languages name the same.
func TestTheTrackRecordNamesTestsThatExist(t *testing.T) {
	english, chinese := trackRecord(t, "docs/reliability.md", "## Track record"), trackRecord(t, "docs/reliability.zh-CN.md", "## 缺陷记录")
	assert.Equal(t, english, chinese)
	require.Greater(t, len(english), 50)
	for _, command := range english {
		module, test, folder := command[1], command[2], command[3]
		tests := testsIn(t, filepath.Join(module, folder))
		declaration := regexp.MustCompile(`(?m)^func ` + test + `\(\w+ \*testing\.[TF]\) \{$`)
		assert.True(t, declaration.MatchString(tests), "there is no such test: %s", command[0])
	}
}

// trackRecord returns the command of each row.
func trackRecord(t *testing.T, page, heading string) (commands [][]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	_, record, found := strings.Cut(string(text), "\n"+heading+"\n")
	require.True(t, found, "%s has no %s", page, heading)
	rows := regexp.MustCompile(`(?m)^\| .*`).FindAllString(record, -1)
	for _, row := range rows {
		command := reproduction.FindStringSubmatch(row)
		if command == nil {
			assert.NotContains(t, row, "go test", "a command that this test does not read")
			continue
		}
		commands = append(commands, command)
	}
	require.Len(t, rows, len(commands)+2, "each row but the two headers has a command")
	return commands
}

// testsIn returns the source of the tests that are built from a folder on this system.
func testsIn(t *testing.T, folder string) string {
	t.Helper()
	pkg, err := build.ImportDir(folder, 0)
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range append(pkg.TestGoFiles, pkg.XTestGoFiles...) {
		source, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		all.Write(source)
	}
	return all.String()
}
