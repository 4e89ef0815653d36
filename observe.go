package openplatform

import (
	"context"
	"maps"
	"slices"
	"time"
)

// An Observer is notified of each call and each attempt. Both methods return a ctx for the
// rest of the call or attempt, and a function that is called once at its end. Either may be
// nil. The ctx must derive from the given one, or timeouts are lost. A tracer starts a span
// in the method and ends it in the function.
//
// Observers run in the goroutines of the callers, many at once, and must not block. A panic
// reaches the caller, or the callers who wait for an [AccessTokenSource]. The values hold no
// secrets: an [*APIError] is a masked copy.
type Observer interface {
	ObserveCall(ctx context.Context, start CallStart) (context.Context, func(CallEnd))
	ObserveAttempt(ctx context.Context, start AttemptStart) (context.Context, func(AttemptEnd))
}

// A TracePropagator is an [Observer] that adds trace headers to each attempt. Without one, no
// trace header is sent.
type TracePropagator interface {
	Observer
	// TraceHeaders returns the headers for an attempt. ctx is the one that ObserveAttempt
	// returned. Only traceparent, tracestate and baggage are sent. The platform is a third
	// party: return baggage only if the platform may read it.
	TraceHeaders(ctx context.Context) map[string]string
}

// CallStart describes a call before it starts.
type CallStart struct {
	Operation string
	Method    string // "" for a composite call
	Host      string // of the base URL, without the port
	Port      int    // of the base URL, or its scheme's
	Path      string // without the base URL's own path; "" for a composite call
	// Composite says that this call consists of other calls, which are observed within it.
	// Composite calls are "VerifyUser", for [AccessTokenSource.VerifyUser], and
	// "RenewAccessToken", when a source gets a new token from the platform or the
	// [TokenStore].
	Composite bool
}

// CallEnd is the result of a call.
type CallEnd struct {
	Outcome    Outcome
	Code       Code   // "" if there was no envelope, and for a composite call that succeeded
	RequestID  string // "" likewise
	HTTPStatus int    // 0 if there was no response
	Attempts   int    // 0 if there was no attempt, and for a composite call
	Duration   time.Duration
	Waited     time.Duration // between attempts; it is part of Duration
	Stopped    StopReason    // why no further attempt was made; "" if the call succeeded or made none
	Err        error         // nil on success
}

// StopReason is the reason why a failed call was not retried.
type StopReason string

// The reasons why a failed call is not retried.
const (
	// StopNotRepeatable: a retry is not safe, or would not help. See "Retries" in the package
	// documentation.
	StopNotRepeatable StopReason = "not_repeatable"
	// StopPolicy: MaxAttempts were made, or Retry-After is longer than MaxDelay.
	StopPolicy StopReason = "policy"
	// StopQuota: the retries of the client's calls have used up the quota.
	StopQuota StopReason = "quota"
	// StopDeadline: ctx or the client's timeout has ended, or would end during the wait.
	StopDeadline StopReason = "deadline"
)

// AttemptStart describes an attempt before it starts.
type AttemptStart struct {
	Operation string
	Method    string
	Scheme    string // "http" or "https"
	Host      string // of the base URL, without the port
	Port      int    // of the base URL, or its scheme's
	Path      string // the operation's: without the base URL's own path
	URL       string // the whole URL, with REDACTED for each value in the query
	Number    int    // from 1
	Cause     error  // the error of the attempt before it; nil for the first
}

// AttemptEnd is the result of an attempt. Data that the operation does not document is found
// after the last attempt: only [CallEnd] reports it.
type AttemptEnd struct {
	Outcome     Outcome
	Code        Code
	RequestID   string
	HTTPStatus  int
	Protocol    string // of the response, such as "HTTP/1.1"; "" if there was none
	Peer        string // the remote address and port; "" if unknown
	Reused      bool   // the connection had been used before
	AnswerBytes int    // length of the response's body after decompression, at most 1 MiB and one byte
	Duration    time.Duration
	Err         error
}

// combined returns one observer for several, nil for none.
func combined(all []Observer) Observer {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	default:
		return observers(all)
	}
}

// observers are notified one after the other, and of an end in the opposite order: the ctx of
// the second derives from that of the first.
type observers []Observer

func (all observers) ObserveCall(ctx context.Context, start CallStart) (context.Context, func(CallEnd)) {
	return observeAll(ctx, all, func(o Observer, ctx context.Context) (context.Context, func(CallEnd)) {
		return o.ObserveCall(ctx, start)
	})
}

func (all observers) ObserveAttempt(ctx context.Context, start AttemptStart) (context.Context, func(AttemptEnd)) {
	return observeAll(ctx, all, func(o Observer, ctx context.Context) (context.Context, func(AttemptEnd)) {
		return o.ObserveAttempt(ctx, start)
	})
}

// TraceHeaders returns the headers of all propagators. The last one's value is sent.
func (all observers) TraceHeaders(ctx context.Context) map[string]string {
	headers := map[string]string{}
	for _, o := range all {
		if p, ok := o.(TracePropagator); ok {
			maps.Copy(headers, p.TraceHeaders(ctx))
		}
	}
	return headers
}

func observeAll[End any](
	ctx context.Context, all []Observer, observe func(Observer, context.Context) (context.Context, func(End)),
) (context.Context, func(End)) {
	var ends []func(End)
	for _, o := range all {
		observed, end := observe(o, ctx)
		if observed != nil {
			ctx = observed
		}
		if end != nil {
			ends = append(ends, end)
		}
	}
	return ctx, func(e End) {
		for _, end := range slices.Backward(ends) {
			end(e)
		}
	}
}
