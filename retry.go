package openplatform

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ebaas/openplatform-go/internal/retry"
)

// RetryPolicy says how often and after what waits a call is attempted again. What
// may be repeated at all is not for a policy to say; see the package documentation.
//
// The wait before attempt n+1 is random between 0 and BaseDelay·2ⁿ⁻¹, at most
// MaxDelay. If the platform sends a Retry-After, the wait is that long and the random
// wait on top; one longer than MaxDelay, or a wait that ctx or the client's timeout
// would not outlast, ends the call at once with the error at hand.
type RetryPolicy struct {
	MaxAttempts int           // 0 means 3; 1 switches repetition off
	BaseDelay   time.Duration // 0 means 100 ms
	MaxDelay    time.Duration // 0 means 2 s
}

func (p RetryPolicy) withDefaults() RetryPolicy {
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

// deliver attempts m until it has an answer or must not go on.
func (c *core) deliver(ctx context.Context, m *message) (a answer, attempts int, err error) {
	arrived := false // an attempt may have reached the platform
	for n := 1; ; n++ {
		a, err = c.observedAttempt(ctx, m, n)
		arrived = arrived || OutcomeOf(err) != OutcomeNotSent
		err = settled(err, n, arrived)
		if err == nil || n >= c.retry.MaxAttempts || !mayRepeat(m.op, err) || isEndOf(ctx, err) {
			return a, n, err
		}
		delay, fits := c.retry.delay(ctx, n, RetryAfterOf(err))
		ended := ctx.Err()
		if !fits || ended == nil && !c.quota.withdraw() {
			return a, n, err
		}
		if ended == nil {
			if ended = wait(ctx, delay); ended != nil {
				c.quota.giveBack()
			}
		}
		if ended != nil {
			return a, n, &TransportError{
				Operation: m.op.Name, Attempts: n,
				reason: endOf(ended) + " while waiting to try again", cause: ended, notSent: !arrived,
			}
		}
	}
}

// settled gives the error of attempt n the view of the whole call: not sent means that no
// attempt was. The attempt's own error, which an observer may keep, stays as it is.
func settled(err error, n int, arrived bool) error {
	e, ok := err.(*TransportError) //nolint:errorlint // attempt returns it unwrapped
	if !ok {
		return err
	}
	whole := *e
	whole.Attempts, whole.notSent = n, !arrived
	return &whole
}

// isEndOf reports whether err is nothing but the end of ctx.
func isEndOf(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// mayRepeat reports whether a second delivery after err is safe and could help. For
// an operation that changes something only one thing is: that there never was a
// connection to deliver it over.
func mayRepeat(op Operation, err error) bool {
	switch e := err.(type) { //nolint:errorlint // attempt returns these types unwrapped
	case *TransportError:
		return !e.certificate && (e.neverConnected || op.Repeatable)
	case *ResponseError:
		return op.Repeatable && (isBusy(e.HTTPStatus) || e.truncated)
	case *APIError:
		return op.Repeatable && (isBusy(e.HTTPStatus) || isBusy(e.Code.class()))
	default:
		return false
	}
}

func isBusy(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// delay returns the wait after attempt n, and whether policy and ctx allow it.
func (p RetryPolicy) delay(ctx context.Context, n int, retryAfter time.Duration) (d time.Duration, fits bool) {
	if retryAfter > p.MaxDelay {
		return 0, false
	}
	ceiling := p.BaseDelay
	for i := 1; i < n && ceiling < p.MaxDelay; i++ {
		ceiling *= 2
	}
	d = retryAfter + retry.Jitter(min(ceiling, p.MaxDelay))
	deadline, ok := ctx.Deadline()
	return d, !ok || time.Until(deadline) > d
}

// wait sleeps for d, or until ctx ends and returns why it did.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parseRetryAfter reads a Retry-After header, seconds or a date, 0 if it has
// neither.
func parseRetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, _ := strconv.ParseUint(value, 10, 64) // of what does not fit, the most that does
		return time.Duration(min(seconds, math.MaxInt64/uint64(time.Second))) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(time.Until(date), 0)
}

// A quota bounds the repetitions of all calls of a client together: it begins with
// quotaFull repetitions, and every call adds a tenth of one. A platform that stays
// down so gets 1.1 times its normal traffic, and not three times.
type quota struct{ tenths atomic.Int64 }

const quotaFull = 10 // repetitions

func (q *quota) fill() { q.tenths.Store(quotaFull * 10) }

func (q *quota) deposit() { q.add(1) }

// giveBack is for a repetition that was paid and not made.
func (q *quota) giveBack() { q.add(10) }

func (q *quota) add(tenths int64) {
	for {
		have := q.tenths.Load()
		if q.tenths.CompareAndSwap(have, min(have+tenths, quotaFull*10)) {
			return
		}
	}
}

func (q *quota) withdraw() bool {
	for {
		have := q.tenths.Load()
		if have < 10 {
			return false
		}
		if q.tenths.CompareAndSwap(have, have-10) {
			return true
		}
	}
}
