package openplatform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net"
	"net/http"
	"reflect"
	"regexp"

	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/jsonscan"
	"github.com/ebaas/openplatform-go/internal/mask"
	"github.com/ebaas/openplatform-go/internal/retry"
)

// An answer is the response to an attempt: its HTTP part, and the envelope after it was read.
type answer struct {
	operation string
	status    int
	header    http.Header
	length    int      // of the body, in bytes
	params    []param  // of the request and, later, of the result: a message may repeat them
	protocol  [2]int   // of HTTP, major and minor; the caller's RoundTripper may write anything into the text
	peer      net.Addr // the remote address, nil if unknown
	reused    bool
	envelope
}

// read reads resp and its body; bodyErr is why the body ended early. It returns a with code
// 000, or an error.
func (a answer) read(ctx context.Context, resp *http.Response, body []byte, bodyErr error) (answer, error) {
	a.status, a.header, a.length = resp.StatusCode, resp.Header, len(body)
	a.protocol = [2]int{resp.ProtoMajor, resp.ProtoMinor}
	switch {
	case a.status < http.StatusOK:
		return a, a.unusable("not a final HTTP status")
	case bodyErr != nil:
		return a, a.cutShort(ctx, bodyErr)
	case a.length > delivery.MaxBody:
		return a, a.unusable("the body is larger than 1 MiB")
	case delivery.IsRedirect(a.status):
		return a, a.unusable("a redirect, which the client does not follow")
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
		return a, a.unusable("code 000 with an HTTP status other than 2xx")
	}
	return a, nil
}

func (a *answer) protocolText() string {
	if a.protocol == [2]int{} {
		return ""
	}
	return fmt.Sprintf("HTTP/%d.%d", a.protocol[0], a.protocol[1])
}

// peerText returns the remote address of a TCP connection. Other kinds of addresses may hold
// any text.
func (a *answer) peerText() string {
	if tcp, ok := a.peer.(*net.TCPAddr); ok && tcp != nil {
		return tcp.String()
	}
	return ""
}

func isSuccess(status int) bool { return 200 <= status && status <= 299 }

// openAnswer decodes the data of a into T and returns the Response.
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

// failure returns the error of an envelope with a code other than 000.
func (a *answer) failure() *APIError {
	params := a.params
	return &APIError{
		Operation: a.operation, Code: Code(a.code), Msg: string(a.msg), RequestID: string(a.requestID),
		HTTPStatus: a.status, RetryAfter: retry.After(a.header), params: func() []param { return params },
	}
}

// unusable returns the error of a response that is not a valid envelope for the operation.
func (a *answer) unusable(reason string) *ResponseError {
	// It is masked before its parameters are cut off: they may hold the rest of a secret.
	said := mask.Text(a.header.Get("Content-Type"), secretsOf(a.params))
	contentType, _, _ := mime.ParseMediaType(said) // "" if it has none
	return &ResponseError{
		Operation: a.operation, HTTPStatus: a.status, ContentType: mask.Cut(contentType, maxTitle),
		RequestID:  shownRequestID(string(a.requestID), a.params),
		RetryAfter: retry.After(a.header), Reason: reason, BodyLength: a.length,
	}
}

// cutShort returns the error of a response whose body could not be read to its end.
func (a *answer) cutShort(ctx context.Context, err error) error {
	f := explain(ctx, err)
	if timeout := net.Error(nil); ctx.Err() != nil || errors.As(err, &timeout) && timeout.Timeout() {
		return &TransportError{Operation: a.operation, Reason: f.Reason + " while reading the response", Cause: f.Cause}
	}
	e := a.unusable("the body ended early: " + f.Reason)
	e.cause, e.truncated = f.Cause, true
	return e
}

const maxTitle = 100 // characters

var titleElement = regexp.MustCompile(`(?is)<(?:title|h1)\b[^>]*>(.*?)</(?:title|h1)`)

// pageTitle returns the title of an HTML page, or its first heading: a gateway says there
// what went wrong.
func pageTitle(body []byte) string {
	if match := titleElement.FindSubmatch(body[:min(len(body), 8<<10)]); match != nil {
		return string(match[1])
	}
	return ""
}

// decodeData decodes the data of an envelope with code 000 into data. It is strict: data that
// is not documented as a success is an error.
func decodeData(raw json.RawMessage, data any) error {
	isNull := raw == nil || string(raw) == "null"
	switch out := data.(type) {
	case *struct{}:
		if !isNull {
			return errors.New("data is not null")
		}
		return nil
	case *bool:
		if string(raw) != "true" {
			return errors.New("data is not true")
		}
		*out = true
		return nil
	}
	t := reflect.TypeOf(data).Elem()
	if isNull && !nullable(t) {
		return errors.New("data is missing or null")
	}
	if isNull {
		return nil
	}
	if !jsonscan.IsUnicode(raw) {
		return errors.New("data is not valid Unicode")
	}
	if jsonscan.HasDuplicate(raw, namesOf(t)) {
		return errors.New("data has the same field twice")
	}
	if err := json.Unmarshal(raw, data); err != nil {
		return errors.New("data is not of the documented type") // the decoder's error can quote the value
	}
	if b := firstBroken(resultParams(data)); b.rule != "" {
		return fmt.Errorf("data.%s %s", b.field, b.rule)
	}
	return nil
}

// resultParams returns the fields of the result that data points to, directly or through one
// more pointer. It returns none for a type that the SDK does not know.
func resultParams(data any) []param {
	if d, ok := asDocumented(data); ok {
		return d.params()
	}
	if inner := reflect.ValueOf(data).Elem(); inner.Kind() == reflect.Pointer && !inner.IsNil() {
		if d, ok := asDocumented(inner.Interface()); ok {
			return d.params()
		}
	}
	return nil
}

// namesOf is jsonscan.NamesOf, with a shortcut for the SDK's types, because they hold no maps.
func namesOf(t reflect.Type) func(depth int, name string) string {
	if t.PkgPath() == ownPackage {
		return jsonscan.Caseless
	}
	return jsonscan.NamesOf(t)
}

func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	default:
		return false
	}
}
