package simulation

import (
	"slices"
	"time"
)

const (
	longestLife   = 2 * time.Hour
	renewedBefore = 10 * time.Minute // its end, at the earliest
	rest          = time.Second      // between two fetches
)

// checkTokens holds what a machine's token source did against the rules.
func (w *world) checkTokens(m *machine) {
	w.checkFetches(m)
	starving := time.Time{}
	for _, v := range w.visits {
		if v.machine != m || v.panics != nil {
			continue
		}
		w.checkHeld(v)
		w.checkDenied(v, &starving)
		w.checkUse(v)
	}
}

func (w *world) fetchesOf(m *machine) (fetches []*call) {
	for _, c := range w.calls {
		if c.machine == m && c.op == opGetAccessToken && (c.visit == nil || c.visit.op != opGetAccessToken) {
			fetches = append(fetches, c)
		}
	}
	return fetches
}

// got returns the token that a fetch brought, and how long it lives as far as the source knows; nil if it brought none.
func (c *call) got() (token *accessToken, told time.Duration) {
	deliveries := c.deliveries()
	if len(deliveries) == 0 {
		return nil, 0
	}
	last := deliveries[len(deliveries)-1]
	if !last.succeeded() || last.answeredAt.After(c.end) {
		return nil, 0
	}
	return last.issued, last.told
}

// checkFetches wants a reason for every fetch.
func (w *world) checkFetches(m *machine) {
	fetches := w.fetchesOf(m)
	for i := range fetches {
		if i == 0 || fetches[i-1].end.IsZero() {
			continue
		}
		before, c := fetches[i-1], fetches[i]
		after := c.start.Sub(before.end)
		token, told := before.got()
		switch {
		case after < 0:
			w.broke("fetch-overlap", "call %d fetches a token while call %d is under way", c.id, before.id)
		case token == nil && after < rest:
			w.broke("fetch-rate", "call %d fetches a token %v after call %d failed", c.id, after, before.id)
		case token == nil: // it may try again
		case after < min(rest, w.plan.timeout/4):
			w.broke("fetch-rate", "call %d fetches a token %v after call %d got %s", c.id, after, before.id, token.name)
		case after < shortestUse(told) && !w.wasTaken(m, token.name, before.start, c.start):
			w.broke("fetch-rate", "call %d fetches a token %v after call %d got %s, for no reason", c.id, after, before.id, token.name)
		}
	}
}

// shortestUse returns how long a fetched token must be used before the next one is fetched, times being told in whole
// seconds. If it cannot be known how long it lives, it can be guessed.
func shortestUse(told time.Duration) time.Duration {
	if told == 0 {
		return time.Minute
	}
	return max(told-renewedBefore, told/2, 2*time.Second) - 2*time.Second
}

// wasTaken reports whether there was a reason between two fetches to need another token: the first was rejected, or one
// from the store took its place.
func (w *world) wasTaken(m *machine, token string, from, to time.Time) bool {
	within := func(at time.Time) bool { return !at.Before(from) && !at.After(to) }
	return slices.ContainsFunc(w.rejectedAt[token], within) ||
		slices.ContainsFunc(m.gifts, func(g gift) bool { return within(g.at) })
}

// checkHeld looks at what Token handed out, and whether it could have.
func (w *world) checkHeld(v *visit) {
	if v.op != opToken {
		return
	}
	held, at, told := w.lastFetched(v.machine, v.start)
	knownEnd := at.Add(told - 2*time.Second) // times are told in whole seconds
	if held != nil && w.mustServe(v, held, knownEnd) {
		switch {
		case v.err != nil:
			w.broke("token-refused", "visit %d got %v while %s was in memory and valid", v.id, v.err, held.name)
		case v.took() > 0:
			w.broke("token-late", "visit %d waited %v while %s was in memory and valid", v.id, v.took(), held.name)
		}
	}
	if v.err == nil {
		w.checkHandedOut(v)
	}
}

// lastFetched returns the token that a machine fetched last before a time, when it did, and for how long it lives as far
// as the source knows.
func (w *world) lastFetched(m *machine, before time.Time) (token *accessToken, at time.Time, told time.Duration) {
	for _, c := range w.fetchesOf(m) {
		if got, life := c.got(); got != nil && c.end.Before(before) {
			token, at, told = got, c.end, life
		}
	}
	return token, at, told
}

// mustServe reports whether a token that was fetched before is certainly good all through v, by what the source can
// know.
func (w *world) mustServe(v *visit, token *accessToken, knownEnd time.Time) bool {
	switch {
	case len(w.rejectedAt[token.name]) > 0:
		return false
	case !v.ctxEnd.IsZero() && !v.ctxEnd.After(v.start):
		return false
	case len(v.machine.gifts) > 0: // the store may have cut its life short
		return false
	}
	return v.end.Before(knownEnd)
}

// adoptedAt returns when a machine last got hold of a token before a time.
func (w *world) adoptedAt(m *machine, name string, before time.Time) (at time.Time) {
	for _, c := range w.fetchesOf(m) {
		if token, _ := c.got(); token != nil && token.name == name && !c.end.After(before) {
			at = c.end
		}
	}
	for _, g := range m.gifts {
		if g.token == name && g.at.After(at) && !g.at.After(before) {
			at = g.at
		}
	}
	return at
}

// checkHandedOut looks at the end of the token that v got.
func (w *world) checkHandedOut(v *visit) {
	came := w.adoptedAt(v.machine, v.token, v.end)
	if v.end.Sub(came) > longestLife {
		w.broke("token-lifetime", "visit %d got %s, %v after it came", v.id, v.token, v.end.Sub(came))
	}
	token := w.issued[v.token]
	if given := func(g gift) bool { return g.token == v.token }; token == nil && !slices.ContainsFunc(v.machine.gifts, given) {
		w.broke("token-forged", "visit %d got %s, which neither platform nor store gave away", v.id, v.token)
	}
	if token == nil || !token.sane || w.liedAbout(v.machine, v.token) {
		return
	}
	// Times are told in whole seconds, and the answer takes its time. Without a Date nobody knows that a clock is minutes
	// off: such a token may be handed out while the next one is fetched.
	slack := time.Second + w.plan.latency
	if !w.clock.date || w.clock.garbled {
		slack += tolerableOffset
	}
	if over := v.end.Sub(token.ends); over > slack {
		w.broke("token-expired", "visit %d got %s, %v after its end", v.id, v.token, over)
	}
}

func (w *world) liedAbout(m *machine, token string) bool {
	return slices.ContainsFunc(m.gifts, func(g gift) bool {
		end := w.issued[token].ends.Add(time.Second + w.plan.latency)
		return g.token == token && g.at.Add(min(g.ttl, longestLife)).After(end)
	})
}

// checkDenied wants every caller served who can be.
func (w *world) checkDenied(v *visit, starving *time.Time) {
	killEachOther := w.plan.machines > 1 && w.plan.tokenWorld == oldDies
	switch {
	case !w.plan.calm(), killEachOther, v.op == opInvalidate:
	case v.err == nil && v.op == opToken:
		*starving = time.Time{}
	case v.err == nil:
	case v.patience() < w.plan.enough(v.op):
		w.checkStarved(v, starving)
	case v.op == opToken || !w.unlucky(v):
		w.broke("token-denied", "visit %d, %s, patience %s, got %v", v.id, v.op, shownPatience(v), v.err)
	}
}

// checkStarved looks at a caller with little time: somebody's fetch must bring a token once.
func (w *world) checkStarved(v *visit, starving *time.Time) {
	if v.op != opToken || v.patience() == 0 {
		return
	}
	fed := func(g gift) bool { return g.at.After(*starving) && g.at.Before(v.start) }
	_, fetchedAt, _ := w.lastFetched(v.machine, v.start)
	if starving.IsZero() || fetchedAt.After(*starving) || slices.ContainsFunc(v.machine.gifts, fed) {
		*starving = v.start
	}
	if hungry := v.start.Sub(*starving); hungry > w.plan.enough(opToken) {
		w.broke("token-starved", "visit %d got %v, %v after the first that got nothing", v.id, v.err, hungry)
	}
}

// enough is the time in which a source must have brought a token, with a platform that works: five seconds for the
// store's lock, one for its Get, one of rest, and the fetch.
func (p plan) enough(op string) time.Duration {
	fetch := 7*time.Second + 4*p.latency
	if op == opToken {
		return fetch
	}
	return 3*(fetch+4*p.latency) + 4*p.latency
}

// unlucky reports whether tokens died while v was on its way with them, more than the SDK makes up for. It does not ask
// for another one in the second after a token came, and that one may have died on its way.
func (w *world) unlucky(v *visit) bool {
	since := v.start.Add(-rest - 4*w.plan.latency)
	within := func(at time.Time) bool { return !at.Before(since) && !at.After(v.end) }
	return w.plan.lifetime < time.Minute || slices.ContainsFunc(w.revokedAt, within)
}

func (w *world) checkUse(v *visit) {
	if v.op != opUse {
		return
	}
	if len(v.used) > 5 {
		w.broke("use-calls", "visit %d: Use called its function %d times", v.id, len(v.used))
	}
	for i, token := range v.used {
		if slices.Contains(v.used[:i], token) {
			w.broke("use-calls", "visit %d: Use called its function twice with %s", v.id, token)
		}
	}
}
