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

// An Attempt is one attempt to send a request, and the proof of what became of it. It is
// the context of that request, too.
type Attempt struct {
	context.Context
	content []byte // of the request
	// enough says that the headers, or any part of the body, may be enough to act on.
	enough bool

	trace     httptrace.ClientTrace
	request   http.Request
	known     bytes.Reader // the body, if net/http's own transport sends it
	wrapped   bool         // by RoundTrippers of the caller's, above the Transport
	native    bool
	attached  atomic.Bool // to a Transport, or too late for that
	returned  atomic.Bool // from the Transport
	err       error       // that the Transport returned
	unused    bool        // the attempt ended before it was attached
	connected atomic.Bool
	fate      atomic.Int32

	body    []byte // of the answer
	bodyErr error

	connection struct {
		sync.Mutex // the request may go on when the attempt is over
		peer       net.Addr
		reused     bool
	}
}

// What can become of a body. It leaves fateOpen once.
const (
	fateOpen int32 = iota
	fateTaken
	fateSealed
)

type key struct{}

// attemptOf returns the attempt that req belongs to, nil if it belongs to none.
func attemptOf(req *http.Request) *Attempt {
	a, _ := req.Context().Value(key{}).(*Attempt)
	return a
}

// NewAttempt returns an attempt to send content, within ctx. Call [Attempt.End] when it is
// over. headersAreEnough says that the platform can act on the request without its body.
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
	if a.native { // of a body that net/http knows it sends the beginning together with the headers
		a.request.Body = io.NopCloser(&a.known)
	} else {
		a.request.Body = gate{a}
	}
	return &a.request
}

// gotConn is called before anything is written to a connection.
func (a *Attempt) gotConn(info httptrace.GotConnInfo) {
	if !a.attached.Load() {
		return // it is of what a wrapper sends by itself, before it sends this request
	}
	a.connected.Store(true)
	a.connection.Lock()
	a.connection.peer, a.connection.reused = info.Conn.RemoteAddr(), info.Reused
	a.connection.Unlock()
	if a.native && a.fate.CompareAndSwap(fateOpen, fateTaken) {
		a.known.Reset(a.content)
	}
}

// End ends the attempt: what has not been sent by now never will be.
func (a *Attempt) End() {
	a.fate.CompareAndSwap(fateOpen, fateSealed)
	a.unused = a.unused || a.attached.CompareAndSwap(false, true)
}

// NotSent ends the attempt, which failed with err, and reports whether it is proven that
// nothing of the request was sent.
//
// Net/http's own transport tells of its connections. Once there is one nothing is proven:
// over HTTP/2 the headers leave before the body is read. Of any other RoundTripper the
// proof is the body. Whoever comes first has it: the RoundTripper, and the request may be
// on its way; or the end, and the RoundTripper can never read it, even if it goes on in a
// goroutine of its own.
func (a *Attempt) NotSent(err error) bool {
	a.End()
	switch {
	case a.unused:
		return !a.wrapped // a wrapper may have ways of its own
	case a.connected.Load() || !a.returned.Load():
		return false
	case a.wrapped && !endsWith(err, a.err): // it failed in another way after that
		return false
	default:
		return a.native || !a.enough && a.fate.Load() == fateSealed
	}
}

// Connection returns the address of the other end of the connection that the request was
// sent over, nil if there was none; and whether the connection had been used before.
func (a *Attempt) Connection() (peer net.Addr, reused bool) {
	a.connection.Lock()
	defer a.connection.Unlock()
	return a.connection.peer, a.connection.reused
}

// Body returns the answer's body, of which one byte more than [MaxBody] is too much; and why
// it could not be read to its end.
func (a *Attempt) Body() ([]byte, error) { return a.body, a.bodyErr }

// endsWith reports whether last is what err wraps, and nothing else.
func endsWith(err, last error) bool {
	for err != nil && err != last { //nolint:errorlint // errors.Is would look into joined errors
		err = errors.Unwrap(err)
	}
	return err != nil
}

// A gate is the body as a foreign RoundTripper gets it.
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
