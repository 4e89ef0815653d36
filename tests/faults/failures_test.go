package faults

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A secretFailure is a way in which a call can end, with the secrets of its request repeated wherever it has room.
type secretFailure struct {
	row, variant string
	want         string   // the type of the error
	only         []string // operations, nil for all
	tooLong      bool     // the request breaks a documented rule
	masks        bool     // the answer's words are in the error's text, masked
	stage        func(s *staging)
}

// A staging is one failure being prepared for one call.
type staging struct {
	*vault
	t         *testing.T
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
func (s *staging) echo() string {
	return s.spelled(spelling{spell: func(value string) string { return value }})
}

func (s *staging) spelled(as spelling) string {
	return as.spell(strings.Join(append(s.sent, s.strangers...), " "))
}

const (
	validation = "*openplatform.ValidationError"
	platform   = "*openplatform.APIError"
	unusable   = "*openplatform.ResponseError"
	transport  = "*openplatform.TransportError"
	none       = "<nil>"
)

const patience = 30 * time.Millisecond // of whoever is to lose it

func secretFailures() []secretFailure {
	all := []secretFailure{
		{
			row: "a field breaks a documented rule", want: validation, tooLong: true, stage: func(*staging) {},
			only: []string{"Register", "Login", "SendSmsCode", "LoginByMobileCode", "ResetPassword"},
		},
		{row: "ctx ended before, with a cause that quotes", want: transport, stage: func(s *staging) {
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
		{row: row, variant: "refused", want: transport, stage: func(s *staging) { s.http.Transport = refusingTransport() }},
		{row: row, variant: "no such host", want: transport, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "platform.invalid", IsNotFound: true}})
		}},
		{row: row, variant: "a dialer that quotes", want: transport, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: errors.New(s.echo())})
		}},
		{row: row, variant: "a dialer with an error of its own", want: transport, stage: func(s *staging) { s.dial(errors.New(s.echo())) }},
		{row: row, variant: "timeout of a dialer that quotes", want: transport, stage: func(s *staging) {
			s.dial(&net.OpError{Op: "dial", Net: "tcp", Err: quotingTimeout(s.echo())})
		}},
		{row: row, variant: "ctx ends in the dial, with a cause that quotes", want: transport, stage: func(s *staging) {
			t := newTransport()
			t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, context.Cause(ctx)
			}
			s.http.Transport = t
			s.endWith(context.WithTimeoutCause(s.ctx, patience, errors.New(s.echo())))
		}},
		{row: "proxy", variant: "refuses to connect", want: transport, stage: func(s *staging) {
			s.proxy("https://platform.invalid", func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Proxy-Authenticate", s.echo())
				http.Error(w, s.echo(), http.StatusForbidden)
			})
		}},
		{row: "proxy", variant: "refuses in words of its own", want: transport, stage: func(s *staging) {
			s.proxy("https://platform.invalid", s.raw("HTTP/1.1 407 "+s.echo()+"\r\nContent-Length: 0\r\n\r\n"))
		}},
		{row: "proxy", variant: "answers with a page", want: unusable, masks: true, stage: func(s *staging) {
			s.proxy("http://platform.invalid", s.page(http.StatusBadGateway, s.echo()))
		}},
		{row: "proxy", variant: "is not there", want: transport, stage: func(s *staging) {
			t := refusingTransport()
			t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: "proxy.invalid:1", User: url.UserPassword("shop", s.newCore("the proxy's password"))})
			s.http.Transport = t
		}},
		{row: "TLS", variant: "certificate of a stranger", want: transport, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.RootCAs = nil
		}},
		{row: "TLS", variant: "certificate has expired", want: transport, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.Time = func() time.Time { return time.Now().AddDate(200, 0, 0) }
		}},
		{row: "TLS", variant: "certificate of another host", want: transport, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.ServerName = "platform.invalid"
		}},
		{row: "TLS", variant: "version too old", want: transport, stage: func(s *staging) {
			s.serveTLS(http.NotFound).TLSClientConfig.MaxVersion = tls.VersionTLS11
		}},
		{row: "TLS", variant: "spoken to a server without", want: transport, stage: func(s *staging) {
			s.serve(s.page(http.StatusOK, s.echo()))
			s.url = strings.Replace(s.url, "http:", "https:", 1)
		}},
		{row: "TLS", variant: "not spoken to a server with", want: unusable, stage: func(s *staging) {
			s.serveTLS(http.NotFound)
			s.url = strings.Replace(s.url, "https:", "http:", 1)
		}},
		{row: "TLS", variant: "handshake answered with words", want: transport, stage: func(s *staging) {
			s.listen(func(conn net.Conn) { _, _ = io.WriteString(conn, s.echo()+"\r\n\r\n") })
			s.url = strings.Replace(s.url, "http:", "https:", 1)
		}},
		{row: "TLS", variant: "handshake never answered", want: transport, stage: func(s *staging) {
			s.listen(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
			s.url = strings.Replace(s.url, "http:", "https:", 1)
			t := newTransport()
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
	for _, name := range slices.Sorted(maps.Keys(wrapped)) {
		all = append(all, secretFailure{row: row, variant: name, want: transport, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				body, _ := io.ReadAll(req.Body)
				inner := &url.Error{Op: req.Method, URL: req.URL.String(), Err: wrapped[name]}
				return nil, fmt.Errorf("cannot send %s %s of %s: %w", body, s.echo(), req.URL, inner)
			})
		}})
	}
	return append(all,
		secretFailure{row: row, variant: "timeout that quotes", want: transport, stage: func(s *staging) {
			s.through(func(*http.Request) (*http.Response, error) { return nil, quotingTimeout(s.echo()) })
		}},
		secretFailure{row: row, variant: "response and error", want: transport, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				return s.response(req, strings.NewReader(s.echo())), errors.New(s.echo())
			})
		}},
		secretFailure{row: row, variant: "body that fails", want: unusable, stage: func(s *staging) {
			s.through(func(req *http.Request) (*http.Response, error) {
				return s.response(req, io.MultiReader(strings.NewReader(s.echo()), failingReader{errors.New(s.echo())})), nil
			})
		}},
		secretFailure{row: row, variant: "neither response nor error", want: transport, stage: func(s *staging) {
			s.through(func(*http.Request) (*http.Response, error) { return nil, nil }) //nolint:nilnil // that is the failure
		}},
	)
}

// Answers that break off or make no sense to net/http

func failuresToAnswer() []secretFailure {
	var all []secretFailure
	add := func(row, variant, want, format string) {
		all = append(all, secretFailure{row: row, variant: variant, want: want, stage: func(s *staging) {
			s.serve(s.raw(strings.NewReplacer("{echo}", s.echo(), "{data}", s.data).Replace(format)))
		}})
	}
	const garbage, cut = "not HTTP, and quotes", "broken off in the answer"
	add("no answer", "closed", transport, "")
	add(garbage, "no status line", transport, "{echo}\r\n\r\n")
	add(garbage, "status", transport, "HTTP/1.1 {echo}\r\n\r\n")
	add(garbage, "protocol", transport, "{echo} 200 OK\r\n\r\n")
	add(garbage, "status text", unusable, "HTTP/1.1 502 {echo}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	add(garbage, "status that is none", unusable, "HTTP/1.1 999 {echo}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
	add(garbage, "another protocol", unusable, "HTTP/1.1 101 {echo}\r\nUpgrade: {echo}\r\nConnection: upgrade\r\n\r\n{echo}")
	add(garbage, "header without a colon", transport, "HTTP/1.1 200 OK\r\n{echo}\r\n\r\n")
	add(garbage, "name of a header", transport, "HTTP/1.1 200 OK\r\n{echo}: 1\r\n\r\n")
	add(garbage, "length", transport, "HTTP/1.1 200 OK\r\nContent-Length: {echo}\r\n\r\n")
	add(garbage, "two lengths", transport, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: {echo}\r\n\r\n")
	add(garbage, "transfer encoding", transport, "HTTP/1.1 200 OK\r\nTransfer-Encoding: {echo}\r\n\r\n")
	add(garbage, "header without end", transport, "HTTP/1.1 200 OK\r\nX-Echo: "+strings.Repeat("{echo} ", 6000)+"\r\n\r\n")
	add(garbage, "chunk", unusable, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{echo}\r\n")
	add(garbage, "trailer", unusable, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n{echo}\r\n\r\n")
	add(garbage, "no gzip", unusable, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{echo}")
	add(garbage, "unknown encoding", unusable, "HTTP/1.1 200 OK\r\nContent-Encoding: {echo}\r\n\r\n{echo}")
	add(cut, "after the data", unusable, "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"+`{"code":"000","msg":"{echo}","data":{data}`)
	add(cut, "in a header", transport, "HTTP/1.1 200 OK\r\nX-Echo: {echo}")
	add(cut, "in a chunk", unusable, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{data}{echo}")
	return append(all,
		secretFailure{row: "no answer", variant: "reset", want: transport, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) { reset(hijack(w)) })
		}},
		secretFailure{row: cut, variant: "reset", want: unusable, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Length", "9999")
				s.begin(w, r)
				reset(hijack(w))
			})
		}},
		secretFailure{row: cut, variant: "corrupt gzip", want: unusable, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				packed := gzipped(s.echo())
				_, _ = w.Write(packed[:len(packed)-9])
			})
		}},
		secretFailure{row: "body over 1 MiB", variant: "plain", want: unusable, stage: func(s *staging) {
			s.serve(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, repeated(s.echo())) })
		}},
		secretFailure{row: "body over 1 MiB", variant: "gzip", want: unusable, stage: func(s *staging) {
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
	for _, name := range slices.Sorted(maps.Keys(ends)) {
		all = append(all,
			secretFailure{row: "given up before an answer", variant: name, want: transport, stage: func(s *staging) {
				s.serve(hangUntilGone)
				ends[name](s)
			}},
			secretFailure{row: "given up in the answer", variant: name, want: transport, stage: func(s *staging) {
				s.serve(func(w http.ResponseWriter, r *http.Request) {
					s.begin(w, r)
					hangUntilGone(w, r)
				})
				ends[name](s)
			}})
	}
	return append(all, secretFailure{row: "given up before an answer", variant: "ResponseHeaderTimeout", want: transport, stage: func(s *staging) {
		s.serve(hangUntilGone)
		t := newTransport()
		t.ResponseHeaderTimeout = patience
		s.http.Transport = t
	}})
}

// HTTP/2, frame by frame

const (
	frameData, frameHeaders, frameRST, frameSettings, frameGoAway = 0, 1, 3, 4, 7
	flagAck, flagEndStream, flagEndHeaders                        = 1, 1, 4
	protocolError, enhanceYourCalm                                = 1, 11
)

func failuresOfHTTP2() []secretFailure {
	var all []secretFailure
	add := func(variant, want string, answer func(s *staging, f *frames, stream uint32)) {
		all = append(all, secretFailure{row: "HTTP/2", variant: variant, want: want, stage: func(s *staging) {
			s.serveFrames(func(f *frames, stream uint32) { answer(s, f, stream) })
		}})
	}
	add("stream reset", transport, func(_ *staging, f *frames, stream uint32) {
		f.write(frameRST, 0, stream, binary.BigEndian.AppendUint32(nil, protocolError))
	})
	goAway := func(s *staging, f *frames, last, code uint32) {
		payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)
		f.write(frameGoAway, 0, 0, append(payload, s.echo()...))
	}
	add("GOAWAY that quotes", transport, func(s *staging, f *frames, stream uint32) {
		goAway(s, f, stream, enhanceYourCalm)
		_ = f.conn.Close()
	})
	add("GOAWAY that quotes in the answer", unusable, func(s *staging, f *frames, stream uint32) {
		f.headers(stream, 0, ":status", "200", "content-type", "application/json")
		f.write(frameData, 0, stream, []byte(`{"code":"000","data":`+s.data))
		goAway(s, f, stream, protocolError)
		_ = f.conn.Close()
	})
	add("reset in the answer", unusable, func(s *staging, f *frames, stream uint32) {
		f.headers(stream, 0, ":status", "200", "x-echo", url.QueryEscape(s.echo()))
		f.write(frameData, 0, stream, []byte(s.data+s.echo()))
		f.write(frameRST, 0, stream, binary.BigEndian.AppendUint32(nil, protocolError))
	})
	add("name of a header", transport, func(s *staging, f *frames, stream uint32) {
		f.headers(stream, flagEndStream, ":status", "200", s.echo(), "1")
	})
	add("value of a header", transport, func(s *staging, f *frames, stream uint32) {
		f.headers(stream, flagEndStream, ":status", "200", "x-echo", s.echo()+"\r\n\x00")
	})
	add("status", transport, func(s *staging, f *frames, stream uint32) {
		f.headers(stream, flagEndStream, ":status", s.echo())
	})
	add("not HTTP/2", transport, func(s *staging, f *frames, _ uint32) {
		_, _ = io.WriteString(f.conn, s.echo())
		_ = f.conn.Close()
	})
	return all
}

// Answers that are no envelope

func answersOfGateways() []secretFailure {
	var all []secretFailure
	for _, status := range []int{301, 302, 307, 308} {
		for name, location := range map[string]string{
			"valid": "/login?all={query}", "of another host": "http://127.0.0.1:1/?all={query}", "that is no URL": "http://[::1/{echo}",
			"that cannot be escaped": "/%zz{echo}",
		} {
			all = append(all, secretFailure{row: "redirect that quotes", variant: fmt.Sprintf("%d %s", status, name), want: unusable, stage: func(s *staging) {
				target := strings.NewReplacer("{query}", url.QueryEscape(s.echo()), "{echo}", s.echo()).Replace(location)
				s.serve(s.answer(status, s.echo(), "Location", target, "Refresh", "0; url="+target))
			}})
		}
	}
	for _, as := range secretSpellings {
		all = append(all, secretFailure{row: "page with a title that quotes", variant: as.name, want: unusable, masks: true, stage: func(s *staging) {
			s.serve(s.page(http.StatusBadGateway, s.spelled(as)))
		}})
	}
	add := func(row, variant string, answer func(s *staging) http.HandlerFunc) {
		all = append(all, secretFailure{row: row, variant: variant, want: unusable, stage: func(s *staging) { s.serve(answer(s)) }})
	}
	const page, broken = "page that quotes", "broken envelope that quotes"
	add(page, "the request as it came", func(s *staging) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			s.page(http.StatusInternalServerError, html.EscapeString(r.RequestURI+" "+string(body)))(w, r)
		}
	})
	add(page, "without an end", func(s *staging) http.HandlerFunc { return s.answer(http.StatusOK, "<title>"+s.echo()) })
	add(page, "in the content type", func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, "<html>", "Content-Type", "text/html; of="+url.QueryEscape(s.echo()))
	})
	add(page, "as the content type", func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, "<html>", "Content-Type", strings.Join(s.strangers, "/"))
	})
	add(page, "in headers", func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusUnauthorized, "<html>", "Retry-After", s.echo(), "WWW-Authenticate", s.echo(), "Link", s.echo(),
			"Set-Cookie", "all="+url.QueryEscape(s.echo()), "Content-Disposition", s.echo(), "X-Request-Id", s.echo())
	})
	for variant, body := range map[string]string{
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
	} {
		add(broken, variant, func(s *staging) http.HandlerFunc {
			return s.answer(http.StatusOK, strings.NewReplacer("{echo}", insideJSON(s.echo()), "{data}", s.data).Replace(body))
		})
	}
	return all
}

// Envelopes that say no, and successes that are none

func answersOfPlatforms() []secretFailure {
	var all []secretFailure
	add := func(row, variant, want string, masks bool, answer func(s *staging) http.HandlerFunc) {
		all = append(all, secretFailure{row: row, variant: variant, want: want, masks: masks, stage: func(s *staging) { s.serve(answer(s)) }})
	}
	for _, as := range secretSpellings {
		add("rejection with a msg that quotes", as.name, platform, true, func(s *staging) http.HandlerFunc {
			return s.answer(http.StatusOK, secretsEnvelope("400101", s.spelled(as), "", "null"))
		})
		add("platform failure with a msg that quotes", as.name, platform, true, func(s *staging) http.HandlerFunc {
			return s.answer(http.StatusInternalServerError, secretsEnvelope("500", s.spelled(as), "", s.data))
		})
	}
	const words = "envelope that quotes"
	add(words, "in a code of no class", platform, true, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, secretsEnvelope(s.echo(), "", "", "null"))
	})
	add(words, "in a long code of digits", platform, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, secretsEnvelope("400"+strings.Join(s.sent, ""), "", "", "null"))
	})
	add(words, "in the request id", platform, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusBadRequest, secretsEnvelope("400", "", strings.Join(s.sent, " "), "null"))
	})
	add(words, "in headers and unknown fields", platform, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusTooManyRequests, strings.Replace(secretsEnvelope("429", "", "", s.data), "{", `{"detail":`+asJSON(s.echo())+",", 1),
			"Retry-After", s.echo(), "Content-Type", "application/json; of="+url.QueryEscape(s.echo()), "Set-Cookie", "all="+url.QueryEscape(s.echo()))
	})
	add(words, "the request as it came", platform, false, func(s *staging) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			s.answer(http.StatusBadRequest, secretsEnvelope("400003", fmt.Sprintf("入参解析异常 %s %s", body, r.RequestURI), "", "null"))(w, r)
		}
	})
	const untrue = "success that is none, and quotes"
	add(untrue, "at HTTP 500", unusable, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusInternalServerError, secretsEnvelope("000", s.echo(), strings.Join(s.sent, " "), s.data))
	})
	add(untrue, "data of another type", unusable, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, secretsEnvelope("000", s.echo(), "", asJSON(s.echo())))
	})
	add(untrue, "data of many words", unusable, false, func(s *staging) http.HandlerFunc {
		return s.answer(http.StatusOK, secretsEnvelope("000", s.echo(), "", "["+asJSON(s.echo())+","+s.data+"]"))
	})
	add(untrue, "fields of other types", unusable, false, func(s *staging) http.HandlerFunc {
		quoted := asJSON(s.echo())
		return s.answer(http.StatusOK, secretsEnvelope("000", "", "", strings.NewReplacer(
			`"open_id":`, `"open_id":[`+quoted+`],"x":`, `"img":`, `"img":[`+quoted+`],"x":`, `"access_token":`, `"access_token":[`+quoted+`],"x":`,
			`"service_ticket":`, `"service_ticket":[`+quoted+`],"x":`,
			"true", quoted, "null", quoted).Replace(s.data)))
	})
	return all
}

// Successes print no secret either

func successes() []secretFailure {
	var all []secretFailure
	for variant, answer := range map[string]func(s *staging) http.HandlerFunc{
		"as documented": func(s *staging) http.HandlerFunc {
			return s.answer(http.StatusOK, secretsEnvelope("000", "成功", "cc67513b-9b00-4283-a966-80153fd3ecfb", s.data))
		},
		"that quotes": func(s *staging) http.HandlerFunc {
			return s.answer(http.StatusOK, secretsEnvelope("000", s.echo(), strings.Join(s.sent, " "), s.data),
				"Set-Cookie", "all="+url.QueryEscape(s.echo()), "X-Echo", s.echo())
		},
	} {
		all = append(all, secretFailure{row: "none: a success", variant: variant, want: none, stage: func(s *staging) { s.serve(answer(s)) }})
	}
	return append(all, secretFailure{
		row: "none: a success", variant: "expiry of another form", want: none, only: []string{"GetAccessToken", "GetServiceTicket"},
		stage: func(s *staging) {
			expired := strings.Replace(s.data, "2030-01-02 15:04:05", insideJSON(s.echo()), 1)
			s.serve(s.answer(http.StatusOK, secretsEnvelope("000", "", "", expired)))
		},
	})
}

func secretsEnvelope(code, msg, requestID, data string) string {
	return fmt.Sprintf(`{"request_id":%s,"code":%s,"msg":%s,"data":%s}`, asJSON(requestID), asJSON(code), asJSON(msg), data)
}

// How they are staged

func newTransport() *http.Transport {
	t := openplatform.DefaultTransport()
	t.Proxy = nil
	return t
}

func refusingTransport() *http.Transport {
	t := newTransport()
	t.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	return t
}

func (s *staging) dial(err error) {
	t := newTransport()
	t.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
	s.http.Transport = t
}

func (s *staging) endWith(ctx context.Context, cancel context.CancelFunc) {
	s.t.Cleanup(cancel)
	s.ctx = ctx
}

func cancelSoon(ctx context.Context, cause error) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(patience, func() { cancel(cause) })
	return ctx, func() { timer.Stop(); cancel(nil) }
}

// serve starts a server and notes what of a request is printed by others: headers, and for a POST the URL.
func (s *staging) serve(handler http.HandlerFunc) {
	server := s.unstarted(handler)
	server.Start()
	s.url = server.URL
}

// serveTLS also returns the transport that trusts the server.
func (s *staging) serveTLS(handler http.HandlerFunc) *http.Transport {
	server := s.unstarted(handler)
	server.StartTLS()
	s.url = server.URL
	return s.trust(server.Certificate())
}

func (s *staging) trust(certificate *x509.Certificate) *http.Transport {
	t := newTransport()
	t.TLSClientConfig.RootCAs = x509.NewCertPool()
	t.TLSClientConfig.RootCAs.AddCert(certificate)
	s.http.Transport = t
	return t
}

func (s *staging) unstarted(handler http.HandlerFunc) *httptest.Server {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		handler(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // the server's own is not what is searched
	s.t.Cleanup(server.Close)
	return server
}

func (s *staging) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, printed{"the request's headers", fmt.Sprint(r.Header, r.Host, r.Trailer)})
	if r.Method != http.MethodGet {
		s.received = append(s.received, printed{"the URL of a " + r.Method, r.RequestURI})
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
	require.NoError(s.t, err)
	t := newTransport()
	t.Proxy = http.ProxyURL(proxy)
	s.http.Transport = t
	s.url = target
}

// listen starts a server that speaks no HTTP.
func (s *staging) listen(talk func(conn net.Conn)) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	s.accept(listener, talk)
	s.url = "http://" + listener.Addr().String()
}

func (s *staging) accept(listener net.Listener, talk func(conn net.Conn)) {
	s.t.Cleanup(func() { _ = listener.Close() })
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

func (s *staging) answer(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (s *staging) page(status int, words string) http.HandlerFunc {
	return s.answer(status, "<html><head><title>"+words+"</title></head><body>"+words+"</body></html>", "Content-Type", "text/html")
}

// begin sends half of a success.
func (s *staging) begin(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = io.WriteString(w, `{"code":"000","msg":`+asJSON(s.echo())+`,"data":`+s.data)
	_ = http.NewResponseController(w).Flush()
}

// raw answers with bytes that net/http's server would not write, and hangs up.
func (s *staging) raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn := hijack(w)
		_, _ = io.WriteString(conn, answer)
		_ = conn.Close()
	}
}

func hijack(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	return conn
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func hangUntilGone(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only after it is read is a lost client noticed
	<-r.Context().Done()
}

func repeated(s string) string { return strings.Repeat(s+"\n", 2<<20/len(s)) }

func gzipped(s string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return out.Bytes()
}

type secretsRoundTripper func(*http.Request) (*http.Response, error)

func (f secretsRoundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (s *staging) through(rt secretsRoundTripper) { s.http.Transport = rt }

func (s *staging) response(req *http.Request, body io.Reader) *http.Response {
	return &http.Response{
		Status: s.echo(), StatusCode: http.StatusOK, Proto: s.echo(), Request: req, Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"text/html; of=" + url.QueryEscape(s.echo())}},
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// quotingTimeout is a timeout of nobody's that the SDK knows.
type quotingTimeout string

func (e quotingTimeout) Error() string { return string(e) }
func (quotingTimeout) Timeout() bool   { return true }
func (quotingTimeout) Temporary() bool { return true }

// frames are what an HTTP/2 server writes.
type frames struct{ conn net.Conn }

func (f *frames) write(kind, flags byte, stream uint32, payload []byte) {
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	_, _ = f.conn.Write(append(binary.BigEndian.AppendUint32(head, stream), payload...))
}

// headers writes fields as HPACK has them without a table or Huffman's code.
func (f *frames) headers(stream uint32, flags byte, fields ...string) {
	var block []byte
	for i, field := range fields {
		if i%2 == 0 {
			block = append(block, 0)
		}
		if n := len(field); n < 127 {
			block = append(block, byte(n))
		} else {
			block = binary.AppendUvarint(append(block, 127), uint64(n-127))
		}
		block = append(block, field...)
	}
	f.write(frameHeaders, flags|flagEndHeaders, stream, block)
}

// serveFrames starts an HTTP/2 server that answers every request with frames of the caller's.
func (s *staging) serveFrames(answer func(f *frames, stream uint32)) {
	certified := httptest.NewTLSServer(nil) // for its certificate
	certified.Close()
	s.trust(certified.Certificate())
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
	})
	require.NoError(s.t, err)
	s.accept(listener, func(conn net.Conn) { speakHTTP2(conn, answer) })
	s.url = "https://" + listener.Addr().String()
}

func speakHTTP2(conn net.Conn, answer func(f *frames, stream uint32)) {
	in, out := bufio.NewReader(conn), &frames{conn}
	if _, err := in.Discard(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		return
	}
	out.write(frameSettings, 0, 0, nil)
	for {
		var head [9]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		if _, err := in.Discard(int(head[0])<<16 | int(head[1])<<8 | int(head[2])); err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		if kind == frameSettings && flags&flagAck == 0 {
			out.write(frameSettings, flagAck, 0, nil)
		}
		if (kind == frameHeaders || kind == frameData) && flags&flagEndStream != 0 {
			answer(out, stream)
		}
	}
}
