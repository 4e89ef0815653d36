// Package otelopenplatform observes the calls of an openplatform client with OpenTelemetry:
//
//	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithObserver(otelopenplatform.New()))
//
// # Spans
//
// A call is a span of kind INTERNAL with the operation's name. Each attempt to send its request
// is a span of kind CLIENT beneath it, as the semantic conventions for HTTP want it. VerifyUser,
// and the renewal of an access token (RenewAccessToken), are spans around the calls that they
// consist of.
//
// A call's span tells how the call ended: an attempt that failed, and that another one made up
// for, is no error of the call. Nor is a call an error that its caller has cancelled.
//
// # Metrics
//
//	http.client.request.duration  histogram, s  attempts, by the conventions for HTTP
//	openplatform.call.duration    histogram, s  calls, all attempts and waits included
//	openplatform.call.attempts    counter       attempts, by operation
//	openplatform.quota.refusals   counter       repetitions that the client's quota did not allow
//	openplatform.token.renewals   counter       renewals of access tokens
//
// The number of their series is bounded: a code that the platform does not document counts by
// its class. VerifyUser and RenewAccessToken are not among the calls, whose parts are.
//
// # Secrets
//
// No span and no metric holds a secret: url.full has REDACTED for each value of its query, and
// a phone number in the platform's own words is masked. Nothing is sent to the platform unless
// [WithPropagators] or [WithBaggage] says so.
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

// An Option changes how [New] sets an observer up.
type Option func(*config)

type config struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	baggage    []string
}

// WithTracerProvider has spans made by p. Without it, or if p is nil, the global provider
// makes them.
func WithTracerProvider(p trace.TracerProvider) Option {
	return func(c *config) {
		if p != nil {
			c.tracers = p
		}
	}
}

// WithMeterProvider has metrics made by p. Without it, or if p is nil, the global provider
// makes them.
func WithMeterProvider(p metric.MeterProvider) Option {
	return func(c *config) {
		if p != nil {
			c.meters = p
		}
	}
}

// WithPropagators sends each attempt's span context to the platform. Of the headers that p
// writes, traceparent and tracestate are sent and no other. Without it none is: the platform is
// a third party, so there is no global default.
func WithPropagators(p propagation.TextMapPropagator) Option {
	return func(c *config) { c.propagator = p }
}

// WithBaggage sends the members of the ctx's baggage that have these names, and no others, to
// the platform.
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
