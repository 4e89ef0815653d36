package openplatform

import (
	"context"
	"errors"
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

// deliver attempts m until it has an answer or must not go on.
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
				Reason: endOf(ended) + " while waiting to try again", Cause: ended,
			}
		}
		if way.stopped != "" {
			return a, way, err
		}
		way.cause = err
	}
}

// pause waits before the attempt that follows one that failed with err, or notes why there
// must be none. It returns the error of a ctx that has ended meanwhile.
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

// settled gives the error of attempt n the view of the whole call: not sent means that no
// attempt was. The attempt's own error, which an observer may keep, stays as it is.
func settled(err error, n int, arrived bool) error {
	e, ok := err.(*TransportError) //nolint:errorlint // attempt returns it unwrapped
	if !ok {
		return err
	}
	whole := *e
	whole.Attempts, whole.NotSent = n, !arrived
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
	f := factsOf(err)
	return f.neverConnected || op.Repeatable && f.mayPass
}
