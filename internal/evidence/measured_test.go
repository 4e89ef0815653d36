package evidence

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMeasuredNamesTheCommit(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(folder))
	english, chinese := Measured("go test .")
	assert.Regexp(t, "^Measured on ....-..-.. \\(.*, .* cores, go.*\\), by `go test \\.`\\.$", english, "outside a repository")
	assert.NotContains(t, chinese, "提交")

	run := func(args ...string) {
		identity := []string{"-c", "user.name=n", "-c", "user.email=e@example.com", "-c", "commit.gpgsign=false"}
		out, err := exec.CommandContext(t.Context(), "git", append(identity, args...)...).CombinedOutput() //nolint:gosec // this test's own
		require.NoError(t, err, string(out))
	}
	write := func(path string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
	}
	write("code.go")
	run("init", "-q")
	run("add", ".")
	run("commit", "-q", "-m", "one")
	commit := Commit()
	assert.Regexp(t, "^[0-9a-f]+$", commit)

	write("docs/page.md")
	assert.Equal(t, commit, Commit(), "the page that is written is no change of the code")
	write("other.go")
	assert.Equal(t, commit+" + changes", Commit())
	english, chinese = Measured("go test .")
	assert.Contains(t, english, " at commit "+commit+" + changes (")
	assert.Contains(t, chinese, "，提交 "+commit+" + changes（")
}
