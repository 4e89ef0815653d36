package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/perf/benchunit"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gonum.org/v1/gonum/floats"
)

// The units as benchfmt tidies them: seconds for nanoseconds.
const (
	perCall = "sec/op"
	p50     = "p50-sec"
	p99     = "p99-sec"
	rate    = "calls/s"
	atFirst = "conns-at-first"
	later   = "conns-later"
	failed  = "failed"
	allocs  = "allocs/op"
)

var waitingCallers = []int{1, 16, 128, 512}

// A section has its place in the page between two comments that hold its name.
type section struct{ name, text string }

func (r results) sections() []section {
	return []section{
		{"machine", r.machine()},
		{"targets", r.targets()},
		{"memory", r.memory()},
		{"memory-callers", r.memoryCallers()},
		{"loopback-1", r.loopback(1)},
		{"loopback-16", r.loopback(16)},
		{"growth", r.growth()},
		{"tls-http1-128", r.waiting("tls-http1", 128)},
		{"tls-http1-512", r.waiting("tls-http1", 512)},
		{"tls-http2-128", r.waiting("tls-http2", 128)},
		{"tls-http2-512", r.waiting("tls-http2", 512)},
		{"http-128", r.waiting("http", 128)},
		{"http-512", r.waiting("http", 512)},
		{"import", r.imports()},
	}
}

func (r results) machine() string {
	rounds := len(r.values[measurement{inMemory(ours), perCall}])
	return fmt.Sprintf("%s/%s, %s cores (%s), Go %s, %d rounds.",
		r.config["goos"], r.config["goarch"], r.config["cores"], r.config["cpu"], r.config["go"], rounds)
}

func inMemory(name string) string { return "InMemory/" + name }

func loopback(protocol string, callers int, name string) string {
	return fmt.Sprintf("Loopback/%s/%d/%s", protocol, callers, name)
}

func waiting(protocol string, callers int, name string) string {
	return fmt.Sprintf("Waiting/%s/%d/%s", protocol, callers, name)
}

func (r results) memory() string {
	shown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == tuned })
	slices.SortFunc(shown, func(a, b string) int {
		return cmp.Compare(r.median(inMemory(a), perCall), r.median(inMemory(b), perCall))
	})
	shown = append(shown, ours+"+logger", ours+"+observer")
	t := newTable("in memory", "a call", "±", "× net/http", "× resty", "bytes", "allocations")
	for _, name := range shown {
		b := inMemory(name)
		t.AppendRow(table.Row{
			bold(name), r.time(b, perCall), r.spread(b, perCall),
			times(r.ratio(b, inMemory(byHand), perCall)), times(r.ratio(b, inMemory(onResty), perCall)),
			number(r.median(b, "B/op")), number(r.median(b, allocs)),
		})
	}
	return t.RenderMarkdown()
}

func (r results) memoryCallers() string {
	t := newTable("in memory, a call", "1 caller", "16", "128", "512")
	for _, name := range names {
		if name == tuned {
			continue
		}
		row := table.Row{bold(name), r.time(inMemory(name), perCall)}
		for _, callers := range []string{"16", "128", "512"} {
			row = append(row, r.time("InMemoryCallers/"+callers+"/"+name, perCall))
		}
		t.AppendRow(row)
	}
	return t.RenderMarkdown()
}

func (r results) loopback(callers int) string {
	who := "one caller"
	if callers > 1 {
		who = strconv.Itoa(callers) + " callers"
	}
	t := newTable(who, "http", "× net/http", "p99", "TLS HTTP/1.1", "× net/http", "p99", "HTTP/2", "× net/http", "p99")
	for _, name := range names {
		row := table.Row{bold(name)}
		for _, protocol := range []string{"http", "tls-http1", "tls-http2"} {
			b := loopback(protocol, callers, name)
			row = append(row, r.time(b, perCall), times(r.ratio(b, loopback(protocol, callers, byHand), perCall)), r.time(b, p99))
		}
		t.AppendRow(row)
	}
	return t.RenderMarkdown()
}

func (r results) growth() string {
	t := newTable(ours, "callers", "calls/s", "p50", "p99", "connections at first", "later", "× net/http-tuned", "× resty")
	for _, p := range []struct{ protocol, shown string }{
		{"http", "http"}, {"tls-http1", "TLS HTTP/1.1"}, {"tls-http2", "HTTP/2"},
	} {
		for _, callers := range waitingCallers {
			b := waiting(p.protocol, callers, ours)
			t.AppendRow(table.Row{
				p.shown, strconv.Itoa(callers), number(r.median(b, rate)), r.time(b, p50), r.time(b, p99),
				number(r.median(b, atFirst)), number(r.median(b, later)),
				times(r.ratio(b, waiting(p.protocol, callers, tuned), rate)),
				times(r.ratio(b, waiting(p.protocol, callers, onResty), rate)),
			})
		}
	}
	return t.RenderMarkdown()
}

func (r results) waiting(protocol string, callers int) string {
	t := newTable(strconv.Itoa(callers)+" callers",
		"calls/s", "±", "× net/http-tuned", "× resty", "p50", "p99", "connections at first", "later")
	for _, name := range names {
		b := waiting(protocol, callers, name)
		t.AppendRow(table.Row{
			bold(name), number(r.median(b, rate)), r.spread(b, rate),
			times(r.ratio(b, waiting(protocol, callers, tuned), rate)), times(r.ratio(b, waiting(protocol, callers, onResty), rate)),
			r.time(b, p50), r.time(b, p99), number(r.median(b, atFirst)), number(r.median(b, later)),
		})
	}
	return t.RenderMarkdown() + r.failures(protocol, callers)
}

// failures says which contenders' calls did not all succeed, if there are any.
func (r results) failures(protocol string, callers int) string {
	var all []string
	for _, name := range names {
		if n := floats.Sum(r.values[measurement{waiting(protocol, callers, name), failed}]); n > 0 {
			all = append(all, fmt.Sprintf("%s %s", name, number(n)))
		}
	}
	if all == nil {
		return ""
	}
	return "\n\nCalls that failed, in all rounds: " + strings.Join(all, ", ") + "."
}

func (r results) imports() string {
	t := newTable("a program with", "size", "over net/http", "over resty", "modules")
	size := func(name string) float64 { return r.median("Import/"+name, "bytes") }
	for _, name := range programs {
		t.AppendRow(table.Row{
			bold(name), megabytes(size(name)), fmt.Sprintf("%+.2f MB", (size(name)-size("net-http"))/1e6),
			fmt.Sprintf("%+.2f MB", (size(name)-size("resty"))/1e6), number(r.median("Import/"+name, "modules")),
		})
	}
	return t.RenderMarkdown()
}

func megabytes(n float64) string { return fmt.Sprintf("%.2f MB", n/1e6) }

// targets sets what was measured beside what was aimed at.
func (r results) targets() string {
	t := newTable("the SDK as it comes", "aim", "measured", "met")
	row := func(what, aim, measured string, met bool) {
		t.AppendRow(table.Row{what, aim, measured, verdict(met)})
	}
	atMost := func(what string, limit, ratio float64) {
		row(what, fmt.Sprintf("≤ %g ×", limit), times(ratio), ratio <= limit)
	}
	atLeast := func(what string, limit, ratio float64) {
		row(what, fmt.Sprintf("≥ %g ×", limit), times(ratio), ratio >= limit)
	}

	mine, fastest := inMemory(ours), inMemory(r.fastestPeer())
	atMost("in memory, the time of resty by hand", 1, r.ratio(mine, inMemory(onResty), perCall))
	atMost("the same, the further aim", 0.9, r.ratio(mine, inMemory(onResty), perCall))
	atMost("in memory, the time of the fastest peer, "+r.fastestPeer(), 1, r.ratio(mine, fastest, perCall))
	count := r.median(mine, allocs)
	row("in memory, allocations", "≤ 60", number(count), count <= 60)
	atMost("loopback, one caller, the time of net/http", 1.2, r.ratio(loopback("http", 1, ours), loopback("http", 1, byHand), perCall))
	for _, callers := range []int{128, 512} {
		b := func(name string) string { return waiting("tls-http1", callers, name) }
		who := fmt.Sprintf("%d callers over TLS, ", callers)
		atLeast(who+"the calls/s of resty", 8, r.ratio(b(ours), b(onResty), rate))
		atLeast(who+"the calls/s of tuned net/http", 0.9, r.ratio(b(ours), b(tuned), rate))
		each, more := r.median(b(ours), atFirst)/float64(callers), r.median(b(ours), later)
		row(who+"connections a caller", "≤ 2", fmt.Sprintf("%.2f", each), each <= 2)
		row(who+"connections opened later", "0", number(more), more == 0)
	}
	atLeast("128 callers, HTTP/2: the calls/s of HTTP/1.1", 1,
		r.ratio(waiting("tls-http2", 128, ours), waiting("tls-http1", 128, ours), rate))
	over := r.median("Import/"+ours, "bytes") - r.median("Import/"+onResty, "bytes")
	row("a program's size over resty's", "≤ 0.3 MB", megabytes(over), over <= 0.3e6)
	modules := r.median("Import/"+ours, "modules") - r.median("Import/"+onResty, "modules") - 1
	row("modules beyond resty's, but for itself", "0", number(modules), modules == 0)
	return t.RenderMarkdown()
}

func (r results) fastestPeer() string {
	return slices.MinFunc(peers, func(a, b string) int {
		return cmp.Compare(r.median(inMemory(a), perCall), r.median(inMemory(b), perCall))
	})
}

func verdict(met bool) string {
	if met {
		return "yes"
	}
	return "**no**"
}

// bold marks the SDK's own row.
func bold(name string) string {
	if name == ours {
		return "**" + name + "**"
	}
	return name
}

func times(ratio float64) string { return fmt.Sprintf("%.2f ×", ratio) }

func (r results) time(benchmark, unit string) string { return duration(r.median(benchmark, unit)) }

func duration(seconds float64) string { return benchunit.Scale(seconds, benchunit.Decimal) + "s" }

// spread is the half of the confidence interval that is the wider, in percent.
func (r results) spread(benchmark, unit string) string {
	return r.summary(benchmark, unit).PctRangeString()
}

// number writes a whole number with its thousands apart.
func number(x float64) string { return message.NewPrinter(language.English).Sprintf("%.0f", x) }

// newTable aligns all columns but the first to the right, so that the table also reads well in a terminal.
func newTable(header ...any) table.Writer {
	columns := make([]table.ColumnConfig, len(header)-1)
	for i := range columns {
		columns[i] = table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}

	t := table.NewWriter()
	t.Style().Markdown.PadContent = true
	t.SetColumnConfigs(columns)
	t.AppendHeader(header)
	return t
}
