package retry

import "sync/atomic"

// A Quota bounds the repetitions of all calls of a client together. It begins full, with 10
// repetitions, and every call adds a tenth of one: a server that stays down gets 1.1 times its
// normal traffic, and not three times. It is safe for concurrent use.
type Quota struct {
	spent atomic.Int64 // tenths of a repetition; 0 is a full quota
}

const (
	full = 100 // tenths of a repetition
	one  = 10
)

// Deposit adds what a call adds.
func (q *Quota) Deposit() { q.add(1) }

// GiveBack adds a repetition that was taken and not made.
func (q *Quota) GiveBack() { q.add(one) }

func (q *Quota) add(tenths int64) {
	for {
		spent := q.spent.Load()
		if q.spent.CompareAndSwap(spent, max(spent-tenths, 0)) {
			return
		}
	}
}

// Withdraw takes one repetition, and reports whether there was one.
func (q *Quota) Withdraw() bool {
	for {
		spent := q.spent.Load()
		if spent+one > full {
			return false
		}
		if q.spent.CompareAndSwap(spent, spent+one) {
			return true
		}
	}
}
