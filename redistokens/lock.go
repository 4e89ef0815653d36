package redistokens

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	openplatform "github.com/ebaas/openplatform-go"
)

const (
	// claimTime is the lifetime of a claim. A caller that gets the response in time extends it; the
	// claim of a caller that gave up expires.
	claimTime = 2 * time.Second
	// generationTime is how long the number of a lock is kept after the lock.
	generationTime = 24 * time.Hour

	shortestPause = 5 * time.Millisecond
	longestPause  = 100 * time.Millisecond
)

type lease struct {
	store  *store
	key    string
	holder string    // the lock's value
	ends   time.Time // the earliest end of the lock
}

// Lock implements [openplatform.TokenStore]. It polls at random intervals: with many waiting callers,
// one asks soon after the lock is free.
func (s *store) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	l := &lease{store: s, key: key}
	id := rand.Text()
	again := true
	for pause := shortestPause; ; pause = min(2*pause, longestPause) {
		got, err := l.take(ctx, id, ttl)
		if got {
			return l, nil
		}
		if timedOut(err) && again { // another connection may work
			again, err = false, nil
		}
		if err == nil {
			err = wait(ctx, pause/2+mathrand.N(pause/2)) //nolint:gosec // a pause is not a secret
		}
		if err != nil {
			l.abandon(ctx)
			return nil, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// take takes the lock, and reports whether it succeeded. A lock of another holder is not an error.
func (l *lease) take(ctx context.Context, id string, ttl time.Duration) (bool, error) {
	holder, err := l.store.claim(ctx, l.key, id, ttl)
	if holder == "" {
		return false, err
	}
	l.holder, l.ends = holder, time.Now().Add(ttl)
	return done(l.store.run(ctx, keep, []string{lockOf(l.key)}, holder, milliseconds(ttl)))
}

// abandon releases a lock that may have been taken. No caller waits for it.
func (l *lease) abandon(ctx context.Context) {
	if l.holder != "" {
		go l.Unlock(ctx) //nolint:errcheck // best effort
	}
}

// claim returns the lock's value if the caller holds it, "" if another does.
func (s *store) claim(ctx context.Context, key, id string, ttl time.Duration) (holder string, err error) {
	answer, err := s.run(ctx, claim, []string{lockOf(key), generationOf(key)},
		id, milliseconds(min(claimTime, ttl)), milliseconds(ttl)+milliseconds(generationTime)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", nil
	case err != nil:
		return "", err
	}
	holder, isText := answer.(string)
	if !isText || !strings.HasSuffix(holder, id) {
		return "", &answerError{answer}
	}
	return holder, nil
}

// milliseconds is the unit of Redis. Redis accepts no lifetime of 0.
func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }

// Set implements [openplatform.Lease].
func (l *lease) Set(ctx context.Context, value string, ttl time.Duration) error {
	stored, err := done(l.store.run(ctx, set, []string{lockOf(l.key), tokenOf(l.key)},
		l.holder, value, milliseconds(ttl), milliseconds(time.Until(l.ends))))
	if err == nil && !stored {
		return errLost
	}
	return err
}

// Unlock implements [openplatform.Lease]. It releases the lock even if ctx has ended.
func (l *lease) Unlock(ctx context.Context) error {
	return l.store.remove(context.WithoutCancel(ctx), lockOf(l.key), l.holder)
}
