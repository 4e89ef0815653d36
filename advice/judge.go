package advice

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/codes"
)

// patience is how long an SMS may take, and the wait after too many calls without a Retry-After.
const patience = time.Minute

// An operation says what a failure of it means if no code says more.
type operation struct {
	// person are the parameters that the person types, or has in a link.
	person []string
	// whose and action are for a refusal with an unlisted code.
	whose  Whose
	action Action
	// unknown is the action if the platform may have acted: docs/reliability.md.
	unknown Action
	// repeatable says that the operation changes nothing.
	repeatable bool
}

var operations = map[string]operation{
	"Register": {
		person: []string{"username", "email", "mobile", "code", "password"},
		whose:  WhosePerson, action: ActionCorrect, unknown: ActionLogIn,
	},
	"Login":      {person: []string{"account", "password"}, whose: WhosePerson, action: ActionCorrect, unknown: ActionTryAgain},
	"GetImgCode": {whose: WhoseSetup, action: ActionFixSetup, unknown: ActionTryAgain, repeatable: true},
	"Activate":   {person: []string{"token"}, whose: WhosePerson, action: ActionLogIn, unknown: ActionLogIn},
	"SendSmsCode": {
		person: []string{"mobile", "img_code"},
		whose:  WhosePerson, action: ActionNewPicture, unknown: ActionWaitForSMS,
	},
	"LoginByMobileCode": {person: []string{"mobile", "code"}, whose: WhosePerson, action: ActionCorrect, unknown: ActionTryAgain},
	"ResetPassword":     {person: []string{"password"}, whose: WhosePerson, action: ActionCorrect, unknown: ActionLogIn},
	"Logout":            {whose: WhosePerson, action: ActionLogIn, unknown: ActionTryAgain},
	"CheckToken":        {whose: WhoseSetup, action: ActionFixSetup, unknown: ActionTryAgain, repeatable: true},
	"GetAccessToken":    {whose: WhoseSetup, action: ActionFixSetup, unknown: ActionTryAgain, repeatable: true},
	"GetServiceTicket":  {whose: WhoseSetup, action: ActionCheckToken, unknown: ActionTryAgain},
	"GetAccount":        {whose: WhoseSetup, action: ActionFixSetup, unknown: ActionTryAgain},
}

// operationNamed returns the operation with a name. An operation of [openplatform.Do] gets
// defaults.
func operationNamed(name string) operation {
	if op, ok := operations[name]; ok {
		return op
	}
	return operation{whose: WhosePerson, action: ActionCorrect, unknown: ActionNone}
}

// A verdict is what a failure means.
type verdict struct {
	name        string
	whose       Whose
	action      Action
	wait        time.Duration
	field       string
	rateLimited bool
	unlisted    bool     // the platform responded with an unlisted code
	sentence    Sentence // "" for the one of operation and name
}

// judge says what a failure means. It is the only place that tells the SDK's errors apart.
func judge(err error) verdict {
	var (
		invalid   *openplatform.ValidationError
		refusal   *openplatform.APIError
		unusable  *openplatform.ResponseError
		transport *openplatform.TransportError
	)
	switch {
	case errors.As(err, &invalid):
		return judgeInput(invalid)
	case errors.As(err, &refusal):
		return judgeCode(refusal, codes.Find)
	case errors.As(err, &unusable):
		return judgeAnswer(unusable)
	case errors.As(err, &transport):
		return judgeTransport(transport)
	case isOfCtx(err):
		return verdict{name: NameUnknown, whose: WhoseCaller}
	default:
		return verdict{name: NameInternalError, whose: WhoseSetup, action: ActionFixSetup}
	}
}

func judgeInput(e *openplatform.ValidationError) verdict {
	if e.Violation == openplatform.ViolationSetup || !slices.Contains(operationNamed(e.Operation).person, e.Field) {
		return verdict{name: NameInvalidCall, whose: WhoseSetup, action: ActionFixSetup}
	}
	return invalidField(e.Field, e.Violation)
}

func invalidField(field string, violation openplatform.Violation) verdict {
	return verdict{
		name: NameField + string(violation), whose: WhosePerson, action: ActionCorrect,
		field: field, sentence: fieldSentence(field, violation),
	}
}

func judgeCode(e *openplatform.APIError, find func(operation, code string) (codes.Entry, bool)) verdict {
	op := operationNamed(e.Operation)
	entry, listed := find(e.Operation, string(e.Code))
	rateLimited := errors.Is(e, openplatform.ErrRateLimited)
	switch {
	case listed && !entry.Invented():
		return op.judgeEntry(entry, e, rateLimited)
	case rateLimited:
		return op.tooOften()
	case openplatform.OutcomeOf(e) == openplatform.OutcomeRejected:
		return verdict{name: NameRefused, whose: op.whose, action: op.action, unlisted: true}
	default:
		return op.mayHaveActed(WhosePlatform)
	}
}

func (op operation) judgeEntry(entry codes.Entry, e *openplatform.APIError, rateLimited bool) verdict {
	if field := missingParameter(entry, e.Msg); slices.Contains(op.person, field) {
		return invalidField(field, openplatform.ViolationRequired) // for example blanks, which the platform trims
	}
	if entry.Do == "as_unknown" {
		return op.mayHaveActed(Whose(entry.Whose))
	}
	v := verdict{
		name: entry.Name, whose: Whose(entry.Whose), action: Action(entry.Do), field: entry.Field,
		rateLimited: rateLimited, sentence: Sentence{Chinese: entry.Chinese, English: entry.English},
	}
	if rateLimited {
		v.wait = patience
	}
	return v
}

// missingParameter returns the parameter's name x in 参数[x]不能为空.
func missingParameter(entry codes.Entry, msg string) string {
	if entry.Code != string(openplatform.CodeMissingParameter) {
		return ""
	}
	_, rest, _ := strings.Cut(msg, "[")
	name, _, _ := strings.Cut(rest, "]")
	return name
}

// tooOften returns the verdict on a refusal because of too many calls. It uses up the picture
// of a SendSmsCode: the same request after a wait would be refused.
func (op operation) tooOften() verdict {
	v := verdict{
		name: NameRateLimited, whose: WhosePerson, action: ActionTryAgain, wait: patience,
		rateLimited: true, unlisted: true,
	}
	if op.action == ActionNewPicture {
		v.action = ActionNewPicture
	}
	if op.whose != WhosePerson { // the program sends these calls, not a person
		v.whose = WhosePlatform
	}
	return v
}

// mayHaveActed returns the verdict on a failure with an unknown outcome.
func (op operation) mayHaveActed(whose Whose) verdict {
	v := verdict{name: NameUnknown, whose: whose, action: op.unknown}
	if v.action == ActionWaitForSMS {
		v.wait = patience
	}
	return v
}

// judgeAnswer judges a response that is not a valid envelope, such as a gateway's page. A page
// with status 429 does not prove that the platform did not act.
func judgeAnswer(e *openplatform.ResponseError) verdict {
	op := operationNamed(e.Operation)
	rateLimited := errors.Is(e, openplatform.ErrRateLimited)
	if rateLimited && op.repeatable {
		return op.tooOften()
	}
	whose := WhoseNetwork
	if e.RequestID != "" {
		whose = WhosePlatform
	}
	v := op.mayHaveActed(whose)
	if rateLimited {
		v.wait = patience
	}
	return v
}

func judgeTransport(e *openplatform.TransportError) verdict {
	op := operationNamed(e.Operation)
	whose := WhoseNetwork
	switch {
	case isUntrusted(e):
		return verdict{name: NameUntrusted, whose: WhoseSetup, action: ActionFixSetup}
	case errors.Is(e, context.Canceled), e.Attempts == 0 && isOfCtx(e):
		whose = WhoseCaller
	}
	if e.NotSent {
		return verdict{name: NameNotSent, whose: whose, action: ActionTryAgain}
	}
	return op.mayHaveActed(whose)
}

func isOfCtx(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func isUntrusted(err error) bool {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		roots       x509.SystemRootsError
	)
	return errors.As(err, &authority) || errors.As(err, &hostname) || errors.As(err, &certificate) || errors.As(err, &roots)
}
