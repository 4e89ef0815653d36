// Package auth is a middleware for net/http that checks the login token of a request with the
// platform, and passes on only requests with a valid token.
//
//	who, err := auth.New(client, auth.Cookie("session"), auth.WithAccount(source))
//	...
//	mux.Handle("/account", who.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		account, _ := auth.AccountOf(r.Context())
//		...
//	})))
//
// [Middleware.Wrap] is for net/http and chi. [Middleware.Authenticate] is for frameworks with
// their own handler type; the module examples/frameworks has gin, echo and chi.
//
// # Responses
//
// This section is a contract. A release that changes it says so.
//
//   - 401: there is no token, the token is not valid UTF-8, or the platform says that it is not
//     valid: only [openplatform.ErrInvalidToken] of CheckToken says so. GetServiceTicket
//     documents no code for this, so CheckToken is called after a refusal of GetServiceTicket
//     that is not about the business system's credentials.
//   - 503 with Retry-After: nothing was sent, there was no usable response, the platform failed
//     or limits the rate, or the carrier failed. Do not end a session here, or an outage ends
//     all sessions.
//   - 500: a mistake in the configuration: credentials, permissions, a certificate, or a refusal
//     with an unlisted code. It is logged at Error, once for each kind. Do not end a session.
//   - Otherwise the next handler responds. It gets the request without the token; [AccountOf]
//     returns the account.
//
// # Cache
//
// For each token, the platform is asked by one request at a time; the others wait for it. The
// call runs in its own goroutine. It may continue after its first request has ended, for at most
// 15 seconds.
//
// A valid token is cached for the time of [WithCache], by default 30 seconds, which is also the
// maximum. The time starts with the response; requests do not extend it. A person who has logged
// out elsewhere, or whose password was reset, may stay logged in here for this time. For a
// logout here, call [Middleware.Forget]. An invalid token is cached for 5 seconds. A failure is
// not cached. With [WithStale], a valid token is accepted longer while the platform cannot be
// reached.
//
// The cache has a limited size. It drops the oldest entry first; invalid tokens do not displace
// valid ones. Its key is the HMAC-SHA256 of the token with a random key of this process. It holds
// the accounts.
//
// The middleware asks the platform about every new token, also about invented ones. Limit the
// rate of requests per address before it.
//
// # Secrets
//
// No token, phone number or e-mail address is logged or printed. A [Middleware] prints without
// its contents. The result of [AccountOf] is not masked, but prints masked.
package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

const (
	longestCache = 30 * time.Second
	defaultSize  = 10_000
	deadFor      = 5 * time.Second
	retryAfter   = 5 * time.Second // the minimum
)

// A Middleware passes on requests with a valid token. Make one with [New] for all handlers: it
// holds the cache. It is safe for concurrent use.
type Middleware struct {
	// open is a function, because printers that follow pointers would print the accounts.
	open func() *middleware
}

type middleware struct {
	carrier   Carrier
	cache     *cache
	onFailure func(http.ResponseWriter, *http.Request, advice.Advice)
	logger    *slog.Logger
	logged    logged
}

// An Option configures a Middleware, for [New]. New fails if a value is invalid.
type Option func(*config) error

type config struct {
	source    *openplatform.AccessTokenSource
	size      int
	keep      time.Duration
	stale     time.Duration
	onFailure func(http.ResponseWriter, *http.Request, advice.Advice)
	logger    *slog.Logger
}

// WithAccount gets the person's account with source, for [AccountOf]. This needs two calls to
// the platform, which both change something there, instead of one CheckToken. The source must
// belong to the client of [New].
func WithAccount(source *openplatform.AccessTokenSource) Option {
	return func(c *config) error {
		if source == nil {
			return errors.New("WithAccount: the source must not be nil")
		}
		c.source = source
		return nil
	}
}

// WithCache caches at most size valid tokens, each for keep, and as many invalid ones. keep is
// at most 30 seconds. If either is 0, nothing is cached. The default is 10,000 tokens for 30
// seconds.
func WithCache(size int, keep time.Duration) Option {
	return func(c *config) error {
		switch {
		case size < 0:
			return fmt.Errorf("WithCache: size %d is negative", size)
		case keep < 0 || keep > longestCache:
			return fmt.Errorf("WithCache: %v is not between 0 and %v", keep, longestCache)
		}
		c.size, c.keep = size, keep
		if keep == 0 {
			c.size = 0
		}
		return nil
	}
}

// WithStale accepts a token whose cache time has passed, for d longer, at most one hour, while
// the platform cannot be reached. It does not accept a token that the platform calls invalid,
// nor any token after a mistake in the configuration. It is off by default: a person whose
// account was locked meanwhile stays logged in. After a failure, the platform is asked about the
// token again after 5 seconds.
func WithStale(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 || d > time.Hour {
			return fmt.Errorf("WithStale: %v is not between 0 and an hour", d)
		}
		c.stale = d
		return nil
	}
}

// WithFailure lets fn respond to requests that are not passed on, instead of problem details
// (RFC 9457): with a page, or a redirect to the login page. a.Status is 401, 500 or 503.
// Retry-After, Cache-Control and WWW-Authenticate are already set. r has no token.
//
// End a session only at status 401.
func WithFailure(fn func(w http.ResponseWriter, r *http.Request, a advice.Advice)) Option {
	return func(c *config) error {
		if fn == nil {
			return errors.New("WithFailure: fn must not be nil")
		}
		c.onFailure = fn
		return nil
	}
}

// WithLogger logs mistakes in the configuration to l, instead of [slog.Default].
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: the logger must not be nil")
		}
		c.logger = l
		return nil
	}
}

// New returns a middleware that takes tokens from carrier and checks them with client. It sends
// nothing before the first request. If an option is given twice, the last one is used.
func New(client *openplatform.Client, carrier Carrier, opts ...Option) (*Middleware, error) {
	c := config{size: defaultSize, keep: longestCache, onFailure: writeProblem, logger: slog.Default()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("auth: an Option must not be nil")
		}
		if err := opt(&c); err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
	}
	switch {
	case client == nil:
		return nil, errors.New("auth: the Client must not be nil")
	case carrier.read == nil:
		return nil, errors.New("auth: the Carrier must come from Cookie, Bearer or Func")
	case c.stale > 0 && c.size == 0:
		return nil, errors.New("auth: WithStale needs a cache")
	}
	m := &middleware{
		carrier: carrier, onFailure: c.onFailure, logger: c.logger,
		cache: newCache(platform{client, c.source}.ask, c),
	}
	return &Middleware{open: func() *middleware { return m }}, nil
}

// Format implements [fmt.Formatter] with the type's name for every verb.
func (m *Middleware) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "auth.Middleware") }

// Wrap returns a handler that calls next with the requests that [Middleware.Authenticate] passes
// on.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if passed, ok := m.Authenticate(w, r); ok {
			next.ServeHTTP(w, passed)
		}
	})
}

// Authenticate checks the token of r. passed is the request to pass on, without the token and
// with the account in its ctx. If ok is false, Authenticate has written the response, and passed
// is r. It does not change r.
func (m *Middleware) Authenticate(w http.ResponseWriter, r *http.Request) (passed *http.Request, ok bool) {
	in := m.open()
	token, err := in.carrier.read(r)
	if err != nil {
		in.fail(w, r, unreadable())
		return r, false
	}
	if token == "" || !utf8.ValidString(token) {
		in.fail(w, r, noToken())
		return r, false
	}
	account, err := in.cache.who(r.Context(), token)
	if err != nil {
		in.fail(w, r, in.adviceOn(r.Context(), err))
		return r, false
	}
	return in.carrier.strip(context.WithValue(r.Context(), accountKey{}, account), r), true
}

// Forget removes token from the cache: the platform is asked about it again. Call it after
// Logout, also if Logout failed. The response of a running call is not cached.
func (m *Middleware) Forget(token string) { m.open().cache.forget(token) }

type accountKey struct{}

// AccountOf returns the person's account from the ctx of a request. ok is false if the request
// was not passed on by a Middleware with [WithAccount].
func AccountOf(ctx context.Context) (account openplatform.Account, ok bool) {
	known, _ := ctx.Value(accountKey{}).(*openplatform.Account)
	if known == nil {
		return openplatform.Account{}, false
	}
	return *known, true
}

func writeProblem(w http.ResponseWriter, r *http.Request, a advice.Advice) {
	a.WriteProblem(w, advice.LanguageOf(r))
}

// fail responds to a request that is not passed on.
func (m *middleware) fail(w http.ResponseWriter, r *http.Request, a advice.Advice) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	switch a.Status {
	case http.StatusServiceUnavailable:
		h.Set("Retry-After", strconv.Itoa(a.WaitSeconds()))
	case http.StatusUnauthorized:
		if m.carrier.challenge != "" {
			h.Set("WWW-Authenticate", m.carrier.challenge)
		}
	}
	m.onFailure(w, m.carrier.strip(r.Context(), r), a)
}

func noToken() advice.Advice {
	return advice.Advice{
		Name: "no_token", Whose: advice.WhosePerson, Action: advice.ActionLogIn, Status: http.StatusUnauthorized,
		Outcome: openplatform.OutcomeNotSent, Sentence: advice.Sentence{Chinese: "请先登录。", English: "Please log in."},
	}
}

// unreadable is the advice if the caller's carrier fails, for example a session store.
func unreadable() advice.Advice {
	a := advice.Of(&openplatform.TransportError{Operation: "CheckToken", NotSent: true})
	a.Wait = retryAfter
	return a
}

// adviceOn returns the advice of [advice.Of] with the status of the package documentation.
func (m *middleware) adviceOn(ctx context.Context, err error) advice.Advice {
	a := advice.Of(err)
	switch {
	case a.Status == http.StatusUnauthorized: // from CheckToken: see platform.ask
	case a.Whose == advice.WhoseSetup:
		a.Status = http.StatusInternalServerError
		m.logged.once(ctx, m.logger, a, err)
	default:
		a.Status, a.Action, a.Wait = http.StatusServiceUnavailable, advice.ActionTryAgain, max(a.Wait, retryAfter)
	}
	return a
}
