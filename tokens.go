package openplatform

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"
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
	return setupError(opGetAccessToken.Name, "the ctx must not be nil, the source must come from a Client")
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
