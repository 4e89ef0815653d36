package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A target is the platform that a command talks to, as its flags say.
type target struct {
	env, baseURL, ca string
	timeout          time.Duration
}

// clientPrefix begins the variables of commands that talk to a platform. NewClientFromEnv reads some of them too.
const clientPrefix = "OPENPLATFORM_"

func (t *target) flags(f flags) {
	f.StringVar(&t.env, "env", "", "the `ENVIRONMENT`: development, test or production; test if there is a -base-url")
	f.StringVar(&t.baseURL, "base-url", "", "`URL` to use instead of the environment's, such as a sandbox's or a gateway's; production needs it")
	f.StringVar(&t.ca, "ca", "", "trust the certificate authorities in this PEM `FILE` too")
	f.DurationVar(&t.timeout, "timeout", 10*time.Second, "how long one request may take")
}

func (t *target) environment() (openplatform.Environment, error) {
	if t.env == "" && t.baseURL == "" {
		return "", errors.New("say whom to ask: -env test, or -base-url URL")
	}
	env, err := openplatform.ParseEnvironment(cmp.Or(t.env, string(openplatform.Test)))
	if err != nil {
		return "", errors.New("-env is development, test or production")
	}
	if t.timeout <= 0 {
		return "", errors.New("-timeout must be more than 0, such as 10s")
	}
	return env, nil
}

// roots returns whom to trust, nil for those whom the machine trusts.
func (t *target) roots() (*x509.CertPool, error) {
	if t.ca == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(t.ca)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("-ca: %s holds no certificate in PEM", t.ca)
	}
	return pool, nil
}

// client returns a client of the SDK's.
func (t *target) client(opts ...openplatform.Option) (*openplatform.Client, error) {
	env, err := t.environment()
	if err != nil {
		return nil, err
	}
	roots, err := t.roots()
	if err != nil {
		return nil, err
	}
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = roots
	opts = append(opts, openplatform.WithHTTPClient(&http.Client{Transport: transport}), openplatform.WithTimeout(t.timeout))
	if t.baseURL != "" {
		opts = append(opts, openplatform.WithBaseURL(t.baseURL))
	}
	client, err := openplatform.NewClient(env, opts...)
	return client, plainly(err)
}

// plainly says what is wrong with a target in the terms of flags.
func plainly(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, openplatform.ErrNoBaseURL):
		return errors.New("the platform publishes no address for production: ask it for the address, and give it with -base-url")
	default:
		return errors.New(strings.NewReplacer("openplatform: ", "", "WithBaseURL: ", "-base-url: ").Replace(err.Error()))
	}
}

const yesUsage = "call something else than this machine or the published development and test environments"

// consent says what is missing to call this target.
func (t *target) consent(yes bool) error {
	if yes || t.baseURL == "" { // production has no published address
		return nil
	}
	if u, err := url.Parse(t.baseURL); err == nil && isThisMachine(u.Hostname()) {
		return nil
	}
	return errors.New("that is neither this machine nor a published development or test environment: with -yes it is called all the same")
}

func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && net.IP(ip.AsSlice()).IsLoopback()
}

// secret returns what no command line may hold: from a file, or from an environment variable.
func (e environment) secret(f flags, name, file string) (string, error) {
	if file == "" {
		return e.getenv(f.variable(name)), nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // whoever calls the program names it
	if err != nil {
		return "", fmt.Errorf("-%s-file: %w", name, err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// ended reports whether a command was told to end.
func ended(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
