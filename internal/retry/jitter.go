// Package retry calculates retries: the waits and the limits.
package retry

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// source replaces the runtime's random numbers while a simulation runs.
var source atomic.Pointer[rand.Rand]

// Jitter returns a random duration from 0 to d, so that callers that failed together do not retry
// together.
func Jitter(d time.Duration) time.Duration {
	if r := source.Load(); r != nil {
		return time.Duration(r.Int64N(int64(d) + 1))
	}
	return rand.N(d + 1) //nolint:gosec // a wait is not a secret
}

// Seed makes Jitter repeatable. The returned function makes it random again. It is for simulations that run on one processor: a seeded Jitter is not
// safe for concurrent use.
func Seed(seed uint64) (reset func()) {
	source.Store(rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // it must be repeatable
	return func() { source.Store(nil) }
}
