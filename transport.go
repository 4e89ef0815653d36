package openplatform

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/ebaas/openplatform-go/internal/delivery"
)

// DefaultTransport returns a new transport for many concurrent calls to one host: up to 512
// idle connections, closed after 30 s, before gateways usually close them; HTTP/2 if the
// server supports it, with pings that detect lost connections; TLS 1.2 or later, with session
// resumption; timeouts of 5 s for the dial and for the TLS handshake; the proxy of the
// environment variables.
//
// Change what you need and pass it to [WithHTTPClient]. TLSClientConfig is never nil.
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
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 15 * time.Second,
			PingTimeout:     5 * time.Second,
			// A connection keeps a buffer for the largest frame that it has read. Go 1.27 invites frames of 1 MiB.
			MaxReadFrameSize: 16 << 10,
		},
	}
}

// bodyToCome is the empty body that resty gets for a POST. Resty keeps a copy of a body to
// retry it, so the real body is attached beneath resty.
var bodyToCome = new(bytes.Buffer)

// templates returns the request template of each method. An attempt copies its template:
// resty.Client.R would allocate five empty maps, and resty would merge the same headers, for
// each attempt. The maps of a template must not be changed.
func templates(rc *resty.Client, header http.Header) map[string]*resty.Request {
	get := rc.R().SetDoNotParseResponse(true)
	get.Header = header
	post := *get
	post.Header = header.Clone()
	post.SetHeader("Content-Type", "application/json").SetBody(bodyToCome)
	return map[string]*resty.Request{http.MethodGet: get, http.MethodPost: &post}
}

// attempt sends m once.
func (c *core) attempt(ctx context.Context, m message) (answer, error) {
	within := ctx
	if c.attemptTimeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, c.attemptTimeout)
		defer cancel()
	}
	try := delivery.NewAttempt(within, m.body, !m.hasData)
	defer try.End()
	request := *c.templates[m.op.Method]
	if c.tracer != nil {
		request.Header = request.Header.Clone()
		c.setTraceHeaders(ctx, request.Header)
	}
	resp, err := request.SetContext(try).Execute(m.op.Method, m.url) //nolint:contextcheck // an Attempt is ctx, and more
	a := answer{operation: m.op.Name, params: m.params}
	a.peer, a.reused = try.Connection()
	if err != nil {
		f, notSent := explain(ctx, err), try.NotSent(err)
		return a, &TransportError{
			Operation: m.op.Name, Attempts: 1, NotSent: notSent, Reason: f.Reason, Cause: f.Cause,
			dialFailed: notSent && f.Dial, certificate: f.Certificate,
		}
	}
	body, bodyErr := try.Body()
	return a.read(ctx, resp.RawResponse, body, bodyErr)
}
