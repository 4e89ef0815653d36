package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// beforeSending marks an error before SendSmsCode: no SMS was sent.
type beforeSending struct{ error }

func (e beforeSending) Unwrap() error { return e.error }

// outcomeForSms says what a failure means for the SMS.
func outcomeForSms(err error) openplatform.Outcome {
	var early beforeSending
	if errors.As(err, &early) {
		return openplatform.OutcomeNotSent
	}
	return openplatform.OutcomeOf(err)
}

// advice turns a failure into a text for the person at the screen: whether an SMS was
// sent, and what to do next. The SDK's own text follows for support;
// it never holds a phone number or a code.
func advice(err error) string {
	text := sentence(err)
	if details := sdkText(err); details != "" {
		text += "\n  " + details
	}
	return text
}

func sentence(err error) string {
	switch outcomeForSms(err) {
	case openplatform.OutcomeNotSent:
		return "Nothing was sent: " + whyNotSent(err) + "."
	case openplatform.OutcomeRejected:
		return "The platform refused, so no SMS was sent.\n" + afterRejection(err)
	default:
		return whyUnknown(err) + "\nThe SMS may have been sent: wait a minute before you request another."
	}
}

const networkHint = ".\nThe platform may only be reachable from inside its own network;\n" +
	"the sandbox, which is what runs without flags, works offline"

func whyNotSent(err error) string {
	var (
		invalid   *openplatform.ValidationError
		refused   *openplatform.APIError
		unusable  *openplatform.ResponseError
		transport *openplatform.TransportError
		dns       *net.DNSError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "you stopped it"
	case errors.As(err, &invalid):
		return strings.TrimSpace(invalid.Field+" "+invalid.Rule) + ". Correct it and run it again"
	case errors.As(err, &refused):
		return "the platform gives no picture. Run it again in a minute.\n" +
			"If that does not help, send the text below to the platform's support"
	case errors.As(err, &unusable):
		return "the response is not from the platform's API.\n" +
			"Check -env, -base-url and any proxy, and run it again"
	case errors.As(err, &dns):
		return fmt.Sprintf("this computer cannot find the host %s.\n"+
			"Check the name and the network, and run it again", dns.Name) + networkHint
	case errors.As(err, &transport) && transport.Timeout():
		return "no response arrived in time.\n" +
			"Check the network or allow more time with -timeout, and run it again" + networkHint
	case errors.As(err, &transport):
		return "check the network and the address, and run it again"
	default:
		return err.Error() // one of this program's own
	}
}

func afterRejection(err error) string {
	var refused *openplatform.APIError
	if errors.Is(err, openplatform.ErrRateLimited) && errors.As(err, &refused) {
		return fmt.Sprintf("Too many requests: wait %v and run it again.", cmp.Or(refused.RetryAfter, time.Minute))
	}
	return "A picture can be used once: run it again and type what the new one shows.\n" +
		"If you typed the right characters, send the text below to the platform's support."
}

func whyUnknown(err error) string {
	var (
		failed   *openplatform.APIError
		unusable *openplatform.ResponseError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "You stopped it before the response arrived."
	case errors.As(err, &failed):
		return "The platform failed, and does not say whether it sent the SMS."
	case errors.As(err, &unusable):
		return "The response is not from the platform's API."
	default: // a *openplatform.TransportError
		return "No response arrived."
	}
}

// sdkText returns the SDK's text of err, "" if err is this program's own. A person
// who stopped the program needs no explanation.
func sdkText(err error) string {
	var (
		invalid   *openplatform.ValidationError
		failed    *openplatform.APIError
		unusable  *openplatform.ResponseError
		transport *openplatform.TransportError
	)
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &invalid), errors.As(err, &failed), errors.As(err, &unusable), errors.As(err, &transport):
		return err.Error()
	default:
		return ""
	}
}
