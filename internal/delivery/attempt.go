package delivery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
)

// An Attempt is one attempt to send a request, and knows whether the request was sent. It is also
// the context of the request.
type Attempt struct {
	context.Context
	content []byte // of the request
	// enough says that the headers, or any part of the body, may be enough to act on.
	enough bool

	trace     httptrace.ClientTrace
	request   http.Request
	known     bytes.Reader // the body, if net/http's own transport sends it
	wrapped   bool         // by the caller's RoundTrippers, above the Transport
	native    bool
	attached  atomic.Bool // to a Transport, or too late for that
	returned  atomic.Bool // from the Transport
	err       error       // that the Transport returned
	unused    bool        // the attempt ended before it was attached
	connected atomic.Bool
	fate      atomic.Int32

	body    []byte // of the response
	bodyErr error

	connection struct {
		sync.Mutex // the request may continue after the attempt
		peer       net.Addr
		reused     bool
	}
}

// The states of a body. It leaves fateOpen once.
const (
	fateOpen int32 = iota
	fateTaken
	fateSealed
)

type key struct{}

// attemptOf returns the attempt of req, nil if there is none.
func attemptOf(req *http.Request) *Attempt {
	a, _ := req.Context().Value(key{}).(*Attempt)
	return a
}

// NewAttempt returns an attempt to send content within ctx. Call [Attempt.End] after it.
// headersAreEnough says that the platform can act on the request without its body.
func NewAttempt(ctx context.Context, content []byte, headersAreEnough bool) *Attempt {
	a := &Attempt{content: content, enough: headersAreEnough}
	a.trace.GotConn = a.gotConn
	a.Context = httptrace.WithClientTrace(ctx, &a.trace)
	return a
}

// Value implements [context.Context].
func (a *Attempt) Value(k any) any {
	if k == (key{}) {
		return a
	}
	return a.Context.Value(k)
}

// attach returns a copy of req with the body.
func (a *Attempt) attach(req *http.Request) *http.Request {
	a.request = *req
	a.request.GetBody, a.request.ContentLength = nil, int64(len(a.content))
	if a.native { // net/http sends the headers together with the beginning of a body that it knows
		a.request.Body = io.NopCloser(&a.known)
	} else {
		a.request.Body = gate{a}
	}
	return &a.request
}

// gotConn is called before anything is written to a connection.
func (a *Attempt) gotConn(info httptrace.GotConnInfo) {
	if !a.attached.Load() {
		return // the connection is for another request of a wrapper, sent before this one
	}
	a.connected.Store(true)
	a.connection.Lock()
	a.connection.peer, a.connection.reused = info.Conn.RemoteAddr(), info.Reused
	a.connection.Unlock()
	if a.native && a.fate.CompareAndSwap(fateOpen, fateTaken) {
		a.known.Reset(a.content)
	}
}

// End ends the attempt: nothing is sent after it.
func (a *Attempt) End() {
	a.fate.CompareAndSwap(fateOpen, fateSealed)
	a.unused = a.unused || a.attached.CompareAndSwap(false, true)
}

// NotSent ends the attempt after err, and reports whether it is certain that nothing of the
// request was sent.
//
// With net/http's transport, the proof is that there was no connection: with HTTP/2 the headers
// are sent before the body is read. With another RoundTripper, the proof is the body: either the
// RoundTripper has read it, and the request may have been sent; or the attempt ended first, and
// the RoundTripper can never read it, even in another goroutine.
func (a *Attempt) NotSent(err error) bool {
	a.End()
	switch {
	case a.unused:
		return !a.wrapped // a wrapper may have sent the request in another way
	case a.connected.Load() || !a.returned.Load():
		return false
	case a.wrapped && !endsWith(err, a.err): // the wrapper returned another error after that
		return false
	default:
		return a.native || !a.enough && a.fate.Load() == fateSealed
	}
}

// Connection returns the remote address of the request's connection, nil if there was none, and
// whether the connection had been used before.
func (a *Attempt) Connection() (peer net.Addr, reused bool) {
	a.connection.Lock()
	defer a.connection.Unlock()
	return a.connection.peer, a.connection.reused
}

// Body returns the response's body, at most one byte longer than [MaxBody], and the error that ended
// the reading early.
func (a *Attempt) Body() ([]byte, error) { return a.body, a.bodyErr }

// endsWith reports whether err is last, wrapped or not, and wraps nothing else.
func endsWith(err, last error) bool {
	for err != nil && err != last { //nolint:errorlint // errors.Is would look into joined errors
		err = errors.Unwrap(err)
	}
	return err != nil
}

// A gate is the body for the caller's RoundTripper.
type gate struct{ a *Attempt }

var errSealed = errors.New("openplatform: the call is over")

func (g gate) Read(p []byte) (int, error) {
	if g.a.fate.CompareAndSwap(fateOpen, fateTaken) {
		g.a.known.Reset(g.a.content)
	}
	if g.a.fate.Load() == fateSealed {
		return 0, errSealed
	}
	return g.a.known.Read(p)
}

func (g gate) Close() error { return nil }
