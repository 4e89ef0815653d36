package openplatform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ebaas/openplatform-go/internal/seal"
)

// This file holds the calls to the store. A store is not the SDK's code: each call has a time
// limit, even if the store ignores its ctx, and a panic is a failure.

// lock takes the store's lock. It returns nil if it fails: a token fetched without the lock is
// not stored, because it might replace a newer one.
func (t *tokenSource) lock(ctx context.Context) Lease {
	var lease Lease
	err := t.step(ctx, "Lock", func() (err error) {
		lease, err = t.store.Lock(ctx, t.sealer.Key(), t.lockTTL())
		switch {
		case err == nil && lease == nil:
			return errors.New("neither a lease nor an error")
		case err == nil && ctx.Err() != nil: // too late: the fetch continues without it
			t.unlock(ctx, lease)
			return ctx.Err()
		}
		return err
	})
	if err != nil {
		return nil
	}
	return lease
}

// lockTTL is longer than all work under the lock: everything but Unlock ends within the
// client's timeout.
func (t *tokenSource) lockTTL() time.Duration {
	return max(t.core.timeout, t.core.timeout+2*storeTimeout) // the sum may overflow
}

// load takes the store's token, if it has a usable one.
func (t *tokenSource) load(ctx context.Context, r *renewal) bool {
	if t.bypassed() {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, min(storeTimeout, t.core.timeout/4)) // the lock may take half of the timeout, so a quarter is left for the fetch
	defer cancel()
	var token string
	var ttl time.Duration
	err := t.step(ctx, "Get", func() error {
		value, left, err := t.store.Get(ctx, t.sealer.Key())
		if err != nil || value == "" || left <= 0 {
			return err
		}
		token, err = t.sealer.Open(value)
		ttl = min(left, accessTokenLifetime)
		return err
	})
	return err == nil && token != "" && t.keepLoaded(r, token, ttl)
}

// leave stores the token that was fetched under the lock, and releases the lock. It is one
// step: Unlock follows a Set that hangs and returns late.
func (t *tokenSource) leave(ctx context.Context, lease Lease, fetched string) {
	if lease == nil {
		return
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*storeTimeout)
	defer cancel()
	_ = t.step(wait, "Set and Unlock", func() error {
		defer t.unlock(ctx, lease)
		ttl := t.remaining(fetched)
		if ttl <= 0 { // nothing was fetched, or the token was rejected meanwhile
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		return lease.Set(ctx, t.sealer.Seal(fetched), ttl)
	})
}

// unlock releases the lock, even if the fetch has used up the client's timeout.
func (t *tokenSource) unlock(ctx context.Context, lease Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	t.report(ctx, "Unlock", lease.Unlock(ctx))
}

func (t *tokenSource) deleteStored(ctx context.Context, token string) {
	ctx, cancel := context.WithTimeout(ctx, min(storeTimeout, t.core.timeout))
	defer cancel()
	if t.deleting.take(ctx) {
		defer t.deleting.leave()
		_ = t.step(ctx, "Delete", func() error { return t.store.Delete(ctx, t.sealer.Key(), t.sealer.Seal(token)) })
	}
}

var (
	errEnded = errors.New("ended its goroutine")
	errStuck = errors.New("an earlier call has not returned")
	errLate  = errors.New("has not returned in time")
)

// step makes one call to the store, and returns when ctx ends even if the call has not
// returned. Until it returns, the store is not called again: each call could block a goroutine.
func (t *tokenSource) step(ctx context.Context, method string, call func() error) (err error) {
	defer func() { t.report(ctx, method, err) }()
	if t.stuck.Load() > 0 {
		return errStuck
	}
	result, gone := make(chan error), make(chan struct{})
	go func() {
		err := errEnded
		defer func() {
			select {
			case result <- err:
			case <-gone:
				t.stuck.Add(-1)
			}
		}()
		err = protect(call)
	}()
	select {
	case err = <-result:
		return err
	case <-ctx.Done():
	}
	select {
	case err = <-result:
		return err
	case <-time.After(storeGrace):
		t.stuck.Add(1)
		close(gone)
		return errLate
	}
}

// report logs a failure of the store by the error's type: its text may hold the store's
// password.
func (t *tokenSource) report(ctx context.Context, method string, err error) {
	if err == nil {
		return
	}
	reason, kind := "failed", fmt.Sprintf("%T", err)
	var panicked *panicError
	switch {
	case errors.Is(err, errStuck), errors.Is(err, errEnded), errors.Is(err, seal.ErrNotSealed):
		reason = err.Error()
	case errors.As(err, &panicked):
		reason, kind = "panicked", fmt.Sprintf("%T", panicked.value)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded):
		reason = "timed out"
	}
	t.tell(func(l *slog.Logger) {
		l.LogAttrs(ctx, slog.LevelWarn, "openplatform token store failed",
			slog.String("method", method), slog.String("reason", reason), slog.String("error_type", kind))
	})
}
