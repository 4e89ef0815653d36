package openplatform

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/ebaas/openplatform-go/internal/jsonscan"
)

// decodeData turns the data of a successful envelope into what data points to, strictly:
// what is not documented as a success is not one.
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
		return errors.New("data is not Unicode")
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

// resultParams returns the fields of the result that data points to, directly or by one
// more pointer, none if the SDK does not know it.
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

// namesOf is jsonscan.NamesOf, but for the SDK's own types, none of which holds a map, it need
// not look.
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
