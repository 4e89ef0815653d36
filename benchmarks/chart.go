package main

import (
	"bytes"
	"cmp"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// style has what gonum does not write: fonts as wide as the one that it measures with, and colours for dark pages.
const style = `<style>
text { font-family: "Liberation Sans", Arial, Helvetica, sans-serif !important }
@media (prefers-color-scheme: dark) { svg { filter: invert(1) hue-rotate(180deg) } }
</style>
`

var colors = map[string]color.NRGBA{
	ours:    {R: 9, G: 105, B: 218, A: 255},
	tuned:   {R: 26, G: 127, B: 55, A: 255},
	byHand:  {R: 188, G: 76, B: 0, A: 255},
	onResty: {R: 130, G: 80, B: 223, A: 255},
}

// colorOf is grey for a peer, and fainter for a contender with something added.
func colorOf(name string) color.Color {
	name, _, added := strings.Cut(name, "+")
	c, ok := colors[name]
	if !ok {
		c = color.NRGBA{R: 125, G: 133, B: 142, A: 255}
	}
	if added {
		c.A = 140
	}
	return c
}

// drawCalls draws how many calls a second each contender makes over TLS, by the number of
// callers.
func (r results) drawCalls() ([]byte, error) {
	p := newPlot("Calls a second over TLS (HTTP/1.1), by number of callers")
	p.X.Label.Text, p.Y.Label.Text = "callers at once, logarithmic", "calls a second, logarithmic"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(1, 16, 128, 512), ticks(300, 1000, 3000, 10_000)
	p.Y.Min = 300
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, 4

	var lines []plot.Plotter
	for _, name := range names {
		var points plotter.XYs
		for _, callers := range waitingCallers {
			points = append(points, plotter.XY{X: float64(callers), Y: r.median(waiting("tls-http1", callers, name), rate)})
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		line.LineStyle = lineOf(name)
		lines = append(lines, line)
		switch {
		case !slices.Contains(peers, name):
			p.Legend.Add(name, line)
		case name == peers[0]:
			p.Legend.Add("SDKs of other services", line)
		}
	}
	slices.Reverse(lines) // the SDK's own on top
	p.Add(lines...)
	return render(p, 350)
}

func lineOf(name string) draw.LineStyle {
	s := draw.LineStyle{Color: colorOf(name), Width: 1.5}
	switch name {
	case ours:
		s.Width = 3
	case tuned:
		s.Dashes = []vg.Length{5, 3}
	}
	return s
}

func ticks(values ...float64) plot.ConstantTicks {
	var all plot.ConstantTicks
	for _, v := range values {
		all = append(all, plot.Tick{Value: v, Label: number(v)})
	}
	return all
}

// drawMemory draws what a call costs in memory.
func (r results) drawMemory() ([]byte, error) {
	cost := func(name string) float64 { return r.median(inMemory(name), perCall) }
	shown := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == tuned })
	shown = append(shown, ours+"+logger", ours+"+observer")
	slices.SortFunc(shown, func(a, b string) int { return cmp.Compare(cost(b), cost(a)) }) // from the bottom up

	p := newPlot("What a call costs in memory")
	p.NominalY(shown...)
	p.HideX()
	p.X.Min, p.X.Max = 0, 1.4*cost(shown[0]) // room for the text after the longest bar
	p.Y.Padding = 20
	var labels plotter.XYLabels
	for i, name := range shown {
		bar, err := plotter.NewBarChart(plotter.Values{cost(name)}, 15)
		if err != nil {
			return nil, err
		}
		bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, float64(i), colorOf(name), 0
		p.Add(bar)
		labels.XYs = append(labels.XYs, plotter.XY{X: cost(name), Y: float64(i)})
		labels.Labels = append(labels.Labels, duration(cost(name))+", "+number(r.median(inMemory(name), allocs))+" allocations")
	}
	texts, err := plotter.NewLabels(labels)
	if err != nil {
		return nil, err
	}
	texts.Offset = vg.Point{X: 6, Y: -4}
	p.Add(texts)
	return render(p, 260)
}

func newPlot(title string) *plot.Plot {
	plot.DefaultFont.Variant, plotter.DefaultFont.Variant = "Sans", "Sans"
	p := plot.New()
	p.BackgroundColor = color.Transparent
	p.Title.Text = title
	p.Title.TextStyle.Font.Size, p.Title.Padding = 14, 10
	return p
}

func render(p *plot.Plot, height vg.Length) ([]byte, error) {
	const width, margin = 650, 15
	canvas := vgsvg.New(width, height)
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	var svg bytes.Buffer
	if _, err := canvas.WriteTo(&svg); err != nil {
		return nil, err
	}
	return bytes.Replace(svg.Bytes(), []byte("<g "), []byte(style+"<g "), 1), nil
}
