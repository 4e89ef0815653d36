package simulation

import (
	"context"
	"net/http/httptrace"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A call is one call of the SDK, as its observer is told of it: also those that a token source makes by itself.
type call struct {
	id       int
	op       string
	machine  *machine
	visit    *visit // whose caller waits for it; nil if nobody does
	start    time.Time
	end      time.Time // zero while it is under way
	told     openplatform.CallEnd
	attempts []*attempt
}

// An attempt is one of the call's.
type attempt struct {
	call       *call
	number     int
	start, end time.Time
	deadline   time.Time // of its ctx
	told       openplatform.AttemptEnd
	deliveries []*delivery
}

// A step is one event in the life of the retry quota.
type step struct {
	when    when
	attempt *attempt // the last one, if the call ends
}

type when int

const (
	attemptBegins when = iota
	attemptEnds
	callEnds
)

type (
	visitKey struct{}
	callKey  struct{}
)

// A watcher is a machine's observer.
type watcher struct{ *machine }

func (m watcher) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	if start.Composite { // the rules are about the calls that it consists of
		return ctx, nil
	}
	w := m.world
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &call{id: len(w.calls) + 1, op: start.Operation, machine: m.machine, start: time.Now()}
	c.visit, _ = ctx.Value(visitKey{}).(*visit)
	if c.visit != nil && isOfSource(c.visit.op) && c.op == opGetAccessToken {
		c.visit = nil // the fetch is the source's own
	}
	if c.visit != nil {
		c.visit.calls = append(c.visit.calls, c)
	}
	w.calls = append(w.calls, c)
	w.add("sdk: call %d begins: %s on machine %d", c.id, c.op, m.number)
	return context.WithValue(ctx, callKey{}, c), func(e openplatform.CallEnd) {
		w.mu.Lock()
		defer w.mu.Unlock()
		c.end, c.told = time.Now(), e
		if n := len(c.attempts); n > 0 {
			m.steps = append(m.steps, step{when: callEnds, attempt: c.attempts[n-1]})
		}
		w.add("sdk: call %d ends: %v after %d attempts: %v", c.id, e.Outcome, e.Attempts, e.Err)
	}
}

func (m watcher) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	w := m.world
	w.mu.Lock()
	defer w.mu.Unlock()
	c, _ := ctx.Value(callKey{}).(*call)
	a := &attempt{call: c, number: len(c.attempts) + 1, start: time.Now()}
	a.deadline, _ = ctx.Deadline()
	c.attempts = append(c.attempts, a)
	m.steps = append(m.steps, step{when: attemptBegins, attempt: a})
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if l, ok := info.Conn.(*line); ok {
			l.owner.Store(a)
		}
	}})
	return ctx, func(e openplatform.AttemptEnd) {
		w.mu.Lock()
		defer w.mu.Unlock()
		a.end, a.told = time.Now(), e
		m.steps = append(m.steps, step{when: attemptEnds, attempt: a})
	}
}
