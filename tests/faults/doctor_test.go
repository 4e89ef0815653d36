package faults

import (
	"cmp"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/internal/tables"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A doctorCase is a gateway between the doctor and the sandbox, and what the doctor has to find.
type doctorCase struct {
	gateway       gatewayKind
	name, chinese string
	setup         gatewaySetup
	sandbox       []sandbox.Option
	options       func(*doctor.Options)

	refutes string   // the one assumption that does not hold, "" for none
	bad     []string // the checks that go badly
	check   string   // that says it, if it is neither of them
	says    string
}

// A doctorGateway is how a gateway is told to do what both can.
type doctorGateway struct {
	kind                                    gatewayKind
	redirect, deny, login, hangUp, compress string // lines of its configuration
	oldTLS                                  gatewaySetup
	down                                    string // what it says of a platform that is down
}

var doctorGateways = []doctorGateway{
	{
		kind: nginx, redirect: "return 302 https://login.test/;", deny: "return 403;",
		login: `auth_basic "gateway"; auth_basic_user_file /dev/null;`, hangUp: "keepalive_timeout 0;",
		compress: "gzip on; gzip_types application/json; gzip_min_length 1;",
		oldTLS:   gatewaySetup{Lines: "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;"},
		down:     "502 Bad Gateway",
	},
	{
		kind: haproxy, redirect: "http-request redirect location https://login.test/", deny: "http-request deny",
		login: "http-request auth realm gateway", hangUp: "option httpclose",
		compress: "compression algo gzip\n\tcompression type application/json",
		oldTLS:   gatewaySetup{Upstream: "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers DEFAULT:@SECLEVEL=0"},
		down:     "503 Service Unavailable",
	},
}

// nothingComes are the checks that go badly where the SDK gets no envelope.
var nothingComes = []string{"answer", "sdk"}

// cases are what both gateways can do.
func (g doctorGateway) cases(good *gatewayCert) []doctorCase {
	with := func(lines string) gatewaySetup { return gatewaySetup{cert: good, HTTP2: true, Lines: lines} }
	return []doctorCase{
		{gateway: g.kind, name: "no fault", chinese: "无故障", setup: with("")},
		{gateway: g.kind, name: "HTTP/1.1", chinese: "HTTP/1.1", setup: gatewaySetup{cert: good}, check: "protocol", says: "HTTP/1.1"},
		{
			gateway: g.kind, name: "gzip", chinese: "gzip", setup: with(g.compress),
			check: "compression", says: "after a request for gzip, the response is gzip",
		},
		{
			gateway: g.kind, name: "redirects to a login", chinese: "重定向到登录页", setup: with(g.redirect),
			refutes: "no_redirects", bad: []string{"sdk"}, says: "HTTP 302 leads to another host, over https: login.test",
		},
		{
			gateway: g.kind, name: "closes each connection", chinese: "每次关闭连接", setup: gatewaySetup{cert: good, Lines: g.hangUp},
			refutes: "keep_alive", says: "a second request needed a new connection",
		},
		{
			gateway: g.kind, name: "refuses (403)", chinese: "拒绝访问（403）", setup: with(g.deny),
			bad: nothingComes, says: `HTTP 403, a page with the title "403 Forbidden"`,
		},
		{
			gateway: g.kind, name: "wants a login (401)", chinese: "要求登录（401）", setup: with(g.login),
			refutes: "no_signature", bad: nothingComes, says: `GetImgCode: HTTP 401, a page with the title "401`,
		},
		{
			gateway: g.kind, name: "the platform is down", chinese: "平台已停机", setup: gatewaySetup{cert: good, nobody: true},
			bad: []string{"answer"}, says: fmt.Sprintf("HTTP %s, a page with the title %q", g.down[:3], g.down),
		},
	}
}

// tlsCases are what certificates and TLS can be like.
func (g doctorGateway) tlsCases(good *gatewayCert, stranger *gatewayAuthority) []doctorCase {
	of := func(cert *gatewayCert) gatewaySetup { return gatewaySetup{cert: cert} }
	g.oldTLS.cert = good
	return []doctorCase{
		{
			gateway: g.kind, name: "certificate for another host", chinese: "证书属于另一主机",
			setup:   of(&gatewayCert{authority: good.authority, address: "127.0.0.2"}),
			refutes: "https", says: "the certificate is for another host: 127.0.0.2, not 127.0.0.1",
		},
		{
			gateway: g.kind, name: "certificate expired", chinese: "证书已过期",
			setup:   of(&gatewayCert{authority: good.authority, expired: true}),
			refutes: "https", says: "the certificate has expired, on ",
		},
		{
			gateway: g.kind, name: "certificate of an unknown authority", chinese: "证书由未知机构签发",
			setup: of(&gatewayCert{authority: stranger}), refutes: "https", says: "which this machine does not know",
		},
		{
			gateway: g.kind, name: "TLS 1.1 only", chinese: "只支持 TLS 1.1", setup: g.oldTLS,
			refutes: "https", says: "nothing newer than TLS 1.1",
		},
		{
			gateway: g.kind, name: "https to a port that speaks http", chinese: "用 https 访问 http 端口", setup: gatewaySetup{scheme: "https"},
			refutes: "https", says: "speaks plain http: its response is HTTP 200, code 000 成功",
		},
	}
}

// doctorCasesOfOne are what one of the gateways can do, or does in its own way.
func doctorCasesOfOne(t *testing.T, good *gatewayCert) []doctorCase {
	t.Helper()
	with := func(lines string) gatewaySetup { return gatewaySetup{cert: good, HTTP2: true, Lines: lines} }
	limits := func(o *doctor.Options) { o.Limits = true }
	const below = "location /gateway/ { proxy_pass http://platform/; } location /oauth/ { return 404; }"
	return []doctorCase{
		{
			gateway: nginx, name: "responds to GETs from a cache", chinese: "用缓存响应 GET",
			setup: gatewaySetup{
				cert: good, Shared: fmt.Sprintf("proxy_cache_path %s keys_zone=store:1m;", t.TempDir()),
				Lines: "proxy_cache store; proxy_cache_valid any 1m;",
			},
			refutes: "once", says: "a response to CheckToken came from a cache",
		},
		{
			gateway: nginx, name: "replaces failures by a page", chinese: "用页面替换失败响应",
			sandbox: []sandbox.Option{sandbox.WithHTTPStatus()},
			setup: with("proxy_intercept_errors on; error_page 401 @failed; " +
				"location @failed { default_type text/html; return 401 '<title>Sorry</title>'; }"),
			refutes: "envelope", says: `CheckToken: HTTP 401, a page with the title "Sorry"`,
		},
		{
			gateway: nginx, name: "has the platform below `/gateway`", chinese: "平台位于 `/gateway` 之下", setup: with(below),
			refutes: "paths", bad: nothingComes, says: `GetImgCode: HTTP 404, a page with the title "404 Not Found"`,
		},
		{
			gateway: nginx, name: "the same, asked below `/gateway`", chinese: "同上，访问 `/gateway` 之下", setup: with(below),
			options: func(o *doctor.Options) { o.BaseURL += "/gateway/" },
		},
		{
			gateway: nginx, name: "knows the published paths alone", chinese: "只放行公布的路径",
			setup:   with("location /oauth/api/account/openplatform { return 404; }"),
			refutes: "unknown_paths", says: `HTTP 404, a page with the title "404 Not Found"`,
		},
		{
			gateway: nginx, name: "limits the rate (429)", chinese: "限流（429）",
			setup: gatewaySetup{
				cert: good, Shared: "limit_req_zone $server_addr zone=one:1m rate=1r/m;",
				Lines: "limit_req zone=one burst=3 nodelay; limit_req_status 429;",
			},
			bad: []string{"sdk"}, says: "HTTP 429",
		},
		{
			gateway: nginx, name: "takes bodies of 16 KiB (`-limits`)", chinese: "请求体上限 16 KiB（`-limits`）",
			setup: with("client_max_body_size 16k;"), options: limits,
			check: "limits", says: `a body of 8 KiB is accepted, one of 64 KiB is not: HTTP 413, a page with the title "413 Request Entity Too Large"`,
		},
		{
			gateway: haproxy, name: "takes headers of 16 KiB (`-limits`)", chinese: "请求头上限 16 KiB（`-limits`）",
			setup: gatewaySetup{cert: good}, options: limits,
			check: "limits", says: "a header of 14 KiB is accepted, one of 30 KiB is not: HTTP 400",
		},
		{
			gateway: nginx, name: "http to a port that speaks https", chinese: "用 http 访问 https 端口",
			setup: gatewaySetup{cert: good, scheme: "http"},
			bad:   nothingComes, says: `HTTP 400, a page with the title "400 The plain HTTP request was sent to HTTPS port"`,
		},
	}
}

// TestDoctor has the doctor look at the sandbox through real gateways. Exactly what a gateway is set up to do otherwise
// is found.
func TestDoctor(t *testing.T) {
	authority, stranger := newGatewayAuthority(t), newGatewayAuthority(t)
	good := &gatewayCert{authority: authority}
	cases := doctorCasesOfOne(t, good)
	for _, g := range doctorGateways {
		cases = slices.Concat(cases, g.cases(good), g.tlsCases(good, stranger))
	}
	for _, c := range cases {
		t.Run(c.gateway.name+"/"+c.name, func(t *testing.T) { c.run(t, authority) })
	}
	for _, page := range []struct {
		path, refuted, said, nothing string
		header                       []string
		name                         func(doctorCase) string
	}{
		{
			"../../docs/doctor.md", "`%s` does not hold", "`%s`", "nothing",
			[]string{"gateway", "what is different", "what the doctor finds", "in its words"},
			func(c doctorCase) string { return c.name },
		},
		{
			"../../docs/doctor.zh-CN.md", "`%s` 不成立", "`%s`", "没有异常",
			[]string{"网关", "不同之处", "doctor 的发现", "它的原话"},
			func(c doctorCase) string { return c.chinese },
		},
	} {
		var rows [][]string
		for _, c := range cases {
			finding := page.nothing
			if c.refutes != "" {
				finding = fmt.Sprintf(page.refuted, c.refutes)
			} else if c.named() != "" {
				finding = fmt.Sprintf(page.said, c.named())
			}
			rows = append(rows, []string{c.gateway.name, page.name(c), finding, c.says})
		}
		rows = append([][]string{page.header}, mergeGatewayRows(rows, 0)...)
		require.NoError(t, tables.Show(page.path, "gateways", "", rows))
		text, err := os.ReadFile(page.path)
		require.NoError(t, err)
		assert.True(t, strings.Contains(string(text), tables.Markdown(rows)), //nolint:testifylint // the page is too long to be printed
			"the table of gateways in %s is no longer true; run the test with -update", page.path)
	}
}

// named is the check that names what is different.
func (c doctorCase) named() string {
	first := append(slices.Clone(c.bad), "")[0]
	return cmp.Or(c.refutes, c.check, first)
}

func (c doctorCase) run(t *testing.T, authority *gatewayAuthority) {
	t.Helper()
	sb := sandbox.New(c.sandbox...)
	server := httptest.NewServer(sb)
	t.Cleanup(server.Close)
	target := strings.TrimPrefix(server.URL, "http://")
	if c.setup.nobody {
		target = freePort(t)
	}
	scheme := "https"
	if c.setup.cert == nil {
		scheme = "http"
	}
	gateway := startGateway(t, c.gateway, c.setup, []string{target})
	o := doctor.Options{
		Environment: openplatform.Test, BaseURL: cmp.Or(c.setup.scheme, scheme) + "://" + gateway.addr,
		Roots: authority.pool(), Timeout: 10 * time.Second,
	}
	if c.options != nil {
		c.options(&o)
	}
	result, err := doctor.Run(t.Context(), o)
	require.NoError(t, err)

	var said strings.Builder
	require.NoError(t, result.WriteReport(&said, true))
	found := map[doctor.Status][]string{}
	texts := map[string]string{}
	for _, line := range result.Lines {
		found[line.Status] = append(found[line.Status], line.Check)
		texts[line.Check] = line.Found
	}
	var refutes []string
	if c.refutes != "" {
		refutes = []string{c.refutes}
	}
	assert.Equal(t, refutes, found[doctor.Refuted], &said)
	assert.ElementsMatch(t, c.bad, found[doctor.Bad], &said)
	if len(c.bad) == 0 && c.refutes == "" {
		assert.Subset(t, []string{"account_codes", "expired_times", "tokens_coexist"}, found[doctor.Unclear], "all that is asked holds")
	}
	if c.named() != "" {
		assert.Contains(t, texts[c.named()], c.says, &said)
	}
}
