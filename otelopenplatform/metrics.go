package otelopenplatform

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/httpconv"

	openplatform "github.com/ebaas/openplatform-go"
)

// renewal is the composite call that gets a new access token.
const renewal = "RenewAccessToken"

// The bucket boundaries of the conventions, which also suit a call.
var boundaries = metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

type metrics struct {
	requestDuration metric.Float64Histogram
	callDuration    metric.Float64Histogram
	attempts        metric.Int64Counter
	refusals        metric.Int64Counter
	renewals        metric.Int64Counter

	// The attributes of each series.
	requestSeries memo[requestKey, []metric.RecordOption]
	callSeries    memo[callKey, []metric.RecordOption]
	attemptSeries memo[attemptSeriesKey, []metric.AddOption]
}

type requestKey struct {
	method, host     string
	port, status     int
	version, failure string
}

type callKey struct {
	operation, host             string
	outcome, codeClass, failure string
}

type attemptSeriesKey struct {
	operation, host, outcome string
	repetition               bool
}

func newMetrics(meter metric.Meter) *metrics {
	requests, err := httpconv.NewClientRequestDuration(meter, boundaries)
	report(err)
	calls, err := meter.Float64Histogram("openplatform.call.duration", boundaries, metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, with all attempts and the waits between them."))
	if report(err) {
		calls = noop.Float64Histogram{}
	}
	return &metrics{
		requestDuration: requests.Inst(),
		callDuration:    calls,
		attempts:        newCounter(meter, "openplatform.call.attempts", "{attempt}", "Attempts to send a request."),
		refusals:        newCounter(meter, "openplatform.quota.refusals", "{repetition}", "Repetitions that the client's quota did not allow."),
		renewals:        newCounter(meter, "openplatform.token.renewals", "{renewal}", "Renewals of access tokens, from the platform or from the token store."),
	}
}

func newCounter(meter metric.Meter, name, unit, description string) metric.Int64Counter {
	counter, err := meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if report(err) {
		return noop.Int64Counter{}
	}
	return counter
}

// report passes the error of an instrument to OpenTelemetry's error handler.
func report(err error) bool {
	if err != nil {
		otel.Handle(err)
	}
	return err != nil
}

func (m *metrics) countCall(ctx context.Context, start openplatform.CallStart, end openplatform.CallEnd, failure string) {
	if start.Composite { // the calls within it are counted
		if start.Operation == renewal {
			m.renewals.Add(ctx, 1, attributes(failure,
				semconv.ServerAddress(start.Host), outcomeKey.String(outcomeName(end.Outcome))))
		}
		return
	}
	key := callKey{
		operation: start.Operation, host: start.Host, outcome: outcomeName(end.Outcome), codeClass: codeClass(end.Code), failure: failure,
	}
	m.callDuration.Record(ctx, end.Duration.Seconds(), m.callSeries.get(key, callSeries)...)
	if end.Stopped == openplatform.StopQuota {
		m.refusals.Add(ctx, 1, attributes("", operationKey.String(start.Operation), semconv.ServerAddress(start.Host)))
	}
}

func (m *metrics) countAttempt(ctx context.Context, start attemptKey, end openplatform.AttemptEnd, failure string) {
	request := requestKey{
		method: start.method, host: start.host, port: start.port, status: end.HTTPStatus,
		version: protocolVersion(end.Protocol), failure: failure,
	}
	m.requestDuration.Record(ctx, end.Duration.Seconds(), m.requestSeries.get(request, requestSeries)...)
	attempt := attemptSeriesKey{
		operation: start.operation, host: start.host, outcome: outcomeName(end.Outcome), repetition: start.number > 1,
	}
	m.attempts.Add(ctx, 1, m.attemptSeries.get(attempt, attemptSeries)...)
}

func requestSeries(key requestKey) []metric.RecordOption {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(key.method),
		semconv.ServerAddress(key.host),
		semconv.ServerPort(key.port),
	}
	if key.status != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(key.status))
	}
	if key.version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(key.version))
	}
	return []metric.RecordOption{attributes(key.failure, attrs...)}
}

func callSeries(key callKey) []metric.RecordOption {
	attrs := []attribute.KeyValue{
		operationKey.String(key.operation), semconv.ServerAddress(key.host), outcomeKey.String(key.outcome),
	}
	if key.codeClass != "" {
		attrs = append(attrs, codeClassKey.String(key.codeClass))
	}
	return []metric.RecordOption{attributes(key.failure, attrs...)}
}

func attemptSeries(key attemptSeriesKey) []metric.AddOption {
	return []metric.AddOption{attributes("",
		operationKey.String(key.operation), semconv.ServerAddress(key.host), outcomeKey.String(key.outcome), repetitionKey.Bool(key.repetition),
	)}
}

// attributes returns the attributes of a series, with error.type for failures.
func attributes(failure string, attrs ...attribute.KeyValue) metric.MeasurementOption {
	if failure != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(failure))
	}
	return metric.WithAttributeSet(attribute.NewSet(attrs...))
}
