package openplatform_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"iter"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A secretFailure is a way in which a call can end, with the secrets of its request repeated wherever there is room.
type secretFailure struct {
	row, variant string
	want         string                        // the type of the error
	only         func(op secretOperation) bool // nil for all operations
	tooLong      bool                          // the request breaks a documented rule
	words        bool                          // the answer's words are printed, masked
	stage        func(s *staging)
}

// answered is a failure of a server that answers like this.
func answered(row, variant, want string, with func(s *staging) http.HandlerFunc) secretFailure {
	return secretFailure{row: row, variant: variant, want: want, stage: func(s *staging) { s.serve(with(s)) }}
}

func (f secretFailure) inWords() secretFailure {
	f.words = true
	return f
}

func (f secretFailure) of(only func(op secretOperation) bool) secretFailure {
	f.only = only
	return f
}

// meets returns the operations that meet the failure with the number i.
func (f secretFailure) meets(all []secretOperation, i int) []secretOperation {
	if f.only != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(op secretOperation) bool { return !f.only(op) })
	}
	const few = 2
	if *long || len(all) <= few {
		return all
	}
	var met []secretOperation
	for n := range few {
		met = append(met, all[(few*i+n)%len(all)])
	}
	return met
}

// A staging is one failure being prepared for one call.
type staging struct {
	*vault
	ctx       context.Context //nolint:containedctx // what the call is to be made with
	url       string
	http      http.Client
	options   []openplatform.Option
	data      string   // of a success, JSON with secrets
	strangers []string // a phone number and an e-mail address that the request does not hold

	mu       sync.Mutex // guards received
	received []printed
}

// echo repeats the request's secrets and somebody else's.
func (s *staging) echo() string { return strings.Join(append(s.sent, s.strangers...), " ") }

// The types of errors.
const (
	validationError = "*openplatform.ValidationError"
	apiError        = "*openplatform.APIError"
	responseError   = "*openplatform.ResponseError"
	transportError  = "*openplatform.TransportError"
	noError         = "<nil>"
)

const patience = 30 * time.Millisecond // of whoever is to lose it

func secretFailures() []secretFailure {
	all := []secretFailure{
		{
			row: "a field breaks a documented rule", want: validationError, tooLong: true, stage: func(*staging) {},
			only: func(op secretOperation) bool {
				return slices.ContainsFunc(documentedRules[op.name], func(r rule) bool { return r.max > 0 || r.oneOf != nil })
			},
		},
		{row: "ctx ended before, with a cause that quotes", want: transportError, stage: func(s *staging) {
			ctx, cancel := context.WithCancelCause(s.ctx)
			cancel(errors.New(s.echo()))
			s.ctx = ctx
		}},
	}
	all = append(all, failuresToConnect()...)
	all = append(all, failuresOfTransports()...)
	all = append(all, failuresToAnswer()...)
	all = append(all, failuresOfPatience()...)
	all = append(all, failuresOfHTTP2()...)
	all = append(all, answersOfGateways()...)
	all = append(all, answersOfPlatforms()...)
	return append(all, successes()...)
}

// No connection

func failuresToConnect() []secretFailure {
	const row = "no connection"
	return []secretFailure{
		{row: row, variant: "refused", want: transportError, stage: func(s *staging) { s.http.Transport = closedPort() }},
		{row: row, variant: "no such host", want: transportError, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "platform.invalid", IsNotFound: true}})
		}},
		{row: row, variant: "a dialer that quotes", want: transportError, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New(s.echo())})
		}},
		{row: row, variant: "a dialer with an error of its own", want: transportError, stage: func(s *staging) { s.dial(errors.New(s.echo())) }},
		{row: row, variant: "timeout of a dialer that quotes", want: transportError, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: quotingTimeout(s.echo())})
		}},
		{row: row, variant: "ctx ends in the dial, with a cause that quotes", want: transportError, stage: func(s *staging) {
			t := openplatform.DefaultTransport()
			t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			s.http.Transport = t
			s.endWith(context.WithTimeoutCause(s.ctx, patience, errors.New(s.echo())))
		}},
		{row: "proxy", variant: "refuses to connect", want: transportError, stage: func(s *staging) {
			s.proxy("https://platform.invalid", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Proxy-Authenticate", s.echo())
				http.Error(w, s.echo(), http.StatusForbidden)
			})
		}},
		{row: "proxy", variant: "refuses in words of its own", want: transportError, stage: func(s *staging) {
			s.proxy("https://platform.invalid", rawAnswer("HTTP/1.1 407 "+s.echo()+"\r\nContent-Length: 0\r\n\r\n"))
		}},
		{row: "proxy", variant: "answers with a page", want: responseError, words: true, stage: func(s *staging) {
			s.proxy("http://platform.invalid", pageOf(http.StatusBadGateway, s.echo()))
		}},
		{row: "proxy", variant: "is not there", want: transportError, stage: func(s *staging) {
			t := closedPort()
			t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid:1", User: url.UserPassword("shop", s.newCore("the proxy's password"))})
			s.http.Transport = t
		}},
		{row: "TLS", variant: "certificate of a stranger", want: transportError, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.RootCAs = nil
		}},
		{row: "TLS", variant: "certificate has expired", want: transportError, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(200, 0, 0) }
		}},
		{row: "TLS", variant: "certificate of another host", want: transportError, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.ServerName = "platform.invalid"
		}},
		{row: "TLS", variant: "version too old", want: transportError, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.MaxVersion = tls.VersionTLS11
		}},
		{row: "TLS", variant: "spoken to a server without", want: transportError, stage: func(s *staging) {
			s.serve(pageOf(http.StatusOK, s.echo()))
			s.url = strings.Replace(s.url, "http:", "https:", 1)
		}},
		{row: "TLS", variant: "not spoken to a server with", want: responseError, stage: func(s *staging) {
			s.serveTLS(http.NotFound)
			s.url = strings.Replace(s.url, "https:", "http:", 1)
		}},
		{row: "TLS", variant: "handshake answered with words", want: transportError, stage: func(s *staging) {
			s.listenAtHTTPS(func(conn net.Conn) { _, _ = io.WriteString(conn, s.echo()+"\r\n\r\n") })
		}},
		{row: "TLS", variant: "handshake never answered", want: transportError, stage: func(s *staging) {
			s.listenAtHTTPS(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
			t := openplatform.DefaultTransport()
			t.TLSHandshakeTimeout = patience
			s.http.Transport = t
		}},
	}
}

// RoundTrippers that quote what they were given, in errors of every kind that the SDK knows

func failuresOfTransports() []secretFailure {
	const row = "a RoundTripper that quotes the request"
	wrapped := map[string]error{
		"EOF":               io.EOF,
		"unexpected EOF":    io.ErrUnexpectedEOF,
		"errno":             &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		"dial":              &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED},
		"DNS":               &net.DNSError{Err: "no such host", Name: "platform.invalid"},
		"certificate":       x509.UnknownAuthorityError{},
		"another host's":    x509.HostnameError{Certificate: &x509.Certificate{}, Host: "platform.invalid"},
		"deadline":          os.ErrDeadlineExceeded,
		"cancelled":         context.Canceled,
		"of no kind":        errors.New("no kind"),
		"http, not https":   http.ErrSchemeMismatch,
		"timeout of no net": quotingTimeout("timeout"),
	}
	var all []secretFailure
	for name, err := range sorted(wrapped) {
		all = append(all, secretFailure{row: row, variant: name, want: transportError, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				body, _ := io.ReadAll(req.Body)
				inner := &url.Error{Op: req.Method, URL: req.URL.String(), Err: err}
				return nil, fmt.Errorf("cannot send %s %s of %s: %w", body, s.echo(), req.URL, inner)
			})
		}})
	}
	return append(all,
		secretFailure{row: row, variant: "timeout that quotes", want: transportError, stage: func(s *staging) {
			s.through(func(*http.Request) (*http.Response, error) { return nil, quotingTimeout(s.echo()) })
		}},
		secretFailure{row: row, variant: "response and error", want: transportError, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				return s.response(req, strings.NewReader(s.echo())), errors.New(s.echo())
			})
		}},
		secretFailure{row: row, variant: "body that fails", want: responseError, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				return s.response(req, io.MultiReader(strings.NewReader(s.echo()), iotest.ErrReader(errors.New(s.echo())))), nil
			})
		}},
		secretFailure{row: row, variant: "neither response nor error", want: transportError, stage: func(s *staging) {
			s.through(func(*http.Request) (*http.Response, error) { return nil, nil }) //nolint:nilnil // that is the failure
		}},
	)
}

// Answers that break off or make no sense to net/http

func failuresToAnswer() []secretFailure {
	var all []secretFailure
	add := func(row, variant, want, format string) {
		all = append(all, secretFailure{row: row, variant: variant, want: want, stage: func(s *staging) {
			s.serve(rawAnswer(strings.NewReplacer("{echo}", s.echo(), "{data}", s.data).Replace(format)))
		}})
	}
	const garbage, cut = "not HTTP, and quotes", "broken off in the response"
	add("no response", "closed", transportError, "")
	add(garbage, "no status line", transportError, "{echo}\r\n\r\n")
	add(garbage, "status", transportError, "HTTP/1.1 {echo}\r\n\r\n")
	add(garbage, "protocol", transportError, "{echo} 200 OK\r\n\r\n")
	add(garbage, "status text", responseError, "HTTP/1.1 502 {echo}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	add(garbage, "status that is none", responseError, "HTTP/1.1 999 {echo}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	add(garbage, "another protocol", responseError, "HTTP/1.1 101 {echo}\r\nUpgrade: {echo}\r\nConnection: upgrade\r\n\r\n{echo}")
	add(garbage, "header without a colon", transportError, "HTTP/1.1 200 OK\r\n{echo}\r\n\r\n")
	add(garbage, "name of a header", transportError, "HTTP/1.1 200 OK\r\n{echo}: 1\r\n\r\n")
	add(garbage, "length", transportError, "HTTP/1.1 200 OK\r\nContent-Length: {echo}\r\n\r\n")
	add(garbage, "two lengths", transportError, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: {echo}\r\n\r\n")
	add(garbage, "transfer encoding", transportError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: {echo}\r\n\r\n")
	add(garbage, "header without end", transportError, "HTTP/1.1 200 OK\r\nX-Echo: "+strings.Repeat("{echo} ", 6000)+"\r\n\r\n")
	add(garbage, "chunk", responseError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{echo}\r\n")
	add(garbage, "trailer", responseError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n{echo}\r\n\r\n")
	add(garbage, "no gzip", responseError, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{echo}")
	add(garbage, "unknown encoding", responseError, "HTTP/1.1 200 OK\r\nContent-Encoding: {echo}\r\n\r\n{echo}")
	add(cut, "after the data", responseError, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"+`{"code":"000","msg":"{echo}","data":{data}`)
	add(cut, "in a header", transportError, "HTTP/1.1 200 OK\r\nX-Echo: {echo}")
	add(cut, "in a chunk", responseError, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{data}{echo}")
	return append(all,
		secretFailure{row: "no response", variant: "reset", want: transportError, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) { reset(hijack(w)) })
		}},
		secretFailure{row: cut, variant: "reset", want: responseError, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "9999")
				s.begin(w, r)
				reset(hijack(w))
			})
		}},
		secretFailure{row: cut, variant: "corrupt gzip", want: responseError, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				packed := gzipped(s.echo())
				_, _ = w.Write(packed[:len(packed)-9])
			})
		}},
		secretFailure{row: "body over 1 MiB", variant: "plain", want: responseError, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, repeated(s.echo())) })
		}},
		secretFailure{row: "body over 1 MiB", variant: "gzip", want: responseError, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = w.Write(gzipped(repeated(s.echo())))
			})
		}},
	)
}

// Calls that somebody gives up

func failuresOfPatience() []secretFailure {
	ends := map[string]func(s *staging){
		"the deadline of ctx": func(s *staging) { s.endWith(context.WithTimeout(s.ctx, patience)) },
		"the deadline of ctx, with a cause that quotes": func(s *staging) {
			s.endWith(context.WithTimeoutCause(s.ctx, patience, errors.New(s.echo())))
		},
		"WithTimeout":            func(s *staging) { s.options = append(s.options, openplatform.WithTimeout(patience)) },
		"http.Client's timeout":  func(s *staging) { s.http.Timeout = patience },
		"cancelled":              func(s *staging) { s.endWith(cancelSoon(s.ctx, nil)) },
		"cancelled with a cause": func(s *staging) { s.endWith(cancelSoon(s.ctx, errors.New(s.echo()))) },
		"cancelled with a cause of a known kind": func(s *staging) {
			s.endWith(cancelSoon(s.ctx, fmt.Errorf("%s: %w", s.echo(), io.ErrUnexpectedEOF)))
		},
	}
	var all []secretFailure
	for name, end := range sorted(ends) {
		all = append(all,
			secretFailure{row: "given up before a response", variant: name, want: transportError, stage: func(s *staging) {
				s.serve(hang)
				end(s)
			}},
			secretFailure{row: "given up in the response", variant: name, want: transportError, stage: func(s *staging) {
				s.serve(func(w http.ResponseWriter, r *http.Request) {
					s.begin(w, r)
					hang(w, r)
				})
				end(s)
			}})
	}
	return append(all, secretFailure{row: "given up before a response", variant: "ResponseHeaderTimeout", want: transportError, stage: func(s *staging) {
		s.serve(hang)
		t := openplatform.DefaultTransport()
		t.ResponseHeaderTimeout = patience
		s.http.Transport = t
	}})
}

// HTTP/2, frame by frame

func failuresOfHTTP2() []secretFailure {
	var all []secretFailure
	add := func(variant, want string, on func(s *staging, w frameWriter, stream uint32)) {
		all = append(all, secretFailure{row: "HTTP/2", variant: variant, want: want, stage: func(s *staging) {
			s.serveFrames(func(w frameWriter, stream uint32) { on(s, w, stream) })
		}})
	}
	add("stream reset", transportError, func(_ *staging, w frameWriter, stream uint32) { w.reset(stream) })
	goAway := func(s *staging, w frameWriter, last, code uint32) {
		payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)
		w.write(frameGoAway, 0, 0, append(payload, s.echo()...)...)
		_ = w.Close()
	}
	add("GOAWAY that quotes", transportError, func(s *staging, w frameWriter, stream uint32) { goAway(s, w, stream, enhanceYourCalm) })
	add("GOAWAY that quotes in the answer", responseError, func(s *staging, w frameWriter, stream uint32) {
		w.headers(stream, 0, ":status", "200", "content-type", "application/json")
		w.write(frameData, 0, stream, []byte(`{"code":"000","data":`+s.data)...)
		goAway(s, w, stream, protocolError)
	})
	add("reset in the answer", responseError, func(s *staging, w frameWriter, stream uint32) {
		w.headers(stream, 0, ":status", "200", "x-echo", url.QueryEscape(s.echo()))
		w.write(frameData, 0, stream, []byte(s.data+s.echo())...)
		w.reset(stream)
	})
	add("name of a header", transportError, func(s *staging, w frameWriter, stream uint32) {
		w.headers(stream, flagEndStream, ":status", "200", s.echo(), "1")
	})
	add("value of a header", transportError, func(s *staging, w frameWriter, stream uint32) {
		w.headers(stream, flagEndStream, ":status", "200", "x-echo", s.echo()+"\r\n\x00")
	})
	add("status", transportError, func(s *staging, w frameWriter, stream uint32) {
		w.headers(stream, flagEndStream, ":status", s.echo())
	})
	add("not HTTP/2", transportError, func(s *staging, w frameWriter, _ uint32) {
		_, _ = io.WriteString(w, s.echo())
		_ = w.Close()
	})
	return all
}

// Answers that are no envelope

func answersOfGateways() []secretFailure {
	var all []secretFailure
	for _, status := range []int{301, 302, 307, 308} {
		for _, location := range []struct{ name, url string }{
			{"valid", "/login?all={query}"},
			{"of another host", "http://127.0.0.1:1/?all={query}"},
			{"that is no URL", "http://[::1/{echo}"},
			{"that cannot be escaped", "/%zz{echo}"},
		} {
			all = append(all, answered("redirect that quotes", fmt.Sprint(status, " ", location.name), responseError, func(s *staging) http.HandlerFunc {
				target := strings.NewReplacer("{query}", url.QueryEscape(s.echo()), "{echo}", s.echo()).Replace(location.url)
				return answer(status, s.echo(), "Location", target, "Refresh", "0; url="+target)
			}))
		}
	}
	for _, as := range spellings {
		all = append(all, answered("page with a title that quotes", as.name, responseError, func(s *staging) http.HandlerFunc {
			return pageOf(http.StatusBadGateway, as.spell(s.echo()))
		}).inWords())
	}
	const row = "page that quotes"
	all = append(all,
		answered(row, "the request as it came", responseError, func(*staging) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				pageOf(http.StatusInternalServerError, html.EscapeString(r.RequestURI+" "+string(body)))(w, r)
			}
		}).inWords(),
		answered(row, "without an end", responseError, func(s *staging) http.HandlerFunc { return answer(http.StatusOK, "<title>"+s.echo()) }),
		answered(row, "in the content type", responseError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusOK, "<html>", "Content-Type", "text/html; of="+url.QueryEscape(s.echo()))
		}),
		answered(row, "as the content type", responseError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusOK, "<html>", "Content-Type", s.strangers[0]+"/"+s.strangers[0])
		}),
		answered(row, "in headers", responseError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusUnauthorized, "<html>", "Retry-After", s.echo(), "WWW-Authenticate", s.echo(), "Link", s.echo(),
				"Set-Cookie", "all="+url.QueryEscape(s.echo()), "Content-Disposition", s.echo(), "X-Request-Id", s.echo())
		}))
	for variant, body := range sorted(map[string]string{
		"JSON":               `{"code":"400","msg":"{echo}`,
		"two values":         `{"code":"400"}{"data":{data},"msg":"{echo}"}`,
		"two codes":          `{"code":"000","code":"{echo}","data":{data}}`,
		"two of data":        `{"code":"000","data":{data},"data":{data}}`,
		"code of many words": `{"code":["{echo}"],"data":{data}}`,
		"msg of many words":  `{"code":"000","msg":{"{echo}":"{echo}"},"data":{data}}`,
		"no code":            `{"{echo}":"{echo}","data":{data}}`,
		"a list":             `["{echo}",{data}]`,
		"a string":           `"{echo}"`,
		"words":              `{echo}`,
	}) {
		all = append(all, answered("broken envelope that quotes", variant, responseError, inJSON(http.StatusOK, body)))
	}
	return all
}

// Envelopes that say no, and successes that are none

var (
	notDigit = regexp.MustCompile(`\D`)
	date     = regexp.MustCompile(`\d+-\d+-\d+ \d+:\d+:\d+`)
)

func answersOfPlatforms() []secretFailure {
	var all []secretFailure
	for _, as := range spellings {
		all = append(all,
			answered("rejection with a msg that quotes", as.name, apiError, func(s *staging) http.HandlerFunc {
				return answer(http.StatusOK, envelope("400101", as.spell(s.echo()), "null"))
			}).inWords(),
			answered("platform failure with a msg that quotes", as.name, apiError, func(s *staging) http.HandlerFunc {
				return answer(http.StatusInternalServerError, envelope("500", as.spell(s.echo()), s.data))
			}).inWords())
	}
	const row, untrue = "envelope that quotes", "success that is none, and quotes"
	return append(all,
		answered(row, "in a code of no class", apiError, inJSON(http.StatusOK, `{"code":"{echo}"}`)).inWords(),
		answered(row, "in a long code of digits", apiError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusOK, envelope("400"+notDigit.ReplaceAllString(strings.Join(s.sent, ""), ""), "", "null"))
		}).inWords().of(func(op secretOperation) bool {
			return slices.ContainsFunc(documentedRules[op.name], func(r rule) bool { return r.field == "mobile" })
		}),
		answered(row, "in the request id", apiError, inJSON(http.StatusBadRequest, `{"code":"400","request_id":"{sent}"}`)).inWords(),
		answered(row, "in headers and unknown fields", apiError, func(s *staging) http.HandlerFunc {
			return inJSON(http.StatusTooManyRequests, `{"detail":"{echo}","code":"429","data":{data}}`, "Retry-After", s.echo(),
				"Content-Type", "application/json; of="+url.QueryEscape(s.echo()), "Set-Cookie", "all="+url.QueryEscape(s.echo()))(s)
		}),
		answered(row, "the request as it came", apiError, func(*staging) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				answer(http.StatusBadRequest, envelope("400003", fmt.Sprintf("入参解析异常 %s %s", body, r.RequestURI), "null"))(w, r)
			}
		}).inWords(),
		answered(untrue, "at HTTP 500", responseError,
			inJSON(http.StatusInternalServerError, `{"request_id":"{sent}","code":"000","msg":"{echo}","data":{data}}`)).inWords(),
		answered(untrue, "data of another type", responseError, inJSON(http.StatusOK, `{"code":"000","msg":"{echo}","data":"{echo}"}`)),
		answered(untrue, "data of many words", responseError, inJSON(http.StatusOK, `{"code":"000","msg":"{echo}","data":["{echo}",{data}]}`)),
		answered(untrue, "fields of other types", responseError, func(s *staging) http.HandlerFunc {
			var fields map[string]any
			require.NoError(s, json.Unmarshal([]byte(s.data), &fields))
			for name := range fields {
				fields[name] = []string{s.echo()}
			}
			return answer(http.StatusOK, envelope("000", "", asJSON(fields)))
		}).of(func(op secretOperation) bool { return strings.HasPrefix(op.documented, "{") }))
}

// Successes print no secret either

func successes() []secretFailure {
	const row = "none: a success"
	return []secretFailure{
		answered(row, "as documented", noError, inJSON(http.StatusOK, `{"code":"000","msg":"成功","data":{data}}`)),
		answered(row, "that quotes", noError, func(s *staging) http.HandlerFunc {
			return inJSON(http.StatusOK, `{"request_id":"{sent}","code":"000","msg":"{echo}","data":{data}}`,
				"Set-Cookie", "all="+url.QueryEscape(s.echo()), "X-Echo", s.echo())(s)
		}).inWords(),
		answered(row, "with a msg that repeats its data", noError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusOK, envelope("000", s.data, s.data))
		}),
		answered(row, "expiry of another form", noError, func(s *staging) http.HandlerFunc {
			return answer(http.StatusOK, envelope("000", "", date.ReplaceAllLiteralString(s.data, insideJSON(s.echo()))))
		}).of(func(op secretOperation) bool { return strings.Contains(op.documented, `"expired"`) }),
	}
}

// How they are staged

func (s *staging) dial(err error) {
	t := openplatform.DefaultTransport()
	t.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
	s.http.Transport = t
}

func (s *staging) through(rt roundTripper) { s.http.Transport = rt }

func (s *staging) endWith(ctx context.Context, cancel context.CancelFunc) {
	s.Cleanup(cancel)
	s.ctx = ctx
}

func cancelSoon(ctx context.Context, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() { cancel(cause) })
	return ctx, func() { timer.Stop(); cancel(nil) }
}

// serve starts a server and keeps what of a request others print: headers, and for a POST the URL.
func (s *staging) serve(handler http.HandlerFunc) { s.url, _ = serve(s.T, s.noting(handler)) }

// serveTLS also returns the transport that trusts the server.
func (s *staging) serveTLS(handler http.HandlerFunc) *http.Transport {
	var transport *http.Transport
	s.url, transport, _ = tlsServer(s.T, false, s.noting(handler))
	s.http.Transport = transport
	return transport
}

func (s *staging) serveFrames(on func(w frameWriter, stream uint32)) {
	s.url, s.http.Transport = serveFrames(s.T, func(w frameWriter, f frame) {
		if f.endsRequest() {
			on(w, f.stream)
		}
	})
}

func (s *staging) noting(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.received = append(s.received, printed{"the request's headers", fmt.Sprint(r.Header, r.Host, r.Trailer)})
		if r.Method != http.MethodGet {
			s.received = append(s.received, printed{"the URL of a " + r.Method, r.RequestURI})
		}
		s.mu.Unlock()
		handler(w, r)
	}
}

func (s *staging) receivedHeaders() []printed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

// proxy sends the call to target through a proxy.
func (s *staging) proxy(target string, handler http.HandlerFunc) {
	s.serve(handler)
	proxy, err := url.Parse(s.url)
	require.NoError(s.T, err)
	t := openplatform.DefaultTransport()
	t.Proxy = http.ProxyURL(proxy)
	s.http.Transport = t
	s.url = target
}

// listenAtHTTPS starts a server that speaks no TLS where the SDK does.
func (s *staging) listenAtHTTPS(talk func(conn net.Conn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.T, err)
	acceptAll(s.T, listener, talk)
	s.url = "https://" + listener.Addr().String()
}

// inJSON fills a template: {echo} and {sent} stand inside strings, {data} by itself.
func inJSON(status int, template string, header ...string) func(s *staging) http.HandlerFunc {
	return func(s *staging) http.HandlerFunc {
		body := strings.NewReplacer("{echo}", insideJSON(s.echo()), "{sent}", insideJSON(strings.Join(s.sent, " ")), "{data}", s.data)
		return answer(status, body.Replace(template), header...)
	}
}

// sorted ranges over m in the order of its keys.
func sorted[T any](m map[string]T) iter.Seq2[string, T] {
	return func(yield func(string, T) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

func pageOf(status int, words string) http.HandlerFunc {
	return answer(status, "<html><head><title>"+words+"</title></head><body>"+words+"</body></html>", "Content-Type", "text/html")
}

// begin sends half of a success.
func (s *staging) begin(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, `{"code":"000","msg":`+asJSON(s.echo())+`,"data":`+s.data)
	_ = http.NewResponseController(w).Flush()
}

// rawAnswer answers with bytes that net/http's server would not write, and hangs up.
func rawAnswer(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn := hijack(w)
		_, _ = io.WriteString(conn, bytes)
		_ = conn.Close()
	}
}

func hijack(w http.ResponseWriter) *net.TCPConn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return conn.(*net.TCPConn) //nolint:errcheck,forcetypeassert // what the tests serve is TCP
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func repeated(s string) string { return strings.Repeat(s+"\n", 2<<20/len(s)) }

func gzipped(s string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return out.Bytes()
}

func (s *staging) response(req *http.Request, body io.Reader) *http.Response {
	return &http.Response{
		Status: s.echo(), StatusCode: http.StatusOK, Proto: s.echo(), Request: req, Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"text/html; of=" + url.QueryEscape(s.echo())}},
	}
}

// quotingTimeout is a timeout of nobody's that the SDK knows.
type quotingTimeout string

func (e quotingTimeout) Error() string { return string(e) }
func (quotingTimeout) Timeout() bool   { return true }
func (quotingTimeout) Temporary() bool { return true }
