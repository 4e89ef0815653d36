package sandbox_test

import (
	"context"
	"encoding/json"
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

func TestFaultForNoOperationIsAnError(t *testing.T) {
	s := sandbox.New()
	for name, f := range map[string]sandbox.Fault{
		"unknown operation":   {Operation: "SendSMSCode"},
		"unknown preset":      {Preset: "nginx"},
		"share below nothing": {Share: -1},
		"share above all":     {Share: 101},
		"range upside down":   {Delay: 2, MaxDelay: 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.TryOrder(f)
			require.ErrorContains(t, err, "sandbox: fault: ")
			assert.PanicsWithError(t, err.Error(), func() { s.Order(f) })
			assert.EqualError(t, s.Order(sandbox.Fault{}).Change(f), err.Error())
		})
	}
	for _, operation := range sandbox.Operations() {
		_, err := s.TryOrder(sandbox.Fault{Operation: operation})
		require.NoError(t, err, operation)
	}
	assert.Len(t, sandbox.Operations(), 12)
}

func TestFaultWithAShare(t *testing.T) {
	r := newRig(t)
	share := r.Order(sandbox.Fault{Share: 30, Code: "401001"})
	rest := r.Order(sandbox.Fault{Share: 100, Code: "401002"})
	var codes []string
	for range 300 {
		codes = append(codes, r.send(checkTokenPath, "token", "A").Code)
	}
	assert.Equal(t, 90, share.Fired())
	assert.Equal(t, 210, rest.Fired(), "what it leaves is for the next")
	sequence := strings.Join(codes, " ")
	for i := range 3 {
		hundred := strings.Join(codes[i*100:i*100+100], " ")
		assert.Equal(t, 30, strings.Count(hundred, "401001"), "of each hundred")
	}
	assert.NotEqual(t, sequence[:600], sequence[600:1200], "which ones by chance")
}

func TestFaultWithAShareHasItsTimes(t *testing.T) {
	r := newRig(t)
	o := r.Order(sandbox.Fault{Share: 50, Times: 3, Code: "500"})
	for range 100 {
		r.send(checkTokenPath, "token", "A")
	}
	assert.Equal(t, 3, o.Fired())
	assert.False(t, o.Active())
}

func TestPresets(t *testing.T) {
	tests := map[sandbox.Preset]struct {
		status int
		header map[string]string
		body   string // a part of it
	}{
		sandbox.PresetNginx502: {502, map[string]string{"Server": "nginx", "Content-Type": "text/html"}, "<center><h1>502 Bad Gateway</h1></center>"},
		sandbox.PresetEmpty503: {503, map[string]string{"Retry-After": "30", "Content-Length": "0"}, ""},
		sandbox.PresetGBKPage: {
			200,
			map[string]string{"Content-Type": "text/html; charset=GBK"},
			"<title>\xcf\xb5\xcd\xb3\xce\xac\xbb\xa4</title>", // 系统维护
		},
		sandbox.PresetRedirect: {307, map[string]string{"Location": "http://elsewhere.invalid/login"}, ""},
	}
	for preset, want := range tests {
		for name, after := range map[string]bool{"before": false, "after": true} {
			t.Run(string(preset)+"/"+name, func(t *testing.T) {
				r := newRig(t)
				r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				body := r.smsBody(mobile)
				r.Order(sandbox.Fault{Operation: sandbox.OpSendSmsCode, Preset: preset, After: after})

				out, err := r.do(http.MethodPost, smsCodePath, body)

				require.NoError(t, err)
				assert.Equal(t, want.status, out.status)
				assert.Contains(t, out.body, want.body)
				for key, value := range want.header {
					assert.Equal(t, value, out.header.Get(key))
				}
				assert.Equal(t, after, len(r.Outbox(mobile)) == 1)
				assert.Empty(t, r.last().Code, "no envelope")
			})
		}
	}
	assert.Len(t, sandbox.Presets(), len(tests)+2, "and two that have tests of their own")
}

func TestPresetTruncatedJSON(t *testing.T) {
	r := newRig(t)
	r.Order(sandbox.Fault{Preset: sandbox.PresetTruncatedJSON})
	out, err := r.do(http.MethodPost, imgCodePath, "")
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, http.StatusOK, out.status)
	assert.Contains(t, out.body, `"code":"000"`)
}

func TestFaultsCanBeLookedAtAndChanged(t *testing.T) {
	r := newRig(t)
	first := r.Order(sandbox.Fault{Operation: sandbox.OpCheckToken, Times: 1, Code: "401001", Header: http.Header{"X-A": {"1"}}})
	second := r.Order(sandbox.Fault{Code: "401002"})
	assert.Equal(t, []*sandbox.Ordered{first, second}, r.Faults())
	assert.Equal(t, second, r.FindFault(second.ID()))
	assert.Nil(t, r.FindFault(1))
	assert.NotEqual(t, first.ID(), second.ID())
	f := first.Fault()
	f.Header.Set("X-A", "changed")
	assert.Equal(t, sandbox.Fault{Operation: sandbox.OpCheckToken, Times: 1, Code: "401001", Header: http.Header{"X-A": {"1"}}}, first.Fault())

	check := func() string { return r.send(checkTokenPath, "token", "A").Code }
	assert.Equal(t, "401001", check())
	assert.False(t, first.Active())
	assert.True(t, second.Active())
	assert.Equal(t, []*sandbox.Ordered{second, first}, r.Faults(), "those that have had their times come last")

	require.NoError(t, second.Change(sandbox.Fault{Code: "401003"}))
	assert.Equal(t, "401003", check())
	assert.Equal(t, 1, second.Fired())
	require.NoError(t, first.Change(sandbox.Fault{Code: "403001"}), "of one that has had its times")
	assert.True(t, first.Active())
	second.Cancel()
	assert.False(t, second.Active())
	assert.Equal(t, "403001", check())
	assert.Equal(t, 1, first.Fired(), "the count began anew")
	first.Cancel()
	assert.Empty(t, r.Faults())
	assert.Error(t, first.Change(sandbox.Fault{}), "once cancelled, it stays so")
}

func TestSpentFaultsAreForgotten(t *testing.T) {
	r := newRig(t)
	for range 150 {
		r.Order(sandbox.Fault{Times: 1, Code: "500"})
		r.send(checkTokenPath, "token", "A")
	}
	assert.Len(t, r.Faults(), 100)
}

func TestFaultInJSON(t *testing.T) {
	for name, tt := range map[string]struct {
		fault sandbox.Fault
		text  string
	}{
		"nothing": {sandbox.Fault{}, `{}`},
		"envelope": {
			sandbox.Fault{
				Operation: sandbox.OpSendSmsCode, Times: 2, Share: 50, After: true, Delay: 1500 * time.Millisecond, MaxDelay: time.Minute,
				Code: "500", Msg: "系统异常", HTTPStatus: 503, Header: http.Header{"Retry-After": {"7"}},
			},
			`{"operation":"SendSmsCode","times":2,"share":50,"after":true,"delay":"1.5s","max_delay":"1m0s",
			  "code":"500","msg":"系统异常","http_status":503,"header":{"Retry-After":"7"}}`,
		},
		"drop":           {sandbox.Fault{Drop: true}, `{"drop":true}`},
		"preset":         {sandbox.Fault{Preset: sandbox.PresetSlowBody}, `{"preset":"slow_body"}`},
		"body":           {sandbox.Fault{Body: "<html>"}, `{"body":"<html>"}`},
		"body not UTF-8": {sandbox.Fault{Body: "\xff\xfe"}, `{"body_base64":"//4="}`},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.Marshal(tt.fault)
			require.NoError(t, err)
			assert.JSONEq(t, tt.text, string(text))
			var back sandbox.Fault
			require.NoError(t, json.Unmarshal([]byte(tt.text), &back))
			assert.Equal(t, tt.fault, back)
		})
	}
	for _, text := range []string{`{"Operation_": ""}`, `{"delay": 5}`, `{"delay": "soon"}`, `{"body_base64": "?"}`} {
		assert.Error(t, json.Unmarshal([]byte(text), &sandbox.Fault{}), text)
	}
}
