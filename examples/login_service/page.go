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

// Typed returns what the person typed into a field, if it is no secret, so that nobody types it
// twice. The activation code is in the e-mail's link.
func (v view) Typed(field string) string {
	if !slices.Contains([]string{"username", "email", "mobile", "account", "token"}, field) {
		return ""
	}
	return v.request.FormValue(field)
}

// ImageURL is the picture for an img element, "" if it is none.
func (v view) ImageURL() template.URL {
	_, mediaType, err := v.Picture.Picture()
	if err != nil || !strings.HasPrefix(mediaType, "image/") {
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
		"t": func(key string) string { return texts[key].In(language) },
		"field": func(v view, name, kind, autocomplete string) map[string]any {
			return map[string]any{"View": v, "Name": name, "Type": kind, "Autocomplete": autocomplete}
		},
		"submit": func(v view, text string) map[string]any { return map[string]any{"View": v, "Text": text} },
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
