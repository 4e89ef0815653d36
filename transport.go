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

// bodyToCome is the body that resty gets for a POST: nothing, of which it makes nothing.
// Of a body it would keep a copy to send again. The real one is attached beneath resty.
var bodyToCome = new(bytes.Buffer)

// templates returns what all requests of a method have in common. An attempt copies its
// template: resty.Client.R would make five maps that stay empty, and resty merge the same
// headers, for each. Nobody may change the maps of a template.
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
