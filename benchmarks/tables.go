package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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

// A table has its place in the page between two comments that hold its name.
type table struct{ name, text string }

func (r results) tables() []table {
	return []table{
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
	return fmt.Sprintf("%s/%s, %s cores (%s), Go %s, %d rounds.\n",
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
	var rows [][]string
	for _, name := range shown {
		b := inMemory(name)
		rows = append(rows, []string{
			bold(name), r.time(b, perCall), r.spread(b, perCall),
			times(r.ratio(b, inMemory(byHand), perCall)), times(r.ratio(b, inMemory(onResty), perCall)),
			number(r.median(b, "B/op")), number(r.median(b, allocs)),
		})
	}
	return markdown([]string{"in memory", "a call", "±", "× net/http", "× resty", "bytes", "allocations"}, rows)
}

func (r results) memoryCallers() string {
	var rows [][]string
	for _, name := range names {
		if name == tuned {
			continue
		}
		row := []string{bold(name), r.time(inMemory(name), perCall)}
		for _, callers := range []string{"16", "128", "512"} {
			row = append(row, r.time("InMemoryCallers/"+callers+"/"+name, perCall))
		}
		rows = append(rows, row)
	}
	return markdown([]string{"in memory, a call", "1 caller", "16", "128", "512"}, rows)
}

func (r results) loopback(callers int) string {
	var rows [][]string
	for _, name := range names {
		row := []string{bold(name)}
		for _, protocol := range []string{"http", "tls-http1", "tls-http2"} {
			b := loopback(protocol, callers, name)
			row = append(row, r.time(b, perCall), times(r.ratio(b, loopback(protocol, callers, byHand), perCall)), r.time(b, p99))
		}
		rows = append(rows, row)
	}
	who := "one caller"
	if callers > 1 {
		who = strconv.Itoa(callers) + " callers"
	}
	return markdown([]string{who, "http", "× net/http", "p99", "TLS HTTP/1.1", "× net/http", "p99", "HTTP/2", "× net/http", "p99"}, rows)
}

func (r results) growth() string {
	var rows [][]string
	for _, p := range []struct{ protocol, shown string }{
		{"http", "http"}, {"tls-http1", "TLS HTTP/1.1"}, {"tls-http2", "HTTP/2"},
	} {
		for _, callers := range waitingCallers {
			b := waiting(p.protocol, callers, ours)
			rows = append(rows, []string{
				p.shown, strconv.Itoa(callers), number(r.median(b, rate)), r.time(b, p50), r.time(b, p99),
				number(r.median(b, atFirst)), number(r.median(b, later)),
				times(r.ratio(b, waiting(p.protocol, callers, tuned), rate)),
				times(r.ratio(b, waiting(p.protocol, callers, onResty), rate)),
			})
		}
	}
	return markdown([]string{ours, "callers", "calls/s", "p50", "p99", "connections at first", "later", "× net/http-tuned", "× resty"}, rows)
}

func (r results) waiting(protocol string, callers int) string {
	var rows [][]string
	for _, name := range names {
		b := waiting(protocol, callers, name)
		rows = append(rows, []string{
			bold(name), number(r.median(b, rate)), r.spread(b, rate),
			times(r.ratio(b, waiting(protocol, callers, tuned), rate)), times(r.ratio(b, waiting(protocol, callers, onResty), rate)),
			r.time(b, p50), r.time(b, p99), number(r.median(b, atFirst)), number(r.median(b, later)),
		})
	}
	return markdown([]string{
		strconv.Itoa(callers) + " callers", "calls/s", "±", "× net/http-tuned", "× resty", "p50", "p99", "connections at first", "later",
	}, rows) + r.failures(protocol, callers)
}

// failures says which contenders' calls did not all succeed, if there are any.
func (r results) failures(protocol string, callers int) string {
	var all []string
	for _, name := range names {
		if n := sum(r.values[measurement{waiting(protocol, callers, name), failed}]); n > 0 {
			all = append(all, fmt.Sprintf("%s %s", name, number(n)))
		}
	}
	if all == nil {
		return ""
	}
	return "\nCalls that failed, in all rounds: " + strings.Join(all, ", ") + ".\n"
}

func sum(values []float64) (total float64) {
	for _, v := range values {
		total += v
	}
	return total
}

func (r results) imports() string {
	var rows [][]string
	size := func(name string) float64 { return r.median("Import/"+name, "bytes") }
	for _, name := range programs {
		rows = append(rows, []string{
			bold(name), megabytes(size(name)), fmt.Sprintf("%+.2f MB", (size(name)-size("net-http"))/1e6),
			fmt.Sprintf("%+.2f MB", (size(name)-size("resty"))/1e6), number(r.median("Import/"+name, "modules")),
		})
	}
	return markdown([]string{"a program with", "size", "over net/http", "over resty", "modules"}, rows)
}

func megabytes(n float64) string { return fmt.Sprintf("%.2f MB", n/1e6) }

// targets sets what was measured beside what was aimed at.
func (r results) targets() string {
	var rows [][]string
	row := func(what, aim, measured string, met bool) {
		rows = append(rows, []string{what, aim, measured, verdict(met)})
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
		row(who+"connections a caller", "≤ 2", threeDigits(each), each <= 2)
		row(who+"connections opened later", "0", number(more), more == 0)
	}
	atLeast("128 callers, HTTP/2: the calls/s of HTTP/1.1", 1,
		r.ratio(waiting("tls-http2", 128, ours), waiting("tls-http1", 128, ours), rate))
	over := r.median("Import/"+ours, "bytes") - r.median("Import/"+onResty, "bytes")
	row("a program's size over resty's", "≤ 0.3 MB", megabytes(over), over <= 0.3e6)
	modules := r.median("Import/"+ours, "modules") - r.median("Import/"+onResty, "modules") - 1
	row("modules beyond resty's, but for itself", "0", number(modules), modules == 0)
	return markdown([]string{"the SDK as it comes", "aim", "measured", "met"}, rows)
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

func times(ratio float64) string { return threeDigits(ratio) + " ×" }

func (r results) time(benchmark, unit string) string { return duration(r.median(benchmark, unit)) }

func duration(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return threeDigits(seconds*1e6) + " µs"
	case seconds < 1:
		return threeDigits(seconds*1e3) + " ms"
	default:
		return threeDigits(seconds) + " s"
	}
}

// spread is the half of the confidence interval that is the wider, in percent.
func (r results) spread(benchmark, unit string) string {
	s := r.summary(benchmark, unit)
	wider := max(s.Hi-s.Center, s.Center-s.Lo) / s.Center
	if math.IsInf(wider, 0) || math.IsNaN(wider) {
		return "∞"
	}
	return fmt.Sprintf("%.0f %%", 100*wider)
}

func threeDigits(x float64) string {
	switch {
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}

// number writes a whole number with its thousands apart.
func number(x float64) string {
	digits := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// markdown aligns the columns, the first to the left and all others to the right, so that
// the table also reads well in a terminal.
func markdown(header []string, rows [][]string) string {
	widths := slices.Repeat([]int{len("-:")}, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	line := func(cells []string) {
		for i, cell := range cells {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				fmt.Fprintf(&out, "| %s%s ", cell, pad)
			} else {
				fmt.Fprintf(&out, "| %s%s ", pad, cell)
			}
		}
		out.WriteString("|\n")
	}
	line(header)
	for i, width := range widths {
		if i == 0 {
			fmt.Fprintf(&out, "| %s ", strings.Repeat("-", width))
		} else {
			fmt.Fprintf(&out, "| %s: ", strings.Repeat("-", width-1))
		}
	}
	out.WriteString("|\n")
	for _, row := range rows {
		line(row)
	}
	return out.String()
}
