package openplatform

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

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
