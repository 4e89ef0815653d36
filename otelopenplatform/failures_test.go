package otelopenplatform_test

import (
	"context"
	"crypto/x509"
	"flag"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/tables"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A happening is something that can become of a call.
type happening struct {
	name, chinese string
	// within makes the call, of a client with these options.
	within func(t *testing.T, r *recording, opt openplatform.Option)
}

// against is a call to a platform that answers like this.
func against(handler http.Handler, call func(context.Context, *openplatform.Client) error, opts ...openplatform.Option) func(*testing.T, *recording, openplatform.Option) {
	return through(func(t *testing.T) http.RoundTripper {
		t.Helper()
		return serve(t, handler)
	}, call, opts...)
}

func through(
	transport func(*testing.T) http.RoundTripper, call func(context.Context, *openplatform.Client) error, opts ...openplatform.Option,
) func(*testing.T, *recording, openplatform.Option) {
	return func(t *testing.T, _ *recording, opt openplatform.Option) {
		t.Helper()
		_ = call(t.Context(), newClient(t, transport(t), append(opts, opt)...))
	}
}

func refusing(*testing.T) http.RoundTripper {
	return dialing(func() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} })
}

// refusingOnce refuses the first connection and closes the second one without an answer.
func refusingOnce(t *testing.T) http.RoundTripper {
	t.Helper()
	transport := serve(t, hangUp)
	dial, dials := transport.DialContext, 0
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 1 {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, address)
	}
	return transport
}

func dialing(fail func() error) *http.Transport {
	transport := openplatform.DefaultTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, fail() }
	return transport
}

// inTurn gives each request the next answer.
func inTurn(handlers ...http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next := handlers[0]
		if len(handlers) > 1 {
			handlers = handlers[1:]
		}
		next.ServeHTTP(w, r)
	})
}

var hangUp = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

// hang answers nothing until its client is gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only after it is read is a lost client noticed
	<-r.Context().Done()
}

// An impatient observer has enough when an attempt has ended.
type impatient struct {
	idle
	cancel context.CancelFunc
}

func (o impatient) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) { o.cancel() }
}

func cancelledUnderWay(t *testing.T, _ *recording, opt openplatform.Option) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := newClient(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	})), opt)
	require.ErrorIs(t, getImgCode(ctx, client), context.Canceled)
}

func cancelledBetween(t *testing.T, _ *recording, opt openplatform.Option) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	client := newClient(t, serve(t, busy), openplatform.WithObserver(impatient{cancel: cancel}), opt)
	require.ErrorIs(t, getImgCode(ctx, client), context.Canceled)
}

func cancelledBefore(t *testing.T, _ *recording, opt openplatform.Option) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sendSmsCode(ctx, newClient(t, refusing(t), opt)), context.Canceled)
}

func quotaUsedUp(t *testing.T, r *recording, opt openplatform.Option) {
	t.Helper()
	client := newClient(t, serve(t, busy), opt)
	for range 9 {
		require.Error(t, getImgCode(t.Context(), client))
	}
	r.forget(t)
	require.Error(t, getImgCode(t.Context(), client))
}

// verifyingUser asks a sandbox who a person is.
func verifyingUser(token string, secret string, before func(*testing.T, *recording, *sandbox.Server, *openplatform.AccessTokenSource)) func(*testing.T, *recording, openplatform.Option) {
	return func(t *testing.T, r *recording, opt openplatform.Option) {
		t.Helper()
		sb := sandbox.Start(t)
		sb.AddAccount(sandbox.Account{Username: "somebody", Email: "someone@example.invalid", Mobile: "13900001111", Password: "Pw-9c8d7e"})
		client := newClient(t, serve(t, sb), opt)
		if token == "" {
			login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "Pw-9c8d7e"})
			require.NoError(t, err)
			token = login.Data.Token
		}
		source, err := client.AccessTokenSource(sandbox.DemoClientID, secret)
		require.NoError(t, err)
		before(t, r, sb, source)
		_, _ = source.VerifyUser(t.Context(), token)
	}
}

func nothing(*testing.T, *recording, *sandbox.Server, *openplatform.AccessTokenSource) {}

// revokeToken has the source keep a token that the platform no longer takes.
func revokeToken(t *testing.T, r *recording, sb *sandbox.Server, source *openplatform.AccessTokenSource) {
	t.Helper()
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	sb.RevokeAccessTokens()
	r.forget(t)
}

// forget drops what was recorded so far.
func (r *recording) forget(t *testing.T) {
	t.Helper()
	r.ended(t)
	r.metrics(t)
	r.spans.Reset()
}

func untrusted(t *testing.T) http.RoundTripper {
	t.Helper()
	server := httptest.NewUnstartedServer(answer(200, picture))
	server.Config.ErrorLog = quiet
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return transport
}

func happenings() []happening {
	soon := openplatform.WithTimeout(50 * time.Millisecond)
	https := openplatform.WithBaseURL("https://platform.example")
	page := answer(http.StatusBadGateway, "<title>Bad Gateway</title>")
	return []happening{
		{"success", "成功", against(answer(200, success), sendSmsCode)},
		{"success after a 503", "先 503，重试后成功", against(inTurn(busy, answer(200, picture)), getImgCode)},
		{"a rule is broken", "请求违反规则", against(answer(200, success), func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{})
			return err
		})},
		{"rejected with a documented code", "被拒绝，code 在文档中", against(answer(200, envelope("401004", "null")), logout)},
		{"rejected with another code", "被拒绝，code 不在文档中", against(answer(200, envelope("400101", "null")), sendSmsCode)},
		{"rejected with an HTTP status", "被拒绝，HTTP 状态码也表示失败", against(answer(404, envelope("404001", "null")), sendSmsCode)},
		{"too many calls", "调用过于频繁", against(answer(200, envelope("429001", "null")), sendSmsCode)},
		{"the platform fails", "系统异常", against(answer(200, envelope("500", "null")), sendSmsCode)},
		{"a code of no class", "code 不属于任何一类", against(answer(200, envelope("E17", "null")), sendSmsCode)},
		{"a gateway's page, three times", "网关的错误页，连续三次", against(page, getImgCode)},
		{"a redirect", "重定向", against(http.RedirectHandler("http://elsewhere.example/?token=tok-5f2c9e", http.StatusFound), sendSmsCode)},
		{"no envelope", "收到的不是有效的响应结构", against(answer(200, "<html>"), sendSmsCode)},
		{"code 000 without the data", "code 为 000，但 data 不对", against(answer(200, envelope("000", "false")), sendSmsCode)},
		{"no response", "没有响应，连接中断", against(hangUp, sendSmsCode)},
		{"no response in time", "超时没有响应", against(http.HandlerFunc(hang), sendSmsCode, soon)},
		{"refused, then a lost connection", "先是连接被拒绝，再是连接中断", through(refusingOnce, sendSmsCode)},
		{"not sent: refused", "未发出：连接被拒绝", through(refusing, logout)},
		{"not sent: no such host", "未发出：域名无法解析", through(func(*testing.T) http.RoundTripper {
			return dialing(func() error { return &net.DNSError{Err: "no such host", Name: "platform.example", IsNotFound: true} })
		}, sendSmsCode)},
		{"not sent: untrusted certificate", "未发出：证书不受信任", through(untrusted, getImgCode, https)},
		{"cancelled under way", "请求期间被调用方取消", cancelledUnderWay},
		{"cancelled between attempts", "两次尝试之间被调用方取消", cancelledBetween},
		{"cancelled before", "发送前已被调用方取消", cancelledBefore},
		{"the quota is used up", "重试配额用尽", quotaUsedUp},
		{"VerifyUser", "VerifyUser", verifyingUser("", sandbox.DemoClientSecret, nothing)},
		{"VerifyUser with a token that was revoked", "VerifyUser，访问令牌已被吊销", verifyingUser("", sandbox.DemoClientSecret, revokeToken)},
		{"VerifyUser of a person who must log in again", "VerifyUser，用户需要重新登录", verifyingUser("tok-5f2c9e", sandbox.DemoClientSecret, nothing)},
		{"VerifyUser with a wrong secret", "VerifyUser，client_secret 错误", verifyingUser("tok-5f2c9e", "cs-1b2c3d", nothing)},
	}
}

// What is exported for each kind of failure stands in testdata/spans, and in short in the documentation.
func TestWhatIsExported(t *testing.T) {
	english := [][]string{append([]string{"what happens"}, spanColumns...)}
	chinese := [][]string{append([]string{"发生了什么"}, spanColumns...)}
	var metrics inventory
	for _, h := range happenings() {
		t.Run(h.name, func(t *testing.T) {
			r := record()
			h.within(t, r, openplatform.WithObserver(r.observer))
			spans, measured := r.ended(t), r.metrics(t)
			text := textOf(spans, measured)
			golden(t, h.name, text)
			for _, secret := range []string{"13900001111", "XKQPW", "tok-5f2c9e", "Pw-9c8d7e", "cs-1b2c3d", sandbox.DemoClientSecret, "someone@example.invalid"} {
				assert.NotContains(t, strings.ToLower(text), strings.ToLower(secret))
			}
			english = append(english, rowsOf(h.name, spans)...)
			chinese = append(chinese, rowsOf(h.chinese, spans)...)
			metrics.add(measured)
		})
	}
	inPage(t, "../docs/observability.md", "spans", english)
	inPage(t, "../docs/observability.zh-CN.md", "spans", chinese)
	inPage(t, "../docs/observability.md", "metrics", append([][]string{{"metric", "kind", "unit", "attributes"}}, metrics.rows()...))
	inPage(t, "../docs/observability.zh-CN.md", "metrics", append([][]string{{"指标", "类型", "单位", "属性"}}, metrics.rows()...))
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// inPage holds a table against what stands in a page, or writes it there.
func inPage(t *testing.T, page, name string, rows [][]string) {
	t.Helper()
	if updating() {
		require.NoError(t, tables.Show(page, name, "", rows))
	}
	written, err := os.ReadFile(page)
	require.NoError(t, err)
	found := strings.Contains(string(written), tables.Markdown(rows))
	assert.True(t, found, "the table %q in %s is out of date; go test -update writes it", name, page)
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "spans", strings.NewReplacer(" ", "_", ",", "", ":", "", "'", "").Replace(name)+".txt")
	if updating() {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "go test -update writes it")
}

// spanColumns are the status of a span and those attributes that tell what became of it.
var spanColumns = []string{
	"span", "status", "`error.type`", "`openplatform.outcome`", "`openplatform.code`", "`http.response.status_code`", "`openplatform.stopped`",
}

// rowsOf returns the spans of one happening in the order in which they began.
func rowsOf(name string, spans []sdktrace.ReadOnlySpan) (rows [][]string) {
	for _, s := range byStart(spans) {
		row := []string{name, s.Name(), ""}
		if s.Status().Code == codes.Error {
			row[2] = "Error"
		}
		attrs := attribute.NewSet(s.Attributes()...)
		for _, column := range spanColumns[2:] {
			value, _ := attrs.Value(attribute.Key(strings.Trim(column, "`")))
			row = append(row, value.String())
		}
		rows = append(rows, row)
		name = ""
	}
	return rows
}

// An inventory is of metrics and of the attributes that their series have.
type inventory struct {
	names []string
	kinds map[string]string
	units map[string]string
	attrs map[string]map[string]bool
}

func (v *inventory) add(all []metricdata.Metrics) {
	if v.kinds == nil {
		v.kinds, v.units, v.attrs = map[string]string{}, map[string]string{}, map[string]map[string]bool{}
	}
	for _, m := range all {
		if !slices.Contains(v.names, m.Name) {
			v.names = append(v.names, m.Name)
			v.attrs[m.Name] = map[string]bool{}
		}
		v.units[m.Name] = m.Unit
		switch data := m.Data.(type) {
		case metricdata.Histogram[float64]:
			v.kinds[m.Name] = "histogram"
			for _, p := range data.DataPoints {
				v.addAttributes(m.Name, p.Attributes)
			}
		case metricdata.Sum[int64]:
			v.kinds[m.Name] = "counter"
			for _, p := range data.DataPoints {
				v.addAttributes(m.Name, p.Attributes)
			}
		}
	}
}

func (v *inventory) addAttributes(name string, attrs attribute.Set) {
	for _, a := range attrs.ToSlice() {
		v.attrs[name]["`"+string(a.Key)+"`"] = true
	}
}

func (v *inventory) rows() (rows [][]string) {
	for _, name := range v.names {
		attrs := slices.Sorted(maps.Keys(v.attrs[name]))
		rows = append(rows, []string{"`" + name + "`", v.kinds[name], v.units[name], strings.Join(attrs, ", ")})
	}
	return rows
}
