package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// The charts are read on light and on dark pages: they have no background, and colours
// of their own for each.
const style = `<style>
text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
.title { font-size: 17px; font-weight: 600 }
.muted { fill: #59636e }
.right { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: #d1d9e0 }
.line { fill: none; stroke-width: 2; stroke-linejoin: round }
.leader { fill: none; stroke-width: 1; opacity: .6 }
.peer { stroke: #8c959f }
.ours { stroke: #0969da }
.tuned { stroke: #1a7f37 }
.byhand { stroke: #bc4c00 }
.onresty { stroke: #8250df }
text.ours, text.tuned, text.byhand, text.onresty, text.peer { stroke: none }
text.ours { fill: #0969da; font-weight: 600 }
text.tuned { fill: #1a7f37 }
text.byhand { fill: #bc4c00 }
text.onresty { fill: #8250df }
text.peer { fill: #59636e }
.line.ours { stroke-width: 4 }
.line.tuned { stroke-width: 2; stroke-dasharray: 6 4 }
.bar { stroke-width: 0 }
.bar.ours { fill: #0969da }
.bar.byhand { fill: #bc4c00 }
.bar.onresty { fill: #8250df }
.bar.peer { fill: #8c959f }
.bar.faint { fill: #0969da; opacity: .55 }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.muted { fill: #9198a1 }
.grid { stroke: #3d444d }
.peer { stroke: #7d8590 }
.ours { stroke: #4493f8 }
.tuned { stroke: #3fb950 }
.byhand { stroke: #f0883e }
.onresty { stroke: #ab7df8 }
text.ours { fill: #4493f8 }
text.tuned { fill: #3fb950 }
text.byhand { fill: #f0883e }
text.onresty { fill: #ab7df8 }
text.peer { fill: #9198a1 }
.bar.ours, .bar.faint { fill: #4493f8 }
.bar.byhand { fill: #f0883e }
.bar.onresty { fill: #ab7df8 }
.bar.peer { fill: #7d8590 }
}
</style>
`

func class(name string) string {
	switch name {
	case ours:
		return "ours"
	case tuned:
		return "tuned"
	case byHand:
		return "byhand"
	case onResty:
		return "onresty"
	default:
		return "peer"
	}
}

// A drawing is an SVG on its way.
type drawing struct{ svg []byte }

func newDrawing(width, height int, description string) *drawing {
	d := &drawing{}
	d.add(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		width, height, width, height, description)
	d.add("%s", style)
	return d
}

func (d *drawing) add(format string, args ...any) { d.svg = fmt.Appendf(d.svg, format, args...) }

func (d *drawing) text(x, y float64, class, s string) {
	d.add(`<text x="%.1f" y="%.1f" class="%s">%s</text>`+"\n", x, y, class, s)
}

func (d *drawing) path(class string, points []point) {
	d.add(`<polyline class="%s" points="`, class)
	for _, p := range points {
		d.add("%.1f,%.1f ", p.x, p.y)
	}
	d.add(`"/>` + "\n")
}

func (d *drawing) end() []byte { return append(d.svg, "</svg>\n"...) }

type point struct{ x, y float64 }

// drawCalls draws how many calls a second each contender makes over TLS, by the number of
// callers.
func (r results) drawCalls() []byte {
	const (
		protocol                 = "tls-http1"
		width, height            = 900, 480
		left, right, top, bottom = 64.0, 560.0, 92.0, 420.0
		nameAt, callsAt, connsAt = 592.0, 772.0, 880.0
	)
	lowest, highest := math.Inf(1), 0.0
	for _, name := range names {
		for _, callers := range waitingCallers {
			calls := r.median(waiting(protocol, callers, name), rate)
			lowest, highest = min(lowest, calls), max(highest, calls)
		}
	}
	most := waitingCallers[len(waitingCallers)-1]
	at := func(callers int, calls float64) point {
		return point{
			x: left + (right-left)*math.Log(float64(callers))/math.Log(float64(most)),
			y: bottom - (bottom-top)*math.Log(calls/(lowest/1.3))/math.Log(highest*1.3/(lowest/1.3)),
		}
	}

	d := newDrawing(width, height, "Calls a second over TLS, by number of callers")
	d.text(20, 30, "title", "Calls a second over TLS, by number of callers")
	d.text(20, 52, "muted", "HTTP/1.1, a server that takes 2 ms to answer, each with the pool it comes with; both axes logarithmic")
	for _, tick := range []float64{10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000} {
		if p := at(1, tick); top <= p.y && p.y <= bottom {
			d.path("grid", []point{p, {right, p.y}})
			d.text(left-8, p.y+4, "muted right", number(tick))
		}
	}
	for _, callers := range waitingCallers {
		d.text(at(callers, 1).x, bottom+22, "muted middle", strconv.Itoa(callers))
	}
	d.text((left+right)/2, bottom+44, "muted middle", "callers at once")

	ends := make([]float64, len(names))
	order := slices.Clone(names)
	last := func(name string) float64 { return r.median(waiting(protocol, most, name), rate) }
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(last(b), last(a)) })
	for i, name := range order {
		ends[i] = at(most, last(name)).y
	}
	labels := apart(ends, 19)
	d.text(callsAt, labels[0]-22, "muted right", "calls/s at "+strconv.Itoa(most))
	d.text(connsAt, labels[0]-22, "muted right", "connections")
	for i, name := range slices.Backward(order) { // the best on top
		var line []point
		for _, callers := range waitingCallers {
			line = append(line, at(callers, r.median(waiting(protocol, callers, name), rate)))
		}
		d.path("line "+class(name), line)
		d.path("leader "+class(name), []point{{right + 4, ends[i]}, {nameAt - 8, labels[i]}})
		b := waiting(protocol, most, name)
		d.text(nameAt, labels[i]+4, class(name), name)
		d.text(callsAt, labels[i]+4, class(name)+" right", number(last(name)))
		d.text(connsAt, labels[i]+4, class(name)+" right", number(r.median(b, atFirst)+r.median(b, later)))
	}
	return d.end()
}

// apart moves labels at the given heights, from top to bottom, so far from each other
// that none covers another: halfway between moving them all down and moving them all up.
func apart(heights []float64, gap float64) []float64 {
	down, up := slices.Clone(heights), slices.Clone(heights)
	for i := 1; i < len(down); i++ {
		down[i] = max(down[i], down[i-1]+gap)
	}
	for i := len(up) - 2; i >= 0; i-- {
		up[i] = min(up[i], up[i+1]-gap)
	}
	for i := range down {
		down[i] = (down[i] + up[i]) / 2
	}
	return down
}

// drawMemory draws what a call costs in memory.
func (r results) drawMemory() []byte {
	const (
		width, left, right = 900, 180.0, 660.0
		top, row           = 78.0, 28.0
	)
	shown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == tuned })
	shown = append(shown, ours+"+logger", ours+"+observer")
	cost := func(name string) float64 { return r.median(inMemory(name), perCall) }
	slices.SortFunc(shown, func(a, b string) int { return cmp.Compare(cost(a), cost(b)) })
	longest := cost(shown[len(shown)-1])

	d := newDrawing(width, int(top+row*float64(len(shown)))+10, "What a call costs in memory")
	d.text(20, 30, "title", "What a call costs in memory")
	d.text(20, 52, "muted", "The same work with nothing below but a RoundTripper that answers at once")
	for i, name := range shown {
		y := top + row*float64(i)
		kind := class(name)
		if strings.HasPrefix(name, ours+"+") {
			kind = "faint"
		}
		length := (right - left) * cost(name) / longest
		d.text(left-12, y+14, class(name)+" right", name)
		d.add(`<rect class="bar %s" x="%.1f" y="%.1f" width="%.1f" height="18" rx="2"/>`+"\n", kind, left, y, length)
		d.text(left+length+10, y+14, "", fmt.Sprintf("%s, %s allocations", duration(cost(name)), number(r.median(inMemory(name), allocs))))
	}
	return d.end()
}
