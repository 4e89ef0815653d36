package observability

import (
	"context"
	"maps"
	"sync"

	openplatform "github.com/ebaas/openplatform-go"
)

// A tally counts what a client does, by itself, to hold against what Prometheus says of it.
type tally struct {
	mu         sync.Mutex
	calls      map[[2]string]int // by operation and outcome
	composites int
	renewals   map[string]int // by outcome
	attempts   int
	repeated   int
	refused    int
}

func newTally() *tally {
	return &tally{calls: map[[2]string]int{}, renewals: map[string]int{}}
}

// soFar returns what has been counted.
func (y *tally) soFar() *tally {
	y.mu.Lock()
	defer y.mu.Unlock()
	return &tally{
		calls: maps.Clone(y.calls), composites: y.composites, renewals: maps.Clone(y.renewals),
		attempts: y.attempts, repeated: y.repeated, refused: y.refused,
	}
}

// ObserveCall implements openplatform.Observer.
func (y *tally) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(end openplatform.CallEnd) {
		y.mu.Lock()
		defer y.mu.Unlock()
		switch {
		case start.Operation == "RenewAccessToken":
			y.composites++
			y.renewals[end.Outcome.String()]++
		case start.Composite:
			y.composites++
		default:
			y.calls[[2]string{start.Operation, end.Outcome.String()}]++
		}
		if end.Stopped == openplatform.StopQuota {
			y.refused++
		}
	}
}

// ObserveAttempt implements openplatform.Observer.
func (y *tally) ObserveAttempt(ctx context.Context, start openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.attempts++
		if start.Number > 1 {
			y.repeated++
		}
	}
}
