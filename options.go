package openplatform

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/internal/retry"
)

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

// setTraceHeaders adds the headers that a propagator asks for.
func (c *core) setTraceHeaders(ctx context.Context, h http.Header) {
	for name, value := range c.tracer.TraceHeaders(ctx) {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Traceparent", "Tracestate", "Baggage":
			if isHeaderValue(value) {
				h.Set(name, value)
			}
		}
	}
}
