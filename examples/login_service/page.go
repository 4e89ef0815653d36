package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

//go:embed templates static texts.json
var files embed.FS

// A view is the content of a page.
type view struct {
	Advice  advice.Advice        // after a failure, or else the zero value
	Done    string               // the key of the success text
	Wait    int                  // seconds until the page shows its button
	NextSMS int                  // seconds until it offers another SMS
	Flow    string               // the purpose of the SMS
	Picture openplatform.ImgCode // the picture code
	Account openplatform.Account

	// Set by show:
	Page, Path string
	Language   advice.Language
	request    *http.Request
}

// Typed returns the value of a field, or of the e-mail's link, unless it is a secret.
func (v view) Typed(field string) string {
	if !slices.Contains([]string{"username", "email", "mobile", "account", "token"}, field) {
		return ""
	}
	return v.request.FormValue(field)
}

// ImageURL returns the picture for an img element, "" if it is not a picture.
func (v view) ImageURL() template.URL {
	if _, mediaType, err := v.Picture.Picture(); err != nil || !strings.HasPrefix(mediaType, "image/") {
		return ""
	}
	return template.URL(v.Picture.Img) //nolint:gosec // a data URL of an image
}

// pages are the templates, by language. The tests check that they parse.
var pages = map[advice.Language]*template.Template{
	advice.Chinese: parsePages(advice.Chinese),
	advice.English: parsePages(advice.English),
}

func parsePages(language advice.Language) *template.Template {
	raw, _ := files.ReadFile("texts.json")
	var texts map[string]advice.Sentence
	if err := json.Unmarshal(raw, &texts); err != nil {
		panic(err)
	}
	return template.Must(template.New("").Funcs(template.FuncMap{
		"t":    func(key string) string { return texts[key].In(language) },
		"args": func(v view, args ...string) map[string]any { return map[string]any{"View": v, "Args": args} },
	}).ParseFS(files, "templates/*.html"))
}

// show responds with a page, with the status of the advice.
func (s *service) show(w http.ResponseWriter, r *http.Request, page string, v view) {
	v.Page, v.Path, v.Language, v.request = page, r.URL.Path, s.cookies.language(w, r), r
	if v.Done == "" && v.Advice.Status == 0 {
		v.Done = r.URL.Query().Get("done")
	}
	var body bytes.Buffer
	if err := pages[v.Language].ExecuteTemplate(&body, page+".html", v); err != nil {
		panic(err) // a mistake in a template: do not send half a page
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Advice.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(v.Advice.WaitSeconds()))
	}
	w.WriteHeader(max(v.Advice.Status, http.StatusOK))
	_, _ = w.Write(body.Bytes()) // an error means that the browser has gone
}

// The cookies of the service.
const (
	sessionCookie  = "session"  // the platform's login token
	resetCookie    = "reset"    // the token for ResetPassword, between the two steps of a reset
	nextSMSCookie  = "next_sms" // when another SMS may be offered
	languageCookie = "lang"
)

// cookies sets the cookies. With https, their names have a prefix that no other host and no plain http can set.
type cookies struct{ secure bool }

func (c cookies) name(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

func (c cookies) get(r *http.Request, name string) string {
	cookie, err := r.Cookie(c.name(name))
	if err != nil {
		return "" // there is none
	}
	return cookie.Value
}

// set stores a value for a while, or until the browser is closed if while is 0; it removes it if while is negative.
func (c cookies) set(w http.ResponseWriter, name, value string, while time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure if people use https
		Name: c.name(name), Value: value, Path: "/", MaxAge: int(while.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) remove(w http.ResponseWriter, name string) { c.set(w, name, "", -time.Second) }

// wait returns the seconds until this browser may be offered another SMS.
func (c cookies) wait(r *http.Request) int {
	until, _ := strconv.ParseInt(c.get(r, nextSMSCookie), 10, 64)          // 0 if there is none
	return int(max(0, min((until-time.Now().UnixMilli()+999)/1000, 3600))) // the browser may have changed it
}

func (c cookies) setWait(w http.ResponseWriter, wait time.Duration) {
	c.set(w, nextSMSCookie, strconv.FormatInt(time.Now().Add(wait).UnixMilli(), 10), wait+time.Second)
}

// language returns the language that was chosen on a page, or the browser's.
func (c cookies) language(w http.ResponseWriter, r *http.Request) advice.Language {
	for _, chosen := range []string{r.URL.Query().Get("lang"), c.get(r, languageCookie)} {
		if l := advice.Language(chosen); l == advice.Chinese || l == advice.English {
			c.set(w, languageCookie, chosen, 365*24*time.Hour)
			return l
		}
	}
	return advice.LanguageOf(r)
}
