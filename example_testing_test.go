package openplatform_test

import (
	"context"
	"fmt"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// Errors made by hand, one of each kind that a screen has to tell apart.
func ExampleTransportError() {
	for _, err := range []error{
		&openplatform.ValidationError{Operation: "SendSmsCode", Field: "mobile", Violation: openplatform.ViolationRequired},
		&openplatform.TransportError{Operation: "SendSmsCode", NotSent: true},
		&openplatform.APIError{Operation: "SendSmsCode", Code: "400987"}, // a code that nobody has documented
		&openplatform.APIError{Operation: "SendSmsCode", Code: "429987"},
		&openplatform.APIError{Operation: "SendSmsCode", Code: openplatform.CodeInvalidAppID},
		&openplatform.ResponseError{Operation: "SendSmsCode", HTTPStatus: 502},
		&openplatform.TransportError{Operation: "SendSmsCode"},
	} {
		a := advice.Of(err)
		fmt.Printf("%s: %s, %s, %s\n", openplatform.OutcomeOf(err), a.Name, a.Whose, a.Action)
	}
	// Output:
	// not sent: field_required, person, correct
	// not sent: not_sent, network, try_again
	// rejected: refused, person, new_picture
	// rejected: rate_limited, person, new_picture
	// rejected: invalid_app_id, setup, fix_setup
	// unknown: outcome_unknown, network, wait_for_sms
	// unknown: outcome_unknown, network, wait_for_sms
}

// smsSender is the part of *openplatform.Client that the code under test needs.
type smsSender interface {
	SendSmsCode(ctx context.Context, req *openplatform.SendSmsCodeRequest) (*openplatform.Response[bool], error)
}

// brokenPlatform is a platform that always fails in the same way.
type brokenPlatform struct{ err error }

func (f brokenPlatform) SendSmsCode(context.Context, *openplatform.SendSmsCodeRequest) (*openplatform.Response[bool], error) {
	return nil, f.err
}

// afterSMS is the code under test.
func afterSMS(ctx context.Context, platform smsSender) advice.Action {
	_, err := platform.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{Mobile: "13900001111", ImgCodeID: "MS6A1I", ImgCode: "ELPG"})
	return advice.Of(err).Action
}

// A test double, where a sandbox would be too much.
func ExampleTransportError_double() {
	fmt.Println(afterSMS(context.Background(), brokenPlatform{&openplatform.TransportError{Operation: "SendSmsCode", NotSent: true}}))
	// Output: try_again
}
