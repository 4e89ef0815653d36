package openplatform

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"regexp"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/mask"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// An answer is what came back for an attempt: the HTTP part of it, and the envelope
// once it has been read.
type answer struct {
	operation string
	status    int
	header    http.Header
	length    int     // of the body, in bytes
	params    []param // of the request and, later, of the result: what a message may repeat
	protocol  string
	peer      net.Addr // the connection's other end, nil if that is not known
	reused    bool
	envelope
}

// read reads resp, with its body and why that ended early. It returns a with code 000, or the
// error that anything else is.
func (a answer) read(ctx context.Context, resp *http.Response, body []byte, bodyErr error) (answer, error) {
	a.status, a.header, a.protocol, a.length = resp.StatusCode, resp.Header, resp.Proto, len(body)
	switch {
	case a.status < http.StatusOK:
		return a, a.unusable("an HTTP status that is no answer")
	case bodyErr != nil:
		return a, a.cutShort(ctx, bodyErr)
	case a.length > delivery.MaxBody:
		return a, a.unusable("the body is larger than 1 MiB")
	case delivery.IsRedirect(a.status):
		return a, a.unusable("a redirect, which is never followed")
	}
	var err error
	if a.envelope, err = parseEnvelope(body); err != nil {
		e := a.unusable(err.Error())
		e.Title = shownText(pageTitle(body), a.params, maxTitle)
		return a, e
	}
	if Code(a.code) != CodeOK {
		return a, a.failure()
	}
	if !isSuccess(a.status) {
		return a, a.unusable("code 000 at an HTTP status that is no success")
	}
	return a, nil
}

func (a *answer) peerText() string {
	if a.peer == nil {
		return ""
	}
	return a.peer.String()
}

func isSuccess(status int) bool { return 200 <= status && status <= 299 }

// openAnswer makes a response of an answer, if its data is what T says.
func openAnswer[T any](a answer) (*Response[T], error) {
	resp := &Response[T]{
		RequestID: string(a.requestID), Code: CodeOK, Msg: string(a.msg),
		HTTPStatus: a.status, Header: a.header,
	}
	err := decodeData(a.data, &resp.Data)
	if result := resultParams(&resp.Data); result != nil { // the message may repeat it, too
		a.params = append(result, a.params...)
	}
	params := a.params
	resp.params = func() []param { return params }
	if err != nil {
		return nil, a.unusable("code 000, but " + err.Error())
	}
	return resp, nil
}

// failure is the platform's own no.
func (a *answer) failure() *APIError {
	params := a.params
	return &APIError{
		Operation: a.operation, Code: Code(a.code), Msg: string(a.msg), RequestID: string(a.requestID),
		HTTPStatus: a.status, RetryAfter: retry.After(a.header), params: func() []param { return params },
	}
}

// unusable is the error of an answer that is no envelope for the operation.
func (a *answer) unusable(reason string) *ResponseError {
	// Masked before its parameters are cut off, and with them the rest of a secret.
	said := mask.Text(a.header.Get("Content-Type"), secretsOf(a.params))
	contentType, _, _ := mime.ParseMediaType(said) // "" if it has none
	return &ResponseError{
		Operation: a.operation, HTTPStatus: a.status, ContentType: mask.Cut(contentType, maxTitle),
		RequestID:  shownRequestID(string(a.requestID), a.params),
		RetryAfter: retry.After(a.header), Reason: reason, BodyLength: a.length,
	}
}

// cutShort is the error of an answer whose body could not be read to its end.
func (a *answer) cutShort(ctx context.Context, err error) error {
	f := explain(ctx, err)
	if timeout := net.Error(nil); ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return &TransportError{Operation: a.operation, Reason: f.Reason + " in the middle of the answer", Cause: f.Cause}
	}
	e := a.unusable("the body ended early: " + f.Reason)
	e.cause, e.truncated = f.Cause, true
	return e
}

const maxTitle = 100 // characters

var titleElement = regexp.MustCompile(`(?is)<(?:title|h1)\b[^>]*>(.*?)</(?:title|h1)`)

// pageTitle returns the title of an HTML page, or the heading of one without: what a
// gateway tells a person of its trouble.
func pageTitle(body []byte) string {
	if match := titleElement.FindSubmatch(body[:min(len(body), 8<<10)]); match != nil {
		return string(match[1])
	}
	return ""
}

// shownText is a text of the platform's as it is printed: without what the params hold.
func shownText(s string, params []param, limit int) string {
	if s == "" || s == msgOK {
		return s
	}
	return mask.Cut(mask.Text(s, secretsOf(params)), limit)
}

func shownRequestID(id string, params []param) string {
	return mask.Cut(mask.RequestID(id, secretsOf(params)), maxRequestID)
}

// shownCode leaves a code of the documented form alone, whatever else the request said:
// programs and people tell failures by it.
func shownCode(code Code, params []param) Code {
	switch class := code.class(); {
	case class != 0 && len(code) <= len(CodeInvalidToken):
		return code
	case 400 <= class && class <= 599: // of digits: among contacts it would be a phone number
		return Code(mask.Cut(mask.Secrets(string(code), secretsOf(params)), maxCode))
	default:
		return Code(shownText(string(code), params, maxCode))
	}
}
