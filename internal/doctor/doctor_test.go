package doctor_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/sandbox"
)

const mobile = "13900001111"

// login adds an account, and logs it in.
func (p *platform) login(t *testing.T) (token string) {
	t.Helper()
	p.sandbox.AddAccount(sandbox.Account{Username: "zhangsan", Mobile: mobile, Password: "made-up-1"})
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(p.server.URL), openplatform.WithHTTPClient(p.server.Client()))
	require.NoError(t, err)
	login, err := client.Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: "made-up-1"})
	require.NoError(t, err)
	return login.Data.Token
}

func TestAllAssumptionsHoldOfTheSandbox(t *testing.T) {
	p := startPlatform(t, nil, nil)
	o := p.everything(t)
	r := examine(t, o)
	assert.Empty(t, names(r, doctor.Refuted), text(r))
	assert.Empty(t, names(r, doctor.Unclear), text(r))
	assert.Empty(t, names(r, doctor.Bad), text(r))
	assert.Len(t, names(r, doctor.Holds), len(doctor.Assumptions))
	assert.Equal(t, doctor.ExitOK, r.Exit())
	for check, found := range map[string]string{
		"name_resolution": "the platform's host is an address: 127.0.0.1",
		"proxy":           "none in effect",
		"certificate":     "for platform.test, 127.0.0.1, issued by an authority that is trusted, in a chain of 1, until 20",
		"tls_versions":    "it speaks TLS 1.2, TLS 1.3",
		"answer":          "GetImgCode: HTTP 200, code 000 成功",
		"protocol":        "HTTP/2.0",
		"compression":     "the response is not compressed",
		"other_methods":   "GetImgCode by GET: HTTP 200, code 404001 接口不存在",
		"sdk":             "GetImgCode: code 000 成功",
		"limits":          "a body of 8 KiB is accepted, one of 64 KiB is not: HTTP 200, code 400003 入参解析异常; a header of 60 KiB is accepted",
	} {
		assert.Contains(t, line(t, r, check).Found, found, check)
	}
	for _, l := range r.Lines {
		assert.Equal(t, l.Status != doctor.Skipped, l.Took > 0, "%s tells how long it took", l.Check)
	}
	assert.Len(t, r.RequestIDs, 3)
}

func TestOverPlainHTTPAllButOneHold(t *testing.T) {
	p := startPlatform(t, nil, nil)
	plain := httptest.NewServer(p.sandbox)
	defer plain.Close()
	o := p.everything(t)
	o.BaseURL = plain.URL + "/"
	r := examine(t, o)
	assert.Equal(t, []string{"https"}, names(r, doctor.Unclear), text(r))
	assert.Len(t, names(r, doctor.Holds), len(doctor.Assumptions)-1, text(r))
	assert.Empty(t, names(r, doctor.Bad))
	assert.Equal(t, doctor.ExitOK, r.Exit())
}

// What a platform was asked is in its ledger.
func TestNothingIsChanged(t *testing.T) {
	asked := func(change func(*doctor.Options)) map[string]int {
		p := startPlatform(t, nil, nil)
		o := p.options
		change(&o)
		examine(t, o)
		seen := map[string]int{}
		for _, entry := range p.sandbox.Ledger() {
			seen[entry.Operation]++
			isRead := entry.Operation == sandbox.OpGetImgCode || entry.Operation == sandbox.OpGetAccessToken
			assert.False(t, entry.CarriedOut && !isRead, "%s was carried out", entry.Operation)
		}
		assert.Empty(t, p.sandbox.ListSMS(sandbox.SMSFilter{}))
		return seen
	}
	operations := func(seen map[string]int) (all []string) {
		for name := range seen {
			all = append(all, name)
		}
		return all
	}
	seen := asked(func(*doctor.Options) {})
	assert.ElementsMatch(t, []string{sandbox.OpGetImgCode, sandbox.OpCheckToken, sandbox.OpGetServiceTicket, ""}, operations(seen))
	total := 0
	for _, n := range seen {
		total += n
	}
	assert.LessOrEqual(t, total, 20, "requests")

	seen = asked(func(o *doctor.Options) { o.Tries = true })
	assert.Equal(t, 1, seen[sandbox.OpSendSmsCode])
	assert.Equal(t, 1, seen[sandbox.OpGetAccessToken])

	seen = asked(func(o *doctor.Options) {
		o.SSO, o.ClientID, o.ClientSecret = true, sandbox.DemoClientID, sandbox.DemoClientSecret
	})
	assert.Zero(t, seen[sandbox.OpSendSmsCode])
	assert.Equal(t, 2, seen[sandbox.OpGetAccessToken])
}

func TestLoginToken(t *testing.T) {
	p := startPlatform(t, nil, nil)
	o := p.everything(t)
	o.Token = p.login(t)
	assert.Equal(t, doctor.OK, line(t, examine(t, o), "login_token").Status)
	o.Token = "expired-long-ago"
	r := examine(t, o)
	assert.Equal(t, doctor.Bad, line(t, r, "login_token").Status)
	assert.Contains(t, line(t, r, "login_token").Found, "code 401004")
	o.ClientSecret = "wrong-secret"
	r = examine(t, o)
	assert.Contains(t, line(t, r, "expired_times").Found, "code 403007")
	assert.Contains(t, line(t, r, "tokens_coexist").Found, "code 403007")
}

// Where nothing is known, nothing is claimed.
func TestWhatCannotBeAskedIsUnclear(t *testing.T) {
	p := startPlatform(t, nil, nil)
	p.server.Close()
	r := examine(t, p.options)
	assert.Len(t, names(r, doctor.Unclear), len(doctor.Assumptions))
	assert.Contains(t, line(t, r, "picture").Found, "see https")

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, err := doctor.Run(ctx, p.options)
	require.NoError(t, err)
	assert.Len(t, names(r, doctor.Unclear), len(doctor.Assumptions))
	assert.Equal(t, "interrupted", line(t, r, "https").Found)
}

func TestOptionsOfNoUse(t *testing.T) {
	for name, o := range map[string]doctor.Options{
		"no address of production": {Environment: openplatform.Production},
		"no environment":           {BaseURL: "http://127.0.0.1"},
		"no URL":                   {Environment: openplatform.Test, BaseURL: "127.0.0.1"},
		"a password in the URL":    {Environment: openplatform.Test, BaseURL: "https://user:planted-secret@127.0.0.1"},
		"a proxy that is no URL": {Environment: openplatform.Test, Network: doctor.Network{Proxy: func(*http.Request) (*url.URL, error) {
			return nil, fmt.Errorf("bad proxy planted-secret")
		}}},
	} {
		_, err := doctor.Run(t.Context(), o)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), "planted-secret")
	}
}

// inMemory has the doctor ask a sandbox over a network in memory, in virtual time.
func inMemory(t *testing.T) (*sandbox.Server, doctor.Options) {
	t.Helper()
	sb := sandbox.StartInMemory(t)
	return sb, doctor.Options{Environment: openplatform.Test, BaseURL: sb.URL, Network: doctor.Network{
		Dial: sb.Transport.DialContext,
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	}}
}

func TestARunTakesAMinuteAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb, o := inMemory(t)
		sb.Order(sandbox.Fault{Operation: sandbox.OpCheckToken, Delay: time.Hour})
		sb.Order(sandbox.Fault{Operation: sandbox.OpGetServiceTicket, Delay: time.Hour})
		o.Timeout = 25 * time.Second
		begin := time.Now()
		r := examine(t, o)
		assert.Equal(t, time.Minute, time.Since(begin))
		assert.Equal(t, "no time left: a run takes at most 1m0s", line(t, r, "sdk").Found)
		assert.Contains(t, names(r, doctor.Unclear), "keep_alive")
		assert.Empty(t, names(r, doctor.Refuted), text(r))
	})
}

func TestAnIdleConnectionIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, o := inMemory(t)
		o.Slow = 35 * time.Second // what -slow says
		r := examine(t, o)
		assert.Equal(t, "an idle connection was still open after 35s", line(t, r, "keep_alive").Found)
		o.Slow = 2 * time.Minute
		r = examine(t, o)
		assert.Equal(t, "an idle connection was closed after 1m0s", line(t, r, "keep_alive").Found, "the sandbox keeps one for a minute")
		assert.Equal(t, doctor.Holds, line(t, r, "keep_alive").Status)
	})
}

// An echo is a platform that repeats in every answer what it was sent, and more.
type echo struct {
	mu     sync.Mutex
	issued []string // access tokens
}

func (e *echo) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		said := fmt.Sprintf("%s %s %s zhangsan@example.com %s", mobile, query, body, r.Header)
		changing(func(r *http.Request, a *httptest.ResponseRecorder) { e.say(said, r, a) })(next).ServeHTTP(w, r)
	})
}

func (e *echo) say(said string, r *http.Request, a *httptest.ResponseRecorder) {
	a.Header().Set("Server", "planted "+mobile)
	a.Header().Set("Set-Cookie", "session=k5Gh8rLw-cookie")
	var envelope map[string]any
	if json.Unmarshal(a.Body.Bytes(), &envelope) != nil || isUnknownPath(r) {
		a.Body = bytes.NewBufferString("<title>" + said + "</title>")
		return
	}
	if data, _ := envelope["data"].(map[string]any); data["access_token"] != nil {
		e.mu.Lock()
		e.issued = append(e.issued, fmt.Sprint(data["access_token"]))
		e.mu.Unlock()
	}
	envelope["msg"], envelope[mobile] = said, said
	out, _ := json.Marshal(envelope)
	a.Body = bytes.NewBuffer(out)
}

func TestNoSecretIsTold(t *testing.T) {
	const secret, token = "c8Kq2vTz-client", "t4Wm9xRb-login"
	var logins []string
	for name, change := range map[string]func(*platform, *doctor.Options){
		"a platform that answers": func(*platform, *doctor.Options) {},
		"a platform that refuses": func(_ *platform, o *doctor.Options) { o.ClientID = "planted-client-id" },
		"nobody":                  func(p *platform, _ *doctor.Options) { p.server.Close() },
		"a proxy that refuses": func(_ *platform, o *doctor.Options) {
			proxy := startProxy(t, "", http.StatusProxyAuthRequired)
			proxy.url.User = url.UserPassword("user", "p7Jd3nYs-proxy")
			proxy.through(o)
		},
		"a proxy that repeats its login": func(_ *platform, o *doctor.Options) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, login, _ := strings.Cut(r.Header.Get("Proxy-Authorization"), " ")
				plain, _ := base64.StdEncoding.DecodeString(login)
				logins = append(logins, login)
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, "<title>"+login+" is "+string(plain)+"</title>") //nolint:gosec // no browser is here
			}))
			t.Cleanup(server.Close)
			proxy, err := url.Parse(server.URL)
			require.NoError(t, err)
			proxy.User = url.UserPassword("user", "p7Jd3nYs-proxy")
			o.BaseURL = "http://platform.test"
			o.Network.Proxy = func(*http.Request) (*url.URL, error) { return proxy, nil }
		},
	} {
		t.Run(name, func(t *testing.T) {
			repeats := new(echo)
			p := startPlatform(t, repeats.wrap, nil, sandbox.WithOneAccessToken())
			p.sandbox.AddClient(sandbox.DemoClientID, secret)
			o := p.everything(t)
			o.ClientSecret, o.Token = secret, token
			var lines strings.Builder
			o.Each = func(l doctor.Line) { doctor.WriteLine(&lines, l) }
			change(p, &o)
			r := examine(t, o)
			machine, err := json.Marshal(r)
			require.NoError(t, err)
			var report strings.Builder
			require.NoError(t, r.WriteReport(&report, false))
			planted := append([]string{
				mobile, secret, token, "k5Gh8rLw", "p7Jd3nYs-proxy", "zhangsan@example.com", "10000000000",
			}, slices.Concat(repeats.issued, logins)...)
			for _, output := range []string{lines.String(), text(r), string(machine), report.String()} {
				for _, word := range planted {
					assert.False(t, strings.Contains(output, word), "%s is told", word) //nolint:testifylint // the output is long
				}
			}
		})
	}
}

func TestAReportHoldsNoAddresses(t *testing.T) {
	p := startPlatform(t, func(http.Handler) http.Handler {
		return http.RedirectHandler("https://gw07.corp.internal/sso", http.StatusFound)
	}, nil)
	proxy := startProxy(t, p.server.Listener.Addr().String(), 0)
	o := p.options
	proxy.through(&o)
	proxy.url.Host = strings.Replace(proxy.url.Host, "127.0.0.1", "localhost", 1)
	r := examine(t, o)
	inside := []string{"platform.test", "localhost", "127.0.0.1", "::1", "gw07.corp.internal"}
	for _, address := range inside[:4] {
		if address != "::1" { // the machine may have it or not
			assert.Contains(t, text(r), address)
		}
	}
	var report strings.Builder
	require.NoError(t, r.WriteReport(&report, false))
	for _, address := range inside {
		assert.NotContains(t, report.String(), address)
	}
	assert.Contains(t, report.String(), "the test environment at another address, over https")
	assert.Contains(t, report.String(), "leads to another host, over https: [host]")
	assert.Contains(t, report.String(), "TLS 1.3")
	assert.Contains(t, report.String(), "pass it to `WithBaseURL`", "what to do is told whole")
}

// Pages of gateways like to say where they are.
func TestAReportHoldsNoNamesFromPages(t *testing.T) {
	p := startPlatform(t, answering(http.StatusForbidden, "text/html", "<title>gw09.corp.internal (10.1.2.3, fd00::7) and test-etc.ebaas.com</title>"), nil)
	r := examine(t, p.options)
	assert.Contains(t, text(r), `"gw09.corp.internal (10.1.2.3, fd00::7) and test-etc.ebaas.com"`)
	var report strings.Builder
	require.NoError(t, r.WriteReport(&report, false))
	assert.Contains(t, report.String(), `"[host] ([address], [address]) and test-etc.ebaas.com"`)
	for _, address := range []string{"gw09", "10.1.2.3", "fd00"} {
		assert.NotContains(t, report.String(), address)
	}
}
