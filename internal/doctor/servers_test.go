package doctor_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
)

// What deviating platforms are made of.

type middleware = func(http.Handler) http.Handler

const (
	imgCode   = "/oauth/api/account/getImgCode"
	checkTok  = "/oauth/checkToken"
	getTok    = "/oauth/getAccessToken"
	getTicket = "/oauth/getServiceTicket"
	sendSms   = "/oauth/api/account/sendSmsCode"
)

// changing has an answer changed before it leaves.
func changing(change func(r *http.Request, a *httptest.ResponseRecorder)) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			next.ServeHTTP(a, r)
			change(r, a)
			for name, values := range a.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(a.Code)
			_, _ = w.Write(a.Body.Bytes())
		})
	}
}

// changingEnvelope has the envelopes of these paths changed, of all paths if there are none.
func changingEnvelope(change func(envelope map[string]any), paths ...string) middleware {
	return changing(func(r *http.Request, a *httptest.ResponseRecorder) {
		if !isOneOf(r, paths) {
			return
		}
		var envelope map[string]any
		if json.Unmarshal(a.Body.Bytes(), &envelope) != nil {
			return
		}
		change(envelope)
		body, _ := json.Marshal(envelope)
		a.Body = bytes.NewBuffer(body)
	})
}

func isOneOf(r *http.Request, paths []string) bool {
	for _, path := range paths {
		if r.URL.Path == path {
			return true
		}
	}
	return len(paths) == 0
}

// answering answers itself, for these paths, or for all if there are none.
func answering(status int, contentType, body string, paths ...string) middleware {
	return when(func(r *http.Request) bool { return isOneOf(r, paths) }, status, contentType, body)
}

// when answers what is of a kind itself.
func when(is func(*http.Request) bool, status int, contentType, body string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !is(r) {
				next.ServeHTTP(w, r)
				return
			}
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
}

// refusing answers an envelope with this code.
func refusing(code, msg string, paths ...string) middleware {
	return answering(http.StatusOK, "application/json", failure(code, msg), paths...)
}

func failure(code, msg string) string {
	body, _ := json.Marshal(map[string]any{"request_id": "r-" + code, "code": code, "msg": msg, "data": nil})
	return string(body)
}

func isUnknownPath(r *http.Request) bool { return strings.Contains(r.URL.Path, "openplatformDoctor") }

// refusingObject does not take {} where there are no parameters.
func refusingObject(next http.Handler) http.Handler {
	return fresh(when(func(r *http.Request) bool { return r.URL.Path == imgCode && r.ContentLength != 0 },
		http.StatusOK, "application/json", failure("400003", "入参解析异常")))(next)
}

// readingForms takes parameters from a form alone, as old servlets do.
func readingForms(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path != imgCode {
			fields := map[string]string{}
			if r.ParseForm() == nil {
				for name := range r.PostForm {
					fields[name] = r.PostForm.Get(name)
				}
			}
			body, _ := json.Marshal(fields)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		next.ServeHTTP(w, r)
	})
}

// storing answers a GET from a store if it can, as caches do.
func storing(next http.Handler) http.Handler {
	var mu sync.Mutex
	kept := map[string]*httptest.ResponseRecorder{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		a := kept[r.URL.String()]
		if a == nil {
			a = httptest.NewRecorder()
			next.ServeHTTP(a, r)
			kept[r.URL.String()] = a
		}
		w.Header().Set("Content-Type", a.Header().Get("Content-Type"))
		_, _ = w.Write(a.Body.Bytes())
	})
}

// below serves everything below a prefix, and nothing else.
func below(prefix string) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if path, is := strings.CutPrefix(r.URL.Path, prefix); is {
				r.URL.Path = path
			} else {
				r.URL.Path = "/elsewhere" + r.URL.Path
			}
			next.ServeHTTP(w, r)
		})
	}
}

// A connectProxy is a proxy for https. It leads every host to the platform.
type connectProxy struct {
	url     *url.URL
	mu      sync.Mutex
	targets []string // that it was asked for
}

// startProxy starts one that refuses with an HTTP status, or nobody if that is 0.
func startProxy(t *testing.T, platform string, refuse int) *connectProxy {
	t.Helper()
	p := &connectProxy{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.targets = append(p.targets, r.Method+" "+r.Host)
		p.mu.Unlock()
		if refuse != 0 {
			w.WriteHeader(refuse)
			return
		}
		there, err := net.Dial("tcp", platform)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
		go relay(here, there)
		relay(there, here)
	}))
	t.Cleanup(server.Close)
	var err error
	p.url, err = url.Parse(server.URL)
	require.NoError(t, err)
	return p
}

func relay(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

// through has the doctor ask for a name that the proxy alone knows.
func (p *connectProxy) through(o *doctor.Options) {
	o.BaseURL = "https://platform.test"
	o.Network.Proxy = func(*http.Request) (*url.URL, error) { return p.url, nil }
}
