package openplatform_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

const modulePath = "github.com/ebaas/openplatform-go"

// projectFiles are the files of the project, by their paths with slashes, that a pattern of [path.Match] takes by their last element.
func projectFiles(t *testing.T, pattern string) map[string]string {
	t.Helper()
	files, project := map[string]string{}, os.DirFS(".")
	require.NoError(t, fs.WalkDir(project, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if base := path.Base(name); base == ".git" || base == "node_modules" || base == "dist" {
				return fs.SkipDir
			}
			return err
		}
		if match, err := path.Match(pattern, entry.Name()); err != nil || !match {
			return err
		}
		text, err := fs.ReadFile(project, name)
		files[name] = string(text)
		return err
	}))
	require.NotEmpty(t, files)
	return files
}

// Version is the version. What else names it, in the changelog, the pages and what modules require of each other, follows it.
func TestThereIsOneVersion(t *testing.T) {
	require.Regexp(t, `^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$`, openplatform.Version)

	headings := regexp.MustCompile(`(?m)^## \[?([^]\s]+)\]?`).FindAllStringSubmatch(projectFiles(t, "CHANGELOG.md")["CHANGELOG.md"], 2)
	require.Len(t, headings, 2)
	assert.Equal(t, "Unreleased", headings[0][1], "the first heading of CHANGELOG.md")
	assert.Equal(t, openplatform.Version, headings[1][1], "the newest version of CHANGELOG.md")

	named := regexp.MustCompile(regexp.QuoteMeta(modulePath) + `(?:/\w+)*@v(\d[\w.-]*\w)`)
	for file, text := range projectFiles(t, "*.md") {
		if file == "CHANGELOG.md" {
			continue
		}
		for _, found := range named.FindAllStringSubmatch(text, -1) {
			assert.Equal(t, openplatform.Version, found[1], "%s names a version: %s", file, found[0])
		}
	}
}

// A replace directive counts for the module alone that it is in. Who imports a module gets what it requires: a version that there will be.
func TestModulesRequireThisVersion(t *testing.T) {
	required := regexp.MustCompile(`(?m)^(?:require )?\s*(` + regexp.QuoteMeta(modulePath) + `(?:/\S+)?) (v\S+)`)
	replaced := regexp.MustCompile(`(?m)^(?:replace )?\s*(` + regexp.QuoteMeta(modulePath) + `(?:/\S+)?) => (\S+)$`)
	all := 0 // requirements
	for file, text := range projectFiles(t, "go.mod") {
		here := map[string]string{}
		for _, found := range replaced.FindAllStringSubmatch(text, -1) {
			here[found[1]] = path.Join(modulePath, path.Dir(file), found[2])
		}
		for _, found := range required.FindAllStringSubmatch(text, -1) {
			all++
			assert.Equal(t, "v"+openplatform.Version, found[2], "%s requires %s", file, found[1])
			assert.Equal(t, found[1], here[found[1]], "%s replaces %s with the directory that it has here", file, found[1])
		}
	}
	assert.NotZero(t, all)
}
