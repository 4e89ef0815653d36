package simulation

import (
	"context"
	"errors"
	"time"
)

// A lock is the shared store's.
type lock struct {
	holder *lease
	ends   time.Time
	freed  chan struct{} // closed when it is given back or lost
}

func (l *lock) isFree() bool { return l.holder == nil || !time.Now().Before(l.ends) }

func (l *lock) free() {
	l.holder = nil
	close(l.freed)
	l.freed = make(chan struct{})
}

// A lease is a lock that a machine has got. It implements the SDK's Lease.
type lease struct {
	*store
	asked     time.Time
	ttl       time.Duration
	givenBack bool // or the machine has tried to
}

// take waits for the lock. It prefers a lock that is free to a ctx that has ended: if a select has the choice, no seed
// decides.
func (s *store) take(ctx context.Context, asked time.Time, ttl time.Duration) (*lease, error) {
	for {
		l, freed, left := s.tryTake(asked, ttl)
		if l != nil {
			return l, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		timer := time.NewTimer(left)
		select {
		case <-freed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// tryTake takes the lock, or returns what may end it for its holder.
func (s *store) tryTake(asked time.Time, ttl time.Duration) (l *lease, freed <-chan struct{}, left time.Duration) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	lock := &s.shared.lock
	if !lock.isFree() {
		return nil, lock.freed, time.Until(lock.ends)
	}
	l = &lease{store: s, asked: asked, ttl: ttl}
	lock.holder, lock.ends = l, time.Now().Add(ttl)
	s.shared.leases = append(s.shared.leases, l)
	if s.dice.chance(s.world.plan.store.loses) {
		s.loseLater(l, s.dice.scaled(time.Millisecond, time.Minute))
	}
	return l, nil, 0
}

// loseLater has the store forget who holds its lock.
func (s *store) loseLater(l *lease, d time.Duration) {
	time.AfterFunc(d, func() {
		s.shared.mu.Lock()
		defer s.shared.mu.Unlock()
		if s.shared.lock.holder == l && !s.shared.lock.isFree() {
			s.world.add("store: forgets that machine %d has the lock", s.number)
			s.world.met(lockLost)
			s.shared.lock.free()
		}
	})
}

// holds reports whether the lock is still this lease's. Callers hold the store's mutex.
func (l *lease) holds() bool { return l.shared.lock.holder == l && !l.shared.lock.isFree() }

func (l *lease) Set(ctx context.Context, value string, ttl time.Duration) error {
	s := l.shared
	l.checkSecrecy("Set", value)
	l.checkSet(value, ttl)
	l.world.add("store: Set on machine %d: %s for %v", l.number, s.name(value), ttl)
	if err := l.step(ctx, "Set"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.holds() {
		l.world.met(setRefused)
		l.world.add("store: Set on machine %d: refused, another has the lock", l.number)
		return errors.New("the lock is another's")
	}
	l.checkNewest(s.name(value))
	s.entry = entry{value: value, ends: time.Now().Add(ttl)}
	if s.first == "" {
		s.first = s.name(value)
	}
	return nil
}

func (l *lease) Unlock(ctx context.Context) error {
	l.shared.mu.Lock()
	l.givenBack = true
	l.shared.mu.Unlock()
	if err := l.unlockTrouble(ctx); err != nil {
		return err
	}
	l.shared.mu.Lock()
	defer l.shared.mu.Unlock()
	if l.holds() {
		l.shared.lock.free()
	}
	return nil
}

func (l *lease) unlockTrouble(ctx context.Context) error {
	l.checkCtx(ctx, "Unlock")
	l.shared.mu.Lock()
	bad, d, how := l.dice.chance(l.world.plan.store.unlock), l.dice.scaled(time.Millisecond, time.Minute), l.dice.IntN(4)
	l.shared.mu.Unlock()
	if !bad {
		return ctx.Err()
	}
	l.world.met(unlockTrouble)
	l.world.add("store: Unlock on machine %d: takes %v, in way %d", l.number, d, how)
	switch how {
	case 0:
		panic("the store panics in Unlock")
	case 1:
		return errors.New("the store is down")
	case 2:
		return sleep(ctx, d)
	default:
		l.stick(d)
		return ctx.Err()
	}
}
