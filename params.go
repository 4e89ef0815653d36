package openplatform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// A param is one documented field of a request or a result, with the rules that
// the platform's page gives for it, and those alone.
type param struct {
	name     string // on the wire
	value    string
	optional bool                // of a result: the platform may leave it out
	min      int                 // in characters, 0 where no minimum is documented
	max      int                 // in characters, 0 where no maximum is documented
	oneOf    []string            // the documented set, nil where there is none
	mask     func(string) string // how it is printed, nil for what is no secret
}

// documented is what the request and result types of known operations implement:
// one list from which validation, masking and printing follow.
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

// brokenRule returns the first rule that params break, and the field that breaks
// it; an empty rule means none. The value is never part of it.
func brokenRule(params []param) (field, rule string) {
	for _, p := range params {
		switch {
		case p.value == "" && p.optional:
		case p.value == "":
			return p.name, "must not be empty"
		case utf8.RuneCountInString(p.value) < p.min:
			return p.name, fmt.Sprintf("must have at least %d characters", p.min)
		case p.max > 0 && utf8.RuneCountInString(p.value) > p.max:
			return p.name, fmt.Sprintf("must have at most %d characters", p.max)
		case p.oneOf != nil && !slices.Contains(p.oneOf, p.value):
			return p.name, "must be one of " + strings.Join(p.oneOf, ", ")
		}
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
	secrets []param // what must not be printed, should an answer repeat it
}

// encode validates in and turns it into a message: parameters in the query for GET,
// a JSON object for POST. A POST without parameters sends {}: the platform's POST
// bodies are objects, and a body is what delivery is tracked by.
func encode(c *Client, op Operation, in any) (*message, error) {
	invalid := func(field, rule string) error {
		return &ValidationError{Operation: op.Name, Field: field, Rule: rule}
	}
	m := &message{op: op, url: c.baseURL + op.Path}
	if v := reflect.ValueOf(in); v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, invalid("", "the request must not be nil")
	}
	if d, ok := asDocumented(in); ok {
		params := d.params()
		if field, rule := brokenRule(params); rule != "" {
			return nil, invalid(field, rule)
		}
		m.secrets = secretsOf(params)
	}
	if in == nil {
		in = struct{}{}
	}
	body, err := json.Marshal(in)
	if err != nil || !bytes.HasPrefix(body, []byte("{")) {
		return nil, invalid("", errNoObject.Error()) // the encoder's error can quote the value
	}
	if op.Method == http.MethodPost {
		m.body, m.hasData = body, len(body) > len("{}")
		return m, nil
	}
	query, err := queryOf(body)
	if err != nil {
		return nil, invalid("", err.Error())
	}
	if query != "" {
		m.url += "?" + query
	}
	return m, nil
}

var errNoObject = errors.New("the request must encode as a JSON object")

// secretsOf keeps of params what must not be printed, the longest first: a password may
// begin with the account's name.
func secretsOf(params []param) []param {
	secrets := slices.DeleteFunc(params, func(p param) bool { return p.mask == nil })
	slices.SortFunc(secrets, func(a, b param) int { return cmp.Compare(len(b.value), len(a.value)) })
	return secrets
}

// queryOf turns a flat JSON object into a query string, so that a request type has
// its wire names in one place, its struct tags.
func queryOf(object []byte) (string, error) {
	query := url.Values{}
	err := eachMember(object, func(name, raw []byte) error {
		var value text
		if value.UnmarshalJSON(raw) != nil {
			return errors.New("a GET parameter must be a string or a number")
		}
		query.Set(string(name), string(value))
		return nil
	})
	return query.Encode(), err
}
