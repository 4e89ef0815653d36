package loggers

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables into docs/loggers.md and docs/loggers.zh-CN.md")

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

// hold compares the page's table with what was found, or replaces it.
func (p page) hold(t *testing.T, found []column, cells [][]cell) {
	t.Helper()
	rows := [][]string{{p.first}, {"-"}}
	for _, c := range found {
		rows[0] = append(rows[0], p.title(c))
		rows[1] = append(rows[1], "-")
	}
	for i, states := range cells {
		row := []string{printers[i].name}
		for _, state := range states {
			row = append(row, p.words[state])
		}
		rows = append(rows, row)
	}
	const begin, end = "<!-- begin table -->\n\n", "\n<!-- end table -->"
	text, err := os.ReadFile(p.path)
	require.NoError(t, err)
	before, rest, opened := strings.Cut(string(text), begin)
	table, after, closed := strings.Cut(rest, end)
	require.True(t, opened && closed, "%s has no place for the table", p.path)
	if *update {
		table = markdown(rows)
		require.NoError(t, os.WriteFile(p.path, []byte(before+begin+table+end+after), 0o600)) //nolint:gosec // the path is one of the two above
	}
	assert.Equal(t, markdown(rows), table, "%s is no longer true; run the test with -update", p.path)
}

// markdown aligns the columns, so that a diff of the page shows which cell has changed.
func markdown(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, text := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(text))
		}
	}
	var out strings.Builder
	for n, row := range rows {
		pad := " "
		if n == 1 {
			pad = "-"
		}
		for i, text := range row {
			fmt.Fprintf(&out, "| %s%s ", text, strings.Repeat(pad, widths[i]-utf8.RuneCountInString(text)))
		}
		out.WriteString("|\n")
	}
	return out.String()
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
