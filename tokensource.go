package openplatform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ebaas/openplatform-go/internal/retry"
	"github.com/ebaas/openplatform-go/internal/seal"
)

// A tokenSource is the inside of an [AccessTokenSource].
type tokenSource struct {
	client   *Client
	core     *core // the client's
	request  GetAccessTokenRequest
	oddTimes sync.Once // the warning about the platform's times

	store    TokenStore // nil for memory only
	sealer   *seal.Sealer
	visiting turn         // of the renewal that uses the store: one at a time
	deleting turn         // of the deletion from the store: one at a time
	stuck    atomic.Int64 // calls to the store that have timed out and not returned

	mu         sync.Mutex // guards what follows
	held       heldToken
	heldSince  time.Time
	refreshAt  time.Time
	validUntil time.Time
	fetchedAt  time.Time // when the last token was fetched, valid or not

	rejected []string // tokens rejected by the platform, the latest last: never used again
	lost     int      // tokens rejected in a row, before any call with them succeeded
	bypass   bool     // the store returned an invalid token after a rejected one

	renewal   *renewal  // the running one, nil if there is none
	restUntil time.Time // no fetch before
	failure   error     // of the last fetch, unless it panicked
}

type heldToken struct {
	value     string // "" for none
	fromStore bool
}

// A renewal gets a new token, for all who wait for it.
type renewal struct {
	done     chan struct{} // closed when the next three fields are set
	token    heldToken
	err      error
	panicked *panicError

	notBefore time.Time // the platform is not asked before

	// They end the wait for the store's lock, and for the store's token.
	leaveLock, leaveStore context.CancelFunc
}

// obtain returns the token in memory, or waits for a new one.
func (t *tokenSource) obtain(ctx context.Context) (heldToken, error) {
	token, r, err := t.ask(ctx)
	if r == nil {
		return token, err
	}
	return r.wait(ctx)
}

// ask returns the token in memory, the error of the last fetch, or the renewal to wait for.
func (t *tokenSource) ask(ctx context.Context) (heldToken, *renewal, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	valid, resting := now.Before(t.validUntil), now.Before(t.restUntil)
	switch {
	case now.Before(t.refreshAt), valid && resting:
		return t.held, nil, nil
	case resting && t.failure != nil:
		return heldToken{}, nil, t.failure
	case !valid && ctx.Err() != nil: // the caller no longer waits
		return heldToken{}, nil, gaveUp(ctx)
	}
	if t.renewal == nil {
		t.renewal = t.start(ctx)
	}
	if valid {
		return t.held, nil, nil
	}
	return heldToken{}, t.renewal, nil
}

func gaveUp(ctx context.Context) error {
	return &TransportError{
		Operation: opGetAccessToken.Name, Reason: endOf(ctx.Err()) + " while waiting for the access token",
		Cause: ctx.Err(), NotSent: true,
	}
}

// wait returns the result of the renewal, unless ctx ends before. The store's lock may take
// half of the remaining time, and the store's token half of the rest: a store that hangs
// leaves time for the fetch.
func (r *renewal) wait(ctx context.Context) (heldToken, error) {
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		defer time.AfterFunc(left/2, r.leaveLock).Stop()
		defer time.AfterFunc(left-left/4, r.leaveStore).Stop()
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return heldToken{}, gaveUp(ctx)
	}
	if r.panicked != nil {
		panic(r.panicked.value)
	}
	return r.token, r.err
}

// start starts a renewal. Callers hold mu.
func (t *tokenSource) start(ctx context.Context) *renewal {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.core.timeout)
	storeCtx, leaveStore := context.WithCancel(ctx)
	lockCtx, leaveLock := context.WithTimeout(storeCtx, min(lockTimeout, t.core.timeout/2))
	r := &renewal{done: make(chan struct{}), notBefore: t.mayFetchAt(), leaveLock: leaveLock, leaveStore: leaveStore}
	go func() {
		defer cancel()
		defer leaveStore()
		defer leaveLock()
		t.observe(ctx, r, func(ctx context.Context) error {
			return t.renew(ctx, carried{lockCtx, ctx}, carried{storeCtx, ctx}, r)
		})
	}()
	return r
}

// mayFetchAt returns when the platform may be asked. Machines that share no store may make
// each other's tokens invalid repeatedly: each asks at most once per second, with jitter. A
// client with a short timeout waits less.
func (t *tokenSource) mayFetchAt() time.Time {
	interval := fetchInterval
	if t.lost > 0 {
		interval += retry.Jitter(fetchInterval)
	}
	return t.fetchedAt.Add(min(interval, t.core.timeout/4))
}

// observe notifies the client's observer of a renewal. A panic of the observer at the start
// reaches the waiting callers; at the end they have the token already.
func (t *tokenSource) observe(ctx context.Context, r *renewal, renew func(context.Context) error) {
	var end func(error)
	var err error = errFetchEnded
	defer func() { // even if the observer or the fetch ends the goroutine
		if end == nil {
			t.fail(r, err)
			t.warnOfPanic(ctx, err)
			return
		}
		t.warnOfPanic(ctx, protect(func() error {
			end(err)
			return nil
		}))
	}()
	err = protect(func() error {
		ctx, end = t.core.startComposite(ctx, "RenewAccessToken")
		return nil
	})
	if err == nil {
		err = errFetchEnded
		err = renew(ctx)
	}
}

var errFetchEnded = &TransportError{Operation: opGetAccessToken.Name, Reason: "the fetch ended its goroutine"}

// A carried is a ctx with the values of another ctx.
type carried struct {
	context.Context
	values context.Context //nolint:containedctx // that is what it is for
}

// Value implements [context.Context].
func (c carried) Value(key any) any { return c.values.Value(key) }

// renew gets a new token, from the store if another process has stored one. Callers get it
// before it is stored, and do not wait for that.
func (t *tokenSource) renew(ctx, lockCtx, storeCtx context.Context, r *renewal) (err error) {
	// The last renewal may still be using the store. It ends soon, or the store hangs and is
	// not used.
	soon, cancel := context.WithTimeout(lockCtx, storeGrace)
	defer cancel()
	if t.store == nil || !t.visiting.take(soon) {
		_, err = t.fetch(ctx, r)
		return err
	}
	defer t.visiting.leave()
	lease, fetched := t.lock(lockCtx), ""
	defer func() { t.leave(ctx, lease, fetched) }() // even if the fetch ends the goroutine
	if !t.load(storeCtx, r) {
		fetched, err = t.fetch(ctx, r)
	}
	return err
}

// A turn is a lock that can be waited for with a ctx.
type turn chan struct{}

func (c turn) take(ctx context.Context) bool {
	select {
	case c <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c turn) leave() { <-c }

// fetch waits until the platform may be asked, and fetches a token.
func (t *tokenSource) fetch(ctx context.Context, r *renewal) (token string, err error) {
	var resp *Response[AccessToken]
	err = errFetchEnded
	defer func() {
		if err != nil {
			t.fail(r, err)
			t.warnOfPanic(ctx, err)
		}
	}()
	r.rest(ctx)
	err = protect(func() (err error) {
		resp, err = t.client.GetAccessToken(ctx, &t.request)
		return err
	})
	if err != nil {
		return "", err
	}
	lifetime, makesSense := lifetimeOf(resp, time.Now())
	t.keepFetched(r, resp.Data.AccessToken, lifetime)
	if !makesSense {
		t.warnOfTimes(ctx, lifetime)
	}
	return resp.Data.AccessToken, nil
}

// rest waits until the platform may be asked. If ctx ends before, the fetch fails by itself.
func (r *renewal) rest(ctx context.Context) {
	left := time.Until(r.notBefore)
	if left <= 0 {
		return
	}
	select {
	case <-time.After(left):
	case <-ctx.Done():
	}
}

// lifetimeOf returns the lifetime of a token just issued, and whether the platform's times are
// plausible. It uses the platform's clock, the Date of the response: the local clock may be
// minutes wrong.
func lifetimeOf(resp *Response[AccessToken], now time.Time) (lifetime time.Duration, makesSense bool) {
	const unknown = 2 * refreshMargin // long enough to be useful
	if resp.Data.Expired.IsZero() {
		return unknown, true
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	lifetime = resp.Data.Expired.Sub(now)
	if lifetime <= 0 { // the platform may use another time zone
		return unknown, false
	}
	return min(lifetime, accessTokenLifetime), lifetime <= accessTokenLifetime+refreshMargin
}

// refreshIn returns when to renew a token of this lifetime. It has jitter, so that machines
// that started together do not renew together.
func refreshIn(lifetime time.Duration) time.Duration {
	margin := refreshMargin + retry.Jitter(refreshMargin)
	return max(lifetime-margin, lifetime/2, fetchInterval)
}

// reject removes token from memory, and from the store in the background, even if the
// caller's ctx has ended: other machines use the store too.
func (t *tokenSource) reject(ctx context.Context, token string) {
	if !t.forget(token) || t.store == nil || ctx == nil {
		return
	}
	go t.deleteStored(context.WithoutCancel(ctx), token)
}

func (t *tokenSource) bypassed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bypass
}

// keepLoaded keeps a token of the store, unless the platform has rejected it or it is the one
// to be renewed.
func (t *tokenSource) keepLoaded(r *renewal, token string, ttl time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bypass || token == t.held.value || slices.Contains(t.rejected, token) {
		return false
	}
	t.keep(r, heldToken{value: token, fromStore: true}, ttl)
	return true
}

func (t *tokenSource) keepFetched(r *renewal, token string, lifetime time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep(r, heldToken{value: token}, lifetime)
	t.fetchedAt, t.bypass = time.Now(), false
}

func (t *tokenSource) keep(r *renewal, token heldToken, lifetime time.Duration) {
	if t.held.value != "" && !slices.Contains(t.rejected, t.held.value) { // it expired
		t.lost = 0
	}
	now := time.Now()
	t.held, t.heldSince, t.refreshAt, t.validUntil = token, now, now.Add(refreshIn(lifetime)), now.Add(lifetime)
	t.restUntil, t.failure = time.Time{}, nil
	t.publish(r, token, nil)
}

// fail remembers a failed fetch. While the old token is valid, callers get that.
func (t *tokenSource) fail(r *renewal, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.restUntil, t.failure = now.Add(fetchInterval), err
	if errors.As(err, &r.panicked) {
		t.failure = nil // it is only for the callers who wait now
	}
	if now.Before(t.validUntil) {
		t.publish(r, t.held, nil)
		return
	}
	t.publish(r, heldToken{}, err)
}

func (t *tokenSource) publish(r *renewal, token heldToken, err error) {
	r.token, r.err = token, err
	t.renewal = nil
	close(r.done)
}

// forget drops token if it is the one in memory, and reports whether this is the first
// rejection of it.
func (t *tokenSource) forget(token string) (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token == "" {
		return false
	}
	if first = !slices.Contains(t.rejected, token); first {
		t.rejected = append(t.rejected, token)
		t.rejected = t.rejected[max(0, len(t.rejected)-rejectedKept):]
	}
	if token != t.held.value {
		if first && t.held.fromStore { // the store has replaced it
			t.lost++
		}
		return first
	}
	if time.Since(t.heldSince) > workedFor {
		t.lost = 0
	}
	t.lost++
	if t.held.fromStore && t.lost > 1 {
		t.bypass = true
	}
	t.held, t.refreshAt, t.validUntil = heldToken{}, time.Time{}, time.Time{}
	return first
}

// workedFor is the time after which a token counts as valid when it is rejected later. Callers of Token do not report
// that a token works, so the time is the only sign.
const workedFor = time.Minute

// hopeless reports whether the platform rejects every token that it issues. Other machines
// cannot be the reason: between their fetches a token works for some time.
func (t *tokenSource) hopeless() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lost >= mostUses
}

// used remembers that the platform accepted token, if err is nil.
func (t *tokenSource) used(token string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && token == t.held.value {
		t.lost = 0
	}
}

// remaining returns the remaining lifetime of token, 0 if it is not the token in memory.
func (t *tokenSource) remaining(token string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token == "" || token != t.held.value {
		return 0
	}
	return time.Until(t.validUntil)
}

// warnOfPanic logs a panic in a fetch: it may have no waiting caller.
func (t *tokenSource) warnOfPanic(ctx context.Context, err error) {
	var panicked *panicError
	if !errors.As(err, &panicked) {
		return
	}
	t.tell(func(l *slog.Logger) {
		l.LogAttrs(ctx, slog.LevelWarn, "openplatform access token fetch panicked",
			slog.String("panic_type", fmt.Sprintf("%T", panicked.value)))
	})
}

// warnOfTimes logs once that the platform's times are not plausible: each token has them.
func (t *tokenSource) warnOfTimes(ctx context.Context, assumed time.Duration) {
	t.oddTimes.Do(func() {
		t.tell(func(l *slog.Logger) {
			l.LogAttrs(ctx, slog.LevelWarn, "openplatform access token ends at a time that makes no sense",
				slog.Duration("assumed_lifetime", assumed))
		})
	})
}

// A panicError is a panic in code that the source called.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panicked with a %T", e.value) }

// protect calls fn and returns its panic as an error.
func protect(fn func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value}
		}
	}()
	return fn()
}

// tell calls log with the logger, if there is one. A panic of the logger must not end the
// program from a goroutine of the source.
func (t *tokenSource) tell(log func(*slog.Logger)) {
	if t.core.logger != nil {
		_ = protect(func() error { log(t.core.logger); return nil })
	}
}
