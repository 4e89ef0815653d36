package openplatform_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Before Go 1.27, net/http hangs for good on a connection whose peer overflows a stream's
// HTTP/2 flow control window. A call over it must end all the same, and the next one must
// succeed. The test runs in a process of its own, since what hangs cannot be cleaned up.
func TestACallEndsThoughHTTP2Hangs(t *testing.T) {
	if os.Getenv("OPENPLATFORM_TEST_HANG") == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestACallEndsThoughHTTP2Hangs$", "-test.v", "-test.timeout=1m") //nolint:gosec // this very program
		child.Env = append(os.Environ(), "OPENPLATFORM_TEST_HANG=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	url, roots := overflowingServer(t)
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = roots
	client := newClient(t, url, through(transport), openplatform.WithTimeout(300*time.Millisecond),
		openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	start := time.Now()
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(sendSmsCode(t.Context(), client)))
	assert.NoError(t, sendSmsCode(t.Context(), client)) //nolint:testifylint // the process must exit, not the test
	another := newClient(t, url, through(transport), openplatform.WithTimeout(300*time.Millisecond))
	assert.NoError(t, sendSmsCode(t.Context(), another), "nor is what hangs left to those who share the transport") //nolint:testifylint // likewise
	assert.Less(t, time.Since(start), 30*time.Second)
	if t.Failed() {
		os.Exit(1)
	}
	os.Exit(0)
}

// overflowingServer starts a server that speaks just enough HTTP/2 to take a request and
// to overflow its stream's window; later ones it answers.
func overflowingServer(t *testing.T) (url string, roots *x509.CertPool) {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	certified.Close()
	roots = x509.NewCertPool()
	roots.AddCert(certified.Certificate())
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	require.NoError(t, err)
	overflown := new(atomic.Bool)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveOverflow(conn, overflown)
		}
	}()
	return "https://" + listener.Addr().String(), roots
}

func serveOverflow(conn net.Conn, overflown *atomic.Bool) {
	const (
		data, headers, settings, windowUpdate = 0, 1, 4, 8
		ack, endStream, endHeaders            = 1, 1, 4
		status200                             = 0x88
	)
	write := func(kind, flags byte, stream uint32, payload ...byte) {
		frame := []byte{0, 0, byte(len(payload)), kind, flags, 0, 0, 0, 0}
		binary.BigEndian.PutUint32(frame[5:], stream)
		_, _ = conn.Write(append(frame, payload...))
	}
	in := bufio.NewReader(conn)
	if _, err := in.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		return
	}
	write(settings, 0, 0)
	for {
		var head [9]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		if _, err := in.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return
		}
		switch kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:]); {
		case kind == settings && flags&ack == 0:
			write(settings, ack, 0)
		case kind == headers && overflown.CompareAndSwap(false, true):
			for range 2 {
				write(windowUpdate, 0, stream, 0x7f, 0xff, 0xff, 0xff)
			}
		case kind == headers:
			write(headers, endHeaders, stream, status200)
			write(data, endStream, stream, []byte(success)...)
		}
	}
}
