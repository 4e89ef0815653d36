package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// A row is a span in its place: below its parent, after what began before it.
type row struct {
	depth    int
	kind     trace.SpanKind
	name     string
	begin    time.Duration // after the beginning of the trace
	duration time.Duration
	failed   bool
	status   string // of HTTP, "" if it is no attempt or there was no answer
	note     string
}

func inOrder(spans tracetest.SpanStubs) (rows []row) {
	slices.SortFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var below func(parent trace.SpanID, depth int)
	below = func(parent trace.SpanID, depth int) {
		for _, s := range spans {
			if s.Parent.SpanID() == parent {
				attrs := attribute.NewSet(s.Attributes...)
				status, _ := attrs.Value("http.response.status_code")
				rows = append(rows, row{
					depth: depth, kind: s.SpanKind, name: s.Name, begin: s.StartTime.Sub(spans[0].StartTime),
					duration: s.EndTime.Sub(s.StartTime), failed: s.Status.Code == codes.Error, status: status.String(), note: note(attrs),
				})
				below(s.SpanContext.SpanID(), depth+1)
			}
		}
	}
	below(trace.SpanID{}, 0)
	return rows
}

// note is the part of the attributes for which there is room.
func note(attrs attribute.Set) string {
	var words []string
	for _, key := range []attribute.Key{"url.full", "http.request.resend_count", "http.response.status_code", "openplatform.code", "error.type"} {
		if value, ok := attrs.Value(key); ok {
			words = append(words, fmt.Sprintf("%s=%s", key, value.String()))
		}
	}
	return strings.Join(words, " ")
}

func printTrace(stdout io.Writer, rows []row) {
	_, _ = fmt.Fprintln(stdout, "The trace:")
	for _, r := range rows {
		name := strings.Repeat("  ", r.depth) + r.name
		_, _ = fmt.Fprintf(stdout, "  %-32s %-8s at %5.1f ms for %5.1f ms  %s\n", name, r.kind, milliseconds(r.begin), milliseconds(r.duration), r.note)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func printMetrics(ctx context.Context, stdout io.Writer, reader *sdkmetric.ManualReader) error {
	var all metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &all); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stdout, "The metrics:")
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					_, _ = fmt.Fprintf(stdout, "  %-30s %d in %.3f s  %s\n", m.Name, p.Count, p.Sum, labels(p.Attributes))
				}
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					_, _ = fmt.Fprintf(stdout, "  %-30s %d  %s\n", m.Name, p.Value, labels(p.Attributes))
				}
			}
		}
	}
	return nil
}

func labels(attrs attribute.Set) string {
	var words []string
	for _, a := range attrs.ToSlice() {
		words = append(words, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
	}
	return strings.Join(words, " ")
}
