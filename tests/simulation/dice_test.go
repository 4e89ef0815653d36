package simulation

import (
	"math/rand/v2"
	"time"
)

// dice are one stream of random numbers. Everybody in a scenario has a stream of their own, so that one of them who
// acts differently does not change what the others draw.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // a scenario is to be repeatable
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

// upTo returns a duration from 0 to limit. It is never a round one: two things that are due in the very same
// nanosecond happen in an order that no seed decides.
func (d dice) upTo(limit time.Duration) time.Duration {
	return time.Duration(d.Int64N(int64(limit) + 1))
}

func (d dice) between(low, high time.Duration) time.Duration { return low + d.upTo(high-low) }

// scaled is between low and high, too, but small values are as likely as large ones.
func (d dice) scaled(low, high time.Duration) time.Duration {
	doublings := 1
	for v := 2 * low; v < high; v *= 2 {
		doublings++
	}
	floor := low << d.IntN(doublings)
	return d.between(floor, max(floor, min(2*floor, high)))
}

func pick[T any](d dice, options ...T) T { return options[d.IntN(len(options))] }
