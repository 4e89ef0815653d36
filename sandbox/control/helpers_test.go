package control_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

const (
	mobile      = "13900001111"
	otherMobile = "13900002222"
	password    = "made-up-1"
)

// rig is a Handler behind a real socket.
type rig struct {
	t       *testing.T
	handler *control.Handler
	url     string
	unnamed *sandbox.Sandbox // of the space without a name
}

func newRig(t *testing.T, config control.Config) *rig {
	t.Helper()
	r := &rig{t: t}
	config.OnSpace = func(name string, s *sandbox.Sandbox) {
		if name == "" {
			r.unnamed = s
		}
	}
	handler, err := control.New(config)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(nil)
	server.Config = control.NewServer(handler)
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(handler.Close)
	r.handler, r.url = handler, server.URL
	return r
}

// answer is what came back.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   string
}

// do sends a request with headers, each a name and a value; Host is one of them.
func (r *rig) do(method, path, body string, headers ...string) answer {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	require.NoError(r.t, err)
	for pair := range slices.Chunk(headers, 2) {
		if pair[0] == "Host" {
			request.Host = pair[1]
		}
		request.Header.Set(pair[0], pair[1])
	}
	response, err := http.DefaultTransport.RoundTrip(request) // no redirects
	require.NoError(r.t, err)
	raw, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	require.NoError(r.t, response.Body.Close())
	return answer{r.t, response.StatusCode, response.Header, string(raw)}
}

func (r *rig) get(path string) answer        { r.t.Helper(); return r.do(http.MethodGet, path, "") }
func (r *rig) post(path, body string) answer { r.t.Helper(); return r.do(http.MethodPost, path, body) }

// json reads the answer, which has to have this status.
func (a answer) json(status int, into any) {
	a.t.Helper()
	require.Equal(a.t, status, a.status, a.body)
	require.NoError(a.t, json.Unmarshal([]byte(a.body), into), a.body)
}

// fails is for an answer that has to be a failure of this status whose text holds a part.
func (a answer) fails(status int, part string) {
	a.t.Helper()
	var envelope struct {
		RequestID string `json:"request_id"`
		Code      string `json:"code"`
		Msg       string `json:"msg"`
		Data      *any   `json:"data"`
	}
	a.json(status, &envelope)
	assert.Contains(a.t, envelope.Msg, part)
	assert.Equal(a.t, status, int(envelope.Code[0]-'0')*100+int(envelope.Code[1]-'0')*10+int(envelope.Code[2]-'0'))
	assert.NotEmpty(a.t, envelope.RequestID)
	assert.Nil(a.t, envelope.Data)
	assert.Equal(a.t, "application/json;charset=UTF-8", a.header.Get("Content-Type"))
}

// isEmpty is for an answer without a body.
func (a answer) isEmpty() {
	a.t.Helper()
	assert.Equal(a.t, http.StatusNoContent, a.status, a.body)
	assert.Empty(a.t, a.body)
}

// client is an SDK that talks to a space.
func (r *rig) client(space string) *openplatform.Client {
	r.t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(r.url+space))
	require.NoError(r.t, err)
	r.t.Cleanup(client.CloseIdleConnections)
	return client
}

// sendSMS has an SMS sent in a space, whose picture the API tells the answer of. It returns the SMS that the API lists.
func (r *rig) sendSMS(space, mobile string, smsType openplatform.SmsType) sandbox.SMS {
	r.t.Helper()
	client := r.client(space)
	img, err := client.GetImgCode(r.t.Context())
	require.NoError(r.t, err)
	var picture sandbox.Picture
	r.get(space+"/_sandbox/pictures/"+img.Data.ImgCodeID).json(http.StatusOK, &picture)
	_, err = client.SendSmsCode(r.t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: img.Data.ImgCodeID, ImgCode: picture.Answer, SmsType: smsType,
	})
	require.NoError(r.t, err)
	var sms sandbox.SMS
	r.get(space+"/_sandbox/sms/latest?mobile="+mobile).json(http.StatusOK, &sms)
	return sms
}

// smsList is what a list of SMS is read as.
type smsList struct {
	SMS    []sandbox.SMS `json:"sms"`
	LastID int64         `json:"last_id"`
}

func (r *rig) listSMS(path string) smsList {
	r.t.Helper()
	var list smsList
	r.get(path).json(http.StatusOK, &list)
	require.NotNil(r.t, list.SMS, "an empty list, not null")
	return list
}
