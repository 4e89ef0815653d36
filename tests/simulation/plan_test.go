package simulation

import (
	"fmt"
	"slices"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A plan is all that is decided before a scenario begins.
type plan struct {
	kind        string
	machines    int
	timeout     time.Duration
	policy      openplatform.RetryPolicy
	wrapped     bool          // the SDK goes through a RoundTripper that is not net/http's own
	latency     time.Duration // of a step, at most
	usual       trouble
	outages     []outage
	callers     []callerPlan
	probes      bool // the retry quota at the end
	clock       clock
	tokenWorld  tokenWorld
	lifetime    time.Duration // of an access token
	revocations []time.Duration
	store       storePlan
}

func (p plan) String() string {
	s := fmt.Sprintf("%s, %d machines, %d callers, timeout %v, policy %+v, wrapped %v, latency %v, trouble %v, outages %v",
		p.kind, p.machines, len(p.callers), p.timeout, p.policy, p.wrapped, p.latency, p.usual, p.outages)
	if p.usesTokens() {
		s += fmt.Sprintf(", clock %+v, token world %v, lifetime %v, revocations %v, store %+v",
			p.clock, p.tokenWorld, p.lifetime, p.revocations, p.store)
	}
	return s
}

func (p plan) usesTokens() bool { return p.kind != "calls" }

// calm says that the platform works: what fails then is for the SDK to explain.
func (p plan) calm() bool {
	return p.usual == trouble{} && len(p.outages) == 0
}

// quietAfter returns how long after the last call the SDK may still have goroutines: a fetch lasts up to the client's
// timeout, to give back the lock of the store two seconds more, and a dial up to its own timeout.
func (p plan) quietAfter() time.Duration {
	if p.usesTokens() {
		return p.timeout + dialTimeout + 3*time.Second
	}
	return p.timeout + dialTimeout + time.Second
}

func drawPlan(d dice) plan {
	if d.chance(0.65) {
		return drawCalls(d)
	}
	return drawTokens(d)
}

// drawPolicy returns the default policy as often as all others together.
func drawPolicy(d dice) openplatform.RetryPolicy {
	if d.chance(0.5) {
		return openplatform.RetryPolicy{}
	}
	p := openplatform.RetryPolicy{MaxAttempts: pick(d, 1, 2, 3, 5, 20), BaseDelay: d.scaled(1, time.Second)}
	p.MaxDelay = p.BaseDelay + d.scaled(1, 10*time.Second)
	return p
}

// drawCalls is a plan of operations that have nothing to do with each other.
func drawCalls(d dice) plan {
	p := plan{
		kind: "calls", machines: 1,
		timeout: pick(d, 15*time.Second, 15*time.Second, d.scaled(10*time.Millisecond, time.Minute)),
		policy:  drawPolicy(d),
		wrapped: d.chance(0.25),
		latency: d.scaled(time.Millisecond, 3*time.Second),
		usual:   drawTrouble(d, 0, 0, 0.1, 0.3, 0.6, 1),
		probes:  d.chance(0.25),
	}
	if d.chance(0.3) {
		from := d.upTo(5 * time.Second)
		p.outages = []outage{{from: from, to: from + d.upTo(20*time.Second), trouble: drawTrouble(d, 0.5, 1)}}
	}
	ops := []string{opSendSmsCode, opSendSmsCode, opLogout, opGetImgCode, opGetImgCode, opCheckToken, opGetAccessToken, opTouch}
	hurry := pick(d, 0, 0.2, 0.7)
	left := 20
	for range pick(d, 1, 1+d.IntN(4), 1+d.IntN(20)) {
		var c callerPlan
		for range min(1+d.IntN(3), left) {
			left--
			op := opPlan{op: pick(d, ops...), think: d.scaled(time.Millisecond, 5*time.Second)}
			c.ops = append(c.ops, op.inHurry(d, hurry, p.latency))
		}
		p.callers = append(p.callers, c)
	}
	return p
}

func drawTrouble(d dice, rates ...float64) trouble {
	return trouble{dial: pick(d, rates...), request: pick(d, rates...), idle: pick(d, rates...)}
}

// inHurry gives some operations little time.
func (op opPlan) inHurry(d dice, hurry float64, latency time.Duration) opPlan {
	op.dice = newDice(d.Uint64(), 0)
	if !d.chance(hurry) {
		return op
	}
	op.patience = 1 + d.scaled(time.Millisecond, 8*latency+time.Second)
	op.cancels = d.chance(0.5)
	op.late = d.chance(0.05)
	return op
}

// drawTokens is a plan of machines that share access tokens.
func drawTokens(d dice) plan {
	p := plan{
		kind: "tokens", machines: pick(d, 1, 1, 1, 2),
		timeout: pick(d, 15*time.Second, 15*time.Second, d.scaled(500*time.Millisecond, time.Minute)),
		policy:  drawPolicy(d),
		store:   drawStore(d),
	}
	p.latency = d.scaled(time.Millisecond, p.timeout/12) // so that a fetch takes a quarter of it, at most
	if d.chance(0.3) {
		p.usual = drawTrouble(d, 0, 0.1, 0.3, 1)
	}
	horizon := d.scaled(time.Second, 48*time.Hour)
	if d.chance(0.3) {
		from := d.upTo(horizon)
		p.outages = []outage{{from: from, to: from + d.scaled(time.Second, 4*time.Hour), trouble: drawTrouble(d, 0.5, 1)}}
	}
	p.clock = drawClock(d, horizon)
	p.tokenWorld = tokenWorld(d.IntN(3))
	p.lifetime = pick(d, 2*time.Hour, 2*time.Hour, 2*time.Hour, 3*time.Hour, d.scaled(3*time.Second, 2*time.Hour))
	p.drawRevocations(d, horizon)
	p.drawTokenCallers(d, horizon)
	return p
}

func (p *plan) drawRevocations(d dice, horizon time.Duration) {
	if d.chance(0.6) {
		return
	}
	for range 1 + d.IntN(3) {
		p.revocations = append(p.revocations, 10*time.Second+d.upTo(horizon))
	}
	slices.Sort(p.revocations)
}

// drawTokenCallers has a crowd come at once or a few callers come back again and again.
func (p *plan) drawTokenCallers(d dice, horizon time.Duration) {
	ops := pick(d, []string{opToken}, []string{opToken, opToken, opUse}, []string{opToken, opToken, opToken, opVerifyUser, opUse, opInvalidate})
	hurry := pick(d, 0, 0.3, 0.9)
	callers, rounds := pick(d, 1+d.IntN(5), 1+d.IntN(20)), 1
	pace := horizon / 10
	if d.chance(0.6) {
		callers, rounds = pick(d, 1, 1, 2), 5+d.IntN(pick(d, 10, 40))
		pace = horizon / time.Duration(rounds)
	}
	for range callers {
		c := callerPlan{machine: d.IntN(p.machines)}
		for range rounds {
			op := opPlan{op: pick(d, ops...), think: d.scaled(time.Millisecond, 2*pace)}
			c.ops = append(c.ops, op.inHurry(d, hurry, p.latency))
		}
		p.callers = append(p.callers, c)
	}
}
