// Package advice says what a failed call means for the person at the screen: whose failure
// it is, what may be done about it, and in which words, in Chinese and English.
//
//	_, err := client.SendSmsCode(ctx, req)
//	if err != nil {
//		a := advice.Of(err)
//		// a.Action, a.Wait:            what may be done, and how long to wait before
//		// a.Sentence.In(advice.Chinese) what to tell the person
//		a.WriteProblem(w, advice.LanguageOf(r)) // or all of it, as RFC 9457 has it
//	}
//
// What is advised after [openplatform.OutcomeUnknown] is what the table of
// docs/reliability.md says of the operation.
//
// # The platform's own words
//
// The platform documents no failure codes for the account operations. If it refuses a
// SendSmsCode with a code that nobody has listed, the picture was probably read wrong, but the
// phone number may be the reason, and nothing but the platform's msg tells. [Adviser.ShowPlatformMsg]
// puts it into [Advice.PlatformMsg], masked, where it can help the person: after a refusal
// with an unlisted code. Show it as a quotation ("The platform says: …"), beside the sentence
// and escaped like any foreign text. It is in Chinese, whatever the page is.
//
// # Codes
//
// The codes that are advised upon are those that the platform documents, and those that were
// seen in its answers. The codes that package sandbox makes up are not among them: against
// the sandbox a page says what it will say when the real platform answers with codes that
// nobody knows.
package advice

import (
	"errors"
	"net/http"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// Whose says whose failure it is.
type Whose string

// The parties to a call.
const (
	// WhosePerson is what the person typed or did, or a login that has ended.
	WhosePerson Whose = "person"
	// WhoseSetup is the program that calls and how it was set up: its credentials and
	// permissions, an argument that no form field fills, a certificate that is not trusted, a
	// refusal that nobody can explain yet. No person can do anything about it; tell the operators.
	WhoseSetup Whose = "setup"
	// WhosePlatform is the platform, which failed or said that it is too busy.
	WhosePlatform Whose = "platform"
	// WhoseNetwork is what lies in between: the network, or a gateway that answered in place
	// of the platform. A timeout is the network's, whether ctx or the client set it.
	WhoseNetwork Whose = "network"
	// WhoseCaller is the ctx of the call: it was cancelled, or had ended before the call.
	WhoseCaller Whose = "caller"
)

// Action says what may be done, once [Advice.Wait] has passed.
type Action string

// The actions. None is advised for an operation that the SDK does not know, if its outcome is
// unknown: only its caller can know whether it may be repeated.
const (
	ActionNone Action = ""
	// ActionTryAgain is the same call again.
	ActionTryAgain Action = "try_again"
	// ActionCorrect is the same call with other input: [Advice.Field], if it is known which.
	ActionCorrect Action = "correct"
	// ActionNewPicture is a new picture, and the call again with what the person reads in it.
	ActionNewPicture Action = "new_picture"
	// ActionStartOver is the flow from its beginning: a new picture, then a new SMS code.
	ActionStartOver Action = "start_over"
	// ActionLogIn is to log in: again, or to see whether the call did its work.
	ActionLogIn Action = "log_in"
	// ActionWaitForSMS is to wait for the SMS, which may be on its way. Offer no other one
	// before [Advice.Wait] has passed; it then needs a new picture.
	ActionWaitForSMS Action = "wait_for_sms"
	// ActionCheckToken is to ask CheckToken whether the person's login has ended. The platform
	// documents no code with which GetServiceTicket says so. Only if CheckToken fails with
	// [openplatform.ErrInvalidToken], the person must log in again.
	ActionCheckToken Action = "check_token"
	// ActionFixSetup is for the operators.
	ActionFixSetup Action = "fix_setup"
)

// The names that Advice.Name has if no code says more.
const (
	NameNotSent       = "not_sent"        // it provably never reached the platform
	NameUnknown       = "outcome_unknown" // the platform may have acted
	NameRefused       = "refused"         // with a code that nobody has listed
	NameRateLimited   = "rate_limited"
	NameInvalidToken  = "invalid_token" // the person's login has ended
	NameInvalidCall   = "invalid_call"  // an argument that no form field fills
	NameUntrusted     = "untrusted_certificate"
	NameInternalError = "internal_error" // the error is none of the SDK's
	// NameField and the [openplatform.Violation] make a name such as field_required: the
	// person has to correct [Advice.Field].
	NameField = "field_"
)

// Advice is what a failed call means. It holds no secret.
type Advice struct {
	Operation string // "" if the error is none of the SDK's
	Outcome   openplatform.Outcome
	// Name says what happened, for a front end. It is one of the names above, or what a code
	// means, such as invalid_client_id.
	Name   string
	Whose  Whose
	Action Action
	// Wait is how long to wait before Action. 0 means now.
	Wait time.Duration
	// Status is the HTTP status to hand on: 422 for what the person can correct, 429 for what
	// the person did too often, 401 for a login that has ended and for nothing else, 500 for a
	// mistake in the set-up, 503 for the rest.
	Status int
	// Field is the wire name of what the person has to correct, "" if nobody can say.
	Field      string
	RequestID  string            // what the platform's support asks for
	RetryAfter time.Duration     // what the platform, or a gateway, asked for
	Code       openplatform.Code // of the platform's answer
	// PlatformMsg is the platform's text, masked. See [Adviser.ShowPlatformMsg].
	PlatformMsg string
	Sentence    Sentence // for the person
}

// An Adviser turns errors into advice. The zero value is ready for use. It is safe for
// concurrent use, as long as nobody changes its Sentences.
type Adviser struct {
	// Sentences replace those of this package.
	Sentences map[Key]Sentence
	// ShowPlatformMsg asks for [Advice.PlatformMsg], after refusals with a code that nobody has
	// listed. See the package documentation.
	ShowPlatformMsg bool
}

// Of returns what err means. err may be wrapped.
func Of(err error) Advice { return Adviser{}.Of(err) }

// Of returns what err means. err may be wrapped.
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

// status is the HTTP status to hand on.
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
