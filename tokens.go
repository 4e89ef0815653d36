package openplatform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ebaas/openplatform-go/internal/seal"
)

const (
	// accessTokenLifetime is the documented one. A longer one is a clock that is off.
	accessTokenLifetime = 2 * time.Hour
	// A token is renewed between one and two of these before it ends: enough for the
	// calls it is used in, and for a clock that is minutes off where the platform's
	// answer does not tell its own.
	refreshMargin = 5 * time.Minute
	// After a fetch the next one waits, whoever asks, and whatever has become of the first.
	fetchInterval = time.Second

	storeTimeout = time.Second // of each call but Lock
	lockTimeout  = 5 * time.Second
	// A store that honours its ctx needs a moment to return once ctx has ended.
	storeGrace = 20 * time.Millisecond

	// Where every new token ends the old one, and machines cannot share, a call may lose its
	// token to another machine a few times in a row.
	mostUses = 5

	// Enough rejected tokens are remembered for those whose calls are still under way.
	rejectedKept = 32
)

// A TokenStore shares access tokens between processes, so that a fleet fetches one token and
// not one a machine. An [AccessTokenSource] keeps its token in memory all the same: it asks
// the store only when it needs a new one, and does without if the store fails.
//
// A store sees no secret. A key is a hash, 80 characters, another one for each base URL,
// client id and client secret. A value is a token, encrypted with a key that is derived from
// the client secret: a third longer than the token, and 40 characters more at most. Both are
// made of letters, digits, "-", "_" and ":". A value that does not decrypt counts as none: one
// that was changed, or was stored under another key.
//
// A machine stores a token only if it held the lock before it fetched it. If it cannot get the
// lock, because the store is down or a machine died with the lock, it fetches a token for
// itself and leaves the store as it is. If the platform ends the old token when it issues a
// new one, such machines end each other's tokens. This stops when the lock can be had again:
// the next token is stored, and the others take it from there.
//
// All methods are called from many goroutines at once, none of them a caller's. Each ctx has a
// deadline: at most five seconds away for Lock, and one second for all else. A call that does
// not return although its ctx has ended is left alone, and the store is not called again until
// it has returned; a lock that is held meanwhile ends by itself. An error and a panic are
// failures alike, logged by their type and never by their text.
type TokenStore interface {
	// Get returns the value under key and for how long it is still valid, "" if there is none.
	// Durations, not times: the machines' clocks may disagree. It needs no lock.
	Get(ctx context.Context, key string) (value string, ttl time.Duration, err error)
	// Delete forgets the value under key if it is this one, and leaves any other alone. It
	// compares and deletes in one step, and needs no lock.
	Delete(ctx context.Context, key, value string) error
	// Lock waits until nobody holds key's lock, and takes it. ctx bounds the wait alone: the
	// lock is held until Unlock, and for ttl at most, since a machine can die that holds it.
	// ttl is the client's timeout and two seconds, longer than the source needs. After an
	// error nobody gives a lock back.
	Lock(ctx context.Context, key string, ttl time.Duration) (Lease, error)
}

// A Lease is a lock of a [TokenStore], held since [TokenStore.Lock] returned it. One call of
// it is made at a time.
type Lease interface {
	// Set stores value under the lock's key and forgets it after ttl, which is two hours at
	// most. If the lock has ended, or is another's by now, it stores nothing and returns an
	// error. It compares and stores in one step, or a slow machine would replace a newer
	// token. It is called once at most.
	Set(ctx context.Context, value string, ttl time.Duration) error
	// Unlock gives the lock back if it is still this lease's, and leaves another holder's
	// alone. It is called last, and after a Set that failed, too.
	Unlock(ctx context.Context) error
}

// An AccessTokenSource keeps a valid access token for one business system: fetched
// when first asked for, renewed before it ends, fetched once however many goroutines
// ask. It is safe for concurrent use. Make one with [Client.AccessTokenSource] and keep
// it as long as the client.
//
// A fetch belongs to the source, not to the caller who asked first: it goes on when that
// caller gives up, in a goroutine that ends within the client's timeout, or two seconds later
// if the lock of a [TokenStore] is to be given back. It has the values of that caller's ctx. An
// [Observer] sees it as a composite call, "RenewAccessToken". If an Observer panics in it, the
// callers who wait for the token panic with the same value, as if they had made the call
// themselves; the next caller starts anew.
type AccessTokenSource struct {
	// A function, since nothing that prints a value by reflection looks into one: test
	// frameworks follow pointers and unexported fields to whatever secret is there.
	open func() *tokenSource
}

// A TokenOption changes how [Client.AccessTokenSource] sets a source up.
type TokenOption func(*tokenSource) error

// WithTokenStore shares the token through store. nil is an error: without this option, the
// token is kept in memory alone. With GODEBUG=fips140=only, any store is an error: the
// encryption derives its nonces from the tokens.
func WithTokenStore(store TokenStore) TokenOption {
	return func(t *tokenSource) error {
		if store == nil {
			return invalidSource("", "the token store must not be nil")
		}
		t.store = store
		return nil
	}
}

// AccessTokenSource returns a source of access tokens for the business system with
// these credentials. It sends nothing until it is asked. It fails with a [*ValidationError]
// if a credential is empty or not valid UTF-8, or the client, an option or a store is nil.
func (c *Client) AccessTokenSource(clientID, clientSecret string, opts ...TokenOption) (*AccessTokenSource, error) {
	core := c.inside()
	if core == nil {
		return nil, invalidSource("", "the client must come from NewClient")
	}
	t := &tokenSource{
		client: c, core: core, request: GetAccessTokenRequest{ClientID: clientID, ClientSecret: clientSecret},
		visiting: make(turn, 1), deleting: make(turn, 1),
	}
	if b := firstBroken(t.request.params()); b.rule != "" {
		return nil, invalidSource(b.field, b.rule)
	}
	for _, opt := range opts {
		if opt == nil {
			return nil, invalidSource("", "a TokenOption must not be nil")
		}
		if err := opt(t); err != nil {
			return nil, err
		}
	}
	if t.store != nil {
		var err error
		if t.sealer, err = seal.New(core.baseURL, clientID, clientSecret); err != nil {
			return nil, fmt.Errorf("openplatform: WithTokenStore: %w", err)
		}
	}
	return &AccessTokenSource{open: func() *tokenSource { return t }}, nil
}

func invalidSource(field, rule string) error {
	return &ValidationError{Operation: opGetAccessToken.Name, Field: field, Violation: ViolationSetup, Rule: rule}
}

func noSource() error {
	return invalidSource("", "the ctx must not be nil, the source must come from a Client")
}

// inside returns what s holds, nil for a source that [Client.AccessTokenSource] has not made.
func (s *AccessTokenSource) inside() *tokenSource {
	if s == nil || s.open == nil {
		return nil
	}
	return s.open()
}

func (s *AccessTokenSource) shown() GetAccessTokenRequest {
	if t := s.inside(); t != nil {
		return t.request
	}
	return GetAccessTokenRequest{}
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

// Invalidate forgets token, which the platform has rejected: here at once, and in the
// store soon, without a wait. A token that has been replaced meanwhile is left alone. The
// next one is taken from the store, or fetched, but no sooner than a second after the last
// fetch, or two: whatever the platform rejects, it is asked once a second.
func (s *AccessTokenSource) Invalidate(ctx context.Context, token string) {
	if t := s.inside(); t != nil {
		t.reject(ctx, token)
	}
}

// Use calls fn with a valid access token, and again with a new one if fn's error is
// [ErrInvalidAccessToken], at whatever HTTP status the platform said so. The new one is
// that of the [TokenStore] if another machine has put one there, and else one just issued.
// If the platform rejects that one too, the same is done again: where a new token ends the
// old one, and the store is down, machines end each other's tokens. fn is called five times
// at most, with a new token each time, and only once if the last five tokens have been
// rejected and none of them has worked for anybody.
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
		if n == mostUses || t.hopeless() {
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
	ctx, end := t.core.startComposite(ctx, "VerifyUser")
	resp, err := s.verifyUser(ctx, t.client, userToken)
	end(err)
	return resp, err
}

func (s *AccessTokenSource) verifyUser(ctx context.Context, client *Client, userToken string) (*Response[Account], error) {
	var ticket string
	err := s.Use(ctx, func(accessToken string) error {
		resp, err := client.GetServiceTicket(ctx, &GetServiceTicketRequest{AccessToken: accessToken, Token: userToken})
		if err != nil {
			return err
		}
		ticket = resp.Data.ServiceTicket
		return nil
	})
	if err != nil {
		return nil, err
	}
	return client.GetAccount(ctx, &GetAccountRequest{ServiceTicket: ticket})
}
