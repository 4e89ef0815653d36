package retry

import "sync/atomic"

// A Quota limits the retries of all calls of a client together. It starts full, with 10 retries, and
// every call adds a tenth of one: a server that is down gets 1.1 times its normal traffic, not three
// times. It is safe for concurrent use.
type Quota struct {
	spent atomic.Int64 // tenths of a retry; 0 is a full quota
}

const (
	full = 100 // tenths of a retry
	one  = 10
)

// Deposit adds the share of one call.
func (q *Quota) Deposit() { q.add(1) }

// GiveBack returns a retry that was taken and not made.
func (q *Quota) GiveBack() { q.add(one) }

func (q *Quota) add(tenths int64) {
	for {
		spent := q.spent.Load()
		if q.spent.CompareAndSwap(spent, max(spent-tenths, 0)) {
			return
		}
	}
}

// Withdraw takes one retry, and reports whether there was one.
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
