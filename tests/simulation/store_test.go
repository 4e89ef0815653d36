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

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/seal"
)

// A storePlan is what is wrong with the token store of a scenario.
type storePlan struct {
	on      bool
	trouble float64 // how likely a step goes wrong
	faults  []fault // in which ways
	unlock  float64 // how likely giving back the lock goes wrong
	loses   float64 // how likely the store forgets who holds a lock, as a failover does
	lies    float64 // how likely Get says what is not so
	lie     []lie
}

type lie int

const (
	lieWrongToken lie = iota // a new one each time
	lieDeadToken             // that the platform issued, and that is no more
	lieLifetime              // of a good token
	lieOldToken              // the first one that there ever was
	lieForeign               // no value of this source's
	lieKinds
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
	p.loses = pick(d, 0, 0, 0.3, 1)
	p.lies = pick(d, 0, 0, 0.3, 1)
	p.lie = []lie{pick(d, lieWrongToken, lieDeadToken, lieLifetime, lieOldToken, lieForeign), lie(d.IntN(int(lieKinds)))}
	return p
}

// A sharedStore is what the machines have in common.
type sharedStore struct {
	sealer *seal.Sealer // of the sources
	stuck  atomic.Int64 // calls of it that take longer than they are allowed to

	mu      sync.Mutex // guards what follows
	entry   entry
	lock    lock
	leases  []*lease
	newest  *accessToken // that was ever stored
	first   string
	oddGets int
}

func newSharedStore() *sharedStore {
	sealer, err := seal.New(baseURL, shop, shopSecret)
	if err != nil {
		panic(err)
	}
	return &sharedStore{sealer: sealer, lock: lock{freed: make(chan struct{})}}
}

type entry struct {
	value string
	ends  time.Time
}

// name returns the token in a value, for the history and the rules; "" if there is none.
func (s *sharedStore) name(value string) string {
	token, _ := s.sealer.Open(value)
	return token
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
	stuck  []time.Time // since when calls took longer than they were allowed to; guarded by shared.mu
}

// step goes wrong as the plan has it.
func (s *store) step(ctx context.Context, method string) error {
	s.checkCtx(ctx, method)
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

// stick takes its time, whatever the ctx says.
func (s *store) stick(d time.Duration) {
	s.shared.stuck.Add(1)
	defer s.shared.stuck.Add(-1)
	s.shared.mu.Lock()
	s.stuck = append(s.stuck, time.Now())
	s.shared.mu.Unlock()
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

func (s *store) Get(ctx context.Context, key string) (value string, ttl time.Duration, err error) {
	s.checkSecrecy("Get", key)
	if err := s.step(ctx, "Get"); err != nil {
		return "", 0, err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	honest := true
	if left := time.Until(s.shared.entry.ends); left > 0 {
		value, ttl = s.shared.entry.value, left
	}
	if s.dice.chance(s.world.plan.store.lies) {
		value, ttl = s.lie(value, ttl)
		honest = false
		s.world.met(storeLies)
	}
	token := s.shared.name(value)
	s.world.add("store: Get on machine %d: %q for %v, honest %v", s.number, cmp.Or(token, value), ttl, honest)
	if token != "" {
		s.world.gave(s.machine, gift{at: time.Now(), token: token, ttl: ttl, honest: honest})
	}
	return value, ttl, nil
}

// lie returns something else than what is in the store.
func (s *store) lie(value string, ttl time.Duration) (string, time.Duration) {
	seal := s.shared.sealer.Seal
	switch pick(s.dice, s.world.plan.store.lie...) {
	case lieWrongToken:
		s.shared.oddGets++
		return seal(fmt.Sprintf("wrong-%d", s.shared.oddGets)), time.Hour
	case lieDeadToken:
		return seal(s.world.deadToken()), time.Hour
	case lieLifetime:
		value = cmp.Or(value, seal(cmp.Or(s.shared.first, "of-somebody-else")))
		return value, pick(s.dice, -time.Hour, 0, 1, time.Second, time.Minute, 1000*time.Hour, math.MaxInt64, math.MinInt64)
	case lieForeign:
		s.world.met(storeForeign)
		return s.foreign(value), time.Hour
	default:
		if s.shared.first == "" {
			return "", time.Hour
		}
		return seal(s.shared.first), time.Hour + ttl
	}
}

// foreign returns what no source of this client has put there, or not like that.
func (s *store) foreign(value string) string {
	s.shared.oddGets++
	plain := fmt.Sprintf("foreign-%d", s.shared.oddGets)
	other, err := seal.New(baseURL, shop, "another secret")
	if err != nil {
		panic(err)
	}
	good := cmp.Or(value, s.shared.sealer.Seal(plain))
	return pick(s.dice, plain, other.Seal(plain), good[1:], good[:len(good)-1], good+good)
}

func (s *store) Delete(ctx context.Context, key, value string) error {
	s.checkSecrecy("Delete", key, value)
	s.world.add("store: Delete on machine %d: %s", s.number, s.shared.name(value))
	if err := s.step(ctx, "Delete"); err != nil {
		return err
	}
	s.shared.mu.Lock()
	defer s.shared.mu.Unlock()
	if s.shared.entry.value == value {
		s.shared.entry = entry{}
	}
	return nil
}

func (s *store) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	s.checkSecrecy("Lock", key)
	asked := time.Now()
	if err := s.step(ctx, "Lock"); err != nil {
		return nil, err
	}
	l, err := s.take(ctx, asked, ttl)
	if err != nil {
		return nil, err
	}
	return l, nil
}
