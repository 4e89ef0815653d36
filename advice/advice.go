// Package advice says what a failed call means for the person at the screen: who caused the
// failure, what to do about it, and what to tell the person, in Chinese and English.
//
//	_, err := client.SendSmsCode(ctx, req)
//	if err != nil {
//		a := advice.Of(err)
//		// a.Action, a.Wait:             what to do, and how long to wait before
//		// a.Sentence.In(advice.Chinese): what to tell the person
//		a.WriteProblem(w, advice.LanguageOf(r)) // or all of it, as problem details (RFC 9457)
//	}
//
// The advice after [openplatform.OutcomeUnknown] follows the table in docs/reliability.md.
//
// # The platform's message
//
// The platform documents no failure codes for the account operations. If it refuses a
// SendSmsCode with an unlisted code, the picture code was probably wrong, but the phone number
// may be the reason: only the platform's msg says which. [Adviser.ShowPlatformMsg] puts msg,
// masked, into [Advice.PlatformMsg], after a refusal with an unlisted code. Show it as a
// quotation ("The platform says: …") beside the sentence, and escape it. It is in Chinese.
//
// # Codes
//
// The package knows the codes that the platform documents and the codes that were seen in its
// responses. It does not know the codes that package sandbox invents. With the sandbox, a page
// therefore shows what it will show for an unlisted code of the real platform.
package advice

import (
	"errors"
	"net/http"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// Whose is the party that caused a failure.
type Whose string

// The parties of a call.
const (
	// WhosePerson is the person: wrong input, or an expired login.
	WhosePerson Whose = "person"
	// WhoseSetup is the calling program and its configuration: credentials, permissions, an
	// argument that is not from a form field, an untrusted certificate, a refusal without an
	// explanation. The person cannot correct it; notify the operators.
	WhoseSetup Whose = "setup"
	// WhosePlatform is the platform: it failed or is too busy.
	WhosePlatform Whose = "platform"
	// WhoseNetwork is the network, or a gateway that responded instead of the platform. It
	// includes every timeout, of ctx or of the client.
	WhoseNetwork Whose = "network"
	// WhoseCaller is the ctx of the call: it was cancelled, or had ended before the call.
	WhoseCaller Whose = "caller"
)

// Action says what to do after [Advice.Wait].
type Action string

// The actions. There is none for an operation that the SDK does not know, if the outcome is
// unknown: only its caller knows whether it may be repeated.
const (
	ActionNone Action = ""
	// ActionTryAgain is to make the same call again.
	ActionTryAgain Action = "try_again"
	// ActionCorrect is to make the call with other input, in [Advice.Field] if it is known.
	ActionCorrect Action = "correct"
	// ActionNewPicture is to get a new picture and make the call with its characters.
	ActionNewPicture Action = "new_picture"
	// ActionStartOver is to start the flow again: a new picture, then a new SMS code.
	ActionStartOver Action = "start_over"
	// ActionLogIn is to log in: again, or to check whether the call succeeded.
	ActionLogIn Action = "log_in"
	// ActionWaitForSMS is to wait for the SMS, which may have been sent. Do not offer another
	// SMS before [Advice.Wait] has passed. The next SMS needs a new picture.
	ActionWaitForSMS Action = "wait_for_sms"
	// ActionCheckToken is to call CheckToken: the login may have expired, and the platform
	// documents no code of GetServiceTicket for this. The person must log in again only if
	// CheckToken fails with [openplatform.ErrInvalidToken].
	ActionCheckToken Action = "check_token"
	// ActionFixSetup is to notify the operators.
	ActionFixSetup Action = "fix_setup"
)

// The values of [Advice.Name] if no code says more.
const (
	NameNotSent       = "not_sent"        // the request did not reach the platform
	NameUnknown       = "outcome_unknown" // the platform may have acted
	NameRefused       = "refused"         // with an unlisted code
	NameRateLimited   = "rate_limited"
	NameInvalidToken  = "invalid_token" // the person's login has expired
	NameInvalidCall   = "invalid_call"  // an argument that is not from a form field
	NameUntrusted     = "untrusted_certificate"
	NameInternalError = "internal_error" // the error is not one of the SDK's
	// NameField is the prefix of names such as field_required, with an
	// [openplatform.Violation]: the person must correct [Advice.Field].
	NameField = "field_"
)

// Advice is what a failed call means. It holds no secret.
type Advice struct {
	Operation string // "" if the error is not one of the SDK's
	Outcome   openplatform.Outcome
	// Name says what happened, for a front end. It is one of the names above, or the meaning
	// of a code, such as invalid_client_id.
	Name   string
	Whose  Whose
	Action Action
	// Wait is how long to wait before Action. 0 means now.
	Wait time.Duration
	// Status is the HTTP status for the person's browser: 422 for input to correct, 429 for
	// too many requests of the person, 401 only for an expired login, 500 for a mistake in
	// the configuration, 503 for the rest.
	Status int
	// Field is the wire name of the field to correct, "" if unknown.
	Field      string
	RequestID  string            // the platform's support asks for it
	RetryAfter time.Duration     // the wait that the platform or a gateway asked for
	Code       openplatform.Code // of the platform's response
	// PlatformMsg is the platform's text, masked. See [Adviser.ShowPlatformMsg].
	PlatformMsg string
	Sentence    Sentence // for the person
}

// An Adviser turns errors into advice. The zero value is ready to use. It is safe for
// concurrent use while its Sentences are not changed.
type Adviser struct {
	// Sentences replace those of this package.
	Sentences map[Key]Sentence
	// ShowPlatformMsg sets [Advice.PlatformMsg] after a refusal with an unlisted code. See the
	// package documentation.
	ShowPlatformMsg bool
}

// Of returns the advice for err. err may be wrapped.
func Of(err error) Advice { return Adviser{}.Of(err) }

// Of returns the advice for err. err may be wrapped.
func (ad Adviser) Of(err error) Advice {
	a := Advice{Operation: openplatform.OperationOf(err), Outcome: openplatform.OutcomeOf(err), Status: http.StatusOK}
	if err == nil {
		return a
	}
	v := judge(err)
	a.Name, a.Whose, a.Action, a.Field = v.name, v.whose, v.action, v.field
	a.RequestID = openplatform.RequestIDOf(err)
	a.RetryAfter = openplatform.RetryAfterOf(err)
	if a.Whose != WhoseSetup {
		a.Wait = max(v.wait, a.RetryAfter)
	}
	a.Status = v.status()
	var refusal *openplatform.APIError
	if errors.As(err, &refusal) {
		shown := refusal.Masked()
		a.Code, a.RequestID = shown.Code, shown.RequestID
		if ad.ShowPlatformMsg && v.unlisted && v.whose == WhosePerson {
			a.PlatformMsg = shown.Msg
		}
	}
	a.Sentence = ad.sentence(a.Operation, v)
	return a
}

// status returns the HTTP status for the person's browser.
func (v verdict) status() int {
	switch {
	case v.name == NameInvalidToken:
		return http.StatusUnauthorized
	case v.whose == WhoseSetup:
		return http.StatusInternalServerError
	case v.rateLimited && v.whose == WhosePerson:
		return http.StatusTooManyRequests
	case v.whose == WhosePerson:
		return http.StatusUnprocessableEntity
	default:
		return http.StatusServiceUnavailable
	}
}
