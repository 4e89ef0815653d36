// Package otelopenplatform is an OpenTelemetry observer for an openplatform client:
//
//	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithObserver(otelopenplatform.New()))
//
// # Spans
//
// A call is a span of kind INTERNAL with the operation's name. Each attempt is a child span of
// kind CLIENT, as in the semantic conventions for HTTP. VerifyUser and the renewal of an access
// token (RenewAccessToken) are spans around their calls.
//
// The status of a call's span is the result of the call: if a retry succeeds, the failed attempt is
// not an error of the call. A call that its caller cancelled is not an error either.
//
// # Metrics
//
//	http.client.request.duration  histogram, s  attempts, by the conventions for HTTP
//	openplatform.call.duration    histogram, s  calls, all attempts and waits included
//	openplatform.call.attempts    counter       attempts, by operation
//	openplatform.quota.refusals   counter       retries that the client's quota did not allow
//	openplatform.token.renewals   counter       renewals of access tokens
//
// The number of series is limited: undocumented codes are counted by their class. VerifyUser and
// RenewAccessToken are not counted as calls; the calls within them are.
//
// # Secrets
//
// Spans and metrics hold no secrets: url.full has REDACTED for each value of its query, and a
// phone number in a message of the platform is masked. Nothing is sent to the platform without
// [WithPropagators] or [WithBaggage].
package otelopenplatform

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	openplatform "github.com/ebaas/openplatform-go"
)

// ScopeName is the name of the tracer and of the meter.
const ScopeName = "github.com/ebaas/openplatform-go/otelopenplatform"

// An Option configures an observer, for [New].
type Option func(*config)

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	baggage    []string
}

// WithTracerProvider creates the spans with p. Without it, or if p is nil, the global provider is
// used.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider creates the metrics with p. Without it, or if p is nil, the global provider is
// used.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

// WithPropagators sends the span context of each attempt to the platform. Of the headers of p, only
// traceparent and tracestate are sent. Without it nothing is sent: the platform is a third party, so
// there is no global default.
func WithPropagators(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithBaggage sends the members of the ctx's baggage with these names to the platform.
func WithBaggage(names ...string) Option {
	return func(c *config) { c.baggage = names }
}

// New returns an observer for [openplatform.WithObserver]. One observer may serve many clients.
func New(opts ...Option) openplatform.Observer {
	c := config{tracers: otel.GetTracerProvider(), meters: otel.GetMeterProvider()}
	for _, opt := range opts {
		opt(&c)
	}
	o := &observer{
		tracer: c.tracers.Tracer(ScopeName,
			trace.WithInstrumentationVersion(openplatform.Version), trace.WithSchemaURL(semconv.SchemaURL)),
		metrics: newMetrics(c.meters.Meter(ScopeName,
			metric.WithInstrumentationVersion(openplatform.Version), metric.WithSchemaURL(semconv.SchemaURL))),
	}
	if c.propagator == nil && len(c.baggage) == 0 {
		return o
	}
	return &propagating{observer: o, propagator: c.propagator, baggage: c.baggage}
}
