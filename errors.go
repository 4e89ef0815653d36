package openplatform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// Outcome says what a call may have done on the platform. It decides what to tell
// the person at the screen: "try again", or "wait a minute".
type Outcome int

const (
	// OutcomeUnknown means that the platform may have acted: for SendSmsCode, the
	// SMS may be on its way. It is the answer wherever nothing else is proven: no
	// usable answer came, or one with a code of class 5 or of no class. Do not send
	// again without asking the person to wait.
	OutcomeUnknown Outcome = iota
	// OutcomeNotSent means that the request provably never reached the platform.
	// Calling again does no harm; whether it helps, the error's type tells: after a
	// [ValidationError] it does not.
	OutcomeNotSent
	// OutcomeRejected means that the platform answered no, with a code of a 4xx
	// class. The same request will be refused again, but for [ErrRateLimited], after
	// which waiting helps; for SendSmsCode, start with a new picture.
	OutcomeRejected
	// OutcomeSucceeded is the outcome of a call without an error.
	OutcomeSucceeded
)

// String returns "unknown", "not sent", "rejected" or "succeeded".
func (o Outcome) String() string {
	switch o {
	case OutcomeNotSent:
		return "not sent"
	case OutcomeRejected:
		return "rejected"
	case OutcomeSucceeded:
		return "succeeded"
	default:
		return "unknown"
	}
}

// OutcomeOf returns what the call that returned err may have done. err may be
// wrapped; an error that is none of the SDK's is [OutcomeUnknown], nil is
// [OutcomeSucceeded]. It speaks of that one call: of an operation that changes
// nothing, such as GetImgCode, any outcome may be tried again.
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeSucceeded
	}
	return factsOf(err).outcome
}

// A failure is any of the SDK's four errors.
type failure interface {
	error
	facts() facts
}

// facts are what an error says of the call or the attempt that failed with it. The zero
// value is what is known of an error that is none of the SDK's.
type facts struct {
	operation      string
	outcome        Outcome
	code           Code // "" if there was no envelope
	requestID      string
	httpStatus     int // 0 if there was no answer
	retryAfter     time.Duration
	neverConnected bool // nothing was sent, because no connection could be made
	mayPass        bool // another attempt could succeed
}

func factsOf(err error) facts {
	var f failure
	if errors.As(err, &f) {
		return f.facts()
	}
	return facts{}
}

// OperationOf returns the name of the operation that failed with err, such as "SendSmsCode",
// and "" if err is none of the SDK's errors. err may be wrapped.
func OperationOf(err error) string { return factsOf(err).operation }

// RequestIDOf returns the request id of the answer that err is about, which the platform's
// support asks for. It is "" if there was no answer, or none with an id, or if err is none of
// the SDK's errors. err may be wrapped.
func RequestIDOf(err error) string { return factsOf(err).requestID }

// RetryAfterOf returns how long the platform, or a gateway, asks to wait before another
// call, 0 if it does not say. err may be wrapped.
func RetryAfterOf(err error) time.Duration { return factsOf(err).retryAfter }

// Violation says what kind of rule a request breaks.
type Violation string

// The kinds of rules that a request can break.
const (
	ViolationRequired Violation = "required"   // the field is empty
	ViolationTooShort Violation = "too_short"  // it has fewer characters than documented
	ViolationTooLong  Violation = "too_long"   // it has more
	ViolationNotOneOf Violation = "not_one_of" // it is none of the documented values
	ViolationNotText  Violation = "not_text"   // it is not valid UTF-8
	// ViolationSetup is a mistake of the program that calls, not of a person who fills in a
	// form: a nil request, an empty client id, a client that NewClient did not make.
	ViolationSetup Violation = "setup"
)

// ValidationError says that a request breaks a rule that the platform documents, or that it
// cannot be made at all. Nothing was sent. Correct the request.
type ValidationError struct {
	Operation string
	Field     string // the wire name; empty if the rule is about the request as a whole
	Violation Violation
	Rule      string // what the field must be, in English; never its value
}

func (e *ValidationError) Error() string {
	return errorText(e.Operation, strings.TrimSpace(e.Field+" "+e.Rule), "outcome not sent")
}

// Format prints the error's text under every verb.
func (e *ValidationError) Format(f fmt.State, _ rune) { printError(f, e) }

func (e *ValidationError) facts() facts {
	return facts{operation: e.Operation, outcome: OutcomeNotSent}
}

// setupError is a mistake of the program that calls.
func setupError(operation, rule string) *ValidationError {
	return &ValidationError{Operation: operation, Violation: ViolationSetup, Rule: rule}
}

// APIError is the platform's answer with a code other than 000. Compare it with
// errors.Is and a sentinel such as [ErrInvalidToken] or [ErrRateLimited].
type APIError struct {
	Operation string
	Code      Code
	// Msg is the platform's text, whole, for the program: it can repeat what the
	// request said, a phone number for one. Error prints it masked.
	Msg        string
	RequestID  string // what the platform's support asks for; may be empty
	HTTPStatus int
	// RetryAfter is how long the platform asks to wait, 0 if it does not say.
	RetryAfter time.Duration

	params func() []param // which Msg may repeat, behind a function as in Client; nil if there are none
}

func (e *APIError) Error() string {
	p := e.Masked()
	id := cmp.Or(p.RequestID, "none")
	return errorText(e.Operation, fmt.Sprintf("code %s: %s", p.Code, cmp.Or(p.Msg, "no message")),
		fmt.Sprintf("request_id %s, HTTP %d, outcome %s", id, e.HTTPStatus, e.facts().outcome))
}

// Format prints the error's text under every verb, so that %#v does not print what
// Error masks, of the value as of the pointer.
func (e APIError) Format(f fmt.State, _ rune) { printError(f, &e) }

// LogValue implements [slog.LogValuer] with the error's text, of the value as of the
// pointer.
func (e APIError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalJSON implements [json.Marshaler] with the error's text, because JSON is how many
// loggers print an error.
func (e APIError) MarshalJSON() ([]byte, error) { return json.Marshal(e.Error()) }

// Is reports whether target is the sentinel of the error's code or of its class.
func (e *APIError) Is(target error) bool {
	s, ok := target.(*sentinel)
	return ok && (s.code == e.Code && s.code != "" || s.matchesClass(e.Code.class()))
}

func (e *APIError) facts() facts {
	outcome, class := OutcomeUnknown, e.Code.class()
	if 400 <= class && class <= 499 {
		outcome = OutcomeRejected
	}
	return facts{
		operation: e.Operation, outcome: outcome, code: e.Code, requestID: e.RequestID, httpStatus: e.HTTPStatus,
		retryAfter: e.RetryAfter, mayPass: retry.IsBusy(e.HTTPStatus) || retry.IsBusy(class),
	}
}

// Masked returns a copy of e that may be shown or printed: what Code, Msg and RequestID repeat
// of the request is masked, and so are all phone numbers and e-mail addresses in Msg, which is
// then one line.
func (e *APIError) Masked() *APIError {
	var params []param
	if e.params != nil {
		params = e.params()
	}
	p := *e
	p.params = nil
	p.Code = shownCode(e.Code, params)
	p.Msg = shownText(e.Msg, params, maxMsg)
	p.RequestID = shownRequestID(e.RequestID, params)
	return &p
}

// ResponseError says that an answer came which is not a valid envelope for the
// operation: a gateway's HTML page, a redirect, a truncated body, one past the
// limit of 1 MiB, code 000 at an HTTP status other than 2xx, or code 000 with data
// that is not what the operation documents. The outcome is unknown. Nothing of the
// body is kept but its length and an HTML page's title, because a debug page
// repeats the request.
type ResponseError struct {
	Operation   string
	HTTPStatus  int
	ContentType string // without parameters
	RequestID   string // of the envelope, if it had one
	RetryAfter  time.Duration
	Reason      string // what is wrong with the answer
	BodyLength  int    // in bytes; at most one past the limit
	Title       string // of an HTML page, or the heading of one without a title; masked

	cause     error
	truncated bool // reading the body failed
}

func (e *ResponseError) Error() string {
	what := "unusable answer: " + e.Reason
	if e.Title != "" {
		what += fmt.Sprintf(", page title %q", e.Title)
	}
	return errorText(e.Operation, what, fmt.Sprintf("request_id %s, HTTP %d, content type %s, %d bytes, outcome unknown",
		cmp.Or(e.RequestID, "none"), e.HTTPStatus, cmp.Or(e.ContentType, "none"), e.BodyLength))
}

// Format prints the error's text under every verb.
func (e *ResponseError) Format(f fmt.State, _ rune) { printError(f, e) }

// Unwrap returns why reading the answer ended early, nil if it did not.
func (e *ResponseError) Unwrap() error { return e.cause }

// Is reports whether target is the sentinel of the HTTP status's class.
func (e *ResponseError) Is(target error) bool {
	s, ok := target.(*sentinel)
	return ok && s.matchesClass(e.HTTPStatus)
}

func (e *ResponseError) facts() facts {
	return facts{
		operation: e.Operation, outcome: OutcomeUnknown, requestID: e.RequestID, httpStatus: e.HTTPStatus,
		retryAfter: e.RetryAfter, mayPass: e.truncated || retry.IsBusy(e.HTTPStatus),
	}
}

// TransportError says that no usable answer came: a name that does not resolve, a
// refused connection, TLS, a reset, a timeout, a cancelled ctx. [OutcomeOf] tells
// whether the request can have reached the platform.
type TransportError struct {
	Operation string
	// Attempts is how many times the request was tried, 0 if ctx had ended before.
	Attempts int
	// NotSent says that the request provably never reached the platform. Otherwise the
	// outcome is unknown.
	NotSent bool
	// Reason says in a few words what went wrong. It holds no address and no secret.
	Reason string
	// Cause is what Unwrap returns.
	Cause error `json:"-"`

	// Of the last attempt alone:
	dialFailed  bool // it provably failed to make a connection
	certificate bool // it met a certificate that is not trusted
}

func (e *TransportError) Error() string {
	return errorText(e.Operation, e.Reason, fmt.Sprintf("attempts %d, outcome %s", e.Attempts, e.facts().outcome))
}

// Format prints the error's text under every verb.
func (e *TransportError) Format(f fmt.State, _ rune) { printError(f, e) }

// Unwrap returns the cause. The SDK sets it only if it is of a kind that cannot hold a URL: a context
// error, an errno, [os.ErrDeadlineExceeded], an end of file, a [*net.DNSError] or an
// error of [crypto/x509]. Net/http's own errors quote whole URLs, and with them tokens.
func (e *TransportError) Unwrap() error { return e.Cause }

// Timeout reports whether time ran out.
func (e *TransportError) Timeout() bool {
	return errors.Is(e.Cause, context.DeadlineExceeded) || errors.Is(e.Cause, os.ErrDeadlineExceeded)
}

func (e *TransportError) facts() facts {
	f := facts{
		operation: e.Operation, outcome: OutcomeUnknown,
		neverConnected: e.dialFailed && !e.certificate, mayPass: !e.certificate,
	}
	if e.NotSent {
		f.outcome = OutcomeNotSent
	}
	return f
}

// printable returns err without what only the program may see: what observers and
// logs are given.
func printable(err error) error {
	if err == nil {
		return nil
	}
	var e *APIError
	if errors.As(err, &e) {
		return e.Masked()
	}
	return err
}

// explain says why a round trip failed: ctx ended, or what err tells. See [TransportError.Unwrap].
func explain(ctx context.Context, err error) delivery.Failure {
	f := delivery.Explain(err)
	if ended := ctx.Err(); ended != nil {
		f.Reason, f.Cause = endOf(ended), ended
	}
	return f
}

func endOf(ctxErr error) string {
	if errors.Is(ctxErr, context.DeadlineExceeded) {
		return "timed out"
	}
	return "cancelled"
}
