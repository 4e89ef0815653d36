package faults

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

const (
	soakCallers = 128
	faultEvery  = 100 // calls
	// A caller waits this long for an answer that is too slow, and far longer for any other.
	soakImpatience, soakPatience = 20 * time.Millisecond, time.Minute
)

// TestSoak makes 50,000 calls, a million in the long mode, from 128 goroutines, of which one in a hundred meets a fault,
// and takes readings of what the process holds in between: first after a tenth of the calls, so that what is made once is
// there, and last at the end. Client and platform share the process, so both must be flat.
func TestSoak(t *testing.T) {
	calls := 50_000
	if *long {
		calls = 1_000_000
	}
	soak := newSoak(t, calls)
	start := time.Now()
	var readings []reading
	var rows [][]string
	done := 0
	for _, percent := range []int{10, 30, 50, 75, 100} {
		until := calls * percent / 100
		soak.run(done, until)
		done = until
		r := soak.read(t)
		readings = append(readings, r)
		rows = append(rows, r.soakRow(done, percent))
	}
	took := time.Since(start)

	first := readings[0]
	for _, r := range readings[1:] {
		// 2 MiB are 47 bytes for each of the 45,000 calls between the first and the last reading.
		assert.LessOrEqual(t, r.heap, first.heap+2<<20, "heap in use")
		assert.LessOrEqual(t, r.goroutines, first.goroutines+4, "goroutines")
		assert.LessOrEqual(t, r.dialed, first.dialed+2, "connections, client's ends")
		assert.LessOrEqual(t, r.accepted, first.accepted+2, "connections, platform's ends")
		assert.LessOrEqual(t, r.files, first.files+4, "file descriptors")
	}
	var peaks []int
	for _, server := range soak.servers {
		_, peak, _ := server.dialed.now()
		assert.LessOrEqual(t, peak, 2*soakCallers, "connections at once over %s", server.protocol.name)
		peaks = append(peaks, peak)
	}
	assert.Zero(t, soak.platform.twice.Load(), "operations that change something, delivered more than once")
	assert.Zero(t, soak.platform.astray.Load(), "requests that followed a redirect")
	assert.Zero(t, soak.innocent.Load(), "failures of calls that met no fault")
	soak.platform.assertAllFired(t)
	english := fmt.Sprintf("%d calls from %d goroutines in %d s, by turns over %s and %s, one call in %d with one of %d faults. "+
		"%d calls failed, all of them with a fault. At most %d and %d connections were open at once.",
		calls, soakCallers, int(took.Seconds()), http1.name, http2.name, faultEvery, len(soakFaults), soak.failed.Load(), peaks[0], peaks[1])
	chinese := fmt.Sprintf("%d 个 goroutine 在 %d 秒内完成 %d 次调用，轮流使用 %s 和 %s，每 %d 次调用注入 %d 种故障之一。"+
		"失败 %d 次，全部是注入了故障的调用。同时打开的连接最多分别为 %d 个和 %d 个。",
		soakCallers, int(took.Seconds()), calls, http1.name, http2.name, faultEvery, len(soakFaults), soak.failed.Load(), peaks[0], peaks[1])
	header := []string{
		"calls", "heap, KiB", "heap spans, KiB", "goroutines", "connections, client", "connections, platform", "file descriptors",
	}
	report(t, "soak", english, chinese, append([][]string{header}, rows...))
}

func (r reading) soakRow(calls, percent int) []string {
	files := strconv.Itoa(r.files)
	if r.files < 0 {
		files = "–"
	}
	return []string{
		fmt.Sprintf("%d (%d %%)", calls, percent), strconv.FormatUint(r.heap>>10, 10), strconv.FormatUint(r.inUse>>10, 10),
		strconv.Itoa(r.goroutines), strconv.Itoa(r.dialed), strconv.Itoa(r.accepted), files,
	}
}

var soakProtocols = []protocol{http1, http2}

type soakRun struct {
	platform *soakPlatform
	servers  []*platformServer // one for each protocol
	clients  []*openplatform.Client

	failed   atomic.Int64 // calls
	innocent atomic.Int64 // of them, those for which no fault was meant
}

func newSoak(t *testing.T, calls int) *soakRun {
	t.Helper()
	s := &soakRun{platform: newSoakPlatform(calls)}
	for _, protocol := range soakProtocols {
		server := startPlatform(t, protocol, 0, s.platform)
		s.servers = append(s.servers, server)
		s.clients = append(s.clients, server.newClient(t, server.newTransport(t), openplatform.WithTimeout(soakPatience)))
	}
	return s
}

// run makes the calls with the numbers from first to before end.
func (s *soakRun) run(first, end int) {
	crowd(soakCallers, first, end, func(_, n int) { s.call(n) })
}

// call makes the call number n. A hundred calls go over one protocol, the next hundred over the other, so that all
// faults come over both and to all operations.
func (s *soakRun) call(n int) {
	ctx := context.Background() // the end of one of the caller's own would clear away what the SDK leaves behind
	if f := faultOf(n); f != nil && f.slow {
		impatient, cancel := context.WithTimeout(ctx, soakImpatience)
		defer cancel()
		ctx = impatient
	}
	err := soakOperationOf(n)(ctx, s.clients[n/faultEvery%len(s.clients)], fmt.Sprintf("call-%d", n))
	if err == nil {
		return
	}
	s.failed.Add(1)
	if faultOf(n) == nil {
		s.innocent.Add(1)
	}
}

// read fills the pools anew, so that each reading is of the same number of connections, and takes a reading.
func (s *soakRun) read(t *testing.T) reading {
	t.Helper()
	for i, client := range s.clients {
		client.CloseIdleConnections()
		_, err := checkToken(t.Context(), client, "one")
		require.NoError(t, err)
		var callers sync.WaitGroup
		for range soakCallers {
			callers.Go(func() {
				_, err := checkToken(t.Context(), client, "together")
				assert.NoError(t, err, soakProtocols[i].name)
			})
		}
		callers.Wait()
	}
	return readWhenStill(s.servers)
}

type soakOperation func(ctx context.Context, c *openplatform.Client, mark string) error

// soakOperationOf picks the operation of call n. One in ten is a picture code, which has no parameter to carry the call's
// mark, and meets no fault.
func soakOperationOf(n int) soakOperation {
	if n%10 == 5 {
		return func(ctx context.Context, c *openplatform.Client, _ string) error {
			_, err := c.GetImgCode(ctx)
			return err
		}
	}
	return soakOperations[n%len(soakOperations)]
}

var soakOperations = []soakOperation{
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := checkToken(ctx, c, mark)
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.GetAccessToken(ctx, &openplatform.GetAccessTokenRequest{ClientID: mark, ClientSecret: "s"})
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.Login(ctx, &openplatform.LoginRequest{Account: mark, Password: "p"})
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{
			Mobile: mark, Code: "1234", SmsType: openplatform.SmsTypeLogin,
		})
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
			Mobile: "13900001111", ImgCodeID: mark, ImgCode: "WRON", SmsType: openplatform.SmsTypeLogin,
		})
		if openplatform.OutcomeOf(err) == openplatform.OutcomeRejected {
			return nil // the picture code is wrong, and the platform says so
		}
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.Logout(ctx, &openplatform.LogoutRequest{Token: mark})
		return err
	},
	func(ctx context.Context, c *openplatform.Client, mark string) error {
		_, err := c.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{AccessToken: "a", Token: mark})
		return err
	},
}

func checkToken(ctx context.Context, c *openplatform.Client, token string) (*openplatform.Response[struct{}], error) {
	return c.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
}

// A soakFault is what one call in a hundred meets, at its first request.
type soakFault struct {
	name   string
	slow   bool // the caller is impatient
	strike http.HandlerFunc
}

var soakFaults = []soakFault{
	{name: "dropped", strike: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	{name: "dropped after half the answer", strike: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "200")
		_, _ = io.WriteString(w, strings.Repeat(" ", 100))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}},
	{name: "502 in HTML", strike: pageOf(http.StatusBadGateway)},
	{name: "503", strike: pageOf(http.StatusServiceUnavailable)},
	{name: "truncated gzip", strike: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(halfGzip)
	}},
	{name: "over 1 MiB", strike: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(overlong) }},
	{name: "no HTTP", strike: answerGarbage},
	{name: "slower than the caller's ctx", slow: true, strike: func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(soakPatience):
		}
	}},
	{name: "redirect", strike: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/astray")
		w.WriteHeader(http.StatusFound)
	}},
}

var (
	overlong = bytes.Repeat([]byte(" "), 1<<20+1<<16)
	halfGzip = func() []byte {
		var whole bytes.Buffer
		w := gzip.NewWriter(&whole)
		_, _ = io.WriteString(w, soakEnvelope("000", "null"))
		_ = w.Close()
		return whole.Bytes()[:whole.Len()/2]
	}()
)

func pageOf(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<html><title>%d %s</title></html>", status, http.StatusText(status))
	}
}

// answerGarbage answers over HTTP/1.1 with a line that is no status line, and over HTTP/2, where there is none, with a
// header that is too large for the client, and not so large that it has to give up the whole connection.
func answerGarbage(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.Header()["X-Garbage"] = slices.Repeat([]string{strings.Repeat("%", 1<<10)}, 300)
		return
	}
	_, _ = io.WriteString(conn, "%$!?\r\n\r\n")
	_ = conn.Close()
}

// faultOf returns the fault that is meant for call n, nil if none is.
func faultOf(n int) *soakFault {
	if n%faultEvery != 0 {
		return nil
	}
	return &soakFaults[n/faultEvery%len(soakFaults)]
}

// A soakPlatform answers as the platform does when all is well, but for the faults. It keeps one bit a call, from the
// start, so that it does not grow.
type soakPlatform struct {
	delivered []atomic.Uint64
	fired     []atomic.Int64 // by fault
	twice     atomic.Int64   // further deliveries of operations that change something
	astray    atomic.Int64   // requests to where redirects point

	mu       sync.Mutex
	waiting  int
	together chan struct{} // closed when every caller is here
}

func newSoakPlatform(calls int) *soakPlatform {
	return &soakPlatform{
		delivered: make([]atomic.Uint64, calls/64+1),
		fired:     make([]atomic.Int64, len(soakFaults)),
		together:  make(chan struct{}),
	}
}

var (
	soakMark    = regexp.MustCompile(`call-(\d+)`)
	soakAnswers = map[string]string{
		"/oauth/checkToken":                    "null",
		"/oauth/getAccessToken":                `{"access_token":"a","expired":"2030-01-02 15:04:05"}`,
		"/oauth/getServiceTicket":              `{"service_ticket":"s","expired":"2030-01-02 15:04:05","number_of_uses":1}`,
		"/oauth/api/account/getImgCode":        `{"img":"data:image/jpg;base64,/9g=","img_code_id":"MS6A1I"}`,
		"/oauth/api/account/login":             `{"open_id":"0123456789012345678901234567","token":"t"}`,
		"/oauth/api/account/loginByMobileCode": `{"open_id":"0123456789012345678901234567","token":"t"}`,
		"/oauth/api/account/logout":            "true",
	}
)

func (p *soakPlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.URL.Query().Get("token") == "together" {
		p.meet(r.Context())
	}
	if mark := soakMark.FindStringSubmatch(r.URL.RawQuery + string(body)); mark != nil {
		n, _ := strconv.Atoi(mark[1])
		if f := p.note(n, r.URL.Path); f != nil {
			f.strike(w, r)
			return
		}
	}
	p.answer(w, r.URL.Path)
}

// note takes down a delivery of call n, and returns the fault for it, if it is to have one.
func (p *soakPlatform) note(n int, path string) *soakFault {
	bit := uint64(1) << (n % 64)
	if p.delivered[n/64].Or(bit)&bit != 0 {
		if path != "/oauth/checkToken" && path != "/oauth/getAccessToken" {
			p.twice.Add(1)
		}
		return nil
	}
	f := faultOf(n)
	if f != nil {
		p.fired[n/faultEvery%len(soakFaults)].Add(1)
	}
	return f
}

func (p *soakPlatform) answer(w http.ResponseWriter, path string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	data, known := soakAnswers[path]
	switch {
	case known:
		_, _ = io.WriteString(w, soakEnvelope("000", data))
	case path == "/oauth/api/account/sendSmsCode":
		_, _ = io.WriteString(w, soakEnvelope("400101", "null"))
	default:
		p.astray.Add(1)
	}
}

func soakEnvelope(code, data string) string {
	return `{"request_id":"cc67513b-9b00-4283-a966-80153fd3ecfb","code":"` + code + `","msg":"-","data":` + data + `}`
}

// meet holds requests until there is one of each caller, so that over HTTP/1.1 each has a connection of its own.
func (p *soakPlatform) meet(ctx context.Context) {
	p.mu.Lock()
	together := p.together
	p.waiting++
	if p.waiting == soakCallers {
		close(together)
		p.waiting, p.together = 0, make(chan struct{})
	}
	p.mu.Unlock()
	select {
	case <-together:
	case <-ctx.Done():
	}
}

// assertAllFired holds that each fault was met.
func (p *soakPlatform) assertAllFired(t *testing.T) {
	t.Helper()
	for i, f := range soakFaults {
		assert.NotZero(t, p.fired[i].Load(), "%s", f.name)
	}
}
