package sandbox

import (
	"context"
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

// Server is a Sandbox that listens, and a client that talks to it.
type Server struct {
	*Sandbox

	URL    string // where it listens: http, loopback, a port of its own
	Client *openplatform.Client
}

// Start runs a Sandbox for the length of a test: tb.Cleanup closes it, and the connections to it.
func Start(tb TB, opts ...Option) *Server {
	tb.Helper()

	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("sandbox: listen on loopback: %v", err)
		return nil
	}
	url := "http://" + listener.Addr().String()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(url))
	if err != nil {
		_ = listener.Close()
		tb.Fatalf("sandbox: new client: %v", err)
		return nil
	}

	sandbox := New(opts...)
	stop := serve(sandbox, listener)
	tb.Cleanup(func() {
		client.CloseIdleConnections()
		stop()
	})
	return &Server{Sandbox: sandbox, URL: url, Client: client}
}

// serve answers on listener until the function that it returns is called. That one closes every connection.
func serve(handler http.Handler, listener net.Listener) (stop func()) {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // a client that breaks off on purpose is no news
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always an error: the one that says it was closed
	}()
	return func() {
		_ = server.Close()
		<-done
	}
}
