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

// A target is the platform of a command, from its flags.
type target struct {
	env, baseURL, ca string
	timeout          time.Duration
}

// clientPrefix is the prefix of the variables of commands that call a platform. NewClientFromEnv reads some of them too.
const clientPrefix = "OPENPLATFORM_"

func (t *target) flags(f flags) {
	f.StringVar(&t.env, "env", "", "the `ENVIRONMENT`: development, test or production; test if there is a -base-url")
	f.StringVar(&t.baseURL, "base-url", "", "`URL` to use instead of the environment's, such as that of a sandbox or a gateway; required for production")
	f.StringVar(&t.ca, "ca", "", "also trust the certificate authorities in this PEM `FILE`")
	f.DurationVar(&t.timeout, "timeout", 10*time.Second, "timeout of one request")
}

func (t *target) environment() (openplatform.Environment, error) {
	if t.env == "" && t.baseURL == "" {
		return "", errors.New("no platform given: use -env test, or -base-url URL")
	}
	env, err := openplatform.ParseEnvironment(cmp.Or(t.env, string(openplatform.Test)))
	if err != nil {
		return "", errors.New("-env must be development, test or production")
	}
	if t.timeout <= 0 {
		return "", errors.New("-timeout must be more than 0, such as 10s")
	}
	return env, nil
}

// roots returns the trusted authorities, nil for the machine's.
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
		return nil, fmt.Errorf("-ca: %s holds no PEM certificate", t.ca)
	}
	return pool, nil
}

// client returns a client of the SDK.
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

// plainly returns the error with the names of flags instead of options.
func plainly(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, openplatform.ErrNoBaseURL):
		return errors.New("the platform publishes no address for production: ask it for the address, and use -base-url")
	default:
		return errors.New(strings.NewReplacer("openplatform: ", "", "WithBaseURL: ", "-base-url: ").Replace(err.Error()))
	}
}

const yesUsage = "allow calls to other addresses than this machine and the published development and test environments"

// consent returns an error if calling this target needs -yes.
func (t *target) consent(yes bool) error {
	if yes || t.baseURL == "" { // production has no published address
		return nil
	}
	if u, err := url.Parse(t.baseURL); err == nil && isThisMachine(u.Hostname()) {
		return nil
	}
	return errors.New("the address is neither this machine nor a published development or test environment: use -yes to call it")
}

func isThisMachine(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && net.IP(ip.AsSlice()).IsLoopback()
}

// secret returns a secret from a file or from an environment variable.
func (e environment) secret(f flags, name, file string) (string, error) {
	if file == "" {
		return e.getenv(f.variable(name)), nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // the user of the program names it
	if err != nil {
		return "", fmt.Errorf("-%s-file: %w", name, err)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// ended reports whether a command was interrupted.
func ended(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }
