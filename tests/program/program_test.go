package program

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// asServer makes the test binary a server of what the program is compared with.
const asServer = "OPENPLATFORM_TEST_AS_SERVER"

func TestMain(m *testing.M) {
	if addr := os.Getenv(asServer); addr != "" {
		fmt.Println(http.ListenAndServe(addr, sandbox.New())) //nolint:gosec // as the comparison says
		return
	}
	os.Exit(m.Run())
}

// build returns the program, as it would be shipped.
func build(t *testing.T) (binary string) {
	t.Helper()
	binary = filepath.Join(t.TempDir(), "openplatform")
	command := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/openplatform") //nolint:gosec // a path of the test's own
	command.Dir, command.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

// process is a server in a process of its own.
type process struct {
	t     *testing.T
	url   string
	pid   int
	ready time.Duration // from its start to its first answer
}

const addr = "127.0.0.1:"

// run starts the program on a port of its own, and ends it with the test.
func run(t *testing.T, binary string, flags ...string) *process {
	t.Helper()
	port := freePort(t)
	command := exec.CommandContext(t.Context(), binary, append([]string{"sandbox", "-addr", addr + port}, flags...)...) //nolint:gosec // likewise
	return start(t, command, port, "/_sandbox/healthz")
}

// runPlain starts an http.Server that serves sandbox.New().
func runPlain(t *testing.T) *process {
	t.Helper()
	port := freePort(t)
	command := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very binary
	command.Env = append(os.Environ(), asServer+"="+addr+port)
	return start(t, command, port, "/oauth/checkToken")
}

func start(t *testing.T, command *exec.Cmd, port, health string) *process {
	t.Helper()
	begin := time.Now()
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	p := &process{t: t, url: "http://" + addr + port, pid: command.Process.Pid}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		response, err := client.Get(p.url + health)
		if err == nil {
			p.ready = time.Since(begin)
			require.NoError(t, response.Body.Close())
			return p
		}
		require.Less(t, time.Since(begin), 30*time.Second, "it does not answer")
		time.Sleep(time.Millisecond)
	}
}

// freePort returns a port that nobody listens on, so that the program can be asked as soon as it starts.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", addr+"0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return regexp.MustCompile(`\d+$`).FindString(listener.Addr().String())
}

var residentLine = regexp.MustCompile(`^VmRSS:\s+(\d+) kB`)

// resident returns the process's resident memory in MiB, or 0 where there is no /proc.
func (p *process) resident() float64 {
	p.t.Helper()
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if found := residentLine.FindStringSubmatch(lines.Text()); found != nil {
			kib, err := strconv.Atoi(found[1])
			require.NoError(p.t, err)
			return float64(kib) / 1024
		}
	}
	return 0
}
