package simulation

import (
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// The platform's address, and what the token sources are for.
const (
	baseURL    = "http://platform.test"
	shop       = "shop"
	shopSecret = "s3cr3t"
)

// A world is one scenario: everything in it, and everything that happened.
type world struct {
	history
	plan     plan
	machines []*machine
	callers  sync.WaitGroup
	peers    atomic.Int64 // ends of connections that are alive
	faults   [faultKinds]atomic.Int64
	probing  bool
	shared   *sharedStore
	took     time.Duration
	outside  int // goroutines before anything began

	mu                      sync.Mutex // guards what follows
	dice                    dice       // of network and platform
	clock                   worldClock
	ledger                  []*delivery
	issued                  map[string]*accessToken
	newest                  map[string]*accessToken
	tickets                 map[string]time.Time
	rejectedAt              map[string][]time.Time
	revokedAt               []time.Time
	calls                   []*call
	visits                  []*visit
	visitCount, ticketCount int
	shown                   map[int]string // the last token of each machine

	breachMu sync.Mutex
	breaches []breach
}

// A machine is a process that uses the SDK: a client and a token source.
type machine struct {
	world  *world
	number int
	client *openplatform.Client
	source *openplatform.AccessTokenSource
	steps  []step
	gifts  []gift
	probed []step // of the quota
}

// A breach is a rule that was broken.
type breach struct{ Rule, Text string }

func (w *world) broke(rule, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	line, _, _ := strings.Cut(text, "\n") // what follows are stacks, which are never the same again
	w.add("BROKEN: %s: %s", rule, line)
	w.breachMu.Lock()
	defer w.breachMu.Unlock()
	w.breaches = append(w.breaches, breach{Rule: rule, Text: text})
}

func (w *world) gave(m *machine, g gift) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m.gifts = append(m.gifts, g)
}

// deadToken returns one that the platform issued and takes no longer, or never issued.
func (w *world) deadToken() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for i := range len(w.issued) {
		name := fmt.Sprintf("at-%s-%d", shop, i+1)
		if token := w.issued[name]; token != nil && !token.isGood(now) {
			return name
		}
	}
	return "dead-before-we-began"
}

// play plays the scenario of a seed.
func play(t *testing.T, seed uint64) (w *world) {
	t.Helper()
	w = &world{}
	if seeded {
		defer retry.Seed(seed)()
	}
	defer func() {
		// The bubble panics if there is nothing left to happen but not everything is over.
		if r := recover(); r != nil {
			w.broke("left-behind", "%v", r)
		}
	}()
	synctest.Test(t, func(*testing.T) {
		w.prepare(seed)
		w.outside = runtime.NumGoroutine()
		w.run()
	})
	return w
}

func (w *world) prepare(seed uint64) {
	w.start = time.Now()
	w.plan = drawPlan(newDice(seed, 1))
	w.dice = newDice(seed, 2)
	w.clock = worldClock{clock: w.plan.clock, start: w.start}
	w.issued, w.newest = map[string]*accessToken{}, map[string]*accessToken{}
	w.tickets, w.rejectedAt, w.shown = map[string]time.Time{}, map[string][]time.Time{}, map[int]string{}
	w.add("seed %d: %v", seed, w.plan)
	shared := newSharedStore()
	for i := range w.plan.machines {
		w.machines = append(w.machines, w.newMachine(i, seed, shared))
	}
	w.shared = shared
	if w.plan.usesTokens() {
		w.metPlan()
	}
}

func (w *world) metPlan() {
	if w.plan.clock.expiry != expiryRight || w.plan.clock.offset != 0 || w.plan.clock.garbled {
		w.met(clockTrouble)
	}
	if len(w.plan.clock.jumps) > 0 {
		w.met(clockJumps)
	}
}

func (w *world) newMachine(number int, seed uint64, shared *sharedStore) *machine {
	m := &machine{world: w, number: number}
	transport := openplatform.DefaultTransport()
	transport.Proxy = nil
	transport.DialContext = w.dial
	hc := &http.Client{Transport: transport}
	if w.plan.wrapped {
		hc.Transport = wrapper{transport}
	}
	client, err := openplatform.NewClient(openplatform.Test,
		openplatform.WithBaseURL(baseURL), openplatform.WithHTTPClient(hc),
		openplatform.WithTimeout(w.plan.timeout), openplatform.WithRetry(w.plan.policy),
		openplatform.WithObserver(watcher{m}))
	if err != nil {
		panic(err)
	}
	m.client = client
	if !w.plan.usesTokens() {
		return m
	}
	var opts []openplatform.TokenOption
	if w.plan.store.on {
		opts = append(opts, openplatform.WithTokenStore(&store{machine: m, shared: shared, dice: newDice(seed, 100+uint64(number))}))
	}
	if m.source, err = client.AccessTokenSource(shop, shopSecret, opts...); err != nil {
		panic(err)
	}
	return m
}

// wrapper is a RoundTripper of the caller's, behind which the SDK knows less of its connections.
type wrapper struct{ next *http.Transport }

func (t wrapper) RoundTrip(req *http.Request) (*http.Response, error) { return t.next.RoundTrip(req) }

func (t wrapper) CloseIdleConnections() { t.next.CloseIdleConnections() }

// run lets everybody do their part, waits until it is quiet, and holds the rules against what happened.
func (w *world) run() {
	for _, p := range w.plan.callers {
		w.callers.Add(1)
		go w.runCaller(p)
	}
	for _, at := range w.plan.revocations {
		w.callers.Add(1)
		go func() {
			defer w.callers.Done()
			time.Sleep(at)
			w.revoke()
		}()
	}
	w.callers.Wait()
	time.Sleep(w.plan.quietAfter())
	w.checkLeftBehind()
	if w.plan.probes {
		w.probe()
	}
	time.Sleep(5 * time.Minute)
	synctest.Wait()
	w.took = time.Since(w.start)
	w.checkLocks()
	w.check()
}

// checkLeftBehind counts the goroutines that are the SDK's: all but the platform's and those that the store holds.
func (w *world) checkLeftBehind() {
	for _, m := range w.machines {
		m.client.CloseIdleConnections()
	}
	synctest.Wait()
	theirs := int(w.peers.Load() + w.shared.stuck.Load())
	w.add("all calls are over")
	if runtime.NumGoroutine()-w.outside <= theirs {
		return
	}
	// That counts others, too, such as the runtime's own: now look closely.
	if left := stacks(); len(left) > int(w.shared.stuck.Load()) {
		w.broke("left-behind", "%d goroutines outlive the client's timeout:\n%s", len(left), strings.Join(left, "\n"))
	}
}

// stacks returns the goroutines of the bubble that are not the simulation's: those that the store holds are among them.
func stacks() (left []string) {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	ours := []string{"simulation.(*peer)", "simulation.stacks(", "synctest.Run(", "synctest.testingSynctestTest("}
	for g := range strings.SplitSeq(string(buf), "\n\n") {
		isOurs := slices.ContainsFunc(ours, func(name string) bool { return strings.Contains(g, name) })
		if strings.Contains(g, "synctest bubble") && !isOurs {
			left = append(left, g)
		}
	}
	return left
}
