// Package codes holds what is known of the platform's failure codes, one line a code, in
// codes.jsonl. Packages advice and sandbox read it.
//
// A line says where the code is from:
//
//   - documents: the platform documents it;
//   - platform: it was seen in an answer of the real platform;
//   - sandbox: the sandbox made it up, because nobody knows the real one.
//
// A code that is learnt from the platform is one line: change the code and "from" of the
// sandbox's line that means the same, or add a line. The sandbox then answers it, and package
// advice advises upon it. Nothing is advised upon a code that the sandbox made up.
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

// An Entry is what is known of one code.
type Entry struct {
	Code       string   `json:"code"`
	From       string   `json:"from"`       // documents, platform or sandbox
	Operations []string `json:"operations"` // that answer it; "*" is all that no other line of the code names
	Msg        string   `json:"msg"`        // the platform's text, with [x] for a parameter's name
	Name       string   `json:"name"`       // what it means, for machines
	Whose      string   `json:"whose"`      // as in package advice
	// Do is what may be done: an Action of package advice, or as_unknown if the platform may
	// have acted, in which case it depends on the operation.
	Do      string `json:"do"`
	Field   string `json:"field,omitempty"` // that the person has to correct
	Chinese string `json:"zh,omitempty"`    // what to tell the person; "" where the operation's own sentence does
	English string `json:"en,omitempty"`
}

// Invented reports whether the sandbox made the code up.
func (e Entry) Invented() bool { return e.From == "sandbox" }

// MsgFor returns the platform's text with the name of a parameter in it.
func (e Entry) MsgFor(parameter string) string {
	return strings.Replace(e.Msg, "[x]", "["+parameter+"]", 1)
}

//go:embed codes.jsonl
var file []byte

// All returns the entries of the file. They are not the caller's to change.
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

// Find returns what is known of a code as operation's answer.
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
