package openplatform

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"regexp"
	"slices"
)

const maxBody = 1 << 20 // bytes, after decompression

// An answer is what came back for an attempt: the HTTP part of it, and the envelope
// once it has been read.
type answer struct {
	operation string
	status    int
	header    http.Header
	length    int // of the body, in bytes
	secrets   []param
	envelope
}

// readAnswer reads resp and returns an answer with code 000, or the error that
// anything else is.
func readAnswer(ctx context.Context, m *message, resp *http.Response) (*answer, error) {
	a := &answer{operation: m.op.Name, status: resp.StatusCode, header: resp.Header, secrets: m.secrets}
	if a.status < http.StatusOK {
		return nil, a.unusable("an HTTP status that is no answer") // its body would be an open connection
	}
	body, err := readBody(resp)
	a.length = len(body)
	switch {
	case err != nil:
		return nil, a.cutShort(ctx, err)
	case a.length > maxBody:
		return nil, a.unusable("the body is larger than 1 MiB")
	case isRedirect(a.status):
		return nil, a.unusable("a redirect, which is never followed")
	}
	if a.envelope, err = parseEnvelope(body); err != nil {
		e := a.unusable(err.Error())
		e.Title = maskText(maskSecrets(pageTitle(body), m.secrets), maxTitle)
		return nil, e
	}
	if Code(a.code) != CodeOK {
		return nil, a.failure()
	}
	if !isSuccess(a.status) {
		return nil, a.unusable("code 000 at an HTTP status that is no success")
	}
	return a, nil
}

// readBody reads a body to its end, or to one byte past the limit, and makes room at
// once for one that says how long it is.
func readBody(resp *http.Response) ([]byte, error) {
	size := int64(512)
	if resp.ContentLength >= 0 {
		size = min(resp.ContentLength, maxBody) + 1 // one more, to meet the end
	}
	body := make([]byte, 0, size)
	for len(body) <= maxBody {
		body = slices.Grow(body, 1)
		n, err := resp.Body.Read(body[len(body):min(cap(body), maxBody+1)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	return body, nil
}

func isSuccess(status int) bool { return 200 <= status && status <= 299 }

// openAnswer makes a response of an answer, if its data is what T says.
func openAnswer[T any](a *answer) (*Response[T], error) {
	resp := &Response[T]{
		RequestID: string(a.requestID), Code: CodeOK, Msg: string(a.msg),
		HTTPStatus: a.status, Header: a.header,
	}
	err := decodeData(a.data, &resp.Data)
	if d, ok := asDocumented(resp.Data); ok { // the message may repeat the result, too
		a.secrets = append(secretsOf(d.params()), a.secrets...)
	}
	resp.printedID, resp.printedMsg = maskRequestID(resp.RequestID, a.secrets), maskSecrets(resp.Msg, a.secrets)
	if err == nil {
		return resp, nil
	}
	failure := a.unusable("code 000, but " + err.Error())
	if errors.Is(err, errExpired) {
		return resp, failure
	}
	return nil, failure
}

// failure is the platform's own no.
func (a *answer) failure() *APIError {
	e := &APIError{
		Operation: a.operation, Code: Code(a.code), Msg: string(a.msg), RequestID: string(a.requestID),
		HTTPStatus: a.status, RetryAfter: parseRetryAfter(a.header),
	}
	return e.maskFor(a.secrets)
}

// unusable is the error of an answer that is no envelope for the operation.
func (a *answer) unusable(reason string) *ResponseError {
	// Masked before its parameters are cut off, and with them the rest of a secret.
	contentType, _, _ := mime.ParseMediaType(maskSecrets(a.header.Get("Content-Type"), a.secrets)) // "" if it has none
	return &ResponseError{
		Operation: a.operation, HTTPStatus: a.status, ContentType: maskText(contentType, maxTitle),
		RequestID:  maskRequestID(string(a.requestID), a.secrets),
		RetryAfter: parseRetryAfter(a.header), Reason: reason, BodyLength: a.length,
	}
}

// cutShort is the error of an answer whose body could not be read to its end.
func (a *answer) cutShort(ctx context.Context, err error) error {
	reason, cause := explain(ctx, err)
	if timeout := net.Error(nil); ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return &TransportError{Operation: a.operation, reason: reason + " in the middle of the answer", cause: cause}
	}
	e := a.unusable("the body ended early: " + reason)
	e.cause, e.truncated = cause, true
	return e
}

const maxTitle = 100 // characters

var titleElement = regexp.MustCompile(`(?is)<(?:title|h1)\b[^>]*>(.*?)</(?:title|h1)`)

// pageTitle returns the title of an HTML page, or the heading of one without, as it
// stands there: what a gateway tells a person of its trouble.
func pageTitle(body []byte) string {
	if match := titleElement.FindSubmatch(body[:min(len(body), 8<<10)]); match != nil {
		return string(match[1])
	}
	return ""
}
