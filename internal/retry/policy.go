package retry

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Policy sets the number of attempts of a call and the waits between them.
type Policy struct {
	MaxAttempts int
	BaseDelay   time.Duration
	MaxDelay    time.Duration
}

// WithDefaults returns p with its zero fields set: 3 attempts, 100 ms, 2 s.
func (p Policy) WithDefaults() Policy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 3
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = 100 * time.Millisecond
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = max(2*time.Second, p.BaseDelay)
	}
	return p
}

// Delay returns the wait after attempt n, counted from 1. retryAfter is the wait that the server asked
// for; ok is false if the policy does not allow it.
func (p Policy) Delay(n int, retryAfter time.Duration) (d time.Duration, ok bool) {
	if retryAfter > p.MaxDelay {
		return 0, false
	}
	ceiling := p.BaseDelay
	for i := 1; i < n && ceiling < p.MaxDelay; i++ {
		ceiling *= 2
	}
	return retryAfter + Jitter(min(ceiling, p.MaxDelay)), true
}

// Outlasts reports whether ctx has time for a wait of d.
func Outlasts(ctx context.Context, d time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return !ok || time.Until(deadline) > d
}

// Wait waits for d. If ctx ends before, it returns ctx's error at once.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// IsBusy reports whether an HTTP status says that a later attempt may succeed: 429, 502, 503
// or 504.
func IsBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// After returns the wait that a Retry-After header asks for, in seconds or by a date. It is 0
// if the header asks for none.
func After(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, _ := strconv.ParseUint(value, 10, 64) // a number that is too large becomes the largest
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(time.Until(date), 0)
}
