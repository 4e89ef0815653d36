package faults

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A gatewayCrowd is many calls at once, that change something, through a gateway that closes connections under them.
type gatewayCrowd struct {
	gateway gatewayKind
	name    string
	setup   gatewaySetup
	callers int
	calls   int
	apart   bool          // each caller has connections of its own
	latency time.Duration // of the platform
	pause   func() time.Duration
	// reloads is how often, at most, the gateway is reloaded meanwhile.
	reloads int64
	// allSucceed says that nothing may go wrong; otherwise, most calls succeed.
	allSucceed bool
}

func gatewayCrowds(authority *gatewayAuthority) []gatewayCrowd {
	calls := 400
	if *long {
		calls = 4000
	}
	secure := &gatewayCert{authority: authority}
	// Around the 20 ms after which the gateways of these cases close what is idle.
	aroundTheTimeout := func() time.Duration {
		return 18*time.Millisecond + rand.N(4*time.Millisecond) //nolint:gosec // a pause needs no secrecy
	}
	closing := func(kind gatewayKind, lines string) gatewayCrowd {
		return gatewayCrowd{
			gateway: kind, name: "connection closed after each response", setup: gatewaySetup{Lines: lines},
			callers: 8, calls: calls, allSucceed: true,
		}
	}
	idle := func(kind gatewayKind, lines string) gatewayCrowd {
		return gatewayCrowd{
			gateway: kind, name: "idle connections closed after 20 ms, a call every 20 ms", setup: gatewaySetup{Lines: lines},
			callers: 8, calls: calls, apart: true, pause: aroundTheTimeout,
		}
	}
	reload := func(kind gatewayKind, name, global string) gatewayCrowd {
		return gatewayCrowd{
			gateway: kind, name: name, setup: gatewaySetup{cert: secure, HTTP2: true, Global: global},
			callers: 32, calls: calls, latency: 50 * time.Millisecond,
			reloads: int64(calls / 80), // at worst each costs every caller a call: most still succeed
		}
	}
	return []gatewayCrowd{
		closing(nginx, "keepalive_requests 1;"),
		closing(haproxy, "option httpclose"),
		idle(nginx, "keepalive_timeout 20ms;"),
		idle(haproxy, "timeout http-keep-alive 20ms"),
		reload(nginx, "GOAWAY on reload, HTTP/2", ""),
		reload(haproxy, "GOAWAY on reload, HTTP/2", ""),
		reload(nginx, "GOAWAY on reload, worker_shutdown_timeout 20ms", "worker_shutdown_timeout 20ms;"),
		reload(haproxy, "GOAWAY on reload, hard-stop-after 20ms", "hard-stop-after 20ms"),
	}
}

func (c gatewayCrowd) run(t *testing.T, authority *gatewayAuthority) []string {
	t.Helper()
	sb := sandbox.Start(t)
	kinds := []gatewayCall{gatewaySms, gatewayLogout}
	calls := make([]gatewayDo, c.calls)
	for i := range calls {
		calls[i] = kinds[i%len(kinds)].prepare(t, sb, i)
	}
	for _, kind := range kinds {
		sb.Order(sandbox.Fault{Operation: kind.name, Delay: c.latency})
	}
	world := newGatewayWorld(t, c.gateway, c.setup, sb, authority)
	world.warmUp(t)
	stopReloading := c.keepReloading(world.process)
	results := c.callAll(t, world, calls)
	reloads := stopReloading()

	if c.reloads > 0 {
		assert.Positive(t, reloads)
		assert.Greater(t, world.dials.Load(), int64(1), "no connection was ever replaced")
	}
	return c.tally(t, sb, world, results, reloads)
}

// callAll makes the calls, and returns what each came to.
func (c gatewayCrowd) callAll(t *testing.T, world *gatewayWorld, calls []gatewayDo) []gatewayResult {
	t.Helper()
	results := make([]gatewayResult, len(calls))
	transports := make([]*http.Transport, c.callers)
	for i := range transports {
		transports[i] = world.transport
		if c.apart {
			transports[i] = world.newTransport(t)
		}
	}
	crowd(c.callers, 0, len(calls), func(caller, i int) {
		if c.pause != nil {
			time.Sleep(c.pause())
		}
		if c.reloads > 0 && i >= len(calls)/2 && world.dials.Load() == 1 {
			time.Sleep(time.Second) // a busy machine takes its time to reload: some calls are to be left for then
		}
		results[i] = world.call(t.Context(), transports[caller], gatewayCallID(i), calls[i])
	})
	return results
}

func gatewayCallID(i int) string { return fmt.Sprintf("call %d", i) }

// keepReloading reloads the gateway until it is stopped, and then says how often it did.
func (c gatewayCrowd) keepReloading(p *gatewayProcess) (stop func() int64) {
	stopping, reloads := make(chan struct{}), make(chan int64)
	go func() {
		ticker := time.NewTicker(150 * time.Millisecond)
		defer ticker.Stop()
		for done := int64(0); ; {
			select {
			case <-stopping:
				reloads <- done
				return
			case <-ticker.C:
			}
			if done < c.reloads {
				p.reload()
				done++
			}
		}
	}()
	return func() int64 {
		close(stopping)
		return <-reloads
	}
}

// tally holds each call against the ledger and returns the row of them all.
func (c gatewayCrowd) tally(
	t *testing.T, sb *sandbox.Server, world *gatewayWorld, results []gatewayResult, reloads int64,
) []string {
	t.Helper()
	delivered, carriedOut := map[string]int{}, map[string]int{}
	for _, entry := range sb.Ledger() {
		delivered[entry.CallID]++
		if entry.CarriedOut {
			carriedOut[entry.CallID]++
		}
	}
	outcomes, failures := map[string]int{}, map[string]int{}
	var sum, most gatewayResult
	for i, got := range results {
		id := gatewayCallID(i)
		got.deliveries, got.carriedOut = delivered[id], carriedOut[id]
		got.holdInCrowd(t, id)
		outcomes[openplatform.OutcomeOf(got.err).String()]++
		if got.err != nil {
			failures[gatewayErrorType(got.err)]++
		}
		sum.deliveries, sum.carriedOut = sum.deliveries+got.deliveries, sum.carriedOut+got.carriedOut
		most.deliveries, most.attempts = max(most.deliveries, got.deliveries), max(most.attempts, got.attempts)
	}
	atLeast := len(results) / 2
	if c.allSucceed {
		atLeast = len(results)
	}
	assert.GreaterOrEqual(t, outcomes[openplatform.OutcomeSucceeded.String()], atLeast, "%v, %v", outcomes, failures)
	says := fmt.Sprintf("%d calls over %d connections", len(results), world.dials.Load())
	if reloads > 0 {
		says += fmt.Sprintf(", %d reloads", reloads)
	}
	return []string{
		c.gateway.name, c.name, "SendSmsCode, Logout", gatewayCounts(failures), says, gatewayCounts(outcomes),
		fmt.Sprintf("at most %d", most.attempts), fmt.Sprintf("%d, at most %d a call", sum.deliveries, most.deliveries),
		strconv.Itoa(sum.carriedOut),
	}
}

// holdInCrowd holds what must be true of a call that changes something, whatever the gateway did.
func (r gatewayResult) holdInCrowd(t *testing.T, id string) {
	t.Helper()
	assert.LessOrEqual(t, r.deliveries, 1, "%s: %v", id, r.err)
	switch openplatform.OutcomeOf(r.err) {
	case openplatform.OutcomeSucceeded:
		assert.Equal(t, 1, r.carriedOut, "%s succeeded", id)
	case openplatform.OutcomeNotSent:
		assert.Zero(t, r.deliveries, "%s: %v", id, r.err)
	case openplatform.OutcomeRejected:
		assert.Fail(t, "the platform refuses none of these calls, unless it gets them twice", "%s: %v", id, r.err)
	}
}

func gatewayCounts(counts map[string]int) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}
