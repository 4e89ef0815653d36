package main

import (
	"log/slog"
	"net/http"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/auth"
)

// A service is the login service. What a failure means, and what may be done about it, is package
// advice's to say: nothing here tells the SDK's errors apart.
type service struct {
	client  *openplatform.Client
	who     *auth.Middleware
	adviser advice.Adviser
	cookies cookies
	phones  *limiter // SMS of a phone
	tries   *limiter // tries to log in, of an account or a phone
}

// newHandler makes the service, with all that stands before it.
func newHandler(client *openplatform.Client, c config, log *slog.Logger) (http.Handler, error) {
	s := &service{
		client: client, cookies: cookies{secure: c.https}, adviser: advice.Adviser{ShowPlatformMsg: true},
		phones: newLimiter(1, time.Minute), tries: newLimiter(10, time.Minute),
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
	perAddress := newLimiter(c.perMinute, time.Minute/time.Duration(c.perMinute))
	mux := http.NewServeMux()
	mux.Handle("/", s.limitByIP(perAddress, c.ipHeader, sameSite.Handler(s.routes())))
	mux.Handle("GET /static/", http.FileServerFS(files))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return http.MaxBytesHandler(hardened(mux), 64<<10), nil
}

// hardened sets what every page wants set.
func hardened(next http.Handler) http.Handler {
	const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; " +
		"frame-ancestors 'none'; base-uri 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer") // the link in the e-mail has a token in it
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
	mux.HandleFunc("GET /sms/{flow}", s.askForSMS)
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
