package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ebaas/openplatform-go/internal/evidence"
)

// An aim is what was aimed at and what was measured.
type aim struct {
	what, aim, measured string
	met                 bool
	why                 section // the reason, where one that is missed has a known one
}

var (
	processorTime = section{
		english: "Client and server share the machine's cores, so what a call costs by itself (resty's set-up of the request, the timer of the " +
			"timeout) takes from the calls a second.",
		chinese: "客户端和服务器共用同一台机器的处理器，因此调用自身的开销（resty 构造请求、超时定时器）会直接减少每秒调用数。",
	}
	nothingToSave = section{
		english: "On loopback connections cost nothing to keep, so HTTP/2 has nothing to save and its framing to pay for.",
		chinese: "在回环接口上保持连接没有代价，HTTP/2 没有可节省的，却要付出分帧的开销。",
	}
)

// aims sets what was measured beside what was aimed at.
func (r results) aims() []aim {
	mine := inMemory(ours)
	count := r.median(mine, allocs)
	all := []aim{
		atMost("in memory, the time of resty by hand", 1, r.ratio(mine, inMemory(onResty), perCall)),
		atMost("in memory, the time of resty by hand, the further aim", 0.9, r.ratio(mine, inMemory(onResty), perCall)),
		atMost("in memory, the time of the fastest peer, "+r.fastestPeer(), 1, r.ratio(mine, inMemory(r.fastestPeer()), perCall)),
		{what: "in memory, allocations", aim: "≤ 60", measured: number(count), met: count <= 60},
		atMost("loopback, one caller, the time of net/http", 1.2, r.ratio(loopback("http", ours), loopback("http", byHand), perCall)),
	}
	for _, callers := range []int{128, 512} {
		all = append(all, r.aimsOver(callers)...)
	}
	overHTTP1 := func(name string) float64 {
		return r.ratio(waiting("tls-http2", 128, name), waiting("tls-http1", 128, name), rate)
	}
	http2 := atLeast("128 callers, HTTP/2: the calls/s of HTTP/1.1", 1, overHTTP1(ours))
	http2.why = nothingToSave
	http2.why.english += fmt.Sprintf(" Tuned net/http by hand: %s.", times(overHTTP1(tuned)))
	http2.why.chinese += fmt.Sprintf("手写的 net/http（已调优）为 %s。", times(overHTTP1(tuned)))
	over := r.median("Import/"+ours, "bytes") - r.median("Import/"+onResty, "bytes")
	modules := r.median("Import/"+ours, "modules") - r.median("Import/"+onResty, "modules") - 1
	return append(all, http2,
		aim{what: "a program's size over resty's", aim: "≤ 0.3 MB", measured: megabytes(over), met: over <= 0.3e6},
		aim{what: "modules beyond resty's, but for itself", aim: "0", measured: number(modules), met: modules == 0})
}

func (r results) aimsOver(callers int) []aim {
	b := func(name string) string { return waiting("tls-http1", callers, name) }
	who := fmt.Sprintf("%d callers over TLS, ", callers)
	each, more := r.median(b(ours), atFirst)/float64(callers), r.median(b(ours), later)
	ofTuned := atLeast(who+"the calls/s of tuned net/http", 0.9, r.ratio(b(ours), b(tuned), rate))
	ofTuned.why = processorTime
	return []aim{
		atLeast(who+"the calls/s of resty", 8, r.ratio(b(ours), b(onResty), rate)),
		ofTuned,
		{what: who + "connections a caller", aim: "≤ 2", measured: fmt.Sprintf("%.2f", each), met: each <= 2},
		{what: who + "connections opened later", aim: "0", measured: number(more), met: more == 0},
	}
}

func atMost(what string, limit, ratio float64) aim {
	return aim{what: what, aim: fmt.Sprintf("≤ %g ×", limit), measured: times(ratio), met: ratio <= limit}
}

func atLeast(what string, limit, ratio float64) aim {
	return aim{what: what, aim: fmt.Sprintf("≥ %g ×", limit), measured: times(ratio), met: ratio >= limit}
}

func (r results) fastestPeer() string {
	return slices.MinFunc(peers, func(a, b string) int {
		return cmp.Compare(r.median(inMemory(a), perCall), r.median(inMemory(b), perCall))
	})
}

func gridOf(aims []aim) grid {
	g := grid{{"the SDK as it comes", "aim", "measured", "met"}}
	for _, a := range aims {
		met := "yes"
		if !a.met {
			met = "**no**"
		}
		g = append(g, []string{a.what, a.aim, a.measured, met})
	}
	return g
}

// missed gives the reasons for aims that are missed, each once.
func missed(aims []aim) (s section) {
	var known []string
	for _, a := range aims {
		if a.met || a.why.english == "" || slices.Contains(known, a.why.english) {
			continue
		}
		known = append(known, a.why.english)
		s.english += "\n- *" + a.what + "*: " + a.why.english
		s.chinese += "\n- *" + inChinese(a.what) + "*：" + a.why.chinese
	}
	if s.english != "" {
		s.english, s.chinese = "\n\nWhy aims are missed:\n"+s.english, "\n\n未达到目标的原因：\n"+s.chinese
	}
	return s
}

// inChinese is an aim in Chinese. One without a translation is the error of its table.
func inChinese(what string) string {
	translated, err := evidence.Translate(grid{{what}}, chineseWords)
	if err != nil {
		return what
	}
	return translated[0][0]
}

func (r results) machine() section {
	rounds := len(r.values[measurement{inMemory(ours), perCall}])
	about := []any{
		r.config["date"], r.config["commit"], r.config["goos"], r.config["goarch"], r.config["cores"], r.config["cpu"],
		r.config["go"], rounds, command,
	}
	return section{
		"machine",
		fmt.Sprintf("Measured on %s at commit %s (%s/%s, %s cores, %s, Go %s, rounds: %d), by `%s`.", about...),
		fmt.Sprintf("测于 %s，提交 %s（%s/%s，%s 核，%s，Go %s，%d 轮），命令 `%s`。", about...),
	}
}

// summary is the page's beginning. Its figures are the tables' own.
func (r results) summary() section {
	var misses, missesInChinese []string
	aims := r.aims()
	for _, a := range aims {
		if !a.met {
			misses = append(misses, fmt.Sprintf("%s (aim %s, measured %s)", a.what, a.aim, a.measured))
			missesInChinese = append(missesInChinese, fmt.Sprintf("%s（目标 %s，实测 %s）", inChinese(a.what), a.aim, a.measured))
		}
	}
	english := fmt.Sprintf("- **Aims**: %d of %d are met.", len(aims)-len(misses), len(aims))
	chinese := fmt.Sprintf("- **目标**：%d 项中达到 %d 项。", len(aims), len(aims)-len(misses))
	if misses != nil {
		english += " Missed: " + strings.Join(misses, "; ") + "."
		chinese += "未达到：" + strings.Join(missesInChinese, "；") + "。"
	}
	busy := func(name string) string { return waiting("tls-http1", 128, name) }
	crowd := []any{
		number(r.median(busy(ours), rate)), times(r.ratio(busy(ours), busy(onResty), rate)),
		times(r.ratio(busy(ours), busy(tuned), rate)), r.time(busy(ours), p99),
	}
	english += fmt.Sprintf("\n- **Many callers**: 128 callers over TLS make %s calls a second: %s what resty and %s what a tuned net/http makes. "+
		"The p99 is %s, at 2 ms for the server.", crowd...)
	chinese += fmt.Sprintf("\n- **大量并发**：128 个调用方经 TLS 每秒完成 %s 次调用，是 resty 的 %s，是调优后 net/http 的 %s。"+
		"服务器耗时 2 ms 时，p99 为 %s。", crowd...)
	mine := inMemory(ours)
	alone := []any{
		r.time(mine, perCall), number(r.median(mine, allocs)), times(r.ratio(mine, inMemory(onResty), perCall)),
		times(r.ratio(mine, inMemory(byHand), perCall)),
	}
	english += fmt.Sprintf("\n- **One call**: in memory it takes %s and %s allocations: %s the time of resty by hand, %s that of net/http by hand.", alone...)
	chinese += fmt.Sprintf("\n- **单次调用**：内存中耗时 %s，分配 %s 次；是手写 resty 的 %s，手写 net/http 的 %s。", alone...)
	over := megabytes(r.median("Import/"+ours, "bytes") - r.median("Import/"+onResty, "bytes"))
	return section{
		"summary",
		english + fmt.Sprintf("\n- **Import**: a program with the SDK is %s larger than one with resty.", over),
		chinese + fmt.Sprintf("\n- **引入成本**：使用本 SDK 的程序比使用 resty 的大 %s。", over),
	}
}
