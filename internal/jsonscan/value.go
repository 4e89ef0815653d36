package jsonscan

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"unicode/utf8"
)

// The errors of [Inspect].
var (
	ErrRefused    = errors.New("a value is of a refused type")
	ErrNotUnicode = errors.New("a string is not valid UTF-8")
)

var (
	marshalerType     = reflect.TypeFor[json.Marshaler]()
	textMarshalerType = reflect.TypeFor[encoding.TextMarshaler]()
)

// Inspect checks the values that encoding/json would encode of v. A string that is not UTF-8 is
// [ErrNotUnicode]: encoding/json would replace its bytes by U+FFFD, and different values would become
// equal. A type with a MarshalJSON method for which refuse is true is [ErrRefused]. The results of
// MarshalJSON methods are not checked.
func Inspect(v any, refuse func(reflect.Type) bool) error {
	i := inspector{refuse: refuse, seen: map[place]bool{}}
	return i.inspect(reflect.ValueOf(v))
}

type inspector struct {
	refuse func(reflect.Type) bool
	seen   map[place]bool
}

// A place is the address of a pointer, a map or a slice.
type place struct {
	t      reflect.Type
	at     uintptr
	length int
}

func (i inspector) inspect(v reflect.Value) error {
	if !v.IsValid() {
		return nil
	}
	t := v.Type()
	isMarshaler := implements(t, marshalerType)
	switch {
	case isMarshaler && i.refuse(t):
		return ErrRefused
	case isMarshaler:
		return nil
	case implements(t, textMarshalerType):
		return inspectText(v)
	case v.Kind() == reflect.String && !utf8.ValidString(v.String()):
		return ErrNotUnicode
	}
	if place, ok := placeOf(v); ok {
		if i.seen[place] {
			return nil
		}
		i.seen[place] = true
	}
	for _, part := range partsOf(v) {
		if err := i.inspect(part); err != nil {
			return err
		}
	}
	return nil
}

// inspectText checks the result of v's MarshalText.
func inspectText(v reflect.Value) error {
	if v.Kind() == reflect.Pointer && v.IsNil() || !v.CanInterface() {
		return nil
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok && v.CanAddr() {
		m, ok = v.Addr().Interface().(encoding.TextMarshaler)
	}
	if !ok {
		return nil
	}
	if text, err := m.MarshalText(); err == nil && !utf8.Valid(text) { // encoding/json will meet err
		return ErrNotUnicode
	}
	return nil
}

// implements reports whether encoding/json may find that t, or a pointer to it, encodes itself.
func implements(t, marshaler reflect.Type) bool {
	return t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler)
}

// placeOf returns the place of a value that can contain itself.
func placeOf(v reflect.Value) (p place, ok bool) {
	switch v.Kind() {
	case reflect.Pointer:
		return place{v.Type(), v.Pointer(), 0}, true
	case reflect.Map, reflect.Slice:
		return place{v.Type(), v.Pointer(), v.Len()}, true
	default:
		return place{}, false
	}
}

// partsOf returns the values within v that encoding/json encodes.
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
		if v.Type().Elem().Kind() == reflect.Uint8 { // bytes are encoded as base64
			return nil
		}
		for i := range v.Len() {
			parts = append(parts, v.Index(i))
		}
	default: // it has no parts
	}
	return parts
}
