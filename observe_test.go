package openplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A recorder is an Observer that keeps what it is given.
type recorder struct {
	onAttemptStart func(openplatform.AttemptStart)
	onAttemptEnd   func(openplatform.AttemptEnd)

	mu         sync.Mutex
	events     []string
	callStart  openplatform.CallStart
	callEnd    openplatform.CallEnd
	attempts   []openplatform.AttemptStart
	attemptEnd []openplatform.AttemptEnd
}

type spanKey struct{}

func (r *recorder) note(event string) { r.events = append(r.events, event) }

func (r *recorder) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note("call")
	r.callStart = start
	return context.WithValue(ctx, spanKey{}, "call"), func(end openplatform.CallEnd) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.note("call end")
		r.callEnd = end
	}
}

func (r *recorder) ObserveAttempt(ctx context.Context, start openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	parent, _ := ctx.Value(spanKey{}).(string)
	r.note("attempt in " + parent)
	r.attempts = append(r.attempts, start)
	if r.onAttemptStart != nil {
		r.onAttemptStart(start)
	}
	return context.WithValue(ctx, spanKey{}, parent+"/attempt"), func(end openplatform.AttemptEnd) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.note("attempt end")
		r.attemptEnd = append(r.attemptEnd, end)
		if r.onAttemptEnd != nil {
			r.onAttemptEnd(end)
		}
	}
}

func TestObserverSeesTheCallAndEachAttempt(t *testing.T) {
	n := 0
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			answer(503, envelope("503", "busy", "null"))(w, r)
			return
		}
		answer(200, picture)(w, r)
	})
	seen := &recorder{}
	var spans []string
	transport := openplatform.DefaultTransport()
	spying := roundTripper(func(req *http.Request) (*http.Response, error) {
		span, _ := req.Context().Value(spanKey{}).(string)
		spans = append(spans, span)
		return transport.RoundTrip(req)
	})
	defer transport.CloseIdleConnections()
	client := newClient(t, url+"/prefix", through(spying), openplatform.WithObserver(seen), quickRetries)

	require.NoError(t, getImgCode(t.Context(), client))

	assert.Equal(t, []string{"call", "attempt in call", "attempt end", "attempt in call", "attempt end", "call end"}, seen.events)
	assert.Equal(t, []string{"call/attempt", "call/attempt"}, spans, "the request carries the attempt's ctx")
	host, port := hostAndPort(t, url)
	const path = "/oauth/api/account/getImgCode"
	assert.Equal(t, openplatform.CallStart{Operation: "GetImgCode", Method: "POST", Host: host, Port: port, Path: path}, seen.callStart)
	require.Len(t, seen.attempts, 2)
	for i, attempt := range seen.attempts {
		cause := attempt.Cause
		attempt.Cause = nil
		assert.Equal(t, openplatform.AttemptStart{
			Operation: "GetImgCode", Method: "POST", Scheme: "http", Host: host, Port: port, Path: path, URL: url + "/prefix" + path, Number: i + 1,
		}, attempt)
		assert.Equal(t, i > 0, cause != nil, "only a repetition has a cause")
	}
	assert.Equal(t, seen.attemptEnd[0].Err.Error(), seen.attempts[1].Cause.Error())

	first, second, call := seen.attemptEnd[0], seen.attemptEnd[1], seen.callEnd
	assert.Equal(t, openplatform.OutcomeUnknown, first.Outcome)
	assert.Equal(t, openplatform.Code("503"), first.Code)
	assert.Equal(t, 503, first.HTTPStatus)
	require.ErrorIs(t, first.Err, openplatform.ErrPlatform)
	assert.Equal(t, openplatform.OutcomeSucceeded, second.Outcome)
	require.NoError(t, second.Err)
	assert.Equal(t, openplatform.OutcomeSucceeded, call.Outcome)
	assert.Equal(t, openplatform.CodeOK, call.Code)
	assert.Equal(t, "cc67513b-9b00-4283-a966-80153fd3ecfb", call.RequestID)
	assert.Equal(t, 200, call.HTTPStatus)
	assert.Equal(t, 2, call.Attempts)
	require.NoError(t, call.Err)
	assert.Positive(t, call.Duration)
	assert.Positive(t, call.Waited)
	assert.Empty(t, call.Stopped)
	for i, end := range seen.attemptEnd {
		assert.Equal(t, "HTTP/1.1", end.Protocol)
		assert.Equal(t, strings.TrimPrefix(url, "http://"), end.Peer)
		assert.Equal(t, i > 0, end.Reused)
	}
	assert.Equal(t, len(picture), second.AnswerBytes)
	assert.GreaterOrEqual(t, call.Duration, first.Duration+second.Duration)
}

func TestObserverSeesWhatWasNeverSent(t *testing.T) {
	seen := &recorder{}
	client := newClient(t, "http://127.0.0.1:1", openplatform.WithObserver(seen))
	_, err := client.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{})
	require.Error(t, err)
	assert.Equal(t, []string{"call", "call end"}, seen.events)
	assert.Equal(t, openplatform.OutcomeNotSent, seen.callEnd.Outcome)
	assert.Equal(t, err, seen.callEnd.Err)
}

// silentObserver takes an Observer's right to return nothing.
type silentObserver struct{}

func (silentObserver) ObserveCall(context.Context, openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return nil, nil
}

func (silentObserver) ObserveAttempt(context.Context, openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return nil, nil
}

func TestObserverMayReturnNothing(t *testing.T) {
	url, _ := serve(t, answer(200, success))
	assert.NoError(t, sendSmsCode(t.Context(), newClient(t, url, openplatform.WithObserver(silentObserver{}))))
}

func TestLoggerWritesOneLineACall(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		opts    []openplatform.Option
		level   string
		outcome string
		code    string
		status  int
	}{
		{"success", answer(200, success), nil, "DEBUG", "succeeded", "000", 200},
		{"rejection", answer(400, envelope("400003", "入参解析异常", "null")), nil, "INFO", "rejected", "400003", 400},
		{"platform failure", answer(200, envelope("500", "系统异常", "null")), nil, "WARN", "unknown", "500", 200},
		{"gateway page", answer(502, "<title>Bad Gateway</title>"), nil, "WARN", "unknown", "", 502},
		{"code 000 without data", answer(200, envelope("000", "成功", "null")), nil, "WARN", "unknown", "", 200},
		{"not sent", answer(200, success), []openplatform.Option{through(closedPort()), quickRetries}, "WARN", "not sent", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, tt.handler)
			var out bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			err := sendSmsCode(t.Context(), newClient(t, url, append(tt.opts, openplatform.WithLogger(logger))...))

			require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
			var line map[string]any
			require.NoError(t, json.Unmarshal(out.Bytes(), &line))
			assert.Equal(t, tt.level, line["level"])
			assert.Equal(t, "SendSmsCode", line["operation"])
			assert.Equal(t, strings.TrimPrefix(url, "http://"), line["host"])
			assert.Equal(t, tt.code, line["code"])
			assert.Equal(t, tt.outcome, line["outcome"])
			assert.EqualValues(t, tt.status, line["http_status"])
			assert.Contains(t, line, "request_id")
			assert.Contains(t, line, "attempts")
			assert.Contains(t, line, "duration")
			if err != nil {
				assert.Equal(t, err.Error(), line["error"])
			}
		})
	}
}

func TestLoggerBelowItsLevelIsNotWrittenTo(t *testing.T) {
	url, _ := serve(t, answer(200, success))
	var out bytes.Buffer
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, url, openplatform.WithLogger(slog.New(slog.NewTextHandler(&out, nil))))))
	assert.Empty(t, out.String())
}

// A panicking observer is the caller's own code: its panic reaches the caller, and the
// client stays as good as it was.
func TestAnObserversPanicReachesTheCaller(t *testing.T) {
	url, _ := serve(t, answer(200, success))
	for _, at := range []string{"call start", "attempt start", "attempt end", "call end"} {
		t.Run(at, func(t *testing.T) {
			o := &panicking{at: at}
			transport, dials := failingDials(0)
			client := newClient(t, url, through(transport), openplatform.WithObserver(o))
			for range 5 {
				assert.PanicsWithValue(t, at, func() { _ = sendSmsCode(t.Context(), client) })
			}
			o.at = ""
			require.NoError(t, sendSmsCode(t.Context(), client))
			assert.LessOrEqual(t, dials.Load(), int64(1), "no connection was lost")
		})
	}
}

type panicking struct{ at string }

func (p *panicking) check(at string) {
	if p.at == at {
		panic(at)
	}
}

func (p *panicking) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	p.check("call start")
	return ctx, func(openplatform.CallEnd) { p.check("call end") }
}

func (p *panicking) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	p.check("attempt start")
	return ctx, func(openplatform.AttemptEnd) { p.check("attempt end") }
}

type ctxKey string

// A tagging observer writes down what it is told, and whose ctx it was given.
type tagging struct {
	name string
	told *[]string
}

func (o tagging) note(ctx context.Context, what string) {
	outer, _ := ctx.Value(ctxKey("outer")).(string)
	*o.told = append(*o.told, o.name+" "+what+" in "+outer)
}

func (o tagging) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	o.note(ctx, "call")
	return context.WithValue(ctx, ctxKey("outer"), o.name), func(openplatform.CallEnd) { *o.told = append(*o.told, o.name+" call end") }
}

func (o tagging) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	o.note(ctx, "attempt")
	return context.WithValue(ctx, ctxKey("outer"), o.name), func(openplatform.AttemptEnd) { *o.told = append(*o.told, o.name+" attempt end") }
}

func TestObserversAddUp(t *testing.T) {
	url, _ := serve(t, answer(200, success))
	var told []string
	client := newClient(t, url, openplatform.WithObserver(tagging{"a", &told}), openplatform.WithObserver(silentObserver{}),
		openplatform.WithObserver(tagging{"b", &told}))
	require.NoError(t, sendSmsCode(t.Context(), client))
	assert.Equal(t, []string{
		"a call in ", "b call in a", "a attempt in b", "b attempt in a", "b attempt end", "a attempt end", "b call end", "a call end",
	}, told)
}

// Each attempt is reported as what it was, and the call as the sum of them.
func TestAnAttemptIsReportedForItself(t *testing.T) {
	url, _ := hangUpAfter(t, 0)
	transport := openplatform.DefaultTransport()
	var dials atomic.Int64
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) > 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	seen := &recorder{}
	err := getImgCode(t.Context(), newClient(t, url, through(transport), quickRetries, openplatform.WithObserver(seen)))
	require.Error(t, err)
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
	require.Len(t, seen.attemptEnd, 3)
	for n, want := range []openplatform.Outcome{openplatform.OutcomeUnknown, openplatform.OutcomeNotSent, openplatform.OutcomeNotSent} {
		assert.Equal(t, want, seen.attemptEnd[n].Outcome, "attempt %d", n+1)
		assert.Equal(t, want, openplatform.OutcomeOf(seen.attemptEnd[n].Err), "attempt %d", n+1)
	}
}

func hostAndPort(t *testing.T, rawURL string) (host string, port int) {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	port, err = strconv.Atoi(u.Port())
	require.NoError(t, err)
	return u.Hostname(), port
}

func TestAnAttemptsURLHasNoValues(t *testing.T) {
	seen := &recorder{}
	client := newClient(t, "https://platform.invalid/gate", through(closedPort()), openplatform.WithObserver(seen), quickRetries)
	_, err := client.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "cs-1b2c3d"})
	require.Error(t, err)
	assert.Equal(t, "https://platform.invalid/gate/oauth/getAccessToken?client_id=REDACTED&client_secret=REDACTED", seen.attempts[0].URL)
	assert.Equal(t, "https", seen.attempts[0].Scheme)
	assert.Equal(t, 443, seen.attempts[0].Port, "the scheme's own")
	assert.Equal(t, "/oauth/getAccessToken", seen.attempts[0].Path)
	assert.Empty(t, seen.attemptEnd[0].Peer)
	assert.Empty(t, seen.attemptEnd[0].Protocol)
}

func TestAnAttemptKnowsItsProtocol(t *testing.T) {
	url, transport, _ := tlsServer(t, true, answer(200, success))
	seen := &recorder{}
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, url, through(transport), openplatform.WithObserver(seen))))
	assert.Equal(t, "HTTP/2.0", seen.attemptEnd[0].Protocol)
	assert.NotEmpty(t, seen.attemptEnd[0].Peer)
}

func TestACallTellsWhyItWasNotRepeated(t *testing.T) {
	busy := answer(503, envelope("503", "busy", "null"))
	patient := openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour})
	tests := []struct {
		name    string
		handler http.HandlerFunc
		call    func(context.Context, *openplatform.Client) error
		opts    []openplatform.Option
		want    openplatform.StopReason
	}{
		{"it succeeded", answer(200, picture), getImgCode, nil, ""},
		{"it changes something", busy, sendSmsCode, nil, openplatform.StopNotRepeatable},
		{"it cannot help", answer(400, envelope("400", "", "null")), getImgCode, nil, openplatform.StopNotRepeatable},
		{"its data is wrong", answer(200, envelope("000", "", "null")), getImgCode, nil, openplatform.StopNotRepeatable},
		{"three attempts", busy, getImgCode, []openplatform.Option{quickRetries}, openplatform.StopPolicy},
		{"Retry-After is too long", answer(503, "", "Retry-After", "3600"), getImgCode, nil, openplatform.StopPolicy},
		{"no time for the wait", busy, getImgCode, []openplatform.Option{patient}, openplatform.StopDeadline},
		{"time is up", hang, getImgCode, []openplatform.Option{openplatform.WithTimeout(50 * time.Millisecond)}, openplatform.StopDeadline},
		{"it broke a rule", busy, func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.SendSmsCode(ctx, nil)
			return err
		}, nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, tt.handler)
			seen := &recorder{}
			_ = tt.call(t.Context(), newClient(t, url, append(tt.opts, openplatform.WithObserver(seen))...))
			assert.Equal(t, tt.want, seen.callEnd.Stopped)
		})
	}
	t.Run("the quota is empty", func(t *testing.T) {
		url, _ := serve(t, busy)
		seen := &recorder{}
		client := newClient(t, url, quickRetries, openplatform.WithObserver(seen))
		for range 10 {
			require.Error(t, getImgCode(t.Context(), client))
		}
		assert.Equal(t, openplatform.StopQuota, seen.callEnd.Stopped)
	})
}

func TestTheTimeSpentWaitingIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{}
		client, err := openplatform.NewClient(openplatform.Test, busy("Retry-After", "2"), openplatform.WithObserver(seen))
		require.NoError(t, err)
		require.Error(t, getImgCode(t.Context(), client))
		assert.Equal(t, seen.callEnd.Duration, seen.callEnd.Waited, "nothing else takes time here")
		assert.GreaterOrEqual(t, seen.callEnd.Waited, 4*time.Second)
	})
}

// A propagator has trace headers sent, and would have others sent if it could.
type propagator struct {
	silentObserver
	headers map[string]string
}

func (p propagator) TraceHeaders(context.Context) map[string]string { return p.headers }

func TestOnlyTraceHeadersAreSent(t *testing.T) {
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	var received http.Header
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received = r.Header.Clone()
		answer(200, success)(w, r)
	})
	send := func(opts ...openplatform.Option) {
		require.NoError(t, sendSmsCode(t.Context(), newClient(t, url, opts...)))
	}
	send()
	plain := received
	send(openplatform.WithObserver(silentObserver{}), openplatform.WithObserver(propagator{headers: map[string]string{
		"traceparent": traceparent, "tracestate": "bad\r\nHost: other", "x-user": mobile, "Idempotency-Key": "1", "Content-Type": "text/plain",
	}}), openplatform.WithObserver(propagator{headers: map[string]string{"tracestate": "a=b"}}))
	assert.Equal(t, traceparent, received.Get("Traceparent"))
	assert.Equal(t, "a=b", received.Get("Tracestate"))
	received.Del("Traceparent")
	received.Del("Tracestate")
	assert.Equal(t, plain, received, "nothing else is sent")
	send(openplatform.WithObserver(propagator{headers: map[string]string{"baggage": "k=v", "tracestate": "bad\nvalue"}}))
	assert.Equal(t, "k=v", received.Get("Baggage"))
	assert.Empty(t, received.Get("Tracestate"))
}

func TestTheTraceHeadersAreOfTheAttemptsCtx(t *testing.T) {
	var received []string
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		received = append(received, r.Header.Get("Traceparent"))
		answer(503, "")(w, r)
	})
	require.Error(t, getImgCode(t.Context(), newClient(t, url, quickRetries, openplatform.WithObserver(&counting{}))))
	assert.Equal(t, []string{"1", "2", "3"}, received)
}

// A counting propagator sends the number of the attempt.
type counting struct{ silentObserver }

func (*counting) ObserveAttempt(ctx context.Context, start openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return context.WithValue(ctx, ctxKey("number"), strconv.Itoa(start.Number)), nil
}

func (*counting) TraceHeaders(ctx context.Context) map[string]string {
	number, _ := ctx.Value(ctxKey("number")).(string)
	return map[string]string{"traceparent": number}
}

func TestASuccessAfterRepetitionsIsLogged(t *testing.T) {
	n := 0
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n++; n < 3 {
			answer(503, envelope("503", "busy "+mobile, "null"))(w, r)
			return
		}
		answer(200, picture)(w, r)
	})
	var out bytes.Buffer
	require.NoError(t, getImgCode(t.Context(), newClient(t, url, quickRetries, openplatform.WithLogger(slog.New(slog.NewJSONHandler(&out, nil))))))
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	assert.Equal(t, "INFO", line["level"])
	assert.Equal(t, "succeeded", line["outcome"])
	assert.EqualValues(t, 3, line["attempts"])
	assert.Contains(t, line["error"], "code 503: busy 139****1111")
	assert.NotContains(t, out.String(), mobile)
}

// A tree writes down the calls and how they lie within each other.
type tree struct {
	mu    sync.Mutex
	calls []string
	ends  map[string]openplatform.CallEnd
}

func (o *tree) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	parent, _ := ctx.Value(ctxKey("parent")).(string)
	path := strings.TrimPrefix(parent+"/"+start.Operation, "/")
	o.calls = append(o.calls, fmt.Sprintf("%s composite=%t", path, start.Composite))
	return context.WithValue(ctx, ctxKey("parent"), path), func(end openplatform.CallEnd) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.ends[path] = end
	}
}

func (o *tree) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, nil
}

func (o *tree) ended(path string) (end openplatform.CallEnd, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	end, ok = o.ends[path]
	return end, ok
}

func TestVerifyUserIsOneCallOfOthers(t *testing.T) {
	seen := &tree{ends: map[string]openplatform.CallEnd{}}
	var out bytes.Buffer
	source := newSource(t, newClient(t, startTokenPlatform(t).url, openplatform.WithObserver(seen),
		openplatform.WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))))
	resp, err := source.VerifyUser(t.Context(), "tok-5f2c9e")
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, ok := seen.ended("VerifyUser/RenewAccessToken"); return ok }, 10*time.Second, time.Millisecond)

	seen.mu.Lock()
	defer seen.mu.Unlock()
	assert.Equal(t, []string{
		"VerifyUser composite=true",
		"VerifyUser/RenewAccessToken composite=true",
		"VerifyUser/RenewAccessToken/GetAccessToken composite=false",
		"VerifyUser/GetServiceTicket composite=false",
		"VerifyUser/GetAccount composite=false",
	}, seen.calls)
	whole := seen.ends["VerifyUser"]
	assert.Equal(t, openplatform.OutcomeSucceeded, whole.Outcome)
	assert.Zero(t, whole.Attempts, "its calls count them")
	assert.Empty(t, whole.Code)
	assert.Equal(t, resp.RequestID, seen.ends["VerifyUser/GetAccount"].RequestID)
	assert.Equal(t, 3, strings.Count(out.String(), `"msg":"openplatform call"`), "the log has a line for each call, and none for the whole:\n%s", out.String())
}

func TestACompositeCallFailsAsItsCallDid(t *testing.T) {
	url, _ := serve(t, answer(403, envelope("403007", "client_secret不正确 s3cr3t", "null")))
	seen := &tree{ends: map[string]openplatform.CallEnd{}}
	source := newSource(t, newClient(t, url, openplatform.WithObserver(seen)))
	_, err := source.VerifyUser(t.Context(), "tok-5f2c9e")
	require.ErrorIs(t, err, openplatform.ErrInvalidClientSecret)
	require.Eventually(t, func() bool { _, ok := seen.ended("VerifyUser/RenewAccessToken"); return ok }, 10*time.Second, time.Millisecond)
	for _, path := range []string{"VerifyUser", "VerifyUser/RenewAccessToken", "VerifyUser/RenewAccessToken/GetAccessToken"} {
		end, ok := seen.ended(path)
		require.True(t, ok, path)
		assert.Equal(t, openplatform.OutcomeRejected, end.Outcome, path)
		assert.Equal(t, openplatform.CodeInvalidClientSecret, end.Code, path)
		assert.NotContains(t, fmt.Sprint(end), "s3cr3t", path)
	}
}

// An observer that panics around a renewal does not bring the program down: it belongs to
// nobody's goroutine.
func TestAPanicAroundARenewalReachesTheCallerOrTheLog(t *testing.T) {
	url := startTokenPlatform(t).url
	for _, at := range []string{"call start", "call end"} {
		t.Run(at, func(t *testing.T) {
			logged := make(chan string, 10)
			client := newClient(t, url, openplatform.WithObserver(&panickingAround{"RenewAccessToken", &panicking{at: at}}),
				openplatform.WithLogger(slog.New(slog.NewTextHandler(lines(logged), nil))))
			source := newSource(t, client)
			get := func() { _, _ = source.Token(t.Context()) }
			if at == "call start" {
				assert.PanicsWithValue(t, at, get)
			} else {
				assert.NotPanics(t, get, "the token was there already")
			}
			assert.Contains(t, <-logged, "fetch panicked")
		})
	}
}

// panickingAround panics in the calls of one name.
type panickingAround struct {
	operation string
	*panicking
}

func (p *panickingAround) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	if start.Operation != p.operation {
		return ctx, nil
	}
	return p.panicking.ObserveCall(ctx, start)
}

// lines passes on what is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}
