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

// An Option configures a client, for [NewClient]. NewClient fails if a value is invalid.
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

// WithBaseURL sends calls to base instead of the environment's published host: to a
// production host that the platform gave you, your own gateway, or a sandbox. base is an http
// or https URL with a host. Its path is put before each operation's path. User info, a query
// or a fragment is an error. Plain http does not encrypt passwords: use it for loopback only.
func WithBaseURL(base string) Option {
	return func(c *config) error {
		u, err := url.Parse(base)
		switch {
		case err != nil:
			// The parser's error quotes its input, which may hold a password.
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

// WithHTTPClient makes calls through hc, for a proxy, certificate authorities, or a
// RoundTripper of your own. The client is copied and not changed. A nil Transport means
// [DefaultTransport]. Jar and Timeout (of one attempt) are used. CheckRedirect is not,
// because redirects are never followed.
//
// An [*http.Transport] is cloned when it is first used. Clients with the same one share the
// clone and its connections, so configure it before. Protocols registered with it are not
// used. If its TLSNextProto has your own entries, it is treated as your own RoundTripper.
//
// With your own RoundTripper, the SDK cannot keep all its promises. Change a request only in
// a copy made with its Clone method, and leave GetBody nil: with a GetBody, net/http retries
// the request. Leave retries to [RetryPolicy]. A failed GET then has [OutcomeUnknown], and so
// has a failed POST if the RoundTripper reads the body before it has a connection: a failed
// dial of an operation that changes something is not retried.
func WithHTTPClient(hc *http.Client) Option {
	return func(c *config) error {
		if hc == nil {
			return errors.New("WithHTTPClient: the client must not be nil")
		}
		if t, ok := hc.Transport.(*http.Transport); ok && t == nil {
			return errors.New("WithHTTPClient: nil *http.Transport; leave Transport unset for the default")
		}
		c.http = hc
		return nil
	}
}

// WithWrapper puts a RoundTripper around the one that sends each request, for example to sign
// it or to add a header. wrap is called once and returns a RoundTripper that calls next. If
// the option is given more than once, the first wrapper is the outermost.
//
// All promises of the SDK hold, unlike with a RoundTripper in [WithHTTPClient]. next sends a
// request once; a second call with the same request is an error. The wrapper may read the
// request's body, and change headers in a copy made with Clone. The SDK always sends its own
// body. The outcome is unknown if the wrapper does not call next, does not wait for it, or
// returns an error of its own after it. The wrapper must not send the request in another way.
func WithWrapper(wrap func(next http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		if wrap == nil {
			return errors.New("WithWrapper: wrap must not be nil")
		}
		c.wrappers = append(c.wrappers, wrap)
		return nil
	}
}

// WithTimeout sets the timeout of a whole call, with all its attempts and waits. The caller's
// ctx may end earlier. The default is 15 seconds. d must be positive: every call has a
// timeout.
func WithTimeout(d time.Duration) Option {
	return func(c *config) error {
		if d <= 0 {
			return fmt.Errorf("WithTimeout: %v is not positive", d)
		}
		c.timeout = d
		return nil
	}
}

// WithRetry replaces the default [RetryPolicy]. No policy makes an operation that changes
// something be sent twice: see the package documentation.
func WithRetry(p RetryPolicy) Option {
	return func(c *config) error {
		if p.MaxAttempts < 0 || p.BaseDelay < 0 || p.MaxDelay < 0 {
			return errors.New("WithRetry: a field is negative")
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

// WithLogger logs one line per call to l: operation, host, code, request_id, http_status,
// attempts, duration, outcome and, if there is one, the error. The level is Debug for a
// success, Info for [OutcomeRejected], and Warn for [OutcomeNotSent] and [OutcomeUnknown]. A
// success after a retry is logged at Info, with the error of the last failed attempt. No line
// holds a secret.
func WithLogger(l *slog.Logger) Option {
	return func(c *config) error {
		if l == nil {
			return errors.New("WithLogger: the logger must not be nil")
		}
		c.logger = l
		return nil
	}
}

// WithObserver notifies o of each call and each attempt, for tracing and metrics. If it is
// given more than once, all observers are notified, in this order.
func WithObserver(o Observer) Option {
	return func(c *config) error {
		if o == nil {
			return errors.New("WithObserver: the observer must not be nil")
		}
		c.observers = append(c.observers, o)
		return nil
	}
}

// WithUserAgent puts product, such as "shop-backend/2.3", before the SDK's product in the
// User-Agent header.
func WithUserAgent(product string) Option {
	return func(c *config) error {
		if product == "" || !isHeaderValue(product) {
			return errors.New("WithUserAgent: the product must be printable text")
		}
		c.userAgent = product
		return nil
	}
}

// WithHeader adds a header to every request, for a gateway that needs one. Headers that
// change the delivery or the framing of a request are an error. Idempotency-Key is one of
// them: it makes net/http retry a request.
func WithHeader(key, value string) Option {
	return func(c *config) error {
		key := textproto.CanonicalMIMEHeaderKey(key)
		switch {
		case !isHeaderKey(key):
			return errors.New("WithHeader: not a valid header name")
		case refusedHeaders[key]:
			return fmt.Errorf("WithHeader: %s must not be set", key)
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
	"User-Agent":        true, // use WithUserAgent
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

// setTraceHeaders adds the headers of the propagator.
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
