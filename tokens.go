package openplatform

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
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
)

// within bounds a step by d, and by half of the time that ctx has left: whatever hangs
// leaves the caller time for the next step.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline)/2)
	}
	return context.WithTimeout(ctx, d)
}

// A TokenStore shares access tokens between processes, so that a fleet fetches one
// token and not one a machine. An [AccessTokenSource] keeps its token in memory all the
// same: it asks the store only when it needs a new one, and does without if the store
// fails. All methods are called from many goroutines at once.
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
type AccessTokenSource struct {
	client  *Client
	request GetAccessTokenRequest
	store   TokenStore // nil for memory alone
	key     string
	turn    chan struct{} // holds one value while a goroutine renews the token

	mu         sync.Mutex // guards what follows
	token      string
	refreshAt  time.Time
	validUntil time.Time
	rejected   string // by the platform: not to be believed again, from whatever store
	fetchedAt  time.Time
	failedAt   time.Time // of the last fetch, if it failed
	failure    error     // why, unless its caller gave up
}

// A TokenOption changes how [Client.AccessTokenSource] sets a source up.
type TokenOption func(*AccessTokenSource)

// WithTokenStore shares the token through store. nil means memory alone.
func WithTokenStore(store TokenStore) TokenOption {
	return func(s *AccessTokenSource) { s.store = store }
}

// AccessTokenSource returns a source of access tokens for the business system with
// these credentials. It sends nothing until it is asked.
func (c *Client) AccessTokenSource(clientID, clientSecret string, opts ...TokenOption) *AccessTokenSource {
	s := &AccessTokenSource{
		client:  c,
		request: GetAccessTokenRequest{ClientID: clientID, ClientSecret: clientSecret},
		turn:    make(chan struct{}, 1),
	}
	if c.inside() != nil { // Token reports a nil client as every method does
		s.key = fmt.Sprintf("openplatform:%s:%s:%x", c.inside().baseURL, clientID, sha256.Sum256([]byte(clientID+"\x00"+clientSecret)))
	}
	for _, opt := range opts {
		if opt != nil {
			opt(s)
		}
	}
	return s
}

// Format implements [fmt.Formatter]: every verb prints the client id, and the secret
// masked.
func (s *AccessTokenSource) Format(f fmt.State, _ rune) { printParams(f, s.request.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (s *AccessTokenSource) LogValue() slog.Value { return s.request.LogValue() }

// Token returns a valid access token. It waits no longer than ctx; one caller's
// cancellation does not fail the others. Its errors are those of
// [Client.GetAccessToken]; after one, the same error answers everybody for a second, so
// that a platform in trouble is not asked by each goroutine in turn. A token that is
// still valid is used on while its renewal fails.
func (s *AccessTokenSource) Token(ctx context.Context) (string, error) {
	if ctx == nil || s == nil || s.client.inside() == nil {
		return "", &ValidationError{Operation: opGetAccessToken.Name, Rule: "the ctx must not be nil, the source must come from a Client"}
	}
	if token, err := s.cached(); token != "" || err != nil {
		return token, err
	}
	if old, err := s.takeTurn(ctx); old != "" || err != nil {
		return old, err
	}
	defer func() { <-s.turn }()
	if token, err := s.cached(); token != "" || err != nil {
		return token, err
	}
	return s.renew(ctx)
}

// takeTurn waits until no other goroutine renews the token; or not, if the old one is
// good until then.
func (s *AccessTokenSource) takeTurn(ctx context.Context) (old string, err error) {
	select {
	case s.turn <- struct{}{}:
		return "", nil
	default:
	}
	if old := s.stillValid(); old != "" {
		return old, nil
	}
	select {
	case s.turn <- struct{}{}:
		return "", nil
	case <-ctx.Done():
		return "", &TransportError{
			Operation: opGetAccessToken.Name, reason: endOf(ctx.Err()) + " while another goroutine fetched the token",
			cause: ctx.Err(), notSent: true,
		}
	}
}

func (s *AccessTokenSource) stillValid() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.validUntil) {
		return s.token
	}
	return ""
}

// Invalidate forgets token, which the platform has rejected, here and in the store. A
// token that has been replaced meanwhile is left alone.
func (s *AccessTokenSource) Invalidate(ctx context.Context, token string) {
	if !s.forget(token) || s.store == nil || ctx == nil {
		return
	}
	// The other machines must learn of it even if the caller has had enough.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	s.report("Delete", s.store.Delete(ctx, s.key, token))
}

// Use calls fn with a valid access token, and once more with a new one if fn's error is
// [ErrInvalidAccessToken], at whatever HTTP status the platform said so.
func (s *AccessTokenSource) Use(ctx context.Context, fn func(accessToken string) error) error {
	token, err := s.Token(ctx)
	if err != nil {
		return err
	}
	rejection := fn(token)
	if !errors.Is(rejection, ErrInvalidAccessToken) {
		return rejection
	}
	s.Invalidate(ctx, token)
	fresh, err := s.Token(ctx)
	if err != nil {
		return err
	}
	if fresh == token {
		return rejection
	}
	rejection = fn(fresh)
	if errors.Is(rejection, ErrInvalidAccessToken) {
		s.reject(fresh)
	}
	return rejection
}

// VerifyUser tells who the person is whose login token a business system was given: the
// single sign-on flow, from access token over ticket to account, in one call. A dead
// access token is replaced once. Errors name the operation that failed, which can be
// GetAccessToken, GetServiceTicket or GetAccount; after any of them, VerifyUser may be
// called again.
func (c *Client) VerifyUser(ctx context.Context, source *AccessTokenSource, userToken string) (*Response[Account], error) {
	if ctx == nil || source == nil || source.client != c {
		return nil, &ValidationError{Operation: opGetServiceTicket.Name, Rule: "the ctx must not be nil, the token source must be of the same Client"}
	}
	var ticket string
	err := source.Use(ctx, func(accessToken string) error {
		resp, err := c.GetServiceTicket(ctx, &GetServiceTicketRequest{AccessToken: accessToken, Token: userToken})
		if resp == nil {
			return err
		}
		ticket = resp.Data.ServiceTicket // good for now, even if its end cannot be read
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.GetAccount(ctx, &GetAccountRequest{ServiceTicket: ticket})
}

// cached returns the token in memory, or the error that stands for it; neither means
// that it is time to renew.
func (s *AccessTokenSource) cached() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	resting := s.failure != nil && now.Sub(s.failedAt) < fetchInterval
	switch {
	case now.Before(s.refreshAt), resting && now.Before(s.validUntil):
		return s.token, nil
	case resting:
		return "", s.failure
	default:
		return "", nil
	}
}

// renew gets a new token, from the store if another process has put one there.
func (s *AccessTokenSource) renew(ctx context.Context) (string, error) {
	if s.store != nil {
		defer s.lockStore(ctx)()
		if token, ttl := s.load(ctx); token != "" {
			s.keep(token, refreshIn(ttl), ttl)
			return token, nil
		}
	}
	if err := s.pace(ctx); err != nil {
		return "", err
	}
	fetchCtx := ctx
	if s.stillValid() != "" { // then the caller need not wait for it to the end
		var cancel context.CancelFunc
		fetchCtx, cancel = within(ctx, s.client.inside().timeout)
		defer cancel()
	}
	resp, err := s.client.GetAccessToken(fetchCtx, &s.request)
	if resp == nil {
		return s.fail(ctx, err)
	}
	// An expiry that cannot be read is no reason to refuse a token that can.
	token, lifetime := resp.Data.AccessToken, lifetimeOf(resp, time.Now())
	s.keep(token, refreshIn(lifetime), lifetime)
	s.save(ctx, token, lifetime)
	return token, nil
}

// pace waits until a second after the last failed fetch. It matters where callers give
// up sooner than the platform answers: their failures are not shared with the others.
func (s *AccessTokenSource) pace(ctx context.Context) error {
	s.mu.Lock()
	rest := time.Until(s.failedAt.Add(fetchInterval))
	s.mu.Unlock()
	if rest <= 0 {
		return nil
	}
	if err := wait(ctx, rest); err != nil {
		return &TransportError{
			Operation: opGetAccessToken.Name, reason: endOf(err) + " while waiting to fetch the token again", cause: err, notSent: true,
		}
	}
	return nil
}

// lifetimeOf returns for how long a token will be valid. What counts is the platform's
// clock, which the Date of its answer tells: ours may be minutes off.
func lifetimeOf(resp *Response[AccessToken], now time.Time) time.Duration {
	if resp.Data.Expired.IsZero() {
		return 2 * refreshMargin // nobody knows: long enough to be of use, and then a new one
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		now = date
	}
	return min(resp.Data.Expired.Sub(now), accessTokenLifetime)
}

// refreshIn returns when to renew a token of this lifetime: with jitter, so that a
// fleet that started together does not come back together.
func refreshIn(lifetime time.Duration) time.Duration {
	margin := refreshMargin + retry.Jitter(refreshMargin)
	return max(lifetime-margin, lifetime/2, fetchInterval)
}

func (s *AccessTokenSource) keep(token string, refreshIn, lifetime time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.token, s.refreshAt, s.validUntil = token, now.Add(refreshIn), now.Add(lifetime)
	s.fetchedAt, s.failedAt, s.failure = now, time.Time{}, nil
}

// fail remembers a failed fetch, unless it failed because its caller gave up, and
// falls back on the old token while that is valid.
func (s *AccessTokenSource) fail(ctx context.Context, err error) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	valid := now.Before(s.validUntil)
	s.failedAt, s.failure = now, nil
	if ctx.Err() == nil || valid {
		s.failure = err
	}
	if valid {
		return s.token, nil
	}
	return "", err
}

// reject remembers that the platform does not take token.
func (s *AccessTokenSource) reject(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected = token
}

// forget drops token if it is the one in memory. A platform that rejects what it
// has just handed out is not asked again at once.
func (s *AccessTokenSource) forget(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == s.rejected && time.Since(s.fetchedAt) < fetchInterval {
		return false
	}
	s.rejected = token
	if token == s.token {
		s.token, s.refreshAt, s.validUntil = "", time.Time{}, time.Time{}
	}
	return true
}

// lockStore takes the store's lock and returns how to give it back. Without one the
// worst that can happen is a fetch too many.
func (s *AccessTokenSource) lockStore(ctx context.Context) (unlock func()) {
	ctx, cancel := within(ctx, lockTimeout)
	defer cancel()
	unlock, err := s.store.Lock(ctx, s.key)
	if s.report("Lock", err); err != nil || unlock == nil {
		return func() {}
	}
	return unlock
}

// load returns the store's token, unless it is the one that is to be renewed.
func (s *AccessTokenSource) load(ctx context.Context) (string, time.Duration) {
	ctx, cancel := within(ctx, storeTimeout)
	defer cancel()
	token, ttl, err := s.store.Get(ctx, s.key)
	s.report("Get", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || ttl <= 0 || token == s.rejected || token == s.token {
		return "", 0
	}
	return token, ttl
}

func (s *AccessTokenSource) save(ctx context.Context, token string, ttl time.Duration) {
	if s.store == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	s.report("Set", s.store.Set(ctx, s.key, token, ttl))
}

// report logs that the store failed, by the error's type: its text is a stranger's and
// may hold the store's password.
func (s *AccessTokenSource) report(method string, err error) {
	if err != nil && s.client.inside().logger != nil {
		s.client.inside().logger.Warn("openplatform token store failed", slog.String("method", method), slog.String("error_type", fmt.Sprintf("%T", err)))
	}
}
