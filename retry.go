package openplatform

import (
	"context"
	"errors"
	"time"

	"github.com/ebaas/openplatform-go/internal/retry"
)

// RetryPolicy sets the number of attempts of a call and the waits between them. Which calls
// are retried does not depend on it; see the package documentation.
//
// The wait before attempt n+1 is random, between 0 and BaseDelay·2ⁿ⁻¹, at most MaxDelay. A
// Retry-After of the platform is added to it. The call returns its error at once if
// Retry-After is longer than MaxDelay, or if ctx or the client's timeout would end during the
// wait.
type RetryPolicy struct {
	MaxAttempts int           // 0 means 3; 1 switches retries off
	BaseDelay   time.Duration // 0 means 100 ms
	MaxDelay    time.Duration // 0 means 2 s
}

// deliver sends m until it has a response or must not retry.
func (c *core) deliver(ctx context.Context, m message) (a answer, way course, err error) {
	arrived := false // an attempt may have reached the platform
	for n := 1; ; n++ {
		way.attempts = n
		a, err = c.observedAttempt(ctx, m, way)
		if err == nil {
			return a, way, nil
		}
		arrived = arrived || OutcomeOf(err) != OutcomeNotSent
		err = settled(err, n, arrived)
		ended := c.pause(ctx, m.op, err, &way)
		if ended != nil {
			err = &TransportError{
				Operation: m.op.Name, Attempts: n, NotSent: !arrived,
				Reason: endOf(ended) + " while waiting for a retry", Cause: ended,
			}
		}
		if way.stopped != "" {
			return a, way, err
		}
		way.cause = err
	}
}

// pause waits before the next attempt after err, or sets why there is none. It returns the
// error of ctx if ctx ends during the wait.
func (c *core) pause(ctx context.Context, op Operation, err error, way *course) (ended error) {
	delay, inPolicy := c.retry.Delay(way.attempts, RetryAfterOf(err))
	switch {
	case isEndOf(ctx, err):
		way.stopped = StopDeadline
	case !mayRepeat(op, err):
		way.stopped = StopNotRepeatable
	case way.attempts >= c.retry.MaxAttempts || !inPolicy:
		way.stopped = StopPolicy
	case !retry.Outlasts(ctx, delay):
		way.stopped = StopDeadline
	case ctx.Err() != nil:
		way.stopped = StopDeadline
		return ctx.Err()
	case !c.quota.Withdraw():
		way.stopped = StopQuota
	}
	if way.stopped != "" {
		return nil
	}
	start := time.Now()
	ended = retry.Wait(ctx, delay)
	way.waited += time.Since(start)
	if ended != nil {
		c.quota.GiveBack()
		way.stopped = StopDeadline
	}
	return ended
}

// settled makes the error of the whole call from the error of attempt n: not sent means that
// no attempt was sent. It copies the error, because an observer may keep it.
func settled(err error, n int, arrived bool) error {
	e, ok := err.(*TransportError) //nolint:errorlint // attempt returns it unwrapped
	if !ok {
		return err
	}
	whole := *e
	whole.Attempts, whole.NotSent = n, !arrived
	return &whole
}

// isEndOf reports whether err is only the end of ctx.
func isEndOf(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}

// mayRepeat reports whether a retry after err is safe and could help. An operation that
// changes something is retried only if there was no connection.
func mayRepeat(op Operation, err error) bool {
	f := factsOf(err)
	return f.neverConnected || op.Repeatable && f.mayPass
}
