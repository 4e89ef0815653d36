package redistokens_test

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// A proxy stands between a client and a server, and sees to it that things are lost. It looks at
// scripts alone: clients send one in one piece, and wait for its answer.
type proxy struct {
	addr, server string
	// fate decides what becomes of a script, before it is passed on.
	fate func(request []byte) fate

	mu    sync.Mutex
	conns []net.Conn
}

type fate int

const (
	passed     fate = iota
	answerLost      // the connection is closed when the answer comes
	swallowed       // nothing is passed on, and nothing closed
)

func startProxy(t *testing.T, server string, decide func(request []byte) fate) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{addr: listener.Addr().String(), server: server, fate: decide}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.closeAll()
		running.Wait()
	})
	return p
}

func (p *proxy) keep(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conn)
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
}

// serve passes a request on, and then its answer.
func (p *proxy) serve(client net.Conn) {
	p.keep(client)
	defer client.Close() //nolint:errcheck // it has served its purpose
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	p.keep(server)
	defer server.Close() //nolint:errcheck // likewise
	request, answer := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, err := client.Read(request)
		if err != nil {
			return
		}
		what := passed
		if bytes.Contains(request[:n], []byte("eval")) {
			what = p.fate(request[:n])
		}
		if what == swallowed {
			continue
		}
		if _, err := server.Write(request[:n]); err != nil {
			return
		}
		n, err = server.Read(answer)
		if err != nil || what == answerLost {
			return
		}
		if _, err := client.Write(answer[:n]); err != nil {
			return
		}
	}
}
