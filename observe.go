package openplatform

import (
	"context"
	"maps"
	"slices"
	"time"
)

// An Observer is told of each call and of each attempt within it. Both methods
// return a ctx, which carries the call or attempt on and must derive from the one given,
// or timeouts are lost; and a function that is called once when it ends. Either may be
// nil. A tracer opens a span in each and closes it in the function. Observers are called
// from many goroutines at once, in the caller's own, and must not block. A panic of theirs
// reaches the caller; of a fetch that belongs to an [AccessTokenSource], those who wait for it.
//
// Nothing an Observer is given holds a secret: an [*APIError] is a copy whose Msg is
// masked.
type Observer interface {
	ObserveCall(ctx context.Context, start CallStart) (context.Context, func(CallEnd))
	ObserveAttempt(ctx context.Context, start AttemptStart) (context.Context, func(AttemptEnd))
}

// A TracePropagator is an [Observer] that has trace headers sent with each attempt. Without
// one, no trace header leaves this process.
type TracePropagator interface {
	Observer
	// TraceHeaders returns the headers for an attempt, given the ctx that ObserveAttempt
	// returned. Of traceparent, tracestate and baggage those that it names are sent, and
	// nothing else: the platform is a third party, so name baggage only if it may read it.
	TraceHeaders(ctx context.Context) map[string]string
}

// CallStart is what is known before a call.
type CallStart struct {
	Operation string
	Method    string // "" for a composite call
	Host      string // of the base URL, without the port
	Port      int    // of the base URL, or its scheme's
	Path      string // without the base URL's own path; "" for a composite call
	// Composite says that this call consists of others, which are observed within it and
	// counted by themselves: [AccessTokenSource.VerifyUser], whose Operation is "VerifyUser",
	// and "RenewAccessToken", which is what a source does when it needs a new token, be it
	// from the platform or from the [TokenStore].
	Composite bool
}

// CallEnd is how a call ended.
type CallEnd struct {
	Outcome    Outcome
	Code       Code   // "" if there was no envelope, and for a composite call that succeeded
	RequestID  string // "" likewise
	HTTPStatus int    // 0 if there was no answer
	Attempts   int    // 0 if nothing was attempted, and for a composite call
	Duration   time.Duration
	Waited     time.Duration // between attempts; it is part of Duration
	Stopped    StopReason    // why no further attempt was made; "" if the call succeeded or made none
	Err        error         // nil on success
}

// StopReason says why a call that failed was not attempted again.
type StopReason string

// The reasons for which a call is not attempted again.
const (
	// StopNotRepeatable: a second delivery might do harm, or could not help. See "What is
	// repeated" in the package documentation.
	StopNotRepeatable StopReason = "not_repeatable"
	// StopPolicy: MaxAttempts were made, or Retry-After is longer than MaxDelay.
	StopPolicy StopReason = "policy"
	// StopQuota: the repetitions of the client's calls have used up their quota.
	StopQuota StopReason = "quota"
	// StopDeadline: ctx or the client's timeout has ended, or would end during the wait.
	StopDeadline StopReason = "deadline"
)

// AttemptStart is what is known before an attempt.
type AttemptStart struct {
	Operation string
	Method    string
	Scheme    string // "http" or "https"
	Host      string // of the base URL, without the port
	Port      int    // of the base URL, or its scheme's
	Path      string // the operation's: without the base URL's own path
	URL       string // the whole URL, with REDACTED for each value in the query
	Number    int    // from 1
	Cause     error  // how the attempt before it failed; nil for the first
}

// AttemptEnd is how an attempt ended. Data that is not what the operation documents
// is found after the last attempt: only [CallEnd] tells of it.
type AttemptEnd struct {
	Outcome     Outcome
	Code        Code
	RequestID   string
	HTTPStatus  int
	Protocol    string // of the answer, such as "HTTP/1.1"; "" if there was none
	Peer        string // address and port of the connection's other end; "" if unknown
	Reused      bool   // the connection had been used before
	AnswerBytes int    // of the answer's body after decompression, at most one past the limit
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

// observers are told one after the other, and of an end in the opposite order: the ctx of
// the first is around that of the second.
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

// TraceHeaders returns the headers of all propagators. Of two values the later one is sent.
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
