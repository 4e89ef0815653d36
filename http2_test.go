package openplatform_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

// HTTP/2 servers that net/http has none like, frame by frame (RFC 9113).

const (
	frameData, frameHeaders, frameRST, frameSettings, frameGoAway, frameWindowUpdate = 0, 1, 3, 4, 7, 8
	flagAck, flagEndStream, flagEndHeaders                                           = 1, 1, 4
	protocolError, enhanceYourCalm                                                   = 1, 11
)

// A frame is one that arrived; nobody wants its payload.
type frame struct {
	kind, flags byte
	stream      uint32
}

func (f frame) endsRequest() bool {
	return (f.kind == frameHeaders || f.kind == frameData) && f.flags&flagEndStream != 0
}

// A frameWriter writes to an HTTP/2 client.
type frameWriter struct{ net.Conn }

func (w frameWriter) write(kind, flags byte, stream uint32, payload ...byte) {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	_, _ = w.Write(append(binary.BigEndian.AppendUint32(head, stream), payload...))
}

// headers writes names and values without HPACK's table and Huffman code.
func (w frameWriter) headers(stream uint32, flags byte, namesAndValues ...string) {
	var block []byte
	for i, s := range namesAndValues {
		if i%2 == 0 {
			block = append(block, 0)
		}
		if n := len(s); n < 127 {
			block = append(block, byte(n))
		} else {
			block = binary.AppendUvarint(append(block, 127), uint64(n-127))
		}
		block = append(block, s...)
	}
	w.write(frameHeaders, flags|flagEndHeaders, stream, block...)
}

func (w frameWriter) reset(stream uint32) { w.write(frameRST, 0, stream, 0, 0, 0, protocolError) }

// serveFrames starts a server that speaks just enough HTTP/2 to receive requests, and calls on for each frame of
// theirs. The transport trusts it.
func serveFrames(t testing.TB, on func(w frameWriter, f frame)) (url string, transport *http.Transport) {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate
	certified.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	require.NoError(t, err)
	acceptAll(t, listener, func(conn net.Conn) { readFrames(conn, on) })
	return "https://" + listener.Addr().String(), trusting(certified)
}

func readFrames(conn net.Conn, on func(w frameWriter, f frame)) {
	in, out := bufio.NewReader(conn), frameWriter{conn}
	if _, err := in.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		return
	}
	out.write(frameSettings, 0, 0)
	for {
		var head [9]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		if _, err := in.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return
		}
		f := frame{head[3], head[4], binary.BigEndian.Uint32(head[5:])}
		if f.kind == frameSettings && f.flags&flagAck == 0 {
			out.write(frameSettings, flagAck, 0)
		}
		on(out, f)
	}
}

// acceptAll talks over each connection to listener, and then closes it.
func acceptAll(t testing.TB, listener net.Listener, talk func(net.Conn)) {
	t.Helper()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close() //nolint:errcheck // it may be closed already
				talk(conn)
			}()
		}
	}()
}
