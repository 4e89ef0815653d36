package simulation

import (
	"context"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

const quotaFull = 100 // tenths of a repetition

// A quotaModel is what the retry quota of a client may hold, in tenths. When a repetition is paid for is for the SDK to
// choose, and what a full quota is given is lost: so there are three ways to count. Between their least and their most
// the truth must be.
type quotaModel struct {
	early  int // paid before the wait, if the wait is not broken off
	refund int // paid before the wait, and given back if it is
	late   int // paid after the wait
	// waiting counts the calls between two attempts, which may have paid for the next.
	waiting int
}

func (q *quotaModel) pay(tenths int) {
	q.early, q.refund, q.late = min(q.early+tenths, quotaFull), min(q.refund+tenths, quotaFull), min(q.late+tenths, quotaFull)
}

func (q *quotaModel) low() int  { return min(q.early, q.refund, q.late) }
func (q *quotaModel) high() int { return max(q.early, q.refund, q.late) }

// follow takes the model one step on.
func (q *quotaModel) follow(s step) {
	a := s.attempt
	another := a.number < len(a.call.attempts)
	waits := another || a.call.end.After(a.end)
	switch {
	case s.when == attemptBegins && a.number == 1:
		q.pay(1)
	case s.when == attemptBegins:
		q.waiting--
		q.late -= 10
	case s.when == attemptEnds && waits:
		q.waiting++
		q.refund -= 10
		if another {
			q.early -= 10
		}
	case s.when == callEnds && waits:
		q.waiting--
		q.refund = min(q.refund+10, quotaFull)
	}
}

// checkQuota plays the quota of a machine's client through.
func (w *world) checkQuota(m *machine) {
	q := quotaModel{early: quotaFull, refund: quotaFull, late: quotaFull}
	for _, s := range m.steps {
		q.follow(s)
		a := s.attempt
		if s.when == attemptBegins && q.high() < 0 {
			w.broke("quota", "attempt %d of call %d, %s, was not paid for", a.number, a.call.id, a.call.op)
		}
		if s.when == attemptEnds && a.number == len(a.call.attempts) {
			w.checkRepeated(a, q)
		}
	}
	calls, attempts := 0, 0
	for _, c := range w.calls {
		if c.machine == m && len(c.attempts) > 0 {
			calls++
			attempts += len(c.attempts)
		}
	}
	if 10*(attempts-calls) > calls+quotaFull {
		w.broke("quota", "%d calls were attempted %d times", calls, attempts)
	}
	if w.probing {
		w.checkProbe(m, q)
	}
}

// checkRepeated wants to know why a failed attempt was the last one.
func (w *world) checkRepeated(a *attempt, q quotaModel) {
	c := a.call
	retryAfter, repeatable := a.asksToRepeat()
	longest := min(w.plan.baseDelay()<<min(a.number-1, 20), w.plan.maxDelay())
	switch {
	case !repeatable, a.number >= w.plan.maxAttempts(), retryAfter > w.plan.maxDelay():
		return
	case c.end.After(a.end): // it waited, and then others had emptied the quota
		return
	case q.low()-10*q.waiting < 10, a.timeLeft() <= retryAfter+longest:
		return
	}
	w.broke("repeat", "call %d, %s, was not repeated after attempt %d, with a quota of %d tenths", c.id, c.op, a.number, q.low())
}

func (p plan) baseDelay() time.Duration {
	if p.policy.BaseDelay == 0 {
		return 100 * time.Millisecond
	}
	return p.policy.BaseDelay
}

func (p plan) maxDelay() time.Duration {
	if p.policy.MaxDelay == 0 {
		return max(2*time.Second, p.baseDelay())
	}
	return p.policy.MaxDelay
}

// timeLeft returns how much of its call's time was left when the attempt ended.
func (a *attempt) timeLeft() time.Duration {
	left := a.deadline.Sub(a.end)
	if v := a.call.visit; v != nil && !v.ctxEnd.IsZero() {
		left = min(left, v.ctxEnd.Sub(a.end))
	}
	return left
}

// asksToRepeat reports whether an attempt failed in a way that is to be repeated, as far as that is certain.
func (a *attempt) asksToRepeat() (retryAfter time.Duration, yes bool) {
	if a.told.Err == nil || a.timeLeft() <= 0 {
		return 0, false
	}
	if len(a.deliveries) == 0 {
		return 0, a.told.Outcome == openplatform.OutcomeNotSent && !a.call.machine.world.plan.wrapped
	}
	if mutates[a.call.op] {
		return 0, false
	}
	d := a.deliveries[0]
	switch d.fault {
	case lostBeforeEffect, lostAfterEffect, truncatedHead, truncatedBody:
		return 0, true
	case busyStatus, busyCode, busyAfterEffect:
		return secondsOf(d.reply.retryAfter), d.answered
	}
	return 0, false
}

const forEver = time.Duration(1 << 62)

// secondsOf reads a Retry-After for the rule: one that is a date, or more than anybody waits, is as good as for ever.
func secondsOf(retryAfter string) time.Duration {
	switch retryAfter {
	case "", "-1", "soon", "0":
		return 0
	case "1":
		return time.Second
	case "2":
		return 2 * time.Second
	case "30":
		return 30 * time.Second
	default:
		return forEver
	}
}

// probe finds out what is left of each machine's quota: with a platform that is out of reach, calls are repeated until
// there is nothing left.
func (w *world) probe() {
	if w.plan.maxAttempts() == 1 || w.plan.timeout < 2*time.Duration(w.plan.maxAttempts())*w.plan.maxDelay() || w.plan.wrapped {
		return
	}
	w.probing = true
	w.add("the quota is probed")
	for _, m := range w.machines {
		before := len(m.steps)
		for range quotaFull { // or there is no end to it
			calls := len(w.calls)
			_, _ = m.client.GetImgCode(context.Background())
			if len(w.calls[calls].attempts) < 2 {
				break
			}
		}
		m.probed = m.steps[before:]
		m.steps = m.steps[:before]
	}
}

// checkProbe compares the repetitions that the probe got with what must have been there.
func (w *world) checkProbe(m *machine, q quotaModel) {
	got := 0
	for _, s := range m.probed {
		if s.when == attemptBegins && s.attempt.number > 1 {
			got++
		}
	}
	low, high := repetitionsOf(q.low(), w.plan.maxAttempts()), repetitionsOf(q.high(), w.plan.maxAttempts())
	if got < low || got > high {
		w.broke("quota-drained", "the quota had %d repetitions left, and should have had %d to %d", got, low, high)
	}
}

// repetitionsOf returns what a probe gets out of a quota.
func repetitionsOf(tenths, maxAttempts int) (n int) {
	for {
		tenths = min(tenths+1, quotaFull)
		got := min(tenths/10, maxAttempts-1)
		if got == 0 {
			return n
		}
		n += got
		tenths -= 10 * got
	}
}
