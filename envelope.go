package openplatform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/ebaas/openplatform-go/internal/jsonscan"
)

// Response is the platform's response to an operation that succeeded: the envelope that all
// operations share, with the operation's result in Data. It prints with its secrets masked.
type Response[T any] struct {
	// RequestID identifies the request; the platform's support asks for it. It may be empty.
	RequestID string
	// Code is always [CodeOK].
	Code Code
	// Msg is the platform's text, usually 成功.
	Msg string
	// Data is the operation's result.
	Data T
	// HTTPStatus is the HTTP status, 200 to 299.
	HTTPStatus int
	// Header is the HTTP header.
	Header http.Header

	params func() []param // Msg may repeat them; behind a function as in Client; nil if there are none
}

// Format implements [fmt.Formatter]: every verb prints the response with its secrets masked
// and without the header.
func (r Response[T]) Format(f fmt.State, _ rune) {
	requestID, msg := r.shown()
	_, _ = fmt.Fprintf(f, "{request_id:%s code:%s msg:%s http_status:%d data:%v}", requestID, r.Code, msg, r.HTTPStatus, r.Data)
}

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r Response[T]) LogValue() slog.Value {
	requestID, msg := r.shown()
	return slog.GroupValue(
		slog.String("request_id", requestID),
		slog.String("code", string(r.Code)),
		slog.String("msg", msg),
		slog.Int("http_status", r.HTTPStatus),
		slog.Any("data", r.Data),
	)
}

// MarshalJSON implements [json.Marshaler] with the envelope as on the wire, not masked:
// request_id, code, msg and data.
func (r Response[T]) MarshalJSON() ([]byte, error) {
	return encodeEnvelope(r.RequestID, r.Code, r.Msg, r.Data)
}

func encodeEnvelope(requestID string, code Code, msg string, data any) ([]byte, error) {
	if _, isEmpty := data.(struct{}); isEmpty { // the platform says null
		data = nil
	}
	return json.Marshal(struct {
		RequestID string `json:"request_id"`
		Code      Code   `json:"code"`
		Msg       string `json:"msg"`
		Data      any    `json:"data"`
	}{requestID, code, msg, data})
}

// shown returns the request id and the message as they are printed.
func (r Response[T]) shown() (requestID, msg string) {
	var params []param
	if r.params != nil {
		params = r.params()
	}
	return shownRequestID(r.RequestID, params), shownText(r.Msg, params, maxMsg)
}

// The documented maximum lengths of the envelope's fields, in characters. They limit what is
// printed; the caller gets a longer field whole.
const (
	maxCode      = 32
	maxRequestID = 64
	maxMsg       = 255
)

// msgOK is the platform's message for success: it needs no masking.
const msgOK = "成功"

// An envelope is a response before its data is decoded.
type envelope struct {
	requestID, code, msg text
	data                 json.RawMessage // nil if it was missing
}

// parseEnvelope reads one JSON object and nothing after it. encoding/json would also accept
// "CODE" as "code", and the last of two codes. Both could turn a failure into a success, so
// keys are matched here, exactly and once.
func parseEnvelope(body []byte) (envelope, error) {
	var env envelope
	body = bytes.TrimPrefix(body, []byte("\uFEFF")) // some gateways send a BOM
	body = bytes.Trim(body, " \t\r\n")              // JSON's white space, and no other
	switch {
	case len(body) == 0:
		return env, errors.New("the body is empty")
	case body[0] != '{':
		return env, errors.New("the body is not a JSON object")
	case !json.Valid(body):
		return env, errors.New("the body is invalid JSON, or more than one value")
	}
	var seen [4]bool
	targets := [...]*text{&env.requestID, &env.code, &env.msg}
	err := jsonscan.Members(body, func(name, value []byte) error {
		i := slices.Index(envelopeFields, string(name))
		switch {
		case i < 0:
			return nil
		case seen[i]:
			return fmt.Errorf("the envelope has the field %s twice", name)
		case i == len(targets):
			env.data = value
		case targets[i].UnmarshalJSON(value) != nil:
			return fmt.Errorf("the envelope's %s is not a string", name)
		}
		seen[i] = true
		return nil
	})
	if err == nil && env.code == "" {
		err = errors.New("the envelope has no code")
	}
	return env, err
}

var envelopeFields = []string{"request_id", "code", "msg", "data"}

// text is a string that some gateways send as a number, such as the code 400003. null is the
// empty string.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	said, err := jsonscan.Text(raw)
	*t = asText(said)
	return err
}

// asText is text(s), without an allocation for the texts that nearly every response has.
func asText(s []byte) text {
	switch string(s) {
	case string(CodeOK):
		return text(CodeOK)
	case msgOK:
		return msgOK
	default:
		return text(s)
	}
}
