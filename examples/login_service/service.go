package main

import (
	"cmp"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/auth"
)

// A service is the login service. Package advice says what a failure means and what to do about it.
type service struct {
	client  *openplatform.Client
	who     *auth.Middleware
	adviser advice.Adviser
	cookies cookies
	phones  *limiter // SMS per phone
	tries   *limiter // login tries per account or phone
}

// newHandler returns the service with its middleware.
func newHandler(client *openplatform.Client, c config, log *slog.Logger) (http.Handler, error) {
	s := &service{
		client: client, cookies: cookies{secure: c.https}, adviser: advice.Adviser{ShowPlatformMsg: true},
		phones: newLimiter(1, c.smsEvery), tries: newLimiter(10, time.Minute),
	}
	source, err := client.AccessTokenSource(c.clientID, c.clientSecret)
	if err != nil {
		return nil, err
	}
	s.who, err = auth.New(client, auth.Cookie(s.cookies.name("session")), auth.WithAccount(source),
		auth.WithCache(10_000, c.cache), auth.WithFailure(s.keptOut), auth.WithLogger(log))
	if err != nil {
		return nil, err
	}
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.show(w, r, "forged", view{Advice: advice.Advice{Status: http.StatusForbidden}})
	}))
	mux := http.NewServeMux()
	mux.Handle("/", s.limitByIP(c, sameSite.Handler(s.routes())))
	mux.Handle("GET /static/", http.FileServerFS(files))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return http.MaxBytesHandler(hardened(mux), 64<<10), nil
}

// hardened sets the security headers of every page.
func hardened(next http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the link in the e-mail holds a token
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	for path, page := range map[string]string{
		"/{$}": "home", "/login": "login", "/login/sms": "login_sms", "/register": "register",
		"/reset": "reset", "/reset/password": "reset_password", "/activate": "activate",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { s.show(w, r, page, view{}) })
	}
	mux.HandleFunc("GET /sms/{flow}", func(w http.ResponseWriter, r *http.Request) { s.showPicture(w, r, view{Wait: s.cookies.wait(r)}) })
	mux.HandleFunc("POST /sms/{flow}", s.sendSMS)
	mux.HandleFunc("POST /register", s.register)
	mux.HandleFunc("POST /activate", s.activate)
	mux.HandleFunc("POST /login", s.logIn)
	mux.HandleFunc("POST /login/sms", s.useSMSCode(flows["login"]))
	mux.HandleFunc("POST /reset", s.useSMSCode(flows["reset"]))
	mux.HandleFunc("POST /reset/password", s.resetPassword)
	mux.HandleFunc("POST /logout", s.logOut)
	mux.Handle("GET /account", s.who.Wrap(http.HandlerFunc(s.account)))
	return mux
}

// A limiter allows each key one action per while, with a burst.
type limiter struct {
	burst int
	while time.Duration
	mu    sync.Mutex
	next  map[string]time.Time // when all actions of a key are paid for
}

const mostKept = 100_000 // keys, to limit the memory

func newLimiter(burst int, while time.Duration) *limiter {
	return &limiter{burst: burst, while: while, next: map[string]time.Time{}}
}

// take counts an action and returns 0, or returns the wait. An empty key never waits.
func (l *limiter) take(somebody string) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.next) >= mostKept {
		maps.DeleteFunc(l.next, func(_ string, next time.Time) bool { return next.Before(now) })
	}
	ahead := max(0, l.next[somebody].Sub(now))
	wait = ahead - time.Duration(l.burst-1)*l.while
	switch {
	case somebody == "":
		return 0
	case wait > 0 || len(l.next) >= mostKept:
		return max(wait, time.Second)
	}
	l.next[somebody] = now.Add(ahead + l.while)
	return 0
}

func (l *limiter) giveBack(somebody string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next[somebody] = l.next[somebody].Add(-l.while)
}

// tooOften responds if somebody acts too often.
func (s *service) tooOften(w http.ResponseWriter, r *http.Request, l *limiter, page, somebody string) bool {
	wait := l.take(strings.ToLower(somebody))
	if wait > 0 {
		a := s.adviser.Of(&openplatform.APIError{Code: "429"})
		a.Wait = wait
		s.show(w, r, page, view{Advice: a, Wait: a.WaitSeconds()})
	}
	return wait > 0
}

// limitByIP responds with 429 if an address makes too many requests.
func (s *service) limitByIP(c config, next http.Handler) http.Handler {
	l := newLimiter(c.perMinute, time.Minute/time.Duration(c.perMinute))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected, _, _ := net.SplitHostPort(r.RemoteAddr)
		if !s.tooOften(w, r, l, "unavailable", cmp.Or(r.Header.Get(c.ipHeader), connected)) {
			next.ServeHTTP(w, r)
		}
	})
}
