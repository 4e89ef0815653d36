package browser

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)```\n")

// shellBlocks are the command lines of a document, but for those that start a program.
func shellBlocks(t testing.TB, document string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", document))
	require.NoError(t, err)
	var blocks []string
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(block[1], "go run") && !strings.Contains(block[1], "docker run") {
			blocks = append(blocks, block[1])
		}
	}
	return blocks
}

// TestTheCommandLinesOfTheDocumentation runs them as they are written, one after the other in one shell, as a person does
// who pastes them. After each block it asks the sandbox whether it has carried out all that it was asked for.
func TestTheCommandLinesOfTheDocumentation(t *testing.T) {
	english, chinese := shellBlocks(t, "sandbox.md"), shellBlocks(t, "sandbox.zh-CN.md")
	assert.Equal(t, english, chinese, "both documents have the same command lines")
	require.Greater(t, strings.Count(strings.Join(english, ""), "curl "), 30, "the documentation is about curl")

	p := startFor(t, "127.0.0.1:0")
	script := "set -euo pipefail\n"
	for i, block := range english {
		script += block + fmt.Sprintf(`
refused=$(curl -s "http://127.0.0.1:8081/_sandbox/requests?carried_out=false")
[[ $refused == '{"requests":[],'* ]] || { echo "block %d was not carried out: $refused"; exit 1; }
echo
`, i+1)
	}
	dir := t.TempDir()
	// The documentation's port may be somebody else's; and a refusal is to end the script.
	rc := fmt.Sprintf("connect-to = \"127.0.0.1:8081:%s\"\nfail-with-body\nshow-error\n", p.addr)
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".curlrc"), []byte(rc), 0o600))

	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = dir
	shell.Env = append(os.Environ(), "CURL_HOME="+dir)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), `"open_id":`, "somebody has logged in")
}
