// Package tokenstoretest holds a token store to what [openplatform.TokenStore] asks of one:
//
//	func TestStore(t *testing.T) {
//		tokenstoretest.Run(t, func() openplatform.TokenStore { return mystore.New(address) })
//	}
//
// It takes some twelve seconds, most of which it waits. What it cannot see is how a store does when
// what is behind it hangs, fails or forgets: that is worth tests of its own.
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

// TB is the part of testing.TB that Run needs. It is an interface of our own so that package
// testing stays out of programs that import this one.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// Run makes tb fail once for each rule that is broken. open returns a store of one machine: it
// is called more than once, and what one machine stores the others must find. Run uses random
// keys and leaves little behind in them, but locks and values that end by themselves.
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
	{"what is not there is no error", nothing},
	{"what is set is got", setAndGet},
	{"a value is as long as a token may be", long},
	{"a value is replaced", replace},
	{"a value ends", valueEnds},
	{"Delete compares", deleteCompares},
	{"keys are apart", keysApart},
	{"a lock has one holder", oneHolder},
	{"who waits gets the lock", waiter},
	{"a lock outlives the ctx that it was asked for with", outlives},
	{"who has given up has no lock", givenUp},
	{"who has given the lock back stores nothing", setAfterUnlock},
	{"a lock ends by itself", lockEnds},
	{"who has lost the lock stores nothing", setAfterEnd},
	{"who has lost the lock leaves the next holder's alone", unlockAfterEnd},
	{"many take turns", crowd},
}

const (
	soon    = 300 * time.Millisecond // what is to be waited for
	patient = 20 * time.Second       // what should happen at once, on a machine that is busy
	forLong = 10 * time.Minute       // nothing of that length ends during a check

	shortest = 2 * time.Second // ttl of a lock that a source asks for
	counted  = time.Second     // by a store, as a whole
)

// A fleet is two machines, and what they use.
type fleet struct {
	open       func() openplatform.TokenStore
	one, other openplatform.TokenStore
	key        string
}

// newKey returns a key as a source gives it.
func newKey() string {
	var name [32]byte
	_, _ = rand.Read(name[:]) // never fails
	return "openplatform:v1:" + hex.EncodeToString(name[:])
}

func within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

// lock takes the lock, which must be free or become so.
func (f *fleet) lock(store openplatform.TokenStore, ttl time.Duration) (openplatform.Lease, error) {
	ctx, cancel := within(patient)
	defer cancel()
	lease, err := f.ask(ctx, store, ttl)
	if err != nil {
		return nil, fmt.Errorf("cannot take a lock that is free: %w", err)
	}
	return lease, nil
}

// ask returns what Lock does, which must be a lease or an error.
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

// locked wants the lock to be somebody's, whom it waits for in vain.
func (f *fleet) locked() error {
	ctx, cancel := within(soon)
	defer cancel()
	asked := time.Now()
	lease, err := f.ask(ctx, f.other, forLong)
	switch {
	case err == nil:
		_ = unlock(lease)
		return errors.New("two have the lock")
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
		return fmt.Errorf("cannot give the lock back: %w", err)
	}
	return nil
}

func set(lease openplatform.Lease, value string, ttl time.Duration) error {
	ctx, cancel := within(patient)
	defer cancel()
	return lease.Set(ctx, value, ttl)
}

// store stores a value as a source does.
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
	if ttl <= 0 { // a source takes no notice of it
		value = ""
	}
	return value, ttl, nil
}

// holds wants another machine to find this value, "" for none.
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

// inTurn does one thing after the other, until one goes wrong.
func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

var longValue = strings.Repeat("Az09-_:", 1200) // a token of 6 KB
