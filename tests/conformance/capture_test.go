package conformance_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// tap is a listener that keeps a copy of all bytes that cross its connections.
type tap struct {
	net.Listener

	mu    sync.Mutex
	conns []*tappedConn
}

func (l *tap) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tapped := &tappedConn{Conn: conn}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, tapped)
	return tapped, nil
}

// tappedConn is the server's end of a connection.
type tappedConn struct {
	net.Conn

	mu             sync.Mutex
	received, sent bytes.Buffer
}

func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received.Write(p[:n])
	return n, err
}

func (c *tappedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent.Write(p[:n])
	return n, err
}

// exchange is a request and the answer to it, byte for byte.
type exchange struct {
	request, answer []byte
}

// exchanges cuts what crossed the connections into requests and answers. The server
// must be closed.
func (l *tap) exchanges(t *testing.T) []exchange {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()

	var all []exchange
	for _, conn := range l.conns {
		received, sent := newTape(conn.received.Bytes()), newTape(conn.sent.Bytes())
		for received.rest() > 0 {
			request, err := http.ReadRequest(received.reader)
			require.NoError(t, err)
			x := exchange{request: received.cut(t, request.Body)}
			answer, err := http.ReadResponse(sent.reader, request)
			require.NoError(t, err)
			x.answer = sent.cut(t, answer.Body)
			require.NoError(t, answer.Body.Close())
			all = append(all, x)
		}
		require.Zero(t, sent.rest(), "bytes that answer no request")
	}
	return all
}

// tape is one direction of a connection, read from the start.
type tape struct {
	raw    []byte
	unread *bytes.Reader
	reader *bufio.Reader // reads ahead of what was taken from it
	start  int           // of the message being read
}

func newTape(raw []byte) *tape {
	unread := bytes.NewReader(raw)
	return &tape{raw: raw, unread: unread, reader: bufio.NewReader(unread)}
}

func (p *tape) rest() int { return p.unread.Len() + p.reader.Buffered() }

// cut reads a message's body, and returns the whole message.
func (p *tape) cut(t *testing.T, body io.Reader) []byte {
	t.Helper()
	_, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	end := len(p.raw) - p.rest()
	message := p.raw[p.start:end]
	p.start = end
	return message
}
