package simulation

import (
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A delivery is a request that arrived at the platform, be it in part: a line of the ledger, which is the truth.
type delivery struct {
	of     *attempt // nil if nobody knows
	at     time.Time
	fault  fault
	op     string // the path; "" if the request was never read
	fields map[string]string

	carriedOut bool
	carriedAt  time.Time
	issued     *accessToken  // by GetAccessToken
	told       time.Duration // its life, as a client can read it; 0 if it cannot

	answered   bool // the answer was taken to its last byte
	answeredAt time.Time
	reply      reply
}

func (d *delivery) call() int {
	if d.of == nil {
		return 0
	}
	return d.of.call.id
}

func (d *delivery) attemptNumber() int {
	if d.of == nil {
		return 0
	}
	return d.of.number
}

func (w *world) arrived(a *attempt, s script) *delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := &delivery{of: a, at: time.Now(), fault: s.fault}
	w.ledger = append(w.ledger, d)
	if a != nil {
		a.deliveries = append(a.deliveries, d)
	}
	return d
}

func (w *world) answered(d *delivery, r reply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d.answered, d.answeredAt, d.reply = true, time.Now(), r
	w.add("platform: answered call %d, attempt %d: HTTP %d, %.60q", d.call(), d.attemptNumber(), r.status, r.body)
}

func (d *delivery) succeeded() bool {
	return d.answered && d.reply.means == openplatform.OutcomeSucceeded
}
