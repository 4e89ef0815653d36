// Package retry is the arithmetic of repetition: how long to wait, and how often at most.
package retry

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// source replaces the runtime's random numbers while a simulation runs.
var source atomic.Pointer[rand.Rand]

// Jitter returns a random duration from 0 to d, so that callers who failed together do not
// come back together.
func Jitter(d time.Duration) time.Duration {
	if r := source.Load(); r != nil {
		return time.Duration(r.Int64N(int64(d) + 1))
	}
	return rand.N(d + 1) //nolint:gosec // a wait needs no secrecy
}

// Seed makes Jitter repeatable from seed on, and the function that it returns makes it
// random again. It is for simulations that run on one processor: a seeded Jitter is not
// safe for concurrent use.
func Seed(seed uint64) (reset func()) {
	source.Store(rand.New(rand.NewPCG(seed, 0))) //nolint:gosec // it is to be guessed
	return func() { source.Store(nil) }
}
