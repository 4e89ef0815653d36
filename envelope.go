package openplatform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
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
	body = bytes.Trim(body, " \t\r\n")              // JSON's white space, and no other
	switch {
	case len(body) == 0:
		return env, errors.New("the body is empty")
	case body[0] != '{':
		return env, errors.New("the body is not a JSON object")
	case !json.Valid(body):
		return env, errors.New("the body is broken JSON, or more than one value")
	}
	var seen [4]bool
	targets := [...]*text{&env.requestID, &env.code, &env.msg}
	err := eachMember(body, func(name, value []byte) error {
		i := slices.Index(envelopeFields, string(name))
		switch {
		case i < 0:
			return nil
		case seen[i]:
			return fmt.Errorf("the envelope has two fields %s", name)
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

// eachMember calls visit with the name and the value of each member of a valid JSON
// object, until it returns an error.
func eachMember(object []byte, visit func(name, value []byte) error) error {
	for rest := object[1:]; ; {
		if rest = bytes.TrimLeft(rest, ", \t\r\n"); rest[0] == '}' {
			return nil
		}
		quoted, after := cutValue(rest)
		value, after := cutValue(bytes.TrimLeft(after, ": \t\r\n"))
		rest = after
		name, err := unquote(quoted)
		if err != nil {
			return err
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
}

// unquote returns what a JSON string says, without a copy where it says it plainly.
func unquote(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return []byte(s), err
}

// cutValue splits valid JSON after the value that it begins with.
func cutValue(s []byte) (value, after []byte) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quoted && c == '\\':
			i++ // whatever it escapes ends no string
			continue
		case c == '"':
			quoted = !quoted
		case quoted:
			continue
		case c == '{' || c == '[':
			depth++
		case depth == 0 && bytes.IndexByte([]byte(",: \t\r\n]}"), c) >= 0:
			return s[:i], s[i:] // the end of a number or a word
		case c == '}' || c == ']':
			depth--
		default:
			continue
		}
		if depth == 0 && !quoted {
			return s[:i+1], s[i+1:]
		}
	}
	return s, nil
}

// text is a string that some gateways send as a number: a code of 400003 must not
// make the answer unreadable. null is the empty string.
type text string

var errNotText = errors.New("neither a string nor a number")

func (t *text) UnmarshalJSON(raw []byte) error {
	switch {
	case raw[0] == '"':
		said, err := unquote(raw)
		*t = asText(said)
		return err
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

// asText is text(s), without memory of its own for what nearly every answer says.
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

// decodeData turns the data of a successful envelope into a T, strictly: what is
// not documented as a success is not one.
func decodeData[T any](raw json.RawMessage, data *T) error {
	isNull := raw == nil || string(raw) == "null"
	switch out := any(data).(type) {
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
	if isNull && !nullable(reflect.TypeFor[T]()) {
		return errors.New("data is missing or null")
	}
	if isNull {
		return nil
	}
	if err := checkFields(raw, isStruct(reflect.TypeFor[T]())); err != nil {
		return err
	}
	err := json.Unmarshal(raw, data)
	if err != nil && !errors.Is(err, errExpired) {
		// The decoder's error can quote the value.
		return errors.New("data is not of the documented type")
	}
	if d, ok := asDocumented(*data); ok {
		if field, rule := brokenRule(d.params()); rule != "" {
			return fmt.Errorf("data.%s %s", field, rule)
		}
	}
	return err
}

var errAmbiguous = errors.New("data has the same field twice")

// checkFields finds a field that an object has twice. For a struct case does not
// count: to encoding/json open_id and OPEN_ID are then the same, as are s and the long
// ſ, and the last one would win.
func checkFields(data []byte, fold bool) error {
	if data[0] != '{' {
		return nil
	}
	seen := map[string]bool{}
	return eachMember(data, func(field, _ []byte) error {
		name := string(field)
		if fold {
			name = strings.ToLower(strings.ToUpper(name))
		}
		if seen[name] {
			return errAmbiguous
		}
		seen[name] = true
		return nil
	})
}

func isStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	default:
		return false
	}
}
