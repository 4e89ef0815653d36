package openplatform

import (
	"log/slog"
	"net/url"
	"strconv"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// A core is what a Client is made of.
type core struct {
	baseURL   string // without a trailing slash
	address   address
	templates map[string]*resty.Request // by method
	pool      *delivery.Transport
	timeout   time.Duration
	// attemptTimeout is the Timeout of the caller's http.Client. It is applied here, because
	// net/http reports it as a timeout only where net/http itself reads the body.
	attemptTimeout time.Duration
	retry          retry.Policy
	quota          retry.Quota
	logger         *slog.Logger
	observer       Observer
	tracer         TracePropagator // the observer, if it is one
}

// A course describes the attempts of a call.
type course struct {
	attempts int
	waited   time.Duration // between attempts
	cause    error         // of the last retry: the error of the attempt before it
	stopped  StopReason    // "" for a success
}

// An address is the parts of a base URL.
type address struct {
	scheme    string
	authority string // host, and port if the URL has one
	host      string
	port      int
}

// addressOf parses a base URL that WithBaseURL or an Environment has checked.
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
