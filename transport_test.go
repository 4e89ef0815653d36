package openplatform_test

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"reflect"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// TestMain looks, after all tests, for goroutines that outlived their calls: promise
// 9 over every failure that the tests provoke.
func TestMain(m *testing.M) {
	flag.Parse()
	before := runtime.NumGoroutine()
	status := m.Run()
	fuzzing := flag.Lookup("test.fuzz").Value.String() != "" // package testing then leaves one of its own
	if status == 0 && !fuzzing && goroutinesAbove(before) > 0 {
		fmt.Fprintln(os.Stderr, "goroutines outlived the tests:")
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		status = 1
	}
	os.Exit(status)
}

// goroutinesAbove returns how many more goroutines than n there are once those that
// are about to end have had time to.
func goroutinesAbove(n int) int {
	for range 500 {
		if runtime.NumGoroutine() <= n {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine() - n
}

func TestNoGoroutineOutlivesACall(t *testing.T) {
	rt := roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Context().Err() != nil {
			return nil, req.Context().Err()
		}
		return nil, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	})
	client := newClient(t, "http://platform.invalid", through(rt), quickRetries, openplatform.WithObserver(&recorder{}))
	before := runtime.NumGoroutine()
	for range 100 {
		require.Error(t, sendSmsCode(t.Context(), client))
		require.Error(t, getImgCode(t.Context(), client))
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before, "at once, not after a while")
}

// Promise 5: redirects are never followed.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere, received := serve(t, answer(200, success))
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
		for _, location := range []string{elsewhere + "/", "/oauth/api/account/sendSmsCode", "//" + strings.TrimPrefix(elsewhere, "http://"), "http://[::1/", ""} {
			for _, p := range append(mutations, probe{"GetImgCode", getImgCode}, probe{"repeatable GET", do(repeatable, nil)}) {
				t.Run(fmt.Sprintf("%s at %d to %q", p.name, status, location), func(t *testing.T) {
					url, here := serve(t, answer(status, success, "Location", location))
					err := p.call(t.Context(), newClient(t, url, quickRetries))
					var failure *openplatform.ResponseError
					require.ErrorAs(t, err, &failure)
					assert.Equal(t, status, failure.HTTPStatus)
					assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
					assert.EqualValues(t, 1, here.Load())
				})
			}
		}
	}
	assert.Zero(t, received.Load())
}

// A RoundTripper of the caller's may answer without a body, which net/http tolerates.
func TestRedirectsWithoutABodyAreNotFollowed(t *testing.T) {
	for _, p := range append(mutations, probe{"GetImgCode", getImgCode}) {
		for _, status := range []int{302, 307} {
			var asked []string
			redirects := roundTripper(func(req *http.Request) (*http.Response, error) {
				asked = append(asked, req.URL.Host)
				return &http.Response{StatusCode: status, Header: http.Header{"Location": {"http://elsewhere.invalid/x"}}}, nil
			})
			for name, opt := range map[string]openplatform.Option{
				"in WithHTTPClient": through(redirects),
				"in WithWrapper":    openplatform.WithWrapper(func(http.RoundTripper) http.RoundTripper { return redirects }),
			} {
				asked = nil
				err := p.call(t.Context(), newClient(t, "http://platform.invalid", opt, quickRetries))
				var failure *openplatform.ResponseError
				require.ErrorAs(t, err, &failure, "%s, %s", p.name, name)
				assert.Equal(t, status, failure.HTTPStatus)
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
				assert.Equal(t, []string{"platform.invalid"}, asked, "%s, %s", p.name, name)
			}
		}
	}
}

func TestCallersCheckRedirectIsNotAsked(t *testing.T) {
	url, received := serve(t, answer(302, "", "Location", "/"))
	client := newClient(t, url, openplatform.WithHTTPClient(&http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
	}))
	require.Error(t, getImgCode(t.Context(), client))
	assert.EqualValues(t, 1, received.Load())
}

// Promise 8: the default transport is made for one busy host.

func TestDefaultTransport(t *testing.T) {
	transport := openplatform.DefaultTransport()
	assert.NotSame(t, transport, openplatform.DefaultTransport(), "each caller has its own to change")
	require.NotNil(t, transport.TLSClientConfig)
	assert.EqualValues(t, tls.VersionTLS12, transport.TLSClientConfig.MinVersion)
	assert.False(t, transport.TLSClientConfig.InsecureSkipVerify)
	assert.GreaterOrEqual(t, transport.MaxIdleConnsPerHost, 512)
	assert.GreaterOrEqual(t, transport.MaxIdleConns, transport.MaxIdleConnsPerHost)
	assert.Zero(t, transport.MaxConnsPerHost)
	assert.Equal(t, 30*time.Second, transport.IdleConnTimeout)
	assert.Equal(t, 5*time.Second, transport.TLSHandshakeTimeout)
	require.NotNil(t, transport.HTTP2)
	assert.Equal(t, 15*time.Second, transport.HTTP2.SendPingTimeout)
	assert.Equal(t, 5*time.Second, transport.HTTP2.PingTimeout)
	assert.Equal(t, 16<<10, transport.HTTP2.MaxReadFrameSize)
	assert.Equal(t, reflect.ValueOf(http.ProxyFromEnvironment).Pointer(), reflect.ValueOf(transport.Proxy).Pointer())
}

// tlsServer starts a TLS server and returns a default transport that trusts it.
func tlsServer(t *testing.T, http2 bool, handler http.HandlerFunc) (url string, transport *http.Transport, opened *atomic.Int64) {
	t.Helper()
	opened = new(atomic.Int64)
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	server.Config.ErrorLog = discardLog
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, trusting(server), opened
}

func TestConnectionsAreKeptForAllCallers(t *testing.T) {
	const callers = 200
	var together sync.WaitGroup
	url, transport, opened := tlsServer(t, false, func(w http.ResponseWriter, r *http.Request) {
		together.Done() // an answer only when all callers are there: each needs a connection
		together.Wait()
		answer(200, success)(w, r)
	})
	client := newClient(t, url, through(transport))
	for wave := range 3 {
		together.Add(callers)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				assert.NoError(t, sendSmsCode(t.Context(), client))
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, opened.Load(), int64(2*callers), "wave %d", wave)
		time.Sleep(20 * time.Millisecond) // connections are put back just after the answer
	}
	assert.Less(t, opened.Load(), int64(callers+callers/2))
}

func TestHTTP2IsUsedWhereThereIsSome(t *testing.T) {
	var proto atomic.Value
	url, transport, opened := tlsServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		answer(200, success)(w, r)
	})
	client := newClient(t, url, through(transport))
	for range 10 {
		require.NoError(t, sendSmsCode(t.Context(), client))
	}
	assert.Equal(t, "HTTP/2.0", proto.Load())
	assert.EqualValues(t, 1, opened.Load())
}

func TestTLSSessionsAreResumed(t *testing.T) {
	url, transport, _ := tlsServer(t, false, answer(200, success))
	client := newClient(t, url, through(transport))
	var resumed []bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		TLSHandshakeDone: func(state tls.ConnectionState, _ error) { resumed = append(resumed, state.DidResume) },
	})
	for range 2 {
		require.NoError(t, sendSmsCode(ctx, client))
		client.CloseIdleConnections()
	}
	assert.Equal(t, []bool{false, true}, resumed)
}

func TestTLS11IsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(200, success))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // what is refused
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := trusting(server)
	client := newClient(t, server.URL, through(transport))
	err := sendSmsCode(t.Context(), client)
	assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
	assert.ErrorContains(t, err, "SendSmsCode: TLS failed (")

	transport = trusting(server)
	transport.TLSClientConfig.MinVersion = tls.VersionTLS10
	assert.NoError(t, sendSmsCode(t.Context(), newClient(t, server.URL, through(transport))), "it was the version")
}

func TestClientIsSafeForConcurrentUse(t *testing.T) {
	url, received := serve(t, answer(200, success))
	client := newClient(t, url)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 10 {
				assert.NoError(t, sendSmsCode(context.Background(), client))
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, 500, received.Load())
}

func TestCloseIdleConnectionsOfATransportThatHasNone(t *testing.T) {
	client := newClient(t, "http://platform.invalid", through(roundTripper(nil)))
	assert.NotPanics(t, client.CloseIdleConnections)
}
