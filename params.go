package openplatform

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/internal/jsonscan"
	"github.com/ebaas/openplatform-go/internal/mask"
)

// A param is one documented field of a request or a result, with the rules that
// the platform's page gives for it, and those alone.
type param struct {
	name     string // on the wire
	value    string
	optional bool                // of a result: the platform may leave it out
	setup    bool                // of a request: the program fills it in, and no person
	min      int                 // in characters, 0 where no minimum is documented
	max      int                 // in characters, 0 where no maximum is documented
	oneOf    []string            // the documented set, nil where there is none
	mask     func(string) string // how it is printed, nil for what is no secret
}

// documented is what the request and result types of known operations implement: one
// list from which validation, the wire, masking and printing follow.
type documented interface{ params() []param }

var ownPackage = reflect.TypeFor[Client]().PkgPath()

// asDocumented returns v as one of the SDK's own types. A caller's type that embeds
// one has its methods too, but rules of its own, or a nil pointer in it.
func asDocumented(v any) (documented, bool) {
	d, ok := v.(documented)
	if !ok {
		return nil, false
	}
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return d, t.PkgPath() == ownPackage
}

// A broken rule is one that params break. Its text never has the value in it.
type broken struct {
	field     string
	violation Violation
	rule      string // "" if none is broken
}

// firstBroken returns the first rule that params break.
func firstBroken(params []param) broken {
	for _, p := range params {
		violation, rule := p.broken()
		if rule == "" {
			continue
		}
		if p.setup {
			violation = ViolationSetup
		}
		return broken{p.name, violation, rule}
	}
	return broken{}
}

func (p param) broken() (violation Violation, rule string) {
	length := utf8.RuneCountInString(p.value)
	switch {
	case length == 0 && p.optional:
		return "", ""
	case length == 0:
		return ViolationRequired, "must not be empty"
	case !utf8.ValidString(p.value):
		return ViolationNotText, "must be valid UTF-8"
	case length < p.min:
		return ViolationTooShort, fmt.Sprintf("must have at least %d characters", p.min)
	case p.max > 0 && length > p.max:
		return ViolationTooLong, fmt.Sprintf("must have at most %d characters", p.max)
	case p.oneOf != nil && !slices.Contains(p.oneOf, p.value):
		return ViolationNotOneOf, "must be one of " + strings.Join(p.oneOf, ", ")
	}
	return "", ""
}

// A message is a request that is ready to be sent, as often as need be: every
// attempt sends the same bytes.
type message struct {
	op      Operation
	url     string
	body    []byte
	hasData bool    // the body carries parameters: without it the platform cannot act
	params  []param // whose secrets must not be printed, should an answer repeat them
}

// encode validates in and turns it into a message: parameters in the query for GET,
// a JSON object for POST. A POST without parameters sends {}: the platform's POST
// bodies are objects, and a body is what delivery is tracked by.
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

// encodeAny writes what Do was given.
func (m *message) encodeAny(in any) error {
	if v := reflect.ValueOf(in); v.Kind() == reflect.Pointer && v.IsNil() {
		return setupError(m.op.Name, ruleNotNil)
	}
	if rule := brokenInside(reflect.ValueOf(in), map[visited]bool{}); rule != "" {
		return setupError(m.op.Name, rule)
	}
	body := []byte("{}")
	var err error
	if in != nil {
		body, err = json.Marshal(in)
	}
	switch {
	case bytes.Contains(body, []byte(`"`+maskedPrefix)): // a MarshalJSON of the caller's encoded one
		return setupError(m.op.Name, "the request must not contain the JSON of a request type of the SDK, which is masked")
	case err != nil || !bytes.HasPrefix(body, []byte("{")):
		return setupError(m.op.Name, "the request must encode as a JSON object") // the encoder's error can quote the value
	case !jsonscan.IsUnicode(body): // raw JSON of the caller's is not
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

var (
	documentedType    = reflect.TypeFor[documented]()
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

// visited is a pointer, a map or a slice that was looked at.
type visited struct {
	t      reflect.Type
	at     uintptr
	length int
}

const (
	ruleNotNil = "the request must not be nil"
	ruleUTF8   = "the request must be valid UTF-8"
)

// brokenInside returns why v must not be encoded. Strings that are not UTF-8 would all become
// the same one; a request of the SDK's has masked JSON, and so has a type that embeds one. It
// looks at what encoding/json encodes by itself, and at nothing else.
func brokenInside(v reflect.Value, seen map[visited]bool) (rule string) {
	if !v.IsValid() {
		return ""
	}
	t := v.Type()
	isMarshaler := implements(t, marshalerType)
	switch {
	case isMarshaler && t.Implements(documentedType):
		return "the request must not contain a request type of the SDK, which encodes masked: copy its fields"
	case isMarshaler:
		return "" // its JSON is looked at as a whole
	case implements(t, textMarshalerType):
		return brokenText(v)
	case v.Kind() == reflect.String && !utf8.ValidString(v.String()):
		return ruleUTF8
	}
	if place, ok := placeOf(v); ok {
		if seen[place] {
			return ""
		}
		seen[place] = true
	}
	for _, part := range partsOf(v) {
		if rule := brokenInside(part, seen); rule != "" {
			return rule
		}
	}
	return ""
}

// brokenText returns why the text that v makes of itself must not be encoded.
func brokenText(v reflect.Value) (rule string) {
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.CanInterface() {
		return ""
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok && v.CanAddr() {
		m, ok = v.Addr().Interface().(encoding.TextMarshaler)
	}
	if !ok {
		return ""
	}
	if text, err := m.MarshalText(); err == nil && !utf8.Valid(text) { // an error is the encoder's to find
		return ruleUTF8
	}
	return ""
}

// implements reports whether encoding/json may find that t, or a pointer to it, encodes itself.
func implements(t, marshaler reflect.Type) bool {
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
}

// placeOf returns the place of what can contain itself.
func placeOf(v reflect.Value) (place visited, ok bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return visited{v.Type(), v.Pointer(), 0}, true
	case reflect.Map, reflect.Slice:
		return visited{v.Type(), v.Pointer(), v.Len()}, true
	default:
		return visited{}, false
	}
}

// partsOf returns what encoding/json encodes of a value.
func partsOf(v reflect.Value) []reflect.Value {
	var parts []reflect.Value
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			parts = append(parts, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-" {
				parts = append(parts, v.Field(i))
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			parts = append(parts, entry.Key(), entry.Value())
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 { // bytes are no text
			return nil
		}
		for i := range v.Len() {
			parts = append(parts, v.Index(i))
		}
	default: // it has none
	}
	return parts
}

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

// appendString appends a string as JSON. What needs no escape it copies.
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
			return errors.New("a GET parameter must be there once")
		}
		query.Set(string(name), string(value))
		return nil
	})
	return query.Encode(), err
}

// secretsOf returns what of params must not be printed.
func secretsOf(params []param) []mask.Secret {
	var secrets []mask.Secret
	for _, p := range params {
		if p.mask != nil && p.mask(p.value) != p.value {
			secrets = append(secrets, mask.Secret{Value: p.value, Mask: p.mask})
		}
	}
	return secrets
}

// shown is how a field prints.
func (p param) shown() string {
	if p.mask == nil {
		return mask.Cut(mask.Plain(p.value), maxMsg)
	}
	return mask.Cut(mask.Plain(p.mask(p.value)), maxMsg)
}

// printParams is what a documented type prints under every verb.
func printParams(w io.Writer, params []param) { _, _ = io.WriteString(w, paramsText(params)) }

func paramsText(params []param) string {
	fields := make([]string, len(params))
	for i, p := range params {
		fields[i] = p.name + ":" + p.shown()
	}
	return "{" + strings.Join(fields, " ") + "}"
}

// logParams is what a documented type logs.
func logParams(params []param) slog.Value {
	attrs := make([]slog.Attr, len(params))
	for i, p := range params {
		attrs[i] = slog.String(p.name, p.shown())
	}
	return slog.GroupValue(attrs...)
}

// maskedPrefix begins the JSON of every request, so that Do can find it.
const maskedPrefix = "masked {"

// maskedJSON is the JSON of a request: one string, for the many loggers that print JSON.
// To read it back as a request fails, so that nothing passes a masked phone number on.
func maskedJSON(params []param) ([]byte, error) { return json.Marshal("masked " + paramsText(params)) }
