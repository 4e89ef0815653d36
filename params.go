package openplatform

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// A param is one documented field of a request or a result, with the rules of the platform's
// page and no others.
type param struct {
	name     string // on the wire
	value    string
	optional bool                // of a result: the platform may leave it out
	setup    bool                // of a request: the program fills it in, not a person
	min      int                 // in characters, 0 where no minimum is documented
	max      int                 // in characters, 0 where no maximum is documented
	oneOf    []string            // the documented set, nil where there is none
	mask     func(string) string // how it is printed, nil for what is no secret
}

// documented is implemented by the request and result types of known operations. Validation,
// encoding, masking and printing use this one list.
type documented interface{ params() []param }

var ownPackage = reflect.TypeFor[Client]().PkgPath()

// asDocumented returns v as one of the SDK's types. A caller's type that embeds one has its
// methods too, but may have other rules, or hold a nil pointer.
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

// A broken is a rule that a param breaks. Its text never holds the value.
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
