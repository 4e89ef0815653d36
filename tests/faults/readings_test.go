package faults

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A loadedServer is a server and the SDK's own transport to it, with their connections counted at either end.
type loadedServer struct {
	url       string
	transport *http.Transport
	dialed    *connectionCount // the client's ends
	accepted  *connectionCount // the server's ends
}

// serveOver starts a server for handler: HTTP/1.1 without TLS, or HTTP/2 with it.
func serveOver(t *testing.T, protocol string, handler http.Handler) *loadedServer {
	t.Helper()
	s := &loadedServer{transport: openplatform.DefaultTransport(), dialed: &connectionCount{}, accepted: &connectionCount{}}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // connections that break on purpose are no news
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.accepted.add(1)
		case http.StateHijacked, http.StateClosed:
			s.accepted.add(-1)
		default:
		}
	}
	if protocol == "HTTP/2" {
		server.EnableHTTP2 = true
		server.StartTLS()
		s.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		s.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	s.url = server.URL
	s.transport.DialContext = s.dialed.dialer(s.transport.DialContext)
	t.Cleanup(func() {
		closeIdle(t, s.transport)
		server.Close()
	})
	return s
}

func (s *loadedServer) newClient(t *testing.T, opts ...openplatform.Option) *openplatform.Client {
	t.Helper()
	through := openplatform.WithHTTPClient(&http.Client{Transport: s.transport})
	client, err := openplatform.NewClient(openplatform.Test,
		append([]openplatform.Option{openplatform.WithBaseURL(s.url), through}, opts...)...)
	require.NoError(t, err)
	return client
}

// A connectionCount counts the connections that are open, and the most that ever were.
type connectionCount struct {
	mu         sync.Mutex
	open, peak int
}

func (c *connectionCount) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open += n
	c.peak = max(c.peak, c.open)
}

func (c *connectionCount) now() (open, peak int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.open, c.peak
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

// A reading is what the process holds while nobody calls.
type reading struct {
	heap, inUse uint64 // bytes
	goroutines  int
	dialed      int // connections open, by the client's count
	accepted    int // and by the server's
	files       int // file descriptors; -1 where the system does not tell
}

// readWhenStill waits until what calls have left under way has ended, such as the server's end of a connection that is
// closed, and then takes a reading.
func readWhenStill(servers []*loadedServer) reading {
	last := readCounts(servers)
	for still, tries := 0, 0; still < 10 && tries < 500; tries++ {
		time.Sleep(20 * time.Millisecond)
		r := readCounts(servers)
		still++
		if r != last {
			last, still = r, 0
		}
	}
	runtime.GC()
	runtime.GC() // a sync.Pool lets go at the second one
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	last.heap, last.inUse = memory.HeapAlloc, memory.HeapInuse
	return last
}

func readCounts(servers []*loadedServer) reading {
	r := reading{goroutines: runtime.NumGoroutine(), files: openFiles()}
	for _, s := range servers {
		dialed, _ := s.dialed.now()
		accepted, _ := s.accepted.now()
		r.dialed += dialed
		r.accepted += accepted
	}
	return r
}

// openFiles counts file descriptors where the system lists them, as Linux does, and returns -1 elsewhere.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(files)
}
