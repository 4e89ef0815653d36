package openplatform_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// copied is what pages repeat of the source by hand: each match of the expression in a file, in a form.
var copied = []struct{ page, file, expression, form string }{
	{"production", "otelopenplatform/prometheus/alerts.yml", `(?s)- alert: (\w+)\n.*?severity: (\w+)\n`, "| `%s` | %s |"},
	{"production", "environments.go", `"(https://[\w.-]+)"`, "`%s`"},
	{"production", "environments.go", `"(OPENPLATFORM_\w+)"`, "`%s`"},
	{"testing", "sandbox/preset.go", `\n\t(Preset\w+) +Preset = `, "`%s`"},
	{"testing", "integration_test.go", `(OPENPLATFORM_\w+)`, "`%s`"},
	{"errors", "codes.go", `(Err\w+) += classSentinel\(".*", (\d+), \d+\)`, "| `%s` | %s…"},
	{"upgrade", "go.mod", `\ngo (\d+\.\d+)`, "Go %s"},
	{"faq", "go.mod", `\ngo (\d+\.\d+)`, "Go %s"},
}

func TestPagesRepeatTheSource(t *testing.T) {
	for _, suffix := range []string{".md", ".zh-CN.md"} {
		for _, r := range copied {
			page := readText(t, "docs/"+r.page+suffix)
			matches := regexp.MustCompile(r.expression).FindAllStringSubmatch(readText(t, r.file), -1)
			require.NotEmpty(t, matches, "%s in %s", r.expression, r.file)
			for _, match := range matches {
				var groups []any
				for _, group := range match[1:] {
					groups = append(groups, group)
				}
				assert.Contains(t, page, fmt.Sprintf(r.form, groups...), "docs/%s%s does not repeat %s", r.page, suffix, r.file)
			}
		}
	}
}

func TestPagesNameTheDefaults(t *testing.T) {
	transport := openplatform.DefaultTransport()
	for suffix, form := range map[string]string{".md": "up to %d idle connections, kept for %.0f s", ".zh-CN.md": "最多 %d 个空闲连接，保留 %.0f 秒"} {
		assert.Contains(t, readText(t, "docs/production"+suffix),
			fmt.Sprintf(form, transport.MaxIdleConnsPerHost, transport.IdleConnTimeout.Seconds()))
	}
}

// The interface of a store is shown as a difference from that of 0.1.0.
func TestTheUpgradeShowsTheStoreAsItIs(t *testing.T) {
	source := readText(t, "tokens.go")
	for _, suffix := range []string{".md", ".zh-CN.md"} {
		methods := regexp.MustCompile(`\n[+ ](\t[A-Z]\w+\(ctx .*)`).FindAllStringSubmatch(readText(t, "docs/upgrade"+suffix), -1)
		require.Len(t, methods, 5, "of TokenStore and Lease")
		for _, method := range methods {
			assert.Contains(t, source, "\n"+method[1]+"\n")
		}
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
