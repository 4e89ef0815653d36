package simulation

import (
	"context"
	"strings"
	"time"
)

// checkSecrecy looks for what a store must not see in what it is given.
func (s *store) checkSecrecy(method string, texts ...string) {
	for _, text := range texts {
		for _, secret := range []string{"at-", shop, shopSecret, "platform.test"} {
			if strings.Contains(text, secret) {
				s.world.broke("store-secret", "%s was given %q", method, text)
			}
		}
	}
}

// checkCtx wants every ctx of the store bounded, and the one that gives the lock back alive.
func (s *store) checkCtx(ctx context.Context, method string) {
	timeout := s.world.plan.timeout
	bound := map[string]time.Duration{
		"Lock": min(5*time.Second, timeout/2), "Get": min(time.Second, timeout/4), "Delete": min(time.Second, timeout),
		"Set": time.Second, "Unlock": time.Second,
	}[method]
	deadline, ok := ctx.Deadline()
	switch {
	case !ok:
		s.world.broke("store-ctx", "%s was given a ctx without a deadline", method)
	case time.Until(deadline) > bound:
		s.world.broke("store-ctx", "%s was given %v, more than %v", method, time.Until(deadline), bound)
	case method == "Unlock" && ctx.Err() != nil:
		s.world.broke("store-ctx", "Unlock was given a ctx that has ended")
	}
}

// checkSet wants a token that its machine has fetched just now, and under a lock that lasts.
func (l *lease) checkSet(value string, ttl time.Duration) {
	token := l.shared.name(value)
	if token == "" || ttl <= 0 || ttl > 2*time.Hour {
		l.world.broke("store-set", "Set was called with the token %q and a lifetime of %v", token, ttl)
	}
	if age := time.Since(l.asked); age >= l.ttl {
		l.world.broke("lock-ttl", "Set was called %v after the lock, which lasts %v", age, l.ttl)
	}
}

// checkNewest wants no token replaced by one that was issued before it. Callers hold the store's mutex.
func (l *lease) checkNewest(name string) {
	l.world.mu.Lock()
	token := l.world.issued[name]
	l.world.mu.Unlock()
	if token == nil {
		l.world.broke("store-set", "%q was stored, which the platform has not issued", name)
		return
	}
	if newest := l.shared.newest; newest != nil && token.issuedAt.Before(newest.issuedAt) {
		l.world.broke("store-newest", "%s was stored, although %s is newer", name, newest.name)
		return
	}
	l.shared.newest = token
}

// checkLocks wants every lock given back, unless a call hung that the store was left alone for.
func (w *world) checkLocks() {
	w.shared.mu.Lock()
	defer w.shared.mu.Unlock()
	for _, l := range w.shared.leases {
		if !l.givenBack && !l.hung() {
			w.broke("lock-kept", "machine %d has not given back the lock that it got at %v", l.number, l.asked.Sub(w.start))
		}
	}
}

// hung reports whether a call of the machine took longer than it was allowed to while it held the lock, or so shortly
// before that the call was not over. Callers hold the store's mutex.
func (l *lease) hung() bool {
	const longest = 10*time.Second + 2*time.Minute
	for _, since := range l.stuck {
		if since.After(l.asked.Add(-longest)) && since.Before(l.asked.Add(l.ttl)) {
			return true
		}
	}
	return false
}
