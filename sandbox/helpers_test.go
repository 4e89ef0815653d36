package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	registerPath      = "/oauth/api/account/register"
	loginPath         = "/oauth/api/account/login"
	imgCodePath       = "/oauth/api/account/getImgCode"
	activatePath      = "/oauth/api/account/activate"
	smsCodePath       = "/oauth/api/account/sendSmsCode"
	mobileLoginPath   = "/oauth/api/account/loginByMobileCode"
	resetPasswordPath = "/oauth/api/account/resetPassword"
	logoutPath        = "/oauth/api/account/logout"
	checkTokenPath    = "/oauth/checkToken"
	accessTokenPath   = "/oauth/getAccessToken"
	ticketPath        = "/oauth/getServiceTicket"
	accountPath       = "/oauth/api/account/getAccount"

	username    = "zhangsan"
	email       = "zhangsan@example.com"
	mobile      = "13900001111"
	otherMobile = "13900002222"
	password    = "s3cret-word"
)

// methods has the operations that are GETs. The others are POSTs.
var methods = map[string]string{
	activatePath:    http.MethodGet,
	logoutPath:      http.MethodGet,
	checkTokenPath:  http.MethodGet,
	accessTokenPath: http.MethodGet,
}

// rig is a sandbox behind a real socket, spoken to in plain net/http.
type rig struct {
	*sandbox.Sandbox
	t      *testing.T
	url    string
	client *http.Client
}

func newRig(t *testing.T, opts ...sandbox.Option) *rig {
	t.Helper()
	sb := sandbox.New(opts...)
	server := httptest.NewServer(sb)
	t.Cleanup(server.Close)
	return &rig{Sandbox: sb, t: t, url: server.URL, client: server.Client()}
}

// reply is an answer as it came over the wire.
type reply struct {
	status int
	header http.Header
	body   string

	RequestID string          `json:"request_id"`
	Code      string          `json:"code"`
	Msg       string          `json:"msg"`
	Data      json.RawMessage `json:"data"`
}

func (r *rig) do(method, path, body string) (reply, error) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	require.NoError(r.t, err)
	response, err := r.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	raw, err := io.ReadAll(response.Body)
	require.NoError(r.t, response.Body.Close())
	return reply{status: response.StatusCode, header: response.Header, body: string(raw)}, err
}

// post sends body and reads the envelope that has to come back.
func (r *rig) post(path, body string) reply {
	r.t.Helper()
	return r.exchange(http.MethodPost, path, body)
}

func (r *rig) exchange(method, path, body string) reply {
	r.t.Helper()
	out, err := r.do(method, path, body)
	require.NoError(r.t, err)
	require.NoError(r.t, json.Unmarshal([]byte(out.body), &out), out.body)
	return out
}

// send calls the operation at path with fields, each a wire name and a value, in the query or as JSON.
func (r *rig) send(path string, fields ...string) reply {
	r.t.Helper()
	return r.exchange(request(path, fields...))
}

// request is what send sends.
func request(path string, fields ...string) (method, target, body string) {
	values := make(map[string]string)
	query := make(url.Values)
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
		query.Set(fields[i], fields[i+1])
	}
	if methods[path] == http.MethodGet {
		return http.MethodGet, path + "?" + query.Encode(), ""
	}
	raw, _ := json.Marshal(values)
	return http.MethodPost, path, string(raw)
}

// must calls an operation that has to succeed and returns its data.
func (r *rig) must(path string, fields ...string) string {
	r.t.Helper()
	out := r.send(path, fields...)
	require.Equal(r.t, "000", out.Code, out.Msg)
	return string(out.Data)
}

// field calls an operation that has to succeed and returns one of its data's fields.
func (r *rig) field(name, path string, fields ...string) string {
	r.t.Helper()
	var data map[string]any
	require.NoError(r.t, json.Unmarshal([]byte(r.must(path, fields...)), &data))
	value, ok := data[name].(string)
	require.True(r.t, ok, data)
	return value
}

// code calls an operation and returns the code of its answer.
func (r *rig) code(path string, fields ...string) string {
	r.t.Helper()
	return r.send(path, fields...).Code
}

// atOnce sends fifty requests like this one at the same time and returns how often each code was answered.
func (r *rig) atOnce(path string, fields ...string) map[string]int {
	r.t.Helper()
	const n = 50
	method, target, body := request(path, fields...)
	start := make(chan struct{})
	answers := make(chan string, n)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			<-start
			out, err := r.do(method, target, body)
			assert.NoError(r.t, err)
			answers <- out.body
		})
	}
	close(start)
	wg.Wait()
	close(answers)

	codes := make(map[string]int)
	for answer := range answers {
		var out reply
		require.NoError(r.t, json.Unmarshal([]byte(answer), &out))
		codes[out.Code]++
	}
	return codes
}

// newSmsCode has an SMS sent, as soon as the phone is free, and returns its code.
func (r *rig) newSmsCode(mobile, smsType string) string {
	r.t.Helper()
	r.Advance(sandbox.SMSInterval)
	id, _ := r.newPicture()
	require.Equal(r.t, "000", r.post(smsCodePath, smsBody(mobile, id, r.SolveImgCode(id), smsType)).Code)
	sent := r.Outbox(mobile)
	return sent[len(sent)-1].Code
}

// newAccount opens an account with the names and the password of the constants.
func (r *rig) newAccount() (openID string) {
	r.t.Helper()
	openID = r.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
	require.Regexp(r.t, `^[A-Za-z0-9]{28}$`, openID)
	return openID
}

// newToken logs newAccount's account in.
func (r *rig) newToken() string {
	r.t.Helper()
	return r.field("token", loginPath, "account", username, "password", password)
}

// newAccessToken is the demo client's.
func (r *rig) newAccessToken() string {
	r.t.Helper()
	return r.field("access_token", accessTokenPath,
		"client_id", sandbox.DemoClientID, "client_secret", sandbox.DemoClientSecret)
}

func (r *rig) newTicket(token string) string {
	r.t.Helper()
	return r.field("service_ticket", ticketPath, "access_token", r.newAccessToken(), "token", token)
}

// newPicture returns the id of a new picture and the data URL that shows it.
func (r *rig) newPicture() (id, img string) {
	r.t.Helper()
	out := r.post(imgCodePath, "")
	require.Equal(r.t, "000", out.Code)
	var data map[string]string
	require.NoError(r.t, json.Unmarshal(out.Data, &data))
	require.Len(r.t, data, 2)
	return data["img_code_id"], data["img"]
}

// smsBody is a request that has to succeed, with a new picture solved.
func (r *rig) smsBody(mobile string) string {
	r.t.Helper()
	id, _ := r.newPicture()
	return smsBody(mobile, id, r.SolveImgCode(id), "LOGIN")
}

func smsBody(mobile, id, code, smsType string) string {
	body, _ := json.Marshal(map[string]string{
		"mobile": mobile, "img_code_id": id, "img_code": code, "sms_type": smsType,
	})
	return string(body)
}

// last returns the newest entry of the ledger.
func (r *rig) last() sandbox.Entry {
	r.t.Helper()
	entries := r.Ledger()
	require.NotEmpty(r.t, entries)
	return entries[len(entries)-1]
}

// newServer serves handler for the length of the test and returns its URL.
func newServer(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
