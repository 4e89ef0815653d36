package openplatform

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ebaas/openplatform-go/internal/retry"
)

const (
	// accessTokenLifetime is the documented one. A longer one is a clock that is off.
	accessTokenLifetime = 2 * time.Hour
	// A token is renewed between one and two of these before it ends: enough for the
	// calls it is used in, and for a clock that is minutes off where the platform's
	// answer does not tell its own.
	refreshMargin = 5 * time.Minute
	// After a failed fetch the next one waits, whoever asks.
	fetchInterval = time.Second

	storeTimeout = time.Second
	lockTimeout  = 5 * time.Second
	// A store that honours its ctx needs a moment to return once ctx has ended.
	storeGrace = 20 * time.Millisecond

	// Enough rejected tokens are remembered for those whose calls are still under way.
	rejectedKept = 32
)

// A TokenStore shares access tokens between processes, so that a fleet fetches one
// token and not one a machine. An [AccessTokenSource] keeps its token in memory all the
// same: it asks the store only when it needs a new one, and does without if the store
// fails. A panic counts as a failure. A call that does not return although its ctx has
// ended is left alone, and the store is not called again until it has returned. All
// methods are called from many goroutines at once, none of them a caller's.
//
// A key names the platform's base URL, the client id and a hash of the client secret,
// so that different platforms or secrets never share a token.
type TokenStore interface {
	// Get returns the token under key and for how long it is still valid, "" if there
	// is none. Durations, not times: the machines' clocks may disagree.
	Get(ctx context.Context, key string) (token string, ttl time.Duration, err error)
	// Set stores token under key and forgets it after ttl.
	Set(ctx context.Context, key, token string, ttl time.Duration) error
	// Delete forgets the token under key, if it is still this one.
	Delete(ctx context.Context, key, token string) error
	// Lock waits until no other process holds key's lock and takes it. ctx bounds the
	// wait alone: it ends before the lock does. A lock whose holder died must end by
	// itself, after half a minute say, and unlock must then leave its next holder's
	// lock alone.
	Lock(ctx context.Context, key string) (unlock func(), err error)
}

// An AccessTokenSource keeps a valid access token for one business system: fetched
// when first asked for, renewed before it ends, fetched once however many goroutines
// ask. It is safe for concurrent use. Make one with [Client.AccessTokenSource] and keep
// it as long as the client.
//
// A fetch belongs to the source, not to the caller who asked first: it goes on when that
// caller gives up, in a goroutine that ends within the client's timeout. It has the
// values of that caller's ctx. If an [Observer] panics in it, the callers who wait for
// the token panic with the same value, as if they had made the call themselves; the next
// caller starts anew.
type AccessTokenSource struct {
	// A function, since nothing that prints a value by reflection looks into one: test
	// frameworks follow pointers and unexported fields to whatever secret is there.
	open func() *tokenSource
}

// A TokenOption changes how [Client.AccessTokenSource] sets a source up.
type TokenOption func(*tokenSource)

// WithTokenStore shares the token through store. nil means memory alone.
func WithTokenStore(store TokenStore) TokenOption {
	return func(t *tokenSource) { t.store = store }
}

// AccessTokenSource returns a source of access tokens for the business system with
// these credentials. It sends nothing until it is asked.
func (c *Client) AccessTokenSource(clientID, clientSecret string, opts ...TokenOption) *AccessTokenSource {
	t := &tokenSource{
		client:   c,
		core:     c.inside(),
		request:  GetAccessTokenRequest{ClientID: clientID, ClientSecret: clientSecret},
		deleting: make(chan struct{}, 1),
	}
	if t.core != nil { // Token reports a nil client as every method does
		t.key = fmt.Sprintf("openplatform:%s:%s:%x", t.core.baseURL, clientID, sha256.Sum256([]byte(clientID+"\x00"+clientSecret)))
	}
	for _, opt := range opts {
		if opt != nil {
			opt(t)
		}
	}
	return &AccessTokenSource{open: func() *tokenSource { return t }}
}

// inside returns what s holds, nil for a source that no client has made.
func (s *AccessTokenSource) inside() *tokenSource {
	if s == nil || s.open == nil {
		return nil
	}
	t := s.open()
	if t.core == nil {
		return nil
	}
	return t
}

func (s *AccessTokenSource) shown() GetAccessTokenRequest {
	if s == nil || s.open == nil {
		return GetAccessTokenRequest{}
	}
	return s.open().request
}

// Format implements [fmt.Formatter]: every verb prints the client id, and the secret
// masked.
func (s *AccessTokenSource) Format(f fmt.State, _ rune) { printParams(f, s.shown().params()) }

// LogValue implements [slog.LogValuer] likewise.
func (s *AccessTokenSource) LogValue() slog.Value { return s.shown().LogValue() }

// Token returns a valid access token. It waits no longer than ctx; one caller's
// cancellation does not fail the others. While the token is valid nobody waits: when it
// is time for a new one, the old one is returned until the new one is there. Errors are
// those of [Client.GetAccessToken]; after one, the same error answers everybody for a
// second, so that a platform in trouble is not asked by each goroutine in turn.
func (s *AccessTokenSource) Token(ctx context.Context) (string, error) {
	t := s.inside()
	if ctx == nil || t == nil {
		return "", noSource()
	}
	token, err := t.obtain(ctx)
	return token.value, err
}

func noSource() error {
	return &ValidationError{Operation: opGetAccessToken.Name, Rule: "the ctx must not be nil, the source must come from a Client"}
}

// Invalidate forgets token, which the platform has rejected: here at once, and in the
// store soon, without a wait. A token that has been replaced meanwhile is left alone.
// One that was issued in place of a rejected one, and that [AccessTokenSource.Use] has not
// used with success, is forgotten when it is a second old: a platform that rejects what it
// issues is asked once a second.
func (s *AccessTokenSource) Invalidate(ctx context.Context, token string) {
	if t := s.inside(); t != nil {
		t.reject(ctx, token)
	}
}

// Use calls fn with a valid access token, and again with a new one if fn's error is
// [ErrInvalidAccessToken], at whatever HTTP status the platform said so. The new one is
// that of the [TokenStore] if another machine has put one there. If the platform rejects
// that one too, fn is called for a third and last time, with a token just issued.
func (s *AccessTokenSource) Use(ctx context.Context, fn func(accessToken string) error) error {
	t := s.inside()
	if ctx == nil || t == nil {
		return noSource()
	}
	var last string
	var rejection error
	for n := 1; ; n++ {
		token, err := t.obtain(ctx)
		switch {
		case err != nil:
			return err
		case token.value == last: // no other is to be had now
			return rejection
		}
		rejection = fn(token.value)
		if !errors.Is(rejection, ErrInvalidAccessToken) {
			t.used(token.value, rejection)
			return rejection
		}
		t.reject(ctx, token.value)
		if n == 3 || n == 2 && !token.fromStore {
			return rejection
		}
		last = token.value
	}
}

// VerifyUser tells who the person is whose login token a business system was given: the
// single sign-on flow, from access token over ticket to account, in one call.
//
// [ErrInvalidToken] says that the person must log in again. (Page S3 lists no code for a
// login token that has ended; page S1 lists this one.) A dead access token is replaced as
// [AccessTokenSource.Use] does. Errors name the operation that failed, which can be
// GetAccessToken, GetServiceTicket or GetAccount; after any of them, VerifyUser may be
// called again.
func (s *AccessTokenSource) VerifyUser(ctx context.Context, userToken string) (*Response[Account], error) {
	t := s.inside()
	if ctx == nil || t == nil {
		return nil, noSource()
	}
	var ticket string
	err := s.Use(ctx, func(accessToken string) error {
		resp, err := t.client.GetServiceTicket(ctx, &GetServiceTicketRequest{AccessToken: accessToken, Token: userToken})
		if err != nil {
			return err
		}
		ticket = resp.Data.ServiceTicket
		return nil
	})
	if err != nil {
		return nil, err
	}
	return t.client.GetAccount(ctx, &GetAccountRequest{ServiceTicket: ticket})
}

// A tokenSource is the inside of an [AccessTokenSource].
type tokenSource struct {
	client   *Client
	core     *core // the client's
	request  GetAccessTokenRequest
	store    TokenStore // nil for memory alone
	key      string
	deleting chan struct{} // holds one value while a token is deleted from the store
	oddTimes sync.Once     // the platform's, told to the logger

	mu         sync.Mutex // guards what follows
	held       heldToken
	refreshAt  time.Time
	validUntil time.Time
	issuedAt   time.Time // of held, the zero time if it came from the store

	rejected []string // by the platform, the latest last: not to be believed again
	lost     int      // tokens rejected in a row, none of which has worked
	bypass   bool     // the store has replaced a rejected token by a wrong one

	renewal   *renewal      // that is under way, nil if none is
	over      chan struct{} // of the last renewal
	restUntil time.Time     // no fetch before
	failure   error         // of the last fetch, unless it panicked

	stuck int    // calls to the store that have outlived their time and not returned
	owed  func() // gives back the store's lock once they have
}

type heldToken struct {
	value     string // "" for none
	fromStore bool
}

// A renewal gets a new token, for all who wait for it.
type renewal struct {
	done     chan struct{} // closed when the next three are there to be read
	token    heldToken
	err      error
	panicked *panicError

	over chan struct{} // closed when the store is done with as well

	// What ends the wait for the store's lock, and for the store's token.
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

// ask returns the token in memory, or the error that stands for it, or the renewal to
// wait for.
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
	case !valid && ctx.Err() != nil: // nobody is there to want the token
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
		Operation: opGetAccessToken.Name, reason: endOf(ctx.Err()) + " while waiting for the access token",
		cause: ctx.Err(), notSent: true,
	}
}

// wait returns what the renewal brings, unless ctx ends before. Whoever waits gives the
// store's lock half of the time that is left, and the store's token half of the rest:
// what hangs leaves time for the fetch.
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
	r := &renewal{done: make(chan struct{}), over: make(chan struct{})}
	storeCtx, leaveStore := context.WithCancel(ctx)
	lockCtx, leaveLock := context.WithTimeout(storeCtx, min(lockTimeout, t.core.timeout/2))
	r.leaveStore, r.leaveLock = leaveStore, leaveLock
	former := t.over
	t.over = r.over
	go func() {
		defer cancel()
		defer leaveStore()
		defer leaveLock()
		defer close(r.over)
		if t.store == nil {
			t.fetch(ctx, r)
			return
		}
		t.renew(ctx, lockCtx, storeCtx, r, former)
	}()
	return r
}

// renew gets a new token, from the store if another process has put one there. Callers
// have it before the store is told of it, and they never wait for that.
func (t *tokenSource) renew(ctx, lockCtx, storeCtx context.Context, r *renewal, former <-chan struct{}) {
	var unlock func()
	var fetched string
	loaded := false
	// One renewal at a time speaks to the store. What the former one still has to tell it
	// is done in a moment, or hangs, and then there is nothing to be had from the store.
	soon, cancel := context.WithTimeout(lockCtx, storeGrace)
	defer cancel()
	if ended(soon, former) {
		unlock = t.lockStore(lockCtx)
		loaded = t.load(storeCtx, r)
	}
	if !loaded {
		fetched = t.fetch(ctx, r)
	}
	if ended(ctx, former) {
		t.leave(ctx, fetched, unlock)
	}
}

// ended waits for what closes done until ctx ends, and reports whether it is closed: even
// if ctx had ended before, or the store's lock would stay.
func ended(ctx context.Context, done <-chan struct{}) bool {
	if done == nil {
		return true
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	select {
	case <-done:
		return true
	default:
		return false
	}
}

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

// fetch asks the platform for a token, and returns what the store should know of it.
func (t *tokenSource) fetch(ctx context.Context, r *renewal) (fetched string) {
	var resp *Response[AccessToken]
	result := make(chan error, 1)
	async(func() (err error) {
		resp, err = t.client.GetAccessToken(ctx, &t.request)
		return err
	}, func(err error) { result <- err })
	if err := <-result; err != nil {
		if errors.Is(err, errEnded) {
			err = &TransportError{Operation: opGetAccessToken.Name, reason: "the fetch " + err.Error()}
		}
		t.fail(r, err)
		t.warnOfPanic(ctx, err)
		return ""
	}
	lifetime, makesSense := lifetimeOf(resp, time.Now())
	t.keepFetched(r, resp.Data.AccessToken, lifetime)
	if !makesSense {
		t.warnOfTimes(ctx, lifetime)
	}
	return resp.Data.AccessToken
}

// lifetimeOf returns for how long a token just issued will be valid, and whether what
// the platform says of it makes sense. What counts is the platform's clock, which the
// Date of its answer tells: ours may be minutes off.
func lifetimeOf(resp *Response[AccessToken], now time.Time) (lifetime time.Duration, makesSense bool) {
	const unknown = 2 * refreshMargin // long enough to be of use, and then a new one
	if resp.Data.Expired.IsZero() {
		return unknown, true
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	lifetime = resp.Data.Expired.Sub(now)
	if lifetime <= 0 { // a platform that writes another zone's time, say
		return unknown, false
	}
	return min(lifetime, accessTokenLifetime), lifetime <= accessTokenLifetime+refreshMargin
}

// refreshIn returns when to renew a token of this lifetime: with jitter, so that a
// fleet that started together does not come back together.
func refreshIn(lifetime time.Duration) time.Duration {
	margin := refreshMargin + retry.Jitter(refreshMargin)
	return max(lifetime-margin, lifetime/2, fetchInterval)
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

// reject forgets token in memory, and starts to forget it in the store: the other
// machines must learn of it even if the caller has had enough.
func (t *tokenSource) reject(ctx context.Context, token string) {
	if !t.forget(token) || t.store == nil || ctx == nil {
		return
	}
	go t.deleteStored(context.WithoutCancel(ctx), token)
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

// What follows changes the state in memory, each in one piece.

func (t *tokenSource) bypassed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bypass
}

// keepLoaded keeps a token of the store, unless the platform has rejected it, perhaps
// just now, or it is the one to be renewed.
func (t *tokenSource) keepLoaded(r *renewal, token string, ttl time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.bypass || token == t.held.value || slices.Contains(t.rejected, token) {
		return false
	}
	t.keep(r, heldToken{value: token, fromStore: true}, ttl)
	t.issuedAt = time.Time{}
	return true
}

func (t *tokenSource) keepFetched(r *renewal, token string, lifetime time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep(r, heldToken{value: token}, lifetime)
	t.issuedAt, t.bypass = time.Now(), false
}

func (t *tokenSource) keep(r *renewal, token heldToken, lifetime time.Duration) {
	if t.held.value != "" && !slices.Contains(t.rejected, t.held.value) { // it has ended by itself
		t.lost = 0
	}
	now := time.Now()
	t.held, t.refreshAt, t.validUntil = token, now.Add(refreshIn(lifetime)), now.Add(lifetime)
	t.restUntil, t.failure = time.Time{}, nil
	t.publish(r, token, nil)
}

// fail remembers a failed fetch, and falls back on the old token while that is valid.
func (t *tokenSource) fail(r *renewal, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	t.restUntil, t.failure = now.Add(fetchInterval), err
	if errors.As(err, &r.panicked) {
		t.failure = nil // it is for those who wait, and nobody else
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

// forget drops token if it is the one in memory, and reports whether it is the first to
// say that the platform rejects it. One that was issued in place of a rejected one and
// never worked stays until it is a second old, or each rejection would make a fetch.
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
		return first
	}
	if next := t.issuedAt.Add(fetchInterval); t.lost > 0 && time.Now().Before(next) {
		t.refreshAt, t.validUntil = next, next
		return first
	}
	t.lost++
	if t.held.fromStore && t.lost > 1 {
		t.bypass = true
	}
	t.held, t.refreshAt, t.validUntil = heldToken{}, time.Time{}, time.Time{}
	return first
}

// used remembers that the platform took token, if nothing has failed.
func (t *tokenSource) used(token string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && token == t.held.value {
		t.lost = 0
	}
}

// remaining returns how long token, which has just been fetched, is good for.
func (t *tokenSource) remaining(token string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token == "" || token != t.held.value {
		return 0
	}
	return time.Until(t.validUntil)
}

// What follows keeps the source safe from code that is not the SDK's.

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

// warnOfPanic tells of a panic in a fetch, for which nobody may be waiting.
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

// warnOfTimes tells once that the platform's times make no sense: it will not mend by
// itself, and each token has them.
func (t *tokenSource) warnOfTimes(ctx context.Context, assumed time.Duration) {
	t.oddTimes.Do(func() {
		t.tell(func(l *slog.Logger) {
			l.LogAttrs(ctx, slog.LevelWarn, "openplatform access token ends at a time that makes no sense",
				slog.Duration("assumed_lifetime", assumed))
		})
	})
}

// tell gives log the logger, if there is one. A logger that panics must not end the
// program from a goroutine of the source.
func (t *tokenSource) tell(log func(*slog.Logger)) {
	if t.core.logger != nil {
		_ = protect(func() error { log(t.core.logger); return nil })
	}
}
