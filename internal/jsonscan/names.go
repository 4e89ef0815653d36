package jsonscan

import (
	"reflect"
	"strings"
)

// NamesOf returns a function that returns the same text for two names that encoding/json decodes into
// the same field of a t: open_id and OPEN_ID are one field of a struct, and the last one would be
// used. The names in a map may differ only in case.
func NamesOf(t reflect.Type) func(depth int, name string) string {
	if isStrict(t, map[reflect.Type]bool{}) {
		return Caseless
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isStruct := t.Kind() == reflect.Struct
	return func(depth int, name string) string {
		if isStruct && depth == 0 {
			return Caseless(depth, name)
		}
		return name
	}
}

// Caseless is what [NamesOf] returns for a type that holds no map.
func Caseless(_ int, name string) string { return strings.ToLower(strings.ToUpper(name)) }

// isStrict reports whether all objects that decode into a t decode into structs.
func isStrict(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Map, reflect.Interface:
		return false
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return isStrict(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if !isStrict(t.Field(i).Type, seen) {
				return false
			}
		}
	}
	return true
}
