// Package jsonscan reads valid JSON member by member, without deciding what it means.
package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Members calls visit with the name and the value of each member of a valid JSON object,
// until it returns an error.
func Members(object []byte, visit func(name, value []byte) error) error {
	for rest := object[1:]; ; {
		if rest = bytes.TrimLeft(rest, ", \t\r\n"); rest[0] == '}' {
			return nil
		}
		quoted, after := cutValue(rest)
		value, after := cutValue(bytes.TrimLeft(after, ": \t\r\n"))
		rest = after
		name, err := Unquote(quoted)
		if err != nil {
			return err
		}
		if err := visit(name, value); err != nil {
			return err
		}
	}
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

// Unquote decodes a JSON string, without a copy if it has no escapes.
func Unquote(quoted []byte) ([]byte, error) {
	if bytes.IndexByte(quoted, '\\') < 0 && utf8.Valid(quoted) {
		return quoted[1 : len(quoted)-1], nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return []byte(s), err
}

var errNotText = errors.New("neither a string nor a number")

// Text decodes a JSON string. It returns the digits of a number, because some gateways send numbers,
// and nothing for null.
func Text(value []byte) ([]byte, error) {
	switch {
	case value[0] == '"':
		return Unquote(value)
	case value[0] == '-' || '0' <= value[0] && value[0] <= '9':
		return value, nil
	case string(value) == "null":
		return nil, nil
	default:
		return nil, errNotText
	}
}

// IsUnicode reports whether all strings in valid JSON are valid UTF-8 without unpaired surrogates. A
// decoder replaces others by U+FFFD, and different values become equal.
func IsUnicode(value []byte) bool {
	if !utf8.Valid(value) {
		return false
	}
	waiting := rune(0) // a first half, right before
	return !anyEscape(value, func(c rune, adjoins bool) bool {
		first := waiting
		if !adjoins {
			first = 0
		}
		waiting = 0
		switch {
		case first != 0 && utf16.DecodeRune(first, c) != utf8.RuneError:
			return false
		case first != 0:
			return true
		case utf16.IsSurrogate(c):
			waiting = c
		}
		return false
	}) && waiting == 0
}

// anyEscape reports whether visit returns true for any \u escape. adjoins says that the
// escape before it ended where this one begins.
func anyEscape(value []byte, visit func(c rune, adjoins bool) bool) bool {
	end := -1
	for i := bytes.IndexByte(value, '\\'); i >= 0 && i+1 < len(value); {
		next := i + 2
		if value[i+1] == 'u' && i+6 <= len(value) {
			next = i + 6
			c, _ := strconv.ParseInt(string(value[i+2:next]), 16, 32) // valid JSON has four digits
			if visit(rune(c), i == end) {
				return true
			}
			end = next
		}
		step := bytes.IndexByte(value[next:], '\\')
		if step < 0 {
			return false
		}
		i = next + step
	}
	return false
}

// HasDuplicate reports whether any object in a valid JSON value, at any depth, has two members for
// whose names same returns the same text. depth is the number of objects and arrays around the
// object. It reads each byte once.
func HasDuplicate(value []byte, same func(depth int, name string) string) bool {
	var within []map[string]bool // the names of each object that is open, nil for an array
	isName := false
	for i := 0; i < len(value); i++ {
		switch value[i] {
		case '{':
			within, isName = append(within, map[string]bool{}), true
		case '[':
			within, isName = append(within, nil), false
		case '}', ']':
			within, isName = within[:len(within)-1], false
		case ',':
			isName = within[len(within)-1] != nil
		case '"':
			quoted, _ := cutValue(value[i:])
			i += len(quoted) - 1
			if !isName {
				continue
			}
			name, _ := Unquote(quoted) // a valid name
			names, key := within[len(within)-1], same(len(within)-1, string(name))
			if names[key] {
				return true
			}
			names[key], isName = true, false
		}
	}
	return false
}
