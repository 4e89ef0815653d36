package openplatform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/internal/jsonscan"
	"github.com/ebaas/openplatform-go/internal/mask"
)

// A callSpan is a call that is observed or logged. The zero callSpan is for a call that is not.
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

// startComposite observes a call that consists of others. It is not logged, because each of
// the others is.
func (c *core) startComposite(ctx context.Context, name string) (context.Context, func(error)) {
	if c.observer == nil {
		return ctx, func(error) {}
	}
	ctx, s := c.startCall(ctx, Operation{Name: name})
	return ctx, func(err error) {
		if s.done == nil {
			return
		}
		e := s.callEnd(answer{}, course{}, err)
		if err == nil {
			e.Code = "" // a composite call has no envelope
		}
		s.done(e)
	}
}

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

// observedAttempt makes an attempt and notifies the observer.
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
			Protocol: a.protocolText(), Peer: a.peerText(), Reused: a.reused, AnswerBytes: a.length,
			Duration: time.Since(start), Err: printable(err),
		})
	}
	return a, err
}

// observed returns the printable facts of a call or an attempt that ended with a or err.
func observed(a answer, err error) facts {
	if err == nil {
		return facts{
			outcome: OutcomeSucceeded, code: Code(a.code), httpStatus: a.status,
			requestID: a.shownID(),
		}
	}
	seen := factsOf(printable(err))
	seen.outcome = OutcomeOf(err) // it depends on the code, which may be masked in the printable error
	return seen
}

// shownID returns the request id of a success, with the secrets of the params and the data
// masked.
func (a *answer) shownID() string {
	id := string(a.requestID)
	shares := func(p param) bool { return p.mask != nil && mask.MayShow(id, p.value) }
	if mask.IsUUID(id) && !slices.ContainsFunc(a.params, shares) && !dataShares(id, a.data) {
		return id // the usual case, without an allocation
	}
	return mask.Cut(mask.RequestID(id, append(secretsOf(a.params), secretsIn(a.data)...)), maxRequestID)
}

// dataShares reports whether id may hold a text of data. With escapes in data, it may.
func dataShares(id string, data json.RawMessage) bool {
	if len(data) == 0 || data[0] != '{' {
		return false
	}
	return bytes.ContainsRune(data, '\\') || mask.MayShow(id, string(data))
}

// secretsIn returns the texts in a response's data. Each may be a secret: an attempt is
// observed before its data is decoded.
func secretsIn(data json.RawMessage) (secrets []mask.Secret) {
	if len(data) == 0 || data[0] != '{' {
		return nil
	}
	_ = jsonscan.Members(data, func(_, value []byte) error { // it is valid JSON
		if text, err := jsonscan.Text(value); err == nil {
			secrets = append(secrets, mask.Secret{Value: string(text), Mask: mask.All})
		}
		return nil
	})
	return secrets
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
