package openplatform

import (
	"fmt"
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
