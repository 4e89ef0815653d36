package auth_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/auth"
	"github.com/ebaas/openplatform-go/sandbox"
)

func TestWhoIsIt(t *testing.T) {
	r := newRig(t, auth.Cookie(cookie), verified)
	got := r.getAs(r.token)
	require.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, pageView{OpenID: r.openID, Known: true}, got.view(t))
	assert.Zero(t, r.asked("CheckToken"))
}

func TestIsItAlive(t *testing.T) {
	r := newRig(t, auth.Cookie(cookie), alive)
	got := r.getAs(r.token)
	require.Equal(t, http.StatusOK, got.status)
	assert.Equal(t, pageView{}, got.view(t))
	assert.Equal(t, 1, r.asked("CheckToken"))
	assert.Zero(t, r.asked("GetServiceTicket"))
}

func TestAccountOfAnyCtx(t *testing.T) {
	_, known := auth.AccountOf(t.Context())
	assert.False(t, known)
}

// The token is taken off the request that is passed on, and nothing else is.
func TestTheTokenIsTakenOff(t *testing.T) {
	tests := []struct {
		name    string
		carrier auth.Carrier
		header  string
		values  func(token string) []string
		want    pageView
	}{
		{"cookie alone", auth.Cookie(cookie), "Cookie", func(s string) []string { return []string{"session=" + s} }, pageView{}},
		{
			"cookie among others", auth.Cookie(cookie), "Cookie",
			func(s string) []string { return []string{"a=1; session=" + s + ";b=2"} },
			pageView{Cookies: "a=1; b=2"},
		},
		{
			"cookie given twice", auth.Cookie(cookie), "Cookie",
			func(s string) []string { return []string{"session=" + s + "; a=1", "mysession=2; session=" + s} },
			pageView{Cookies: "a=1; mysession=2"},
		},
		{"quoted cookie", auth.Cookie(cookie), "Cookie", func(s string) []string { return []string{`session="` + s + `"`} }, pageView{}},
		{"bearer", auth.Bearer(), "Authorization", func(s string) []string { return []string{"Bearer " + s} }, pageView{}},
		{"bearer in lower case", auth.Bearer(), "Authorization", func(s string) []string { return []string{"bearer  " + s} }, pageView{}},
		{"bearer given twice", auth.Bearer(), "Authorization", func(s string) []string { return []string{"Bearer " + s, "Bearer " + s} }, pageView{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.carrier, alive)
			got := r.do(t.Context(), tt.header, tt.values(r.token)...)
			require.Equal(t, http.StatusOK, got.status, "%s", got.body)
			assert.Equal(t, tt.want, got.view(t))
		})
	}
}

// Who comes after the middleware, such as a logger around it, sees the request as it came; and
// so does nobody who answers a failure.
func TestTheRequestItselfStays(t *testing.T) {
	var failed *http.Request
	r := newRig(t, auth.Cookie(cookie), alive, auth.WithFailure(func(w http.ResponseWriter, r *http.Request, a advice.Advice) {
		failed = r
		w.WriteHeader(a.Status)
	}))
	request := func(token string) *http.Request {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		req.Header.Set("Cookie", "a=1; session="+token)
		return req
	}
	req := request(r.token)
	passed, ok := r.who.Authenticate(httptest.NewRecorder(), req)
	require.True(t, ok)
	assert.Equal(t, "a=1", passed.Header.Get("Cookie"))
	assert.Equal(t, "a=1; session="+r.token, req.Header.Get("Cookie"))

	req = request("made-up")
	passed, ok = r.who.Authenticate(httptest.NewRecorder(), req)
	require.False(t, ok)
	assert.Same(t, req, passed)
	assert.Equal(t, "a=1", failed.Header.Get("Cookie"))
	assert.Equal(t, "a=1; session=made-up", req.Header.Get("Cookie"))
}

func TestATokenOfTheCallersOwn(t *testing.T) {
	down := false
	carrier := auth.Func(func(r *http.Request) (string, error) {
		if down {
			return "", errors.New("the session store is down")
		}
		return r.Header.Get("X-Token"), nil
	}, func(h http.Header) { h.Del("X-Token") })
	r := newRig(t, carrier, alive)

	assert.Equal(t, http.StatusOK, r.do(t.Context(), "X-Token", r.token).status)
	assert.Equal(t, http.StatusUnauthorized, r.do(t.Context(), "X-Token").status)
	down = true
	got := r.do(t.Context(), "X-Token", r.token)
	assert.Equal(t, http.StatusServiceUnavailable, got.status, "that is nobody's login that ended")
	assert.Equal(t, "5", got.header.Get("Retry-After"))
	assert.NotContains(t, string(got.body), "store")

	// A token that is not on the request cannot be taken off it.
	r = newRig(t, auth.Func(func(*http.Request) (string, error) { return "made-up", nil }, nil), alive)
	assert.Equal(t, http.StatusUnauthorized, r.get().status)
}

func TestNoToken(t *testing.T) {
	for name, test := range map[string]struct {
		carrier   auth.Carrier
		header    string
		value     string
		challenge string
	}{
		"no cookie":      {carrier: auth.Cookie(cookie), header: "Cookie", value: "a=1"},
		"empty cookie":   {carrier: auth.Cookie(cookie), header: "Cookie", value: "session="},
		"no bearer":      {carrier: auth.Bearer(), header: "X", value: "1", challenge: "Bearer"},
		"another scheme": {carrier: auth.Bearer(), header: "Authorization", value: "Basic abc", challenge: "Bearer"},
		"empty bearer":   {carrier: auth.Bearer(), header: "Authorization", value: "Bearer", challenge: "Bearer"},
		"not UTF-8":      {carrier: auth.Bearer(), header: "Authorization", value: "Bearer \xff\xfe", challenge: "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.carrier, alive)
			got := r.do(t.Context(), test.header, test.value)
			assert.Equal(t, http.StatusUnauthorized, got.status)
			assert.Equal(t, "no_token", got.name(t))
			assert.Equal(t, test.challenge, got.header.Get("WWW-Authenticate"))
			assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
			assert.Zero(t, r.asked("CheckToken"))
		})
	}
}

// A trouble is something that goes wrong between the middleware and the platform.
type trouble struct {
	name   string
	mode   func(*rig) []auth.Option
	order  []sandbox.Fault
	before func(*rig)
	token  string // "" for a living one
	status int
	// asked is how often CheckToken is to have reached the platform, -1 if it does not matter.
	asked int
}

func code(operation, code string) sandbox.Fault {
	return sandbox.Fault{Operation: operation, Code: code, Msg: "不成功 " + mobile}
}

func page502(operation string) sandbox.Fault {
	return sandbox.Fault{Operation: operation, HTTPStatus: 502, Body: "<html><title>502 Bad Gateway</title></html>"}
}

func shutDown(r *rig) { r.sb.Close() }

func troubles() []trouble {
	const dead = "made-up-token"
	return []trouble{
		// The platform's word that the token is dead, and nothing else, is a 401.
		{name: "alive: dead", mode: alive, token: dead, status: 401, asked: 1},
		{name: "who: dead", mode: verified, token: dead, status: 401, asked: 1},
		{name: "who: refused, and dead", mode: verified, token: dead, order: []sandbox.Fault{code("GetServiceTicket", "403987")}, status: 401, asked: 1},
		{name: "who: a code of no class, and dead", mode: verified, token: dead, order: []sandbox.Fault{code("GetServiceTicket", "TOKEN-1")}, status: 401, asked: 1},
		{name: "who: account refused, and dead", mode: verified, order: []sandbox.Fault{code("GetAccount", "401005"), code("CheckToken", "401004")}, status: 401, asked: 1},

		// GetServiceTicket's word alone is not.
		{name: "who: 401004, and alive", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "401004")}, status: 503, asked: 1},
		{name: "who: 401, and alive", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "401987")}, status: 500, asked: 1},
		{name: "who: refused, and no word", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "401987"), page502("CheckToken")}, status: 503, asked: -1},
		{name: "who: ticket refused, and alive", mode: verified, order: []sandbox.Fault{code("GetAccount", "401005")}, status: 503, asked: 1},

		// Not sent, unknown, too often, and failures of the platform are a 503.
		{name: "alive: no connection", mode: alive, before: shutDown, status: 503, asked: 0},
		{name: "who: no connection", mode: verified, before: shutDown, status: 503, asked: 0},
		{name: "alive: dropped", mode: alive, order: []sandbox.Fault{{Operation: "CheckToken", Drop: true}}, status: 503, asked: -1},
		{name: "alive: dropped after", mode: alive, order: []sandbox.Fault{{Operation: "CheckToken", Drop: true, After: true}}, status: 503, asked: -1},
		{name: "alive: 500", mode: alive, order: []sandbox.Fault{code("CheckToken", "500")}, status: 503, asked: -1},
		{name: "alive: 502", mode: alive, order: []sandbox.Fault{page502("CheckToken")}, status: 503, asked: -1},
		{name: "alive: a code of no class", mode: alive, order: []sandbox.Fault{code("CheckToken", "E-17")}, status: 503, asked: 1},
		{name: "alive: 429", mode: alive, order: []sandbox.Fault{code("CheckToken", "429987")}, status: 503, asked: -1},
		{name: "who: no access token", mode: verified, order: []sandbox.Fault{page502("GetAccessToken")}, status: 503, asked: 0},
		{name: "who: ticket dropped", mode: verified, order: []sandbox.Fault{{Operation: "GetServiceTicket", Drop: true, After: true}}, status: 503, asked: 0},
		{name: "who: ticket 429", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "429987")}, status: 503, asked: 0},
		{name: "who: ticket 500", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "500")}, status: 503, asked: 0},
		{name: "who: account 500", mode: verified, order: []sandbox.Fault{code("GetAccount", "500")}, status: 503, asked: 0},

		// Mistakes in the set-up are a 500.
		{name: "alive: 404001", mode: alive, order: []sandbox.Fault{code("CheckToken", "404001")}, status: 500, asked: 1},
		{name: "alive: an unlisted 401", mode: alive, order: []sandbox.Fault{code("CheckToken", "401987")}, status: 500, asked: 1},
		{name: "who: client_secret", mode: verified, order: []sandbox.Fault{code("GetAccessToken", "403007")}, status: 500, asked: 0},
		{name: "who: client refused", mode: verified, order: []sandbox.Fault{code("GetAccessToken", "403987")}, status: 500, asked: 0},
		{name: "who: no permission", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "401002")}, status: 500, asked: 0},
		{name: "who: access token", mode: verified, order: []sandbox.Fault{code("GetServiceTicket", "401003")}, status: 500, asked: 0},
	}
}

func TestOnlyADeadTokenEndsASession(t *testing.T) {
	for _, tt := range troubles() {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			r := newRig(t, auth.Cookie(cookie), tt.mode, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			for _, fault := range tt.order {
				r.sb.Order(fault)
			}
			if tt.before != nil {
				tt.before(r)
			}
			token := r.token
			if tt.token != "" {
				token = tt.token
			}
			got := r.getAs(token)

			assert.Equal(t, tt.status, got.status, "%s", got.body)
			if tt.asked >= 0 {
				assert.Equal(t, tt.asked, r.asked("CheckToken"))
			}
			seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
			assert.Equal(t, tt.status == 503, err == nil && seconds > 0, "a 503 says when to come back")
			assert.Equal(t, tt.status == 401, got.name(t) == "invalid_token")
			assert.Equal(t, tt.status == 500, log.Len() > 0, "mistakes in the set-up are logged: %s", log.String())
			for _, secret := range []string{mobile, token, email, sandbox.DemoClientSecret} {
				assert.NotContains(t, string(got.body), secret)
				assert.NotContains(t, log.String(), secret)
			}
		})
	}
}

// A certificate that is not trusted is a mistake in the set-up, whatever was sent.
func TestAnUntrustedCertificateIsAMistake(t *testing.T) {
	server := httptest.NewTLSServer(sandbox.New())
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL),
		openplatform.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	who, err := auth.New(client, auth.Bearer(), auth.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)

	w := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer made-up")
	_, ok := who.Authenticate(w, req)
	assert.False(t, ok)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
}

// Loudly, once, and with what support asks for.
func TestAMistakeInTheSetUpIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, auth.Cookie(cookie), verified, auth.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	secret := r.sb.Order(code("GetServiceTicket", "401002"))
	for range 5 {
		assert.Equal(t, http.StatusInternalServerError, r.getAs(r.token).status)
	}
	secret.Cancel()
	r.sb.Order(code("GetServiceTicket", "403987"))
	for range 5 {
		assert.Equal(t, http.StatusInternalServerError, r.getAs(r.token).status)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	require.Len(t, lines, 2, "%s", log.String())
	for i, want := range []string{"code=401002", "code=403987"} {
		assert.Contains(t, lines[i], "level=ERROR")
		assert.Contains(t, lines[i], "operation=GetServiceTicket")
		assert.Contains(t, lines[i], want)
		assert.Contains(t, lines[i], "request_id")
	}
}

func TestFailuresAreTheCallersToRender(t *testing.T) {
	r := newRig(t, auth.Bearer(), alive, auth.WithFailure(func(w http.ResponseWriter, _ *http.Request, a advice.Advice) {
		w.WriteHeader(a.Status)
		_, _ = fmt.Fprintf(w, "%s %s %s", a.Name, a.Action, a.Sentence.In(advice.English))
	}))
	got := r.do(t.Context(), "Authorization", "Bearer made-up")
	assert.Equal(t, http.StatusUnauthorized, got.status)
	assert.Equal(t, "invalid_token log_in Your login has expired. Please log in again.", string(got.body))
	assert.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"))

	r.sb.Order(sandbox.Fault{Operation: "CheckToken", HTTPStatus: 503, Header: http.Header{"Retry-After": {"77"}}})
	got = r.do(t.Context(), "Authorization", "Bearer "+r.token)
	assert.Equal(t, http.StatusServiceUnavailable, got.status)
	assert.Equal(t, "77", got.header.Get("Retry-After"), "what the platform asked for")
	assert.Contains(t, string(got.body), "outcome_unknown try_again We cannot check your login")
	assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
}

func TestProblemsAreInTheReadersLanguage(t *testing.T) {
	r := newRig(t, auth.Cookie(cookie), alive)
	got := r.do(t.Context(), "Accept-Language", "en")
	assert.Equal(t, "application/problem+json", got.header.Get("Content-Type"))
	assert.Contains(t, string(got.body), "Please log in.")
	assert.Contains(t, string(r.get().body), "请先登录。")
}

// Those who hang up while the platform is asked get no verdict of their own.
func TestWhoGivesUpIsNotLoggedOut(t *testing.T) {
	r := newRig(t, auth.Cookie(cookie), alive)
	r.sb.Order(sandbox.Fault{Operation: "CheckToken", Delay: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	req.Header.Set("Cookie", "session="+r.token)
	w := httptest.NewRecorder()
	_, ok := r.who.Authenticate(w, req)
	assert.False(t, ok)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Contains(t, w.Body.String(), "暂时无法确认您的登录状态")
}

func TestBadOptions(t *testing.T) {
	sb := sandbox.Start(t)
	for want, make := range map[string]func() (*auth.Middleware, error){
		"the Client must not be nil": func() (*auth.Middleware, error) { return auth.New(nil, auth.Bearer()) },
		"Carrier must come from":     func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Carrier{}) },
		"come from Cookie, Bearer":   func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Func(nil, nil)) },
		"an Option must not be nil":  func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Bearer(), nil) },
		"the source must not be nil": func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Bearer(), auth.WithAccount(nil)) },
		"is negative": func() (*auth.Middleware, error) {
			return auth.New(sb.Client, auth.Bearer(), auth.WithCache(-1, time.Second))
		},
		"-1s is not between": func() (*auth.Middleware, error) {
			return auth.New(sb.Client, auth.Bearer(), auth.WithCache(1, -time.Second))
		},
		"31s is not between": func() (*auth.Middleware, error) {
			return auth.New(sb.Client, auth.Bearer(), auth.WithCache(1, 31*time.Second))
		},
		"an hour": func() (*auth.Middleware, error) {
			return auth.New(sb.Client, auth.Bearer(), auth.WithStale(2*time.Hour))
		},
		"WithStale: 0s": func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Bearer(), auth.WithStale(0)) },
		"needs a cache": func() (*auth.Middleware, error) {
			return auth.New(sb.Client, auth.Bearer(), auth.WithStale(time.Minute), auth.WithCache(5, 0))
		},
		"fn must not be nil":         func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Bearer(), auth.WithFailure(nil)) },
		"the logger must not be nil": func() (*auth.Middleware, error) { return auth.New(sb.Client, auth.Bearer(), auth.WithLogger(nil)) },
	} {
		who, err := make()
		require.ErrorContains(t, err, want)
		assert.Nil(t, who)
	}
}

// Whatever prints a middleware prints nobody's account.
func TestAMiddlewarePrintsNothing(t *testing.T) {
	r := newRig(t, auth.Cookie(cookie), verified)
	require.Equal(t, http.StatusOK, r.getAs(r.token).status)
	holder := struct{ who *auth.Middleware }{r.who}
	texts := []string{everythingIn(reflect.ValueOf(r.who), 0)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		texts = append(texts, fmt.Sprintf(verb, r.who), fmt.Sprintf(verb, *r.who), fmt.Sprintf(verb, holder))
	}
	for _, text := range texts {
		for _, secret := range []string{mobile, email, username, r.token} {
			assert.NotContains(t, text, secret)
		}
	}
	person := struct{ account *openplatform.Account }{&openplatform.Account{Mobile: mobile}}
	assert.Contains(t, everythingIn(reflect.ValueOf(&person), 0), mobile, "it finds what there is")
}

// everythingIn returns all strings that a printer finds that follows pointers and looks into
// unexported fields, as spew and go-cmp do.
func everythingIn(v reflect.Value, depth int) string {
	if depth > 30 {
		return ""
	}
	var all strings.Builder
	switch v.Kind() {
	case reflect.String:
		return v.String() + " "
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return everythingIn(v.Elem(), depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			all.WriteString(everythingIn(v.Field(i), depth+1))
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			all.WriteString(everythingIn(entry.Value(), depth+1))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			all.WriteString(everythingIn(v.Index(i), depth+1))
		}
	default: // no string
	}
	return all.String()
}
