//go:build go1.25

package openplatform_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

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
