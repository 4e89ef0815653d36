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

// A view is what a page shows.
type view struct {
	Advice  advice.Advice        // what went wrong, the zero value if nothing did
	Done    string               // the key of what went well
	Wait    int                  // seconds before the page offers its button
	NextSMS int                  // seconds before it offers another SMS
	Flow    string               // what the SMS is for
	Picture openplatform.ImgCode // to be read
	Account openplatform.Account

	// Set by show:
	Page, Path string
	Language   advice.Language
	request    *http.Request
}

// Typed returns what was typed into a field, or came in the e-mail's link, unless it is a secret.
func (v view) Typed(field string) string {
	if !slices.Contains([]string{"username", "email", "mobile", "account", "token"}, field) {
		return ""
	}
	return v.request.FormValue(field)
}

// ImageURL is the picture for an img element, "" if it is none.
func (v view) ImageURL() template.URL {
	if _, mediaType, err := v.Picture.Picture(); err != nil || !strings.HasPrefix(mediaType, "image/") {
		return ""
	}
	return template.URL(v.Picture.Img) //nolint:gosec // a data URL of an image
}

// pages are the templates, by language. What is embedded parses, or no test passes.
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

// show answers with a page, at the status of what went wrong.
func (s *service) show(w http.ResponseWriter, r *http.Request, page string, v view) {
	v.Page, v.Path, v.Language, v.request = page, r.URL.Path, s.cookies.language(w, r), r
	if v.Done == "" && v.Advice.Status == 0 {
		v.Done = r.URL.Query().Get("done")
	}
	var body bytes.Buffer
	if err := pages[v.Language].ExecuteTemplate(&body, page+".html", v); err != nil {
		panic(err) // a mistake in a template: better no page than half of one
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Advice.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(v.Advice.WaitSeconds()))
	}
	w.WriteHeader(max(v.Advice.Status, http.StatusOK))
	_, _ = w.Write(body.Bytes()) // a browser that has gone cannot be told
}

// What the service keeps in a browser.
const (
	sessionCookie  = "session"  // the platform's login token
	resetCookie    = "reset"    // the token that ResetPassword takes, between the two steps of a reset
	nextSMSCookie  = "next_sms" // when another SMS may be offered
	languageCookie = "lang"
)

// cookies say how. With https they have names that no other host and no plain http can set.
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

// set keeps a value for a while, or until the browser is closed if it is 0; never if it is less.
func (c cookies) set(w http.ResponseWriter, name, value string, while time.Duration) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
		Name: c.name(name), Value: value, Path: "/", MaxAge: int(while.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) remove(w http.ResponseWriter, name string) { c.set(w, name, "", -time.Second) }

// wait returns in how many seconds this browser may be offered another SMS.
func (c cookies) wait(r *http.Request) int {
	until, _ := strconv.ParseInt(c.get(r, nextSMSCookie), 10, 64) // 0 if there is none
	return max(0, min(int(until-time.Now().Unix()), 3600))        // the browser may have changed it
}

func (c cookies) setWait(w http.ResponseWriter, wait time.Duration) {
	c.set(w, nextSMSCookie, strconv.FormatInt(time.Now().Add(wait).Unix()+1, 10), wait+time.Second)
}

// language is the one that was chosen on a page, or the one that the browser asks for.
func (c cookies) language(w http.ResponseWriter, r *http.Request) advice.Language {
	for _, chosen := range []string{r.URL.Query().Get("lang"), c.get(r, languageCookie)} {
		if l := advice.Language(chosen); l == advice.Chinese || l == advice.English {
			c.set(w, languageCookie, chosen, 365*24*time.Hour)
			return l
		}
	}
	return advice.LanguageOf(r)
}
