package openplatform

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/internal/jsonscan"
)

// A message is an encoded request: every attempt sends the same bytes.
type message struct {
	op      Operation
	url     string
	body    []byte
	hasData bool    // the body carries parameters: without it the platform cannot act
	params  []param // the response may repeat them; their secrets must not be printed
}

// encode validates in and makes a message of it: parameters in the query for GET, a JSON
// object for POST. A POST without parameters sends {}, because the platform's POST bodies
// are objects, and because delivery is tracked by the body.
func encode(c *core, op Operation, in any) (m message, err error) {
	m = message{op: op, url: c.baseURL + op.Path}
	if d, ok := asDocumented(in); ok {
		err = m.encodeDocumented(d)
	} else {
		err = m.encodeAny(in)
	}
	return m, err
}

// encodeDocumented writes the parameters of one of the SDK's own types.
func (m *message) encodeDocumented(d documented) error {
	if v := reflect.ValueOf(d); v.Kind() == reflect.Pointer && v.IsNil() {
		return setupError(m.op.Name, ruleNotNil)
	}
	m.params = d.params()
	if b := firstBroken(m.params); b.rule != "" {
		return &ValidationError{Operation: m.op.Name, Field: b.field, Violation: b.violation, Rule: b.rule}
	}
	if m.op.Method == http.MethodPost {
		m.body, m.hasData = encodeObject(m.params), true
		return nil
	}
	query := make(url.Values, len(m.params))
	for _, p := range m.params {
		query.Set(p.name, p.value)
	}
	m.url += "?" + query.Encode()
	return nil
}

// encodeAny writes the parameters of Do.
func (m *message) encodeAny(in any) error {
	if v := reflect.ValueOf(in); v.Kind() == reflect.Pointer && v.IsNil() {
		return setupError(m.op.Name, ruleNotNil)
	}
	switch err := jsonscan.Inspect(in, isRequest); {
	case errors.Is(err, jsonscan.ErrRefused):
		return setupError(m.op.Name, "the request must not contain a request type of the SDK, because its JSON is masked: copy its fields")
	case err != nil:
		return setupError(m.op.Name, ruleUTF8)
	}
	body := []byte("{}")
	var err error
	if in != nil {
		body, err = json.Marshal(in)
	}
	switch {
	case bytes.Contains(body, []byte(`"`+maskedPrefix)): // the caller's MarshalJSON encoded one
		return setupError(m.op.Name, "the request must not contain the JSON of a request type of the SDK, which is masked")
	case err != nil || !bytes.HasPrefix(body, []byte("{")):
		return setupError(m.op.Name, "the request must encode as a JSON object") // the encoder's error can quote the value
	case !jsonscan.IsUnicode(body): // the caller's raw JSON may not be
		return setupError(m.op.Name, ruleUTF8)
	}
	if m.op.Method == http.MethodPost {
		m.body, m.hasData = body, len(body) > len("{}")
		return nil
	}
	query, err := queryOf(body)
	if err != nil {
		return setupError(m.op.Name, err.Error())
	}
	if query != "" {
		m.url += "?" + query
	}
	return nil
}

const (
	ruleNotNil = "the request must not be nil"
	ruleUTF8   = "the request must be valid UTF-8"
)

// isRequest reports whether t is one of the SDK's types, or embeds one: the JSON of a request
// is masked.
func isRequest(t reflect.Type) bool { return t.Implements(reflect.TypeFor[documented]()) }

// encodeObject encodes params as a JSON object of strings.
func encodeObject(params []param) []byte {
	size := len("{}")
	for _, p := range params {
		size += len(p.name) + len(p.value) + len(`"":"",`)
	}
	b := make([]byte, 0, size)
	separator := byte('{')
	for _, p := range params {
		b = append(append(append(b, separator, '"'), p.name...), '"', ':')
		b = appendString(b, p.value)
		separator = ','
	}
	return append(b, '}')
}

// appendString appends a string as JSON. It copies a string that needs no escapes.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string always encodes
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// queryOf turns a flat JSON object into a query string.
func queryOf(object []byte) (string, error) {
	query := url.Values{}
	err := jsonscan.Members(object, func(name, raw []byte) error {
		var value text
		if value.UnmarshalJSON(raw) != nil {
			return errors.New("a GET parameter must be a string or a number")
		}
		if query.Has(string(name)) {
			return errors.New("a GET parameter must not be repeated")
		}
		query.Set(string(name), string(value))
		return nil
	})
	return query.Encode(), err
}
