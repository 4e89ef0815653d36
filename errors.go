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

// Outcome says what a call may have done on the platform. It decides what to tell the person
// at the screen: "try again" or "wait a minute".
type Outcome int

const (
	// OutcomeUnknown means that the platform may have acted: for SendSmsCode, the SMS may
	// have been sent. It is the outcome if there was no usable response, or a code outside
	// 400… to 499…. Do not send again before the person has waited.
	OutcomeUnknown Outcome = iota
	// OutcomeNotSent means that the request did not reach the platform. Calling again is
	// safe. It does not help after a [ValidationError].
	OutcomeNotSent
	// OutcomeRejected means that the platform refused the request, with a code of 400… to
	// 499…. It will refuse the same request again. After [ErrRateLimited], wait; for
	// SendSmsCode, start with a new picture.
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

// OutcomeOf returns the outcome of the call that returned err. err may be wrapped. For nil
// it returns [OutcomeSucceeded], for an error of another package [OutcomeUnknown]. An
// operation that changes nothing, such as GetImgCode, may be called again after any outcome.
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

// facts are what an error says about the failed call or attempt. The zero value is for an
// error of another package.
type facts struct {
	operation      string
	outcome        Outcome
	code           Code // "" if there was no envelope
	requestID      string
	httpStatus     int // 0 if there was no response
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

// OperationOf returns the name of the operation that failed with err, such as "SendSmsCode".
// It is "" for an error of another package. err may be wrapped.
func OperationOf(err error) string { return factsOf(err).operation }

// RequestIDOf returns the request id of the response that err is about; the platform's
// support asks for it. It is "" if there was no response, if the response had no id, or for
// an error of another package. err may be wrapped.
func RequestIDOf(err error) string { return factsOf(err).requestID }

// RetryAfterOf returns the wait that the platform or a gateway asks for before another call,
// 0 if there is none. err may be wrapped.
func RetryAfterOf(err error) time.Duration { return factsOf(err).retryAfter }

// Violation is the kind of rule that a request breaks.
type Violation string

// The kinds of rules that a request can break.
const (
	ViolationRequired Violation = "required"   // the field is empty
	ViolationTooShort Violation = "too_short"  // it has fewer characters than documented
	ViolationTooLong  Violation = "too_long"   // it has more
	ViolationNotOneOf Violation = "not_one_of" // it is not one of the documented values
	ViolationNotText  Violation = "not_text"   // it is not valid UTF-8
	// ViolationSetup is a mistake in the calling program, not in a form that a person filled
	// in: a nil request, an empty client id, a client that does not come from NewClient.
	ViolationSetup Violation = "setup"
)

// ValidationError means that the request breaks a documented rule, or that it cannot be made
// at all. Nothing was sent. Correct the request.
type ValidationError struct {
	Operation string
	Field     string // the wire name; empty if the rule is about the request as a whole
	Violation Violation
	Rule      string // what the field must be, in English; never its value
}

func (e *ValidationError) Error() string {
	return errorText(e.Operation, strings.TrimSpace(e.Field+" "+e.Rule), "outcome not sent")
}

// Format implements [fmt.Formatter] with the error's text for every verb.
func (e *ValidationError) Format(f fmt.State, _ rune) { printError(f, e) }

func (e *ValidationError) facts() facts {
	return facts{operation: e.Operation, outcome: OutcomeNotSent}
}

// setupError returns the error for a mistake in the calling program.
func setupError(operation, rule string) *ValidationError {
	return &ValidationError{Operation: operation, Violation: ViolationSetup, Rule: rule}
}

// APIError is a response of the platform with a code other than 000. Compare it with
// errors.Is and a sentinel such as [ErrInvalidToken] or [ErrRateLimited].
type APIError struct {
	Operation string
	Code      Code
	// Msg is the platform's text, not masked. It may repeat values of the request, such as a
	// phone number. Error prints it masked.
	Msg        string
	RequestID  string // the platform's support asks for it; may be empty
	HTTPStatus int
	// RetryAfter is the wait that the platform asks for, 0 if there is none.
	RetryAfter time.Duration

	params func() []param // Msg may repeat them; behind a function as in Client; nil if there are none
}

func (e *APIError) Error() string {
	p := e.Masked()
	id := cmp.Or(p.RequestID, "none")
	return errorText(e.Operation, fmt.Sprintf("code %s: %s", p.Code, cmp.Or(p.Msg, "no message")),
		fmt.Sprintf("request_id %s, HTTP %d, outcome %s", id, e.HTTPStatus, e.facts().outcome))
}

// Format implements [fmt.Formatter] with the error's text for every verb: %#v would print
// what Error masks.
func (e APIError) Format(f fmt.State, _ rune) { printError(f, &e) }

// LogValue implements [slog.LogValuer] with the error's text.
func (e APIError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// MarshalJSON implements [json.Marshaler] with the error's text, for loggers that print JSON.
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

// Masked returns a copy of e that may be shown or printed. In Code, Msg and RequestID the
// secrets of the request are masked; in Msg also all phone numbers and e-mail addresses. Msg
// is one line.
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

// ResponseError is a response that is not a valid envelope for the operation: a gateway's
// HTML page, a redirect, a truncated body, a body over 1 MiB, code 000 with an HTTP status
// other than 2xx, or code 000 with data that the operation does not document. The outcome is
// unknown. The error keeps only the length of the body and the title of an HTML page,
// because a debug page may repeat the request.
type ResponseError struct {
	Operation   string
	HTTPStatus  int
	ContentType string // without parameters
	RequestID   string // of the envelope, if it had one
	RetryAfter  time.Duration
	Reason      string // what is wrong with the response
	BodyLength  int    // in bytes, at most 1 MiB and one byte
	Title       string // the title, or the first heading, of an HTML page; masked

	cause     error
	truncated bool // reading the body failed
}

func (e *ResponseError) Error() string {
	what := "unusable response: " + e.Reason
	if e.Title != "" {
		what += fmt.Sprintf(", page title %q", e.Title)
	}
	return errorText(e.Operation, what, fmt.Sprintf("request_id %s, HTTP %d, content type %s, %d bytes, outcome unknown",
		cmp.Or(e.RequestID, "none"), e.HTTPStatus, cmp.Or(e.ContentType, "none"), e.BodyLength))
}

// Format implements [fmt.Formatter] with the error's text for every verb.
func (e *ResponseError) Format(f fmt.State, _ rune) { printError(f, e) }

// Unwrap returns the error that ended the reading of the body, nil if there was none.
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

// TransportError means that no usable response was received: a name that does not resolve, a
// refused connection, a TLS failure, a reset, a timeout, a cancelled ctx. [OutcomeOf] says
// whether the request may have reached the platform.
type TransportError struct {
	Operation string
	// Attempts is the number of attempts, 0 if ctx had ended before the first.
	Attempts int
	// NotSent says that the request did not reach the platform. If it is false, the outcome
	// is unknown.
	NotSent bool
	// Reason says in a few words what went wrong. It holds no address and no secret.
	Reason string
	// Cause is what Unwrap returns.
	Cause error `json:"-"`

	// About the last attempt only:
	dialFailed  bool // no connection was made: this is certain
	certificate bool // the certificate is not trusted
}

func (e *TransportError) Error() string {
	return errorText(e.Operation, e.Reason, fmt.Sprintf("attempts %d, outcome %s", e.Attempts, e.facts().outcome))
}

// Format implements [fmt.Formatter] with the error's text for every verb.
func (e *TransportError) Format(f fmt.State, _ rune) { printError(f, e) }

// Unwrap returns the cause, if it is of a kind that cannot hold a URL: a context error, an
// errno, [os.ErrDeadlineExceeded], an end of file, a [*net.DNSError] or an error of
// [crypto/x509]. Other errors of net/http quote whole URLs, which may hold tokens.
func (e *TransportError) Unwrap() error { return e.Cause }

// Timeout reports whether the call timed out.
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

// printable returns err with its secrets masked, for observers and logs.
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

// explain returns why a round trip failed: ctx ended, or err. See [TransportError.Unwrap].
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
