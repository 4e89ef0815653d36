package openplatform_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Promise 2: what is repeatable is repeated when that can help, and not otherwise.

func TestRepeatableIsRepeated(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	tests := []struct {
		name     string
		first    http.HandlerFunc // the answer to the first two attempts
		attempts int64
	}{
		{"lost connection", hangUp, 3},
		{"truncated body", answer(200, `{"code":`, "Content-Length", "100"), 3},
		{"HTTP 429", answer(429, ""), 3},
		{"HTTP 502 in HTML", answer(502, "<title>Bad Gateway</title>"), 3},
		{"HTTP 503 with an envelope", answer(503, envelope("9", "", "null")), 3},
		{"HTTP 504", answer(504, ""), 3},
		{"code 429001", answer(200, envelope("429001", "", "null")), 3},
		{"code 502", answer(200, envelope("502", "", "null")), 3},
		{"code 503", answer(200, envelope("503", "", "null")), 3},
		{"code 504", answer(200, envelope("504", "", "null")), 3},
		{"HTTP 500", answer(500, ""), 1},
		{"code 500", answer(200, envelope("500", "", "null")), 1},
		{"code 400", answer(400, envelope("400", "", "null")), 1},
		{"code of no class", answer(200, envelope("E503", "", "null")), 1},
		{"broken envelope", answer(200, "[]"), 1},
		{"redirect", answer(302, "", "Location", "/"), 1},
		{"no data", answer(200, envelope("000", "成功", "null")), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n atomic.Int64
			url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) <= 2 {
					tt.first(w, r)
					return
				}
				answer(200, picture)(w, r)
			})
			err := getImgCode(t.Context(), newClient(t, url, quickRetries))
			assert.Equal(t, tt.attempts, received.Load())
			assert.Equal(t, tt.attempts == 3, err == nil, "%v", err)
		})
	}
}

func TestTruncatedAnswerIsRepeatedOverHTTP2Too(t *testing.T) {
	var n atomic.Int64
	url, transport, _ := tlsServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 2 {
			_, _ = w.Write([]byte(`{"code":`))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		answer(200, picture)(w, r)
	})
	require.NoError(t, getImgCode(t.Context(), newClient(t, url, through(transport), quickRetries)))
	assert.EqualValues(t, 3, n.Load())
}

func TestRetryPolicyBoundsAttempts(t *testing.T) {
	for attempts, want := range map[int]int64{0: 3, 1: 1, 2: 2, 5: 5} {
		url, received := serve(t, answer(503, ""))
		client := newClient(t, url, openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: attempts, BaseDelay: 1, MaxDelay: 1}))
		err := getImgCode(t.Context(), client)
		require.ErrorIs(t, err, openplatform.ErrPlatform)
		assert.Equal(t, want, received.Load(), "MaxAttempts %d", attempts)
	}
}

func TestRepetitionsAreWithinTheQuota(t *testing.T) {
	url, received := serve(t, answer(503, ""))
	client := newClient(t, url, quickRetries)
	const calls = 1000
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range calls / 10 {
				assert.Error(t, getImgCode(t.Context(), client))
			}
		})
	}
	wg.Wait()
	const full = 10
	assert.LessOrEqual(t, received.Load(), int64(calls*1.1+full))
	assert.GreaterOrEqual(t, received.Load(), int64(calls*1.09), "the quota is there to be used")
}

func TestOnlyARepetitionCostsQuota(t *testing.T) {
	var n atomic.Int64
	url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) <= 20 {
			answer(503, "", "Retry-After", "3600")(w, r) // longer than any policy here
			return
		}
		answer(503, "")(w, r)
	})
	client := newClient(t, url, quickRetries)
	for range 20 {
		require.Error(t, getImgCode(t.Context(), client))
	}
	require.EqualValues(t, 20, received.Load())
	require.Error(t, getImgCode(t.Context(), client))
	assert.EqualValues(t, 23, received.Load(), "the quota is as full as it was")
}

func TestACancelledCallCostsNoQuota(t *testing.T) {
	gone := make(chan struct{}, 100)
	var lives atomic.Bool
	url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if lives.Load() {
			answer(503, "")(w, r)
			return
		}
		gone <- struct{}{}
		hang(w, r)
	})
	client := newClient(t, url, quickRetries)
	for range 12 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-gone; cancel() }()
		err := getImgCode(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotContains(t, err.Error(), "waiting for a retry")
	}
	lives.Store(true)
	received.Store(0)
	require.Error(t, getImgCode(t.Context(), client))
	assert.EqualValues(t, 3, received.Load())
}

func TestARepetitionThatIsNotMadeIsGivenBack(t *testing.T) {
	url, received := serve(t, answer(503, ""))
	client := newClient(t, url, openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}), openplatform.WithTimeout(10*time.Hour))
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		before := received.Load()
		go func() {
			for received.Load() == before {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(20 * time.Millisecond)
			cancel()
		}()
		err := getImgCode(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		assert.Contains(t, err.Error(), "while waiting for a retry", "the quota is as full as it was")
	}
}

func TestRetryAfterOfErrors(t *testing.T) {
	tests := []struct {
		name   string
		header string
		want   time.Duration
	}{
		{"none", "", 0},
		{"seconds", "120", 2 * time.Minute},
		{"too large", "99999999999999999999", 9223372036 * time.Second},
		{"negative", "-5", 0},
		{"past date", "Wed, 21 Oct 2015 07:28:00 GMT", 0},
		{"nonsense", "soon", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, answer(429, envelope("429", "", "null"), "Retry-After", tt.header))
			var failure *openplatform.APIError
			require.ErrorAs(t, sendSmsCode(t.Context(), newClient(t, url)), &failure)
			assert.Equal(t, tt.want, failure.RetryAfter)
		})
	}
	t.Run("date, of a gateway", func(t *testing.T) {
		date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
		url, _ := serve(t, answer(503, "busy", "Retry-After", date))
		var failure *openplatform.ResponseError
		require.ErrorAs(t, sendSmsCode(t.Context(), newClient(t, url)), &failure)
		assert.InDelta(t, time.Hour, failure.RetryAfter, float64(time.Minute))
	})
}

// Promise 3: ctx is honoured everywhere, waits included.

func TestCtxEndsTheWaitBetweenAttempts(t *testing.T) {
	url, _ := serve(t, answer(503, ""))
	tests := []struct {
		name    string
		call    func(context.Context, *openplatform.Client) error
		through http.RoundTripper
		outcome openplatform.Outcome
	}{
		{"mutating, after a failed dial", sendSmsCode, closedPort(), openplatform.OutcomeNotSent},
		{"repeatable, after an answer", getImgCode, openplatform.DefaultTransport(), openplatform.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			client := newClient(t, url, through(tt.through),
				openplatform.WithObserver(&recorder{onAttemptEnd: func(openplatform.AttemptEnd) { cancel() }}),
				openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: time.Hour, MaxDelay: time.Hour}),
				openplatform.WithTimeout(10*time.Hour))
			start := time.Now()
			err := tt.call(ctx, client)
			assert.ErrorIs(t, err, context.Canceled)
			assert.Contains(t, err.Error(), "cancelled while waiting for a retry")
			assert.Equal(t, tt.outcome, openplatform.OutcomeOf(err))
			assert.Less(t, time.Since(start), 30*time.Second)
		})
	}
}

func TestNoWaitThatCtxWouldNotOutlast(t *testing.T) {
	url, received := serve(t, answer(503, "", "Retry-After", "1"))
	tests := map[string]openplatform.Option{
		"client's timeout": openplatform.WithTimeout(900 * time.Millisecond),
		"policy":           openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 999 * time.Millisecond}),
	}
	for name, opt := range tests {
		t.Run(name, func(t *testing.T) {
			received.Store(0)
			err := getImgCode(t.Context(), newClient(t, url, opt))
			var failure *openplatform.ResponseError
			require.ErrorAs(t, err, &failure, "the failure at hand says more than a timeout")
			assert.Equal(t, time.Second, failure.RetryAfter)
			assert.EqualValues(t, 1, received.Load())
		})
	}
}

func closedPort() *http.Transport {
	transport, _ := failingDials(1 << 30)
	return transport
}

// busy answers 503, without a network: the fake clock of a synctest bubble stands
// still while a socket is read.
func busy(header ...string) openplatform.Option {
	return through(roundTripper(func(*http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}))
}

func TestWaitsGrowWithJitterUpToTheMaximum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		policy := openplatform.RetryPolicy{MaxAttempts: 6, BaseDelay: time.Second, MaxDelay: 3 * time.Second}
		ceilings := []time.Duration{1, 2, 3, 3, 3} // seconds
		longest := make([]time.Duration, len(ceilings))
		distinct := map[time.Duration]bool{}
		for range 200 {
			var ends, starts []time.Time
			observer := &recorder{
				onAttemptStart: func(openplatform.AttemptStart) { starts = append(starts, time.Now()) },
				onAttemptEnd:   func(openplatform.AttemptEnd) { ends = append(ends, time.Now()) },
			}
			client, err := openplatform.NewClient(openplatform.Test, busy(), openplatform.WithRetry(policy),
				openplatform.WithObserver(observer), openplatform.WithTimeout(time.Hour))
			require.NoError(t, err)
			require.Error(t, getImgCode(t.Context(), client))
			require.Len(t, starts, 6)
			for i := range ceilings {
				waited := starts[i+1].Sub(ends[i])
				longest[i] = max(longest[i], waited)
				distinct[waited] = true
			}
		}
		for i, ceiling := range ceilings {
			assert.LessOrEqual(t, longest[i], ceiling*time.Second, "wait %d", i+1)
			assert.Greater(t, longest[i], ceiling*time.Second*3/4, "wait %d", i+1)
		}
		assert.Greater(t, len(distinct), 900, "full jitter: no two callers wait alike")
	})
}

func TestRetryAfterIsWaitedForWithJitterOnTop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := openplatform.NewClient(openplatform.Test, busy("Retry-After", "2"))
		require.NoError(t, err)
		start := time.Now()
		require.Error(t, getImgCode(t.Context(), client))
		assert.GreaterOrEqual(t, time.Since(start), 4*time.Second)
		assert.LessOrEqual(t, time.Since(start), 4*time.Second+300*time.Millisecond)
		assert.NotZero(t, time.Since(start)%time.Second)
	})
}

func TestTimeoutBoundsTheWholeCall(t *testing.T) {
	hang := through(roundTripper(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}))
	synctest.Test(t, func(t *testing.T) {
		for name, opts := range map[string][]openplatform.Option{
			"default of 15 s": {hang},
			"WithTimeout":     {hang, openplatform.WithTimeout(15 * time.Second)},
		} {
			client, err := openplatform.NewClient(openplatform.Test, opts...)
			require.NoError(t, err)
			start := time.Now()
			err = getImgCode(context.Background(), client)
			assert.ErrorIs(t, err, context.DeadlineExceeded, name)
			assert.Equal(t, 15*time.Second, time.Since(start), name)
		}
	})
}
