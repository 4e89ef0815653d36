package docs

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// hosts are what the pages may link to: none of them is asked.
var hosts = []string{"github.com", "keepachangelog.com", "opentelemetry.io", "pkg.go.dev", "semver.org"}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	used := map[string]bool{}
	for _, p := range all {
		for _, link := range p.links {
			u, err := url.Parse(link)
			if err != nil {
				assert.Fail(t, err.Error(), p.path)
				continue
			}
			if u.IsAbs() || u.Host != "" {
				assert.Equal(t, "https", u.Scheme, "%s: %s", p.path, link)
				assert.Contains(t, hosts, u.Host, "%s: %s", p.path, link)
				used[u.Host] = true
				continue
			}
			leadsSomewhere(t, all, p, u)
		}
	}
	for _, host := range hosts {
		assert.True(t, used[host], "no page links to %s", host)
	}
}

func leadsSomewhere(t *testing.T, all map[string]*page, from *page, link *url.URL) {
	t.Helper()
	target := path.Join(path.Dir(from.path), link.Path)
	if link.Path == "" {
		target = from.path
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		assert.Fail(t, err.Error(), "%s: %s", from.path, link)
		return
	}
	if to := all[target]; link.Fragment != "" && assert.NotNil(t, to, "%s: %s has no anchors", from.path, target) {
		assert.True(t, slices.ContainsFunc(to.headings, func(h heading) bool { return h.anchor == link.Fragment }),
			"%s: %s has no heading for #%s", from.path, target, link.Fragment)
	}
	// The first link of a page is the one to the other language.
	if isChinese(from.path) && from.links[0] != link.String() && !isChinese(target) {
		_, translated := all[chinese(target)]
		assert.False(t, translated, "%s: %s is there in Chinese", from.path, link)
	}
}

// Whoever reads a README finds all pages.
func TestREADMEsLinkToAllPages(t *testing.T) {
	all := pages(t)
	for name := range all {
		if !strings.HasPrefix(name, "docs/") {
			continue
		}
		readme := "README.md"
		if isChinese(name) {
			readme = "README.zh-CN.md"
		}
		assert.Contains(t, all[readme].links, name, readme)
	}
}
