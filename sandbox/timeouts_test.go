package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pipes is a network in memory: the fake clock of a synctest bubble stands still while a socket is read. Nothing is
// buffered, so a client that does not read holds the server at once.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// host is a server in a bubble.
type host struct {
	*pipes
	t    *testing.T
	open atomic.Int32 // connections, each with a goroutine or more
}

// serveInBubble runs a server until the end of the bubble.
func serveInBubble(t *testing.T, server *http.Server) *host {
	t.Helper()
	h := &host{pipes: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, t: t}
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			h.open.Add(1)
		case http.StateClosed:
			h.open.Add(-1)
		case http.StateActive, http.StateIdle, http.StateHijacked:
		}
	}
	go func() { _ = server.Serve(h) }()
	t.Cleanup(func() {
		_ = server.Close()
		time.Sleep(margin)
	})
	return h
}

// connect opens a connection and sends text as it is.
func (h *host) connect(text string) net.Conn {
	h.t.Helper()
	conn, err := h.dial(h.t.Context(), "", "")
	require.NoError(h.t, err)
	h.t.Cleanup(func() { _ = conn.Close() })
	go func() { _, _ = io.WriteString(conn, text) }() // the server may stop reading in the middle
	return conn
}

const (
	httpHost    = " HTTP/1.1\r\nHost: sandbox\r\n"
	getPicture  = "POST /oauth/api/account/getImgCode" + httpHost
	checkToken  = "GET /oauth/checkToken?token=a" + httpHost
	tenToCome   = "Content-Length: 10\r\n\r\n{"
	noBody      = "Content-Length: 0\r\n\r\n"
	margin      = 2 * time.Second // net/http waits half a second before it closes what it did not read
	manyClients = 50
)

func TestStalledBodyEnds(t *testing.T) {
	requests := map[string]struct {
		text string
		code string
	}{
		"POST":         {text: getPicture + tenToCome, code: "400003"},
		"chunked":      {text: getPicture + "Transfer-Encoding: chunked\r\n\r\n1\r\n", code: "400003"},
		"GET":          {text: checkToken + tenToCome, code: "401004"},
		"unknown path": {text: "POST /elsewhere" + httpHost + tenToCome, code: "404001"},
	}
	for name, request := range requests {
		for kind, delay := range map[string]time.Duration{"at once": 0, "under a delay": time.Hour} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := New()
					s.Order(Fault{Delay: delay})
					h := serveInBubble(t, &http.Server{Handler: s}) //nolint:gosec // a server without limits of its own
					answers := make(chan string, manyClients)
					for range manyClients {
						conn := h.connect(request.text)
						go func() {
							answer, _ := io.ReadAll(conn)
							answers <- string(answer)
						}()
					}
					synctest.Wait()
					require.EqualValues(t, manyClients, h.open.Load())

					time.Sleep(bodyTimeout + margin)
					synctest.Wait()

					assert.Zero(t, h.open.Load())
					require.Len(t, answers, manyClients)
					assert.Contains(t, <-answers, `"code":"`+request.code+`"`)
				})
			})
		}
	}
}

// A byte now and then does not buy more time.
func TestTricklingBodyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := serveInBubble(t, &http.Server{Handler: New()}) //nolint:gosec // a server without limits of its own
		conn := h.connect(getPicture + "Content-Length: 1000\r\n\r\n{")
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		for begin := time.Now(); time.Since(begin) < bodyTimeout+margin; time.Sleep(time.Second) {
			_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = io.WriteString(conn, " ")
		}
		synctest.Wait()
		assert.Zero(t, h.open.Load())
	})
}

func TestStalledBodyEndsOverHTTP2(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var protocols http.Protocols
		protocols.SetUnencryptedHTTP2(true)
		h := serveInBubble(t, &http.Server{Handler: New(), Protocols: &protocols}) //nolint:gosec // a server without limits of its own
		transport := &http.Transport{Protocols: &protocols, DialContext: h.dial}
		t.Cleanup(transport.CloseIdleConnections)
		body, stalled := io.Pipe()
		t.Cleanup(func() { _ = stalled.Close() })
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://sandbox/oauth/api/account/getImgCode", body)
		require.NoError(t, err)

		begin := time.Now()
		response, err := transport.RoundTrip(request)
		require.NoError(t, err)
		answer, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())

		assert.Equal(t, 2, response.ProtoMajor)
		assert.Contains(t, string(answer), `"400003"`)
		assert.Equal(t, bodyTimeout, time.Since(begin))
	})
}

// The limits are for the body and for the answer, each by itself: what a test orders between them takes as long as it
// says, and the next request on the connection has limits of its own.
func TestDelayIsLongerThanAnyLimit(t *testing.T) {
	const delay = time.Hour
	requests := map[string]struct {
		text string
		code string
	}{
		"with a body":    {text: getPicture + "Content-Length: 2\r\n\r\n{}", code: "000"},
		"without a body": {text: checkToken + "\r\n", code: "401004"},
	}
	servers := map[string]func(s *Sandbox) *http.Server{
		"a server of its own": func(s *Sandbox) *http.Server { return newHTTPServer(s) },
		"one with limits that are shorter": func(s *Sandbox) *http.Server {
			return &http.Server{Handler: s, ReadTimeout: bodyTimeout / 2, WriteTimeout: writeTimeout / 2, IdleTimeout: time.Hour}
		},
		"one without limits": func(s *Sandbox) *http.Server { return &http.Server{Handler: s} }, //nolint:gosec // as it says
	}
	for server, newServer := range servers {
		for name, request := range requests {
			for kind, after := range map[string]bool{"before": false, "after": true} {
				t.Run(server+"/"+name+"/"+kind, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := New()
						s.Order(Fault{Delay: delay, After: after})
						h := serveInBubble(t, newServer(s))
						conn := h.connect(request.text)
						answers := bufio.NewReader(conn)
						for range 2 {
							begin := time.Now()
							assert.Contains(t, readAnswer(t, answers), `"code":"`+request.code+`"`)
							assert.Equal(t, delay, time.Since(begin))
							_, err := io.WriteString(conn, request.text)
							require.NoError(t, err)
						}
						_ = conn.Close()
						synctest.Wait()
						assert.Zero(t, h.open.Load(), "the delay goes on without a client")
					})
				})
			}
		}
	}
}

func readAnswer(t *testing.T, from *bufio.Reader) string {
	t.Helper()
	response, err := http.ReadResponse(from, nil)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return string(body)
}

func TestAnswerThatIsNotReadEnds(t *testing.T) {
	faults := map[string]Fault{
		"answer":        {},
		"fault":         {Code: "500"},
		"body":          {Body: strings.Repeat("x", 1<<20)},
		"delayed":       {Body: strings.Repeat("x", 1<<20), Delay: time.Minute},
		"nothing to it": {HTTPStatus: http.StatusNoContent},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := New()
				s.Order(fault)
				h := serveInBubble(t, &http.Server{Handler: s}) //nolint:gosec // a server without limits of its own
				for range manyClients {
					h.connect(getPicture + noBody)
				}
				synctest.Wait()
				require.EqualValues(t, manyClients, h.open.Load())

				time.Sleep(fault.Delay + writeTimeout + margin)
				synctest.Wait()

				assert.Zero(t, h.open.Load())
			})
		})
	}
}

// A body that was not read to its end is answered at once: no delay would end with its client.
func TestLongBodyIsNotDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		s.Order(Fault{Delay: time.Hour})
		h := serveInBubble(t, newHTTPServer(s))
		long := strings.Repeat(" ", maxBody+1)
		conn := h.connect(getPicture + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(long)) + long)

		begin := time.Now()
		assert.Contains(t, readAnswer(t, bufio.NewReader(conn)), `"400003"`)
		assert.Less(t, time.Since(begin), time.Hour)
	})
}

func TestIdleConnectionsEnd(t *testing.T) {
	tests := map[string]struct {
		sent string
		ends time.Duration
	}{
		"nothing sent":      {sent: "", ends: headerTimeout},
		"half a header":     {sent: getPicture, ends: headerTimeout},
		"after its request": {sent: checkToken + "\r\n", ends: idleTimeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := serveInBubble(t, newHTTPServer(New()))
				for range manyClients {
					conn := h.connect(tt.sent)
					go func() { _, _ = io.Copy(io.Discard, conn) }()
				}
				time.Sleep(tt.ends - time.Second)
				synctest.Wait()
				require.EqualValues(t, manyClients, h.open.Load())

				time.Sleep(margin)
				synctest.Wait()

				assert.Zero(t, h.open.Load())
			})
		})
	}
}

func TestLongHeaderIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		h := serveInBubble(t, newHTTPServer(s))
		conn := h.connect(getPicture + CallIDHeader + ": " + strings.Repeat("x", 900_000) + "\r\n" + noBody)

		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())

		assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, response.StatusCode)
		assert.Empty(t, s.Ledger())
	})
}
