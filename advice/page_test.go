package advice_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/internal/codes"
	"github.com/ebaas/openplatform-go/internal/tables"
)

// A language of docs/errors.md.
type edition struct {
	path     string
	language advice.Language
	header   []string          // of the table of operations
	codes    []string          // likewise, of codes
	words    map[string]string // of the outcomes, and others
}

var editions = []edition{
	{
		path: "../docs/errors.md", language: advice.English,
		header: []string{"outcome", "operation", "`Action`", "`Wait`", "`Status`", "tell the person"},
		codes:  []string{"code", "sentinel", "the platform's `msg`", "operation", "`Whose`", "`Action`"},
	},
	{
		path: "../docs/errors.zh-CN.md", language: advice.Chinese,
		header: []string{"结果", "接口", "`Action`", "`Wait`", "`Status`", "对用户说"},
		codes:  []string{"code", "哨兵错误", "平台的 `msg`", "接口", "`Whose`", "`Action`"},
		words: map[string]string{
			"not sent": "未发出", "rejected": "被拒绝", "rejected: too often": "被拒绝：过于频繁", "unknown": "结果未知",
			"called with `Do`": "用 `Do` 调用", "all": "全部", "all others": "其余全部", "as after an unknown outcome": "与结果未知时相同",
		},
	},
}

func (e edition) word(english string) string {
	if translated, ok := e.words[english]; ok {
		return translated
	}
	return english
}

// kinds are the outcomes of the page's table. The failures of one kind are advised upon alike.
var kinds = []struct {
	name     string
	failures []string // see failures
}{
	{"not sent", []string{"refused connection", "timeout, not sent", "cancelled, not sent", "over before"}},
	{"rejected", []string{"400…", "401…", "403…", "404…", "409…"}},
	{"rejected: too often", []string{"429…"}},
	{"unknown", []string{
		"reset", "timeout", "cancelled", "HTML 200", "redirect", "HTML 404", "HTML 502", "bad envelope", "500", "500…", "no class", "403002",
	}},
}

// A piece of advice, as the page has it.
type line struct{ action, wait, status, sentence string }

func TestThePageAboutErrors(t *testing.T) {
	for _, e := range editions {
		e.holds(t, "operations", append([][]string{e.header}, e.operations(t)...))
		e.holds(t, "codes", append([][]string{e.codes}, e.listed(t)...))
	}
}

// holds requires that the page has a table, or writes it.
func (e edition) holds(t *testing.T, name string, rows [][]string) {
	t.Helper()
	if updating() {
		require.NoError(t, tables.Show(e.path, name, "", rows))
	}
	page, err := os.ReadFile(e.path)
	require.NoError(t, err)
	assert.True(t, strings.Contains(string(page), tables.Markdown(rows)), //nolint:testifylint // the page is too long to be printed
		"the table %s of %s is no longer true; go test ./advice -update writes it", name, e.path)
}

func (e edition) operations(t *testing.T) (rows [][]string) {
	t.Helper()
	for _, kind := range kinds {
		var order []line
		names := map[line][]string{}
		for _, operation := range operations {
			l := e.line(t, operation, kind.failures)
			if !slices.Contains(order, l) {
				order = append(order, l)
			}
			names[l] = append(names[l], e.nameOf(operation))
		}
		for _, l := range order {
			rows = append(rows, []string{e.word(kind.name), strings.Join(names[l], ", "), l.action, l.wait, l.status, l.sentence})
		}
	}
	return rows
}

// nameOf is how an operation stands in the page.
func (e edition) nameOf(operation string) string {
	if operation == "CloseAccount" {
		return e.word("called with `Do`")
	}
	return "`" + operation + "`"
}

// line is what is advised after each of these failures of an operation.
func (e edition) line(t *testing.T, operation string, names []string) line {
	t.Helper()
	var all []line
	for _, f := range failures() {
		if !slices.Contains(names, f.name) {
			continue
		}
		a := advice.Of(f.of(operation))
		l := line{code(string(a.Action)), a.Wait.String(), strconv.Itoa(a.Status), a.Sentence.In(e.language)}
		all = append(all, l)
		assert.Equal(t, all[0], l, "%s %s", operation, f.name)
	}
	require.Len(t, all, len(names))
	return all[0]
}

func code(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + s + "`"
}

// listed has the codes that the platform documents.
func (e edition) listed(t *testing.T) (rows [][]string) {
	t.Helper()
	for _, entry := range codes.All() {
		if entry.Invented() {
			continue
		}
		action := code(entry.Do)
		if entry.Do == "as_unknown" {
			action = e.word("as after an unknown outcome")
		}
		rows = append(rows, []string{entry.Code, "`" + sentinelOf(t, entry.Code) + "`", entry.Msg, e.whereListed(entry), entry.Whose, action})
	}
	return rows
}

func (e edition) whereListed(entry codes.Entry) string {
	if slices.Equal(entry.Operations, []string{"*"}) {
		return e.word("all")
	}
	return "`" + strings.Join(entry.Operations, "`, `") + "`"
}

// sentinelOf finds the name of a code's sentinel in the source, since no value has it.
func sentinelOf(t *testing.T, code string) string {
	t.Helper()
	source, err := os.ReadFile("../codes.go")
	require.NoError(t, err)
	constant := regexp.MustCompile(`\n\t(Code\w+) +Code = "` + code + `"`).FindSubmatch(source)
	require.NotNil(t, constant, code)
	sentinel := regexp.MustCompile(fmt.Sprintf(`\n\t(Err\w+) += codeSentinel\(.*, %s\)`, constant[1])).FindSubmatch(source)
	require.NotNil(t, sentinel, code)
	assert.Contains(t, openplatform.Codes(), openplatform.Code(code))
	return string(sentinel[1])
}
