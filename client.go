package openplatform

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// Version is the SDK's version, as it appears in the User-Agent header.
const Version = "0.1.0"

const defaultTimeout = 15 * time.Second

// Client calls the platform in one environment. Make one with [NewClient] and keep it as
// long as the program runs: it holds the connection pool and the retry quota. It is safe for
// concurrent use.
type Client struct {
	// core is behind a function because printers that follow pointers, such as spew and
	// go-cmp, would print a gateway's headers and the buffers of a connection.
	core func() *core
}

// inside returns the client's core, nil if the client does not come from NewClient.
func (c *Client) inside() *core {
	if c == nil || c.core == nil {
		return nil
	}
	return c.core()
}

// NewClient returns a client for env. It opens no connection. With [WithBaseURL], env is
// the environment that the address belongs to; for a sandbox, use [Test].
//
// It fails with [ErrNoBaseURL] for [Production] without [WithBaseURL], and with another
// error for an unknown environment or an invalid option. If an option is given twice, the
// last one is used, except [WithHeader], [WithObserver] and [WithWrapper]: these add up.
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
	hc := *cfg.http // the caller's client is not changed
	if hc.Transport == nil {
		hc.Transport = DefaultTransport()
	}
	pool := delivery.NewTransport(hc.Transport)
	hc.Transport, hc.Timeout = pool, 0
	if len(cfg.wrappers) > 0 {
		wrapped := http.RoundTripper(pool)
		for _, wrap := range slices.Backward(cfg.wrappers) {
			if wrapped = wrap(wrapped); wrapped == nil {
				return nil, errors.New("openplatform: WithWrapper: wrap returned nil")
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

// CloseIdleConnections closes the idle connections. Running calls continue, and the client
// stays usable. It is for tests; a service does not need it.
func (c *Client) CloseIdleConnections() {
	if c := c.inside(); c != nil {
		c.pool.CloseIdleConnections()
	}
}

// silent is a logger that drops everything: resty would log whole URLs, with the secrets in
// their queries, to stderr.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
