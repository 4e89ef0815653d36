package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/mask"
)

// An examination is the state of one run.
type examination struct {
	Options

	base      *url.URL
	client    *openplatform.Client // the SDK itself
	transport *http.Transport      // the SDK's own, and what the checks ask through
	proxyURL  *url.URL             // nil for none

	answers  map[probe]*answer
	statuses map[string]Status
	asking   string // the running check
	blocked  string // the check after which no other is possible
	secrets  []mask.Secret
	names    []string // host names from certificates and redirects, which a report must not show

	proxySaid atomic.Int64 // HTTP status of the proxy's response to CONNECT
	askedBack atomic.Bool  // the server asked for a client certificate
	peer      *x509.Certificate
	chain     int          // number of certificates of the server
	last      *watchedConn // the connection of the last response
	tickets   ssoTokens
}

// published are the addresses on the platform's pages. A report may show them.
var published = map[openplatform.Environment]string{
	openplatform.Development: "https://dev-etc.ebaas.com",
	openplatform.Test:        "https://test-etc.ebaas.com",
}

func newExamination(o Options) (*examination, error) {
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	x := &examination{Options: o, answers: map[probe]*answer{}, statuses: map[string]Status{}}
	x.transport = x.newTransport()
	opts := []openplatform.Option{
		openplatform.WithHTTPClient(&http.Client{Transport: x.transport.Clone()}),
		openplatform.WithTimeout(o.Timeout),
		openplatform.WithUserAgent(userAgent),
	}
	if o.BaseURL != "" {
		opts = append(opts, openplatform.WithBaseURL(o.BaseURL))
	}
	var err error
	if x.client, err = openplatform.NewClient(o.Environment, opts...); err != nil {
		return nil, err
	}
	if x.base, err = url.Parse(strings.TrimRight(cmp.Or(o.BaseURL, published[o.Environment]), "/")); err != nil {
		return nil, errors.New("the base URL is not a valid URL")
	}
	x.proxyURL, err = x.transport.Proxy(&http.Request{URL: x.base})
	if err != nil { // it quotes the variable, which may hold a password
		return nil, errors.New("the proxy in the environment is not a valid URL: check HTTP_PROXY and HTTPS_PROXY")
	}
	for _, secret := range []string{o.ClientSecret, o.Token} {
		x.keepSecret(secret)
	}
	if x.proxyURL != nil {
		password, _ := x.proxyURL.User.Password()
		x.keepSecret(password)
		x.keepSecret(base64.StdEncoding.EncodeToString([]byte(x.proxyURL.User.Username() + ":" + password))) // as the proxy gets it
	}
	return x, nil
}

const userAgent = "openplatform-doctor"

func (x *examination) newTransport() *http.Transport {
	t := openplatform.DefaultTransport()
	t.TLSClientConfig.RootCAs = x.Roots
	t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		x.askedBack.Store(true)
		return new(tls.Certificate), nil // none
	}
	if x.Network.Proxy != nil {
		t.Proxy = x.Network.Proxy
	}
	t.IdleConnTimeout = 0 // only the server may close an idle connection
	t.DialContext = x.dial
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		x.proxySaid.Store(int64(resp.StatusCode))
		return nil
	}
	return t
}

func (x *examination) close() {
	x.client.CloseIdleConnections()
	x.transport.CloseIdleConnections()
}

func (x *examination) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dial := x.Network.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 5 * time.Second}).DialContext
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &watchedConn{Conn: conn, ended: make(chan struct{})}, nil
}

// A watchedConn signals its end. Net/http reads from a connection even while it is idle.
type watchedConn struct {
	net.Conn
	ended chan struct{}
	once  sync.Once
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.end()
	}
	return n, err
}

// Close is called by net/http at the end of a TLS connection.
func (c *watchedConn) Close() error {
	c.end()
	return c.Conn.Close()
}

func (c *watchedConn) end() { c.once.Do(func() { close(c.ended) }) }

// watched returns the watchedConn of conn, directly or below TLS.
func watched(conn net.Conn) *watchedConn {
	if over, isTLS := conn.(*tls.Conn); isTLS {
		conn = over.NetConn()
	}
	w, _ := conn.(*watchedConn)
	return w
}

// trace records the connection of a request.
func (x *examination) trace(ctx context.Context, reused *bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		*reused, x.last = info.Reused, watched(info.Conn)
	}})
}

// target returns the host and port that this machine connects to, and whose they are: the proxy's or the platform's.
func (x *examination) target() (host, port, whose string) {
	u, whose := x.base, "the platform's"
	if x.proxyURL != nil {
		u, whose = x.proxyURL, "the proxy's"
	}
	return u.Hostname(), portOf(u), whose
}

func portOf(u *url.URL) string {
	known := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	return cmp.Or(u.Port(), known[u.Scheme])
}

// block makes all checks after this one impossible.
func (x *examination) block() { x.blocked = x.asking }

func (x *examination) keepSecret(value string) {
	if value != "" {
		x.secrets = append(x.secrets, mask.Secret{Value: value, Mask: mask.All})
	}
}

// withoutSecrets masks the secrets of this run in a text, such as an error of the SDK, which does not know the proxy.
func (x *examination) withoutSecrets(text string) string { return mask.Secrets(text, x.secrets) }

// foreign returns a text from outside as it is shown: on one line, short, with secrets, phone numbers and e-mail
// addresses masked.
func (x *examination) foreign(text string) string {
	const longest = 200 // characters
	return mask.Cut(mask.Text(text, x.secrets), longest)
}

// reason says why a request got no response.
func (x *examination) reason(ctx context.Context, err error) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "timed out"
	}
	f := delivery.Explain(err)
	if _, detail, isTLS := strings.Cut(err.Error(), "tls: "); isTLS && f.Reason == "TLS failed" {
		return "TLS failed: " + x.foreign(detail)
	}
	if status := x.proxySaid.Load(); x.proxyURL != nil && status != 0 && status != http.StatusOK {
		return fmt.Sprintf("the proxy responded to CONNECT with HTTP %d", status)
	}
	return x.foreign(f.Reason)
}

// addresses returns the host names that a report must not show.
func (x *examination) addresses() []string {
	all := []string{x.base.Hostname()}
	if x.proxyURL != nil {
		all = append(all, x.proxyURL.Hostname())
	}
	return append(all, x.names...)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
