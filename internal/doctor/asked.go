package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// This file holds the checks that an option switches on.

// The sizes to test, in KiB.
var (
	bodySizes   = []int{8, 64, 256, 1024}
	headerSizes = []int{2, 6, 14, 30, 60}
)

func (x *examination) limits(ctx context.Context) finding {
	body, bodyOK := x.largest(ctx, bodySizes, func(bytes int) probe {
		return probe{
			method: http.MethodPost, path: pathImgCode, contentType: typeJSON,
			body: `{"padding":"` + strings.Repeat("x", bytes) + `"}`,
		}
	})
	header, headerOK := x.largest(ctx, headerSizes, func(bytes int) probe {
		return probe{method: http.MethodPost, path: pathImgCode, contentType: typeJSON, body: "{}", padding: bytes}
	})
	found := fmt.Sprintf("a body of %s; a header of %s", body, header)
	if !bodyOK || !headerOK {
		return bad(found, "The SDK's calls are smaller, but a token in a query is part of the header: ask the gateway's operators for a higher limit.")
	}
	return ok(found)
}

// largest says up to which size, in KiB, probes get the usual response, and whether any does.
func (x *examination) largest(ctx context.Context, sizes []int, of func(bytes int) probe) (found string, passes bool) {
	usual := x.answer(ctx, askPicture)
	passed := 0
	for _, size := range sizes {
		a := x.send(ctx, of(size*1024))
		if a.failed != "" || a.status != usual.status || a.code() != usual.code() {
			return fmt.Sprintf("%d KiB is accepted, one of %d KiB is not: %s", passed, size, a), passed > 0
		}
		passed = size
	}
	return fmt.Sprintf("%d KiB is accepted; more was not tested", passed), true
}

// nobody is not a real phone number: none in China begins with 10.
const nobody = "10000000000"

func (x *examination) accountCodes(ctx context.Context) finding {
	picture, err := x.client.GetImgCode(ctx)
	if err != nil {
		return unclear(err.Error())
	}
	_, err = x.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		// No picture shows these characters.
		Mobile: nobody, ImgCodeID: picture.Data.ImgCodeID, ImgCode: "----", SmsType: openplatform.SmsTypeLogin,
	})
	var refusal *openplatform.APIError
	switch {
	case err == nil:
		return refuted("SendSmsCode with a wrong picture code succeeded")
	case !errors.As(err, &refusal):
		return unclear("SendSmsCode with a wrong picture code: " + err.Error())
	}
	found := fmt.Sprintf("SendSmsCode with a wrong picture code: HTTP %d, code %s %s, outcome %s",
		refusal.HTTPStatus, x.foreign(string(refusal.Code)), x.foreign(refusal.Msg), openplatform.OutcomeOf(err))
	switch {
	case openplatform.OutcomeOf(err) == openplatform.OutcomeRejected:
		return holds(found)
	case errors.Is(err, openplatform.ErrPlatform):
		return unclear(found)
	default:
		return refuted(found)
	}
}

// ssoTokens are access tokens that were fetched.
type ssoTokens struct{ first, second string }

func (x *examination) askAccessToken() probe {
	query := url.Values{"client_id": {x.ClientID}, "client_secret": {x.ClientSecret}}
	return probe{method: http.MethodGet, path: pathAccess + "?" + query.Encode()}
}

// accessToken fetches a token. Without a token in the response, found describes the response.
func (x *examination) accessToken(ctx context.Context) (token, expired, found string, a *answer) {
	a = x.send(ctx, x.askAccessToken())
	if !a.succeeded() {
		return "", "", "GetAccessToken: " + a.String(), a
	}
	var data struct {
		AccessToken string          `json:"access_token"`
		Expired     json.RawMessage `json:"expired"`
	}
	if err := json.Unmarshal(a.envelope.data, &data); err != nil || data.AccessToken == "" {
		return "", "", "GetAccessToken: its data has no access_token", a
	}
	x.keepSecret(data.AccessToken)
	return data.AccessToken, textOf(data.Expired), "", a
}

// accessTokenLifetime is the documented lifetime.
const accessTokenLifetime = 2 * time.Hour

var chinaStandardTime = time.FixedZone("CST", 8*60*60)

func (x *examination) expiredTimes(ctx context.Context) finding {
	token, expired, found, a := x.accessToken(ctx)
	if token == "" {
		return unclear(found)
	}
	x.tickets.first = token
	ends, err := time.ParseInLocation(time.DateTime, expired, chinaStandardTime)
	if err != nil {
		return refuted("expired is not of the form 2006-01-02 15:04:05")
	}
	now := time.Now()
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		now = date // the platform's clock counts
	}
	const margin = 5 * time.Minute
	left := ends.Sub(now).Round(time.Second)
	found = fmt.Sprintf("an access token expires in %v, if the time is China Standard Time", left)
	if left <= 0 || left > accessTokenLifetime+margin {
		return refuted(found)
	}
	return holds(found)
}

func (x *examination) tokensCoexist(ctx context.Context) finding {
	token, _, found, _ := x.accessToken(ctx)
	x.tickets.second = token
	switch {
	case x.tickets.first == "" || token == "":
		return unclear("two tokens are needed. " + found)
	case x.tickets.first == token:
		return holds("the platform issued the same token twice")
	}
	first, second := x.ticketWith(ctx, x.tickets.first), x.ticketWith(ctx, x.tickets.second)
	isInvalid := func(a *answer) bool { return a.code() == openplatform.CodeInvalidAccessToken }
	switch {
	case first.trouble() != "" || second.trouble() != "" || isInvalid(second):
		return unclear("GetServiceTicket with the new token: " + second.String())
	case isInvalid(first):
		return refuted("the first of two tokens is no longer valid: " + first.String())
	default:
		return holds("two tokens are valid at the same time")
	}
}

// ticketWith asks for a ticket with an access token, for a login that does not exist.
func (x *examination) ticketWith(ctx context.Context, accessToken string) *answer {
	body, _ := json.Marshal(map[string]string{"access_token": accessToken, "token": madeUp}) // strings always encode
	return x.send(ctx, probe{method: http.MethodPost, path: pathTicket, body: string(body), contentType: typeJSON})
}

func (x *examination) loginToken(ctx context.Context) finding {
	a := x.send(ctx, probe{method: http.MethodGet, path: pathCheck + "?" + url.Values{"token": {x.Token}}.Encode()})
	if a.succeeded() {
		return ok("CheckToken of the login token: " + a.String())
	}
	return bad("CheckToken of the login token: "+a.String(), "Log in again: a login token expires.")
}
