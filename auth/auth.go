// Package auth is a middleware for net/http that finds out whose login token a request
// carries, and lets nobody in whom the platform does not vouch for.
//
//	who, err := auth.New(client, auth.Cookie("session"), auth.WithAccount(source))
//	...
//	mux.Handle("/account", who.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		account, _ := auth.AccountOf(r.Context())
//		...
//	})))
//
// [Middleware.Wrap] fits net/http and chi. [Middleware.Authenticate] is for frameworks that
// have handlers of their own; the module examples/frameworks has gin, echo and chi.
//
// # What a request is answered
//
// This is a contract; a release that changes it says so.
//
//   - 401: there is no token, or none that can be sent, or the platform says that it is dead. Only CheckToken's
//     [openplatform.ErrInvalidToken] says so. GetServiceTicket documents no code for it: after a
//     refusal that is not about the business system's credentials, CheckToken is asked.
//   - 503, with a Retry-After: nothing was sent, or no usable answer came, or the platform failed,
//     or it was asked too often; and a carrier that cannot be read. A session that ends here
//     would end for everybody in every outage.
//   - 500: a mistake in the set-up: credentials, permissions, a certificate, a refusal that nobody
//     has listed. It is logged at Error, once for each kind. No session ends.
//   - Anything else is the next handler's. It sees the request without the token, and
//     [AccountOf] tells it whose it was.
//
// # What is asked, and what is remembered
//
// One question is asked for a token at a time, however many requests wait for the answer. It
// outlives the request that asked first, by 15 seconds at most, in a goroutine of its own.
//
// What the platform said of a living token is believed for as long as [WithCache] says, 30
// seconds if it is not given and never more. That time begins with the answer; no request renews it.
// So a person who has logged out elsewhere, or whose password was reset, may stay in for so
// long here. [Middleware.Forget] is for a logout here. A dead token is remembered for 5 seconds. A
// failure is not remembered. With [WithStale], what was said before is believed for a while longer if
// the platform cannot answer.
//
// The cache is bounded: the oldest goes first, and dead tokens take no room from living ones. It
// is keyed by HMAC-SHA256 of the token, with a key of this process, and holds the accounts.
//
// It asks the platform once for every token that it has not seen, made-up ones included. Limit how
// many requests one address may make before it, as for any door.
//
// # What is kept secret
//
// No token, phone number or e-mail address is logged or printed, nor does any printer find one in
// a [Middleware]. What [AccountOf] returns is whole, and prints masked.
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
	retryAfter   = 5 * time.Second // if nobody says more
)

// A Middleware lets requests through whose token is alive. Make one with [New], once for all
// handlers: it holds the cache. It is safe for concurrent use.
type Middleware struct {
	// Behind a function, because printers that follow pointers would show the accounts.
	open func() *middleware
}

type middleware struct {
	carrier   Carrier
	cache     *cache
	onFailure func(http.ResponseWriter, *http.Request, advice.Advice)
	logger    *slog.Logger
	logged    logged
}

// An Option changes how [New] sets a Middleware up. One with a bad value makes New fail.
type Option func(*config) error

type config struct {
	source    *openplatform.AccessTokenSource
	size      int
	keep      time.Duration
	stale     time.Duration
	onFailure func(http.ResponseWriter, *http.Request, advice.Advice)
	logger    *slog.Logger
}

// WithAccount asks who the person is, with source, and not only whether the token is alive.
// That is two calls of the platform instead of one, of which each changes something there. The
// source must be of the client that [New] is given.
func WithAccount(source *openplatform.AccessTokenSource) Option {
	return func(c *config) error {
		if source == nil {
			return errors.New("WithAccount: nil source")
		}
		c.source = source
		return nil
	}
}

// WithCache remembers size living tokens at most, each for keep, and as many dead ones. keep is
// at most 30 seconds. If either is 0, nothing is remembered. The default is 10,000 for 30 seconds.
func WithCache(size int, keep time.Duration) Option {
	return func(c *config) error {
		switch {
		case size < 0:
			return fmt.Errorf("WithCache: size %d is negative", size)
		case keep < 0 || keep > longestCache:
			return fmt.Errorf("WithCache: %v is not within 0 and %v", keep, longestCache)
		}
		c.size, c.keep = size, keep
		if keep == 0 {
			c.size = 0
		}
		return nil
	}
}

// WithStale lets a person in whom the platform vouched for before, if it cannot answer now: for
// d after the cache's time is up, at most an hour. Not after a dead token or a mistake in the
// set-up. It is off by default: a person who was locked out meanwhile gets in. After a failure the
// platform is asked about that token again after 5 seconds.
func WithStale(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 || d > time.Hour {
			return fmt.Errorf("WithStale: %v is not within 0 and an hour", d)
		}
		c.stale = d
		return nil
	}
}

// WithFailure has fn answer the requests that are not let through, in place of problem details
// (RFC 9457): with a page, or a way to the login page. a.Status is 401, 500 or 503; Retry-After,
// Cache-Control and WWW-Authenticate are set already. r is without the token.
//
// End a session at status 401 only.
func WithFailure(fn func(w http.ResponseWriter, r *http.Request, a advice.Advice)) Option {
	return func(c *config) error {
		if fn == nil {
			return errors.New("WithFailure: nil function")
		}
		c.onFailure = fn
		return nil
	}
}

// WithLogger logs mistakes in the set-up to l, in place of [slog.Default].
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: nil logger")
		}
		c.logger = l
		return nil
	}
}

// New returns a middleware that takes tokens from carrier and asks client about them. It sends
// nothing until a request comes. Of an option given twice the last one counts.
func New(client *openplatform.Client, carrier Carrier, opts ...Option) (*Middleware, error) {
	c := config{size: defaultSize, keep: longestCache, onFailure: writeProblem, logger: slog.Default()}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("auth: nil Option")
		}
		if err := opt(&c); err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
	}
	switch {
	case client == nil:
		return nil, errors.New("auth: nil Client")
	case carrier.read == nil:
		return nil, errors.New("auth: a Carrier is made by Cookie, Bearer or Func")
	case c.stale > 0 && c.size == 0:
		return nil, errors.New("auth: WithStale needs a cache")
	}
	m := &middleware{
		carrier: carrier, onFailure: c.onFailure, logger: c.logger,
		cache: newCache(platform{client, c.source}.ask, c),
	}
	return &Middleware{open: func() *middleware { return m }}, nil
}

// Format prints the type's name under every verb.
func (m *Middleware) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "auth.Middleware") }

// Wrap returns a handler that passes to next what [Middleware.Authenticate] lets through.
func (m *Middleware) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if passed, ok := m.Authenticate(w, r); ok {
			next.ServeHTTP(w, passed)
		}
	})
}

// Authenticate returns the request to pass on, without the token and with whose it was in its
// ctx. If ok is false, the request has been answered, and passed is r. r itself stays as it is.
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

// Forget has the platform asked about token when it is seen next. Call it when the person has
// logged out, after Logout, whatever that returned. An answer that is under way is not remembered.
func (m *Middleware) Forget(token string) { m.open().cache.forget(token) }

type accountKey struct{}

// AccountOf returns the account of the person whose request this is the ctx of. ok is false if
// no Middleware has let it through, or one without [WithAccount].
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

// fail answers a request that is not let through.
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

// unreadable is about a carrier of the caller's that fails: a session store that is down.
func unreadable() advice.Advice {
	a := advice.Of(&openplatform.TransportError{Operation: "CheckToken", NotSent: true})
	a.Wait = retryAfter
	return a
}

// adviceOn turns what [advice.Of] says of an error into what the package documentation says.
func (m *middleware) adviceOn(ctx context.Context, err error) advice.Advice {
	a := advice.Of(err)
	switch {
	case a.Status == http.StatusUnauthorized: // CheckToken's word: see platform.ask
	case a.Whose == advice.WhoseSetup:
		a.Status = http.StatusInternalServerError
		m.logged.once(ctx, m.logger, a, err)
	default:
		a.Status, a.Action, a.Wait = http.StatusServiceUnavailable, advice.ActionTryAgain, max(a.Wait, retryAfter)
	}
	return a
}
