package openplatform_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// The values that a request carries in these tests. None of them may ever be
// printed, but for the id.
const (
	mobile    = "13900001111"
	imgCodeID = "MS6A1I"
	imgCode   = "XKQPW"
)

func smsRequest() *openplatform.SendSmsCodeRequest {
	return &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: imgCodeID, ImgCode: imgCode, SmsType: openplatform.SmsTypeRegister,
	}
}

// The mutating GETs of the platform, and a POST without parameters, as Do sends
// them.
var (
	mutatingGET  = openplatform.Operation{Name: "Logout", Method: http.MethodGet, Path: "/oauth/api/account/logout"}
	mutatingPOST = openplatform.Operation{Name: "Touch", Method: http.MethodPost, Path: "/touch"}
	repeatable   = openplatform.Operation{Name: "Look", Method: http.MethodGet, Path: "/look", Repeatable: true}
)

func newClient(t testing.TB, baseURL string, opts ...openplatform.Option) *openplatform.Client {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, append([]openplatform.Option{openplatform.WithBaseURL(baseURL)}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// through is a client's option to go through rt.
func through(rt http.RoundTripper) openplatform.Option {
	return openplatform.WithHTTPClient(&http.Client{Transport: rt})
}

// quickRetries keeps the default number of attempts and does away with the waits.
var quickRetries = openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1})

// serve starts a server that counts its requests.
func serve(t testing.TB, handler http.HandlerFunc) (url string, received *atomic.Int64) {
	t.Helper()
	received = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

// trusting is the default transport, with server's certificate as good as any.
func trusting(server *httptest.Server) *http.Transport {
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	return transport
}

// answer is a handler that always gives the same answer.
func answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.Copy(w, strings.NewReader(body))
	}
}

// hang is a handler that answers nothing until its client is gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only after it is read is a lost client noticed
	<-r.Context().Done()
}

func envelope(code, msg, data string) string {
	return envelopeWithID(code, msg, "cc67513b-9b00-4283-a966-80153fd3ecfb", data)
}

func envelopeWithID(code, msg, requestID, data string) string {
	return fmt.Sprintf(`{"request_id":%s,"code":%s,"msg":%s,"data":%s}`, asJSON(requestID), asJSON(code), asJSON(msg), data)
}

func asJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

var (
	success = envelope("000", "成功", "true")
	picture = envelope("000", "成功", `{"img":"data:image/jpg;base64,/9g=","img_code_id":"MS6A1I"}`)
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// A probe is one way to make a call, for tests that hold for all of them.
type probe struct {
	name string
	call func(context.Context, *openplatform.Client) error
}

func sendSmsCode(ctx context.Context, c *openplatform.Client) error {
	_, err := c.SendSmsCode(ctx, smsRequest())
	return err
}

func getImgCode(ctx context.Context, c *openplatform.Client) error {
	_, err := c.GetImgCode(ctx)
	return err
}

func do(op openplatform.Operation, in any) func(context.Context, *openplatform.Client) error {
	return func(ctx context.Context, c *openplatform.Client) error {
		_, err := openplatform.Do[bool](ctx, c, op, in)
		return err
	}
}

// mutations are calls that must leave at most once.
var mutations = []probe{
	{"SendSmsCode", sendSmsCode},
	{"mutating GET", do(mutatingGET, map[string]string{"token": "t0ken"})},
	{"mutating POST without parameters", do(mutatingPOST, nil)},
}

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(data)
}

// documented is a request and its response as the platform's pages have them. The request of a
// GET is its query, a string.
type documented struct{ Request, Response json.RawMessage }

func documentedExchange(t testing.TB, operation string) (x documented) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(fixture(t, "contract/"+operation+".json")), &x))
	return x
}

func documentedResponse(t testing.TB, operation string) string {
	t.Helper()
	return string(documentedExchange(t, operation).Response)
}

func documentedQuery(t testing.TB, operation string) (query string) {
	t.Helper()
	require.NoError(t, json.Unmarshal(documentedExchange(t, operation).Request, &query))
	return query
}

func decodeBody(r *http.Request, into any) { _ = json.NewDecoder(r.Body).Decode(into) }

var discardLog = log.New(io.Discard, "", 0)

func asAny(err error, targets ...any) bool {
	return slices.ContainsFunc(targets, func(target any) bool { return errors.As(err, target) })
}

// assertOneLine holds err's text against what every error promises of it.
func assertOneLine(t testing.TB, err error) {
	t.Helper()
	text := err.Error()
	assert.LessOrEqual(t, len(text), 1000)
	assert.True(t, utf8.ValidString(text), "%q", text)
	assert.NotContains(t, text, mobile)
	for _, r := range text {
		if !unicode.IsPrint(r) {
			assert.Fail(t, "not printable", "%q", text)
			return
		}
	}
}
