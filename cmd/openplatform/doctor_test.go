package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A world is what a command has of the world in a test.
type world struct {
	variables map[string]string
	stdin     string
	prompt    func(text string, hidden bool) (string, error)
}

// run runs a command that ends by itself.
func (w world) run(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, errs output
	exit = run(t.Context(), environment{
		stdout: &out, stderr: &errs, getenv: func(name string) string { return w.variables[name] },
		stdin: strings.NewReader(w.stdin), prompt: w.prompt,
	}, args)
	return exit, out.String(), errs.String()
}

func writeFile(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// startTLS runs openplatform sandbox with a certificate, which is in a file.
func startTLS(t *testing.T, args ...string) (r *running, certificate string) {
	t.Helper()
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, certificate, key)
	return start(t, nil, append([]string{"-addr", anyPort, "-tls-cert", certificate, "-tls-key", key}, args...)...), certificate
}

func TestDoctorOfTheSandbox(t *testing.T) {
	r, certificate := startTLS(t)
	report := filepath.Join(t.TempDir(), "doctor.txt")
	w := world{variables: map[string]string{
		"OPENPLATFORM_CLIENT_ID": sandbox.DemoClientID, "OPENPLATFORM_CLIENT_SECRET": sandbox.DemoClientSecret,
		"OPENPLATFORM_CA": certificate,
	}}
	exit, stdout, stderr := w.run(t, "doctor", "-base-url", r.url, "-tries", "-sso", "-limits", "-report", report)
	assert.Zero(t, exit, stdout+stderr)
	assert.Contains(t, stdout, "the test environment at "+r.url+"\n")
	assert.Contains(t, stdout, "19 assumptions: holds 19, does not hold 0, could not tell 0; other checks: bad 0\n")
	assert.Regexp(t, `(?s)^-tries: .*\n-sso: .*\nThe report is in `, stderr, "what may do harm is said first")
	assert.NotContains(t, stdout+stderr, sandbox.DemoClientSecret)

	text, err := os.ReadFile(report)
	require.NoError(t, err)
	info, err := os.Stat(report)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	assert.Contains(t, string(text), "19 assumptions: holds 19")
	assert.NotContains(t, string(text), "127.0.0.1")
	assert.NotContains(t, string(text), sandbox.DemoClientSecret)

	exit, _, _ = w.run(t, "doctor", "-base-url", r.url, "-report", report, "-addresses")
	assert.Zero(t, exit)
	text, err = os.ReadFile(report)
	require.NoError(t, err)
	assert.Contains(t, string(text), r.url)

	exit, stdout, stderr = w.run(t, "doctor", "-base-url", r.url, "-o", "json")
	assert.Zero(t, exit)
	assert.Empty(t, stderr)
	var result struct {
		Version     string
		Exit        int
		Assumptions map[string]string
		Checks      []struct{ Check, Assumption, Status, Found string }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	assert.Len(t, result.Assumptions, len(doctor.Assumptions))
	assert.Equal(t, "holds", result.Assumptions["empty_object"])
	assert.Equal(t, "name_resolution", result.Checks[0].Check)
	assert.NotEmpty(t, result.Checks[0].Found)
}

func TestDoctorExitStatuses(t *testing.T) {
	plain := start(t, nil, "-addr", anyPort)
	exit, stdout, _ := world{}.run(t, "doctor", "-base-url", plain.url)
	assert.Equal(t, doctor.ExitOK, exit)
	assert.NotContains(t, stdout, "To show this to us")

	deviating := start(t, nil, "-addr", anyPort, "-http-status")
	exit, stdout, _ = world{}.run(t, "doctor", "-base-url", deviating.url)
	assert.Equal(t, doctor.ExitRefuted, exit)
	assert.Regexp(t, `(?m)^does not hold +failures_at_200 `, stdout)
	assert.Contains(t, stdout, "To show this to us, run it again with -report FILE")

	listener, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	exit, _, _ = world{}.run(t, "doctor", "-base-url", "http://"+listener.Addr().String())
	assert.Equal(t, doctor.ExitBad, exit)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	exit = run(ctx, environment{stdout: io.Discard, stderr: io.Discard, getenv: func(string) string { return "" }},
		[]string{"doctor", "-base-url", plain.url})
	assert.Equal(t, exitInterrupted, exit)
}

func TestSecretsOfTheDoctorAreInFiles(t *testing.T) {
	r := start(t, nil, "-addr", anyPort)
	secret, token := writeFile(t, sandbox.DemoClientSecret+"\n"), writeFile(t, "planted-token\r\n")
	exit, stdout, stderr := world{}.run(t, "doctor", "-base-url", r.url, "-sso", "-client-id", sandbox.DemoClientID,
		"-client-secret-file", secret, "-token-file", token)
	assert.Equal(t, doctor.ExitBad, exit, "the token is not valid")
	assert.Regexp(t, `(?m)^holds +expired_times `, stdout, "the secret is")
	assert.NotContains(t, stdout+stderr, "planted")
}

func TestUsageOfCommands(t *testing.T) {
	var d doctorOptions
	var c callOptions
	var i imgOptions
	for command, f := range map[string]flags{
		"doctor": d.flags(), "call": c.flags(nil), "img": i.flags(), "call SendSmsCode": c.flags(findOperation("SendSmsCode")),
	} {
		exit, stdout, stderr := world{}.run(t, append(strings.Fields(command), "-h")...)
		assert.Equal(t, exitOK, exit)
		assert.Empty(t, stderr)
		f.VisitAll(func(f *flag.Flag) { assert.Contains(t, stdout, "  -"+f.Name, command) })
	}
	_, stdout, _ := world{}.run(t, "call", "-h")
	for _, name := range sandbox.Operations() {
		assert.Contains(t, stdout, name)
	}
}

func TestMistakesOfCallers(t *testing.T) {
	dir := t.TempDir()
	noPEM := writeFile(t, "no certificate")
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"nobody to ask":        {[]string{"doctor"}, "no platform given: use -env test, or -base-url URL"},
		"unknown environment":  {[]string{"doctor", "-env", "staging"}, "-env must be development, test or production"},
		"no address":           {[]string{"doctor", "-env", "production"}, "publishes no address for production"},
		"address of no URL":    {[]string{"doctor", "-base-url", "test-etc"}, "-base-url: want an absolute http or https URL"},
		"no time":              {[]string{"doctor", "-env", "test", "-timeout", "-1s"}, "-timeout must be more than 0"},
		"format":               {[]string{"doctor", "-env", "test", "-o", "xml"}, "-o must be text or json"},
		"credentials":          {[]string{"doctor", "-env", "test", "-sso"}, "-sso needs -client-id, and the client_secret in"},
		"no secret file":       {[]string{"doctor", "-env", "test", "-client-secret-file", filepath.Join(dir, "none")}, "-client-secret-file: open "},
		"no report":            {[]string{"doctor", "-env", "test", "-report", filepath.Join(dir, "none", "r")}, "-report: open "},
		"no authorities":       {[]string{"doctor", "-env", "test", "-ca", noPEM}, "holds no PEM certificate"},
		"no file":              {[]string{"img", "-env", "test", "-ca", filepath.Join(dir, "none")}, "-ca: open "},
		"a number as a flag":   {[]string{"doctor", "-timeout", "13900001111"}, `invalid value "139****1111" for flag -timeout`},
		"no operation":         {[]string{"call"}, "no operation given"},
		"unknown operation":    {[]string{"call", "planted-secret"}, "unknown operation"},
		"a secret as argument": {[]string{"call", "Login", "planted-secret"}, "unexpected argument"},
		"a secret as flag":     {[]string{"call", "Login", "-password", "planted-secret"}, "not defined: -password"},
		"format of a call":     {[]string{"call", "Login", "-o", "xml"}, "-o must be text or json"},
		"call of production":   {[]string{"call", "Login", "-env", "prod", "-base-url", "https://192.0.2.1"}, "use -yes to call it"},
		"call of elsewhere":    {[]string{"call", "Login", "-base-url", "https://192.0.2.1"}, "use -yes to call it"},
		"call of a lookalike":  {[]string{"call", "Login", "-base-url", "https://localhost.example.com"}, "use -yes to call it"},
		"picture of elsewhere": {[]string{"img", "-base-url", "https://192.0.2.1"}, "use -yes to call it"},
		"nothing on stdin":     {[]string{"call", "Login", "-base-url", "http://127.0.0.1:1"}, "account is missing: use -account-file, $OPENPLATFORM_ACCOUNT, or a JSON"},
		"no secret is missing": {[]string{"call", "GetAccessToken", "-base-url", "http://127.0.0.1:1"}, "client_id is missing: use -client-id, or a JSON"},
		"no file of a parameter": {
			[]string{"call", "Login", "-base-url", "http://127.0.0.1:1", "-account-file", filepath.Join(dir, "none")}, "-account-file: open ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			exit, stdout, stderr := world{}.run(t, tt.args...)
			assert.Equal(t, exitUsage, exit)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, tt.want)
			assert.NotContains(t, stderr, "planted-secret")
			assert.NotContains(t, stderr, "13900001111")
			assert.Equal(t, 1, strings.Count(stderr, "\n"), "one line: %s", stderr)
		})
	}
	exit, _, stderr := world{stdin: `["planted-secret"]`}.run(t, "call", "Login", "-base-url", "http://127.0.0.1:1")
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, stderr, "standard input is not a JSON object")
	assert.NotContains(t, stderr, "planted-secret")
}

// With -yes anything is called.
func TestYes(t *testing.T) {
	o := target{baseURL: "https://192.0.2.1"}
	require.Error(t, o.consent(false))
	require.NoError(t, o.consent(true))
	for _, mine := range []string{"http://127.0.0.1:8081", "http://localhost", "http://[::1]:1", "https://LOCALHOST:2"} {
		o.baseURL = mine
		assert.NoError(t, o.consent(false), mine)
	}
}

func TestImg(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r := start(t, nil, "-addr", anyPort)
	exit, stdout, stderr := world{variables: map[string]string{"OPENPLATFORM_BASE_URL": r.url}}.run(t, "img")
	assert.Zero(t, exit, stderr)
	assert.Contains(t, stdout, "█")
	assert.Regexp(t, `(?m)^file +\S+/imgcode-\S+\.jpg$`, stdout)
	assert.Regexp(t, `(?m)^img_code_id +[A-Z0-9]{6}$`, stdout)

	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"request_id":"1","code":"403","msg":"手机号13900001111","data":null}`)
	}))
	defer busy.Close()
	exit, stdout, stderr = world{}.run(t, "img", "-base-url", busy.URL)
	assert.Equal(t, exitRejected, exit)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "code 403")
	assert.NotContains(t, stderr, "13900001111")
}
