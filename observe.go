package openplatform

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	Code       Code   // "" if there was no envelope
	RequestID  string // "" likewise
	HTTPStatus int    // 0 if there was no answer
	Attempts   int    // 0 if nothing was attempted, and for a composite call
	Duration   time.Duration
	Waited     time.Duration // between attempts; it is part of Duration
	Stopped    StopReason    // why no further attempt was made; "" if the call succeeded or made none
	Err        error         // nil on success
}

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

// A callSpan is a call under observation, the zero callSpan one that nobody observes.
type callSpan struct {
	c     *core
	ctx   context.Context
	op    Operation
	start time.Time
	done  func(CallEnd)
}

func (c *core) startCall(ctx context.Context, op Operation) (context.Context, callSpan) {
	if c.observer == nil && c.logger == nil {
		return ctx, callSpan{}
	}
	s := callSpan{c: c, op: op, ctx: ctx, start: time.Now()}
	if c.observer != nil {
		observed, done := c.observer.ObserveCall(ctx, CallStart{
			Operation: op.Name, Method: op.Method, Host: c.address.host, Port: c.address.port, Path: op.Path, Composite: op.isComposite(),
		})
		if s.done = done; observed != nil {
			s.ctx = observed
		}
	}
	return s.ctx, s
}

// startComposite observes a call that consists of others. The logger has a line of each of
// those, so it gets none of this one.
func (c *core) startComposite(ctx context.Context, name string) (context.Context, func(answer, error)) {
	if c.observer == nil {
		return ctx, func(answer, error) {}
	}
	ctx, s := c.startCall(ctx, Operation{Name: name})
	return ctx, func(a answer, err error) {
		if s.done != nil {
			s.done(s.callEnd(a, course{}, err))
		}
	}
}

func (op Operation) isComposite() bool { return op.Method == "" }

func (s callSpan) end(a answer, way course, err error) {
	if s.c == nil {
		return
	}
	level := levelOf(OutcomeOf(err), way)
	logged := s.c.logger != nil && s.c.logger.Enabled(s.ctx, level)
	if s.done == nil && !logged {
		return
	}
	e := s.callEnd(a, way, err)
	if s.done != nil {
		s.done(e)
	}
	if logged {
		s.log(level, e, way.cause)
	}
}

func (s callSpan) callEnd(a answer, way course, err error) CallEnd {
	seen := observed(a, err)
	return CallEnd{
		Outcome: seen.outcome, Code: seen.code, RequestID: seen.requestID, HTTPStatus: seen.httpStatus,
		Attempts: way.attempts, Duration: time.Since(s.start), Waited: way.waited, Stopped: way.stopped, Err: printable(err),
	}
}

func (s callSpan) log(level slog.Level, e CallEnd, cause error) {
	attrs := []slog.Attr{
		slog.String("operation", s.op.Name),
		slog.String("host", s.c.address.authority),
		slog.String("code", string(e.Code)),
		slog.String("request_id", e.RequestID),
		slog.Int("http_status", e.HTTPStatus),
		slog.Int("attempts", e.Attempts),
		slog.Duration("duration", e.Duration),
		slog.String("outcome", e.Outcome.String()),
	}
	if err := cmp.Or(e.Err, cause); err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	s.c.logger.LogAttrs(s.ctx, level, "openplatform call", attrs...)
}

func levelOf(o Outcome, way course) slog.Level {
	switch {
	case o == OutcomeSucceeded && way.attempts == 1:
		return slog.LevelDebug
	case o == OutcomeSucceeded, o == OutcomeRejected:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

// observedAttempt is an attempt, reported to the observer.
func (c *core) observedAttempt(ctx context.Context, m message, way course) (answer, error) {
	if c.observer == nil {
		return c.attempt(ctx, m)
	}
	start := time.Now()
	within, done := c.observer.ObserveAttempt(ctx, AttemptStart{
		Operation: m.op.Name, Method: m.op.Method, Scheme: c.address.scheme, Host: c.address.host, Port: c.address.port,
		Path: m.op.Path, URL: redacted(m.url), Number: way.attempts, Cause: printable(way.cause),
	})
	if within != nil {
		ctx = within
	}
	a, err := c.attempt(ctx, m)
	if done != nil {
		seen := observed(a, err)
		done(AttemptEnd{
			Outcome: seen.outcome, Code: seen.code, RequestID: seen.requestID, HTTPStatus: seen.httpStatus,
			Protocol: a.protocol, Peer: a.peerText(), Reused: a.reused, AnswerBytes: a.length,
			Duration: time.Since(start), Err: printable(err),
		})
	}
	return a, err
}

// observed returns what is known of a call or an attempt that ended with a or err, fit to print.
func observed(a answer, err error) facts {
	if err == nil {
		return facts{
			outcome: OutcomeSucceeded, code: Code(a.code), httpStatus: a.status,
			requestID: shownRequestID(string(a.requestID), a.params),
		}
	}
	seen := factsOf(printable(err))
	seen.outcome = OutcomeOf(err) // what is masked in the printable error decides it
	return seen
}

// redacted returns a URL without the values in its query.
func redacted(url string) string {
	address, query, found := strings.Cut(url, "?")
	if !found {
		return url
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		pairs[i] = name + "=REDACTED"
	}
	return address + "?" + strings.Join(pairs, "&")
}

// setTraceHeaders adds the headers that a propagator asks for.
func (c *core) setTraceHeaders(ctx context.Context, h http.Header) {
	for name, value := range c.tracer.TraceHeaders(ctx) {
		switch name = http.CanonicalHeaderKey(name); name {
		case "Traceparent", "Tracestate", "Baggage":
			if isHeaderValue(value) {
				h.Set(name, value)
			}
		}
	}
}
