// Package delivery sends an HTTP request at most once, and proves what became of it.
//
// resty makes a request without a body. The [Transport] beneath resty attaches the body: for
// a GET an empty one, and never with a GetBody. That keeps net/http from sending the request
// again by itself. The body has nothing in it until there is a connection to write it to,
// and once the attempt is over it gets nothing any more: an attempt that ended without a
// connection was not sent.
package delivery

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"weak"
)

// A Transport is an [http.RoundTripper] for requests whose ctx has an [Attempt]. It sends
// each at most once and takes the Location from redirects, so that none is followed.
// (CheckRedirect would not do: before it is asked, net/http parses the Location, and one
// that does not parse becomes an error that quotes it.)
//
// The answer's body it reads to the end, or past the limit: [Attempt.Body] has it.
type Transport struct {
	foreign http.RoundTripper              // of the caller's making
	native  atomic.Pointer[http.Transport] // or net/http's own, which reports each connection before it writes to it
}

// NewTransport returns a Transport that sends through next.
//
// An *http.Transport is cloned, once for all who use it: the clone has no registered
// protocols, which could send a request over connections that nobody hears of. One with
// TLSNextProto entries of its own proves no more than any other RoundTripper, for the same
// reason.
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

// A clone is a copy of a caller's transport, as long as anybody uses it.
type clone struct {
	transport weak.Pointer[http.Transport]
	native    bool // it has no TLSNextProto entries of the caller's
}

// clones has the clone of each transport: those who share a transport share its connections.
// It holds neither: a clone often leads back to its original, by a function of the caller's.
var clones = struct {
	sync.Mutex
	of map[weak.Pointer[http.Transport]]clone
}{of: map[weak.Pointer[http.Transport]]clone{}}

func cloneOf(t *http.Transport) (transport *http.Transport, native bool) {
	clones.Lock()
	defer clones.Unlock()
	key := weak.Make(t)
	if known, ok := clones.of[key]; ok {
		if transport := known.transport.Value(); transport != nil {
			return transport, known.native
		}
	}
	fresh := t.Clone()
	isNative := len(fresh.TLSNextProto) == 0
	rememberClone(key, fresh, isNative)
	return fresh, isNative
}

// rememberClone needs clones to be locked.
func rememberClone(key weak.Pointer[http.Transport], fresh *http.Transport, native bool) {
	c := clone{weak.Make(fresh), native}
	clones.of[key] = c
	runtime.AddCleanup(fresh, func(key weak.Pointer[http.Transport]) { forgetClone(key, c) }, key)
}

// replaceClone has those who will share a transport share fresh instead of old.
func replaceClone(old, fresh *http.Transport) {
	clones.Lock()
	defer clones.Unlock()
	for key, c := range clones.of {
		if c.transport == weak.Make(old) {
			rememberClone(key, fresh, c.native)
		}
	}
}

// forgetClone forgets c, unless another one has taken its place.
func forgetClone(key weak.Pointer[http.Transport], c clone) {
	clones.Lock()
	defer clones.Unlock()
	if clones.of[key] == c {
		delete(clones.of, key)
	}
}

func (t *Transport) next() http.RoundTripper {
	if native := t.native.Load(); native != nil {
		return native
	}
	return t.foreign
}

// CloseIdleConnections closes the connections that are kept for later requests.
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
	if a.wrapped && req.Context().Done() != a.Done() { // a wrapper's ctx may outlast the call, the request may not
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

// exchange sends req and reads the answer.
func (a *Attempt) exchange(next http.RoundTripper, req *http.Request) (*http.Response, error) {
	resp, err := next.RoundTrip(req)
	if err != nil || resp == nil {
		return resp, err
	}
	body, err := readAll(resp)
	if a.wrapped { // what is above may want to read it, or to make something else of it
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ending{err}))
	} else {
		a.body, a.bodyErr = body, err
	}
	return resp, nil
}

// readAll reads an answer's body and leaves none, nor the Location of a redirect.
func readAll(resp *http.Response) (body []byte, err error) {
	if IsRedirect(resp.StatusCode) {
		resp.Header.Del("Location")
	}
	if resp.Body == nil { // which net/http tolerates
		resp.Body = http.NoBody
	}
	if resp.StatusCode >= http.StatusOK { // below, the body would be an open connection
		body, err = readBody(resp)
	}
	_ = resp.Body.Close() // all that was wanted of it has been read
	resp.Body = http.NoBody
	return body, err
}

// An ending is how reading a body ended.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

// Above returns what stands above RoundTrippers of the caller's, with a [Transport] beneath
// them: it gives them a request whose body they can read. Whatever they do, the Transport
// delivers at most once.
func Above(wrappers http.RoundTripper) http.RoundTripper { return above{wrappers} }

type above struct{ next http.RoundTripper }

func (w above) RoundTrip(req *http.Request) (*http.Response, error) {
	a := attemptOf(req)
	if a == nil || a.wrapped {
		return nil, errors.New("openplatform: a request is sent once, and within its call")
	}
	a.wrapped = true
	visible := *req
	visible.GetBody, visible.ContentLength = nil, int64(len(a.content))
	visible.Body = io.NopCloser(bytes.NewReader(a.content))
	resp, err := w.next.RoundTrip(&visible)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	if resp == nil {
		return nil, nil
	}
	a.body, a.bodyErr = readAll(resp)
	return resp, nil
}

// MaxBody is how much of an answer's body is read, in bytes after decompression.
const MaxBody = 1 << 20

// readBody reads a body to its end, or to one byte past the limit, and makes room at
// once for one that says how long it is.
func readBody(resp *http.Response) ([]byte, error) {
	size := int64(512)
	if resp.ContentLength >= 0 {
		size = min(resp.ContentLength, MaxBody) + 1 // one more, to meet the end
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
