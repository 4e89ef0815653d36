package openplatform

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
)

// DefaultTransport returns a new transport, tuned for many concurrent calls to one
// host: hundreds of idle connections, kept for less long (30 s) than gateways
// commonly keep theirs; HTTP/2 where the server has it, with pings that notice a
// dead connection; TLS 1.2 at least, with sessions resumed; 5 s each to dial and to
// shake hands; the environment's proxy.
//
// Change what you need and hand it back through [WithHTTPClient]. TLSClientConfig
// is never nil.
func DefaultTransport() *http.Transport {
	const idlePerHost = 512
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: 5 * time.Second,
		TLSClientConfig: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			ClientSessionCache: tls.NewLRUClientSessionCache(0),
		},
		MaxIdleConns:           idlePerHost,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// ownHTTPClient copies the caller's client, with redirects off in the copy.
func ownHTTPClient(callers *http.Client) *http.Client {
	hc := *callers
	if hc.Transport == nil {
		hc.Transport = DefaultTransport()
	}
	hc.Transport = stayHere{hc.Transport}
	return &hc
}

// stayHere takes the Location from redirects, without which net/http follows none.
// CheckRedirect would not do: before it is asked, net/http parses the Location, and
// one that does not parse turns the answer into an error that quotes it.
type stayHere struct{ next http.RoundTripper }

func (t stayHere) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if resp != nil && isRedirect(resp.StatusCode) {
		resp.Header.Del("Location")
	}
	return resp, err
}

func (t stayHere) CloseIdleConnections() {
	if closer, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func isRedirect(status int) bool { return 300 <= status && status <= 399 }

// isTraced reports whether hc's transport is net/http's own, which is known to tell
// httptrace of every connection before it writes to it.
func isTraced(hc *http.Client) bool {
	t, _ := hc.Transport.(stayHere)
	_, ok := t.next.(*http.Transport)
	return ok
}

// attempt sends m once.
func (c *Client) attempt(ctx context.Context, m *message) (*answer, error) {
	d := &delivery{method: m.op.Method, body: m.body, hasData: m.hasData, traced: c.traced}
	defer d.seal()
	ctx = httptrace.WithClientTrace(context.WithValue(ctx, deliveryKey{}, d), d.trace())
	resp, err := c.resty.R().SetContext(ctx).SetDoNotParseResponse(true).Get(m.url)
	if err != nil {
		reason, cause := explain(ctx, err)
		return nil, &TransportError{
			Operation: m.op.Name, Attempts: 1, reason: reason, cause: cause,
			notSent:     d.neverLeft(),
			dialing:     isDialError(err),
			certificate: isCertificateError(err),
		}
	}
	defer resp.RawBody().Close() //nolint:errcheck // all that was wanted of it has been read
	return readAnswer(ctx, m, resp.RawResponse)
}

// A delivery is one attempt's request, and the witness of what became of it.
//
// There is always a body, for a GET an empty one, and never a GetBody: that is what
// keeps net/http from sending a request again by itself, as it does with any request
// after an HTTP/2 PROTOCOL_ERROR and with a GET on a lost connection.
//
// net/http's own transport tells of its connections. Of any other RoundTripper the
// delivery is the body itself. Whoever reads it first has it: the RoundTripper, and the
// request may be on its way; or the call as it returns, and the RoundTripper can never
// read it again. That is proof even if it goes on in a goroutine of its own.
type delivery struct {
	method  string
	body    []byte
	hasData bool // without data in the body the headers are enough to act on
	traced  bool

	off                int
	fate               atomic.Int32
	dialing, connected atomic.Bool
}

const (
	fateOpen int32 = iota
	fateTaken
	fateSealed
)

var errSealed = errors.New("openplatform: the call is over")

func (d *delivery) Read(p []byte) (int, error) {
	d.fate.CompareAndSwap(fateOpen, fateTaken)
	if d.fate.Load() == fateSealed {
		return 0, errSealed
	}
	if d.off == len(d.body) {
		return 0, io.EOF
	}
	n := copy(p, d.body[d.off:])
	d.off += n
	return n, nil
}

func (d *delivery) Close() error { return nil }

// seal reports whether the body was never read, and sees to it that it never is.
func (d *delivery) seal() bool {
	d.fate.CompareAndSwap(fateOpen, fateSealed)
	return d.fate.Load() == fateSealed
}

// neverLeft reports whether it is proven that the platform knows nothing of this
// attempt. Once there is a connection nothing is: over HTTP/2 the headers leave before
// the body is read.
func (d *delivery) neverLeft() bool {
	switch {
	case d.connected.Load():
		return false
	case d.traced:
		return d.dialing.Load()
	default:
		return d.hasData && d.seal()
	}
}

func (d *delivery) trace() *httptrace.ClientTrace {
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { d.connected.Store(true) }}
	if d.traced {
		trace.GetConn = func(string) { d.dialing.Store(true) }
	}
	return trace
}

type deliveryKey struct{}

var jsonBody = []string{"application/json"}

// finishRequest is resty's last hook before it sends. To resty every request is a GET,
// since of a POST it would read the body before it dials, send it chunked, and keep a
// copy to send again.
func finishRequest(_ *resty.Client, req *http.Request) error {
	d, ok := req.Context().Value(deliveryKey{}).(*delivery)
	if !ok {
		return errors.New("openplatform: a request without a delivery")
	}
	req.Method, req.Body, req.GetBody, req.ContentLength = d.method, d, nil, int64(len(d.body))
	if d.traced { // of a body that net/http knows it sends the beginning together with the headers
		req.Body = io.NopCloser(bytes.NewReader(d.body))
	}
	if d.method == http.MethodPost {
		req.Header["Content-Type"] = jsonBody
	}
	return nil
}
