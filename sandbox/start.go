package sandbox

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// TB is the part of testing.TB that Start needs; *testing.T, *testing.B and *testing.F have it. It is an interface of
// our own so that package testing stays out of programs that import this one.
type TB interface {
	Helper()
	Cleanup(fn func())
	Fatalf(format string, args ...any)
}

// Server is a Sandbox that listens, and a client that talks to it. Make one with Start or StartInMemory in a test, and
// with Listen or ListenInMemory elsewhere.
type Server struct {
	*Sandbox

	URL    string // where it listens: http, loopback, a port of its own; or nowhere, if in memory
	Client *openplatform.Client
	// Transport reaches it from a client of your own, with URL as its base URL: openplatform.WithHTTPClient takes it in
	// an http.Client, and proves by it what was not sent, as it does by any *http.Transport.
	Transport *http.Transport

	server *http.Server
	served chan struct{} // closed when the server has ended
}

// Start runs a Sandbox for the length of a test: tb.Cleanup closes it, and the connections to it.
func Start(tb TB, opts ...Option) *Server {
	tb.Helper()
	s, err := Listen(opts...)
	return started(tb, s, err)
}

// StartInMemory is Start without a socket: its Client, and whoever uses its Transport, reaches it over a network in
// memory. It works in a testing/synctest bubble, in which it is to be started, and there its delays and lifetimes take
// no real time.
func StartInMemory(tb TB, opts ...Option) *Server {
	tb.Helper()
	s, err := ListenInMemory(opts...)
	return started(tb, s, err)
}

func started(tb TB, s *Server, err error) *Server {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%v", err)
		return nil
	}
	tb.Cleanup(s.Close)
	return s
}

// Listen runs a Sandbox on the loopback interface, where no other computer can reach it, on a port of its own, until
// Close.
func Listen(opts ...Option) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait for anything
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return listenOn(listener, "http://"+listener.Addr().String(), openplatform.DefaultTransport(), opts)
}

// ListenInMemory is Listen without a socket: see StartInMemory.
func ListenInMemory(opts ...Option) (*Server, error) {
	listener := newMemoryListener()
	transport := openplatform.DefaultTransport()
	transport.Proxy, transport.DialContext = nil, listener.dial
	return listenOn(listener, memoryURL, transport, opts)
}

func listenOn(listener net.Listener, url string, transport *http.Transport, opts []Option) (*Server, error) {
	client, err := openplatform.NewClient(openplatform.Test,
		openplatform.WithBaseURL(url), openplatform.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	sandbox := New(opts...)
	s := &Server{
		Sandbox: sandbox, URL: url, Client: client, Transport: transport,
		server: newHTTPServer(sandbox),
		served: make(chan struct{}),
	}
	go func() {
		defer close(s.served)
		_ = s.server.Serve(listener) // always an error: the one that says it was closed
	}()
	return s, nil
}

const (
	headerTimeout = 10 * time.Second
	// idleTimeout is longer than the SDK keeps a connection idle: who closes one should be who might use it next.
	idleTimeout = time.Minute
	maxHeader   = 128 << 10 // bytes: enough for the longest query
)

// newHTTPServer returns a server on which nobody can hold a connection for nothing. The body and the answer have no limit
// here: ServeHTTP sets theirs.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // a client that breaks off on purpose is no news
	}
}

// Close ends the server and every connection to it, and with it whatever waits, as Sandbox.Close does. To close again
// does nothing.
func (s *Server) Close() {
	s.Sandbox.Close() // a client that sent more than its request keeps net/http from seeing that its connection has ended
	s.Client.CloseIdleConnections()
	s.Transport.CloseIdleConnections()
	_ = s.server.Close()
	<-s.served
}
