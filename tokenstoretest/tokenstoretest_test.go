package tokenstoretest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/tokenstoretest"
)

// A memory is a store as it should be, but for what broken says.
type memory struct {
	broken string

	mu     sync.Mutex
	values map[string]entry
	locks  map[string]*lease
}

type entry struct {
	value string
	ends  time.Time
}

type lease struct {
	*memory
	key  string
	ends time.Time
}

func (m *memory) is(fault string) bool { return m.broken == fault }

func (m *memory) keyOf(key string) string {
	if m.is("one key for all") {
		return ""
	}
	return key
}

func (m *memory) Get(_ context.Context, key string) (string, time.Duration, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.values[m.keyOf(key)]
	left := time.Until(e.ends)
	switch {
	case e.value == "" && m.is("an error for nothing"):
		return "", 0, errors.New("not found")
	case m.is("values live on") && e.value != "":
		return e.value, time.Hour, nil
	case left <= 0:
		return "", 0, nil
	case m.is("ttl of what was set"):
		return e.value, time.Hour, nil
	case m.is("ttl forgotten"):
		return e.value, time.Second, nil
	case m.is("cut to 255"):
		return e.value[:min(len(e.value), 255)], left, nil
	}
	return e.value, left, nil
}

func (m *memory) Delete(_ context.Context, key, value string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key = m.keyOf(key)
	_, locked := m.locks[key]
	switch {
	case m.is("Delete deletes nothing"), locked && m.is("Delete needs the lock"):
		return nil
	case m.values[key].value == value, m.is("Delete does not compare"):
		delete(m.values, key)
	case m.is("Delete of another is an error"):
		return errors.New("it is another")
	}
	return nil
}

func (m *memory) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	lockKey := m.keyOf(key)
	if m.is("one lock for all") {
		lockKey = ""
	}
	for {
		free := m.free(lockKey)
		if m.is("Lock looks and then takes") && free {
			time.Sleep(time.Millisecond)
		}
		if l := m.tryLock(lockKey, key, ttl, free); l != nil {
			if m.is("a lock for its ctx") {
				context.AfterFunc(ctx, func() { _ = l.Unlock(ctx) })
			}
			return l, nil
		}
		switch {
		case m.is("Lock does not wait"):
			return nil, errors.New("taken")
		case m.is("nil for taken"):
			return nil, nil //nolint:nilnil // that is what is broken
		}
		time.Sleep(10 * time.Millisecond)
		if ctx.Err() != nil && !m.is("Lock ignores ctx") {
			if m.is("a lock and an error") {
				go m.lockLater(lockKey, key, ttl)
			}
			return nil, ctx.Err()
		}
	}
}

func (m *memory) lockLater(lockKey, key string, ttl time.Duration) {
	for range 5000 {
		if m.tryLock(lockKey, key, ttl, false) != nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (m *memory) free(lockKey string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.isFree(lockKey)
}

func (m *memory) isFree(lockKey string) bool {
	holder := m.locks[lockKey]
	return holder == nil || !time.Now().Before(holder.ends) && !m.is("locks live on")
}

func (m *memory) tryLock(lockKey, key string, ttl time.Duration, free bool) *lease {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.isFree(lockKey), m.is("no lock"), free && m.is("Lock looks and then takes"):
	default:
		return nil
	}
	if m.is("locks end early") {
		ttl -= time.Second
	}
	l := &lease{memory: m, key: lockKey, ends: time.Now().Add(ttl)}
	m.locks[lockKey] = l
	return &lease{memory: m, key: key, ends: l.ends}
}

func (l *lease) lockKey() string {
	if l.is("one lock for all") {
		return ""
	}
	return l.keyOf(l.key)
}

func (l *lease) holds() bool {
	holder := l.locks[l.lockKey()]
	return holder != nil && holder.ends.Equal(l.ends) && time.Now().Before(l.ends)
}

func (l *lease) Set(_ context.Context, value string, ttl time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := l.keyOf(l.key)
	switch {
	case l.is("Set does not look at the lock"):
	case l.is("Set looks at another's lock alone"):
		if holder := l.locks[l.lockKey()]; holder != nil && !holder.ends.Equal(l.ends) {
			return errors.New("lost")
		}
	case !l.holds():
		if l.is("Set says nothing") {
			return nil
		}
		if l.is("Set says no and stores") {
			l.values[key] = entry{value, time.Now().Add(ttl)}
		}
		return errors.New("lost")
	}
	if l.is("Set never replaces") && l.values[key].value != "" {
		return nil
	}
	l.values[key] = entry{value, time.Now().Add(ttl)}
	return nil
}

func (l *lease) Unlock(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holds() && !l.is("Unlock does nothing") || l.is("Unlock frees any") {
		delete(l.locks, l.lockKey())
	}
	if l.is("Unlock fails") {
		return fmt.Errorf("%w", errors.Join(ctx.Err(), errors.New("no")))
	}
	return nil
}

// A report is what Run says of a store.
type report []string

func (*report) Helper() {}

func (r *report) Errorf(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func run(t *testing.T, broken string) (r report) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		m := &memory{broken: broken, values: map[string]entry{}, locks: map[string]*lease{}}
		tokenstoretest.Run(&r, func() openplatform.TokenStore { return m })
	})
	return r
}

func TestAGoodStoreIsNotReported(t *testing.T) {
	assert.Empty(t, run(t, ""))
}

// A rule that no store can break is none.
func TestABrokenStoreIsReported(t *testing.T) {
	for broken, rule := range map[string]string{
		"an error for nothing":              "a missing value is not an error",
		"values live on":                    "a value expires",
		"ttl of what was set":               "Get returns the value that was set",
		"ttl forgotten":                     "Get returns the value that was set",
		"cut to 255":                        "a value may be as long as a token",
		"one key for all":                   "keys are independent",
		"one lock for all":                  "keys are independent",
		"Delete deletes nothing":            "Delete compares",
		"Delete needs the lock":             "Delete compares",
		"Delete does not compare":           "Delete compares",
		"Delete of another is an error":     "Delete compares",
		"Lock does not wait":                "a waiting caller gets the lock",
		"nil for taken":                     "a waiting caller gets the lock",
		"Lock ignores ctx":                  "a lock has one holder",
		"a lock for its ctx":                "a lock outlives the ctx",
		"a lock and an error":               "a lock has one holder",
		"no lock":                           "a lock has one holder",
		"Lock looks and then takes":         "many callers take turns",
		"locks live on":                     "a lock expires",
		"locks end early":                   "a lock expires",
		"Set does not look at the lock":     "after Unlock nothing is stored",
		"Set looks at another's lock alone": "after a lost lock nothing is stored",
		"Set says nothing":                  "after a lost lock nothing is stored",
		"Set says no and stores":            "after a lost lock nothing is stored",
		"Set never replaces":                "a value is replaced",
		"Unlock does nothing":               "a waiting caller gets the lock",
		"Unlock frees any":                  "after a lost lock Unlock keeps the next holder's lock",
		"Unlock fails":                      "many callers take turns",
	} {
		t.Run(broken, func(t *testing.T) {
			assert.Contains(t, strings.Join(run(t, broken), "\n"), rule)
		})
	}
}
