package openplatform_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Promise 1: a mutating operation leaves this process at most once per call. What
// counts is what a server received.

func TestMutationIsDeliveredOnceWhenAConnectionIsLost(t *testing.T) {
	for _, p := range mutations {
		t.Run(p.name+" on a new connection", func(t *testing.T) {
			url, received := hangUpAfter(t, 0)
			err := p.call(t.Context(), newClient(t, url, quickRetries))
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
		})
		t.Run(p.name+" on a reused connection", func(t *testing.T) {
			url, received := hangUpAfter(t, 1)
			client := newClient(t, url, quickRetries)
			require.NoError(t, p.call(t.Context(), client), "the first call warms the connection up")
			err := p.call(t.Context(), client)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 2, received.Load(), "one delivery a call")
		})
	}
}

func TestMutationIsDeliveredOnceOverHTTP2(t *testing.T) {
	for _, p := range append(mutations, probe{"GetImgCode with repetition off", getImgCode}) {
		t.Run(p.name, func(t *testing.T) {
			url, transport, received := resetHTTP2Streams(t)
			client := newClient(t, url, through(transport), openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()

			err := p.call(ctx, client)

			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
		})
	}
}

func TestMutationIsNotRepeatedAfterAnAnswer(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"429":                answer(429, ""),
		"502":                answer(502, "<title>502 Bad Gateway</title>"),
		"503 as status":      answer(503, envelope("503", "busy", "null"), "Retry-After", "0"),
		"503 as code":        answer(200, envelope("503", "busy", "null")),
		"504":                answer(504, ""),
		"broken body":        answer(200, `{"code":`, "Content-Length", "100"),
		"500 of a platform":  answer(500, envelope("500", "系统异常，请稍后再试或联系管理员", "null")),
		"a redirect to self": answer(307, "", "Location", "/"),
	}
	for _, p := range mutations {
		for name, handler := range answers {
			t.Run(p.name+" "+name, func(t *testing.T) {
				url, received := serve(t, handler)
				err := p.call(t.Context(), newClient(t, url, quickRetries))
				require.Error(t, err)
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
				assert.EqualValues(t, 1, received.Load())
			})
		}
	}
}

func TestMutationIsRepeatedWhenNoConnectionCouldBeMade(t *testing.T) {
	for _, p := range mutations {
		t.Run(p.name, func(t *testing.T) {
			url, received := serve(t, answer(200, success))
			transport, dials := failingDials(2)
			err := p.call(t.Context(), newClient(t, url, through(transport), quickRetries))
			require.NoError(t, err)
			assert.EqualValues(t, 3, dials.Load())
			assert.EqualValues(t, 1, received.Load())
		})
		t.Run(p.name+" in vain", func(t *testing.T) {
			transport, dials := failingDials(1000)
			err := p.call(t.Context(), newClient(t, "http://127.0.0.1:1", through(transport), quickRetries))
			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, 3, failure.Attempts)
			assert.EqualValues(t, 3, dials.Load())
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			assert.ErrorIs(t, err, syscall.ECONNREFUSED)
			assert.Contains(t, err.Error(), "could not connect: connection refused")
		})
	}
}

func TestMutationIsNotRepeatedAfterAnUntrustedCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(answer(200, success))
	server.Config.ErrorLog = discardLog
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, p := range append(mutations, probe{"GetImgCode", getImgCode}) {
		t.Run(p.name, func(t *testing.T) {
			transport, dials := failingDials(0)
			err := p.call(t.Context(), newClient(t, server.URL, through(transport), quickRetries))
			var authority x509.UnknownAuthorityError
			require.ErrorAs(t, err, &authority)
			assert.Contains(t, err.Error(), "certificate is not trusted")
			assert.EqualValues(t, 1, dials.Load())
		})
	}
	t.Run("outcome", func(t *testing.T) {
		err := sendSmsCode(t.Context(), newClient(t, server.URL))
		assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
	})
}

func TestDialsAreRepeatedWithinTheQuota(t *testing.T) {
	transport, dials := failingDials(1 << 30)
	client := newClient(t, "http://127.0.0.1:1", through(transport), quickRetries)
	const calls = 500
	for range calls {
		require.Error(t, sendSmsCode(t.Context(), client))
	}
	assert.LessOrEqual(t, dials.Load(), int64(calls*1.1+10))
	assert.Greater(t, dials.Load(), int64(calls*1.05), "the quota fills up again")
}

// A RoundTripper may go on in a goroutine of its own after it has returned. What it
// could not read by then it never gets.
func TestNotSentIsNeverClaimedOfWhatAnAsynchronousRoundTripperSends(t *testing.T) {
	var arrived sync.Map
	url, _ := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		var req struct{ Mobile string }
		if json.NewDecoder(r.Body).Decode(&req) == nil {
			arrived.Store(req.Mobile, true)
		}
	})
	outcomes := map[openplatform.Outcome]int{}
	for i := range 2000 {
		sending := make(chan struct{})
		client := newClient(t, url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
			go func() {
				defer close(sending)
				for range i % 7 {
					time.Sleep(0)
				}
				body, err := io.ReadAll(req.Body)
				if err != nil {
					return
				}
				resp, err := http.Post(url, "application/json", bytes.NewReader(body))
				if err == nil {
					_ = resp.Body.Close()
				}
			}()
			for range i % 5 {
				time.Sleep(0)
			}
			return nil, errors.New("gave up waiting")
		})))
		req := smsRequest()
		req.Mobile = fmt.Sprintf("139%08d", i)
		_, err := client.SendSmsCode(t.Context(), req)
		<-sending
		outcome := openplatform.OutcomeOf(err)
		outcomes[outcome]++
		if _, sent := arrived.Load(req.Mobile); sent {
			require.Equal(t, openplatform.OutcomeUnknown, outcome)
		}
	}
	assert.NotZero(t, outcomes[openplatform.OutcomeNotSent], "every claim would hold if none were made")
}

func TestOutcomeBehindACallersRoundTripper(t *testing.T) {
	unread := roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("broken") })
	read := roundTripper(func(req *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, req.Body)
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED} // a lie
	})
	tests := []struct {
		name string
		rt   http.RoundTripper
		call func(context.Context, *openplatform.Client) error
		want openplatform.Outcome
	}{
		{"body never read", unread, sendSmsCode, openplatform.OutcomeNotSent},
		{"body read", read, sendSmsCode, openplatform.OutcomeUnknown},
		{"GET", unread, do(mutatingGET, nil), openplatform.OutcomeUnknown},
		{"GET with parameters", unread, do(mutatingGET, map[string]string{"token": "t"}), openplatform.OutcomeUnknown},
		{"POST without parameters", unread, do(mutatingPOST, nil), openplatform.OutcomeUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			attempts := 0
			counted := roundTripper(func(req *http.Request) (*http.Response, error) {
				attempts++
				return tt.rt.RoundTrip(req)
			})
			err := tt.call(t.Context(), newClient(t, "http://127.0.0.1:1", through(counted), quickRetries))
			assert.Equal(t, tt.want, openplatform.OutcomeOf(err))
			assert.Equal(t, 1, attempts)
		})
	}
}

// A GET behind a RoundTripper that tries two ways, one of them dead, has been sent.
func TestGETIsNotProvenUnsentByOneOfTwoTransports(t *testing.T) {
	url, received := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	dead, alive := closedPort(), openplatform.DefaultTransport()
	t.Cleanup(alive.CloseIdleConnections)
	client := newClient(t, url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		if resp, err := alive.RoundTrip(req.Clone(context.Background())); err == nil {
			return resp, nil
		}
		return dead.RoundTrip(req)
	})))
	err := do(mutatingGET, nil)(t.Context(), client)
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
	assert.EqualValues(t, 1, received.Load())
}

// A signer that changes a clone keeps what guards the request.
func TestASignerThatClonesKeepsDeliveryAtMostOnce(t *testing.T) {
	url, transport, received := resetHTTP2Streams(t)
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, url, through(roundTripper(func(req *http.Request) (*http.Response, error) {
		signed := req.Clone(req.Context())
		signed.Header.Set("X-Signature", "s")
		return transport.RoundTrip(signed)
	})))
	for _, p := range mutations {
		received.Store(0)
		require.Error(t, p.call(t.Context(), client), p.name)
		assert.EqualValues(t, 1, received.Load(), p.name)
	}
}

func TestBodyCannotBeReadOnceTheCallIsOver(t *testing.T) {
	for _, p := range append(mutations, probe{"GetImgCode", getImgCode}) {
		t.Run(p.name, func(t *testing.T) {
			var body io.Reader
			client := newClient(t, "http://platform.invalid", through(roundTripper(func(req *http.Request) (*http.Response, error) {
				body = req.Body
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}"))}, nil
			})))
			require.Error(t, p.call(t.Context(), client))
			_, err := io.ReadAll(body)
			assert.Error(t, err)
		})
	}
}

func TestNotSentWhenCtxEndsBeforeThereIsAConnection(t *testing.T) {
	transport := openplatform.DefaultTransport()
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for _, p := range mutations {
		t.Run(p.name, func(t *testing.T) {
			client := newClient(t, "http://platform.invalid", through(transport), openplatform.WithTimeout(20*time.Millisecond))
			err := p.call(t.Context(), client)
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		t.Run(p.name+" with a ctx that has ended", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			err := p.call(ctx, newClient(t, "http://platform.invalid", through(transport)))
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.Zero(t, failure.Attempts)
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
}

// Over HTTP/2 the headers leave before the body is read: a ctx that ends in between
// leaves a request on its way whose body never follows.
func TestNotSentIsNotClaimedOfHeadersThatLeft(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(hang))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := trusting(server)
	client := newClient(t, server.URL, through(transport))
	for _, p := range mutations {
		t.Run(p.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
				cancel()
				time.Sleep(50 * time.Millisecond) // for the call to return before the body is read
			}})
			err := p.call(ctx, client)
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
		})
	}
}

// net/http's own transport may have been taught a protocol, whose RoundTripper tells
// nobody of its connections.
// Hooks of net/http's own transport can send a request over connections that nobody hears
// of. "Not sent" must not be claimed of it, and it must not be sent again.
func TestNotSentIsNotClaimedOfWhatAHookOfTheTransportSent(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	deliver := func(received *atomic.Int64) roundTripper {
		return func(req *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, req.Body)
			received.Add(1)
			return nil, refused
		}
	}
	for _, p := range mutations {
		t.Run(p.name+" by a registered protocol", func(t *testing.T) {
			received := new(atomic.Int64)
			transport, _ := failingDials(1 << 30)
			transport.RegisterProtocol("http", roundTripper(func(req *http.Request) (*http.Response, error) {
				_, _ = deliver(received)(req)
				return nil, http.ErrSkipAltProtocol // and then it dials
			}))
			err := p.call(t.Context(), newClient(t, "http://platform.invalid", through(transport), quickRetries))
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			assert.Zero(t, received.Load(), "a client's copy of the transport has no registered protocols")
		})
		t.Run(p.name+" by a TLSNextProto of the caller's", func(t *testing.T) {
			received := new(atomic.Int64)
			server := httptest.NewUnstartedServer(answer(200, success))
			server.EnableHTTP2 = true
			server.Config.ErrorLog = discardLog
			server.StartTLS()
			t.Cleanup(server.Close)
			transport := trusting(server)
			transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{
				"h2": func(_ string, conn *tls.Conn) http.RoundTripper { _ = conn.Close(); return deliver(received) },
			}
			transport.TLSClientConfig.NextProtos = []string{"h2"}
			err := p.call(t.Context(), newClient(t, server.URL, through(transport), quickRetries))
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
		})
	}
}

// A wrapper signs, as a signature over the body would want it.
func signing(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		req = req.Clone(req.Context())
		req.Header.Set("X-Signature", fmt.Sprintf("%x", sha256.Sum256(body)))
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil } // as a careless one does
		return next.RoundTrip(req)
	})
}

func TestPromisesHoldBehindAWrapper(t *testing.T) {
	wrapper := openplatform.WithWrapper(signing)
	for _, p := range mutations {
		t.Run(p.name+" is signed", func(t *testing.T) {
			url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				assert.Equal(t, fmt.Sprintf("%x", sha256.Sum256(body)), r.Header.Get("X-Signature"))
				answer(200, success)(w, r)
			})
			require.NoError(t, p.call(t.Context(), newClient(t, url, wrapper)))
			assert.EqualValues(t, 1, received.Load())
		})
		t.Run(p.name+" over a lost connection", func(t *testing.T) {
			url, received := hangUpAfter(t, 0)
			err := p.call(t.Context(), newClient(t, url, wrapper, quickRetries))
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
		})
		t.Run(p.name+" over HTTP/2", func(t *testing.T) {
			url, transport, received := resetHTTP2Streams(t)
			err := p.call(t.Context(), newClient(t, url, through(transport), wrapper, openplatform.WithTimeout(time.Second)))
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
		})
		t.Run(p.name+" when no connection could be made", func(t *testing.T) {
			transport, dials := failingDials(1000)
			err := p.call(t.Context(), newClient(t, "http://127.0.0.1:1", through(transport), wrapper, quickRetries))
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 3, dials.Load())
		})
	}
}

func TestWhatAWrapperMayNotDo(t *testing.T) {
	unknown := func(wrap func(http.RoundTripper) http.RoundTripper) func(*testing.T) {
		return func(t *testing.T) { //nolint:thelper // it is the subtest
			for _, p := range mutations {
				url, received := serve(t, answer(200, success))
				err := p.call(t.Context(), newClient(t, url, openplatform.WithWrapper(wrap), quickRetries))
				require.Error(t, err)
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err), p.name)
				assert.LessOrEqual(t, received.Load(), int64(1), p.name)
			}
		}
	}
	t.Run("send twice", unknown(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if resp, err := next.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
			return next.RoundTrip(req)
		})
	}))
	t.Run("not call next", unknown(func(http.RoundTripper) http.RoundTripper {
		return roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("sent by other means, perhaps") })
	}))
	t.Run("not wait for next", unknown(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			began := make(chan struct{})
			go func() {
				close(began)
				if resp, err := next.RoundTrip(req); err == nil {
					_ = resp.Body.Close()
				}
			}()
			<-began
			return nil, errors.New("gave up")
		})
	}))
	t.Run("be nil", func(t *testing.T) {
		for _, wrap := range []func(http.RoundTripper) http.RoundTripper{nil, func(http.RoundTripper) http.RoundTripper { return nil }} {
			_, err := openplatform.NewClient(openplatform.Test, openplatform.WithWrapper(wrap))
			assert.ErrorContains(t, err, "WithWrapper")
		}
	})
}

// What a wrapper sends by other means is not the SDK's to prove.
func TestAWrapperThatFallsBack(t *testing.T) {
	for _, p := range mutations {
		for _, joined := range []bool{false, true} {
			url, received := hangUpAfter(t, 0)
			transport, _ := failingDials(1 << 30)
			err := p.call(t.Context(), newClient(t, url, through(transport), quickRetries, openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(req *http.Request) (*http.Response, error) {
					_, first := next.RoundTrip(req)
					other := req.Clone(context.Background())
					_, second := http.DefaultTransport.RoundTrip(other)
					if joined {
						return nil, errors.Join(first, second)
					}
					return nil, second
				})
			})))
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err), p.name)
			assert.EqualValues(t, 1, received.Load(), p.name)
		}
	}
}

func TestNothingIsDeliveredAfterTheCall(t *testing.T) {
	for _, p := range mutations {
		url, received := serve(t, answer(200, success))
		late := make(chan error, 1)
		over := make(chan struct{})
		client := newClient(t, url, openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				go func() {
					<-over
					_, err := next.RoundTrip(req.Clone(context.WithoutCancel(req.Context()))) //nolint:bodyclose // there is none
					late <- err
				}()
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(success))}, nil
			})
		}))
		require.NoError(t, p.call(t.Context(), client))
		close(over)
		require.Error(t, <-late, p.name)
		assert.Zero(t, received.Load(), p.name)
	}
}

// A request does not outlast its call, whatever ctx a wrapper gives it.
func TestCtxEndsARequestOfAWrapperWithoutCancel(t *testing.T) {
	url, _ := serve(t, hang)
	client := newClient(t, url, openplatform.WithTimeout(200*time.Millisecond), openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			return next.RoundTrip(req.WithContext(context.WithoutCancel(req.Context())))
		})
	}))
	over := make(chan error, 1)
	go func() { over <- sendSmsCode(t.Context(), client) }()
	select {
	case err := <-over:
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	case <-time.After(20 * time.Second):
		require.FailNow(t, "the call goes on")
	}
}

// A wrapper may fetch a key, with the ctx of its request: that is another request.
func TestARequestWithinAWrapperProvesNothing(t *testing.T) {
	keys, _ := serve(t, answer(200, "key"))
	for _, p := range mutations {
		transport, dials := failingDials(1 << 30)
		err := p.call(t.Context(), newClient(t, "http://127.0.0.1:1", through(transport), quickRetries, openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				fetch, err := http.NewRequestWithContext(req.Context(), http.MethodGet, keys, nil)
				if err != nil {
					return nil, err
				}
				resp, err := http.DefaultClient.Do(fetch)
				if err != nil {
					return nil, err
				}
				_ = resp.Body.Close()
				return next.RoundTrip(req)
			})
		})))
		assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err), p.name)
		assert.EqualValues(t, 3, dials.Load(), p.name)
	}
}

func TestWrappersAddUpAndMayChangeTheAnswer(t *testing.T) {
	url, _ := serve(t, answer(200, "sealed", "Content-Type", "text/plain"))
	var order []string
	note := func(name string) openplatform.Option {
		return openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(req *http.Request) (*http.Response, error) {
				order = append(order, name)
				resp, err := next.RoundTrip(req)
				if err != nil || name != "outer" {
					return resp, err
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					return nil, err
				}
				assert.Equal(t, "sealed", string(body))
				resp.Body = io.NopCloser(strings.NewReader(success))
				return resp, nil
			})
		})
	}
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, url, note("outer"), note("inner"))))
	assert.Equal(t, []string{"outer", "inner"}, order)
}

func TestUnknownWhenThePlatformHangs(t *testing.T) {
	for _, p := range mutations {
		t.Run(p.name, func(t *testing.T) {
			url, received := serve(t, hang)
			client := newClient(t, url, openplatform.WithTimeout(300*time.Millisecond))
			err := p.call(t.Context(), client)
			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.True(t, failure.Timeout())
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.EqualValues(t, 1, received.Load())
		})
	}
}

// A repeatable call of which one attempt may have arrived is not a call that was
// never sent, even if its last attempt was not.
func TestNotSentIsAboutAllAttempts(t *testing.T) {
	url, _ := hangUpAfter(t, 0)
	var dials atomic.Int64
	transport := openplatform.DefaultTransport()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) > 1 {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	err := getImgCode(t.Context(), newClient(t, url, through(transport), quickRetries))
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.EqualValues(t, 3, dials.Load())
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
}

// hangUpAfter starts an HTTP/1.1 server that answers n requests and closes the
// connection, without a word, on every one after them.
func hangUpAfter(t testing.TB, n int64) (url string, received *atomic.Int64) {
	t.Helper()
	received = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if received.Add(1) > n {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, success)
	}))
	t.Cleanup(server.Close)
	return server.URL, received
}

// failingDials is the default transport, whose first n dials are refused.
func failingDials(n int64) (transport *http.Transport, dials *atomic.Int64) {
	dials = new(atomic.Int64)
	transport = openplatform.DefaultTransport()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dials.Add(1) <= n {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	return transport, dials
}

// resetHTTP2Streams starts a server that counts requests, and resets each with
// PROTOCOL_ERROR once it is complete.
func resetHTTP2Streams(t testing.TB) (url string, transport *http.Transport, received *atomic.Int64) {
	t.Helper()
	received = new(atomic.Int64)
	url, transport = serveFrames(t, func(w frameWriter, f frame) {
		if f.kind == frameHeaders {
			received.Add(1)
		}
		if f.endsRequest() {
			w.reset(f.stream)
		}
	})
	return url, transport, received
}
