package doctor_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A deviation is one thing that is different from what is assumed, and what the doctor has to find.
type deviation struct {
	name, chinese string

	wrap    middleware
	server  func(t *testing.T, s *httptest.Server)
	sandbox []sandbox.Option
	options func(t *testing.T, p *platform, o *doctor.Options)

	refutes string   // the one assumption that does not hold, "" for none
	bad     []string // the checks that go badly
	says    string   // what the doctor says, of the assumption or of the first bad check
	unclear string   // an assumption of which nothing can be told then, if that is worth a test
}

const broken = "sdk" // the check whether the SDK itself succeeds

// deviations are all platforms and networks that the doctor was held against, in the order of the checks.
var deviations = slices.Concat(networkDeviations, certificateDeviations, connectionDeviations, answerDeviations, askedDeviations)

var networkDeviations = []deviation{
	{
		name: "a name that does not resolve", chinese: "域名无法解析",
		options: func(_ *testing.T, _ *platform, o *doctor.Options) {
			o.BaseURL = "https://platform.test"
			o.Network.Lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
				return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
			}
		},
		bad: []string{"name_resolution"}, says: "the platform's name platform.test does not resolve",
	},
	{
		name: "nothing listens on the port", chinese: "端口无人监听",
		options: func(_ *testing.T, p *platform, _ *doctor.Options) { p.server.Close() },
		bad:     []string{"tcp"}, says: "connection refused",
	},
	{
		name: "a proxy that lets everything through", chinese: "放行一切的代理",
		options: func(t *testing.T, p *platform, o *doctor.Options) { //nolint:thelper // it is a case
			proxy := startProxy(t, p.server.Listener.Addr().String(), 0)
			proxy.through(o)
			t.Cleanup(func() {
				assert.Subset(t, []string{"CONNECT platform.test:443"}, slices.Compact(proxy.targets))
				assert.NotEmpty(t, proxy.targets)
			})
		},
	},
	{
		name: "a proxy that wants a login", chinese: "要求登录的代理",
		options: func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
			startProxy(t, "", http.StatusProxyAuthRequired).through(o)
		},
		bad: []string{"proxy"}, says: "is in effect, and it refuses the login (HTTP 407)",
	},
	{
		name: "a proxy that refuses the host", chinese: "拒绝该主机的代理",
		options: func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
			startProxy(t, "", http.StatusForbidden).through(o)
		},
		bad: []string{"proxy"}, says: "is in effect, and it refuses (HTTP 403)",
	},
	{
		name: "a proxy with a certificate of its own (TLS inspection)", chinese: "用自己的证书解密流量的代理（TLS 检查）",
		options: func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
			inspector := startPlatform(t, nil, func(s *httptest.Server) {
				own := newAuthority(t, "Inspection CA", nil)
				s.TLS.Certificates = []tls.Certificate{own.issue(t, nil, own)}
			})
			startProxy(t, inspector.server.Listener.Addr().String(), 0).through(o)
		},
		refutes: "https", says: "the certificate is signed by an unknown authority: Inspection CA",
	},
}

// certified serves a certificate that is changed.
func certified(change func(*x509.Certificate)) func(*testing.T, *platform, *doctor.Options) {
	return func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
		trusted := newAuthority(t, "an authority that is trusted", nil)
		p := startPlatform(t, nil, func(s *httptest.Server) { s.TLS.Certificates = []tls.Certificate{trusted.issue(t, change)} })
		o.BaseURL, o.Roots = p.server.URL, trusted.pool()
	}
}

var certificateDeviations = []deviation{
	{
		name: "plain http where https is expected", chinese: "本应是 https 的端口只提供明文 http",
		options: func(t *testing.T, p *platform, o *doctor.Options) { //nolint:thelper // it is a case
			plain := httptest.NewServer(p.sandbox)
			t.Cleanup(plain.Close)
			o.BaseURL = strings.Replace(plain.URL, "http:", "https:", 1)
		},
		refutes: "https", says: "speaks plain http: its response is HTTP 200, code 000 成功",
	},
	{
		name: "plain http at port 80, nothing at port 443", chinese: "443 端口无人监听，80 端口提供明文 http",
		options: func(t *testing.T, p *platform, o *doctor.Options) { //nolint:thelper // it is a case
			plain := httptest.NewServer(p.sandbox)
			t.Cleanup(plain.Close)
			o.BaseURL = "https://platform.test"
			o.Network.Lookup = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
			}
			o.Network.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				target := plain.Listener.Addr().String()
				if address == "platform.test:443" {
					target = "127.0.0.1:1"
				}
				return new(net.Dialer).DialContext(ctx, network, target)
			}
		},
		refutes: "https", bad: []string{"tcp"}, says: "port 80 speaks plain http",
	},
	{
		name: "TLS 1.1 at best", chinese: "最高只支持 TLS 1.1",
		server: func(_ *testing.T, s *httptest.Server) {
			s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		},
		refutes: "https", says: "nothing newer than TLS 1.1",
	},
	{
		name: "a port that speaks neither TLS nor http", chinese: "端口既不是 TLS 也不是 http",
		options: func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
			o.BaseURL = "https://" + listen(t, func(conn net.Conn) { _, _ = conn.Write([]byte("220 mail ready\r\n")) })
		},
		refutes: "https", says: "no TLS handshake succeeds",
	},
	{
		name: "an expired certificate", chinese: "证书已过期",
		options: certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }),
		refutes: "https", says: "the certificate has expired, on ",
	},
	{
		name: "a certificate that is not valid yet", chinese: "证书尚未生效",
		options: certified(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
		refutes: "https", says: "the certificate is not valid before ",
	},
	{
		name: "a certificate for another host", chinese: "证书属于另一主机",
		options: certified(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"other.test"}, nil }),
		refutes: "https", says: "the certificate is for another host: other.test, not 127.0.0.1",
	},
	{
		name: "a certificate with only a Common Name", chinese: "证书只有 Common Name",
		options: certified(func(c *x509.Certificate) { c.Subject.CommonName, c.DNSNames, c.IPAddresses = "127.0.0.1", nil, nil }),
		refutes: "https", says: "the certificate names its host only as Common Name",
	},
	{
		name: "a certificate that is not one for servers", chinese: "证书用途不是服务器",
		options: certified(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
		refutes: "https", says: "the certificate is not for servers",
	},
	{
		name: "a self-signed certificate", chinese: "自签名证书",
		server: func(t *testing.T, s *httptest.Server) { //nolint:thelper // it is a case
			s.TLS.Certificates = []tls.Certificate{(*authority)(nil).issue(t, nil)}
		},
		refutes: "https", says: "the certificate is self-signed",
	},
	{
		name: "a certificate of an unknown authority", chinese: "证书由未知机构签发",
		server: func(t *testing.T, s *httptest.Server) { //nolint:thelper // it is a case
			stranger := newAuthority(t, "Stranger CA", nil)
			s.TLS.Certificates = []tls.Certificate{stranger.issue(t, nil, stranger)}
		},
		refutes: "https", says: "the certificate is signed by an unknown authority: Stranger CA",
	},
	{
		name: "an intermediate certificate is missing", chinese: "缺少中间证书",
		options: func(t *testing.T, _ *platform, o *doctor.Options) { //nolint:thelper // it is a case
			root := newAuthority(t, "Root CA", nil)
			between := newAuthority(t, "Intermediate CA", root)
			p := startPlatform(t, nil, func(s *httptest.Server) { s.TLS.Certificates = []tls.Certificate{between.issue(t, nil)} })
			o.BaseURL, o.Roots = p.server.URL, root.pool()
		},
		refutes: "https", says: "the certificate is signed by Intermediate CA, which this machine does not know, and the server sent no intermediate certificate",
	},
	{
		name: "a certificate that ends in a week", chinese: "证书一周内到期",
		options: certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(7*24*time.Hour - time.Minute) }),
		bad:     []string{"certificate"}, says: "(6 days)",
	},
	{
		name: "a certificate of the caller's is demanded", chinese: "要求客户端证书",
		server: func(_ *testing.T, s *httptest.Server) { s.TLS.ClientAuth = tls.RequireAnyClientCert },
		bad:    []string{"answer"}, says: "the server asked for a client certificate",
	},
}

var connectionDeviations = []deviation{
	{
		name: "requests are never answered", chinese: "请求得不到响应",
		wrap: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		},
		options: func(_ *testing.T, _ *platform, o *doctor.Options) { o.Timeout = 300 * time.Millisecond },
		bad:     []string{"answer"}, says: "no response (timed out)",
	},
	{
		name: "connections are closed without an answer", chinese: "连接被关闭而没有响应",
		wrap: func(http.Handler) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
		server: func(_ *testing.T, s *httptest.Server) { s.EnableHTTP2 = false },
		bad:    []string{"answer"}, says: "no response (the connection was closed before an answer: EOF)",
	},
	{
		name: "a gateway's page, HTTP 503", chinese: "网关返回 HTTP 503 页面",
		wrap: answering(http.StatusServiceUnavailable, "text/html", "<html><title>503 Service Unavailable</title></html>"),
		bad:  []string{"answer"}, says: `HTTP 503, a page with the title "503 Service Unavailable"`,
	},
	{
		name: "a firewall's page, HTTP 403", chinese: "防火墙返回 HTTP 403 页面",
		wrap: answering(http.StatusForbidden, "text/html", "<html><title>Request blocked</title></html>"),
		bad:  []string{"answer", broken}, says: `HTTP 403, a page with the title "Request blocked"`,
	},
	{
		name: "redirects to another host", chinese: "重定向到另一主机",
		wrap: func(http.Handler) http.Handler {
			return http.RedirectHandler("https://login.test/sso?from=api", http.StatusFound)
		},
		refutes: "no_redirects", bad: []string{broken}, says: "HTTP 302 leads to another host, over https: login.test",
	},
	{
		name: "redirects to another path", chinese: "重定向到另一路径",
		wrap:    func(http.Handler) http.Handler { return http.RedirectHandler("/v2/", http.StatusPermanentRedirect) },
		refutes: "no_redirects", bad: []string{broken}, says: "HTTP 308 leads to another path of the same host: /v2/",
	},
	{
		name: "a clock ten minutes ahead", chinese: "时钟快十分钟", wrap: skewed(10 * time.Minute),
		refutes: "clock", says: "ahead of this machine's",
	},
	{
		name: "a clock ten minutes behind", chinese: "时钟慢十分钟", wrap: skewed(-10 * time.Minute),
		refutes: "clock", says: "behind this machine's",
	},
	{
		name: "a connection for each request", chinese: "每个请求一条连接",
		server: func(_ *testing.T, s *httptest.Server) {
			s.EnableHTTP2 = false
			s.Config.SetKeepAlivesEnabled(false)
		},
		refutes: "keep_alive", says: "a second request needed a new connection",
	},
	{
		name: "idle connections are closed early (`-slow`)", chinese: "空闲连接很快被关闭（`-slow`）",
		server: func(_ *testing.T, s *httptest.Server) {
			s.EnableHTTP2 = false
			s.Config.IdleTimeout = 100 * time.Millisecond
		},
		options: func(_ *testing.T, _ *platform, o *doctor.Options) { o.Slow = 20 * time.Second },
		refutes: "keep_alive", says: "an idle connection was closed after 100ms; the SDK keeps one for 30s",
	},
}

// skewed has another clock.
func skewed(by time.Duration) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Date", time.Now().Add(by).UTC().Format(http.TimeFormat))
			next.ServeHTTP(w, r)
		})
	}
}

var answerDeviations = []deviation{
	{
		name: "the paths are below `/gateway`", chinese: "路径位于 `/gateway` 之下", wrap: below("/gateway"),
		refutes: "paths", bad: []string{broken}, says: "GetImgCode: HTTP 200, code 404001 接口不存在",
	},
	{
		name: "another server, which knows none of the paths", chinese: "另一个服务器，不认识任何路径",
		wrap:    answering(http.StatusNotFound, "text/html", "<title>404 Not Found</title>"),
		refutes: "paths", bad: []string{"answer", broken}, says: `GetImgCode: HTTP 404, a page with the title "404 Not Found"`,
	},
	{
		name: "a signature is demanded (401001)", chinese: "要求签名（401001）", wrap: fresh(refusing("401001", "验证签名失败")),
		refutes: "no_signature", bad: []string{broken}, says: "GetImgCode: HTTP 200, code 401001 验证签名失败",
	},
	{
		name: "an app id is demanded (400)", chinese: "要求 appId（400）", wrap: fresh(refusing("400", "参数[appId]不能为空")),
		refutes: "no_signature", bad: []string{broken}, says: "it wants the parameter appId",
	},
	{
		name: "the time of the request is demanded (403001)", chinese: "要求请求时间（403001）",
		wrap:    fresh(refusing("403001", "请求时间非法或已过期", checkTok)),
		refutes: "no_signature", says: "CheckToken: HTTP 200, code 403001",
	},
	{
		name: "a login is demanded (HTTP 401)", chinese: "要求登录（HTTP 401）",
		wrap:    answering(http.StatusUnauthorized, "text/html", "<title>Authorization Required</title>"),
		refutes: "no_signature", bad: []string{"answer", broken}, says: `HTTP 401, a page with the title "Authorization Required"`,
	},
	{
		name: "a page of a portal, HTTP 200", chinese: "门户页面，HTTP 200",
		wrap:    answering(http.StatusOK, "text/html", "<title>Guest Wi-Fi</title>"),
		refutes: "envelope", bad: []string{"answer", broken}, says: `GetImgCode: HTTP 200, a page with the title "Guest Wi-Fi"`,
	},
	{
		name: "`code` is a number", chinese: "`code` 是数字",
		wrap: changingEnvelope(func(e map[string]any) {
			if n, err := strconv.Atoi(fmt.Sprint(e["code"])); err == nil && n > 0 {
				e["code"] = n
			}
		}),
		refutes: "envelope", says: "CheckToken: code is a number",
	},
	{
		name: "`msg` is an object", chinese: "`msg` 是对象",
		wrap:    changingEnvelope(func(e map[string]any) { e["msg"] = map[string]any{"zh": e["msg"]} }, checkTok),
		refutes: "envelope", says: "CheckToken: msg is an object",
	},
	{
		name: "a failure has data", chinese: "失败响应带有 data",
		wrap:    changingEnvelope(func(e map[string]any) { e["data"] = map[string]any{} }, checkTok, getTicket),
		refutes: "envelope", says: "CheckToken: data of a failure is an object",
	},
	{
		name: "a byte order mark", chinese: "响应以 BOM 开头",
		wrap: changing(func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Body = bytes.NewBufferString("\uFEFF" + a.Body.String())
		}),
		refutes: "envelope", says: "GetImgCode: it begins with a byte order mark",
	},
	{
		name: "failures as pages (a gateway replaces them)", chinese: "失败以页面返回（被网关替换）",
		wrap:    answering(http.StatusUnauthorized, "text/html", "<title>401</title>", checkTok),
		refutes: "envelope", says: `CheckToken: HTTP 401, a page with the title "401"`,
	},
	{
		name: "no `request_id`", chinese: "没有 `request_id`",
		wrap:    changingEnvelope(func(e map[string]any) { delete(e, "request_id") }),
		refutes: "request_ids", says: "the request_id is absent", unclear: "once",
	},
	{
		name: "the same `request_id` each time", chinese: "`request_id` 总是相同",
		wrap:    changingEnvelope(func(e map[string]any) { e["request_id"] = "0" }),
		refutes: "request_ids", says: "two responses have the same request_id",
	},
	{
		name: "`request_id` is a number", chinese: "`request_id` 是数字",
		wrap:    changingEnvelope(func(e map[string]any) { e["request_id"] = time.Now().UnixNano() }),
		refutes: "request_ids", says: "the request_id is a number",
	},
	{
		name: "a `request_id` of 80 characters", chinese: "`request_id` 长 80 个字符",
		wrap: changingEnvelope(func(e map[string]any) {
			e["request_id"] = fmt.Sprintf("%080s", e["request_id"])
		}),
		refutes: "request_ids", says: "a request_id has 80 characters",
	},
	{
		name: "failures at HTTP statuses", chinese: "失败以 HTTP 状态码返回", sandbox: []sandbox.Option{sandbox.WithHTTPStatus()},
		refutes: "failures_at_200", says: "CheckToken of an invented token: HTTP 401, code 401004 无效的token",
	},
	{
		name: "`text/plain`", chinese: "`text/plain`",
		wrap:    changing(func(_ *http.Request, a *httptest.ResponseRecorder) { a.Header().Set("Content-Type", "text/plain") }),
		refutes: "content_type", says: "GetImgCode: the Content-Type is text/plain",
	},
	{
		name: "messages in GBK", chinese: "消息为 GBK 编码",
		wrap: changing(func(_ *http.Request, a *httptest.ResponseRecorder) {
			a.Header().Set("Content-Type", "application/json;charset=GBK")
			a.Body = bytes.NewBufferString(strings.NewReplacer("成功", "\xb3\xc9\xb9\xa6", "无效的", "\xce\xde\xd0\xa7\xb5\xc4").Replace(a.Body.String()))
		}),
		refutes: "content_type", bad: []string{}, says: "the body is not UTF-8",
	},
	{
		name: "brotli that was not requested", chinese: "未经请求的 brotli 压缩",
		wrap: changing(func(r *http.Request, a *httptest.ResponseRecorder) {
			if !isUnknownPath(r) {
				a.Header().Set("Content-Encoding", "br")
				a.Body = bytes.NewBufferString("\x0b\x02\x80")
			}
		}),
		refutes: "content_type", bad: []string{"answer", broken}, says: "GetImgCode: compressed with br, which was not requested",
	},
	{
		name: "`{}` is refused", chinese: "拒绝 `{}`", wrap: refusingObject,
		refutes: "empty_object", bad: []string{broken}, says: "GetImgCode with {}: HTTP 200, code 400003 入参解析异常; with an empty body: HTTP 200, code 000 成功",
	},
	{
		name: "a picture that is a PNG", chinese: "图片是 PNG",
		wrap:    changingEnvelope(func(e map[string]any) { setImg(e, "data:image/png;base64,"+aPNG()) }, imgCode),
		refutes: "picture", says: "a PNG of 80×30 pixels",
	},
	{
		name: "a picture without `data:`", chinese: "图片没有 `data:` 前缀",
		wrap:    changingEnvelope(func(e map[string]any) { setImg(e, aPNG()) }, imgCode),
		refutes: "picture", says: "img: not a data URL in base64",
	},
	{
		name: "a picture that cannot be decoded", chinese: "图片无法解码",
		wrap:    changingEnvelope(func(e map[string]any) { setImg(e, "data:image/jpg;base64,AAAA") }, imgCode),
		refutes: "picture", says: "the picture, called image/jpg, cannot be decoded",
	},
	{
		name: "`img_code_id` is a number", chinese: "`img_code_id` 是数字",
		wrap:    changingEnvelope(func(e map[string]any) { e["data"] = map[string]any{"img": "", "img_code_id": 7} }, imgCode),
		refutes: "picture", bad: []string{broken}, says: "data is not img and img_code_id, both strings",
	},
	{
		name: "no `img_code_id`", chinese: "没有 `img_code_id`",
		wrap:    changingEnvelope(func(e map[string]any) { delete(e["data"].(map[string]any), "img_code_id") }, imgCode), //nolint:errcheck // it is one
		refutes: "picture", bad: []string{broken}, says: "img or img_code_id is missing",
	},
	{
		name: "forms instead of JSON", chinese: "只接受表单，不接受 JSON", wrap: readingForms,
		refutes: "json_body", says: "GetServiceTicket with invented tokens: HTTP 200, code 400 参数[access_token]不能为空; it reads an HTML form",
	},
	{
		name: "JSON is refused (HTTP 415)", chinese: "拒绝 JSON（HTTP 415）",
		wrap: when(func(r *http.Request) bool {
			return r.URL.Path == getTicket && r.Header.Get("Content-Type") == "application/json"
		}, http.StatusUnsupportedMediaType, "application/json", failure("415", "Unsupported Media Type")),
		refutes: "json_body", says: "HTTP 415, code 415 Unsupported Media Type",
	},
	{
		name: "another code for a token that is not valid", chinese: "登录令牌无效时返回其他 code",
		wrap:    changingEnvelope(func(e map[string]any) { e["code"] = "401100" }, checkTok),
		refutes: "documented_codes", says: "CheckToken of an invented token: HTTP 200, code 401100 无效的token, not code 401004",
	},
	{
		name: "another code for an access token that is not valid", chinese: "访问令牌无效时返回其他 code",
		wrap:    fresh(refusing("403100", "禁止", getTicket)),
		refutes: "documented_codes", says: "GetServiceTicket with invented tokens: HTTP 200, code 403100 禁止, not code 401003",
		unclear: "json_body",
	},
	{
		name: "an invented token is accepted", chinese: "接受虚构的登录令牌",
		wrap:    fresh(answering(http.StatusOK, "application/json", `{"request_id":"r","code":"000","msg":"成功","data":null}`, checkTok)),
		refutes: "documented_codes", says: "CheckToken of an invented token: HTTP 200, code 000 成功, not code 401004",
	},
	{
		name: "a page for unknown paths", chinese: "未知路径返回页面",
		wrap:    when(isUnknownPath, http.StatusNotFound, "text/html", "<h1>Not Found</h1>"),
		refutes: "unknown_paths", says: `HTTP 404, a page with the title "Not Found"`,
	},
	{
		name: "JSON of a framework for unknown paths", chinese: "未知路径返回框架的 JSON",
		wrap:    when(isUnknownPath, http.StatusNotFound, "application/json", `{"timestamp":1,"status":404,"error":"Not Found"}`),
		refutes: "unknown_paths", says: "HTTP 404, application/json, no envelope: its code is absent",
	},
	{
		name: "a gateway that responds from a cache", chinese: "用缓存响应的网关", wrap: storing,
		refutes: "once", says: "a response to CheckToken came from a cache",
	},
	{
		name: "a gateway that sends a request twice (403002)", chinese: "把请求转发两次的网关（403002）",
		wrap:    fresh(refusing("403002", "请勿重复请求", checkTok)),
		refutes: "once", says: "a request that was sent once was refused as a duplicate",
	},
}

var requests atomic.Int64

func requestNumber() string { return strconv.FormatInt(requests.Add(1), 10) }

// fresh gives each envelope a request_id of its own.
func fresh(wrap middleware) middleware {
	renumber := changingEnvelope(func(e map[string]any) { e["request_id"] = "r-" + requestNumber() })
	return func(next http.Handler) http.Handler { return renumber(wrap(next)) }
}

func setImg(envelope map[string]any, img string) {
	if data, is := envelope["data"].(map[string]any); is {
		data["img"] = img
	}
}

func aPNG() string {
	var out bytes.Buffer
	_ = png.Encode(&out, image.NewGray(image.Rect(0, 0, 80, 30)))
	return base64.StdEncoding.EncodeToString(out.Bytes())
}

func withTries(_ *testing.T, _ *platform, o *doctor.Options) { o.Tries = true }

func withSSO(_ *testing.T, _ *platform, o *doctor.Options) {
	o.SSO, o.ClientID, o.ClientSecret = true, sandbox.DemoClientID, sandbox.DemoClientSecret
}

var askedDeviations = []deviation{
	{
		name: "a gateway that refuses a body of 8 KiB (`-limits`)", chinese: "网关不接受 8 KiB 的请求体（`-limits`）",
		wrap:    when(func(r *http.Request) bool { return r.ContentLength > 4<<10 }, http.StatusRequestEntityTooLarge, "text/html", "<title>413</title>"),
		options: func(_ *testing.T, _ *platform, o *doctor.Options) { o.Limits = true },
		bad:     []string{"limits"}, says: `a body of 0 KiB is accepted, one of 8 KiB is not: HTTP 413, a page with the title "413"`,
	},
	{
		name: "a refusal with a code of no class (`-tries`)", chinese: "拒绝时的 code 不属于任何类别（`-tries`）",
		wrap: changingEnvelope(func(e map[string]any) { e["code"] = "1001" }, sendSms), options: withTries,
		refutes: "account_codes", says: "code 1001 图形验证码错误, outcome unknown",
	},
	{
		name: "a wrong picture code is accepted (`-tries`)", chinese: "接受错误的图形验证码（`-tries`）",
		wrap:    answering(http.StatusOK, "application/json", `{"request_id":"r","code":"000","msg":"成功","data":true}`, sendSms),
		options: withTries, refutes: "account_codes", says: "SendSmsCode with a wrong picture code succeeded",
	},
	{
		name: "another code for an unknown client_id (`-tries`)", chinese: "client_id 未知时返回其他 code（`-tries`）",
		wrap: changingEnvelope(func(e map[string]any) { e["code"] = "400200" }, getTok), options: withTries,
		refutes: "documented_codes", says: "GetAccessToken with an invented client_id: HTTP 200, code 400200 client_id不正确, not code 403006",
	},
	{
		name: "`expired` is UTC (`-sso`)", chinese: "`expired` 是 UTC（`-sso`）",
		wrap:    changingEnvelope(expiringAt(func(t time.Time) any { return t.Add(-8 * time.Hour).Format(time.DateTime) }), getTok),
		options: withSSO, refutes: "expired_times", says: "an access token expires in -6h0m0s",
	},
	{
		name: "`expired` is a number (`-sso`)", chinese: "`expired` 是数字（`-sso`）",
		wrap:    changingEnvelope(expiringAt(func(t time.Time) any { return t.Unix() }), getTok),
		options: withSSO, refutes: "expired_times", says: "expired is not of the form 2006-01-02 15:04:05",
	},
	{
		name: "a new access token makes the last one invalid (`-sso`)", chinese: "新的访问令牌 使上一个失效（`-sso`）",
		sandbox: []sandbox.Option{sandbox.WithOneAccessToken()}, options: withSSO,
		refutes: "tokens_coexist", says: "the first of two tokens is no longer valid: HTTP 200, code 401003 无效的access_token",
	},
}

// expiringAt writes the end of an access token in another way.
func expiringAt(write func(time.Time) any) func(map[string]any) {
	return func(e map[string]any) {
		data, is := e["data"].(map[string]any)
		if !is {
			return
		}
		ends, err := time.Parse(time.DateTime, fmt.Sprint(data["expired"]))
		if err == nil {
			data["expired"] = write(ends)
		}
	}
}

// listen gives each connection to serve, and closes it then.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// TestDeviations holds the doctor against each deviation: exactly what is different does not hold. The tables that it
// makes stand in the pages.
func TestDeviations(t *testing.T) {
	for _, d := range deviations {
		t.Run(d.name, d.run)
	}
}

func (d deviation) run(t *testing.T) {
	t.Helper()
	p := startPlatform(t, d.wrap, func(s *httptest.Server) {
		if d.server != nil {
			d.server(t, s)
		}
	}, d.sandbox...)
	o := p.options
	if d.options != nil {
		d.options(t, p, &o)
	}
	r := examine(t, o)
	said := text(r)
	refutes, exit := []string{}, doctor.ExitOK
	if len(d.bad) > 0 {
		exit = doctor.ExitBad
	}
	if d.refutes != "" {
		refutes, exit = []string{d.refutes}, doctor.ExitRefuted
	}
	assert.Equal(t, refutes, names(r, doctor.Refuted), said)
	assert.ElementsMatch(t, d.bad, names(r, doctor.Bad), said)
	assert.Equal(t, exit, r.Exit())
	if d.unclear != "" {
		assert.Equal(t, doctor.Unclear, line(t, r, d.unclear).Status, said)
	}
	if d.named() == "" {
		assert.Subset(t, []string{"account_codes", "expired_times", "tokens_coexist"}, names(r, doctor.Unclear), "all that is asked holds")
	}
	if check := d.named(); check != "" {
		assert.Contains(t, line(t, r, check).Found, d.says, said)
		assert.NotEmpty(t, line(t, r, check).Advice, "what to do")
	}
}

// named is the check that names the deviation.
func (d deviation) named() string {
	switch {
	case d.refutes != "":
		return d.refutes
	case len(d.bad) > 0:
		return d.bad[0]
	default:
		return ""
	}
}

func TestPagesOfDeviations(t *testing.T) {
	for _, page := range []struct {
		path, refuted, bad, nothing string
		header                      []string
		name                        func(deviation) string
	}{
		{
			"../../docs/doctor.md", "`%s` does not hold", "`%s` is bad", "nothing",
			[]string{"what is different", "what the doctor finds", "in its words"},
			func(d deviation) string { return d.name },
		},
		{
			"../../docs/doctor.zh-CN.md", "`%s` 不成立", "`%s` 异常", "没有异常",
			[]string{"不同之处", "doctor 的发现", "它的原话"},
			func(d deviation) string { return d.chinese },
		},
	} {
		rows := [][]string{page.header}
		for _, d := range deviations {
			finding := page.nothing
			if d.refutes != "" {
				finding = fmt.Sprintf(page.refuted, d.refutes)
			} else if check := d.named(); check != "" {
				finding = fmt.Sprintf(page.bad, check)
			}
			rows = append(rows, []string{page.name(d), finding, d.says})
		}
		hold(t, page.path, "deviations", rows)
	}
}
