package retry_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/retry"
)

func TestDelayGrowsToTheMaximum(t *testing.T) {
	defer retry.Seed(1)()
	p := retry.Policy{BaseDelay: time.Second, MaxDelay: 3 * time.Second}
	for i, ceiling := range []time.Duration{1, 2, 3, 3} {
		longest := time.Duration(0)
		for range 1000 {
			d, ok := p.Delay(i+1, 0)
			assert.True(t, ok)
			longest = max(longest, d)
		}
		assert.LessOrEqual(t, longest, ceiling*time.Second)
		assert.Greater(t, longest, ceiling*time.Second*9/10)
	}
}

func TestDelayOfManyAttemptsDoesNotOverflow(t *testing.T) {
	p := retry.Policy{BaseDelay: 24 * time.Hour, MaxDelay: 24 * time.Hour}
	d, ok := p.Delay(1<<30, 0)
	assert.True(t, ok)
	assert.True(t, 0 <= d && d <= 24*time.Hour, "%v", d)
}

func TestDelayHonoursRetryAfterWithinThePolicy(t *testing.T) {
	p := retry.Policy{BaseDelay: time.Millisecond, MaxDelay: time.Second}
	d, ok := p.Delay(1, time.Second)
	assert.True(t, ok)
	assert.GreaterOrEqual(t, d, time.Second)
	_, ok = p.Delay(1, time.Second+1)
	assert.False(t, ok)
}

func TestDefaults(t *testing.T) {
	assert.Equal(t, retry.Policy{MaxAttempts: 3, BaseDelay: 100 * time.Millisecond, MaxDelay: 2 * time.Second}, retry.Policy{}.WithDefaults())
	slow := retry.Policy{MaxAttempts: 1, BaseDelay: time.Minute}
	assert.Equal(t, time.Minute, slow.WithDefaults().MaxDelay, "no shorter than the first delay")
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		require.NoError(t, retry.Wait(t.Context(), time.Hour))
		assert.Equal(t, time.Hour, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		assert.False(t, retry.Outlasts(ctx, time.Minute))
		assert.True(t, retry.Outlasts(ctx, time.Minute-1))
		assert.True(t, retry.Outlasts(t.Context(), 1000*time.Hour))
		assert.ErrorIs(t, retry.Wait(ctx, time.Hour), context.DeadlineExceeded)
		assert.Equal(t, time.Hour+time.Minute, time.Since(start))
	})
}

func TestAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for header, want := range map[string]time.Duration{
			"":                     0,
			"120":                  2 * time.Minute,
			"99999999999999999999": 9223372036 * time.Second,
			"-5":                   0,
			"soon":                 0,
			time.Now().Add(time.Hour).UTC().Format(http.TimeFormat):  time.Hour,
			time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat): 0,
		} {
			assert.Equal(t, want, retry.After(http.Header{"Retry-After": {header}}), header)
		}
	})
}

func TestQuota(t *testing.T) {
	var q retry.Quota
	q.Deposit() // a full one stays full
	for range 10 {
		assert.True(t, q.Withdraw())
	}
	assert.False(t, q.Withdraw())
	for range 9 {
		q.Deposit()
	}
	assert.False(t, q.Withdraw(), "a call pays a tenth")
	q.Deposit()
	assert.True(t, q.Withdraw())
	q.GiveBack()
	assert.True(t, q.Withdraw())
	assert.False(t, q.Withdraw())
}

func TestJitterReachesBothEndsAndNoFarther(t *testing.T) {
	draw := func() map[time.Duration]bool {
		drawn := make(map[time.Duration]bool)
		for range 1000 {
			drawn[retry.Jitter(1)] = true
		}
		return drawn
	}
	both := map[time.Duration]bool{0: true, 1: true}
	assert.Equal(t, both, draw())
	assert.Zero(t, retry.Jitter(0))

	defer retry.Seed(1)()
	assert.Equal(t, both, draw())
	assert.Zero(t, retry.Jitter(0))
}
