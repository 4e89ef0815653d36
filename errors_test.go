package openplatform_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

var codeSentinels = map[openplatform.Code]error{
	"400":    openplatform.ErrMissingParameter,
	"400001": openplatform.ErrInvalidAppID,
	"400002": openplatform.ErrAPIDisabled,
	"400003": openplatform.ErrMalformedRequest,
	"401001": openplatform.ErrInvalidSignature,
	"401002": openplatform.ErrAPINotPermitted,
	"401003": openplatform.ErrInvalidAccessToken,
	"401004": openplatform.ErrInvalidToken,
	"401005": openplatform.ErrInvalidServiceTicket,
	"403001": openplatform.ErrInvalidTimestamp,
	"403002": openplatform.ErrDuplicateRequest,
	"403006": openplatform.ErrInvalidClientID,
	"403007": openplatform.ErrInvalidClientSecret,
	"404001": openplatform.ErrUnknownAPI,
	"500":    openplatform.ErrSystemError,
}

var classSentinels = map[string]error{
	"400": openplatform.ErrInvalidArgument,
	"401": openplatform.ErrUnauthenticated,
	"403": openplatform.ErrPermissionDenied,
	"404": openplatform.ErrNotFound,
	"429": openplatform.ErrRateLimited,
	"5":   openplatform.ErrPlatform,
}

func TestEachCodeMatchesItsSentinelAndItsClass(t *testing.T) {
	codes := []openplatform.Code{"400999", "401999", "403999", "404", "429", "429001", "501", "599001", "413", "600", "40", "4x0", "E1", "操作失败", "-400"}
	for code := range codeSentinels {
		codes = append(codes, code)
	}
	for _, code := range codes {
		t.Run(string(code), func(t *testing.T) {
			url, _ := serve(t, answer(200, envelope(string(code), "失败", "null")))
			err := fmt.Errorf("login page: %w", sendSmsCode(t.Context(), newClient(t, url)))
			for other, sentinel := range codeSentinels {
				assert.Equal(t, other == code, errors.Is(err, sentinel), "%v", sentinel)
			}
			for class, sentinel := range classSentinels {
				assert.Equal(t, strings.HasPrefix(string(code), class), errors.Is(err, sentinel), "%v", sentinel)
			}
			var failure *openplatform.APIError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, code, failure.Code)
			assert.Equal(t, "失败", failure.Msg)
			assert.Equal(t, "SendSmsCode", failure.Operation)
			assert.Equal(t, "cc67513b-9b00-4283-a966-80153fd3ecfb", failure.RequestID)
			want := openplatform.OutcomeUnknown
			if code[0] == '4' && code != "40" && code != "4x0" {
				want = openplatform.OutcomeRejected
			}
			assert.Equal(t, want, openplatform.OutcomeOf(err))
			assertOneLine(t, failure)
		})
	}
}

func TestSentinelsSayWhatTheyMatch(t *testing.T) {
	assert.EqualError(t, openplatform.ErrInvalidToken, "openplatform: invalid token (401004)")
	assert.EqualError(t, openplatform.ErrRateLimited, "openplatform: rate limited (429…)")
}

func TestHTTPStatusOfAGatewaysPageMatchesTheClass(t *testing.T) {
	for status, want := range map[int]string{400: "400", 401: "401", 403: "403", 404: "404", 429: "429", 500: "5", 502: "5", 413: "", 200: ""} {
		url, _ := serve(t, answer(status, "<html>"))
		err := sendSmsCode(t.Context(), newClient(t, url))
		for class, sentinel := range classSentinels {
			assert.Equal(t, class == want, errors.Is(err, sentinel), "HTTP %d, %v", status, sentinel)
		}
		require.NotErrorIs(t, err, openplatform.ErrMissingParameter, "a status is no code")
		assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
	}
}

func TestOutcomeOf(t *testing.T) {
	tests := []struct {
		err  error
		want openplatform.Outcome
		text string
	}{
		{nil, openplatform.OutcomeSucceeded, "succeeded"},
		{errors.New("of somebody else"), openplatform.OutcomeUnknown, "unknown"},
		{fmt.Errorf("wrapped: %w", &openplatform.ValidationError{}), openplatform.OutcomeNotSent, "not sent"},
		{errors.Join(errors.New("x"), &openplatform.APIError{Code: "403"}), openplatform.OutcomeRejected, "rejected"},
		{&openplatform.APIError{Code: "403002"}, openplatform.OutcomeRejected, "rejected"},
		{&openplatform.APIError{Code: "500"}, openplatform.OutcomeUnknown, "unknown"},
		{&openplatform.APIError{Code: "DENIED"}, openplatform.OutcomeUnknown, "unknown"},
		{&openplatform.ResponseError{HTTPStatus: 400}, openplatform.OutcomeUnknown, "unknown"},
		{&openplatform.TransportError{}, openplatform.OutcomeUnknown, "unknown"},
		{&openplatform.TransportError{NotSent: true}, openplatform.OutcomeNotSent, "not sent"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.err), func(t *testing.T) {
			assert.Equal(t, tt.want, openplatform.OutcomeOf(tt.err))
			assert.Equal(t, tt.text, tt.want.String())
		})
	}
}

func TestErrorTexts(t *testing.T) {
	const id = "cc67513b-9b00-4283-a966-80153fd3ecfb"
	long := strings.Repeat("验证码错误", 100)
	tests := []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{
			"APIError", answer(200, envelope("400", "参数[mobile]不能为空", "null")),
			"openplatform: SendSmsCode: code 400: 参数[mobile]不能为空 (request_id " + id + ", HTTP 200, outcome rejected)",
		},
		{
			"APIError without a word", answer(500, `{"code":"E7"}`),
			"openplatform: SendSmsCode: code E7: no message (request_id none, HTTP 500, outcome unknown)",
		},
		{
			"APIError of several lines", answer(200, `{"request_id":"`+id+`","code":"9","msg":"a\nb\t c\u0000\u202e"}`),
			"openplatform: SendSmsCode: code 9: a b c (request_id " + id + ", HTTP 200, outcome unknown)",
		},
		{
			"APIError with a long message", answer(200, envelope("9", long, "null")),
			"openplatform: SendSmsCode: code 9: " + string([]rune(long)[:254]) + "… (request_id " + id + ", HTTP 200, outcome unknown)",
		},
		{
			"ResponseError", answer(502, fixture(t, "broken/nginx-502.html"), "Content-Type", "text/html"),
			`openplatform: SendSmsCode: unusable response: the body is not a JSON object, page title "502 Bad Gateway" (request_id none, HTTP 502, content type text/html, 150 bytes, outcome unknown)`,
		},
		{
			"ResponseError with a request id", answer(200, envelope("000", "成功", "false")),
			"openplatform: SendSmsCode: unusable response: code 000, but data is not true (request_id " + id + ", HTTP 200, content type application/json, 94 bytes, outcome unknown)",
		},
		{
			"ResponseError of a redirect", answer(302, "", "Location", "http://elsewhere.invalid/?mobile="+mobile, "Content-Type", ""),
			"openplatform: SendSmsCode: unusable response: a redirect, which the client does not follow (request_id none, HTTP 302, content type none, 0 bytes, outcome unknown)",
		},
		{
			"TransportError", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			"openplatform: SendSmsCode: the connection was closed before an answer: EOF (attempts 1, outcome unknown)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, tt.handler)
			err := sendSmsCode(t.Context(), newClient(t, url))
			assert.EqualError(t, err, tt.want)
			assertOneLine(t, err)
		})
	}
}

func TestErrorTextKeepsTheRequestIDHoweverLongTheMessage(t *testing.T) {
	wide := strings.Repeat("\U0001F4F1", 2000)
	url, _ := serve(t, answer(200, fmt.Sprintf(`{"code":%q,"msg":%q,"request_id":%q}`, wide, wide, strings.Repeat("请", 64))))
	err := sendSmsCode(t.Context(), newClient(t, url))
	assertOneLine(t, err)
	assert.Contains(t, err.Error(), "SendSmsCode")
	assert.Contains(t, err.Error(), strings.Repeat("请", 64))
}

func TestErrorTextsOfAnyLengthAreCut(t *testing.T) {
	long := strings.Repeat("很长", 1000)
	for _, err := range []error{
		&openplatform.ValidationError{Operation: long, Field: long, Rule: long},
		&openplatform.APIError{Operation: long, Code: openplatform.Code(long), Msg: long, RequestID: long},
		&openplatform.ResponseError{Operation: long, ContentType: long, Reason: long, Title: long, RequestID: long},
		&openplatform.TransportError{Operation: long},
	} {
		assertOneLine(t, err)
	}
}

func TestAPIErrorOfTheCallersOwnMaking(t *testing.T) {
	err := &openplatform.APIError{Operation: "Login", Code: "401004", Msg: "手机号13900001111格式错误", HTTPStatus: 200}
	assert.EqualError(t, err, "openplatform: Login: code 401004: 手机号139****1111格式错误 (request_id none, HTTP 200, outcome rejected)")
	assert.ErrorIs(t, err, openplatform.ErrInvalidToken)
	err.Msg = "手机号139\u00a00000\u00a01111格式错误"
	assert.Contains(t, err.Error(), "手机号139****1111格式错误")
}

func TestTransportErrorsPassOnWhatCannotHoldAURL(t *testing.T) {
	stranger := httptest.NewUnstartedServer(answer(200, success))
	stranger.Config.ErrorLog = discardLog
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	plain, _ := serve(t, answer(200, success))
	failWith := func(err error) openplatform.Option {
		return through(roundTripper(func(*http.Request) (*http.Response, error) { return nil, err }))
	}
	// The error of a caller's RoundTripper, and anything net/http wraps, may quote
	// the whole request.
	quoting := fmt.Errorf("GET http://h/?mobile=%s", mobile)
	tests := []struct {
		name, url string
		opt       openplatform.Option
		is        error
		as        any
		text      string
	}{
		{"errno", "http://h", failWith(&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), syscall.ECONNRESET, nil, "the connection failed: connection reset by peer"},
		{"dial", "http://h", failWith(&net.OpError{Op: "proxyconnect", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}), syscall.ECONNREFUSED, nil, "could not connect: connection refused"},
		{"dial for no reason", "http://h", failWith(&net.OpError{Op: "dial", Err: quoting}), nil, nil, "could not connect: unknown cause"},
		{"DNS", "http://h", failWith(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}}), nil, new(*net.DNSError), "could not connect: lookup h: no such host"},
		{"dial timeout", "http://h", failWith(&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}), os.ErrDeadlineExceeded, nil, "could not connect: i/o timeout"},
		{"unknown authority", stranger.URL, noChange(), nil, new(x509.UnknownAuthorityError), "the server's certificate is not trusted: x509: certificate signed by unknown authority"},
		{"wrong host", "https://h", failWith(&tls.CertificateVerificationError{Err: x509.HostnameError{Host: "h", Certificate: stranger.Certificate()}}), nil, new(x509.HostnameError), "the server's certificate is not trusted: x509: certificate is valid for"},
		{"expired", "https://h", failWith(&tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}), nil, new(x509.CertificateInvalidError), "the server's certificate is not trusted: x509: certificate has expired"},
		{"no roots", "https://h", failWith(x509.SystemRootsError{}), nil, new(x509.SystemRootsError), "the server's certificate is not trusted: x509: failed to load system roots"},
		{"certificate refused by the caller", "https://h", failWith(&tls.CertificateVerificationError{Err: quoting}), nil, nil, "the server's certificate is not trusted: unknown cause"},
		{"https to http", strings.Replace(plain, "http:", "https:", 1), noChange(), nil, nil, "the server speaks http, not https"},
		{"cancelled by a RoundTripper", "http://h", failWith(context.Canceled), context.Canceled, nil, "the connection failed: context canceled"},
		{"anything else", "http://h", failWith(quoting), nil, nil, "the connection failed (attempts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := sendSmsCode(t.Context(), newClient(t, tt.url, tt.opt, quickRetries))
			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.Contains(t, err.Error(), tt.text)
			assert.NotErrorIs(t, err, quoting)
			if tt.is != nil {
				assert.ErrorIs(t, err, tt.is)
			}
			if tt.as != nil {
				assert.ErrorAs(t, err, tt.as)
			}
			assertOneLine(t, err)
			assert.Equal(t, strings.Contains(tt.name, "timeout"), failure.Timeout())
		})
	}
}

// noChange is an option that changes nothing.
func noChange() openplatform.Option { return openplatform.WithTimeout(15 * time.Second) }

func TestWhatAnErrorSays(t *testing.T) {
	gateway, _ := serve(t, answer(503, "<title>busy</title>", "Retry-After", "7"))
	platform, _ := serve(t, answer(200, envelope("429001", "busy", "null"), "Retry-After", "9"))
	tests := map[string]struct {
		err        error
		operation  string
		requestID  string
		retryAfter time.Duration
	}{
		"nil":        {},
		"a stranger": {err: io.EOF},
		"invalid": {err: func() error {
			_, err := newClient(t, gateway).Logout(t.Context(), &openplatform.LogoutRequest{})
			return err
		}(), operation: "Logout"},
		"gateway": {err: sendSmsCode(t.Context(), newClient(t, gateway)), operation: "SendSmsCode", retryAfter: 7 * time.Second},
		"platform": {
			err: sendSmsCode(t.Context(), newClient(t, platform)), operation: "SendSmsCode",
			requestID: "cc67513b-9b00-4283-a966-80153fd3ecfb", retryAfter: 9 * time.Second,
		},
		"not sent": {err: sendSmsCode(t.Context(), newClient(t, gateway, through(closedPort()), quickRetries)), operation: "SendSmsCode"},
	}
	for name, tt := range tests {
		for _, err := range []error{tt.err, fmt.Errorf("login page: %w", tt.err)} {
			assert.Equal(t, tt.operation, openplatform.OperationOf(err), name)
			assert.Equal(t, tt.requestID, openplatform.RequestIDOf(err), name)
			assert.Equal(t, tt.retryAfter, openplatform.RetryAfterOf(err), name)
		}
	}
}

func TestMasked(t *testing.T) {
	e := &openplatform.APIError{Operation: "Login", Code: "400987", Msg: "手机号13900001111\n格式错误", RequestID: "id-1", HTTPStatus: 200, RetryAfter: 1}
	want := *e
	want.Msg = "手机号139****1111 格式错误"
	assert.Equal(t, want, *e.Masked())
	assert.Equal(t, e.Error(), e.Masked().Error())
	assert.Contains(t, e.Msg, mobile, "the error itself stays as it is")
}

func TestAnAPIErrorInJSONIsItsText(t *testing.T) {
	url, _ := serve(t, answer(200, envelope("400101", "no SMS to "+mobile, "null")))
	err := sendSmsCode(t.Context(), newClient(t, url))
	for _, v := range []any{err, map[string]any{"err": err}, []error{err}} {
		raw, encodeErr := json.Marshal(v)
		require.NoError(t, encodeErr)
		assert.Contains(t, string(raw), "no SMS to 139****1111")
		assert.NotContains(t, string(raw), mobile)
	}
}

// What a service does with an error is tested with errors that the test makes.
func TestErrorsCanBeMade(t *testing.T) {
	timeout := &openplatform.TransportError{
		Operation: "SendSmsCode", Attempts: 3, NotSent: true, Reason: "timed out", Cause: context.DeadlineExceeded,
	}
	assert.Equal(t, "openplatform: SendSmsCode: timed out (attempts 3, outcome not sent)", timeout.Error())
	assert.True(t, timeout.Timeout())
	require.ErrorIs(t, timeout, context.DeadlineExceeded)
	page := &openplatform.ResponseError{Operation: "SendSmsCode", HTTPStatus: 502, Reason: "the body is not a JSON object"}
	assert.ErrorIs(t, page, openplatform.ErrPlatform)
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(page))
}

func TestCodes(t *testing.T) {
	codes := openplatform.Codes()
	assert.ElementsMatch(t, slices.Collect(maps.Keys(codeSentinels)), codes)
	assert.IsIncreasing(t, codes)
	var ours []openplatform.Code
	for _, code := range codes {
		if code.AboutCredentials() {
			ours = append(ours, code)
		}
	}
	assert.Equal(t, []openplatform.Code{"400001", "401001", "401002", "401003", "403006", "403007"}, ours)
	codes[0] = "changed"
	assert.NotEqual(t, codes[0], openplatform.Codes()[0], "each caller has a copy")
}
