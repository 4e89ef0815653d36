package openplatform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// What a source does with its store. A store is not the SDK's code: each call of it is bounded
// in time, even if it ignores its ctx, and a panic of it is a failure.

// lockStore takes the store's lock and returns how to give it back, nil without one: the
// worst that can happen then is a fetch too many.
func (t *tokenSource) lockStore(ctx context.Context) (unlock func()) {
	var granted func()
	err := t.step(ctx, "Lock", func() (err error) {
		granted, err = t.store.Lock(ctx, t.key)
		return err
	}, func() { t.unlock(ctx, granted) })
	if err != nil {
		return nil
	}
	return granted
}

// load takes the store's token, if there is one that can be believed.
func (t *tokenSource) load(ctx context.Context, r *renewal) bool {
	if t.bypassed() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, min(storeTimeout, t.core.timeout/4)) // with the lock's half it leaves the fetch a quarter
	defer cancel()
	var token string
	var ttl time.Duration
	err := t.step(ctx, "Get", func() (err error) {
		token, ttl, err = t.store.Get(ctx, t.key)
		return err
	}, nil)
	if err != nil || token == "" || ttl <= 0 {
		return false
	}
	return t.keepLoaded(r, token, min(ttl, accessTokenLifetime))
}

// leave tells the store of a token that was fetched, and gives its lock back. It is one
// step, so that a Set that hangs and returns at last is followed by the unlock.
func (t *tokenSource) leave(ctx context.Context, fetched string, unlock func()) {
	if fetched == "" && unlock == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*storeTimeout)
	defer cancel()
	err := t.step(ctx, "Set and unlock", func() error {
		defer t.unlock(ctx, unlock)
		t.save(ctx, fetched)
		return nil
	}, nil)
	if errors.Is(err, errStuck) && unlock != nil {
		t.owe(func() { t.unlock(ctx, unlock) })
	}
}

func (t *tokenSource) save(ctx context.Context, token string) {
	ttl := t.remaining(token)
	if ttl <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	t.report(ctx, "Set", protect(func() error { return t.store.Set(ctx, t.key, token, ttl) }))
}

func (t *tokenSource) unlock(ctx context.Context, unlock func()) {
	if unlock == nil {
		return
	}
	t.report(ctx, "unlock", protect(func() error { unlock(); return nil }))
}

func (t *tokenSource) deleteStored(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(ctx, min(storeTimeout, t.core.timeout))
	defer cancel()
	select {
	case t.deleting <- struct{}{}:
	case <-ctx.Done():
		return
	}
	defer func() { <-t.deleting }()
	_ = t.step(ctx, "Delete", func() error { return t.store.Delete(ctx, t.key, token) }, nil)
}

// owe leaves unlock to the call that is stuck, or does it now if that has returned.
func (t *tokenSource) owe(unlock func()) {
	t.mu.Lock()
	stuck := t.stuck > 0
	if stuck {
		t.owed = unlock
	}
	t.mu.Unlock()
	if !stuck {
		unlock()
	}
}

var (
	errEnded = errors.New("ended its goroutine")
	errStuck = errors.New("an earlier call has not returned")
	errLate  = errors.New("has not returned in time")
)

// A panicError is a panic in code that the source has called.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panicked with a %T", e.value) }

// protect calls fn and makes an error of its panic.
func protect(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value}
		}
	}()
	return fn()
}

// async calls fn in a goroutine of its own, and then then, even if fn panics or ends its
// goroutine.
func async(fn func() error, then func(error)) {
	go func() {
		err := errEnded
		defer func() { then(err) }()
		err = protect(fn)
	}()
}

// step makes one call to the store, and returns when ctx ends even if the call does not.
// Then the store is left alone until it does, or each call would cost a goroutine; and
// what late undoes is undone.
func (t *tokenSource) step(ctx context.Context, method string, fn func() error, late func()) error {
	err := t.bounded(ctx, fn, late)
	t.report(ctx, method, err)
	return err
}

func (t *tokenSource) bounded(ctx context.Context, fn func() error, late func()) error {
	if t.isStuck() {
		return errStuck
	}
	result := make(chan error, 1)
	abandoned := false // guarded by mu
	async(fn, func(err error) {
		t.mu.Lock()
		inTime := !abandoned
		if inTime {
			result <- err
		}
		t.mu.Unlock()
		if inTime {
			return
		}
		defer t.unstick()
		if err == nil && late != nil {
			late()
		}
	})
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-result:
		return err
	case <-time.After(storeGrace):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case err := <-result: // just in time
		return err
	default:
		abandoned = true
		t.stuck++
		return errLate
	}
}

// unstick follows a call that was stuck: once the lock is given back that waited for it,
// the store is one that can be called again.
func (t *tokenSource) unstick() {
	t.mu.Lock()
	owed := t.owed
	t.owed = nil
	if owed == nil {
		t.stuck--
	}
	t.mu.Unlock()
	if owed != nil {
		defer t.unstick()
		owed()
	}
}

func (t *tokenSource) isStuck() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stuck > 0
}

// report logs that the store failed, by the error's type: its text is a stranger's and
// may hold the store's password.
func (t *tokenSource) report(ctx context.Context, method string, err error) {
	if err == nil {
		return
	}
	reason, kind := "failed", fmt.Sprintf("%T", err)
	var panicked *panicError
	switch {
	case errors.Is(err, errStuck), errors.Is(err, errEnded):
		reason = err.Error()
	case errors.As(err, &panicked):
		reason, kind = "panicked", fmt.Sprintf("%T", panicked.value)
	case ctx.Err() != nil:
		reason = "timed out"
	}
	t.tell(func(l *slog.Logger) {
		l.LogAttrs(ctx, slog.LevelWarn, "openplatform token store failed",
			slog.String("method", method), slog.String("reason", reason), slog.String("error_type", kind))
	})
}
