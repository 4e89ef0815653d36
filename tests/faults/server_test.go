package faults

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A protocol is one way to speak to the platform.
type protocol struct {
	name          string
	version       string // as the platform sees it
	tls           bool
	oneCallAtOnce bool // on a connection
}

var (
	http1    = protocol{name: "HTTP/1.1", version: "HTTP/1.1", oneCallAtOnce: true}
	http1TLS = protocol{name: "HTTP/1.1+TLS", version: "HTTP/1.1", tls: true, oneCallAtOnce: true}
	http2    = protocol{name: "HTTP/2+TLS", version: "HTTP/2.0", tls: true}
)

// A platformServer is a server in the platform's place that counts connections, at its own end and at that of the
// transports that it makes.
type platformServer struct {
	*httptest.Server
	protocol      protocol
	dialed        connectionCount // the clients' ends
	accepted      connectionCount // the server's ends
	otherVersions atomic.Int64    // requests in another version of HTTP
}

// startPlatform starts a server for handler. Of an idleTimeout of 0 there is none.
func startPlatform(t *testing.T, protocol protocol, idleTimeout time.Duration, handler http.Handler) *platformServer {
	t.Helper()
	s := &platformServer{protocol: protocol}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Proto != protocol.version {
			s.otherVersions.Add(1)
		}
		handler.ServeHTTP(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that break on purpose are no news
	s.Config.IdleTimeout = idleTimeout
	s.Config.ConnState = s.countAccepted
	s.EnableHTTP2 = protocol.version == http2.version
	t.Cleanup(s.Close)
	if protocol.tls {
		s.StartTLS()
	} else {
		s.Start()
	}
	return s
}

func (s *platformServer) countAccepted(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.accepted.add(1)
	case http.StateClosed, http.StateHijacked:
		s.accepted.add(-1)
	}
}

// newTransport returns the SDK's own transport, made to trust the server and to speak no other protocol.
func (s *platformServer) newTransport(t *testing.T) *http.Transport {
	t.Helper()
	transport := openplatform.DefaultTransport()
	if s.protocol.tls {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AddCert(s.Certificate())
	}
	if s.protocol.version == http1.version {
		transport.ForceAttemptHTTP2 = false
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	transport.DialContext = s.dialed.dialer(transport.DialContext)
	t.Cleanup(func() { closeIdle(t, transport) })
	return transport
}

func (s *platformServer) newClient(t *testing.T, transport http.RoundTripper, opts ...openplatform.Option) *openplatform.Client {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, append([]openplatform.Option{
		openplatform.WithBaseURL(s.URL), openplatform.WithHTTPClient(&http.Client{Transport: transport}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// A connectionCount counts the connections that are open, the most that ever were, and all that there ever were.
type connectionCount struct {
	mu                sync.Mutex
	open, peak, total int
}

func (c *connectionCount) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
	c.peak = max(c.peak, c.open)
	c.total += max(n, 0)
}

func (c *connectionCount) now() (open, peak, total int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open, c.peak, c.total
}

func (c *connectionCount) dialer(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c.add(1)
		return &countedConn{Conn: conn, closed: sync.OnceFunc(func() { c.add(-1) })}, nil
	}
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

type countedConn struct {
	net.Conn
	closed func()
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.closed()
	return err
}

var portsTried atomic.Int64

// freePort returns an address that nobody listens on. None is returned twice, and none is given by systems to whoever
// asks for any: nobody else gets the port of a proxy that is down.
func freePort(t testing.TB) (address string) {
	t.Helper()
	const first, ports = 20_000, 10_000
	for range 100 {
		address = fmt.Sprintf("127.0.0.1:%d", first+(int64(os.Getpid())+portsTried.Add(1))%ports)
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

// crowd has callers make the calls with the numbers from first to before end, each as soon as one is free.
func crowd(callers, first, end int, call func(caller, n int)) {
	var next atomic.Int64
	next.Store(int64(first))
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := int(next.Add(1)) - 1; n < end; n = int(next.Add(1)) - 1 {
				call(caller, n)
			}
		})
	}
	all.Wait()
}
