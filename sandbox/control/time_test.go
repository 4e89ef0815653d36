package control_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

// pipes is a network in memory: the fake clock of a bubble stands still while a socket is read. Nothing is buffered, so
// a client that does not read holds the server at once.
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

// bubble is a Handler in a bubble.
type bubble struct {
	*pipes
	t         *testing.T
	handler   *control.Handler
	spaces    map[string]*sandbox.Sandbox // the last of each name
	transport *http.Transport
}

func newBubble(t *testing.T) *bubble {
	t.Helper()
	b := &bubble{pipes: &pipes{conns: make(chan net.Conn), done: make(chan struct{})}, t: t, spaces: make(map[string]*sandbox.Sandbox)}
	handler, err := control.New(control.Config{OnSpace: func(name string, s *sandbox.Sandbox) { b.spaces[name] = s }})
	require.NoError(t, err)
	b.handler = handler
	server := control.NewServer(handler)
	go func() { _ = server.Serve(b) }()
	b.transport = &http.Transport{DialContext: b.dial}
	t.Cleanup(func() {
		handler.Close()
		b.transport.CloseIdleConnections()
		_ = server.Close()
	})
	return b
}

func (b *bubble) send(ctx context.Context, method, path string, headers ...string) (*http.Response, error) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, nil)
	require.NoError(b.t, err)
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	return b.transport.RoundTrip(request)
}

func (b *bubble) get(path string) answer {
	b.t.Helper()
	response, err := b.send(b.t.Context(), http.MethodGet, path)
	require.NoError(b.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	require.NoError(b.t, response.Body.Close())
	return answer{b.t, response.StatusCode, response.Header, string(body)}
}

// sendSMS has an SMS sent by the SDK.
func (b *bubble) sendSMS(space, mobile string) {
	b.t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL("http://localhost"+space),
		openplatform.WithHTTPClient(&http.Client{Transport: b.transport}))
	require.NoError(b.t, err)
	defer client.CloseIdleConnections()
	picture, err := client.GetImgCode(b.t.Context())
	require.NoError(b.t, err)
	id := picture.Data.ImgCodeID
	_, err = client.SendSmsCode(b.t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: id, ImgCode: b.spaces[strings.TrimPrefix(space, "/spaces/")].SolveImgCode(id), SmsType: openplatform.SmsTypeLogin,
	})
	require.NoError(b.t, err)
}

func TestUnusedSpacesAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		b.sendSMS("/spaces/a", mobile)
		b.sendSMS("/spaces/b", mobile)
		first := b.spaces["a"]
		time.Sleep(29 * time.Minute)
		assert.Contains(t, b.get("/spaces/b/_sandbox/sms").body, mobile)
		time.Sleep(time.Minute)
		assert.Contains(t, b.get("/_sandbox/spaces").body, `{"spaces":[{"name":"b",`, "a is gone, b is not")
		_, err := first.WaitSMS(t.Context(), otherMobile)
		require.ErrorIs(t, err, sandbox.ErrClosed)

		assert.Contains(t, b.get("/spaces/a/_sandbox/sms").body, `"sms":[]`, "another one")
		assert.NotSame(t, first, b.spaces["a"])

		time.Sleep(31 * time.Minute)
		b.get("/spaces/c/_sandbox/sms") // any request to a space forgets those that are unused
		_, err = b.spaces["b"].WaitSMS(t.Context(), otherMobile)
		require.ErrorIs(t, err, sandbox.ErrClosed)
	})
}

func TestSpacesInUseAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		ctx, cancel := context.WithCancel(t.Context())
		response, err := b.send(ctx, http.MethodGet, "/spaces/a/_sandbox/events") //nolint:bodyclose // ctx ends it
		require.NoError(t, err)
		go func() { _, _ = io.Copy(io.Discard, response.Body) }()
		time.Sleep(2 * time.Hour)
		assert.Contains(t, b.get("/_sandbox/spaces").body, `"a"`)
		cancel()
		time.Sleep(31 * time.Minute)
		assert.NotContains(t, b.get("/_sandbox/spaces").body, `"a"`)
	})
}

// events reads a stream, an event or a comment at a time.
type events struct {
	t      *testing.T
	body   io.Closer
	reader *bufio.Reader
}

func (b *bubble) events(path string, headers ...string) *events {
	b.t.Helper()
	response, err := b.send(b.t.Context(), http.MethodGet, path, headers...) //nolint:bodyclose // the test closes it
	require.NoError(b.t, err)
	require.Equal(b.t, http.StatusOK, response.StatusCode)
	assert.Equal(b.t, "text/event-stream", response.Header.Get("Content-Type"))
	e := &events{b.t, response.Body, bufio.NewReader(response.Body)}
	assert.Equal(b.t, ": a stream of events\nretry: 1000\n", e.next())
	return e
}

// next returns the lines up to the next blank one.
func (e *events) next() string {
	e.t.Helper()
	var lines strings.Builder
	for {
		line, err := e.reader.ReadString('\n')
		require.NoError(e.t, err, lines.String())
		if line == "\n" {
			return lines.String()
		}
		lines.WriteString(line)
	}
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		s := b.spaces[""]
		b.sendSMS("", otherMobile)
		live := b.events("/_sandbox/events")
		b.sendSMS("", mobile)
		sms := s.ListSMS(sandbox.SMSFilter{Mobile: mobile})[0]

		assert.Contains(t, live.next(), "event: request\ndata: {", "the picture")
		told := live.next()
		assert.Contains(t, told, fmt.Sprintf("id: %d\nevent: sms\ndata: {", sms.ID))
		assert.Contains(t, told, sms.Code)
		request := live.next()
		assert.Contains(t, request, `"mobile":"139****1111"`, "masked")
		assert.NotContains(t, request, mobile)

		s.Advance(time.Second)
		changed := live.next()
		assert.Contains(t, changed, "event: changed\ndata: {\"what\":\"clock\"}\n")

		begin := time.Now()
		assert.Equal(t, fmt.Sprintf(": nothing new\nid: %d\n", s.LastID()), live.next())
		assert.LessOrEqual(t, time.Since(begin), 16*time.Second)
		require.NoError(t, live.body.Close())

		// Once more, from where it was.
		again := b.events("/_sandbox/events", "Last-Event-ID", fmt.Sprint(sms.ID))
		assert.Equal(t, request, again.next())
		assert.Equal(t, changed, again.next())
		require.NoError(t, again.body.Close())
		only := b.events(fmt.Sprint("/_sandbox/events?types=sms,changed&after=", sms.ID-1))
		assert.Equal(t, told, only.next())
		assert.Equal(t, changed, only.next())
		require.NoError(t, only.body.Close())
		elsewhere := b.events("/_sandbox/events?after=9", "Last-Event-ID", fmt.Sprint(s.LastID()+1))
		assert.Equal(t, fmt.Sprintf("id: %d\nevent: missed\ndata: {}\n", s.LastID()), elsewhere.next(), "of an id that is not from here")
		require.NoError(t, elsewhere.body.Close())
	})
}

func TestStreamAfterTooMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		s := b.spaces[""]
		live := b.events("/_sandbox/events?types=sms")
		for range 1000 { // none of which it asked for
			s.Advance(1)
		}
		assert.Regexp(t, "^id: [0-9]+\nevent: missed\ndata: {}\n$", live.next(), "perhaps before the last of them")
		b.sendSMS("", mobile)
		assert.Contains(t, live.next(), "event: sms\n")
		require.NoError(t, live.body.Close())
	})
}

func TestStreamsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		live, inSpace := b.events("/_sandbox/events"), b.events("/spaces/a/_sandbox/events")
		response, err := b.send(t.Context(), http.MethodDelete, "/_sandbox/spaces/a")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		_, err = io.ReadAll(inSpace.reader)
		require.NoError(t, err, "with its space")
		b.handler.Close()
		_, err = io.ReadAll(live.reader)
		require.NoError(t, err, "with the program")
		b.get("/spaces/b/_sandbox/info").fails(http.StatusServiceUnavailable, "the sandbox is closing")
	})
}

// A client that does not read is left, and holds up nobody else.
func TestSlowReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		var slow []net.Conn
		for _, path := range []string{"/_sandbox/events", "/_sandbox/info", "/_sandbox/state", "/"} {
			conn, err := b.dial(t.Context(), "", "")
			require.NoError(t, err)
			_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
			require.NoError(t, err)
			slow = append(slow, conn)
		}
		synctest.Wait()
		begin := time.Now()
		b.sendSMS("", mobile)
		assert.Equal(t, http.StatusOK, b.get("/_sandbox/sms").status)
		assert.Equal(t, begin, time.Now(), "nobody waits for them")
		time.Sleep(2 * time.Minute)
		for _, conn := range slow {
			_, err := io.ReadAll(conn)
			require.NoError(t, err, "it was left in the middle")
			_ = conn.Close()
		}
	})
}

func TestStalledBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		for path, timeout := range map[string]time.Duration{
			"POST /_sandbox/faults": 10 * time.Second, "GET /_sandbox/sms": 10 * time.Second, "PUT /_sandbox/state": time.Minute,
		} {
			begin := time.Now()
			conn, err := b.dial(t.Context(), "", "")
			require.NoError(t, err)
			_, err = io.WriteString(conn, path+" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
			require.NoError(t, err)
			got, err := io.ReadAll(conn)
			require.NoError(t, err)
			assert.Contains(t, string(got), "the body was not complete within "+timeout.String())
			assert.InDelta(t, timeout, time.Since(begin), float64(2*time.Second))
			_ = conn.Close()
		}
	})
}

func TestOneStateAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		conn, err := b.dial(t.Context(), "", "")
		require.NoError(t, err)
		_, err = io.WriteString(conn, "PUT /_sandbox/state HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
		require.NoError(t, err)
		synctest.Wait()
		b.get("/spaces/a/_sandbox/state").fails(http.StatusServiceUnavailable, "another export or import is running")
		require.NoError(t, conn.Close())
		synctest.Wait()
		assert.Equal(t, http.StatusOK, b.get("/spaces/a/_sandbox/state").status)
	})
}

func TestWaitsAreBounded(t *testing.T) {
	const most = 1000
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range most {
			waiting.Add(1)
			go func() {
				defer waiting.Done()
				response, err := b.send(ctx, http.MethodGet, "/_sandbox/sms?wait=60s")
				if err == nil {
					_ = response.Body.Close()
				}
			}()
		}
		synctest.Wait()
		a := b.get("/_sandbox/emails?wait=1s")
		a.fails(http.StatusServiceUnavailable, "1000 requests are waiting already")
		assert.Equal(t, "1", a.header.Get("Retry-After"))
		assert.Equal(t, http.StatusOK, b.get("/_sandbox/emails").status, "without waiting")
		cancel()
		waiting.Wait()
		synctest.Wait()
		begin := time.Now()
		assert.Equal(t, http.StatusOK, b.get("/_sandbox/emails?wait=9s").status, "those who have gone wait no longer")
		assert.Equal(t, 9*time.Second, time.Since(begin))
	})
}

func TestStreamsAreBounded(t *testing.T) {
	const most = 200
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		open := make([]*events, most)
		for i := range open {
			open[i] = b.events("/_sandbox/events")
		}
		b.get("/_sandbox/events").fails(http.StatusServiceUnavailable, "200 streams are open already")
		require.NoError(t, open[0].body.Close())
		time.Sleep(time.Second) // a connection whose answer is not wanted may be read on for a while
		require.NoError(t, b.events("/_sandbox/events").body.Close())
		for _, e := range open[1:] {
			require.NoError(t, e.body.Close())
		}
	})
}

func TestWaitOfARemovedSpaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		ended := make(chan answer)
		go func() { ended <- b.get("/spaces/a/_sandbox/sms/latest?wait=60s") }()
		synctest.Wait()
		response, err := b.send(t.Context(), http.MethodDelete, "/_sandbox/spaces/a")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		a := <-ended
		a.fails(http.StatusServiceUnavailable, "the sandbox is closing, or the space was removed")
	})
}
