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

	"github.com/ebaas/openplatform-go/internal/evidence"
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

// A section has its place in each page between two comments that hold its name.
type section struct{ name, english, chinese string }

// A grid is a table: its header, and then its rows.
type grid [][]string

func (r results) sections() ([]section, error) {
	all := []section{r.machine(), r.summary()}
	aims := r.aims()
	for _, t := range []struct {
		name  string
		grid  grid
		words []int // the columns whose cells are words
		below section
	}{
		{"targets", gridOf(aims), []int{0, 3}, missed(aims)},
		{"tls-http1-128", r.waiting("tls-http1", 128), nil, r.failures("tls-http1", 128)},
		{"tls-http1-512", r.waiting("tls-http1", 512), nil, r.failures("tls-http1", 512)},
		{"tls-http2-128", r.waiting("tls-http2", 128), nil, r.failures("tls-http2", 128)},
		{"growth", r.growth(), nil, section{}},
		{"memory", r.memory(), nil, section{}},
		{"memory-callers", r.memoryCallers(), nil, section{}},
		{"loopback", r.loopback(), nil, section{}},
		{"hostile", r.hostile(), nil, r.longSecrets()},
		{"import", r.imports(), nil, section{}},
	} {
		translated, err := evidence.Translate(t.grid, chineseWords, t.words...)
		if err != nil {
			return nil, fmt.Errorf("the section %s: %w", t.name, err)
		}
		all = append(all, section{t.name, t.grid.markdown() + t.below.english, grid(translated).markdown() + t.below.chinese})
	}
	return all, nil
}

func inMemory(name string) string { return "InMemory/" + name }

func loopback(protocol, name string) string {
	return fmt.Sprintf("Loopback/%s/1/%s", protocol, name)
}

func waiting(protocol string, callers int, name string) string {
	return fmt.Sprintf("Waiting/%s/%d/%s", protocol, callers, name)
}

func (r results) memory() grid {
	shown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == tuned })
	slices.SortFunc(shown, func(a, b string) int {
		return cmp.Compare(r.median(inMemory(a), perCall), r.median(inMemory(b), perCall))
	})
	g := grid{{"in memory", "a call", "±", "× net/http", "× resty", "bytes", "allocations"}}
	for _, name := range append(shown, ours+"+logger", ours+"+observer") {
		b := inMemory(name)
		g = append(g, []string{
			bold(name), r.time(b, perCall), r.spread(b, perCall),
			times(r.ratio(b, inMemory(byHand), perCall)), times(r.ratio(b, inMemory(onResty), perCall)),
			number(r.median(b, "B/op")), number(r.median(b, allocs)),
		})
	}
	return g
}

func (r results) memoryCallers() grid {
	g := grid{{"in memory, a call", "1 caller", "16", "128", "512"}}
	for _, name := range names {
		if name == tuned {
			continue
		}
		row := []string{bold(name), r.time(inMemory(name), perCall)}
		for _, callers := range []string{"16", "128", "512"} {
			row = append(row, r.time("InMemoryCallers/"+callers+"/"+name, perCall))
		}
		g = append(g, row)
	}
	return g
}

func (r results) loopback() grid {
	g := grid{{"one caller", "http", "× net/http", "p99", "TLS HTTP/1.1", "× net/http", "p99", "HTTP/2", "× net/http", "p99"}}
	for _, name := range names {
		row := []string{bold(name)}
		for _, protocol := range []string{"http", "tls-http1", "tls-http2"} {
			b := loopback(protocol, name)
			row = append(row, r.time(b, perCall), times(r.ratio(b, loopback(protocol, byHand), perCall)), r.time(b, p99))
		}
		g = append(g, row)
	}
	return g
}

func (r results) growth() grid {
	g := grid{{ours, "callers", "calls/s", "p50", "p99", "connections at first", "later", "× net/http-tuned", "× resty"}}
	for _, p := range []struct{ protocol, shown string }{
		{"http", "http"}, {"tls-http1", "TLS HTTP/1.1"}, {"tls-http2", "HTTP/2"},
	} {
		for _, callers := range waitingCallers {
			b := waiting(p.protocol, callers, ours)
			g = append(g, []string{
				p.shown, strconv.Itoa(callers), number(r.median(b, rate)), r.time(b, p50), r.time(b, p99),
				number(r.median(b, atFirst)), number(r.median(b, later)),
				times(r.ratio(b, waiting(p.protocol, callers, tuned), rate)),
				times(r.ratio(b, waiting(p.protocol, callers, onResty), rate)),
			})
		}
	}
	return g
}

func (r results) waiting(protocol string, callers int) grid {
	calls := r.calls[waiting(protocol, callers, ours)]
	g := grid{{
		fmt.Sprintf("%d callers", callers), "calls/s", "±", "× net/http-tuned", "× resty", "p50", "p99",
		"connections at first", fmt.Sprintf("in the next %d calls", calls),
	}}
	for _, name := range names {
		b := waiting(protocol, callers, name)
		g = append(g, []string{
			bold(name), number(r.median(b, rate)), r.spread(b, rate),
			times(r.ratio(b, waiting(protocol, callers, tuned), rate)), times(r.ratio(b, waiting(protocol, callers, onResty), rate)),
			r.time(b, p50), r.time(b, p99), number(r.median(b, atFirst)), number(r.median(b, later)),
		})
	}
	return g
}

// failures says which contenders' calls did not all succeed, if there are any.
func (r results) failures(protocol string, callers int) section {
	var all []string
	for _, name := range names {
		if n := floats.Sum(r.values[measurement{waiting(protocol, callers, name), failed}]); n > 0 {
			all = append(all, fmt.Sprintf("%s %s", name, number(n)))
		}
	}
	if all == nil {
		return section{}
	}
	return section{
		english: "\n\nCalls that failed, in all rounds: " + strings.Join(all, ", ") + ".",
		chinese: "\n\n各轮合计失败的调用：" + strings.Join(all, "，") + "。",
	}
}

// The answers of BenchmarkLongMessage, in the order of the columns.
var hostileAnswers = []string{"padding", "rejection", "rejection,_escaped", "success", "request_id", "code"}

func longMessage(answer string, size int) string {
	return fmt.Sprintf("LongMessage/%s/%d", answer, size)
}

func (r results) hostile() grid {
	g := grid{{
		"the response's size", "as many bytes that nobody reads", "a message that repeats the token", "a message of escapes",
		"a success with such a message", "such a request id", "such a code",
	}}
	for _, size := range []struct {
		shown string
		bytes int
	}{{"1 KiB", 1 << 10}, {"8 KiB", 8 << 10}, {"64 KiB", 64 << 10}, {"1 MiB", 1<<20 - 200}} {
		row := []string{size.shown}
		for _, answer := range hostileAnswers {
			row = append(row, r.time(longMessage(answer, size.bytes), perCall))
		}
		g = append(g, row)
	}
	return g
}

// longSecrets says what the length of a secret costs, which is read whole.
func (r results) longSecrets() section {
	long, longer := r.time("Secrets/both/409600", perCall), r.time("Secrets/both/1048576", perCall)
	if long == missing {
		return section{
			english: "\n\nThis section is not measured yet: `go -C benchmarks run .` measures it.",
			chinese: "\n\n本节尚未测量：`go -C benchmarks run .` 会测量。",
		}
	}
	return section{
		english: fmt.Sprintf("\n\nThe whole secret is read: for each print, the search for a secret of 400 KiB takes %s, and for one of 1 MiB %s.", long, longer),
		chinese: fmt.Sprintf("\n\n敏感信息会被完整读取：每次打印时，搜索一项 400 KiB 的敏感信息需要 %s，1 MiB 的需要 %s。", long, longer),
	}
}

func (r results) imports() grid {
	g := grid{{"a program with", "size", "over net/http", "over resty", "modules"}}
	size := func(name string) float64 { return r.median("Import/"+name, "bytes") }
	for _, name := range programs {
		g = append(g, []string{
			bold(name), megabytes(size(name)), fmt.Sprintf("%+.2f MB", (size(name)-size("net-http"))/1e6),
			fmt.Sprintf("%+.2f MB", (size(name)-size("resty"))/1e6), number(r.median("Import/"+name, "modules")),
		})
	}
	return g
}

func megabytes(n float64) string { return fmt.Sprintf("%.2f MB", n/1e6) }

// bold marks the SDK's own row.
func bold(name string) string {
	if name == ours {
		return "**" + name + "**"
	}
	return name
}

func times(ratio float64) string { return fmt.Sprintf("%.2f ×", ratio) }

// missing stands for a time that is not in the output, such as that of an earlier version of these benchmarks.
const missing = "–"

// time is the median, or missing.
func (r results) time(benchmark, unit string) string {
	if len(r.values[measurement{benchmark, unit}]) == 0 {
		return missing
	}
	return duration(r.median(benchmark, unit))
}

func duration(seconds float64) string { return benchunit.Scale(seconds, benchunit.Decimal) + "s" }

// spread is the half of the confidence interval that is the wider, in percent.
func (r results) spread(benchmark, unit string) string {
	return r.summaryOf(benchmark, unit).PctRangeString()
}

// number writes a whole number with its thousands apart.
func number(x float64) string { return message.NewPrinter(language.English).Sprintf("%.0f", x) }

// markdown aligns all columns but the first to the right, so that the table also reads well in a terminal.
func (g grid) markdown() string {
	columns := make([]table.ColumnConfig, len(g[0])-1)
	for i := range columns {
		columns[i] = table.ColumnConfig{Number: i + 2, Align: text.AlignRight, AlignHeader: text.AlignRight}
	}
	t := table.NewWriter()
	t.Style().Markdown.PadContent = true
	t.SetColumnConfigs(columns)
	t.AppendHeader(rowOf(g[0]))
	for _, cells := range g[1:] {
		t.AppendRow(rowOf(cells))
	}
	return t.RenderMarkdown()
}

func rowOf(cells []string) (row table.Row) {
	for _, cell := range cells {
		row = append(row, cell)
	}
	return row
}
