package openplatform_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// operations are the client's methods that are operations of the platform, by their shape.
func operations() []reflect.Method {
	var all []reflect.Method
	client := reflect.TypeFor[*openplatform.Client]()
	for i := range client.NumMethod() {
		m := client.Method(i)
		isOperation := m.Type.NumOut() == 2 && strings.HasPrefix(m.Type.Out(0).String(), "*openplatform.Response[")
		if isOperation {
			all = append(all, m)
		}
	}
	return all
}

// places are where an operation must stand, and the words that it stands there with: every
// operation, or only those that change something (or only those that do not).
var places = []struct {
	file, words string
	mutating    []bool
}{
	{"doc.go", "NAME", []bool{false}}, // the contract names those that are repeated
	{"README.md", "| `NAME` |", []bool{false, true}},
	{"README.zh-CN.md", "| `NAME` |", []bool{false, true}},
	{"api/openapi.yaml", "operationId: NAME\n", []bool{false, true}},
	{"testdata/contract/NAME.json", "", []bool{false, true}},
	{"sandbox/operations.go", "name: OpNAME", []bool{false, true}},
	{"tests/conformance/calls_test.go", ".client.NAME(ctx", []bool{false, true}},
	{"tests/faults/operations_test.go", `{"NAME", `, []bool{true}},
	{"docs/reliability.md", "| `NAME` |", []bool{true}},
	{"advice/judge.go", "\t\"NAME\":", []bool{false, true}},
	{"advice/testdata/table.txt", "\nNAME ", []bool{false, true}},
}

// Whoever adds an operation is told where else it has to stand.
func TestEveryOperationIsEverywhere(t *testing.T) {
	texts := map[string]string{}
	read := func(file string) string {
		if _, known := texts[file]; !known {
			text, _ := os.ReadFile(file) // one that is not there is missing below
			texts[file] = string(text)
		}
		return texts[file]
	}
	sb := sandbox.Start(t)
	known, unknown := map[string]contractTest{}, map[string]bool{}
	for _, tt := range contract {
		known[tt.operation], unknown[tt.operation] = tt, true
	}
	for _, m := range operations() {
		delete(unknown, m.Name)
		var missing []string
		demand := func(there bool, where string) {
			if !there {
				missing = append(missing, where)
			}
		}
		tt, isKnown := known[m.Name]
		if !isKnown {
			tt.mutates = true // it has to stand in more places
		}
		demand(isKnown, "contract in account_test.go")
		if m.Type.NumIn() == 3 {
			demand(documentedRules[m.Name] != nil, "documentedRules in account_test.go")
		}
		if isKnown {
			_, err := tt.call(t.Context(), sb.Client)
			demand(!strings.Contains(fmt.Sprint(err), "code 404001"), "the sandbox, which does not know its path")
			mutates := regexp.MustCompile(`operationId: ` + m.Name + `\n(?:.*\n)*?\s+x-mutates: (true|false)\n`).FindStringSubmatch(read("api/openapi.yaml"))
			demand(len(mutates) == 2 && mutates[1] == fmt.Sprint(tt.mutates), "x-mutates in api/openapi.yaml, like contract in account_test.go")
		}
		for _, p := range places {
			if !slices.Contains(p.mutating, tt.mutates) {
				continue
			}
			file := strings.ReplaceAll(p.file, "NAME", m.Name)
			words := strings.ReplaceAll(p.words, "NAME", m.Name)
			demand(read(file) != "" && strings.Contains(read(file), words), fmt.Sprintf("%s (%q)", file, words))
		}
		if len(missing) > 0 {
			assert.Fail(t, m.Name+" is missing in\n\t"+strings.Join(missing, "\n\t"))
		}
	}
	assert.Empty(t, unknown, "contract in account_test.go has what is no operation of the client's")
}

// A field that is not in its type's list is not validated, not sent, not masked and not
// printed. What prints is the list.
func TestEveryFieldIsInItsList(t *testing.T) {
	for _, m := range operations() {
		data, _ := m.Type.Out(0).Elem().FieldByName("Data")
		types := []reflect.Type{data.Type}
		if m.Type.NumIn() == 3 {
			types = append(types, m.Type.In(2).Elem())
		}
		for _, typ := range types {
			if typ.Kind() != reflect.Struct {
				continue
			}
			printed := fmt.Sprint(reflect.Zero(typ).Interface())
			for i := range typ.NumField() {
				name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
				assert.Regexp(t, `[{ ]`+name+`:`, printed, "%s.%s", typ.Name(), typ.Field(i).Name)
				assert.NotEmpty(t, name, "%s.%s has no name on the wire", typ.Name(), typ.Field(i).Name)
			}
			assert.Equal(t, typ.NumField(), strings.Count(printed, ":"), "%s prints %s", typ.Name(), printed)
		}
	}
}
