package simulation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A storePlan is what is wrong with the token store of a scenario.
type storePlan struct {
	on      bool
	trouble float64 // how likely a step goes wrong
	faults  []fault // in which ways
	unlock  float64 // how likely giving back the lock goes wrong
	lies    float64 // how likely Get says what is not so
	lie     []lie
}

type lie int

const (
	lieWrongToken lie = iota // a new one each time
	lieDeadToken             // that the platform issued, and that is no more
	lieLifetime              // of a good token
	lieOldToken              // the first one that there ever was
)

func drawStore(d dice) storePlan {
	p := storePlan{on: d.chance(0.6)}
	if d.chance(0.3) {
		return p // as a store should be
	}
	p.trouble = pick(d, 0, 0.3, 1)
	all := []fault{storeSlow, storeHangs, storeHangsForGood, storeFails, storePanics}
	p.faults = all
	if d.chance(0.7) {
		p.faults = []fault{pick(d, all...)}
	}
	p.unlock = pick(d, 0, 0, 0.3, 1)
	p.lies = pick(d, 0, 0, 0.3, 1)
	p.lie = []lie{pick(d, lieWrongToken, lieDeadToken, lieLifetime, lieOldToken), lie(d.IntN(4))}
	return p
}

// A sharedStore is what the machines have in common.
type sharedStore struct {
	mu      sync.Mutex
	entries map[string]entry
	locks   map[string]chan struct{}
	first   string
	wrong   int
	granted atomic.Int64 // locks that were not given back
	stuck   atomic.Int64 // calls of it that take longer than they are allowed to
}

type entry struct {
	token string
	ends  time.Time
}

// A gift is a token that the store gave away.
type gift struct {
	at     time.Time
	token  string
	ttl    time.Duration
	honest bool // as far as the store knows
}

// A store is one machine's way to the shared store. It implements the SDK's TokenStore.
type store struct {
	*machine
	shared *sharedStore
	dice   dice
}

// step goes wrong as the plan has it.
func (s *store) step(ctx context.Context, method string) error {
	f, d := s.draw()
	s.world.met(f)
	if f != none {
		s.world.add("store: %s on machine %d: %v", method, s.number, f)
	}
	switch f {
	case storeSlow:
		return sleep(ctx, d)
	case storeHangs:
		return sleep(ctx, 5*time.Minute)
	case storeHangsForGood:
		s.stick(10*time.Second + 2*d)
		return nil
	case storeFails:
		return errors.New("the store is down")
	case storePanics:
		panic("the store panics in " + method)
	}
	return ctx.Err()
}

func (s *store) stick(d time.Duration) {
	s.shared.stuck.Add(1)
	defer s.shared.stuck.Add(-1)
	time.Sleep(d)
}

func (s *store) draw() (fault, time.Duration) {
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	p := s.world.plan.store
	d := s.dice.scaled(time.Millisecond, time.Minute)
	if len(p.faults) == 0 || !s.dice.chance(p.trouble) {
		return none, d
	}
	return pick(s.dice, p.faults...), d
}

func (s *store) Get(ctx context.Context, key string) (token string, ttl time.Duration, err error) {
	if err := s.step(ctx, "Get"); err != nil {
		return "", 0, err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	e := s.shared.entries[key]
	honest := true
	if left := time.Until(e.ends); left > 0 {
		token, ttl = e.token, left
	}
	if s.dice.chance(s.world.plan.store.lies) {
		token, ttl = s.lie(token, ttl)
		honest = false
		s.world.met(storeLies)
	}
	s.world.add("store: Get on machine %d: %s for %v, honest %v", s.number, token, ttl, honest)
	if token != "" {
		s.world.gave(s.machine, gift{at: time.Now(), token: token, ttl: ttl, honest: honest})
	}
	return token, ttl, nil
}

// lie returns something else than what is in the store.
func (s *store) lie(token string, ttl time.Duration) (string, time.Duration) {
	switch pick(s.dice, s.world.plan.store.lie...) {
	case lieWrongToken:
		s.shared.wrong++
		return fmt.Sprintf("wrong-%d", s.shared.wrong), time.Hour
	case lieDeadToken:
		return s.world.deadToken(), time.Hour
	case lieLifetime:
		return cmp.Or(token, s.shared.first, "of-somebody-else"), pick(s.dice, -time.Hour, 0, 1, time.Second, time.Minute, 1000*time.Hour, math.MaxInt64, math.MinInt64)
	default:
		return s.shared.first, time.Hour + ttl
	}
}

func (s *store) Set(ctx context.Context, key, token string, ttl time.Duration) error {
	s.world.add("store: Set on machine %d: %s for %v", s.number, token, ttl)
	if token == "" || ttl <= 0 || ttl > 2*time.Hour {
		s.world.broke("store-set", "Set was called with the token %q and a lifetime of %v", token, ttl)
	}
	if err := s.step(ctx, "Set"); err != nil {
		return err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	s.shared.entries[key] = entry{token: token, ends: time.Now().Add(ttl)}
	if s.shared.first == "" {
		s.shared.first = token
	}
	return nil
}

func (s *store) Delete(ctx context.Context, key, token string) error {
	s.world.add("store: Delete on machine %d: %s", s.number, token)
	if err := s.step(ctx, "Delete"); err != nil {
		return err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if s.shared.entries[key].token == token {
		delete(s.shared.entries, key)
	}
	return nil
}

func (s *store) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if err := s.step(ctx, "Lock"); err != nil {
		return nil, err
	}
	s.shared.mu.Lock()
	lock := s.shared.locks[key]
	if lock == nil {
		lock = make(chan struct{}, 1)
		s.shared.locks[key] = lock
	}
	s.shared.mu.Unlock()
	if err := take(ctx, lock); err != nil {
		return nil, err
	}
	// A lock whose holder died ends by itself.
	var once sync.Once
	free := func() { once.Do(func() { <-lock }) }
	timer := time.AfterFunc(30*time.Second, free)
	s.shared.granted.Add(1)
	var back sync.Once
	return func() {
		back.Do(func() { s.shared.granted.Add(-1) })
		s.unlockTrouble()
		timer.Stop()
		free()
	}, nil
}

// take prefers a lock that is free to a ctx that has ended: if a select has the choice, no seed decides.
func take(ctx context.Context, lock chan struct{}) error {
	select {
	case lock <- struct{}{}:
		return nil
	default:
	}
	select {
	case lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *store) unlockTrouble() {
	s.shared.mu.Lock()
	bad, d, panics := s.dice.chance(s.world.plan.store.unlock), s.dice.scaled(time.Millisecond, time.Minute), s.dice.chance(0.2)
	s.shared.mu.Unlock()
	if !bad {
		return
	}
	s.world.met(unlockTrouble)
	s.world.add("store: unlock on machine %d: takes %v, panics: %v", s.number, d, panics)
	if panics {
		panic("the store panics in unlock")
	}
	s.stick(d)
}
