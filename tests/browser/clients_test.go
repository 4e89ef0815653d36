package browser

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPlaywright runs the suite in playwright, which is how a team without Go tests its login page.
func TestPlaywright(t *testing.T) {
	chromium, err := findBrowser()
	require.NoError(t, err)
	cli := nodeModules(t, "@playwright", "test", "cli.js")
	suite := exec.CommandContext(t.Context(), "node", cli, "test", "--config", "playwright") //nolint:gosec // our own suite
	suite.Env = append(os.Environ(), "SANDBOX="+shared.url(), "CHROMIUM="+chromium, "RESULTS="+t.TempDir(), "FORCE_COLOR=0")
	out, err := suite.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", out)
}
