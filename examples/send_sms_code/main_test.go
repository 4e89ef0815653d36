package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// mobile is the number of the tests with a platform.
const mobile = "13911112222"

type result struct {
	status         int
	stdout, stderr string
}

// start runs the program and sees to what holds for every run: no phone number is
// printed whole, and pictures go where the test's files go.
func start(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr strings.Builder
	status := run(ctx, args, stdin, &stdout, &stderr)
	for _, number := range []string{mobile, madeUpMobile} {
		assert.NotContains(t, stdout.String(), number)
		assert.NotContains(t, stderr.String(), number)
	}
	return result{status, stdout.String(), stderr.String()}
}

// A platform is a sandbox that the program does not know to be one.
type platform struct {
	*sandbox.Sandbox

	url      string
	pictures chan string           // the ids of the pictures that were issued
	onSend   func(r *http.Request) // called when SendSmsCode arrives
}

func startPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{Sandbox: sandbox.New(), pictures: make(chan string, 1), onSend: func(*http.Request) {}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

var imgCodeID = regexp.MustCompile(`"img_code_id":"(\w+)"`)

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/sendSmsCode") {
		p.onSend(r)
		p.Sandbox.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	p.Sandbox.ServeHTTP(answer, r)
	if id := imgCodeID.FindStringSubmatch(answer.Body.String()); id != nil {
		p.pictures <- id[1]
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// A typist is a person at the keyboard, who types when asked.
type typist func() string

func (f typist) Read(b []byte) (int, error) { return copy(b, f()), nil }

// readsPicture is a person who can read.
func readsPicture(p *platform) typist {
	return func() string { return p.SolveImgCode(<-p.pictures) + "\n" }
}

func newPipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = writer.Close()
		_ = reader.Close()
	})
	return reader, writer
}

// find returns what the first group of pattern matches in text.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(text)
	require.NotNil(t, match, "%s in:\n%s", pattern, text)
	return match[1]
}

func TestSandboxFromStartToEnd(t *testing.T) {
	devNull, err := os.Open(os.DevNull)
	require.NoError(t, err)
	t.Cleanup(func() { _ = devNull.Close() })
	silent, _ := newPipe(t) // whoever reads it waits for ever

	for name, stdin := range map[string]io.Reader{"-solve": nil, "/dev/null": devNull, "pipe": silent} {
		t.Run(name, func(t *testing.T) {
			args := []string{"-type", "login"}
			if stdin == nil {
				args = append(args, "-solve")
			}
			got := start(t.Context(), t, stdin, args...)

			require.Equal(t, exitOK, got.status, got.stderr)
			assert.Empty(t, got.stderr)
			assert.Contains(t, got.stdout, "Nobody is typing")
			assert.Contains(t, got.stdout, "139****1111")

			requestID := find(t, got.stdout, `(?s)The response.*?request_id +(\S+)`)
			assert.Equal(t, requestID, find(t, got.stdout, `(?s)outbox.*?request_id +(\S+)`))
			assert.Equal(t, requestID, find(t, got.stdout, `SendSmsCode +(\S+)  code 000  <- this response\n`))
			assert.NotEqual(t, requestID, find(t, got.stdout, `GetImgCode +(\S+)  code 000\n`))
			assert.Equal(t, "LOGIN", find(t, got.stdout, `(?s)outbox.*?type +(\S+)`))
			assert.Len(t, find(t, got.stdout, `  SMS code +(\S+)`), 4)
		})
	}
}

// What is printed is what the sandbox did, and not just something of that form.
func TestNothingIsCanned(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	sb := sandbox.Start(t)
	var stdout strings.Builder
	s := session{
		options: options{mobile: mobile, smsType: openplatform.SmsTypeResetPassword},
		client:  sb.Client, sandbox: sb.Sandbox,
		stdin: strings.NewReader(""), stdout: &stdout,
	}

	require.NoError(t, s.sendSmsCode(t.Context()))

	require.Len(t, sb.Outbox(mobile), 1)
	sms, ledger := sb.Outbox(mobile)[0], sb.Ledger()
	require.Len(t, ledger, 2)
	assert.Equal(t, sms.Code, find(t, stdout.String(), `  SMS code +(\S+)`))
	assert.Equal(t, sms.RequestID, find(t, stdout.String(), `(?s)The response.*?request_id +(\S+)`))
	assert.Equal(t, ledger[0].RequestID, find(t, stdout.String(), `GetImgCode +(\S+)`))
	assert.Equal(t, ledger[1].RequestID, find(t, stdout.String(), `SendSmsCode +(\S+)`))
	assert.Equal(t, sms.RequestID, ledger[1].RequestID)

	path := find(t, stdout.String(), `as a file: (\S+\.jpg)\n`)
	saved, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "image/jpeg", http.DetectContentType(saved))
}

func TestTypedRight(t *testing.T) {
	p := startPlatform(t)

	got := start(t.Context(), t, readsPicture(p), "-env", "test", "-base-url", p.url, "-mobile", mobile, "-v")

	require.Equal(t, exitOK, got.status, got.stderr)
	require.Len(t, p.Outbox(mobile), 1)
	sms := p.Outbox(mobile)[0]
	assert.Equal(t, "REGISTER", sms.SmsType)
	assert.Equal(t, sms.RequestID, find(t, got.stdout, `request_id +(\S+)`))
	assert.Contains(t, got.stdout, "accepted the SMS to 139****2222")
	assert.NotContains(t, got.stdout, sms.Code)
	assert.Contains(t, got.stderr, "operation=SendSmsCode")
	assert.Contains(t, got.stderr, "request_id="+sms.RequestID)
}

func TestTypedFromPipe(t *testing.T) {
	p := startPlatform(t)
	pipe, writer := newPipe(t)
	go func() {
		_, _ = io.WriteString(writer, p.SolveImgCode(<-p.pictures)) // no end of line
		_ = writer.Close()
	}()

	got := start(t.Context(), t, pipe, "-env", "dev", "-base-url", p.url, "-mobile", mobile)

	require.Equal(t, exitOK, got.status, got.stderr)
	assert.Len(t, p.Outbox(mobile), 1)
}

func TestTypedWrong(t *testing.T) {
	for name, test := range map[string]struct {
		typed string
		want  string
	}{
		"wrong":        {"zzzz\n", "The platform refused, so no SMS was sent.\nA picture can be used once"},
		"nothing":      {"\n", "Nothing was sent: no characters were typed. Run it again"},
		"only spaces":  {"  \t \n", "Nothing was sent: no characters were typed. Run it again"},
		"far too much": {strings.Repeat("x", 1<<20), "Nothing was sent: what was typed cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			got := start(t.Context(), t, strings.NewReader(test.typed)) // in the sandbox
			assert.Equal(t, exitFailure, got.status)
			assert.Contains(t, got.stderr, test.want)
		})
	}

	t.Run("end of input", func(t *testing.T) {
		p := startPlatform(t)
		got := start(t.Context(), t, strings.NewReader(""), "-env", "test", "-base-url", p.url, "-mobile", mobile)
		assert.Equal(t, exitFailure, got.status)
		assert.Contains(t, got.stderr, "Nothing was sent: no characters were typed. Run it again")
	})
}

func TestHelp(t *testing.T) {
	got := start(t.Context(), t, nil, "-h")
	assert.Equal(t, exitOK, got.status)
	assert.Empty(t, got.stderr)
	for _, flag := range []string{"-env", "-base-url", "-mobile", "-type", "-solve", "-timeout", "-v"} {
		assert.Contains(t, got.stdout, "\n  "+flag)
	}
	assert.Contains(t, got.stdout, "go run ./examples/send_sms_code -env test -mobile NUMBER\n")
}

func TestWrongUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":         {[]string{"-phone", mobile}, "not defined: -phone"},
		"number as a flag":     {[]string{"-" + mobile}, "139****2222"},
		"number as argument":   {[]string{mobile}, `"139****2222" is one argument too many`},
		"environment":          {[]string{"-env", "staging"}, "none of sandbox, dev, test and prod"},
		"type":                 {[]string{"-type", "4"}, "none of REGISTER"},
		"timeout of 0":         {[]string{"-timeout", "0s"}, "-timeout must be more than 0"},
		"timeout of nonsense":  {[]string{"-timeout", mobile}, "timeout"},
		"no number":            {[]string{"-env", "test"}, "to which number with -mobile"},
		"solving the real one": {[]string{"-env", "test", "-mobile", mobile, "-solve"}, "a person must read"},
		"address of sandbox":   {[]string{"-base-url", "http://127.0.0.1:1"}, "-base-url goes with"},
		"no address":           {[]string{"-env", "prod", "-mobile", mobile}, "ask it for the address and pass it with -base-url"},
		"no URL":               {[]string{"-env", "prod", "-mobile", mobile, "-base-url", "openapi"}, "http or https URL"},
	} {
		t.Run(name, func(t *testing.T) {
			got := start(t.Context(), t, nil, test.args...)
			assert.Equal(t, exitUsage, got.status)
			assert.Empty(t, got.stdout)
			assert.Contains(t, got.stderr, test.want)
			assert.Contains(t, got.stderr, "-h")
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	got := start(t.Context(), t, nil, "-env", "test", "-mobile", mobile, "-base-url", "http://127.0.0.1:1")
	assert.Equal(t, exitFailure, got.status)
	assert.Contains(t, got.stderr, "Nothing was sent: check the network and the address, and run it again.\n")
	assert.Contains(t, got.stderr, "refused")
}

const mayBeOnItsWay = "The SMS may have been sent: wait a minute before you request another."

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  []string
	}{
		"no picture, platform down": {
			sandbox.Fault{Operation: "GetImgCode", Code: "400002", Msg: "接口已停用"},
			[]string{"Nothing was sent: the platform gives no picture.", "400002"},
		},
		"no picture, not the platform": {
			sandbox.Fault{Operation: "GetImgCode", Body: "<title>Welcome</title>"},
			[]string{"Nothing was sent: the response is not from the platform's API.", "Welcome"},
		},
		"no picture in the response": {
			sandbox.Fault{Operation: "GetImgCode", Body: `{"code":"000","data":{"img":"x","img_code_id":"y"}}`},
			[]string{"Nothing was sent: the platform's picture cannot be read"},
		},
		"refused": {
			sandbox.Fault{Operation: "SendSmsCode", Code: "400777", Msg: "手机号" + mobile + "不正确"},
			[]string{"The platform refused, so no SMS was sent.", "400777", "139****2222"},
		},
		"too often": {
			sandbox.Fault{Operation: "SendSmsCode", Code: "429", Header: http.Header{"Retry-After": {"30"}}},
			[]string{"The platform refused, so no SMS was sent.\nToo many requests: wait 30s and run it again."},
		},
		"platform failure": {
			sandbox.Fault{Operation: "SendSmsCode", Code: "500", Msg: "系统异常"},
			[]string{"does not say whether it sent the SMS.\n" + mayBeOnItsWay, "系统异常"},
		},
		"gateway's page": {
			sandbox.Fault{Operation: "SendSmsCode", HTTPStatus: 502, Body: "<title>Bad Gateway</title>", After: true},
			[]string{"The response is not from the platform's API.\n" + mayBeOnItsWay, "HTTP 502", "Bad Gateway"},
		},
		"response lost": {
			sandbox.Fault{Operation: "SendSmsCode", Drop: true, After: true},
			[]string{"No response arrived.\n" + mayBeOnItsWay},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t)
			p.Order(test.fault)

			got := start(t.Context(), t, readsPicture(p), "-env", "test", "-base-url", p.url, "-mobile", mobile)

			assert.Equal(t, exitFailure, got.status)
			for _, want := range test.want {
				assert.Contains(t, got.stderr, want)
			}
		})
	}
}

func TestAnswerThatRepeatsTheNumber(t *testing.T) {
	p := startPlatform(t)
	p.Order(sandbox.Fault{Operation: "SendSmsCode", Body: `{"request_id":"r1","code":"000","msg":"已发送至` + mobile + `","data":true}`})

	got := start(t.Context(), t, readsPicture(p), "-env", "test", "-base-url", p.url, "-mobile", mobile)

	require.Equal(t, exitOK, got.status, got.stderr)
	assert.Contains(t, got.stdout, "msg          已发送至139****2222\n")
}

func TestStoppedWhileTyping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	typing := typist(func() string {
		cancel()
		select {} // nothing ends a read from a terminal
	})

	began := time.Now()
	got := start(ctx, t, typing)

	assert.Less(t, time.Since(began), 5*time.Second)
	assert.Equal(t, exitInterrupted, got.status)
	assert.Equal(t, "Nothing was sent: you stopped it.\n", got.stderr)
}

func TestStoppedWhileSending(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := startPlatform(t)
	p.onSend = func(r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices a client that goes away only then
		cancel()
		<-r.Context().Done()
	}

	got := start(ctx, t, readsPicture(p), "-env", "test", "-base-url", p.url, "-mobile", mobile)

	assert.Equal(t, exitInterrupted, got.status)
	assert.Equal(t, "You stopped it before the response arrived.\n"+mayBeOnItsWay+"\n", got.stderr)
}

// What a test over loopback cannot bring about.
func TestAdvice(t *testing.T) {
	unreachable := errors.Join(&openplatform.TransportError{}, &net.DNSError{Name: "test-etc.ebaas.com"})
	assert.Contains(t, advice(beforeSending{unreachable}),
		"Nothing was sent: this computer cannot find the host test-etc.ebaas.com.\n"+
			"Check the name and the network, and run it again.\n"+
			"The platform may only be reachable from inside its own network;\n"+
			"the sandbox, which is what runs without flags, works offline.\n")

	late := errors.Join(&openplatform.TransportError{}, context.DeadlineExceeded)
	assert.Contains(t, advice(late), "No response arrived.\n"+mayBeOnItsWay)

	invalid := &openplatform.ValidationError{Operation: "SendSmsCode", Field: "mobile", Rule: "must not be empty"}
	assert.Contains(t, advice(invalid), "Nothing was sent: mobile must not be empty. Correct it and run it again.\n")
}
