package tokenstoretest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

func nothing(f *fleet) error {
	return inTurn(
		func() error { return f.holds("") },
		func() error { return f.remove("a") },
	)
}

func setAndGet(f *fleet) error {
	asked := time.Now()
	if err := f.store("a"); err != nil {
		return err
	}
	if err := f.holds("a"); err != nil {
		return err
	}
	_, ttl, err := f.get()
	if err != nil {
		return err
	}
	if least := forLong - time.Since(asked) - counted; ttl > forLong || ttl < least {
		return fmt.Errorf("found a ttl of %v for a value that was stored for %v", ttl, forLong)
	}
	return nil
}

func long(f *fleet) error {
	return inTurn(
		func() error { return f.store(longValue) },
		func() error { return f.holds(longValue) },
	)
}

func replace(f *fleet) error {
	return inTurn(
		func() error { return f.store("a") },
		func() error { return f.store("b") },
		func() error { return f.holds("b") },
	)
}

func valueEnds(f *fleet) error {
	lease, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	defer unlock(lease) //nolint:errcheck // only the value is checked
	asked := time.Now()
	if err := set(lease, "a", shortest); err != nil {
		return fmt.Errorf("cannot set: %w", err)
	}
	value, _, err := f.get()
	if err == nil && value == "" && time.Since(asked) < shortest-counted {
		err = errors.New("the value is gone before it expired")
	}
	if err != nil {
		return err
	}
	time.Sleep(shortest)
	return eventually(func() error { return f.holds("") })
}

// eventually repeats check until it succeeds or the time is up.
func eventually(check func() error) error {
	for begun := time.Now(); ; time.Sleep(soon / 10) {
		if err := check(); err == nil || time.Since(begun) > patient {
			return err
		}
	}
}

func deleteCompares(f *fleet) error {
	if err := f.store("a"); err != nil {
		return err
	}
	lease, err := f.lock(f.one, forLong) // Delete needs no lock
	if err != nil {
		return err
	}
	defer unlock(lease) //nolint:errcheck // only the value is checked
	return inTurn(
		func() error { return f.remove("b") },
		func() error { return f.holds("a") },
		func() error { return f.remove("a") },
		func() error { return f.holds("") },
		func() error { return f.remove("a") },
	)
}

func keysApart(f *fleet) error {
	next := *f
	next.key = newKey()
	lease, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	defer unlock(lease) //nolint:errcheck // only the other key is checked
	return inTurn(
		func() error { return next.store("b") },
		func() error { return set(lease, "a", forLong) },
		func() error { return next.holds("b") },
		func() error { return next.remove("a") },
		func() error { return f.remove("b") },
		func() error { return next.holds("b") },
		func() error { return f.holds("a") },
	)
}

func oneHolder(f *fleet) error {
	lease, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	return inTurn(
		f.locked,
		func() error { return set(lease, "a", forLong) },
		f.locked,
		func() error { return f.holds("a") },
		func() error { return unlock(lease) },
		f.free,
	)
}

// free requires that the lock is or becomes free, also of callers that gave up.
func (f *fleet) free() error {
	time.Sleep(soon)
	lease, err := f.lock(f.other, forLong)
	if err != nil {
		return err
	}
	return unlock(lease)
}

func waiter(f *fleet) error {
	first, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	var released atomic.Bool
	got := make(chan error, 1)
	go func() {
		second, err := f.lock(f.other, forLong)
		switch {
		case err != nil:
			got <- err
		case !released.Load():
			got <- errors.New("two callers hold the lock")
		default:
			got <- errors.Join(set(second, "b", forLong), unlock(second))
		}
	}()
	time.Sleep(soon)
	released.Store(true)
	if err := unlock(first); err != nil {
		return err
	}
	return errors.Join(<-got, f.holds("b"))
}

func outlives(f *fleet) error {
	ctx, cancel := within(patient)
	lease, err := f.ask(ctx, f.one, forLong)
	cancel()
	if err != nil {
		return err
	}
	return inTurn(
		f.locked,
		func() error { return set(lease, "a", forLong) },
		func() error { return f.holds("a") },
		func() error { return unlock(lease) },
		f.free,
	)
}

func givenUp(f *fleet) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if lease, err := f.ask(ctx, f.one, forLong); err == nil { // late, but a lock
		return errors.Join(unlock(lease), f.free())
	}
	return f.free()
}

func setAfterUnlock(f *fleet) error {
	lease, err := f.lock(f.one, forLong)
	if err != nil {
		return err
	}
	if err := unlock(lease); err != nil {
		return err
	}
	return f.refused(lease, "")
}

// refused requires that a lease stores nothing, and that the stored value stays.
func (f *fleet) refused(lease openplatform.Lease, want string) error {
	if err := set(lease, "late", forLong); err == nil {
		return errors.New("a call of Set without the lock returns no error")
	}
	return f.holds(want)
}

// lost returns a lease whose lock has expired.
func (f *fleet) lost() (openplatform.Lease, error) {
	lease, err := f.lock(f.one, shortest)
	if err == nil {
		time.Sleep(shortest + counted)
	}
	return lease, err
}

func lockEnds(f *fleet) error {
	asked := time.Now()
	if _, err := f.lock(f.one, shortest); err != nil {
		return err
	}
	lease, err := f.lock(f.other, forLong)
	if err != nil {
		return err
	}
	if took := time.Since(asked); took < shortest {
		return fmt.Errorf("a lock of %v has expired after %v", shortest, took)
	}
	return unlock(lease)
}

func setAfterEnd(f *fleet) error {
	if err := f.store("a"); err != nil {
		return err
	}
	lease, err := f.lost()
	if err != nil {
		return err
	}
	return inTurn(
		func() error { return f.refused(lease, "a") },
		func() error { return f.store("b") },
		func() error { return f.refused(lease, "b") },
	)
}

func unlockAfterEnd(f *fleet) error {
	lease, err := f.lost()
	if err != nil {
		return err
	}
	next, err := f.lock(f.other, forLong)
	if err != nil {
		return err
	}
	_ = unlock(lease) // an error is allowed
	return inTurn(
		f.locked,
		func() error { return f.refused(lease, "") },
		func() error { return set(next, "a", forLong) },
		func() error { return f.holds("a") },
		func() error { return unlock(next) },
	)
}

// crowd lets four machines with four goroutines each take the lock repeatedly.
func crowd(f *fleet) error {
	const machines, goroutines, rounds = 4, 4, 3
	var inside atomic.Int64
	turn := func(store openplatform.TokenStore, value string) error {
		lease, err := f.lock(store, forLong)
		if err != nil {
			return err
		}
		if inside.Add(1) > 1 {
			err = errors.New("two callers hold the lock")
		}
		time.Sleep(soon / 30)
		err = errors.Join(err, set(lease, value, forLong), f.holds(value))
		inside.Add(-1)
		return errors.Join(err, unlock(lease))
	}
	errs := make([]error, machines*goroutines)
	var wg sync.WaitGroup
	for machine := range machines {
		store := f.open()
		for goroutine := range goroutines {
			n := machine*goroutines + goroutine
			wg.Go(func() {
				for round := 0; round < rounds && errs[n] == nil; round++ {
					errs[n] = turn(store, fmt.Sprint("value-", n, "-", round))
				}
			})
		}
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil { // report one of them
			return err
		}
	}
	return nil
}
