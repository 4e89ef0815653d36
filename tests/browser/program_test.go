package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/stretchr/testify/require"
)

var screenshots = flag.String("screenshots", "", "keep screenshots in this directory")

// The program that is tested, built once, and one that runs for the tests that need none of their own.
var (
	binary string
	shared *program
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "browser-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	binary = filepath.Join(dir, "openplatform")
	build := exec.CommandContext(context.Background(), "go", "-C", "../..", "build", "-o", binary, "./cmd/openplatform") //nolint:gosec // our own program
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	if shared, err = start("127.0.0.1:0"); err != nil {
		return 1, err
	}
	defer shared.stop()
	stopBrowser, err := startBrowser()
	if err != nil {
		return 1, err
	}
	defer stopBrowser()
	return m.Run(), nil
}

// A program is openplatform sandbox, running.
type program struct {
	addr   string
	cmd    *exec.Cmd
	output bytes.Buffer
}

// start starts the program on an address, of which the port may be 0, and waits until it is ready.
func start(addr string, args ...string) (*program, error) {
	addr, err := free(addr)
	if err != nil {
		return nil, err
	}
	p := &program{addr: addr}
	p.cmd = run(append([]string{"sandbox", "-addr", addr}, args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if out, err := run("sandbox", "-wait", p.url()).CombinedOutput(); err != nil {
		p.stop()
		return nil, fmt.Errorf("%w: %s\n%s", err, out, p.output.Bytes())
	}
	return p, nil
}

func run(args ...string) *exec.Cmd {
	return exec.CommandContext(context.Background(), binary, args...) //nolint:gosec // the program that is tested
}

// free puts a port that nobody has in place of port 0.
func free(addr string) (string, error) {
	if !strings.HasSuffix(addr, ":0") {
		return addr, nil
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (p *program) url() string { return "http://" + p.addr }

func (p *program) stop() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// startFor starts a program for one test.
func startFor(t testing.TB, addr string, args ...string) *program {
	t.Helper()
	p, err := start(addr, args...)
	require.NoError(t, err)
	t.Cleanup(p.stop)
	return p
}

// A space is a space of a running program, and what a test does with it beside the browser.
type space struct {
	t    testing.TB
	base string // what an SDK takes
	sdk  *openplatform.Client
}

var spaces atomic.Int64

// newSpace is a space that no other test has.
func newSpace(t testing.TB) *space {
	t.Helper()
	return spaceOf(t, shared, fmt.Sprintf("/spaces/test-%d", spaces.Add(1)))
}

func spaceOf(t testing.TB, p *program, path string) *space {
	t.Helper()
	base := p.url() + path
	sdk, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(base),
		openplatform.WithTimeout(10*time.Second))
	require.NoError(t, err)
	return &space{t: t, base: base, sdk: sdk}
}

// control asks the control API, and decodes its answer into out unless that is nil.
func (s *space) control(method, path string, in, out any) {
	s.t.Helper()
	body, err := json.Marshal(in)
	require.NoError(s.t, err)
	if in == nil {
		body = nil
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+"/_sandbox"+path, bytes.NewReader(body))
	require.NoError(s.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Less(s.t, resp.StatusCode, 300, "%s %s: %s", method, path, answer)
	if out != nil {
		require.NoError(s.t, json.Unmarshal(answer, out))
	}
}

// picture makes the platform issue a picture, and returns its id and its answer.
func (s *space) picture() (id, answer string) {
	s.t.Helper()
	img, err := s.sdk.GetImgCode(s.t.Context())
	require.NoError(s.t, err)
	var picture struct{ Answer string }
	s.control(http.MethodGet, "/pictures/"+img.Data.ImgCodeID, nil, &picture)
	return img.Data.ImgCodeID, picture.Answer
}

// sendSMS has the platform send an SMS, which a fault or a special number may prevent.
func (s *space) sendSMS(mobile string, smsType openplatform.SmsType) error {
	s.t.Helper()
	id, answer := s.picture()
	_, err := s.sdk.SendSmsCode(s.t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: id, ImgCode: answer, SmsType: smsType,
	})
	return err
}

// latestCode is the code of the newest SMS.
func (s *space) latestCode(mobile string) string {
	s.t.Helper()
	var sms struct{ Code string }
	s.control(http.MethodGet, "/sms/latest?mobile="+mobile, nil, &sms)
	return sms.Code
}
