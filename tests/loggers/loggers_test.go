package loggers

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/tables"
)

// A page is one language's.
type page struct {
	path  string
	words map[cell]string
	first string // column
	title func(column) string
}

var pages = []page{
	{
		path:  "../../docs/loggers.md",
		words: map[cell]string{masked: "masked", whole: "**WHOLE**", refused: "refused", none: "–"},
		first: "printer",
		title: func(c column) string { return c.english },
	},
	{
		path:  "../../docs/loggers.zh-CN.md",
		words: map[cell]string{masked: "脱敏", whole: "**明文**", refused: "报错", none: "–"},
		first: "输出方式",
		title: func(c column) string { return c.chinese },
	},
}

func TestTable(t *testing.T) {
	found := columns(t)
	cells := make([][]cell, len(printers))
	for i, p := range printers {
		for _, c := range found {
			state, proof := p.fill(c.values)
			cells[i] = append(cells[i], state)
			if c.promised(p) {
				assert.NotEqual(t, whole, state, "%s, %s: %s", p.name, c.english, proof)
			}
			if testing.Verbose() && state == whole {
				t.Logf("%s, %s: %s", p.name, c.english, proof)
			}
		}
	}
	for _, page := range pages {
		page.hold(t, found, cells)
	}
}

// hold requires that the page has the table that was found.
func (p page) hold(t *testing.T, found []column, cells [][]cell) {
	t.Helper()
	header := []string{p.first}
	for _, c := range found {
		header = append(header, p.title(c))
	}
	rows := [][]string{header}
	for i, states := range cells {
		row := []string{printers[i].name}
		for _, state := range states {
			row = append(row, p.words[state])
		}
		rows = append(rows, row)
	}
	require.NoError(t, tables.Show(p.path, "table", "", rows))
	text, err := os.ReadFile(p.path)
	require.NoError(t, err)
	assert.Contains(t, string(text), tables.Markdown(rows), "%s is no longer true; run the test with -update", p.path)
}

// A printer whose output is lost, or a secret that is not recognised, would look masked.
func TestWhatIsNotMaskedIsFound(t *testing.T) {
	type job struct {
		Text  string
		Bytes []byte
	}
	for _, p := range printers {
		for _, secret := range secrets {
			for where, v := range map[string]any{"text": job{Text: secret}, "bytes": job{Bytes: inABuffer(secret)}} {
				if p.onlyErrors {
					v = fmt.Errorf("refused: %s", secret)
				}
				state, _ := p.fill([]any{v})
				assert.Equal(t, whole, state, "%s prints %s as %s", p.name, secret, where)
			}
		}
	}
}

// A type that the SDK gets later has to be in the table too.
func TestEveryTypeIsThere(t *testing.T) {
	var source strings.Builder
	files, err := os.ReadDir("../..")
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile("../../" + f.Name())
		require.NoError(t, err)
		source.Write(text)
	}
	want := map[string]bool{}
	for _, pattern := range []string{`func \(\w+ (\w+)\) params\(\) \[\]param`, `func \(\w+ \*?(\w+)\) Error\(\) string`, `(?m)^type (\w+(?:Request|Error)) struct`} {
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(source.String(), -1) {
			if name := match[1]; strings.ToUpper(name[:1]) == name[:1] {
				want[name] = true
			}
		}
	}
	there := map[string]bool{}
	for _, c := range columns(t) {
		for _, v := range c.values {
			typ := reflect.TypeOf(v)
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			there[typ.Name()] = true
		}
	}
	require.Greater(t, len(want), 15)
	for name := range want {
		assert.True(t, there[name], "%s is in no column", name)
	}
}
