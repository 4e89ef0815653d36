package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	imgCodePath = "/oauth/api/account/getImgCode"
	smsCodePath = "/oauth/api/account/sendSmsCode"

	mobile      = "13900001111"
	otherMobile = "13900002222"
)

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
