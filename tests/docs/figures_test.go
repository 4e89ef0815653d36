package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A figure is a number in the READMEs. Each pattern has one group, the number.
type figure struct {
	english, chinese string
	from             []source
}

// A source is where a number comes from: the group of a pattern, wherever it is found in a file. A pattern without a group
// is counted.
type source struct{ path, pattern string }

// names hold numbers that count nothing.
var names = regexp.MustCompile(`HTTP/2|4xx|v0|v2|2021`)

var figures = []figure{
	{`all (\d+) published operations`, `全部 (\d+) 个接口`, []source{
		{"api/openapi.yaml", `operationId: \w+`},
		{"README.md", "(?m)^\\| `\\w+` .* /oauth/"},
	}},
	{`ends after (\d+) s at`, `一次调用最长 (\d+) 秒`, []source{
		{"client.go", `defaultTimeout = (\d+) \* time\.Second`},
		{"docs/production.md", `\| a call, all attempts and waits included \| (\d+) s`},
		{"docs/faq.md", `(\d+) seconds with all attempts`},
	}},
	{`at most (\d[\d.]*) times its normal`, `至多是正常的 (\d[\d.]*) 倍`, []source{
		{"doc.go", `(\d[\d.]*) times its`},
		{"docs/production.md", `gets (\d[\d.]*) times its normal traffic`},
	}},
	{`Go (\d[\d.]*) or later`, `Go (\d[\d.]*) 或更高`, []source{
		{"go.mod", `(?m)^go (\d+\.\d+)`},
		{"docs/faq.md", `Go (\d[\d.]*) or later`},
	}},
	{`pages of \d+: (\d+) things`, `共 (\d+) 项`, []source{
		{"internal/doctor/assumptions.go", `(?m)^\t\tName: `},
	}},
	{`depends on these (\d+)`, `影响最大的 (\d+) 项`, []source{
		{"README.md", "(?m)^\\| `[a-z_]+` "},
	}},
	{`up to (\d+) attempts`, `最多尝试 (\d+) 次`, []source{
		{"docs/production.md", `up to (\d+)\s+attempts`},
	}},
	{`([\d,]+) calls with faults`, `故障下调用 ([\d,]+) 次`, []source{
		{"docs/reliability.md", `(?m)^\| all +\| \d+ +\| (\d+) `},
	}},
	{`of which (\d+) reported a wrong outcome`, `其中 (\d+) 次的结果`, []source{
		{"docs/reliability.md", `(?m)^\| all +\| .* (\d+) +\|$`},
	}},
}

// TestFiguresOfTheREADMEs holds each number in the READMEs against where it comes from.
func TestFiguresOfTheREADMEs(t *testing.T) {
	all := pages(t)
	english, other := prose(all["README.md"]), prose(all["README.zh-CN.md"])
	for _, f := range figures {
		number := group(t, "README.md", f.english, &english)
		assert.Equal(t, number, group(t, "README.zh-CN.md", f.chinese, &other), f.chinese)
		for _, s := range f.from {
			for _, from := range numbers(t, s) {
				assert.Equal(t, from, number, "%s has %q", s.path, s.pattern)
			}
		}
	}
	for path, rest := range map[string]string{"README.md": english, "README.zh-CN.md": other} {
		rest = names.ReplaceAllString(rest, "")
		assert.NotRegexp(t, `\d`, rest, "%s has a number that comes from nowhere", path)
	}
}

// prose is the text of a page without its code and tables.
func prose(p *page) string { return strings.Join(p.prose, "\n") }

// group returns the number that a pattern finds in a text, and takes it out of there.
func group(t *testing.T, path, pattern string, text *string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatchIndex(*text)
	require.NotNil(t, found, "%s has no %q", path, pattern)
	number := strings.ReplaceAll((*text)[found[2]:found[3]], ",", "")
	*text = (*text)[:found[2]] + (*text)[found[3]:]
	return number
}

func numbers(t *testing.T, s source) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, s.path))
	require.NoError(t, err)
	pattern := regexp.MustCompile(s.pattern)
	found := pattern.FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, found, "%s has no %q", s.path, s.pattern)
	if pattern.NumSubexp() == 0 {
		return []string{strconv.Itoa(len(found))}
	}
	for _, f := range found {
		all = append(all, f[1])
	}
	return all
}

// measured are the pages with figures of a measurement, each with the tables that a run writes, or the place where it
// says which run wrote them all.
var measured = map[string]string{
	"docs/reliability.md": `ledger|gateways|outage|soak|secrets`,
	"docs/performance.md": `machine`,
	"docs/fleet.md":       `old lives on|new ends old`,
	"docs/sandbox.md":     `figures|memory`,
}

func TestMeasuredFiguresNameTheirCommit(t *testing.T) {
	for path, tables := range measured {
		for path, commit := range map[string]string{path: `at commit [0-9a-f]{7,}`, chinese(path): `提交 ?[0-9a-f]{7,}`} {
			text, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				assert.Fail(t, err.Error())
				continue
			}
			for _, name := range strings.Split(tables, "|") {
				place := regexp.MustCompile("(?s)<!-- begin " + name + " -->(.*)<!-- end " + name + " -->").FindString(string(text))
				assert.True(t, regexp.MustCompile(commit).MatchString(place), "%s: the table %s does not say %q", path, name, commit)
			}
		}
	}
}
