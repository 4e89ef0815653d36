// The test's server is trusted by every transport that brings no roots of its own, so
// that each contender can be measured with the transport it comes with.
//
//go:debug x509usefallbackroots=1
package main

import (
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	server := httptest.NewTLSServer(nil)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate()) // the same for all of httptest's servers
	server.Close()
	x509.SetFallbackRoots(roots)
	os.Exit(m.Run())
}

// A protocol is a way for calls to reach a server on loopback.
type protocol struct {
	name  string
	start func(*httptest.Server)
}

var (
	tlsHTTP1 = protocol{"tls-http1", (*httptest.Server).StartTLS}
	tlsHTTP2 = protocol{"tls-http2", func(s *httptest.Server) {
		s.EnableHTTP2 = true
		s.StartTLS()
	}}
	protocols = []protocol{{"http", (*httptest.Server).Start}, tlsHTTP1, tlsHTTP2}
)

// serve starts a server and counts the connections opened to it. Each has an address of
// its own, so that the connections which one contender leaves behind take no port from
// the next.
func (p protocol) serve(tb testing.TB, handler http.HandlerFunc) (baseURL string, opened *atomic.Int64) {
	tb.Helper()
	opened = new(atomic.Int64)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	p.start(server)
	tb.Cleanup(server.Close)
	return server.URL, opened
}

// answer is a handler that reads the request, waits, and answers with body.
func answer(body string, wait time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(wait)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

// atOnce is a RoundTripper that reads the request to its end and answers with its value.
type atOnce string

func (body atOnce) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	if err := req.Body.Close(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(strings.NewReader(string(body))),
		ContentLength: int64(len(body)),
		Request:       req,
	}, nil
}
