// Package delivery sends an HTTP request at most once, and knows whether it was sent.
//
// Resty makes a request without a body. The [Transport] beneath resty attaches the body, an empty
// one for a GET, and no GetBody: this prevents the retries of net/http. The body is empty until
// there is a connection, and after the end of the attempt: an attempt that ended without a
// connection was not sent.
package delivery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
)

// A Transport is an [http.RoundTripper] for requests whose ctx has an [Attempt]. It sends
// each at most once, and removes the Location of a redirect, so that it is not followed.
// (CheckRedirect is called too late: net/http parses the Location before, and an error quotes it.)
//
// It reads the response's body to the end or to the limit: see [Attempt.Body].
type Transport struct {
	foreign http.RoundTripper              // of the caller
	native  atomic.Pointer[http.Transport] // or net/http's own, which reports each connection before it writes to it
}

// NewTransport returns a Transport that sends through next.
//
// An *http.Transport is cloned, once for all clients with it. The clone has no registered
// protocols, because they can use connections that are not reported. A transport with its own
// TLSNextProto entries is treated like any other RoundTripper, for the same reason.
func NewTransport(next http.RoundTripper) *Transport {
	own, ok := next.(*http.Transport)
	if !ok {
		return &Transport{foreign: next}
	}
	clone, isNative := cloneOf(own)
	if !isNative {
		return &Transport{foreign: clone}
	}
	t := &Transport{}
	t.native.Store(clone)
	return t
}

func (t *Transport) next() http.RoundTripper {
	if native := t.native.Load(); native != nil {
		return native
	}
	return t.foreign
}

// CloseIdleConnections closes the idle connections.
func (t *Transport) CloseIdleConnections() {
	if closer, ok := t.next().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// RoundTrip sends the request of an [Attempt].
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	a := attemptOf(req)
	if a == nil || !a.attached.CompareAndSwap(false, true) {
		return nil, errors.New("openplatform: a request is sent once, and within its call")
	}
	defer a.returned.Store(true)
	native := t.native.Load()
	a.native = native != nil
	if a.wrapped && req.Context().Done() != a.Done() { // a wrapper's ctx may outlive the call, the request must not
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		defer context.AfterFunc(a, cancel)() //nolint:contextcheck // an Attempt is a ctx
		req = req.WithContext(ctx)
	}
	req = a.attach(req)
	var resp *http.Response
	if http2MayHang && a.native && speaksHTTP2(native, req) {
		resp, a.err = t.exchangeOrLeave(a, native, req)
	} else {
		resp, a.err = a.exchange(t.next(), req)
	}
	return resp, a.err
}

func speaksHTTP2(t *http.Transport, req *http.Request) bool {
	return req.URL.Scheme == "https" || t.Protocols != nil && t.Protocols.UnencryptedHTTP2()
}

// exchange sends req and reads the response.
func (a *Attempt) exchange(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	body, err := readAll(resp)
	if a.wrapped { // a wrapper may read or replace it
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ending{err}))
	} else {
		a.body, a.bodyErr = body, err
	}
	return resp, nil
}

// readAll reads a response's body, and removes it and the Location of a redirect.
func readAll(resp *http.Response) (body []byte, err error) {
	if IsRedirect(resp.StatusCode) {
		resp.Header.Del("Location")
	}
	if resp.Body == nil { // which net/http tolerates
		resp.Body = http.NoBody
	}
	if resp.StatusCode >= http.StatusOK { // for 1xx, the body would be an open connection
		body, err = readBody(resp)
	}
	_ = resp.Body.Close() // it has been read as far as necessary
	resp.Body = http.NoBody
	return body, err
}

// MaxBody is the maximum length of a response's body, in bytes after decompression.
const MaxBody = 1 << 20

// readBody reads a body to its end, or to one byte past the limit. It allocates the whole length at
// once if it is known.
func readBody(resp *http.Response) ([]byte, error) {
	size := int64(512)
	if resp.ContentLength >= 0 {
		size = min(resp.ContentLength, MaxBody) + 1 // one more, to detect the end
	}
	body := make([]byte, 0, size)
	for len(body) <= MaxBody {
		body = slices.Grow(body, 1)
		n, err := resp.Body.Read(body[len(body):min(cap(body), MaxBody+1)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

// IsRedirect reports whether an HTTP status is of class 3.
func IsRedirect(status int) bool { return 300 <= status && status <= 399 }
