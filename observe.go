package openplatform

import (
	"context"
	"log/slog"
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

// CallStart is what is known before a call.
type CallStart struct {
	Operation string
	Method    string
	Host      string // with the port if the base URL has one
	Path      string // without the base URL's own path
}

// CallEnd is how a call ended.
type CallEnd struct {
	Outcome    Outcome
	Code       Code   // "" if there was no envelope
	RequestID  string // "" likewise
	HTTPStatus int    // 0 if there was no answer
	Attempts   int    // 0 if nothing was attempted
	Duration   time.Duration
	Err        error // nil on success
}

// AttemptStart is what is known before an attempt.
type AttemptStart struct {
	Operation string
	Number    int // from 1
}

// AttemptEnd is how an attempt ended. Data that is not what the operation documents
// is found after the last attempt: only [CallEnd] tells of it.
type AttemptEnd struct {
	Outcome    Outcome
	Code       Code
	RequestID  string
	HTTPStatus int
	Duration   time.Duration
	Err        error
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
		observed, done := c.observer.ObserveCall(ctx, CallStart{Operation: op.Name, Method: op.Method, Host: c.host, Path: op.Path})
		if s.done = done; observed != nil {
			s.ctx = observed
		}
	}
	return s.ctx, s
}

func (s callSpan) end(a answer, attempts int, err error) {
	if s.c == nil {
		return
	}
	outcome := OutcomeOf(err) // what is masked in the printable error decides it
	level := levelOf(outcome)
	logged := s.c.logger != nil && s.c.logger.Enabled(s.ctx, level)
	if s.done == nil && !logged {
		return
	}
	err = printable(err)
	e := CallEnd{Outcome: outcome, Attempts: attempts, Duration: time.Since(s.start), Err: err}
	e.Code, e.RequestID, e.HTTPStatus = answered(a, err)
	if s.done != nil {
		s.done(e)
	}
	if logged {
		s.log(level, e)
	}
}

func (s callSpan) log(level slog.Level, e CallEnd) {
	attrs := []slog.Attr{
		slog.String("operation", s.op.Name),
		slog.String("host", s.c.host),
		slog.String("code", string(e.Code)),
		slog.String("request_id", e.RequestID),
		slog.Int("http_status", e.HTTPStatus),
		slog.Int("attempts", e.Attempts),
		slog.Duration("duration", e.Duration),
		slog.String("outcome", e.Outcome.String()),
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("error", e.Err.Error()))
	}
	s.c.logger.LogAttrs(s.ctx, level, "openplatform call", attrs...)
}

func levelOf(o Outcome) slog.Level {
	switch o {
	case OutcomeSucceeded:
		return slog.LevelDebug
	case OutcomeRejected:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}

// observedAttempt is attempt, reported to the observer.
func (c *core) observedAttempt(ctx context.Context, m *message, n int) (answer, error) {
	if c.observer == nil {
		return c.attempt(ctx, m)
	}
	start := time.Now()
	observed, done := c.observer.ObserveAttempt(ctx, AttemptStart{Operation: m.op.Name, Number: n})
	if observed != nil {
		ctx = observed
	}
	a, err := c.attempt(ctx, m)
	if done != nil {
		shown := printable(err)
		e := AttemptEnd{Outcome: OutcomeOf(err), Duration: time.Since(start), Err: shown}
		e.Code, e.RequestID, e.HTTPStatus = answered(a, shown)
		done(e)
	}
	return a, err
}

// answered returns what is known of the platform's answer, fit to print.
func answered(a answer, err error) (code Code, requestID string, httpStatus int) {
	switch e := err.(type) { //nolint:errorlint // call and attempt return these types unwrapped
	case nil:
		return CodeOK, shownRequestID(string(a.requestID), a.params), a.status
	case *APIError:
		return e.Code, e.RequestID, e.HTTPStatus
	case *ResponseError:
		return "", e.RequestID, e.HTTPStatus
	default:
		return "", "", 0
	}
}
