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
	// accessTokenLifetime is the documented lifetime. A longer one means that a clock is wrong.
	accessTokenLifetime = 2 * time.Hour
	// A token is renewed one to two margins before it expires. This leaves time for the calls
	// that use it, and for a local clock that is minutes wrong if the response has no Date.
	refreshMargin = 5 * time.Minute
	// fetchInterval is the minimum time between two fetches.
	fetchInterval = time.Second

	storeTimeout = time.Second // of each call but Lock
	lockTimeout  = 5 * time.Second
	// storeGrace is the time that a store gets to return after its ctx has ended.
	storeGrace = 20 * time.Millisecond

	// mostUses is how many tokens Use tries. If each new token makes the old one invalid and
	// machines share no store, other machines may make a call's token invalid several times.
	mostUses = 5

	// rejectedKept is how many rejected tokens are remembered, for calls that still use them.
	rejectedKept = 32
)

// A TokenStore shares access tokens between processes, so that a fleet of machines fetches one
// token. An [AccessTokenSource] also keeps its token in memory. It asks the store only when
// it needs a new token, and works without the store if the store fails.
//
// The store gets no secrets. A key is a hash of 80 characters, different for each base URL,
// client id and client secret. A value is an encrypted token; the encryption key is derived
// from the client secret. It is at most a third and 40 characters longer than the token. Both
// consist of letters, digits, "-", "_" and ":". A value that cannot be decrypted, because it
// was changed or stored under another key, is ignored.
//
// A machine stores a token only if it held the lock before it fetched the token. If it cannot
// get the lock, because the store is down or a machine failed with the lock, it fetches a
// token for itself only. If the platform makes the old token invalid when it issues a new one,
// such machines make each other's tokens invalid. This ends when the lock is available again:
// the next token is stored and shared.
//
// All methods are called from many goroutines at once, which are not the callers'. Each ctx
// has a deadline: at most five seconds for Lock, one second for the others. If a method does
// not return after its ctx has ended, the source does not wait for it, and does not call the
// store again until it has returned; a lock that it holds expires. An error and a panic are
// both failures. They are logged by their type, never by their text.
type TokenStore interface {
	// Get returns the value under key and its remaining lifetime, "" if there is none. It is a
	// duration, because the machines' clocks may differ. It needs no lock.
	Get(ctx context.Context, key string) (value string, ttl time.Duration, err error)
	// Delete deletes the value under key if it is equal to value. It compares and deletes in
	// one atomic step, and needs no lock.
	Delete(ctx context.Context, key, value string) error
	// Lock waits for the lock of key and takes it. ctx limits the wait only. The lock is held
	// until Unlock, at most for ttl, because its holder may fail. ttl is the client's timeout
	// and two seconds, longer than the source needs. After an error, Unlock is not called.
	Lock(ctx context.Context, key string, ttl time.Duration) (Lease, error)
}

// A Lease is a lock that [TokenStore.Lock] has taken. Its methods are not called
// concurrently.
type Lease interface {
	// Set stores value under the lock's key for ttl, at most two hours. If the lock has
	// expired or has another holder, it stores nothing and returns an error. It compares and
	// stores in one atomic step, or a slow machine would replace a newer token. It is called
	// at most once.
	Set(ctx context.Context, value string, ttl time.Duration) error
	// Unlock releases the lock if this lease still holds it; the lock of another holder stays.
	// It is called last, also after a failed Set.
	Unlock(ctx context.Context) error
}

// An AccessTokenSource keeps a valid access token for one business system. It fetches the
// token when it is first needed, renews it before it expires, and makes one fetch for all
// goroutines that ask. It is safe for concurrent use. Make one with
// [Client.AccessTokenSource] and keep it as long as the client.
//
// A fetch belongs to the source, not to its first caller: it continues if that caller's ctx
// ends. Its goroutine ends within the client's timeout, or two seconds later if it must
// release the lock of a [TokenStore]. It uses the values of that caller's ctx. An [Observer]
// sees it as a composite call, "RenewAccessToken". If an Observer panics in it, the callers
// who wait for the token panic with the same value; the next caller starts a new fetch.
type AccessTokenSource struct {
	// open is a function, because printers that use reflection do not look into one: test
	// frameworks follow pointers and unexported fields, and would print the secrets.
	open func() *tokenSource
}

// A TokenOption configures a source, for [Client.AccessTokenSource].
type TokenOption func(*tokenSource) error

// WithTokenStore shares the token through store. Without this option, the token is kept in
// memory only. A nil store is an error. With GODEBUG=fips140=only, every store is an error,
// because the encryption derives its nonces from the tokens.
func WithTokenStore(store TokenStore) TokenOption {
	return func(t *tokenSource) error {
		if store == nil {
			return invalidSource("", "the token store must not be nil")
		}
		t.store = store
		return nil
	}
}

// AccessTokenSource returns a source of access tokens for the business system with these
// credentials. It sends nothing until a token is needed. It fails with a [*ValidationError] if
// a credential is empty or not valid UTF-8, or if the client, an option or a store is nil.
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
	return invalidSource("", "ctx must not be nil, the source must come from a Client")
}

// inside returns what s holds, nil if s does not come from [Client.AccessTokenSource].
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

// Format implements [fmt.Formatter]: every verb prints the client id and the masked secret.
func (s *AccessTokenSource) Format(f fmt.State, _ rune) { printParams(f, s.shown().params()) }

// LogValue implements [slog.LogValuer] with the client id and the masked secret.
func (s *AccessTokenSource) LogValue() slog.Value { return s.shown().LogValue() }

// Token returns a valid access token. It waits at most until ctx ends; the cancellation of
// one caller does not affect the others. While the token is valid, no caller waits: during a
// renewal the old token is returned. The errors are those of [Client.GetAccessToken]. A failed
// fetch is not repeated for one second: all callers get its error, to protect the platform.
func (s *AccessTokenSource) Token(ctx context.Context) (string, error) {
	t := s.inside()
	if ctx == nil || t == nil {
		return "", noSource()
	}
	token, err := t.obtain(ctx)
	return token.value, err
}

// Invalidate removes a token that the platform has rejected: from memory at once, and from
// the store in the background. It does nothing if the token has been replaced already. The
// next token comes from the store or from the platform, which is asked no sooner than one to
// two seconds after the last fetch.
func (s *AccessTokenSource) Invalidate(ctx context.Context, token string) {
	if t := s.inside(); t != nil {
		t.reject(ctx, token)
	}
}

// Use calls fn with a valid access token, and again with a new one if fn returns
// [ErrInvalidAccessToken], with any HTTP status. The new token comes from the [TokenStore] if
// another machine has stored one, or else from the platform. If the platform rejects it too,
// Use repeats this: machines that share no store may make each other's tokens invalid. fn is
// called at most five times, each time with another token. It is called only once if the last
// five tokens were all rejected before any call with them succeeded, each within a minute.
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
		case token.value == last: // no other token is available now
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

// VerifyUser returns the account of the person with the login token userToken. It is the
// single sign-on flow in one call: access token, service ticket, account.
//
// [ErrInvalidToken] means that the person must log in again. (Page S3 documents no code for
// an expired login token; page S1 documents this one.) An invalid access token is replaced as
// in [AccessTokenSource.Use]. The error names the operation that failed: GetAccessToken,
// GetServiceTicket or GetAccount. VerifyUser may be called again after any error.
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
