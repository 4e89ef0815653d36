package sandbox_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestFaultStrikesBeforeOrAfterTheOperation(t *testing.T) {
	faults := []struct {
		name   string
		fault  sandbox.Fault
		opts   []sandbox.Option
		code   string // in the ledger
		status int    // 0: the connection breaks
		body   string // %s stands for the request_id
		header http.Header
	}{
		{name: "drop", fault: sandbox.Fault{Drop: true, Code: "500", HTTPStatus: 500}},
		{
			name: "code", fault: sandbox.Fault{Code: "500", Msg: "系统异常，请稍后再试或联系管理员"},
			code: "500", status: 200,
			body:   `{"request_id":"%s","code":"500","msg":"系统异常，请稍后再试或联系管理员","data":null}`,
			header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}},
		},
		{
			name: "success code without data", fault: sandbox.Fault{Code: "000", Msg: "成功"},
			opts: []sandbox.Option{sandbox.WithHTTPStatus()},
			code: "000", status: 200, body: `{"request_id":"%s","code":"000","msg":"成功","data":null}`,
		},
		{
			name: "code with its HTTP status", fault: sandbox.Fault{Code: "401002"},
			opts: []sandbox.Option{sandbox.WithHTTPStatus()},
			code: "401002", status: 401, body: `{"request_id":"%s","code":"401002","msg":"","data":null}`,
		},
		{
			name: "code that names no HTTP status", fault: sandbox.Fault{Code: "SYS-01"},
			opts: []sandbox.Option{sandbox.WithHTTPStatus()},
			code: "SYS-01", status: 200, body: `{"request_id":"%s","code":"SYS-01","msg":"","data":null}`,
		},
		{
			name: "code with an HTTP status and a header of its own",
			fault: sandbox.Fault{
				Code: "429", HTTPStatus: 503,
				Header: http.Header{"Retry-After": {"7"}, "Content-Type": {"text/plain"}},
			},
			code: "429", status: 503, body: `{"request_id":"%s","code":"429","msg":"","data":null}`,
			header: http.Header{"Retry-After": {"7"}, "Content-Type": {"text/plain"}},
		},
		{
			name:   "body",
			fault:  sandbox.Fault{Body: "<html>", Code: "500", HTTPStatus: 502, Header: http.Header{"Content-Type": {"text/html"}}},
			status: 502, body: "<html>", header: http.Header{"Content-Type": {"text/html"}},
		},
		{name: "body alone", fault: sandbox.Fault{Body: "{"}, status: 200, body: "{"},
		{name: "status alone", fault: sandbox.Fault{HTTPStatus: 504}, status: 504},
		{
			name: "redirect", fault: sandbox.Fault{HTTPStatus: 307, Header: http.Header{"Location": {"http://127.0.0.1:1/"}}},
			status: 307, header: http.Header{"Location": {"http://127.0.0.1:1/"}},
		},
	}
	for _, f := range faults {
		for name, after := range map[string]bool{"before": false, "after": true} {
			t.Run(f.name+"/"+name, func(t *testing.T) {
				r := newRig(t, f.opts...)
				r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				body := r.smsBody(mobile)
				f.fault.After, f.fault.Times = after, 1
				order := r.Order(f.fault)

				out, err := r.do(http.MethodPost, smsCodePath, body)

				entry := r.last()
				if f.status == 0 {
					require.Error(t, err)
				} else {
					require.NoError(t, err)
					assert.Equal(t, f.status, out.status)
					assert.Equal(t, strings.ReplaceAll(f.body, "%s", entry.RequestID), out.body)
				}
				for key := range f.header {
					assert.Equal(t, f.header.Get(key), out.header.Get(key), key)
				}
				assert.Equal(t, 1, order.Fired())
				assert.Equal(t, "SendSmsCode", entry.Operation)
				assert.Equal(t, mobile, entry.Mobile)
				assert.Equal(t, f.code, entry.Code)
				assert.Equal(t, after, entry.CarriedOut)
				assert.Equal(t, after, len(r.Outbox(mobile)) == 1)
			})
		}
	}
}

func TestFaultOnARefusedRequest(t *testing.T) {
	r := newRig(t)
	r.Order(sandbox.Fault{After: true, Drop: true})

	_, err := r.do(http.MethodPost, smsCodePath, `{}`)

	require.Error(t, err)
	assert.False(t, r.last().CarriedOut, "after an operation that refused, there is still nothing carried out")
}

func TestFaultTruncatesABody(t *testing.T) {
	r := newRig(t)
	r.Order(sandbox.Fault{Body: `{"request_id"`, Header: http.Header{"Content-Length": {"200"}}})

	_, err := r.do(http.MethodPost, imgCodePath, "")

	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestFaultWithAnImpossibleStatusIsNone(t *testing.T) {
	for _, status := range []int{-1, 0, 99, 100, 199, 1000} {
		r := newRig(t)
		r.Order(sandbox.Fault{HTTPStatus: status})
		assert.Equal(t, "000", r.post(imgCodePath, "").Code, status)
	}
}

func TestFaultWaitsForItsOperation(t *testing.T) {
	r := newRig(t)
	sms := r.Order(sandbox.Fault{Operation: "SendSmsCode", Code: "500"})

	assert.Equal(t, "000", r.post(imgCodePath, "").Code)
	assert.Equal(t, "404001", r.post("/elsewhere", "").Code)
	assert.Zero(t, sms.Fired())
	assert.Equal(t, "500", r.post(smsCodePath, "").Code)
	assert.Equal(t, 1, sms.Fired())

	anything := r.Order(sandbox.Fault{Code: "403002"})
	assert.Equal(t, "403002", r.post("/elsewhere", "").Code)
	assert.Equal(t, 1, anything.Fired())
}

func TestFirstOrderedFirstServed(t *testing.T) {
	r := newRig(t)
	header := http.Header{"X-Fault": {"first"}}
	first := r.Order(sandbox.Fault{Code: "401001", Times: 2, Header: header})
	header.Set("X-Fault", "changed")
	second := r.Order(sandbox.Fault{Code: "401002"})

	var codes []string
	for range 4 {
		out := r.post(imgCodePath, "")
		codes = append(codes, out.Code)
		if out.Code == "401001" {
			assert.Equal(t, "first", out.header.Get("X-Fault"), "an order is not changed from outside")
		}
	}

	assert.Equal(t, []string{"401001", "401001", "401002", "401002"}, codes)
	assert.Equal(t, 2, first.Fired())
	assert.Equal(t, 2, second.Fired())

	second.Cancel()
	second.Cancel()
	first.Cancel()
	assert.Equal(t, "000", r.post(imgCodePath, "").Code)
	assert.Equal(t, 2, second.Fired())
}

func TestLatency(t *testing.T) {
	const delay = 60 * time.Millisecond
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			body := r.smsBody(mobile)
			r.Order(sandbox.Fault{Delay: delay, After: after})

			begin := time.Now()
			out := r.post(smsCodePath, body)

			assert.GreaterOrEqual(t, time.Since(begin), delay)
			assert.Equal(t, "000", out.Code)
			assert.Len(t, r.Outbox(mobile), 1)
			assert.True(t, r.last().CarriedOut)
		})
	}
}

func TestDelayEndsWithTheClient(t *testing.T) {
	for name, after := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			body := r.smsBody(mobile)
			done := make(chan struct{})
			handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				defer close(done)
				r.ServeHTTP(w, req)
			})
			r.url = newServer(t, handler)
			r.Order(sandbox.Fault{Delay: time.Hour, After: after, Code: "500"})

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+smsCodePath, strings.NewReader(body))
			require.NoError(t, err)
			_, err = r.client.Do(request) //nolint:bodyclose // there is no response
			require.ErrorIs(t, err, context.DeadlineExceeded)

			select {
			case <-done:
			case <-time.After(5 * time.Second):
				t.Fatal("the delay goes on without a client")
			}
			assert.Equal(t, after, r.last().CarriedOut)
			assert.Empty(t, r.last().Code)
			assert.Equal(t, after, len(r.Outbox(mobile)) == 1)
		})
	}
}

func TestLedgerShowsRequestsUnderWay(t *testing.T) {
	r := newRig(t)
	body := r.smsBody(mobile)
	r.Order(sandbox.Fault{Delay: time.Hour, After: true})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		request, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.url+smsCodePath, strings.NewReader(body))
		_, _ = r.client.Do(request) //nolint:bodyclose // there is no response
	}()

	require.Eventually(t, func() bool { return r.last().CarriedOut && r.last().Operation == "SendSmsCode" },
		5*time.Second, time.Millisecond)
	assert.Empty(t, r.last().Code)
	assert.Len(t, r.Outbox(mobile), 1)

	cancel()
	<-done
}
