package otelopenplatform

import (
	"context"
	"net/http"
	"net/netip"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	openplatform "github.com/ebaas/openplatform-go"
)

// The project's own attributes.
const (
	operationKey  = attribute.Key("openplatform.operation")
	outcomeKey    = attribute.Key("openplatform.outcome")
	codeKey       = attribute.Key("openplatform.code")
	codeClassKey  = attribute.Key("openplatform.code_class")
	requestIDKey  = attribute.Key("openplatform.request_id")
	attemptsKey   = attribute.Key("openplatform.attempts")
	stoppedKey    = attribute.Key("openplatform.stopped")
	repetitionKey = attribute.Key("openplatform.repetition")
)

type observer struct {
	tracer  trace.Tracer
	metrics *metrics

	callOptions    memo[string, []trace.SpanStartOption]
	attemptOptions memo[attemptKey, []trace.SpanStartOption]
}

// An attemptKey is the input of the attributes at the start of an attempt's span.
type attemptKey struct {
	operation, method, host, url string
	port, number                 int
}

// ObserveCall implements [openplatform.Observer].
func (o *observer) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	ctx, span := o.tracer.Start(ctx, start.Operation, o.callOptions.get(start.Operation, callOptions)...)
	return ctx, func(end openplatform.CallEnd) {
		failure := errorTypeOf(ctx, end.Err)
		if span.IsRecording() {
			endCallSpan(span, end, failure)
		}
		o.metrics.countCall(ctx, start, end, failure)
		span.End()
	}
}

func callOptions(operation string) []trace.SpanStartOption {
	return []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindInternal), trace.WithAttributes(operationKey.String(operation)),
	}
}

func endCallSpan(span trace.Span, end openplatform.CallEnd, failure string) {
	attrs := answerAttributes(end.Outcome, end.Code, end.RequestID)
	if end.Attempts > 0 {
		attrs = append(attrs, attemptsKey.Int(end.Attempts))
	}
	if end.Stopped != "" {
		attrs = append(attrs, stoppedKey.String(string(end.Stopped)))
	}
	if failure != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(failure))
		span.SetStatus(codes.Error, end.Err.Error())
	}
	span.SetAttributes(attrs...)
}

// ObserveAttempt implements [openplatform.Observer].
func (o *observer) ObserveAttempt(ctx context.Context, start openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	key := attemptKey{
		operation: start.Operation, method: start.Method, host: start.Host, url: start.URL, port: start.Port, number: start.Number,
	}
	ctx, span := o.tracer.Start(ctx, start.Method, o.attemptOptions.get(key, attemptOptions)...)
	return ctx, func(end openplatform.AttemptEnd) {
		failure := errorTypeOf(ctx, end.Err)
		if span.IsRecording() {
			endAttemptSpan(span, end, failure)
		}
		o.metrics.countAttempt(ctx, key, end, failure)
		span.End()
	}
}

// attemptOptions returns the attributes that samplers need, as in the conventions.
func attemptOptions(key attemptKey) []trace.SpanStartOption {
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(key.method),
		semconv.ServerAddress(key.host),
		semconv.ServerPort(key.port),
		semconv.URLFull(key.url),
		operationKey.String(key.operation),
	}
	if key.number > 1 {
		attrs = append(attrs, semconv.HTTPRequestResendCount(key.number-1))
	}
	return []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attrs...)}
}

func endAttemptSpan(span trace.Span, end openplatform.AttemptEnd, failure string) {
	attrs := answerAttributes(end.Outcome, end.Code, end.RequestID)
	if end.HTTPStatus != 0 {
		attrs = append(attrs, semconv.HTTPResponseStatusCode(end.HTTPStatus))
	}
	if version := protocolVersion(end.Protocol); version != "" {
		attrs = append(attrs, semconv.NetworkProtocolVersion(version))
	}
	if peer, err := netip.ParseAddrPort(end.Peer); err == nil {
		attrs = append(attrs, semconv.NetworkPeerAddress(peer.Addr().String()), semconv.NetworkPeerPort(int(peer.Port())))
	}
	if failure != "" {
		attrs = append(attrs, semconv.ErrorTypeKey.String(failure))
		span.SetStatus(codes.Error, description(end))
	}
	span.SetAttributes(attrs...)
}

// description omits what http.response.status_code says, as in the conventions.
func description(end openplatform.AttemptEnd) string {
	if end.HTTPStatus >= http.StatusBadRequest {
		return ""
	}
	return end.Err.Error()
}

func answerAttributes(outcome openplatform.Outcome, code openplatform.Code, requestID string) []attribute.KeyValue {
	const mostOfThem = 10
	attrs := append(make([]attribute.KeyValue, 0, mostOfThem), outcomeKey.String(outcomeName(outcome)))
	if code != "" {
		attrs = append(attrs, codeKey.String(string(code)))
	}
	if requestID != "" {
		attrs = append(attrs, requestIDKey.String(requestID))
	}
	return attrs
}

// outcomeName returns the outcome as a value without blanks.
func outcomeName(o openplatform.Outcome) string {
	if o == openplatform.OutcomeNotSent {
		return "not_sent"
	}
	return o.String()
}

// protocolVersion returns the version in the format of the conventions, "" if they do not define it.
func protocolVersion(protocol string) string {
	switch protocol {
	case "HTTP/1.0":
		return "1.0"
	case "HTTP/1.1":
		return "1.1"
	case "HTTP/2.0":
		return "2"
	case "HTTP/3.0":
		return "3"
	default:
		return ""
	}
}
