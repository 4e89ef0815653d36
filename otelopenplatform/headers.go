package otelopenplatform

import (
	"context"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// A propagating observer is an [openplatform.TracePropagator].
type propagating struct {
	*observer
	propagator propagation.TextMapPropagator // nil for none
	baggage    []string                      // the names of the members to send
}

// TraceHeaders implements [openplatform.TracePropagator].
func (p *propagating) TraceHeaders(ctx context.Context) map[string]string {
	headers := traceHeaders{}
	if p.propagator != nil {
		p.propagator.Inject(ctx, headers)
	}
	if named := p.named(baggage.FromContext(ctx)); named.Len() > 0 {
		headers["baggage"] = named.String()
	}
	return headers
}

func (p *propagating) named(all baggage.Baggage) baggage.Baggage {
	for _, member := range all.Members() {
		if !slices.Contains(p.baggage, member.Key()) {
			all = all.DeleteMember(member.Key())
		}
	}
	return all
}

// traceHeaders accept only the headers of the trace from a propagator: the usual global
// propagator writes baggage too.
type traceHeaders map[string]string

// Get implements [propagation.TextMapCarrier].
func (h traceHeaders) Get(key string) string { return h[strings.ToLower(key)] }

// Set implements [propagation.TextMapCarrier].
func (h traceHeaders) Set(key, value string) {
	if key = strings.ToLower(key); key == "traceparent" || key == "tracestate" {
		h[key] = value
	}
}

// Keys implements [propagation.TextMapCarrier].
func (h traceHeaders) Keys() []string {
	keys := make([]string, 0, len(h))
	for key := range h {
		keys = append(keys, key)
	}
	return keys
}
