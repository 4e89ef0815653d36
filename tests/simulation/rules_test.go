package simulation

import (
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// check holds all rules against what happened.
func (w *world) check() {
	for _, v := range w.visits {
		w.checkVisit(v)
	}
	fields := map[string]int{}
	for _, d := range w.ledger {
		if field := d.fields["mobile"] + d.fields["token"]; d.op == pathSendSmsCode || d.op == pathLogout {
			fields[field]++
		}
		if d.of == nil {
			w.broke("once", "a delivery of %s on a connection that no attempt had got", d.op)
		}
	}
	for field, n := range fields {
		if n > 1 {
			w.broke("once", "%s was delivered %d times", field, n)
		}
	}
	for _, c := range w.calls {
		w.checkCall(c)
	}
	for _, m := range w.machines {
		w.checkQuota(m)
		if m.source != nil {
			w.checkTokens(m)
		}
	}
}

func (w *world) checkVisit(v *visit) {
	if v.panics != nil {
		w.broke("panic", "visit %d, %s: %v", v.id, v.op, v.panics)
		return
	}
	w.checkDeadline(v)
	if v.err != nil && len(v.calls) == 1 && !isOfSource(v.op) {
		if told, said := v.calls[0].told.Outcome, openplatform.OutcomeOf(v.err); told != said {
			w.broke("outcome", "visit %d, %s: the observer was told %v, the caller %v", v.id, v.op, told, said)
		}
	}
	if v.err == nil && len(v.calls) == 1 && !isOfSource(v.op) && !v.calls[0].carriedOut() {
		w.broke("outcome", "visit %d, %s: succeeded, but was never carried out", v.id, v.op)
	}
}

func isOfSource(op string) bool {
	return op == opToken || op == opUse || op == opVerifyUser || op == opInvalidate
}

// checkDeadline wants a call back as soon as its time is over. Token is bounded by the client's timeout because a fetch
// is; Use and VerifyUser are a few calls in a row.
func (w *world) checkDeadline(v *visit) {
	if !v.ctxEnd.IsZero() && v.end.After(v.ctxEnd) {
		w.broke("deadline", "visit %d, %s: returned %v after the end of its ctx", v.id, v.op, v.end.Sub(v.ctxEnd))
	}
	calls := time.Duration(1)
	switch v.op {
	case opUse:
		calls = 6
	case opVerifyUser:
		calls = 7
	}
	limit := calls*w.plan.timeout + calls*w.pause(v)
	if v.took() > limit {
		w.broke("deadline", "visit %d, %s: took %v, with a client's timeout of %v", v.id, v.op, v.took(), w.plan.timeout)
	}
}

// pause is the second that a source rests after a failed fetch.
func (w *world) pause(v *visit) time.Duration {
	if isOfSource(v.op) {
		return time.Second
	}
	return 0
}

func (w *world) checkCall(c *call) {
	if c.end.IsZero() {
		w.broke("deadline", "call %d, %s, has not ended", c.id, c.op)
		return
	}
	if took := c.end.Sub(c.start); took > w.plan.timeout {
		w.broke("deadline", "call %d, %s: took %v, with a client's timeout of %v", c.id, c.op, took, w.plan.timeout)
	}
	w.checkOnce(c)
	w.checkOutcome(c)
	w.checkAttempts(c)
	w.checkRetryAfter(c)
	w.checkWaitText(c)
}

func (c *call) deliveries() (all []*delivery) {
	for _, a := range c.attempts {
		all = append(all, a.deliveries...)
	}
	return all
}

func (c *call) carriedOut() bool {
	for _, d := range c.deliveries() {
		if d.carriedOut {
			return true
		}
	}
	return false
}

func (w *world) checkOnce(c *call) {
	if n := len(c.deliveries()); n > 1 && mutates[c.op] {
		w.broke("once", "call %d, %s, was delivered %d times", c.id, c.op, n)
	}
	for _, a := range c.attempts {
		if len(a.deliveries) > 1 {
			w.broke("attempts", "attempt %d of call %d, %s, was delivered %d times", a.number, c.id, c.op, len(a.deliveries))
		}
	}
}

// checkOutcome holds what the SDK says of a call against the ledger.
func (w *world) checkOutcome(c *call) {
	deliveries, said := c.deliveries(), c.told.Outcome
	if said == openplatform.OutcomeNotSent && len(deliveries) > 0 {
		w.broke("outcome", "call %d, %s, is said not to be sent, but it arrived", c.id, c.op)
	}
	if said == openplatform.OutcomeSucceeded && !c.carriedOut() {
		w.broke("outcome", "call %d, %s, is said to have succeeded, but was not carried out", c.id, c.op)
	}
	last := c.lastDelivery()
	if said == openplatform.OutcomeRejected && (last == nil || !last.answered || last.reply.means != openplatform.OutcomeRejected) {
		w.broke("outcome", "call %d, %s, is said to be rejected, but the platform did not say so", c.id, c.op)
	}
	if last != nil && last.wasRead() && said != last.reply.means {
		w.broke("outcome", "call %d, %s, is said to be %v, but was answered %v", c.id, c.op, said, last.reply.means)
	}
}

func (c *call) lastDelivery() *delivery {
	if deliveries := c.deliveries(); len(deliveries) > 0 {
		return deliveries[len(deliveries)-1]
	}
	return nil
}

// wasRead reports whether d's answer is certainly the one that its call ended with. One that came just as the time was
// over may or may not have been read.
func (d *delivery) wasRead() bool {
	c := d.of.call
	isLast := d.of == c.attempts[len(c.attempts)-1]
	return d.answered && !d.reply.vague && isLast && c.end.Equal(d.answeredAt) && !c.endedEarly()
}

// endedEarly reports whether the call's time was over when it ended.
func (c *call) endedEarly() bool {
	return len(c.attempts) == 0 || c.attempts[len(c.attempts)-1].timeLeft() <= 0
}

func (w *world) checkAttempts(c *call) {
	allowed := w.plan.maxAttempts()
	if len(c.attempts) > allowed {
		w.broke("attempts", "call %d, %s, was attempted %d times, %d are allowed", c.id, c.op, len(c.attempts), allowed)
	}
	if c.told.Attempts != len(c.attempts) {
		w.broke("attempts", "call %d, %s, was attempted %d times, %d were told", c.id, c.op, len(c.attempts), c.told.Attempts)
	}
}

// checkRetryAfter wants the platform's wish for peace respected.
func (w *world) checkRetryAfter(c *call) {
	for i := range len(c.attempts) - 1 {
		a, next := c.attempts[i], c.attempts[i+1]
		wanted, known := a.asksToRepeat()
		if waited := next.start.Sub(a.end); known && wanted < forEver && waited < wanted {
			w.broke("retry-after", "call %d, %s, was repeated after %v, the platform had asked for %v", c.id, c.op, waited, wanted)
		}
	}
}

func (p plan) maxAttempts() int {
	if p.policy.MaxAttempts == 0 {
		return 3
	}
	return p.policy.MaxAttempts
}

func (w *world) checkWaitText(c *call) {
	if c.told.Err == nil || !strings.Contains(c.told.Err.Error(), "while waiting for a retry") {
		return
	}
	if last := c.attempts[len(c.attempts)-1]; !c.end.After(last.end) {
		w.broke("wait-text", "call %d, %s, did not wait, but says %q", c.id, c.op, c.told.Err)
	}
}
