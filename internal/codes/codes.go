// Package codes lists the platform's failure codes in codes.jsonl, one line per code. Packages
// advice and sandbox use it.
//
// The field "from" of a line says where the code comes from:
//
//   - documents: the platform documents it;
//   - platform: it was seen in a response of the real platform;
//   - sandbox: the sandbox invented it, because the real code is unknown.
//
// When a real code becomes known, change "code" and "from" in the sandbox's line with the same
// meaning, or add a line. The sandbox then responds with the code, and package advice uses the
// line. Package advice ignores invented codes.
//
// The fields of a line are those of [Entry].
package codes

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// An Entry describes one code.
type Entry struct {
	Code       string   `json:"code"`
	From       string   `json:"from"`       // documents, platform or sandbox
	Operations []string `json:"operations"` // that respond with it; "*" is all that no other line of the code names
	Msg        string   `json:"msg"`        // the platform's text, with [x] for a parameter's name
	Name       string   `json:"name"`       // what it means, for machines
	Whose      string   `json:"whose"`      // as in package advice
	// Do is an Action of package advice, or as_unknown if the platform may have acted: then the
	// action depends on the operation.
	Do      string `json:"do"`
	Field   string `json:"field,omitempty"` // that the person must correct
	Chinese string `json:"zh,omitempty"`    // what to tell the person; "" for the operation's sentence
	English string `json:"en,omitempty"`
}

// Invented reports whether the sandbox invented the code.
func (e Entry) Invented() bool { return e.From == "sandbox" }

// MsgFor returns the platform's text with a parameter's name instead of x.
func (e Entry) MsgFor(parameter string) string {
	return strings.Replace(e.Msg, "[x]", "["+parameter+"]", 1)
}

//go:embed codes.jsonl
var file []byte

// All returns the entries of the file. They must not be changed.
func All() []Entry { return all() }

var all = sync.OnceValue(func() []Entry {
	entries, err := parse(file)
	if err != nil {
		panic(fmt.Sprintf("codes.jsonl: %v", err)) // it is compiled in: the tests read it
	}
	return entries
})

func parse(file []byte) ([]Entry, error) {
	lines := json.NewDecoder(bytes.NewReader(file))
	lines.DisallowUnknownFields()
	var entries []Entry
	for lines.More() {
		var e Entry
		if err := lines.Decode(&e); err != nil {
			return nil, fmt.Errorf("entry %d: %w", len(entries)+1, err)
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// Find returns the entry for a code in a response of operation.
func Find(operation, code string) (Entry, bool) { return find(All(), operation, code) }

func find(entries []Entry, operation, code string) (Entry, bool) {
	for _, o := range []string{operation, "*"} {
		for _, e := range entries {
			if e.Code == code && slices.Contains(e.Operations, o) {
				return e, true
			}
		}
	}
	return Entry{}, false
}

// Named returns the first entry with that name.
func Named(name string) Entry {
	i := slices.IndexFunc(All(), func(e Entry) bool { return e.Name == name })
	if i < 0 {
		panic("codes.jsonl: no entry is named " + name)
	}
	return All()[i]
}
