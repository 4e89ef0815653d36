package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/evidence"
	"github.com/ebaas/openplatform-go/internal/tables"
)

// TestSimulation plays scenarios on all processors.
func TestSimulation(t *testing.T) {
	began := time.Now()
	shares := runtime.GOMAXPROCS(0)
	if !seeded {
		shares = 1 // which uses all processors by itself
	}
	reports := make([]report, shares)
	var children sync.WaitGroup
	for i := range shares {
		children.Go(func() { reports[i] = playShare(t, i, shares) })
	}
	children.Wait()
	all := report{Findings: map[string]*finding{}}
	for _, r := range reports {
		all.merge(r)
	}
	all.print(time.Since(began))
	all.show(t)
	for _, rule := range all.rules() {
		f := all.Findings[rule]
		assert.Fail(t, "broken: "+rule, "in %d scenarios; seed %d: %s\nplay it again: %s\n%s", f.Count, f.Seed, f.Text, replay(f.Seed), f.History)
	}
	assert.NotZero(t, all.Scenarios)
}

func replay(seed uint64) string {
	return fmt.Sprintf("GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1 go -C tests test ./simulation -run TestReplay -seed %d -v", seed)
}

func (r *report) rules() (rules []string) {
	for rule := range r.Findings {
		rules = append(rules, rule)
	}
	slices.Sort(rules)
	return rules
}

func (r *report) print(took time.Duration) {
	fmt.Printf("simulation: %d scenarios (%.0f a second), %d calls, %d deliveries, %.1f days of virtual time\n",
		r.Scenarios, float64(r.Scenarios)/took.Seconds(), r.Calls, r.Deliveries, r.VirtualTime.Hours()/24)
	for f := none + 1; f < faultKinds; f++ {
		fmt.Printf("simulation: %8d × %v\n", r.Faults[f], f)
	}
	for _, rule := range r.rules() {
		fmt.Printf("simulation: BROKEN %-15s %6d scenarios, seed %d\n", rule, r.Findings[rule].Count, r.Findings[rule].Seed)
	}
}

// show writes what came out into docs/reliability.md, in both languages.
func (r *report) show(t *testing.T) {
	t.Helper()
	command := fmt.Sprintf("go -C tests test -timeout 60m -v ./simulation -run '^TestSimulation$' -start %d -scenarios %d -update", *start, r.Scenarios)
	english, chinese := evidence.Measured(command)
	for _, rule := range r.rules() {
		f := r.Findings[rule]
		english += fmt.Sprintf(" **Broken: `%s` (scenarios: %d, first seed: %d).**", rule, f.Count, f.Seed)
		chinese += fmt.Sprintf("**违反 `%s`（场景数 %d，首个种子 %d）。**", rule, f.Count, f.Seed)
	}
	figures := []string{
		strconv.FormatUint(r.Scenarios, 10), strconv.FormatUint(r.Calls, 10), strconv.FormatUint(r.Deliveries, 10),
		fmt.Sprintf("%.0f", r.VirtualTime.Hours()/24), strconv.Itoa(int(faultKinds) - 1), strconv.Itoa(len(r.Findings)),
	}
	require.NoError(t, tables.Show("../../docs/reliability.md", "simulation", english, [][]string{
		{"scenarios", "calls", "deliveries", "days of virtual time", "kinds of fault", "rules broken"}, figures,
	}))
	require.NoError(t, tables.Show("../../docs/reliability.zh-CN.md", "simulation", chinese, [][]string{
		{"场景", "调用", "送达", "虚拟时间（天）", "故障种类", "被违反的规则"}, figures,
	}))
}

// playShare plays a share of the scenarios in a child process.
func playShare(t *testing.T, share, shares int) (r report) {
	t.Helper()
	folder := t.TempDir()
	output, err := child(t, "^TestShare$", folder, fmt.Sprintf("%s=%d", envShare, share), fmt.Sprintf("%s=%d", envShares, shares))
	if err != nil {
		last, _ := os.ReadFile(filepath.Join(folder, "seed"))
		s, _ := strconv.ParseUint(string(last), 10, 64)
		assert.Fail(t, "a process died", "seed %d: %v\nplay it again: %s\n%s", s, err, replay(s), output)
		return r
	}
	text, err := os.ReadFile(filepath.Join(folder, "report"))
	if assert.NoError(t, err) {
		assert.NoError(t, json.Unmarshal(text, &r))
	}
	return r
}

// child runs one test in another process, on one processor and without preemption: only so is one seed one history.
func child(t *testing.T, test, folder string, env ...string) (output string, err error) {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), program, "-test.run="+test, "-test.timeout=0", //nolint:gosec // it is this very program
		fmt.Sprintf("-start=%d", *start), fmt.Sprintf("-for=%v", *duration), fmt.Sprintf("-scenarios=%d", *scenarios))
	cmd.Env = append(os.Environ(), append(env, envFolder+"="+folder)...)
	if seeded {
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1")
	}
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// TestReplay plays one scenario and prints its history.
func TestReplay(t *testing.T) {
	if *seed == 0 {
		t.Skip("it plays the scenario of -seed")
	}
	if runtime.GOMAXPROCS(0) != 1 || !strings.Contains(os.Getenv("GODEBUG"), "asyncpreemptoff=1") {
		t.Log("this may be another history than that of the finding; the exact one: " + replay(*seed))
	}
	var w *world
	withoutCollector(func() { w = play(t, *seed) })
	fmt.Println(w)
	for _, b := range w.breaches {
		assert.Fail(t, "broken: "+b.Rule, b.Text)
	}
}
