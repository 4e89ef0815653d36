package control

import (
	"bytes"
	"embed"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"
)

// files are the page: page/index.html, and what it loads, which is served under /assets/.
//
//go:embed page
var files embed.FS

// pageSections are the first path segments of the page's sections; index.html handles them.
var pageSections = []string{"", "sms", "emails", "pictures", "accounts", "requests", "faults", "special_numbers", "settings"}

const assetsPrefix = "/assets/"

// isPagePath reports whether a request is for the page: index.html at any path of a section, or one of its files.
func isPagePath(method, path string) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	section, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains(pageSections, section) || strings.HasPrefix(path, assetsPrefix) || path == "/favicon.ico"
}

func servePage(w http.ResponseWriter, r *http.Request, path string) {
	setHeaders(w.Header())
	limitWrite(w, writeTimeout)
	name := "index.html"
	if asset, ok := strings.CutPrefix(path, assetsPrefix); ok {
		name = asset
	}
	content, err := fs.ReadFile(files, "page/"+name)
	if err != nil || path == "/favicon.ico" {
		refuse(w, refusef(http.StatusNotFound, "the page has no such file"))
		return
	}
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
