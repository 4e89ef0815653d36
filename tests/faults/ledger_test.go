package faults

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// The calls of a scenario come from 64 callers at once, which share 16 transports: over HTTP/2 so many connections too.
// They come in batches, because a service ticket, once prepared, lives for a minute. In a batch every operation has its
// turn 18 times.
const (
	ledgerCallers    = 64
	ledgerTransports = 16
	ledgerBatch      = 162
)

// TestLedger makes calls that change something on the platform while the network, or the platform, fails in every way
// we know of, and then holds what the SDK said of each call against what the platform's ledger says of it.
func TestLedger(t *testing.T) {
	batches := 1 // of each protocol under each fault
	if *long {
		batches = 12
	}
	results := make([][]ledgerResult, len(ledgerFaults))
	t.Run("calls", func(t *testing.T) {
		for i, fault := range ledgerFaults {
			results[i] = make([]ledgerResult, len(ledgerProtocols))
			for j, protocol := range ledgerProtocols {
				t.Run(protocol.name+" "+fault.name, func(t *testing.T) {
					t.Parallel()
					results[i][j] = fault.run(t, protocol, batches)
				})
			}
		}
	})
	reportLedger(t, results)
}

var ledgerProtocols = []protocol{http1, http1TLS, http2}

// A ledgerFault is something that goes wrong for as long as a scenario lasts.
type ledgerFault struct {
	name    string
	toxics  []toxic
	before  func(s *ledgerScenario, n int) // done before the call with this number, from 0
	refuses bool                           // the proxy refuses connections

	idleTimeout time.Duration // of the platform, for a connection that nobody uses
	timeout     time.Duration // of a call; 0 means patientTimeout

	// verdict says what else must be true of a call under this fault, "" if it is.
	verdict func(c *ledgerCall, o openplatform.Outcome, entries []sandbox.Entry) string
}

const (
	// patientTimeout is of calls that nothing but a hang should run into.
	patientTimeout = time.Minute
	// impatientTimeout is of calls that are meant to run into it.
	impatientTimeout = time.Second
)

var ledgerFaults = []ledgerFault{
	{name: "none", verdict: endsAsPrepared},
	{
		name: "latency", verdict: endsAsPrepared,
		toxics: []toxic{
			{kind: "latency", stream: "upstream", attributes: `"latency": 10, "jitter": 10`},
			{kind: "latency", stream: "downstream", attributes: `"latency": 10, "jitter": 10`},
		},
	},
	{
		name: "latency, past the timeout", timeout: impatientTimeout,
		toxics: []toxic{
			{kind: "latency", stream: "upstream", attributes: `"latency": 350, "jitter": 350`},
			{kind: "latency", stream: "downstream", attributes: `"latency": 350, "jitter": 350`},
		},
	},
	{
		name: "bandwidth", verdict: endsAsPrepared,
		toxics: []toxic{
			{kind: "bandwidth", stream: "upstream", attributes: `"rate": 30`},
			{kind: "bandwidth", stream: "downstream", attributes: `"rate": 30`},
		},
	},
	{
		name: "slicer", verdict: endsAsPrepared,
		toxics: []toxic{
			{kind: "slicer", stream: "upstream", attributes: `"average_size": 64, "size_variation": 32`, strikes: longerThan(96)},
			{kind: "slicer", stream: "downstream", attributes: `"average_size": 64, "size_variation": 32`, strikes: longerThan(96)},
		},
	},
	{
		name:   "reset_peer, upstream",
		toxics: []toxic{{kind: "reset_peer", stream: "upstream", spared: 11}},
	},
	{
		name:   "reset_peer, downstream",
		toxics: []toxic{{kind: "reset_peer", stream: "downstream", spared: 11}},
	},
	{
		name: "timeout, upstream", timeout: impatientTimeout,
		toxics: []toxic{{kind: "timeout", stream: "upstream", attributes: `"timeout": 600`, spared: 11}},
	},
	{
		name: "timeout, downstream", timeout: impatientTimeout,
		toxics: []toxic{{kind: "timeout", stream: "downstream", attributes: `"timeout": 600`, spared: 11}},
	},
	{
		name: "limit_data, upstream", // the request is cut
		toxics: []toxic{
			{kind: "limit_data", stream: "upstream", attributes: `"bytes": 250`, spared: 11, strikes: pastBytes(250)},
		},
	},
	{
		name: "limit_data, downstream", // the answer is cut
		toxics: []toxic{
			{kind: "limit_data", stream: "downstream", attributes: `"bytes": 150`, spared: 11, strikes: pastBytes(150)},
		},
	},
	{
		name: "slow_close", idleTimeout: 5 * time.Millisecond,
		toxics: []toxic{{kind: "slow_close", stream: "downstream", attributes: `"delay": 100`, strikes: atTheEnd}},
	},
	{name: "proxy down", refuses: true, before: stopProxy, verdict: staysUnsent},
	{name: "proxy down and up again", refuses: true, before: flapProxy},
	{name: "platform drops before acting", before: atEveryThird(sandbox.Fault{Drop: true}), verdict: arrivesUndone},
	{
		name: "platform drops after acting", before: atEveryThird(sandbox.Fault{Drop: true, After: true}),
		verdict: arrivesDone,
	},
	{
		name: "gateway responds with 502", verdict: arrivesUndone,
		before: atEveryThird(sandbox.Fault{HTTPStatus: http.StatusBadGateway, Body: "<title>502 Bad Gateway</title>"}),
	},
	{
		name: "platform acts, 503 comes back", verdict: arrivesDone,
		before: atEveryThird(sandbox.Fault{
			After: true, HTTPStatus: http.StatusServiceUnavailable, Code: "503", Header: http.Header{"Retry-After": {"0"}},
		}),
	},
}

func longerThan(n int) func([]byte, int) bool {
	return func(piece []byte, _ int) bool { return len(piece) > n }
}

func pastBytes(n int) func([]byte, int) bool {
	return func(piece []byte, total int) bool { return piece != nil && total >= n }
}

func atTheEnd(piece []byte, _ int) bool { return piece == nil }

func stopProxy(s *ledgerScenario, n int) {
	if n == 0 {
		s.proxy.Stop()
	}
}

// flapProxy takes the proxy down again and again, each time until it has refused some ten calls, three attempts each.
func flapProxy(s *ledgerScenario, n int) {
	enough := s.refused.Load() >= s.refusedBefore+30
	switch {
	case n%60 == 20:
		s.refusedBefore = s.refused.Load()
		s.proxy.Stop()
	case !s.proxy.Enabled && (enough || n%60 == 0):
		assert.NoError(s.t, s.proxy.Start())
	}
}

// atEveryThird orders a fault of the sandbox for the next request that arrives.
func atEveryThird(f sandbox.Fault) func(*ledgerScenario, int) {
	f.Times = 1
	return func(s *ledgerScenario, n int) {
		if n%3 == 0 {
			s.ordered = append(s.ordered, s.sandbox.Order(f))
		}
	}
}

func endsAsPrepared(c *ledgerCall, o openplatform.Outcome, _ []sandbox.Entry) string {
	want := openplatform.OutcomeSucceeded
	if c.refused {
		want = openplatform.OutcomeRejected
	}
	if o != want {
		return "nothing is lost under this fault, the outcome should be " + want.String()
	}
	return ""
}

func staysUnsent(_ *ledgerCall, o openplatform.Outcome, _ []sandbox.Entry) string {
	if o != openplatform.OutcomeNotSent {
		return "there was no connection to send it over"
	}
	return ""
}

func arrivesUndone(_ *ledgerCall, o openplatform.Outcome, entries []sandbox.Entry) string {
	if len(entries) != 1 || o == openplatform.OutcomeUnknown && entries[0].CarriedOut {
		return "it should be in the ledger, and if the outcome is unknown not be carried out"
	}
	return ""
}

func arrivesDone(c *ledgerCall, _ openplatform.Outcome, entries []sandbox.Entry) string {
	if len(entries) != 1 || entries[0].CarriedOut == c.refused {
		return "it should be in the ledger, and carried out unless it was made to be refused"
	}
	return ""
}

// judgeCall returns which rule a call breaks that holds whatever fails, "" if none.
func judgeCall(c *ledgerCall, o openplatform.Outcome, entries []sandbox.Entry) string {
	if len(entries) > 1 {
		return "it was delivered more than once"
	}
	var entry sandbox.Entry // of a call that never arrived, the zero Entry
	if len(entries) == 1 {
		entry = entries[0]
	}
	arrived := len(entries) == 1
	rules := []struct {
		broken bool
		rule   string
	}{
		{arrived && entry.Operation != c.operation, "it was delivered as another operation"},
		{entry.CarriedOut && c.refused, "it was made to be refused, and was carried out"},
		{o == openplatform.OutcomeSucceeded && !entry.CarriedOut, "it succeeded, and was not carried out"},
		{o == openplatform.OutcomeSucceeded && entry.Code != "000", "it succeeded, and was answered otherwise"},
		{o == openplatform.OutcomeNotSent && arrived, "it was not sent, and was delivered"},
		{o == openplatform.OutcomeRejected && !strings.HasPrefix(entry.Code, "4"), "it was rejected, and not by the platform"},
		{o == openplatform.OutcomeRejected && entry.CarriedOut, "it was rejected, and was carried out"},
		{o == openplatform.OutcomeRejected && !c.refused, "nothing was wrong with it, and it was rejected"},
		{
			o != openplatform.OutcomeNotSent && errors.Is(c.err, syscall.ECONNREFUSED),
			"the connection was refused, and it is not said to be not sent",
		},
	}
	for _, r := range rules {
		if r.broken {
			return r.rule
		}
	}
	return ""
}

// A ledgerScenario is one protocol under one fault.
type ledgerScenario struct {
	t          *testing.T
	sandbox    *sandbox.Sandbox
	platform   *platformServer
	proxy      *faultProxy
	transports []*http.Transport
	ordered    []*sandbox.Ordered

	refused       atomic.Int64 // dials
	refusedBefore int64        // the proxy went down for the last time
}

// run makes calls over a protocol under the fault, and judges them.
func (f ledgerFault) run(t *testing.T, protocol protocol, batches int) ledgerResult {
	t.Helper()
	s := &ledgerScenario{t: t, sandbox: sandbox.New()}
	s.platform = startPlatform(t, protocol, f.idleTimeout, s.sandbox)
	s.proxy = startFaultProxy(t, s.platform.Listener.Addr().String(), f.toxics...)
	for range ledgerTransports {
		s.transports = append(s.transports, s.newTransport())
	}

	stage := newLedgerStage(t, s.sandbox)
	var calls []*ledgerCall
	for range batches {
		batch := stage.calls(len(calls), ledgerBatch)
		s.callAll(f, batch)
		calls = append(calls, batch...)
	}
	s.settle()

	result := s.judgeAll(f, calls)
	assert.Zero(t, s.platform.otherVersions.Load(), "every request should come over %s", protocol.version)
	assert.Equal(t, f.name != "none", result.fired > 0, "how often the fault fired: %d", result.fired)
	if len(s.ordered) > 0 {
		assert.EqualValues(t, result.fired, result.unknown, "an unknown outcome for each request that a fault hit, and no more")
	}
	if protocol.oneCallAtOnce && f.timeout == 0 && !f.refuses {
		assert.LessOrEqual(t, int64(result.unknown), result.fired, "an unknown outcome needs a fault that explains it")
	}
	return result
}

func (s *ledgerScenario) newTransport() *http.Transport {
	transport := s.platform.newTransport(s.t)
	transport.TLSHandshakeTimeout = patientTimeout // the default is short for a machine that has other things to do
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			s.refused.Add(1)
		}
		return conn, err
	}
	return transport
}

// newClient makes a client for one call, so that it carries an id, over a transport that it shares.
func (s *ledgerScenario) newClient(c *ledgerCall, timeout time.Duration) *openplatform.Client {
	s.t.Helper()
	if timeout == 0 {
		timeout = patientTimeout
	}
	return s.platform.newClient(s.t, s.transports[c.number%len(s.transports)],
		openplatform.WithBaseURL(strings.Replace(s.platform.URL, s.platform.Listener.Addr().String(), s.proxy.Listen, 1)),
		openplatform.WithHeader(sandbox.CallIDHeader, c.id()),
		openplatform.WithTimeout(timeout),
		openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 2 * time.Millisecond, MaxDelay: 8 * time.Millisecond}),
	)
}

func (s *ledgerScenario) callAll(f ledgerFault, calls []*ledgerCall) {
	s.t.Helper()
	type job struct {
		*ledgerCall
		client *openplatform.Client
	}
	jobs := make(chan job)
	var callers sync.WaitGroup
	for range ledgerCallers {
		callers.Go(func() {
			for j := range jobs {
				j.err = j.send(s.t.Context(), j.client)
			}
		})
	}
	for _, c := range calls {
		client := s.newClient(c, f.timeout)
		if f.before != nil {
			f.before(s, c.number)
		}
		jobs <- job{c, client}
	}
	close(jobs)
	callers.Wait()
}

// settle waits until every connection is closed: what is still in the proxy then has arrived, and the ledger is
// complete.
func (s *ledgerScenario) settle() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		for _, transport := range s.transports {
			closeIdle(s.t, transport)
		}
		open, _, _ := s.platform.accepted.now()
		return open == 0
	}, 3*time.Minute, 5*time.Millisecond, "connections are still open")
}

// judgeAll counts how the calls ended, and reports those that broke a rule.
func (s *ledgerScenario) judgeAll(f ledgerFault, calls []*ledgerCall) ledgerResult {
	s.t.Helper()
	entries := make(map[string][]sandbox.Entry)
	for _, e := range s.sandbox.Ledger() {
		entries[e.CallID] = append(entries[e.CallID], e)
	}
	_, _, connections := s.platform.accepted.now()
	r := ledgerResult{connections: connections, fired: s.fired()}
	for _, c := range calls {
		outcome := openplatform.OutcomeOf(c.err)
		r.add(c, outcome, entries[c.id()])
		broken := judgeCall(c, outcome, entries[c.id()])
		if broken == "" && f.verdict != nil {
			broken = f.verdict(c, outcome, entries[c.id()])
		}
		if broken == "" {
			continue
		}
		r.violations++
		if r.violations <= 10 {
			assert.Fail(s.t, broken, "%s %s, made to be refused: %t, outcome %s, error: %v, ledger: %+v",
				c.id(), c.operation, c.refused, outcome, c.err, entries[c.id()])
		}
	}
	assert.Zero(s.t, r.violations, "calls that broke a rule")
	return r
}

func (s *ledgerScenario) fired() int64 {
	fired := s.proxy.struck.Load() + s.refused.Load()
	for _, o := range s.ordered {
		fired += int64(o.Fired())
	}
	return fired
}

// A ledgerResult says how the calls of a scenario ended.
type ledgerResult struct {
	calls, succeeded, rejected, notSent, unknown int
	unknownArrived                               int // of the unknown, those in the ledger
	deliveries, violations, connections          int
	fired                                        int64

	refused, refusedNotSent int // calls whose connection was refused
}

func (r *ledgerResult) add(c *ledgerCall, o openplatform.Outcome, entries []sandbox.Entry) {
	r.calls++
	r.deliveries += len(entries)
	switch o {
	case openplatform.OutcomeSucceeded:
		r.succeeded++
	case openplatform.OutcomeRejected:
		r.rejected++
	case openplatform.OutcomeNotSent:
		r.notSent++
	default:
		r.unknown++
		r.unknownArrived += min(len(entries), 1)
	}
	if !errors.Is(c.err, syscall.ECONNREFUSED) {
		return
	}
	r.refused++
	if o == openplatform.OutcomeNotSent {
		r.refusedNotSent++
	}
}

func (r *ledgerResult) join(other ledgerResult) {
	r.calls += other.calls
	r.succeeded += other.succeeded
	r.rejected += other.rejected
	r.notSent += other.notSent
	r.unknown += other.unknown
	r.unknownArrived += other.unknownArrived
	r.deliveries += other.deliveries
	r.violations += other.violations
	r.connections += other.connections
	r.fired += other.fired
	r.refused += other.refused
	r.refusedNotSent += other.refusedNotSent
}

func reportLedger(t *testing.T, results [][]ledgerResult) {
	t.Helper()
	var rows [][]string
	var total ledgerResult
	for i, fault := range ledgerFaults {
		var all ledgerResult
		var fired []string
		for _, r := range results[i] {
			all.join(r)
			fired = append(fired, strconv.FormatInt(r.fired, 10))
		}
		if all.calls == 0 { // -run asked for others
			continue
		}
		total.join(all)
		if fault.name != "proxy down" {
			assert.NotZero(t, all.succeeded, fault.name)
			assert.NotZero(t, all.rejected, fault.name)
		}
		rows = append(rows, all.row(fault.name, strings.Join(fired, " / ")))
	}
	rows = append(rows, total.row("all", strconv.FormatInt(total.fired, 10)))
	english := fmt.Sprintf("Mutating calls under each fault. Fired counts the pieces of data that the proxy delayed, cut up, shortened or "+
		"swallowed (slow_close: connections closed late), the dials it refused, or the requests that the platform failed on "+
		"purpose. Arrived means in the ledger. A violation is a call whose outcome its ledger entries contradict. "+
		"Of %d calls whose last attempt found the connection refused, %d are not sent.", total.refused, total.refusedNotSent)
	chinese := fmt.Sprintf("各种故障下的变更类调用。触发次数是指代理延迟、切碎、截短或丢弃的数据片段数（slow_close 为延迟关闭的连接数）、"+
		"拒绝的连接数，或平台故意失败的请求数。送达指台账中有记录。违反是指调用的结果与台账矛盾。"+
		"最后一次尝试时连接被拒绝的调用有 %d 次，其中 %d 次为“未发出”。", total.refused, total.refusedNotSent)
	header := []string{
		"fault", "fired (HTTP/1.1 / HTTP/1.1+TLS / HTTP/2+TLS)", "calls", "succeeded", "rejected", "not sent", "unknown",
		"unknown, arrived", "deliveries", "connections", "violations",
	}
	report(t, "ledger", english, chinese, append([][]string{header}, rows...), 0)
}

func (r *ledgerResult) row(name, fired string) []string {
	row := []string{name, fired}
	for _, n := range []int{
		r.calls, r.succeeded, r.rejected, r.notSent, r.unknown, r.unknownArrived, r.deliveries, r.connections, r.violations,
	} {
		row = append(row, strconv.Itoa(n))
	}
	return row
}
