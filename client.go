package openplatform

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// Version is the SDK's version, as it appears in the User-Agent header.
const Version = "0.1.0"

const defaultTimeout = 15 * time.Second

// Client calls the platform in one environment. Make it once with [NewClient] and
// keep it as long as the program runs: it holds the connection pool and the retry
// quota. It is safe for concurrent use.
type Client struct {
	// core is behind a function because printers that follow pointers, such as spew and
	// go-cmp, would show the headers of a gateway and what is left in a connection's buffers.
	core func() *core
}

// A core is what a Client is made of.
type core struct {
	baseURL   string // without a trailing slash
	address   address
	templates map[string]*resty.Request // by method
	pool      *delivery.Transport
	timeout   time.Duration
	// attemptTimeout is the caller's http.Client's. It is applied here, since net/http tells
	// it from a cancelled request only where it reads the body itself.
	attemptTimeout time.Duration
	retry          retry.Policy
	quota          retry.Quota
	logger         *slog.Logger
	observer       Observer
	tracer         TracePropagator // the observer, if it is one
}

// inside returns the client's core, nil if NewClient did not make it.
func (c *Client) inside() *core {
	if c == nil || c.core == nil {
		return nil
	}
	return c.core()
}

// NewClient returns a client for env. It opens no connection. With [WithBaseURL], env
// says which environment the address stands for: a sandbox stands for [Test].
//
// It fails with [ErrNoBaseURL] for [Production] without [WithBaseURL], and with a
// descriptive error for an unknown environment or an option with a bad value. Of
// an option given twice the last one counts, except [WithHeader] and [WithObserver], which
// add up.
func NewClient(env Environment, opts ...Option) (*Client, error) {
	published, err := env.baseURL()
	if err != nil {
		return nil, err
	}
	cfg := config{baseURL: published, http: &http.Client{}, timeout: defaultTimeout, header: http.Header{}}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("openplatform: NewClient: nil Option")
		}
		if err := opt(&cfg); err != nil {
			return nil, fmt.Errorf("openplatform: %w", err)
		}
	}
	if cfg.baseURL == "" {
		return nil, fmt.Errorf("openplatform: %s: %w", env, ErrNoBaseURL)
	}
	return newClient(cfg)
}

func newClient(cfg config) (*Client, error) {
	userAgent := "openplatform-go/" + Version
	if cfg.userAgent != "" {
		userAgent = cfg.userAgent + " " + userAgent
	}
	hc := *cfg.http // the caller's own stays as it is
	if hc.Transport == nil {
		hc.Transport = DefaultTransport()
	}
	pool := delivery.NewTransport(hc.Transport)
	hc.Transport, hc.Timeout = pool, 0
	if len(cfg.wrappers) > 0 {
		wrapped := http.RoundTripper(pool)
		for _, wrap := range slices.Backward(cfg.wrappers) {
			if wrapped = wrap(wrapped); wrapped == nil {
				return nil, errors.New("openplatform: WithWrapper: it returned nil")
			}
		}
		hc.Transport = delivery.Above(wrapped)
	}
	rc := resty.NewWithClient(&hc).SetLogger(silent{}).SetDisableWarn(true)
	header := cfg.header.Clone()
	header.Set("User-Agent", userAgent)
	if header.Get("Accept") == "" {
		header.Set("Accept", "application/json")
	}
	c := &core{
		baseURL:        cfg.baseURL,
		address:        addressOf(cfg.baseURL),
		templates:      templates(rc, header),
		pool:           pool,
		timeout:        cfg.timeout,
		attemptTimeout: cfg.http.Timeout,
		retry:          retry.Policy(cfg.retry).WithDefaults(),
		logger:         cfg.logger,
		observer:       combined(cfg.observers),
	}
	c.tracer, _ = c.observer.(TracePropagator)
	return &Client{core: func() *core { return c }}, nil
}

// An address is where a base URL leads.
type address struct {
	scheme    string
	authority string // host, and port if the URL has one
	host      string
	port      int
}

// addressOf reads a base URL that WithBaseURL, or an Environment, vouches for.
func addressOf(baseURL string) address {
	u, err := url.Parse(baseURL)
	if err != nil {
		return address{}
	}
	a := address{scheme: u.Scheme, authority: u.Host, host: u.Hostname(), port: 443}
	if u.Scheme == "http" {
		a.port = 80
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		a.port = port
	}
	return a
}

// CloseIdleConnections closes the connections that are kept open for later calls.
// Calls under way are not touched, and the client stays usable. It is there for
// tests; a service never needs it.
func (c *Client) CloseIdleConnections() {
	if c := c.inside(); c != nil {
		c.pool.CloseIdleConnections()
	}
}

// An Option changes how [NewClient] sets a client up. One with a bad value makes
// NewClient fail.
type Option func(*config) error

type config struct {
	baseURL   string
	http      *http.Client
	wrappers  []func(http.RoundTripper) http.RoundTripper
	timeout   time.Duration
	retry     RetryPolicy
	logger    *slog.Logger
	observers []Observer
	userAgent string
	header    http.Header
}

// WithBaseURL sends calls to base instead of the environment's published host: a
// production host that the platform gave you, a gateway of your own, or a sandbox.
// It is http or https with a host; a path is kept and put before each operation's
// path. User info, a query or a fragment is an error, since it would leak into
// every request. Plain http sends passwords in the clear: it is for loopback.
func WithBaseURL(base string) Option {
	return func(c *config) error {
		u, err := url.Parse(base)
		switch {
		case err != nil:
			// The parser's error quotes its input, in which a password may stand.
			return errors.New("WithBaseURL: not a URL")
		case u.Scheme != "http" && u.Scheme != "https":
			return errors.New("WithBaseURL: want an absolute http or https URL")
		case u.Hostname() == "":
			return errors.New("WithBaseURL: the URL has no host")
		case u.User != nil:
			return errors.New("WithBaseURL: the URL must not hold user info")
		case strings.ContainsAny(base, "?#"):
			return errors.New("WithBaseURL: the URL must not have a query or a fragment")
		}
		c.baseURL = strings.TrimRight(u.String(), "/")
		return nil
	}
}

// WithHTTPClient makes calls through hc: your own proxy, certificate authorities,
// a RoundTripper that signs requests. The client is copied, never changed. A nil
// Transport in it means [DefaultTransport]; its Jar and Timeout (of one attempt)
// are kept; its CheckRedirect is not, because redirects are never followed.
//
// An [*http.Transport] is cloned the first time a client is given it, and clients that are
// given the same one share the clone and its connections: set it up before. Protocols that
// were registered with it are not used. With entries of yours in its TLSNextProto it counts
// as a RoundTripper of yours.
//
// A RoundTripper of yours decides whether the SDK's promises hold behind it. Change a
// request only in a copy made with its Clone method, which keeps its Body and its nil
// GetBody: with a GetBody, net/http sends a request again by itself. Leave repeating to
// [RetryPolicy]. A RoundTripper that reads the body before it has a connection makes
// "not sent" unprovable, and behind any but net/http's own a GET is never provably not
// sent: their failures are [OutcomeUnknown] and dials are not repeated.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return errors.New("WithHTTPClient: nil client")
		}
		if t, ok := hc.Transport.(*http.Transport); ok && t == nil {
			return errors.New("WithHTTPClient: nil *http.Transport; leave Transport unset for the default")
		}
		c.http = hc
		return nil
	}
}

// WithWrapper puts a RoundTripper around the one that delivers each request: one that signs
// it, say, or adds a header for each call. wrap is called once and returns a RoundTripper
// that goes through next. Given more than once, the first one is outermost.
//
// All promises hold behind it, unlike behind a RoundTripper in [WithHTTPClient]. next sends a
// request once; to call it again for the same one is an error. The wrapper may read the body
// of its request, and change the headers in a copy made with Clone; what is sent is always
// the body that the SDK made. A wrapper that does not call next, does not wait for it, or
// fails in another way after it, leaves the outcome unknown. One that sends the request by
// other means and then returns next's error voids these promises.
func WithWrapper(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		if wrap == nil {
			return errors.New("WithWrapper: nil")
		}
		c.wrappers = append(c.wrappers, wrap)
		return nil
	}
}

// WithTimeout bounds a whole call, with all its attempts and the waits between
// them, in addition to the caller's ctx; whichever ends first counts. The default
// is 15 seconds. It must be positive: a call that can hang for ever is not on offer.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", d)
		}
		c.timeout = d
		return nil
	}
}

// WithRetry replaces the default [RetryPolicy]. It never makes an operation that
// changes something leave twice: see the package documentation.
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.MaxDelay < 0 {
			return errors.New("WithRetry: negative field")
		}
		if longest := 24 * time.Hour; p.BaseDelay > longest || p.MaxDelay > longest {
			return fmt.Errorf("WithRetry: a delay is longer than %v", longest)
		}
		if p := retry.Policy(p).WithDefaults(); p.MaxDelay < p.BaseDelay {
			return fmt.Errorf("WithRetry: MaxDelay %v is shorter than BaseDelay %v", p.MaxDelay, p.BaseDelay)
		}
		c.retry = p
		return nil
	}
}

// WithLogger logs one line a call to l: operation, host, code, request_id,
// http_status, attempts, duration and outcome, and the error's text if there is
// one. Success is logged at Debug, a rejection by the platform at Info, and what
// did not arrive or may have at Warn. A success that took more than one attempt is logged at
// Info, with the error of the last attempt that failed. No line holds a secret.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: nil logger")
		}
		c.logger = l
		return nil
	}
}

// WithObserver tells o of each call and each attempt, for tracing and metrics. Given more
// than once, all observers are told, the first one first.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		if o == nil {
			return errors.New("WithObserver: nil observer")
		}
		c.observers = append(c.observers, o)
		return nil
	}
}

// WithUserAgent puts product, such as "shop-backend/2.3", before the SDK's own
// product in the User-Agent header.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if product == "" || !isHeaderValue(product) {
			return errors.New("WithUserAgent: want printable text")
		}
		c.userAgent = product
		return nil
	}
}

// WithHeader adds a header to every request, for a gateway that asks for one.
// Headers that would change how a request is delivered or framed are refused,
// Idempotency-Key among them: it makes net/http send a request again.
func WithHeader(key, value string) Option {
	return func(c *config) error {
		key := textproto.CanonicalMIMEHeaderKey(key)
		switch {
		case !isHeaderKey(key):
			return errors.New("WithHeader: not a header name")
		case refusedHeaders[key]:
			return fmt.Errorf("WithHeader: %s is not for callers to set", key)
		case !isHeaderValue(value):
			return fmt.Errorf("WithHeader: the value of %s holds a control character", key)
		}
		c.header.Add(key, value)
		return nil
	}
}

var refusedHeaders = map[string]bool{
	"Accept-Encoding":   true,
	"Connection":        true,
	"Content-Encoding":  true,
	"Content-Length":    true,
	"Content-Type":      true,
	"Expect":            true,
	"Host":              true,
	"Idempotency-Key":   true,
	"Keep-Alive":        true,
	"Proxy-Connection":  true,
	"Te":                true,
	"Trailer":           true,
	"Transfer-Encoding": true,
	"Upgrade":           true,
	"User-Agent":        true, // WithUserAgent has it
	"X-Idempotency-Key": true,
}

func isHeaderKey(s string) bool {
	isToken := func(r rune) bool {
		return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return !isToken(r) }) < 0
}

func isHeaderValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }) < 0
}

// silent keeps resty from writing to stderr: what it would log are whole URLs,
// secrets in the query included.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
