package simulation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The environment of a child process: where it leaves its report, and which share of the seeds is its own.
const (
	envFolder = "SIMULATION_FOLDER"
	envShare  = "SIMULATION_SHARE"
	envShares = "SIMULATION_SHARES"
)

// A report is what came out of a share of the scenarios.
type report struct {
	Scenarios, Calls, Deliveries uint64
	VirtualTime                  time.Duration
	Faults                       [faultKinds]int64
	Findings                     map[string]*finding // by rule
}

// A finding is the first scenario that breaks a rule.
type finding struct {
	Seed    uint64
	Count   int // of all scenarios that do
	Text    string
	History string
}

// TestShare is what a child process of TestSimulation runs.
func TestShare(t *testing.T) {
	folder := os.Getenv(envFolder)
	if folder == "" {
		t.Skip("it is for the children of TestSimulation")
	}
	share, err := strconv.ParseUint(os.Getenv(envShare), 10, 64)
	require.NoError(t, err)
	shares, err := strconv.ParseUint(os.Getenv(envShares), 10, 64)
	require.NoError(t, err)
	last, err := os.Create(filepath.Join(folder, "seed")) //nolint:gosec // the folder is the parent's own
	require.NoError(t, err)
	r := report{Findings: map[string]*finding{}}
	withoutCollector(func() {
		for n, began := share, time.Now(); more(n, began); n += shares {
			s := *start + n
			_, _ = last.WriteAt([]byte(strconv.FormatUint(s, 10)), 0)
			r.add(s, play(t, s))
			collect(r.Scenarios)
		}
	})
	text, err := json.Marshal(r)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "report"), text, 0o600)) //nolint:gosec // likewise
}

func more(n uint64, began time.Time) bool {
	if *scenarios > 0 {
		return n < *scenarios
	}
	return time.Since(began) < *duration
}

// withoutCollector keeps the garbage collector from starting in the middle of a scenario, where it could change the
// order of goroutines.
func withoutCollector(f func()) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	f()
}

// collect does the garbage collector's work between scenarios.
func collect(n uint64) {
	if n%200 == 0 {
		runtime.GC()
	}
}

func (r *report) add(s uint64, w *world) {
	r.Scenarios++
	r.Calls += uint64(len(w.visits))
	r.Deliveries += uint64(len(w.ledger))
	r.VirtualTime += w.took
	for f := range w.faults {
		r.Faults[f] += w.faults[f].Load()
	}
	seen := map[string]bool{}
	for _, b := range w.breaches {
		if !seen[b.Rule] {
			r.find(b.Rule, finding{Seed: s, Count: 1, Text: b.Text, History: w.String()})
		}
		seen[b.Rule] = true
	}
}

// find keeps the shortest history of those that break a rule.
func (r *report) find(rule string, f finding) {
	known := r.Findings[rule]
	if known == nil {
		r.Findings[rule] = &f
		return
	}
	f.Count += known.Count
	if len(known.History) <= len(f.History) {
		known.Count = f.Count
		return
	}
	*known = f
}

func (r *report) merge(other report) {
	r.Scenarios += other.Scenarios
	r.Calls += other.Calls
	r.Deliveries += other.Deliveries
	r.VirtualTime += other.VirtualTime
	for f, n := range other.Faults {
		r.Faults[f] += n
	}
	for rule, f := range other.Findings {
		r.find(rule, *f)
	}
}
