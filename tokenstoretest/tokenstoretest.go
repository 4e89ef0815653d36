// Package tokenstoretest checks that a token store follows the rules of [openplatform.TokenStore]:
//
//	func TestStore(t *testing.T) {
//		tokenstoretest.Run(t, func() openplatform.TokenStore { return mystore.New(address) })
//	}
//
// It takes about twelve seconds, mostly waits. It does not check how a store behaves if its backend
// hangs, fails or loses data: write your own tests for that.
package tokenstoretest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// TB is the part of testing.TB that Run needs. It keeps package testing out of programs that import
// this package.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Run reports one error to tb for each broken rule. open returns the store of one machine. It is
// called more than once; all stores must share their values. Run uses random keys, and leaves only
// locks and values that expire.
func Run(tb TB, open func() openplatform.TokenStore) {
	tb.Helper()
	for _, r := range rules {
		if err := r.check(&fleet{open: open, one: open(), other: open(), key: newKey()}); err != nil {
			tb.Errorf("%s: %v", r.name, err)
		}
	}
}

var rules = []struct {
	name  string
	check func(*fleet) error
}{
	{"a missing value is not an error", nothing},
	{"Get returns the value that was set", setAndGet},
	{"a value may be as long as a token", long},
	{"a value is replaced", replace},
	{"a value expires", valueEnds},
	{"Delete compares", deleteCompares},
	{"keys are independent", keysApart},
	{"a lock has one holder", oneHolder},
	{"a waiting caller gets the lock", waiter},
	{"a lock outlives the ctx of Lock", outlives},
	{"a caller that gave up has no lock", givenUp},
	{"after Unlock nothing is stored", setAfterUnlock},
	{"a lock expires", lockEnds},
	{"after a lost lock nothing is stored", setAfterEnd},
	{"after a lost lock Unlock keeps the next holder's lock", unlockAfterEnd},
	{"many callers take turns", crowd},
}

const (
	soon    = 300 * time.Millisecond // a short wait
	patient = 20 * time.Second       // the time limit on a busy machine
	forLong = 10 * time.Minute       // longer than a check

	shortest = 2 * time.Second // shortest ttl of a lock that a source requests
	counted  = time.Second     // the resolution of a store's ttl
)

// A fleet is two machines with their stores and keys.
type fleet struct {
	open       func() openplatform.TokenStore
	one, other openplatform.TokenStore
	key        string
}

// newKey returns a key in the format of a source.
func newKey() string {
	var name [32]byte
	_, _ = rand.Read(name[:]) // never fails
	return "openplatform:v1:" + hex.EncodeToString(name[:])
}

func within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// lock takes the lock, which must be free or become free.
func (f *fleet) lock(store openplatform.TokenStore, ttl time.Duration) (openplatform.Lease, error) {
	ctx, cancel := within(patient)
	defer cancel()
	lease, err := f.ask(ctx, store, ttl)
	if err != nil {
		return nil, fmt.Errorf("cannot take a free lock: %w", err)
	}
	return lease, nil
}

// ask calls Lock, which must return a lease or an error.
func (f *fleet) ask(ctx context.Context, store openplatform.TokenStore, ttl time.Duration) (openplatform.Lease, error) {
	lease, err := store.Lock(ctx, f.key, ttl)
	switch {
	case lease == nil && err == nil:
		return nil, errors.New("neither a lease nor an error")
	case lease != nil && err != nil:
		return nil, fmt.Errorf("both a lease and an error: %w", err)
	}
	return lease, err
}

// locked requires that the lock is held: it must wait in vain.
func (f *fleet) locked() error {
	ctx, cancel := within(soon)
	defer cancel()
	asked := time.Now()
	lease, err := f.ask(ctx, f.other, forLong)
	switch {
	case err == nil:
		_ = unlock(lease)
		return errors.New("two callers hold the lock")
	case ctx.Err() == nil:
		return fmt.Errorf("did not wait for the lock: %w", err)
	case time.Since(asked) > patient:
		return fmt.Errorf("waited %v for the lock, %v too long", time.Since(asked), time.Since(asked)-soon)
	}
	return nil
}

func unlock(lease openplatform.Lease) error {
	ctx, cancel := within(patient)
	defer cancel()
	if err := lease.Unlock(ctx); err != nil {
		return fmt.Errorf("cannot release the lock: %w", err)
	}
	return nil
}

func set(lease openplatform.Lease, value string, ttl time.Duration) error {
	ctx, cancel := within(patient)
	defer cancel()
	return lease.Set(ctx, value, ttl)
}

// store stores a value like a source.
func (f *fleet) store(value string) error {
	lease, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	return errors.Join(set(lease, value, forLong), unlock(lease))
}

func (f *fleet) get() (value string, ttl time.Duration, err error) {
	ctx, cancel := within(patient)
	defer cancel()
	value, ttl, err = f.other.Get(ctx, f.key)
	if err != nil {
		return "", 0, fmt.Errorf("cannot get: %w", err)
	}
	if ttl <= 0 { // a source ignores the value
		value = ""
	}
	return value, ttl, nil
}

// holds requires that another machine finds this value, "" for none.
func (f *fleet) holds(want string) error {
	got, _, err := f.get()
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("found %s, want %s", shown(got), shown(want))
	}
	return nil
}

func shown(value string) string {
	if len(value) > 20 {
		return fmt.Sprintf("%q… (%d bytes)", value[:20], len(value))
	}
	return fmt.Sprintf("%q", value)
}

func (f *fleet) remove(value string) error {
	ctx, cancel := within(patient)
	defer cancel()
	if err := f.other.Delete(ctx, f.key, value); err != nil {
		return fmt.Errorf("cannot delete: %w", err)
	}
	return nil
}

// inTurn calls the steps in order until one fails.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

var longValue = strings.Repeat("Az09-_:", 1200) // a token of 6 KB
