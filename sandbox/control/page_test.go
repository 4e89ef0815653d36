package control_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox/control"
)

func TestPage(t *testing.T) {
	r := newRig(t, control.Config{})
	index := r.get("/")
	assert.Equal(t, "text/html; charset=utf-8", index.header.Get("Content-Type"))
	for _, path := range []string{
		"/", "/sms", "/sms/latest?mobile=13900001111", "/emails", "/pictures", "/accounts", "/requests/17", "/faults", "/special_numbers",
		"/spaces/a", "/spaces/a/", "/spaces/a/sms/latest",
	} {
		a := r.get(path)
		assert.Equal(t, http.StatusOK, a.status, path)
		assert.Equal(t, index.body, a.body, path)
		policy := a.header.Get("Content-Security-Policy")
		for _, part := range []string{
			"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "form-action 'none'",
			"frame-ancestors 'none'",
		} {
			assert.Contains(t, policy, part, path)
		}
		assert.NotContains(t, policy, "unsafe")
		assert.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", a.header.Get("Referrer-Policy"), "a token in its address stays here")
	}
	assert.Equal(t, http.StatusOK, r.do(http.MethodHead, "/", "").status)
	r.get("/favicon.ico").fails(http.StatusNotFound, "no such file")
	assert.Empty(t, r.unnamed.Ledger(), "the page is no operation")
}

// What index.html loads is there, and comes from nowhere else.
func TestPageIsWhole(t *testing.T) {
	r := newRig(t, control.Config{})
	loaded := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(r.get("/").body, -1)
	require.NotEmpty(t, loaded)
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	for _, match := range loaded {
		if strings.HasPrefix(match[1], "#") { // a place on the page itself
			continue
		}
		require.Regexp(t, `^/assets/[a-z_/]+\.(css|js|svg)$`, match[1])
		a := r.get(match[1])
		assert.Equal(t, http.StatusOK, a.status, match[1])
		for extension, contentType := range types {
			if match[1][len(match[1])-len(extension):] == extension {
				assert.Equal(t, contentType, a.header.Get("Content-Type"))
			}
		}
	}
	for _, path := range []string{"/assets/", "/assets/none.js", "/assets/../control.go", "/assets/..%2fcontrol.go", "/assets/%2e%2e/guard.go"} {
		r.get(path).fails(http.StatusNotFound, "no such file")
	}
}

// A path that neither the API nor the page has is a request to the platform: whose base URL is wrong sees it on the page.
func TestOtherPathsAreThePlatforms(t *testing.T) {
	r := newRig(t, control.Config{})
	assert.Contains(t, r.post("/sms", "{}").body, `"404001"`)
	assert.Contains(t, r.get("/api/oauth/checkToken").body, `"404001"`)
	assert.Contains(t, r.get("/_sandboxes").body, `"404001"`)
	assert.Len(t, r.unnamed.Ledger(), 3)
}
