package openplatform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Response is the platform's answer to an operation that succeeded: the envelope
// that all operations share, with the operation's own result in Data. It prints
// with the secrets in it masked.
type Response[T any] struct {
	// RequestID identifies the request; the platform's support asks for it. It is
	// empty if a gateway dropped it.
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

	printedID, printedMsg string // without the request's secrets, if the SDK made it
}

// Format implements [fmt.Formatter]: every verb prints the same, secrets masked and
// without the header.
func (r Response[T]) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "{request_id:%s code:%s msg:%s http_status:%d data:%v}",
		r.shownID(), r.Code, r.shownMsg(), r.HTTPStatus, r.Data)
}

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r Response[T]) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("request_id", r.shownID()),
		slog.String("code", string(r.Code)),
		slog.String("msg", r.shownMsg()),
		slog.Int("http_status", r.HTTPStatus),
		slog.Any("data", r.Data),
	)
}

func (r Response[T]) shownID() string { return maskRequestID(cmp.Or(r.printedID, r.RequestID), nil) }

func (r Response[T]) shownMsg() string { return maskText(cmp.Or(r.printedMsg, r.Msg), maxMsg) }

// The documented maximum lengths of the envelope's fields, in characters. They
// bound what is printed; a longer field is delivered whole.
const (
	maxCode      = 32
	maxRequestID = 64
	maxMsg       = 255
)

// An envelope is a platform's answer before its data is looked at.
type envelope struct {
	requestID, code, msg text
	data                 json.RawMessage // nil if it was missing
}

// parseEnvelope reads one JSON object and nothing after it. encoding/json on a
// struct would also take "CODE" for "code" and the last of two codes: either could
// make a success of a failure, so keys are matched here, exactly and once.
func parseEnvelope(body []byte) (envelope, error) {
	var env envelope
	body = bytes.TrimPrefix(body, []byte("\uFEFF")) // some gateways send a BOM
	if len(bytes.TrimSpace(body)) == 0 {
		return env, errors.New("the body is empty")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return env, errors.New("the body is not a JSON object")
	}
	if err := env.readFields(dec); err != nil {
		return env, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return env, errors.New("something follows the JSON object")
	}
	if env.code == "" {
		return env, errors.New("the envelope has no code")
	}
	return env, nil
}

var errBrokenJSON = errors.New("the body is broken JSON")

var envelopeFields = []string{"request_id", "code", "msg", "data"}

// readFields reads an object's members and its closing brace.
func (e *envelope) readFields(dec *json.Decoder) error {
	targets := []any{&e.requestID, &e.code, &e.msg, &e.data}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return errBrokenJSON
		}
		name, _ := key.(string) // the decoder lets nothing else stand for a key
		var target any = new(json.RawMessage)
		if i := slices.Index(envelopeFields, name); i >= 0 {
			target, targets[i] = targets[i], nil
		}
		if target == nil {
			return fmt.Errorf("the envelope has two fields %s", name)
		}
		if err := dec.Decode(target); errors.Is(err, errNotText) {
			return fmt.Errorf("the envelope's %s is not a string", name)
		} else if err != nil {
			return errBrokenJSON
		}
	}
	if _, err := dec.Token(); err != nil {
		return errBrokenJSON
	}
	return nil
}

// text is a string that some gateways send as a number: a code of 400003 must not
// make the answer unreadable. null is the empty string.
type text string

var errNotText = errors.New("neither a string nor a number")

func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case raw[0] == '"':
		return json.Unmarshal(raw, (*string)(t))
	case raw[0] == '-' || '0' <= raw[0] && raw[0] <= '9':
		*t = text(raw)
		return nil
	case string(raw) == "null":
		*t = ""
		return nil
	default:
		return errNotText
	}
}

// decodeData turns the data of a successful envelope into a T, strictly: what is
// not documented as a success is not one.
func decodeData[T any](raw json.RawMessage) (T, error) {
	var data T
	isNull := raw == nil || string(raw) == "null"
	switch out := any(&data).(type) {
	case *struct{}:
		if !isNull {
			return data, errors.New("data is not null")
		}
		return data, nil
	case *bool:
		if string(raw) != "true" {
			return data, errors.New("data is not true")
		}
		*out = true
		return data, nil
	}
	if isNull && !nullable(reflect.TypeFor[T]()) {
		return data, errors.New("data is missing or null")
	}
	if isNull {
		return data, nil
	}
	if field := ambiguousField(raw); field != "" {
		return data, fmt.Errorf("data has two fields %s", plain(field))
	}
	err := json.Unmarshal(raw, &data)
	if err != nil && !errors.Is(err, errExpired) {
		// The decoder's error can quote the value.
		return data, errors.New("data is not of the documented type")
	}
	if d, ok := asDocumented(data); ok {
		if field, rule := brokenRule(d.params()); rule != "" {
			return data, fmt.Errorf("data.%s %s", field, rule)
		}
	}
	return data, err
}

// ambiguousField returns a field that an object has twice, whatever its case: to
// encoding/json open_id and OPEN_ID are the same, and the last one would win.
func ambiguousField(raw json.RawMessage) string {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return ""
	}
	seen := map[string]bool{}
	for dec.More() {
		key, _ := dec.Token() // raw has been read once: it is valid
		name, _ := key.(string)
		name = strings.ToLower(name)
		if seen[name] {
			return name
		}
		seen[name] = true
		_ = dec.Decode(new(json.RawMessage))
	}
	return ""
}

func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	default:
		return false
	}
}
