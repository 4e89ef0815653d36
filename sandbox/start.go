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

// TB is the part of testing.TB that Start needs. It keeps package testing out of programs that import this package.
type TB interface {
	Helper()
	Cleanup(fn func())
	Fatalf(format string, args ...any)
}

// Server is a running Sandbox with a client. Make one with Start or StartInMemory in a test, and with Listen or
// ListenInMemory elsewhere.
type Server struct {
	*Sandbox

	URL    string // the base URL: http on loopback, or a name that does not exist if in memory
	Client *openplatform.Client
	// Transport connects your own client, with URL as its base URL. Pass it to openplatform.WithHTTPClient in an
	// http.Client.
	Transport *http.Transport

	server *http.Server
	served chan struct{} // closed when the server has ended
}

// Start runs a Sandbox until the end of a test: tb.Cleanup closes it and its connections.
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

// Listen runs a Sandbox on a free port of the loopback interface until Close. Other computers cannot reach it.
func Listen(opts ...Option) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait for anything
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return listenOn(listener, "http://"+listener.Addr().String(), openplatform.DefaultTransport(), opts)
}

// ListenInMemory is like Listen, without a socket: see StartInMemory.
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
	// idleTimeout is longer than the SDK's: the client should close an idle connection, because it may use it next.
	idleTimeout = time.Minute
	maxHeader   = 128 << 10 // bytes: enough for the longest query
)

// newHTTPServer returns a server with time limits for headers and idle connections. ServeHTTP sets the limits for the body
// and the response.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that abort on purpose are expected
	}
}

// Close ends the server, its connections and all waits, like Sandbox.Close. Closing again does nothing.
func (s *Server) Close() {
	s.Sandbox.Close() // net/http does not detect a closed connection if the client sent more than its request
	s.Client.CloseIdleConnections()
	s.Transport.CloseIdleConnections()
	_ = s.server.Close()
	<-s.served
}
