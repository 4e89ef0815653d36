package fleet

import (
	"flag"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/evidence"
	"github.com/ebaas/openplatform-go/internal/tables"
)

var long = flag.Bool("long", false, "run the long mode: a minute a fault")

// spans returns for how long Redis is up and broken.
func spans() (up, broken time.Duration) {
	if *long {
		return 10 * time.Second, time.Minute
	}
	return time.Second, 4 * time.Second
}

// settled is how long after its end a fault may be felt: a renewal that began before waits for the
// store's lock and then for its token.
const settled = 7 * time.Second

type kind int

const (
	up     kind = iota // and for long enough that the fleet knows
	broken             // by a fault
	after              // it was mended
	kinds
)

// kindOf returns what the phase with this number is: they take turns.
func kindOf(phase int) kind { return kind(phase) % kinds }

// A phase is what is the matter with Redis for a while.
type phase struct {
	kind  kind
	fault fault // while it is broken
}

func TestFleet(t *testing.T) {
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			all := &results{}
			all.merge(runFleet(t, w, startSingle))
			all.merge(runFleet(t, w, startReplicated))
			all.show(t, w)
			all.check(t, w)
		})
	}
}

// A fleet is what shares a token.
type fleet struct {
	platform  *platform
	processes []*process
	phases    []*phase
}

func runFleet(t *testing.T, w world, start func(*testing.T) backend) results {
	t.Helper()
	redis := start(t)
	f := &fleet{platform: startPlatform(t, w), phases: []*phase{{kind: up}}}
	f.platform.enter(f.phases[0])
	addrs, master := redis.address()
	for n := range processes {
		f.processes = append(f.processes, startProcess(t, job{Process: n, Platform: f.platform.URL, Redis: addrs, Master: master}))
	}
	lasting, breaking := spans()
	for _, fault := range redis.faults() {
		time.Sleep(lasting)
		f.turn(t, fault)
		mend := fault.strike(t)
		time.Sleep(breaking)
		mend()
		f.turn(t, fault)
		time.Sleep(settled)
		require.Eventually(t, f.platform.shares, time.Minute, 10*time.Millisecond, "after Redis was %s", fault.name)
		f.turn(t, fault)
	}
	time.Sleep(lasting)
	return f.results(t)
}

// turn begins the next phase.
func (f *fleet) turn(t *testing.T, fault fault) {
	t.Helper()
	next := &phase{kind: kindOf(len(f.phases)), fault: fault}
	f.phases = append(f.phases, next)
	for _, p := range f.processes {
		p.turn(t)
	}
	f.platform.enter(next)
}

// A result is how it went in one phase, or in several of one name.
type result struct {
	tally

	name, chinese string
	kind          kind
	fetches       int
	surplus       int           // of them, for an expiry for which there was one already
	closest       time.Duration // the shortest time between two of one process
}

type results []*result

// results ends the fleet.
func (f *fleet) results(t *testing.T) (r results) {
	t.Helper()
	all := make([][]*tally, len(f.processes))
	for i, p := range f.processes {
		all[i] = p.end(t)
		require.Len(t, all[i], len(f.phases))
	}
	for i, phase := range f.phases {
		one := r.named(phase)
		f.platform.count(phase, one)
		for _, tallies := range all {
			one.merge(tallies[i])
		}
	}
	return r
}

// named returns the result that a phase belongs to.
func (r *results) named(p *phase) *result {
	name, chinese := p.fault.name, p.fault.chinese
	switch p.kind {
	case up:
		name, chinese = "up", "正常"
	case after:
		name, chinese = "up again, first seven seconds", "刚恢复的七秒"
	}
	return r.get(&result{name: name, chinese: chinese, kind: p.kind})
}

func (r *results) get(like *result) *result {
	for _, one := range *r {
		if one.name == like.name {
			return one
		}
	}
	one := &result{tally: *newTally(), name: like.name, chinese: like.chinese, kind: like.kind, closest: time.Hour}
	*r = append(*r, one)
	return one
}

func (r *results) merge(others results) {
	for _, other := range others {
		one := r.get(other)
		one.merge(&other.tally)
		one.fetches += other.fetches
		one.surplus += other.surplus
		one.closest = min(one.closest, other.closest)
	}
}

// check holds the results to what is promised.
func (r *results) check(t *testing.T, w world) {
	t.Helper()
	for _, one := range *r {
		for text, n := range one.Texts {
			t.Logf("Redis is %s: %d times %s", one.name, n, text)
		}
		assert.GreaterOrEqual(t, one.closest, second, "two fetches of one process, while Redis is %s", one.name)
		if one.kind == up {
			assert.Zero(t, one.surplus, "fetches that another process had made already")
		}
		if one.kind == up || !w.oldDies {
			assert.Zero(t, one.Failures, "while Redis is %s", one.name)
			continue
		}
		// Processes that cannot share end each other's tokens. A call may be so unlucky that each
		// token it is given has been ended when it arrives.
		assert.Equal(t, one.Rejected, one.Failures, "while Redis is %s", one.name)
		assert.LessOrEqual(t, one.Failures, one.Calls/50, "while Redis is %s", one.name)
	}
}

func (r *results) show(t *testing.T, w world) {
	t.Helper()
	english := [][]string{{"Redis is", "calls", "failures", "longest wait", "fetches", "of these, too many", "least time between two of one process"}}
	chinese := [][]string{{"Redis 的状态", "调用", "失败", "最长等待", "获取令牌", "其中多余", "同一进程两次获取的最短间隔"}}
	for _, one := range *r {
		english = append(english, append([]string{one.name}, one.cells()...))
		chinese = append(chinese, append([]string{one.chinese}, one.cells()...))
	}
	command := "go -C tests test -timeout 60m -v ./fleet -update"
	if *long {
		command += " -long"
	}
	measured, measuredInChinese := evidence.Measured(command)
	require.NoError(t, tables.Show("../../docs/fleet.md", w.name, measured, english))
	require.NoError(t, tables.Show("../../docs/fleet.zh-CN.md", w.name, measuredInChinese, chinese))
}

func (r *result) cells() []string {
	closest := "–"
	if r.closest < time.Hour {
		closest = fmt.Sprintf("%.2f s", r.closest.Seconds())
	}
	return []string{
		strconv.Itoa(r.Calls), strconv.Itoa(r.Failures), fmt.Sprintf("%.2f s", r.Longest.Seconds()),
		strconv.Itoa(r.fetches), strconv.Itoa(r.surplus), closest,
	}
}
