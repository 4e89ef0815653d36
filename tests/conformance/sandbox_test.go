package conformance_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These tests hold the sandbox's control API to api/sandbox.yaml: the program itself runs, and what crosses the wire
// between it and a plain HTTP client is captured.

func loadSandboxDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../api/sandbox.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

func newSandboxValidator(t *testing.T) validator {
	t.Helper()
	v := newValidator(t)
	doc := loadSandboxDocument(t)
	doc.Servers = nil // the prefix is cut off
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	v.router = router
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.RegisteredBodyDecoder("text/plain"))
	return v
}

// program is openplatform sandbox, behind a proxy that captures every byte.
type program struct {
	t      *testing.T
	tap    *tap
	url    string // of the proxy
	client *http.Client
}

// startProgram builds and runs the program. What it returns is captured until stop.
func startProgram(t *testing.T) (p *program, stop func() []exchange) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "openplatform")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "./cmd/openplatform") //nolint:gosec // a path of the test's own
	build.Dir = "../.."
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	ctx, cancel := context.WithCancel(t.Context())
	run := exec.CommandContext(ctx, binary, "sandbox", "-addr", "127.0.0.1:0", "-label", "conformance") //nolint:gosec // likewise
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	stdout, err := run.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, run.Start())
	backend := regexp.MustCompile(`base URL\s+http://(\S+)`)
	var address string
	lines := bufio.NewScanner(stdout)
	for address == "" {
		require.True(t, lines.Scan(), "it ended")
		if found := backend.FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p = &program{t: t, tap: &tap{Listener: listener}, url: "http://" + listener.Addr().String(), client: &http.Client{Transport: &http.Transport{}}}
	var open sync.WaitGroup
	open.Add(1)
	go func() {
		defer open.Done()
		for {
			conn, err := p.tap.Accept()
			if err != nil {
				return
			}
			open.Add(1)
			go func() {
				defer open.Done()
				forward(conn, address)
			}()
		}
	}()
	return p, func() []exchange {
		p.client.CloseIdleConnections()
		require.NoError(t, listener.Close())
		open.Wait()
		cancel()
		_ = run.Wait() // it was told to end
		return p.tap.exchanges(t)
	}
}

// forward copies both ways until either side ends.
func forward(conn net.Conn, address string) {
	defer func() { _ = conn.Close() }()
	backend, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(backend, conn)
		_ = backend.Close()
	}()
	_, _ = io.Copy(conn, backend)
}

// do sends a request and returns the answer, which has to have this status.
func (p *program) do(status int, method, path, body string) []byte {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	require.NoError(p.t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(request)
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	require.Equal(p.t, status, response.StatusCode, "%s %s: %s", method, path, answer)
	return answer
}

// read sends a request, and reads a member of its answer: a path such as sms.0.id.
func (p *program) read(member string, status int, method, path, body string) string {
	p.t.Helper()
	answer := p.do(status, method, path, body)
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber() // ids have more digits than a float64 prints
	var value any
	require.NoError(p.t, decoder.Decode(&value))
	for _, name := range strings.Split(member, ".") {
		switch in := value.(type) {
		case map[string]any:
			value = in[name]
		case []any:
			require.NotEmpty(p.t, in, "%s of %s", member, answer)
			value = in[0]
		}
	}
	require.NotNil(p.t, value, "%s of %s", member, answer)
	return fmt.Sprint(value)
}

const account = "/oauth/api/account"

// sendSMS has a space send an SMS, and returns its id and code.
func (p *program) sendSMS(space, mobile, smsType string) (id, code string) {
	p.t.Helper()
	picture := p.read("data.img_code_id", 200, "POST", space+account+"/getImgCode", "{}")
	answer := p.read("answer", 200, "GET", space+"/_sandbox/pictures/"+picture, "")
	p.do(200, "POST", space+account+"/sendSmsCode", fmt.Sprintf(
		`{"mobile": %q, "img_code_id": %q, "img_code": %q, "sms_type": %q}`, mobile, picture, answer, smsType))
	latest := space + "/_sandbox/sms/latest?mobile=" + mobile
	return p.read("id", 200, "GET", latest, ""), p.read("code", 200, "GET", latest, "")
}

// useAll has every operation of the control API succeed and fail, in a space and where spaces are.
func (p *program) useAll(space string) {
	api := space + "/_sandbox"
	p.do(200, "GET", api+"/healthz", "")
	p.do(200, "GET", api+"/info", "")
	p.messages(space, api)
	p.platform(space, api)
	p.trouble(space, api)
	p.state(api)
	if space == "" {
		p.do(200, "GET", "/_sandbox/spaces", "")
		p.do(404, "DELETE", "/_sandbox/spaces/none", "")
	}
}

func (p *program) messages(space, api string) {
	p.do(200, "GET", api+"/sms", "")
	p.do(404, "GET", api+"/sms/latest?mobile=13900001111", "")
	id, code := p.sendSMS(space, "13900001111", "REGISTER")
	p.do(200, "GET", api+"/sms?mobile=13900001111&sms_type=REGISTER&after=1&before=9007199254740991&limit=5&wait=1s", "")
	p.do(200, "GET", api+"/sms/"+id, "")
	p.do(404, "GET", api+"/sms/1", "")
	p.do(400, "GET", api+"/sms?limit=0", "")

	p.do(404, "GET", api+"/emails/latest", "")
	p.do(200, "GET", api+"/emails?email=z@example.com&wait=1ms", "")
	p.do(200, "POST", space+account+"/register", fmt.Sprintf(
		`{"username": "<张三> & co", "email": "z@example.com", "mobile": "13900001111", "code": %q, "password": "made-up-1"}`, code))
	id = p.read("emails.0.id", 200, "GET", api+"/emails", "")
	p.do(200, "GET", api+"/emails/latest?email=z@example.com&after=1&wait=1s", "")
	p.do(200, "GET", api+"/emails/"+id, "")
	p.do(404, "GET", api+"/emails/1", "")
	p.do(400, "GET", api+"/emails?limit=0", "")
}

func (p *program) platform(space, api string) {
	p.do(200, "GET", api+"/pictures?limit=1", "")
	p.do(404, "GET", api+"/pictures/NONE", "")
	p.do(400, "GET", api+"/pictures?limit=0", "")

	openID := p.read("open_id", 201, "POST", api+"/accounts",
		`{"username": "hanmeimei", "email": "h@example.com", "mobile": "13900002222", "password": "made-up-1"}`)
	p.do(409, "POST", api+"/accounts", `{"username": "hanmeimei"}`)
	p.do(200, "GET", api+"/accounts?name=hanmeimei&limit=1", "")
	p.do(400, "GET", api+"/accounts?limit=0", "")
	p.do(200, "GET", api+"/accounts/"+openID, "")
	login := p.read("data.token", 200, "POST", space+account+"/login", `{"account": "hanmeimei", "password": "made-up-1"}`)
	p.do(200, "GET", space+"/oauth/getAccessToken?client_id=demo-client&client_secret=demo-secret", "")
	p.do(200, "GET", api+"/tokens", "")
	p.do(200, "GET", api+"/tokens?kind=activation&limit=1", "")
	p.do(400, "GET", api+"/tokens?limit=0", "")
	p.do(204, "DELETE", api+"/tokens/"+login, "")
	p.do(404, "DELETE", api+"/tokens/"+login, "")
	p.do(204, "DELETE", api+"/tokens?kind=access_token", "")
	p.do(400, "DELETE", api+"/tokens?kind=x", "")
	p.do(204, "DELETE", api+"/accounts/"+openID, "")
	p.do(404, "DELETE", api+"/accounts/"+openID, "")
	p.do(404, "GET", api+"/accounts/"+openID, "")

	p.do(200, "PUT", api+"/clients/shop", `{"client_secret": "secret"}`)
	p.do(400, "PUT", api+"/clients/shop", `{}`)
	p.do(200, "GET", api+"/clients", "")
	p.do(204, "DELETE", api+"/clients/shop", "")
	p.do(404, "DELETE", api+"/clients/shop", "")

	p.do(200, "POST", space+"/nowhere", `{}`)
	id := p.read("requests.0.id", 200, "GET", api+"/requests?plain=true&limit=1000&after=1&before=9007199254740991", "")
	p.do(200, "GET", api+"/requests?operation=SendSmsCode&code=000&mobile=13900001111&carried_out=true", "")
	p.do(200, "GET", api+"/requests?request_id=none&call_id=none", "")
	p.do(400, "GET", api+"/requests?plain=1", "")
	p.do(200, "GET", api+"/requests/"+id, "")
	p.do(404, "GET", api+"/requests/1?plain=true", "")
}

func (p *program) trouble(space, api string) {
	id := p.read("id", 201, "POST", api+"/faults", `{
		"operation": "CheckToken", "times": 1, "share": 100, "after": true, "delay": "1ms", "max_delay": "1.5ms",
		"code": "500", "msg": "系统异常", "http_status": 503, "header": {"Retry-After": "1"}
	}`)
	p.do(503, "GET", space+"/oauth/checkToken?token=A", "")
	p.do(201, "POST", api+"/faults", `{"operation": "Register", "preset": "slow_body"}`)
	p.do(201, "POST", api+"/faults", `{"operation": "Register", "drop": true}`)
	p.do(201, "POST", api+"/faults", `{"operation": "Register", "body": "<html>"}`)
	p.do(201, "POST", api+"/faults", `{"operation": "Register", "body_base64": "//4="}`)
	p.do(400, "POST", api+"/faults", `{}`)
	p.do(200, "GET", api+"/faults", "")
	p.do(200, "GET", api+"/faults/"+id, "")
	p.do(404, "GET", api+"/faults/1", "")
	p.do(200, "PUT", api+"/faults/"+id, `{"operation": "Login", "delay": "1h"}`)
	p.do(404, "PUT", api+"/faults/1", `{"drop": true}`)
	p.do(204, "DELETE", api+"/faults/"+id, "")
	p.do(404, "DELETE", api+"/faults/"+id, "")

	p.do(200, "GET", api+"/special_numbers", "")
	p.do(200, "PUT", api+"/special_numbers/13900009999", `{"kind": "fixed_code", "sms_code": "1234"}`)
	p.do(400, "PUT", api+"/special_numbers/13900009999", `{"kind": "fixed_code"}`)
	p.do(204, "DELETE", api+"/special_numbers/13900009999", "")
	p.do(404, "DELETE", api+"/special_numbers/13900009999", "")
}

func (p *program) state(api string) {
	p.do(200, "GET", api+"/clock", "")
	p.do(200, "POST", api+"/clock/advance", `{"by": "1m0.5s"}`)
	p.do(400, "POST", api+"/clock/advance", `{"by": "-1s"}`)
	state := p.do(200, "GET", api+"/state", "")
	p.do(204, "PUT", api+"/state", string(state))
	p.do(400, "PUT", api+"/state", `{}`)
	p.do(204, "DELETE", api+"/faults", "")
	p.do(204, "POST", api+"/reset", "")
	p.do(400, "GET", api+"/events?types=all", "")
}

// captureSandbox returns all that crossed the wire.
func captureSandbox(t *testing.T) []exchange {
	t.Helper()
	p, stop := startProgram(t)
	before := p.read("last_id", 200, "GET", "/spaces/ci-1/_sandbox/sms", "")
	p.useAll("")
	p.useAll("/spaces/ci-1")
	streams := make(chan []byte)
	for _, after := range []string{before, "1"} {
		go func() {
			streams <- p.do(200, "GET", "/spaces/ci-1/_sandbox/events?types=sms,email,request,changed&after="+after, "")
		}()
	}
	require.Eventually(t, func() bool { return p.sent("text/event-stream") == 2 }, 10*time.Second, time.Millisecond)
	p.do(204, "DELETE", "/_sandbox/spaces/ci-1", "") // which ends the streams
	checkEvents(t, string(<-streams)+string(<-streams))
	return stop()
}

// sent returns how often the program has sent a text so far.
func (p *program) sent(text string) (count int) {
	p.tap.mu.Lock()
	defer p.tap.mu.Unlock()
	for _, conn := range p.tap.conns {
		conn.mu.Lock()
		count += bytes.Count(conn.sent.Bytes(), []byte(text))
		conn.mu.Unlock()
	}
	return count
}

// eventSchemas says which schema the data of an event has.
var eventSchemas = map[string]string{"sms": "SMS", "email": "Email", "request": "Request", "changed": "Changed", "missed": "Missed"}

var eventFormat = regexp.MustCompile(`(?m)^id: \d+\nevent: (\w+)\ndata: (.*)\n\n`)

// checkEvents holds each event of a stream to its schema.
func checkEvents(t *testing.T, stream string) {
	t.Helper()
	doc := loadSandboxDocument(t)
	seen := make(map[string]bool)
	for _, event := range eventFormat.FindAllStringSubmatch(stream, -1) {
		var data any
		require.NoError(t, json.Unmarshal([]byte(event[2]), &data), event[0])
		require.Contains(t, eventSchemas, event[1])
		assert.NoError(t, doc.Components.Schemas[eventSchemas[event[1]]].Value.VisitJSON(data), event[0]) //nolint:testifylint // each counts
		seen[event[1]] = true
	}
	assert.Len(t, seen, len(eventSchemas), "not every event was seen: %v", seen)
}

// checkSandbox says which operation of the control API x is and with which status it ended, or what is not valid about it;
// ok is false if it is none of the control API. The request of one that the program refuses need not be valid.
func (v validator) checkSandbox(t *testing.T, x exchange) (operation string, status int, ok bool, err error) {
	t.Helper()
	line, rest, _ := bytes.Cut(x.request, []byte("\r\n"))
	if !bytes.Contains(line, []byte("/_sandbox/")) {
		return "", 0, false, nil
	}
	line = regexp.MustCompile(` \S*/_sandbox/`).ReplaceAll(line, []byte(" /"))
	x.request = slices.Concat(line, []byte("\r\n"), rest)
	in, requestErr := v.checkRequest(t, x.request)
	if in == nil {
		return "", 0, true, fmt.Errorf("request: %w", requestErr)
	}
	operation = in.Route.Operation.OperationID
	status, err = checkSandboxAnswer(t, in, x.answer)
	if err != nil {
		return operation, status, true, fmt.Errorf("answer: %w", err)
	}
	if requestErr != nil && status < 400 {
		return operation, status, true, fmt.Errorf("request: %w", requestErr)
	}
	return operation, status, true, nil
}

func checkSandboxAnswer(t *testing.T, to *openapi3filter.RequestValidationInput, raw []byte) (status int, err error) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), to.Request)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	if len(body) > 0 && answer.Header.Get("Content-Type") != "text/event-stream" && !json.Valid(body) {
		return 0, errNotJSON
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: to, Status: answer.StatusCode, Header: answer.Header, Options: to.Options,
	}
	in.SetBodyBytes(body)
	return answer.StatusCode, openapi3filter.ValidateResponse(t.Context(), in)
}

func TestEveryOperationOfTheControlAPIIsAsDocumented(t *testing.T) {
	v := newSandboxValidator(t)
	succeeded, failed := make(map[string]bool), make(map[string]bool)
	for _, x := range captureSandbox(t) {
		operation, status, ok, err := v.checkSandbox(t, x)
		require.NoError(t, err, "%s\n\n%s", x.request, x.answer)
		if ok && status < 400 {
			succeeded[operation] = true
		} else if ok {
			failed[operation] = true
		}
	}
	for path, item := range loadSandboxDocument(t).Paths.Map() {
		for method, operation := range item.Operations() {
			assert.True(t, succeeded[operation.OperationID], "no success of %s %s", method, path)
			if len(operation.Parameters) > 0 || len(item.Parameters) > 0 || operation.RequestBody != nil {
				assert.True(t, failed[operation.OperationID], "no failure of %s %s", method, path)
			}
		}
	}
}

// Every name that the program sends is there because the document has it.
func TestEveryMisspellingOfTheControlAPIIsRejected(t *testing.T) {
	v := newSandboxValidator(t)
	seen := make(map[string]bool)
	for _, x := range captureSandbox(t) {
		operation, _, ok, err := v.checkSandbox(t, x)
		require.NoError(t, err)
		if !ok || bytes.Contains(x.answer, []byte("text/event-stream")) {
			continue
		}
		for _, at := range memberName.FindAllIndex(x.answer, -1) {
			name := operation + string(x.answer[at[0]:at[1]])
			if seen[name] || isFree(x.answer, at) {
				continue
			}
			seen[name] = true
			_, _, _, err := v.checkSandbox(t, exchange{request: x.request, answer: misspelled(x.answer, at)})
			require.ErrorContains(t, err, "answer: ", "%s of %s\n%s", name, operation, x.answer)
		}
	}
	assert.Greater(t, len(seen), 200)
}

// isFree reports whether a name is one of a request's parameters, which are whatever the operation has.
func isFree(answer []byte, at []int) bool {
	opened := bytes.LastIndexByte(answer[:at[0]], '{')
	return bytes.HasSuffix(answer[:opened], []byte(`"params":`))
}
