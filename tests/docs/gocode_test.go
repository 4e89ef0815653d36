package docs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a page shows in Go is a whole file that compiles, or stands in a file of the repository, which tests compile. The
// Chinese pages show the same code, as another test says.
func TestGoCodeCompiles(t *testing.T) {
	files := goFiles(t)
	var programs []string
	for _, p := range pages(t) {
		if isChinese(p.path) {
			continue
		}
		for i, b := range p.blocks {
			switch {
			case b.language != "go":
			case strings.HasPrefix(b.text, "package "):
				programs = append(programs, b.text)
			default:
				assert.True(t, standsIn(files, b.text), "%s: block %d is in no Go file:\n%s", p.path, i+1, b.text)
			}
		}
	}
	require.NotEmpty(t, programs, "the README has a program")
	dir := clone(t)
	for i, program := range programs {
		where := filepath.Join(dir, "shown", string(rune('a'+i)))
		require.NoError(t, os.MkdirAll(where, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(where, "shown_test.go"), []byte(program), 0o600))
	}
	vet := exec.CommandContext(t.Context(), "go", "vet", "./shown/...")
	vet.Dir = dir
	out, err := vet.CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// goFiles are the lines of the repository's Go files.
func goFiles(t *testing.T) (all [][]string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		source, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		all = append(all, strings.Split(string(source), "\n"))
		return err
	}))
	return all
}

// standsIn reports whether a block is a run of lines of a file, all of them indented alike.
func standsIn(files [][]string, shown string) bool {
	block := strings.Split(strings.TrimRight(shown, "\n"), "\n")
	for _, lines := range files {
		for i := range lines {
			if indent, found := strings.CutSuffix(lines[i], block[0]); found && strings.TrimSpace(indent) == "" && goesOn(lines[i:], block, indent) {
				return true
			}
		}
	}
	return false
}

func goesOn(lines, block []string, indent string) bool {
	if len(lines) < len(block) {
		return false
	}
	for i, want := range block {
		if want != "" {
			want = indent + want
		}
		if lines[i] != want {
			return false
		}
	}
	return true
}
