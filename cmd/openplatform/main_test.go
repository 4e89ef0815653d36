package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// asProgram makes the test binary the program.
const asProgram = "OPENPLATFORM_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// output is what a command prints while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// running is openplatform sandbox on a port of its own.
type running struct {
	t              *testing.T
	url            string
	stdout, stderr *output
	end            func() int // and wait; returns the exit status
}

var listens = regexp.MustCompile(`base URL\s+(\S+)`)

// start runs openplatform sandbox with these flags and waits until it says where it listens.
func start(t *testing.T, variables map[string]string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, stdout: &output{}, stderr: &output{}}
	exited := make(chan int, 1)
	go func() {
		exited <- run(ctx, environment{stdout: r.stdout, stderr: r.stderr, getenv: func(name string) string { return variables[name] }},
			append([]string{"sandbox"}, args...))
	}()
	r.end = sync.OnceValue(func() int {
		cancel()
		return <-exited
	})
	t.Cleanup(func() { r.end() })
	require.Eventually(t, func() bool { return listens.MatchString(r.stdout.String()) }, 10*time.Second, time.Millisecond, r.stderr)
	r.url = listens.FindStringSubmatch(r.stdout.String())[1]
	return r
}

const anyPort = "127.0.0.1:0"

// get reads what is at a path, as JSON.
func (r *running) get(path string) map[string]any {
	r.t.Helper()
	response, err := http.Get(r.url + path)
	require.NoError(r.t, err)
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	require.NoError(r.t, json.NewDecoder(response.Body).Decode(&answer))
	return answer
}

func (r *running) client(space string) *openplatform.Client {
	r.t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(r.url+space))
	require.NoError(r.t, err)
	r.t.Cleanup(client.CloseIdleConnections)
	return client
}

// sendSMS has an SMS sent. The picture's answer is the one of -img-code.
func sendSMS(t *testing.T, client *openplatform.Client, mobile, answer string) {
	t.Helper()
	picture, err := client.GetImgCode(t.Context())
	require.NoError(t, err)
	_, err = client.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: picture.Data.ImgCodeID, ImgCode: answer, SmsType: openplatform.SmsTypeRegister,
	})
	require.NoError(t, err)
}

// once runs a command that ends by itself.
func once(args ...string) (exit int, stdout, stderr string) {
	var out, errs output
	exit = run(context.Background(), environment{stdout: &out, stderr: &errs, getenv: func(string) string { return "" }}, args)
	return exit, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	exit, _, stderr := once()
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, stderr, "sandbox ")

	exit, stdout, _ := once("help")
	assert.Equal(t, exitOK, exit)
	assert.Equal(t, stderr, stdout)

	exit, stdout, stderr = once("sandbox", "-h")
	assert.Equal(t, exitOK, exit)
	assert.Empty(t, stderr)
	var o sandboxOptions
	o.flags().VisitAll(func(f *flag.Flag) {
		assert.Contains(t, stdout, "  -"+f.Name)
		assert.Contains(t, stdout, "$OPENPLATFORM_SANDBOX_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))+"\n")
	})
}

func TestMistakesAreSentences(t *testing.T) {
	taken, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	tests := map[string]struct {
		args []string
		exit int
		want string
	}{
		"unknown command": {[]string{"sandbags"}, 2, `unknown command "sandbags"; openplatform help lists the commands`},
		"unknown flag":    {[]string{"sandbox", "-port", "1"}, 2, "not defined: -port; openplatform sandbox -h lists the flags"},
		"argument":        {[]string{"sandbox", "start"}, 2, "unexpected argument: only flags are allowed; openplatform sandbox -h"},
		"port taken":      {[]string{"sandbox", "-addr", taken.Addr().String()}, 1, "is in use: stop the program there, or choose another port with -addr"},
		"no address":      {[]string{"sandbox", "-addr", "8081"}, 1, "-addr must be HOST:PORT, such as 127.0.0.1:8081"},
		"no seed file":    {[]string{"sandbox", "-seed", filepath.Join(dir, "none")}, 1, "the seed file cannot be read: "},
		"seed file not JSON": {
			[]string{"sandbox", "-seed", file("a", "{\n\"accounts\": [\n}")}, 1, "a: line 3: invalid character '}'",
		},
		"seed file with an unknown field": {[]string{"sandbox", "-seed", file("b", `{"acounts": []}`)}, 1, `b: json: unknown field "acounts"`},
		"seed file with a wrong type":     {[]string{"sandbox", "-seed", file("c", "{\n\"accounts\": 1}")}, 1, "c: line 2: accounts must not be a JSON number"},
		"seed file that cannot be": {
			[]string{"sandbox", "-addr", anyPort, "-seed", file("d", `{"accounts": [{"username": "alice"}, {"username": "alice"}]}`)},
			1,
			"accounts[1]: an account before it in the list has one of its names",
		},
		"picture code":      {[]string{"sandbox", "-img-code", "abcd"}, 1, `a picture code must have 4 of the characters`},
		"SMS code":          {[]string{"sandbox", "-sms-code", "123"}, 1, `an SMS code must have four characters, not "123"`},
		"host with a port":  {[]string{"sandbox", "-host", "sandbox:8081"}, 1, `"sandbox:8081" is not a host name: use a name without scheme and port`},
		"origin":            {[]string{"sandbox", "-origin", "localhost:5173"}, 1, `"localhost:5173" is not an origin: use scheme, host and port`},
		"any origin":        {[]string{"sandbox", "-origin", "*"}, 1, `"*" is not an origin`},
		"key alone":         {[]string{"sandbox", "-tls-key", file("e", "")}, 1, "-tls-cert needs -tls-key"},
		"no certificate":    {[]string{"sandbox", "-tls-cert", file("f", ""), "-tls-key", file("g", "")}, 1, "with the key in " + dir},
		"wait for no URL":   {[]string{"sandbox", "-wait", "8081"}, 1, `"8081" is not the address of a sandbox: use -wait with one such as http://127.0.0.1:8081`},
		"wait for a scheme": {[]string{"sandbox", "-wait", "ftp://127.0.0.1"}, 1, "is not the address of a sandbox"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := once(tt.args...)
			assert.Equal(t, tt.exit, exit)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, tt.want)
			assert.True(t, strings.HasPrefix(stderr, "openplatform"), stderr)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
		})
	}
}

func TestSandbox(t *testing.T) {
	r := start(t, nil, "-addr", anyPort, "-label", "shop", "-img-code", "ACEF", "-sms-code", "34fy")
	assert.Empty(t, r.stderr.String())
	assert.Equal(t, map[string]any{"status": "ok", "label": "shop", "version": openplatform.Version}, r.get("/_sandbox/healthz"))

	sendSMS(t, r.client(""), "13900001111", "ACEF")
	sendSMS(t, r.client("/spaces/ci-1"), "13900002222", "ACEF")
	_, err := r.client("").Register(t.Context(), &openplatform.RegisterRequest{
		Username: "zhangsan", Email: "zhangsan@example.com", Mobile: "13900001111", Code: "34fy", Password: "made-up-1",
	})
	require.NoError(t, err)

	printed := func() bool {
		return strings.Contains(r.stdout.String(), "SMS     139****1111  REGISTER  code 34fy\n") &&
			strings.Contains(r.stdout.String(), "SMS     139****2222  REGISTER  code 34fy  (space ci-1)\n") &&
			strings.Contains(r.stdout.String(), "e-mail  z***@example.com  activation token ")
	}
	require.Eventually(t, printed, 5*time.Second, time.Millisecond, r.stdout)
	assert.NotContains(t, r.stdout.String(), "13900001111")
	assert.Zero(t, r.end())
	assert.Empty(t, r.stderr.String())
}

func TestEnvironmentVariables(t *testing.T) {
	seed := filepath.Join(t.TempDir(), "seed.json")
	require.NoError(t, os.WriteFile(seed, []byte(`{
		"accounts": [{"username": "zhangsan", "password": "made-up-1"}],
		"clients": [{"client_id": "shop", "client_secret": "secret"}],
		"special_numbers": [{"mobile": "13900001111", "kind": "throttled"}],
		"faults": [{"operation": "CheckToken", "times": 1, "code": "500"}]
	}`), 0o600))
	r := start(t, map[string]string{
		"OPENPLATFORM_SANDBOX_ADDR": anyPort, "OPENPLATFORM_SANDBOX_LABEL": "from the environment",
		"OPENPLATFORM_SANDBOX_SEED": seed, "OPENPLATFORM_SANDBOX_HTTP_STATUS": "true", "OPENPLATFORM_SANDBOX_HOST": "sandbox, other",
	}, "-label", "from a flag")

	info := r.get("/_sandbox/info")
	assert.Equal(t, "from a flag", info["label"])
	assert.Equal(t, true, info["http_status"])
	for _, space := range []string{"", "/spaces/a"} {
		client := r.client(space)
		_, err := client.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: "A"})
		require.ErrorIs(t, err, openplatform.ErrSystemError, "a space has the seed's fault")
		_, err = client.Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: "made-up-1"})
		require.NoError(t, err)
		_, err = client.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "secret"})
		require.NoError(t, err)
		assert.Len(t, r.get(space + "/_sandbox/special_numbers")["special_numbers"], len(sandbox.DefaultSpecialNumbers())+1)
	}

	for host, want := range map[string]int{"sandbox:1": 200, "other": 200, "elsewhere": 403} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/_sandbox/healthz", nil)
		require.NoError(t, err)
		request.Host = host
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(t, want, response.StatusCode, host)
	}

	var errs output
	exit := run(t.Context(), environment{stdout: io.Discard, stderr: &errs, getenv: func(name string) string {
		return map[string]string{"OPENPLATFORM_SANDBOX_TLS": "sure"}[name]
	}}, []string{"sandbox"})
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, errs.String(), "OPENPLATFORM_SANDBOX_TLS=sure: ")
}

func TestListeningForOthersIsSaidLoudly(t *testing.T) {
	r := start(t, nil, "-addr", ":0")
	assert.Contains(t, r.stderr.String(), "WARNING: this sandbox listens on [::]:")
	assert.Contains(t, r.stderr.String(), "Do not use real phone numbers")
	assert.Contains(t, r.url, "http://127.0.0.1:")
	assert.Equal(t, "ok", r.get("/_sandbox/healthz")["status"])
}

func TestTLS(t *testing.T) {
	made := start(t, nil, "-addr", anyPort, "-tls", "-host", "sandbox.test")
	assert.Contains(t, made.url, "https://")
	_, err := http.Get(made.url) //nolint:bodyclose // there is no response
	require.Error(t, err, "nobody trusts it")
	certificate := certificateOf(t, made.url)
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "sandbox.test"} {
		assert.NoError(t, certificate.VerifyHostname(name), name) //nolint:testifylint // the others matter too
	}

	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key)
	given := start(t, nil, "-addr", anyPort, "-tls-cert", cert, "-tls-key", key)
	pool := x509.NewCertPool()
	raw, err := os.ReadFile(cert)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(raw))
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = pool
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(given.url),
		openplatform.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	_, err = client.GetImgCode(t.Context())
	require.NoError(t, err, "a program that trusts it speaks to it, over HTTP/2")
	assert.NotEqual(t, certificate.Raw, certificateOf(t, given.url).Raw)
	exit, _, stderr := once("sandbox", "-wait", given.url)
	assert.Zero(t, exit, stderr)
}

func certificateOf(t *testing.T, url string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // it is looked at
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	return conn.ConnectionState().PeerCertificates[0]
}

func writeCertificate(t *testing.T, certFile, keyFile string) {
	t.Helper()
	made, err := makeCertificate(nil)
	require.NoError(t, err)
	key, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
}

func TestWait(t *testing.T) {
	listener, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	addr := listener.Addr().String()
	require.NoError(t, listener.Close())
	exited := make(chan int)
	go func() {
		exit, _, _ := once("sandbox", "-wait", "http://"+addr+"/")
		exited <- exit
	}()
	time.Sleep(100 * time.Millisecond)
	assert.Empty(t, exited, "nothing is there yet")
	start(t, nil, "-addr", addr)
	assert.Zero(t, <-exited)
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var errs output
	exit := run(ctx, environment{stdout: io.Discard, stderr: &errs, getenv: os.Getenv}, []string{"sandbox", "-wait", "http://127.0.0.1:1"})
	assert.Equal(t, exitError, exit)
	assert.Contains(t, errs.String(), "interrupted")
}

// The program itself, with a signal as Ctrl-C sends it, while requests wait.
func TestCtrlC(t *testing.T) {
	program := exec.CommandContext(t.Context(), os.Args[0], "sandbox", "-addr", anyPort) //nolint:gosec // this very binary
	program.Env = append(os.Environ(), asProgram+"=1")
	var stdout, stderr output
	program.Stdout, program.Stderr = &stdout, &stderr
	require.NoError(t, program.Start())
	require.Eventually(t, func() bool { return listens.MatchString(stdout.String()) }, 10*time.Second, time.Millisecond)
	url := listens.FindStringSubmatch(stdout.String())[1]

	waiting := make(chan string, 2)
	for _, path := range []string{"/_sandbox/sms?wait=60s", "/_sandbox/events"} {
		go func() {
			response, err := http.Get(url + path)
			if err != nil {
				waiting <- err.Error()
				return
			}
			body, _ := io.ReadAll(response.Body)
			_ = response.Body.Close()
			waiting <- fmt.Sprint(response.StatusCode, " ", string(body))
		}()
	}
	time.Sleep(200 * time.Millisecond) // until both are there; they are answered all the same if not
	require.NoError(t, program.Process.Signal(syscall.SIGINT))
	require.NoError(t, program.Wait(), "exit status 0")
	assert.Empty(t, stderr.String())
	answers := <-waiting + <-waiting
	assert.Contains(t, answers, "503 ")
	assert.Contains(t, answers, "200 : a stream of events")
}
