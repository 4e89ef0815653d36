package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	outageCallers = 500
	// Each caller thinks for half a second on average between two calls: a thousand calls a second keep no machine busy.
	leastThought, mostThought = 250 * time.Millisecond, 750 * time.Millisecond
	callsPerSecond            = 2.0 * outageCallers
	// What hangs ends after a second. It is the platform that measures it: a timeout of the client's would also hit good
	// calls on a machine that is too busy to answer them.
	longestHang = time.Second
)

// TestOutage has 500 callers share one client, while the platform is well, answers 503, answers nothing, and is well
// again. It counts at the platform.
func TestOutage(t *testing.T) {
	protocols := []protocol{http1}
	if *long {
		protocols = append(protocols, http2)
	}
	var rows [][]string
	var english, chinese []string
	for _, protocol := range protocols {
		t.Run(protocol.name, func(t *testing.T) {
			phaseRows, note := goThroughOutage(t, protocol)
			rows = append(rows, phaseRows...)
			english, chinese = append(english, note.english), append(chinese, note.chinese)
		})
	}
	for _, retryAfter := range []string{"", "1"} {
		t.Run("500 fail with Retry-After: "+retryAfter, func(t *testing.T) {
			note := failTogether(t, retryAfter)
			english, chinese = append(english, note.english), append(chinese, note.chinese)
		})
	}
	header := []string{
		"phase", "calls", "requests", "allowed", "ratio", "of earlier calls", "succeeded", "503", "dropped", "gave up",
		"mean per 100 ms", "fullest: calls", "requests", "longest stall",
	}
	report(t, "outage", "- "+strings.Join(english, "\n- ")+"\n\nAllowed are 1.1 requests a call and the ten retries of a full quota. "+
		"The fullest 100 ms are those of the calls as they were made and of the requests as they arrived. A stall is the machine's.",
		"- "+strings.Join(chinese, "\n- ")+"\n\n上限为每次调用 1.1 个请求，外加满额时的十次重试。"+
			"最密集的 100 ms 分别按调用发起和请求到达计算。停顿是机器造成的。",
		append([][]string{header}, rows...), 0)
}

// A note is a line about what the table does not show.
type note struct{ english, chinese string }

func goThroughOutage(t *testing.T, protocol protocol) (rows [][]string, n note) {
	t.Helper()
	times := time.Duration(1)
	if *long {
		times = 5
	}
	var (
		sb        = sandbox.Start(t)
		healthy   = &outagePhase{name: "well", lasts: 2 * times * time.Second, answer: sb.ServeHTTP}
		busy      = &outagePhase{name: "503", lasts: 3 * times * time.Second, answer: answerBusy}
		hanging   = &outagePhase{name: "hanging", lasts: 3 * times * time.Second}
		recovered = &outagePhase{name: "well again", lasts: 3 * times * time.Second, answer: sb.ServeHTTP}
		platform  = &outagePlatform{start: time.Now(), now: healthy}
	)
	hanging.answer = platform.answerNothing
	server := startPlatform(t, protocol, 0, platform)
	client := server.newClient(t, markedCalls{server.newTransport(t)})
	callers := outageCrowd{platform: platform, client: client, token: loginToken(t, sb)}

	stop := callers.gather()
	defer stop()
	for _, phase := range []*outagePhase{healthy, busy, hanging, recovered} {
		platform.enter(phase)
		time.Sleep(phase.lasts)
		// On a machine that is too busy for a thousand calls a second, a phase lasts until there is something to see.
		require.Eventually(t, platform.metEnough, time.Minute, 50*time.Millisecond)
	}
	recovered.ended = time.Now()
	stop()

	assert.LessOrEqual(t, healthy.failed(), busy.unseen, "failures while the platform is well, but for what arrived too late")
	assert.Zero(t, recovered.failed(), "failures of calls made after the platform is back")
	assert.NotZero(t, recovered.succeeded)
	assert.GreaterOrEqual(t, busy.repeated, 10, "the quota is there to be used")
	assert.NotZero(t, busy.answered503)
	assert.NotZero(t, hanging.gaveUp)
	assert.NotZero(t, hanging.dropped)
	for _, phase := range []*outagePhase{healthy, busy, hanging, recovered} {
		assert.LessOrEqual(t, float64(phase.requests), phase.allowed(), "requests in the phase %q", phase.name)
		rows = append(rows, phase.row(protocol.name))
	}
	for _, phase := range []*outagePhase{busy, hanging, recovered} {
		// Callers who came back together would be 500 at once, where a hundred is the mean. What bunches up because the
		// machine is busy bunches up among the calls as well, or is no more than what comes in while it stalls.
		burst := max(2*phase.fullestCalls(), outageCallers*7/10) + int(callsPerSecond*phase.stall.Seconds())
		assert.LessOrEqual(t, phase.fullestRequests(), burst, "requests within %v in the phase %q", burstSpan, phase.name)
	}
	// Over both phases together nothing is left out: not what a call of the first sends in the second, nor what had just
	// begun before.
	outage := &outagePhase{
		calls:    busy.unseen + busy.calls + hanging.calls,
		requests: busy.requests + busy.late + hanging.requests + hanging.late,
	}
	assert.LessOrEqual(t, float64(outage.requests), outage.allowed(), "requests in the outage")

	since := func(moment time.Time) int64 { return max(moment.Sub(recovered.began), 0).Milliseconds() }
	figures := []any{
		protocol.name, recovered.calls, since(recovered.firstSuccess), recovered.failed(),
		longestHang.Milliseconds(), since(hanging.lastFailure),
	}
	return rows, note{
		fmt.Sprintf("%s: once the platform was back, the first of the %d calls made since succeeded after %d ms, and %d of them failed. "+
			"Of the calls that hung, and would have for up to %d ms more, the last failed after %d ms.", figures...),
		fmt.Sprintf("%s：平台恢复后发起了 %d 次调用，第一次在 %d ms 后成功，失败 %d 次。此前无响应的调用最多还会等待 %d ms，"+
			"最后一次在 %d ms 后失败。", figures...),
	}
}

func loginToken(t *testing.T, sb *sandbox.Server) string {
	t.Helper()
	sb.AddAccount(sandbox.Account{Username: "outage", Password: "Passw0rd"})
	login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "outage", Password: "Passw0rd"})
	require.NoError(t, err)
	return login.Data.Token
}

// An outageCrowd is the callers.
type outageCrowd struct {
	platform *outagePlatform
	client   *openplatform.Client
	token    string
}

// gather has the callers call until stop, which waits for the calls under way.
func (c outageCrowd) gather() (stop func()) {
	var callers sync.WaitGroup
	over := make(chan struct{})
	for range outageCallers {
		callers.Go(func() {
			for c.thinks(over) {
				c.callOnce()
			}
		})
	}
	callers.Go(func() { c.platform.noteStalls(over) })
	return sync.OnceFunc(func() {
		close(over)
		callers.Wait()
	})
}

func (c outageCrowd) thinks(over <-chan struct{}) bool {
	thought := leastThought + rand.N(mostThought-leastThought) //nolint:gosec // a pause needs no secrecy
	select {
	case <-over:
		return false
	case <-time.After(thought):
		return true
	}
}

// callOnce makes one read. One in ten is a picture code, which takes the sandbox long to paint.
func (c outageCrowd) callOnce() {
	ctx, giveUp := context.WithCancel(context.Background())
	defer giveUp()
	call := c.platform.begin(giveUp)
	ctx = context.WithValue(ctx, outageCallKey{}, call.id)
	var err error
	if call.id%10 == 0 {
		_, err = c.client.GetImgCode(ctx)
	} else {
		_, err = c.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: c.token})
	}
	c.platform.end(call, err)
}

type outageCallKey struct{}

// markedCalls tells the platform which call a request belongs to. Only reads go through it: for them nothing depends on
// the transport being net/http's own.
type markedCalls struct{ next http.RoundTripper }

func (m markedCalls) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(sandbox.CallIDHeader, fmt.Sprint(req.Context().Value(outageCallKey{})))
	return m.next.RoundTrip(req)
}

// An outagePlatform is the platform in its phases, and knows of every call that is made to it.
type outagePlatform struct {
	start time.Time

	mu    sync.Mutex
	now   *outagePhase
	calls []*markedCall // by id
	seen  int           // calls of which a request has arrived
}

type markedCall struct {
	id     int
	phase  *outagePhase // in which it began
	seen   bool         // a request of it has arrived
	giveUp func()       // ends the caller's patience
}

// An outagePhase is how the platform behaves for a while, and what it meets in that time.
type outagePhase struct {
	name         string
	lasts        time.Duration
	answer       http.HandlerFunc
	began, ended time.Time

	calls    int // begun in this phase
	unseen   int // calls that had begun before it, and of which nothing had arrived
	requests int // arrived in this phase, for calls of this phase
	late     int // arrived in this phase, for calls of an earlier one
	repeated int // arrived in this phase, and not the first of its call

	callTimes, requestTimes []time.Duration
	stall                   time.Duration // the longest for which the machine kept us from running

	// How the calls begun in this phase ended, whenever they did.
	succeeded, answered503, dropped, gaveUp int
	firstSuccess, lastFailure               time.Time
}

func (p *outagePlatform) enter(phase *outagePhase) {
	p.mu.Lock()
	defer p.mu.Unlock()
	phase.began = time.Now()
	p.now.ended = phase.began
	phase.unseen = len(p.calls) - p.seen
	p.now = phase
}

// metEnough reports whether as many requests have arrived in this phase as there are callers.
func (p *outagePlatform) metEnough() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now.requests+p.now.late >= outageCallers
}

func (p *outagePlatform) begin(giveUp func()) *markedCall {
	p.mu.Lock()
	defer p.mu.Unlock()
	call := &markedCall{id: len(p.calls), phase: p.now, giveUp: giveUp}
	p.calls = append(p.calls, call)
	p.now.calls++
	p.now.callTimes = append(p.now.callTimes, time.Since(p.start))
	return call
}

// noteStalls wants to run every 10 ms, and notes how late it does.
func (p *outagePlatform) noteStalls(over <-chan struct{}) {
	const tick = 10 * time.Millisecond
	for {
		asleep := time.Now()
		select {
		case <-over:
			return
		case <-time.After(tick):
		}
		p.mu.Lock()
		p.now.stall = max(p.now.stall, time.Since(asleep)-tick)
		p.mu.Unlock()
	}
}

func (p *outagePlatform) end(call *markedCall, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	phase := call.phase
	if err != nil {
		phase.lastFailure = time.Now()
	}
	switch {
	case err == nil && phase.succeeded == 0:
		phase.firstSuccess = time.Now()
		fallthrough
	case err == nil:
		phase.succeeded++
	case errors.Is(err, context.Canceled):
		phase.gaveUp++
	case errors.Is(err, openplatform.ErrPlatform):
		phase.answered503++
	default:
		phase.dropped++
	}
}

func (p *outagePlatform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.arrival(r)(w, r)
}

func (p *outagePlatform) callOf(r *http.Request) *markedCall {
	id, err := strconv.Atoi(r.Header.Get(sandbox.CallIDHeader))
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || id >= len(p.calls) {
		panic("a request that belongs to no call")
	}
	return p.calls[id]
}

func (p *outagePlatform) arrival(r *http.Request) http.HandlerFunc {
	call := p.callOf(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	if call.seen {
		p.now.repeated++
	} else {
		call.seen = true
		p.seen++
	}
	if call.phase == p.now {
		p.now.requests++
	} else {
		p.now.late++
	}
	p.now.requestTimes = append(p.now.requestTimes, time.Since(p.start))
	return p.now.answer
}

var answerBusy = pageOf(http.StatusServiceUnavailable)

// answerNothing hangs, and goes on hanging when the platform is back. After a second, one caller in two loses patience;
// to the others the connection is lost, which is what the client may try again after.
func (p *outagePlatform) answerNothing(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only after it is read is a lost client noticed
	time.Sleep(longestHang)
	call := p.callOf(r)
	if call.id%2 == 0 {
		panic(http.ErrAbortHandler)
	}
	call.giveUp()
	<-r.Context().Done()
}

// allowed is exact. Repetitions in a phase are paid from what the quota holds when it begins, ten at most, and from a
// tenth for each call that pays in during the phase: those that begin in it, and those that had begun just before and
// had not come as far.
func (p *outagePhase) allowed() float64 {
	return 1.1*float64(p.calls) + 10 + 0.1*float64(p.unseen)
}

func (p *outagePhase) failed() int          { return p.answered503 + p.dropped + p.gaveUp }
func (p *outagePhase) fullestCalls() int    { return fullest(p.callTimes) }
func (p *outagePhase) fullestRequests() int { return fullest(p.requestTimes) }

func (p *outagePhase) row(protocol string) []string {
	mean := float64(len(p.requestTimes)) * float64(burstSpan) / float64(p.ended.Sub(p.began))
	return []string{
		p.name + ", " + protocol, strconv.Itoa(p.calls), strconv.Itoa(p.requests), strconv.Itoa(int(p.allowed())),
		fmt.Sprintf("%.3f", float64(p.requests)/float64(p.calls)), strconv.Itoa(p.late), strconv.Itoa(p.succeeded),
		strconv.Itoa(p.answered503), strconv.Itoa(p.dropped), strconv.Itoa(p.gaveUp),
		fmt.Sprintf("%.0f", mean), strconv.Itoa(p.fullestCalls()), strconv.Itoa(p.fullestRequests()),
		fmt.Sprintf("%d ms", p.stall.Milliseconds()),
	}
}

// failTogether answers 503 to 500 calls at one moment, each of a client and a quota of its own, so that all of them come
// again. The policy's wait is long, two seconds, so that the time in which a slow machine gets 500 requests out is short
// beside it.
func failTogether(t *testing.T, retryAfter string) note {
	t.Helper()
	const longestWait = 2 * time.Second
	storm := &outageStorm{retryAfter: retryAfter, seen: map[string]bool{}, complete: make(chan struct{})}
	server := startPlatform(t, http1, 0, storm)
	transport := server.newTransport(t)
	var callers sync.WaitGroup
	for id := range outageCallers {
		client := server.newClient(t, transport, openplatform.WithHeader(sandbox.CallIDHeader, strconv.Itoa(id)),
			openplatform.WithTimeout(time.Minute),
			openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 2, BaseDelay: longestWait, MaxDelay: longestWait}))
		callers.Go(func() { _, _ = client.GetImgCode(context.Background()) })
	}
	storm.startTimers(longestWait)
	callers.Wait()
	storm.timers.Wait()

	require.Len(t, storm.returns, outageCallers, "every call is attempted twice")
	even := outageCallers * int(burstSpan) / int(longestWait)
	most, control := fullest(storm.returns), fullest(storm.control)
	// Without jitter all 500 are back within the time it takes to send them. Timers of the test's own, spread as the
	// attempts should be, show how much of a burst is the machine's.
	assert.LessOrEqual(t, most, max(5*even, 3*control), "second attempts within %v", burstSpan)
	english, chinese := "without Retry-After", "不带 Retry-After"
	if retryAfter != "" {
		english, chinese = "with Retry-After", "带 Retry-After"
	}
	figures := []any{longestWait.Milliseconds(), burstSpan.Milliseconds(), most, control, even, outageCallers}
	return note{
		fmt.Sprintf("%d calls failed at one moment (%s) and wait up to %d ms. The fullest %d ms of second attempts held %d; as many timers "+
			"at random held %d, an even spread is %d, all at once would be %d.", append([]any{outageCallers, english}, figures...)...),
		fmt.Sprintf("%d 次调用同时失败（%s），各自最多等待 %d ms。第二次尝试最密集的 %d ms 内有 %d 次；同样数量的随机定时器为 %d 次，"+
			"均匀分布为 %d 次，全部同时则为 %d 次。", append([]any{outageCallers, chinese}, figures...)...),
	}
}

type outageStorm struct {
	retryAfter string

	mu       sync.Mutex
	seen     map[string]bool
	complete chan struct{} // closed when every call has sent its first request
	failedAt time.Time
	returns  []time.Duration // when second attempts arrived, since all were refused

	timers  sync.WaitGroup
	control []time.Duration // when the test's own timers went off
}

// startTimers sets 500 timers at random between now and longest, as soon as all calls are refused.
func (s *outageStorm) startTimers(longest time.Duration) {
	<-s.complete
	for range outageCallers {
		s.timers.Go(func() {
			time.Sleep(rand.N(longest)) //nolint:gosec // a pause needs no secrecy
			s.mu.Lock()
			defer s.mu.Unlock()
			s.control = append(s.control, time.Since(s.failedAt))
		})
	}
}

func (s *outageStorm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.arrival(r.Header.Get(sandbox.CallIDHeader))
	select {
	case <-s.complete:
	case <-r.Context().Done():
	}
	if s.retryAfter != "" {
		w.Header().Set("Retry-After", s.retryAfter)
	}
	answerBusy(w, r)
}

func (s *outageStorm) arrival(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[id] {
		s.returns = append(s.returns, time.Since(s.failedAt))
		return
	}
	s.seen[id] = true
	if len(s.seen) == outageCallers {
		s.failedAt = time.Now()
		close(s.complete)
	}
}

// Bursts are looked for in every span of this length.
const burstSpan = 100 * time.Millisecond

// fullest returns the most events that fall into any burstSpan.
func fullest(events []time.Duration) int {
	events = slices.Sorted(slices.Values(events))
	most, from := 0, 0
	for to := range events {
		for events[to]-events[from] >= burstSpan {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}
