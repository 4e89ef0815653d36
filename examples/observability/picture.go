package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// The picture's measures.
const (
	width     = 1100
	nameWidth = 220
	noteWidth = 110
	rowHeight = 26
	top       = 44
	margin    = 16
)

// Colours that can be told apart without red and green; what failed has a frame besides.
var colours = map[trace.SpanKind]string{
	trace.SpanKindServer: "#8a8f98", trace.SpanKindInternal: "#4f7cac", trace.SpanKindClient: "#e0a33a",
}

// draw returns the trace as an SVG: a bar for each span, over the time that it took.
func draw(rows []row) []byte {
	var out bytes.Buffer
	height := top + len(rows)*rowHeight + margin
	_, _ = fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="13">`+"\n", width, height)
	_, _ = fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	x := margin
	for _, kind := range []trace.SpanKind{trace.SpanKindServer, trace.SpanKindInternal, trace.SpanKindClient} {
		_, _ = fmt.Fprintf(&out, `<rect x="%d" y="14" width="14" height="14" rx="2" fill="%s"/>`+"\n", x, colours[kind])
		text(&out, x+20, 26, "#333333", kind.String())
		x += 100
	}
	_, _ = fmt.Fprintf(&out, `<rect x="%d" y="14" width="14" height="14" rx="2" fill="none" stroke="#b3261e" stroke-width="2"/>`+"\n", x)
	text(&out, x+20, 26, "#333333", "Error")
	var whole time.Duration
	for _, r := range rows {
		whole = max(whole, r.begin+r.duration)
	}
	for i, r := range rows {
		drawRow(&out, r, top+i*rowHeight, whole)
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func drawRow(out io.Writer, r row, y int, whole time.Duration) {
	const room = width - nameWidth - noteWidth - 2*margin
	at := func(d time.Duration) int { return int(int64(room) * int64(d) / max(1, int64(whole))) }
	begin, length := nameWidth+margin+at(r.begin), max(2, at(r.duration))
	frame := ""
	if r.failed {
		frame = ` stroke="#b3261e" stroke-width="2"`
	}
	text(out, margin+r.depth*16, y+17, "#111111", r.name)
	_, _ = fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" rx="2" fill="%s"%s/>`+"\n", begin, y+4, length, rowHeight-8, colours[r.kind], frame)
	label := strings.TrimSpace(fmt.Sprintf("%.1f ms  %s", milliseconds(r.duration), r.status))
	text(out, begin+length+6, y+17, "#333333", label)
}

func text(out io.Writer, x, y int, colour, s string) {
	_, _ = fmt.Fprintf(out, `<text x="%d" y="%d" fill="%s">`, x, y, colour)
	_ = xml.EscapeText(out, []byte(s)) // it fails only if out does
	_, _ = fmt.Fprintln(out, "</text>")
}
