package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A shell calls operations of one sandbox, and looks for secrets in all that is printed.
type shell struct {
	t       *testing.T
	url     string
	secrets []string
}

func (s *shell) plant(secret string) string {
	s.secrets = append(s.secrets, secret)
	return secret
}

// call makes a call that has to succeed, and returns the data, whole.
func (s *shell) call(operation string, in map[string]string, args ...string) map[string]any {
	s.t.Helper()
	stdin, err := json.Marshal(in)
	require.NoError(s.t, err)
	file := filepath.Join(s.t.TempDir(), "data.json")
	exit, stdout, stderr := world{stdin: string(stdin)}.run(s.t,
		append([]string{"call", operation, "-base-url", s.url, "-o", "json", "-data", file}, args...)...)
	require.Zero(s.t, exit, stdout+stderr)
	var report callReport
	require.NoError(s.t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(s.t, "succeeded", report.Outcome)
	assert.Equal(s.t, "000", report.Code)
	assert.Equal(s.t, http.StatusOK, report.HTTPStatus)
	assert.NotEmpty(s.t, report.RequestID)
	for _, secret := range s.secrets {
		assert.NotContains(s.t, stdout+stderr, secret, operation)
	}
	text, err := os.ReadFile(file)
	require.NoError(s.t, err)
	info, err := os.Stat(file)
	require.NoError(s.t, err)
	assert.Equal(s.t, os.FileMode(0o600), info.Mode().Perm())
	var data map[string]any
	_ = json.Unmarshal(text, &data) // true and null are no object
	return data
}

// sms has an SMS sent, and returns its code.
func (s *shell) sms(sb *sandbox.Server, mobile, smsType string) string {
	s.t.Helper()
	picture := s.call("GetImgCode", nil)
	id := fmt.Sprint(picture["img_code_id"])
	s.call("SendSmsCode", map[string]string{"mobile": mobile, "img_code": s.plant(sb.SolveImgCode(id))}, "-img-code-id", id, "-sms-type", smsType)
	sent := sb.Outbox(mobile)
	return s.plant(sent[len(sent)-1].Code)
}

// All twelve, each as a person or a script would call it.
func TestCallEveryOperation(t *testing.T) {
	sb := sandbox.Start(t)
	s := &shell{t: t, url: sb.URL}
	mobile, email, password := s.plant("13900001111"), s.plant("planted@example.com"), s.plant("planted-password")

	account := s.call("Register", map[string]string{
		"email": email, "mobile": mobile, "password": password, "code": s.sms(sb, mobile, "REGISTER"),
	}, "-username", "zhangsan")
	assert.Equal(t, mobile, account["mobile"], "the file has it whole")
	s.call("Activate", map[string]string{"token": sb.Mailbox(email)[0].ActivationToken})
	login := s.call("Login", map[string]string{"account": mobile, "password": password})
	token := s.plant(fmt.Sprint(login["token"]))
	s.call("CheckToken", map[string]string{"token": token})
	access := s.call("GetAccessToken", map[string]string{"client_secret": s.plant(sandbox.DemoClientSecret)}, "-client-id", sandbox.DemoClientID)
	ticket := s.call("GetServiceTicket", map[string]string{
		"access_token": s.plant(fmt.Sprint(access["access_token"])), "token": token,
	})
	assert.EqualValues(t, 1, ticket["number_of_uses"])
	who := s.call("GetAccount", map[string]string{"service_ticket": s.plant(fmt.Sprint(ticket["service_ticket"]))})
	assert.Equal(t, true, who["activate"])
	s.call("Logout", map[string]string{"token": token})
	sb.Advance(sandbox.SMSInterval)
	reset := s.call("LoginByMobileCode", map[string]string{"mobile": mobile, "code": s.sms(sb, mobile, "RESET_PASSWORD")}, "-sms-type", "RESET_PASSWORD")
	s.call("ResetPassword", map[string]string{"token": fmt.Sprint(reset["token"]), "password": s.plant("planted-again")})

	called := map[string]bool{}
	for _, entry := range sb.Ledger() {
		called[entry.Operation] = true
	}
	assert.Len(t, called, len(sandbox.Operations()))
}

// The client's methods that are operations, by their shape.
func methods() (all []reflect.Method) {
	client := reflect.TypeFor[*openplatform.Client]()
	for i := range client.NumMethod() {
		m := client.Method(i)
		if m.Type.NumOut() == 2 && strings.HasPrefix(m.Type.Out(0).String(), "*openplatform.Response[") {
			all = append(all, m)
		}
	}
	return all
}

// What the SDK masks when it prints a request is what no command line may hold.
func TestWhatIsSecretIsNoFlag(t *testing.T) {
	const sentinel = "a-rather-long-sentinel"
	require.Len(t, operations, len(methods()))
	for _, m := range methods() {
		op := findOperation(m.Name)
		require.NotNil(t, op, m.Name)
		if m.Type.NumIn() < 3 {
			assert.Empty(t, op.fields)
			continue
		}
		typ := m.Type.In(2).Elem()
		require.Len(t, op.fields, typ.NumField())
		for i, field := range op.fields {
			request := reflect.New(typ)
			request.Elem().Field(i).SetString(sentinel)
			isMasked := !strings.Contains(fmt.Sprint(request.Interface()), sentinel)
			assert.Equal(t, isMasked, field.secret, "%s.%s", m.Name, field.name)
		}
	}
}

func TestCallExitStatuses(t *testing.T) {
	sb := sandbox.Start(t)
	in := `{"token": "planted-token"}`
	call := func(url, operation string) (int, string) {
		exit, stdout, stderr := world{stdin: in}.run(t, "call", operation, "-base-url", url, "-timeout", "5s")
		assert.NotContains(t, stdout+stderr, "planted-token")
		assert.Empty(t, stderr)
		return exit, stdout
	}
	exit, stdout := call(sb.URL, "Logout")
	assert.Equal(t, exitRejected, exit)
	assert.Regexp(t, `(?m)^code +401004$`, stdout)
	assert.Regexp(t, `(?m)^msg +无效的token$`, stdout)
	assert.Regexp(t, `(?m)^data +null$`, stdout)
	assert.Regexp(t, `(?m)^outcome +rejected$`, stdout)
	assert.Regexp(t, `(?m)^error +openplatform: Logout: code 401004`, stdout)

	sb.Order(sandbox.Fault{Operation: sandbox.OpLogout, Drop: true})
	exit, stdout = call(sb.URL, "Logout")
	assert.Equal(t, exitUnknown, exit)
	assert.Regexp(t, `(?m)^outcome +unknown$`, stdout)
	assert.Regexp(t, `(?m)^request_id +-$`, stdout)

	listener, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	exit, _ = call("http://"+listener.Addr().String(), "Logout")
	assert.Equal(t, exitNotSent, exit)

	exit, stdout, _ = world{stdin: `{"mobile": "13900001111", "code": "34fy"}`}.run(t, "call", "loginbymobilecode", "-base-url", sb.URL, "-sms-type", "VOICE")
	assert.Equal(t, exitNotSent, exit, "a rule is broken")
	assert.Contains(t, stdout, "sms_type must be one of")

	before := len(sb.Ledger())
	_, _ = call(sb.URL, "Logout")
	assert.Len(t, sb.Ledger(), before+1, "once")
}

// A platform that repeats what it was told, and worse.
func TestCallPrintsNoSecrets(t *testing.T) {
	for _, code := range []string{"000", "400100"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			out, _ := json.Marshal(map[string]any{
				"request_id": "r-1", "code": code, "msg": "refused " + string(body) + " or 13900002222",
				"data": map[string]any{"open_id": "an-open-id", "token": "planted-result", "more": "13900003333"},
			})
			_, _ = w.Write(out)
		}))
		for _, format := range []string{"text", "json"} {
			_, stdout, stderr := world{
				variables: map[string]string{"OPENPLATFORM_ACCOUNT": "13900001111", "OPENPLATFORM_PASSWORD": "planted-password"},
			}.run(t, "call", "Login", "-base-url", server.URL, "-o", format)
			assert.Contains(t, stdout, code)
			for _, secret := range []string{"13900001111", "13900002222", "13900003333", "planted-password", "planted-result"} {
				assert.NotContains(t, stdout+stderr, secret, format)
			}
			if code == "000" {
				assert.Contains(t, stdout, "an-open-id")
			}
		}
		server.Close()
	}
}

// A secret comes from a file before a variable, and from either before it is asked for.
func TestWhereParametersComeFrom(t *testing.T) {
	sb := sandbox.Start(t)
	sb.AddAccount(sandbox.Account{Username: "zhangsan", Password: "made-up-1"})
	var asked []string
	w := world{
		variables: map[string]string{"OPENPLATFORM_ACCOUNT": "somebody else", "OPENPLATFORM_BASE_URL": sb.URL},
		prompt: func(text string, hidden bool) (string, error) {
			asked = append(asked, fmt.Sprint(text, hidden))
			return " made-up-1\r", nil
		},
	}
	exit, stdout, stderr := w.run(t, "call", "Login", "-account-file", writeFile(t, "zhangsan\r\n"))
	assert.Zero(t, exit, stdout+stderr)
	assert.Equal(t, []string{"password: true"}, asked, "nobody sees what is typed")

	asked = nil
	exit, _, _ = w.run(t, "call", "GetAccessToken")
	assert.Equal(t, exitRejected, exit)
	assert.Equal(t, []string{"client_id: false", "client_secret: true"}, asked)

	w.prompt = func(string, bool) (string, error) { return "", errors.New("the terminal is gone") }
	exit, _, stderr = w.run(t, "call", "Logout")
	assert.Equal(t, exitUsage, exit)
	assert.Contains(t, stderr, "token was not typed: the terminal is gone")
}

// Ctrl-C ends the wait for what nobody types.
func TestCallCanBeInterruptedWhileItAsks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	defer func() { _ = writer.Close() }()
	ended := make(chan int)
	var errs output
	go func() {
		ended <- run(ctx, environment{
			stdout: io.Discard, stderr: &errs, getenv: func(string) string { return "" }, stdin: reader,
		}, []string{"call", "Logout", "-base-url", "http://127.0.0.1:1"})
	}()
	cancel()
	assert.Equal(t, exitUsage, <-ended)
	assert.Contains(t, errs.String(), "interrupted")
}

func TestReadLine(t *testing.T) {
	in := strings.NewReader("one\ntwo")
	for _, want := range []string{"one", "two"} {
		line, err := readLine(in)
		require.NoError(t, err)
		assert.Equal(t, want, line)
	}
	_, err := readLine(in)
	assert.ErrorIs(t, err, io.EOF)
}

// The names in the documentation are those of the program.
func TestPagesNameWhatThereIs(t *testing.T) {
	var d doctorOptions
	var c callOptions
	known := map[string]bool{}
	for _, f := range []flags{d.flags(), c.flags(nil), c.flags(findOperation("SendSmsCode"))} {
		f.VisitAll(func(f *flag.Flag) { known["-"+f.Name] = true })
	}
	for _, page := range []string{"../../docs/doctor.md", "../../docs/doctor.zh-CN.md"} {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, command := range regexp.MustCompile(`(?m)^(?:go run \./cmd/)?openplatform .*$`).FindAllString(string(text), -1) {
			command, _, _ = strings.Cut(command, "#")
			for _, word := range strings.Fields(command) {
				if strings.HasPrefix(word, "-") {
					assert.True(t, known[word], "%s: %s", page, command)
				}
			}
		}
	}
}
