package control_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

// paths are one of each kind: the platform, the API, the page, a space.
var paths = map[string]string{
	"operation":       "/oauth/api/account/getImgCode",
	"API":             "/_sandbox/sms",
	"page":            "/",
	"space":           "/spaces/a/oauth/checkToken",
	"API of a space":  "/spaces/a/_sandbox/sms",
	"page of a space": "/spaces/a/sms/latest",
	"nowhere":         "/elsewhere",
	"no space":        "/spaces/A/oauth/checkToken",
}

// A page of a stranger's that had its name point at this machine would have that name as its Host.
func TestHost(t *testing.T) {
	r := newRig(t, control.Config{Hosts: []string{"Sandbox", "sandbox.example.com"}})
	tests := map[string]bool{
		"127.0.0.1": true, "127.0.0.1:8081": true, "[::1]": true, "[::1]:8081": true, "192.168.1.7:8081": true,
		"localhost": true, "LOCALHOST:1": true, "app.localhost:8081": true, "localhost.": true,
		"sandbox": true, "sandbox:8081": true, "sandbox.example.com": true, "SANDBOX": true,

		"evil.example": false, "evil.example:8081": false, "localhost.evil.example": false, "notlocalhost": false,
		"127.0.0.1.evil.example": false, "a.sandbox": false, "sandbox.evil.example": false, "0x7f.1": false,
	}
	for host, known := range tests {
		for name, path := range paths {
			a := r.do(http.MethodGet, path, "", "Host", host)
			if known {
				assert.NotEqual(t, http.StatusForbidden, a.status, "%s at %s", name, host)
				continue
			}
			a.fails(http.StatusForbidden, "is unknown: start the sandbox with -host and this name")
		}
	}
}

func TestAnotherOriginIsRefused(t *testing.T) {
	r := newRig(t, control.Config{})
	own := r.url
	tests := map[string]struct {
		headers []string
		passes  bool
	}{
		"no browser":                       {nil, true},
		"our own page":                     {[]string{"Origin", own}, true},
		"our own page, a newer browser":    {[]string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, true},
		"typed into the browser":           {[]string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, true},
		"a development server's proxy":     {[]string{"Origin", "http://localhost:5173", "Sec-Fetch-Site", "same-origin"}, true},
		"a form of an older browser":       {[]string{"Origin", "https://evil.example"}, false},
		"a form":                           {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, false},
		"an image":                         {[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, false},
		"an image on another port":         {[]string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors"}, false},
		"a sandboxed frame":                {[]string{"Origin", "null"}, false},
		"another port of this machine":     {[]string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site"}, false},
		"another port, an older browser":   {[]string{"Origin", "http://127.0.0.1:3000"}, false},
		"another scheme, a newer browser":  {[]string{"Origin", "https" + own[len("http"):], "Sec-Fetch-Site", "cross-site"}, false},
		"a claim that only pages can make": {[]string{"Origin", own, "Sec-Fetch-Site", "cross-site"}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for kind, path := range paths {
				for _, method := range []string{http.MethodGet, http.MethodPost} {
					a := r.do(method, path, "", tt.headers...)
					if tt.passes {
						assert.NotEqual(t, http.StatusForbidden, a.status, "%s %s", method, kind)
						continue
					}
					a.fails(http.StatusForbidden, "a page of another origin")
					assert.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
				}
			}
		})
	}
}

func TestWhatIsRefusedDoesNothing(t *testing.T) {
	r := newRig(t, control.Config{})
	r.do(http.MethodPost, "/oauth/api/account/getImgCode", "", "Origin", "https://evil.example").fails(http.StatusForbidden, "")
	r.do(http.MethodPost, "/_sandbox/reset", "", "Host", "evil.example").fails(http.StatusForbidden, "")
	r.do(http.MethodGet, "/spaces/a/_sandbox/info", "", "Host", "evil.example").fails(http.StatusForbidden, "")
	assert.Empty(t, r.unnamed.Ledger())
	var list struct{ Spaces []any }
	r.get("/_sandbox/spaces").json(http.StatusOK, &list)
	assert.Empty(t, list.Spaces)
}

// A link to the page may be in a chat or a ticket.
func TestLinksToThePageAreFollowed(t *testing.T) {
	r := newRig(t, control.Config{})
	link := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}
	for _, path := range []string{"/", "/sms/latest?mobile=13900001111", "/spaces/a/", "/spaces/a/requests"} {
		assert.Equal(t, http.StatusOK, r.do(http.MethodGet, path, "", link...).status, path)
		r.do(http.MethodGet, path, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors").fails(http.StatusForbidden, "")
	}
	for _, path := range []string{"/_sandbox/sms", "/oauth/api/account/logout?token=A", "/oauth/api/account/activate?token=A", "/elsewhere"} {
		r.do(http.MethodGet, path, "", link...).fails(http.StatusForbidden, "")
	}
	r.do(http.MethodPost, "/", "", link...).fails(http.StatusForbidden, "")
}

func TestCORS(t *testing.T) {
	const named = "http://localhost:5173"
	r := newRig(t, control.Config{Origins: []string{named}})
	browser := []string{"Origin", named, "Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}
	for kind, path := range paths {
		a := r.do(http.MethodPost, path, "", browser...)
		assert.NotEqual(t, http.StatusForbidden, a.status, kind)
		assert.Equal(t, named, a.header.Get("Access-Control-Allow-Origin"), kind)
		assert.Equal(t, "Origin", a.header.Get("Vary"), kind)

		a = r.do(http.MethodOptions, path, "", append(browser, "Access-Control-Request-Method", "PUT",
			"Access-Control-Request-Headers", "content-type,x-call-id")...)
		a.isEmpty()
		assert.Contains(t, a.header.Get("Access-Control-Allow-Methods"), "PUT", kind)
		assert.Equal(t, "content-type,x-call-id", a.header.Get("Access-Control-Allow-Headers"), kind)
		assert.Equal(t, named, a.header.Get("Access-Control-Allow-Origin"), kind)

		r.do(http.MethodOptions, path, "", "Origin", "http://localhost:3000", "Access-Control-Request-Method", "PUT").fails(http.StatusForbidden, "")
		r.do(http.MethodPost, path, "", "Host", "evil.example", "Origin", named).fails(http.StatusForbidden, "is unknown")
	}
	a := r.get("/_sandbox/sms")
	assert.Empty(t, a.header.Get("Access-Control-Allow-Origin"), "without an Origin")
}

func TestImpossibleConfig(t *testing.T) {
	for _, config := range []control.Config{
		{Hosts: []string{""}},
		{Hosts: []string{"http://sandbox"}},
		{Hosts: []string{"sandbox:1"}},
		{Hosts: []string{"*"}},
		{Hosts: []string{"a/b"}},
		{Origins: []string{""}},
		{Origins: []string{"null"}},
		{Origins: []string{"*"}},
		{Origins: []string{"http://a/"}},
		{Origins: []string{"http://a/b"}},
		{ImgCode: "none"},
		{SmsCode: "1"},
		{Seed: control.Seed{Accounts: make([]sandbox.Account, 1)}},
	} {
		_, err := control.New(config)
		require.Error(t, err, "%+v", config)
	}
}
