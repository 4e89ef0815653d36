package docs

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox/control"
)

// notRun are commands, by their beginning, that are not run here, and why. A line of a page that begins otherwise is run.
var notRun = []struct{ command, reason string }{
	{"go test ./...", "the gate's first step"},
	{"go test . ", "the gate runs the tests; these are long or write pages"},
	{"go test ./internal/doctor ", "the gate runs the tests"},
	{"go -C tests test ", "the gate runs the tests; these are long or write pages"},
	{"go -C benchmarks run ", "half an hour of measurements"},
	{"GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 go -C tests test ", "the gate runs the tests"},
	{".ci/run", "the gate itself"},
	{"go run ./cmd/openplatform sandbox", "it stays: TestServersStart starts it"},
	{"go run ./examples/login_service", "it stays: TestServersStart starts it"},
	{"go run ./cmd/openplatform doctor -env", "it asks the real platform"},
	{"openplatform call ", "it asks the real platform"},
	{"openplatform img ", "it asks the real platform"},
	{"OPENPLATFORM_ENV=test ", "it asks the real platform"},
	{".ci/release ", "it needs a commit; the gate makes a release, and the tests of the module release do what is before and after"},
	{"git ", "it commits, and pushes to the project's repository"},
	{"docker ", "it needs a container engine; .ci/image does the same"},
}

// TestCommandsRun pastes each page's commands into one shell, block after block, in a copy of the repository and without
// a network. What a page shows as printed is what they print, or what an example of the Go files prints, or a server.
func TestCommandsRun(t *testing.T) {
	used := map[string]bool{}
	files, dir := goFiles(t), clone(t)
	for path, p := range pages(t) {
		script := script(p, used)
		if isChinese(path) { // another test compares it
			continue
		}
		t.Run(path, func(t *testing.T) {
			printed := run(t, dir, script)
			for _, shown := range texts(p) {
				known := strings.Contains(lasting(printed), lasting(shown)) || isOutput(files, shown) || isBanner(p, shown)
				assert.True(t, known, "nothing prints\n%s\nthis was printed:\n%s", shown, printed)
			}
		})
	}
	for _, c := range notRun {
		assert.True(t, used[c.command], "no page has %q", c.command)
	}
}

func run(t *testing.T, dir, script string) (printed string) {
	t.Helper()
	if script == "" {
		return ""
	}
	handler, err := control.New(control.Config{})
	require.NoError(t, err)
	defer handler.Close()
	server := httptest.NewServer(handler)
	defer server.Close()

	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	shell := exec.CommandContext(ctx, "bash", "-c", "set -euo pipefail\n"+checks+script) //nolint:gosec // the pages' commands
	shell.Dir, shell.Env = dir, offline(t, filepath.Dir(dir), server.Listener.Addr())
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	shell.Cancel = func() error { return syscall.Kill(-shell.Process.Pid, syscall.SIGKILL) } // what it has started too
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s\n%s", script, out)
	return string(out)
}

// checks are run after each block: the sandbox has carried out all that it was asked for.
const checks = `here=$PWD
carried_out() {
	cd "$here"
	refused=$(curl -s "http://127.0.0.1:8081/_sandbox/requests?carried_out=false")
	[[ $refused == '{"requests":[],'* ]] || { echo "this was not carried out: $refused"; exit 1; }
	echo
}
`

func script(p *page, used map[string]bool) string {
	var script strings.Builder
	for _, b := range p.blocks {
		if b.language != "sh" {
			continue
		}
		commands := slices.DeleteFunc(strings.Split(b.text, "\n"), func(line string) bool { return isNotRun(line, used) })
		if text := strings.TrimSpace(strings.Join(commands, "\n")); text != "" {
			script.WriteString(text + "\ncarried_out\n")
		}
	}
	return script.String()
}

func isNotRun(line string, used map[string]bool) bool {
	for _, c := range notRun {
		if strings.HasPrefix(line+" ", c.command) {
			used[c.command] = true
			return true
		}
	}
	return false
}

// clone copies the repository as it is, but for what a clone would not have.
func clone(t *testing.T) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "openplatform-go")
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		copied := filepath.Join(to, strings.TrimPrefix(path, root))
		switch {
		case d.Name() == ".git" || d.Name() == "node_modules" || d.Name() == "dist":
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.MkdirAll(copied, 0o700)
		}
		content, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		if err != nil {
			return err
		}
		return os.WriteFile(copied, content, 0o600) //nolint:gosec // below the test's own directory
	}))
	return to
}

// offline is an environment in which nothing but this machine is reached, and the sandbox instead of port 8081. What a
// curl tells of a refusal ends the script.
func offline(t *testing.T, home string, sandbox net.Addr) []string {
	t.Helper()
	rc := fmt.Sprintf("connect-to = \"127.0.0.1:8081:%s\"\nfail-with-body\nshow-error\n", sandbox)
	require.NoError(t, os.WriteFile(filepath.Join(home, ".curlrc"), []byte(rc), 0o600))
	nowhere := "http://127.0.0.1:1"
	return append(os.Environ(), "CURL_HOME="+home, "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=",
		"HTTP_PROXY="+nowhere, "HTTPS_PROXY="+nowhere, "http_proxy="+nowhere, "https_proxy="+nowhere,
		"NO_PROXY=127.0.0.1,localhost", "no_proxy=127.0.0.1,localhost")
}

// server is a command that stays. The first text of its page is what it prints.
type server struct{ command, page string }

var servers = []server{
	{"go run ./cmd/openplatform sandbox", "docs/sandbox.md"},
	{"go run ./examples/login_service", "docs/login-service.md"},
}

// A command that stays prints what its page shows.
func TestServersStart(t *testing.T) {
	all := pages(t)
	for _, s := range servers {
		t.Run(s.command, func(t *testing.T) {
			shown := texts(all[s.page])
			require.NotEmpty(t, shown)
			banner := firstLines(t, s.command, strings.Count(shown[0], "\n"))
			assert.Equal(t, lasting(shown[0]), lasting(banner))
		})
	}
}

// firstLines starts a command, and stops it when it has printed some lines.
func firstLines(t *testing.T, command string, lines int) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "server")
	words := strings.Fields(command)
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, words[2]) //nolint:gosec // a command of the pages
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	server := exec.CommandContext(ctx, binary, words[3:]...) //nolint:gosec // the program that was built
	// The documented ports may be somebody else's.
	server.Env = append(os.Environ(), "OPENPLATFORM_SANDBOX_ADDR=127.0.0.1:0", "SANDBOX_ADDR=127.0.0.1:0", "LOGIN_ADDR=127.0.0.1:0")
	stdout, err := server.StdoutPipe()
	require.NoError(t, err)
	server.Stderr = server.Stdout
	require.NoError(t, server.Start())
	var printed strings.Builder
	for buffer := make([]byte, 1); strings.Count(printed.String(), "\n") < lines && err == nil; {
		_, err = stdout.Read(buffer)
		printed.Write(buffer)
	}
	stop()
	_ = server.Wait() // it was killed
	return printed.String()
}

// texts are what a page shows as printed.
func texts(p *page) (all []string) {
	for _, b := range p.blocks {
		if b.language == "text" || b.language == "" {
			all = append(all, b.text)
		}
	}
	return all
}

// changing is what differs from run to run.
var changing = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|127\.0\.0\.1:\d+|SMS code +\w{4}`)

func lasting(printed string) string { return changing.ReplaceAllString(printed, "_") }

// isOutput reports whether an example has a text as its output, which go test compares.
func isOutput(files [][]string, shown string) bool {
	lines := strings.Split(strings.TrimRight(shown, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight("// "+line, " ")
	}
	return standsIn(files, strings.Join(lines, "\n")) ||
		len(lines) == 1 && standsIn(files, strings.Replace(lines[0], "// ", "// Output: ", 1))
}

func isBanner(p *page, shown string) bool {
	return slices.ContainsFunc(servers, func(s server) bool { return s.page == p.path && shown == texts(p)[0] })
}
