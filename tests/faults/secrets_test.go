package faults

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Promise 4: no secret leaves through an error, a log line, an observer or a Referer, whatever fails and however it is
// printed. Each operation meets each kind of failure with secrets of that cell's own, and all that was printed is
// searched for them. What the package documentation leaves whole is not printed here: JSON made of errors, requests and
// results (which slog's JSON handler makes of a slice or a struct of them), values in unexported fields, and the field
// Msg of an APIError.

func TestSecretsMatrix(t *testing.T) {
	controlled := findAllInControl(t)
	output := captureOutput(t)
	table := secretsTable{tallies: map[string]*secretsTally{}}
	sum := secretsTally{outcomes: map[openplatform.Outcome]bool{}}
	all := &vault{cell: "any cell"}
	for _, failure := range secretFailures() {
		for _, op := range secretOperations {
			if failure.only != nil && !slices.Contains(failure.only, op.name) {
				continue
			}
			v := newVault(failure, op)
			t.Run(v.cell, func(t *testing.T) {
				one := watchCell(t, v, failure, op)
				table.add(failure.row, one)
				sum.add(one)
			})
			all.planted = append(all.planted, v.planted...)
		}
	}
	kinds := len(table.names)
	log.Print("to the standard logger")
	_, _ = fmt.Fprintln(os.Stderr, "to stderr")
	written := output()
	require.Contains(t, written, "to the standard logger\nto stderr\n", "nothing would be found where nothing is captured")
	table.add("what all calls wrote to stderr and the standard logger", secretsTally{
		texts: 1, bytes: len(written), findings: all.assertUnseen(t, []printed{{"stderr", written}}),
	})
	report(t, "secrets", fmt.Sprintf(
		"Secrets: %d operations meet %d kinds of failure in %d cells, each with secrets of its own. %d texts, %d MB, were searched "+
			"for them. The same search over the same requests, printed by net/http and fmt alone, finds %d of %d.",
		len(secretOperations), kinds, sum.cells, sum.texts, sum.bytes>>20, controlled, controlled),
		[]string{"failure", "cells", "texts", "bytes", "outcome", "findings"}, table.rows())
}

// watchCell makes one call that meets one failure, and searches whatever could be printed of it.
func watchCell(t *testing.T, v *vault, failure secretFailure, op secretOperation) secretsTally {
	t.Helper()
	request, call := op.prepare(v)
	s := &staging{t: t, vault: v, ctx: t.Context(), url: "http://platform.invalid"}
	s.strangers = []string{v.plantPhone("a stranger's phone"), v.plantEmail("a stranger's e-mail")}
	s.data = asJSON(op.data(v))
	failure.stage(s)

	var text, jsonLines bytes.Buffer
	seen := &secretsObserver{}
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	client, err := openplatform.NewClient(openplatform.Test, append(s.options,
		openplatform.WithBaseURL(s.url),
		openplatform.WithHTTPClient(&s.http),
		openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1}),
		openplatform.WithLogger(slog.New(twoHandlers{slog.NewTextHandler(&text, debug), slog.NewJSONHandler(&jsonLines, debug)})),
		openplatform.WithObserver(seen))...)
	require.NoError(t, err)
	resp, err := call(s.ctx, client)
	client.CloseIdleConnections()

	require.Equal(t, failure.want, fmt.Sprintf("%T", err), "the failure is not the one that was staged: %v", err)
	if failure.masks {
		assert.Contains(t, err.Error(), "***", "the answer's words never got into the text")
	}
	require.NotEmpty(t, text.String())
	all := []printed{{"WithLogger, text", text.String()}, {"WithLogger, JSON", jsonLines.String()}}
	all = append(all, printRequestOrResult(request)...)
	all = append(all, printRequestOrResult(resp)...)
	all = append(all, printError(err)...)
	for _, given := range seen.given {
		all = append(all, printObserved(given)...)
	}
	all = append(all, s.receivedHeaders()...)
	one := secretsTally{
		cells: 1, texts: len(all), findings: v.assertUnseen(t, all),
		outcomes: map[openplatform.Outcome]bool{openplatform.OutcomeOf(err): true},
	}
	for _, p := range all {
		one.bytes += len(p.text)
	}
	return one
}

// What is printed

type printed struct{ how, text string }

// Under a verb that is not for errors, fmt prints the fields of what fmt.Errorf and errors.Join return, and with them
// the Msg of an APIError: of what wraps an error only the first seven are printed.
var (
	verbs        = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%+q", "% x", "%#x", "%d", "%t", "%c", "%U", "%e", "%.9s", "%40v", "%T"}
	verbsToWraps = verbs[:7]
)

// printWithFmt prints v by itself and in what a program would wrap around it.
func printWithFmt(v any, verbs ...string) []printed {
	var out []printed
	for _, verb := range verbs {
		out = append(out, printed{verb, fmt.Sprintf(verb, v)})
	}
	var logged bytes.Buffer
	log.New(&logged, "", log.LstdFlags).Print(v)
	out = append(out, printed{"Sprint", fmt.Sprint(v)}, printed{"Sprintln", fmt.Sprintln(v)}, printed{"log.Print", logged.String()})
	for _, holder := range []any{[]any{v}, map[string]any{"v": v}, struct{ V any }{v}} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			out = append(out, printed{fmt.Sprintf("%s in a %T", verb, holder), fmt.Sprintf(verb, holder)})
		}
	}
	return out
}

func printWithSlog(v any, handlers ...string) []printed {
	var out []printed
	for _, name := range handlers {
		var logged bytes.Buffer
		var handler slog.Handler = slog.NewTextHandler(&logged, nil)
		if name == "JSON" {
			handler = slog.NewJSONHandler(&logged, nil)
		}
		logger := slog.New(handler)
		logger.Info("as an attribute", "v", v)
		logger.Info("in a group", slog.Group("g", "v", v))
		logger.With("v", v).WithGroup("g").Info("of the logger")
		out = append(out, printed{"slog " + name, logged.String()})
	}
	return out
}

// printRequestOrResult prints what v points to as well, and of a response its data.
func printRequestOrResult(v any) []printed {
	if v == nil || reflect.ValueOf(v).IsNil() {
		return nil
	}
	pointed := reflect.ValueOf(v).Elem()
	out := append(printWithFmt(v, verbs...), printWithFmt(pointed.Interface(), verbs...)...)
	out = append(out, printWithSlog(v, "text", "JSON")...)
	out = append(out, printWithSlog(pointed.Interface(), "text", "JSON")...)
	if data := pointed.FieldByName("Data"); data.IsValid() {
		out = append(out, printWithFmt(data.Interface(), verbs...)...)
		out = append(out, printWithSlog(data.Interface(), "text", "JSON")...)
	}
	return out
}

// printError prints err, what a program would wrap it in, all that it wraps, and what each of them points to.
func printError(err error) []printed {
	if err == nil {
		return nil
	}
	var out []printed
	for _, e := range []error{err, fmt.Errorf("login: %w", err), errors.Join(errors.New("twice"), err)} {
		out = append(out, printed{"Error", e.Error()})
		out = append(out, printWithFmt(e, verbsToWraps...)...)
		out = append(out, printWithSlog(e, "text", "JSON")...)
	}
	out = append(out, printWithFmt(err, verbs...)...)
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer {
		out = append(out, printWithFmt(v.Elem().Interface(), verbs...)...)
		out = append(out, printWithSlog(v.Elem().Interface(), "text")...)
	}
	for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
		out = append(out, printed{"the fields of the cause", fieldsOf(reflect.ValueOf(cause), 0)})
		out = append(out, printWithFmt(cause, verbs...)...)
		out = append(out, printWithSlog(cause, "text", "JSON")...)
	}
	return out
}

// printObserved also prints what of an observer's value has no way out but reflection or JSON.
func printObserved(v any) []printed {
	out := append(printWithFmt(v, verbs...), printWithSlog(v, "text", "JSON")...)
	inJSON, err := json.Marshal(v)
	return append(out, printed{"fields", fieldsOf(reflect.ValueOf(v), 0)}, printed{"JSON", fmt.Sprint(string(inJSON), err)})
}

// fieldsOf returns every string in v, those in unexported fields included.
func fieldsOf(v reflect.Value, depth int) string {
	var out strings.Builder
	switch {
	case depth > 12:
		return ""
	case v.Kind() == reflect.String:
		return v.String() + "\n"
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return string(v.Bytes()) + "\n"
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		if !v.IsNil() {
			return fieldsOf(v.Elem(), depth+1)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			out.WriteString(fieldsOf(v.Field(i), depth+1))
		}
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			out.WriteString(fieldsOf(v.Index(i), depth+1))
		}
	case v.Kind() == reflect.Map:
		for _, key := range v.MapKeys() {
			out.WriteString(fieldsOf(key, depth+1) + fieldsOf(v.MapIndex(key), depth+1))
		}
	}
	return out.String()
}

// twoHandlers logs to both.
type twoHandlers struct {
	slog.Handler
	other slog.Handler
}

func (h twoHandlers) Handle(ctx context.Context, record slog.Record) error {
	return errors.Join(h.Handler.Handle(ctx, record), h.other.Handle(ctx, record))
}

// secretsObserver keeps what it is given.
type secretsObserver struct{ given []any }

func (o *secretsObserver) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	o.given = append(o.given, start)
	return ctx, func(end openplatform.CallEnd) { o.given = append(o.given, end) }
}

func (o *secretsObserver) ObserveAttempt(ctx context.Context, start openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	o.given = append(o.given, start)
	return ctx, func(end openplatform.AttemptEnd) { o.given = append(o.given, end) }
}

// captureOutput redirects what the process, resty and net/http write to stderr until the function that it returns is
// called.
func captureOutput(t *testing.T) func() string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	require.NoError(t, err)
	original, writer := os.Stderr, log.Writer()
	os.Stderr = file
	log.SetOutput(file)
	restore := func() {
		os.Stderr = original
		log.SetOutput(writer)
	}
	t.Cleanup(func() { restore(); _ = file.Close() })
	return func() string {
		restore()
		out, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return string(out)
	}
}

// What is planted

// A plantedSecret stands in no other cell. Its core is of letters and digits alone, which no escape changes: where the
// secret is printed in whatever spelling, or in part, the core is.
type plantedSecret struct {
	field, core string
	forms       []string // to look for
	joinedForms []string // to look for where only letters and digits are left of a text
}

// newPlantedSecret also knows the core's bytes as fmt prints them in decimal and in hex.
func newPlantedSecret(field, core string) plantedSecret {
	s := plantedSecret{field: field, core: core, forms: []string{core}, joinedForms: []string{core}}
	if !isPhone(core) {
		s.joinedForms = nil // four characters can come together by chance
	}
	for _, bytes := range [][]byte{[]byte(core), []byte(strings.ToUpper(core)), []byte(inGroups(core, "-"))} {
		s.forms = append(s.forms, strings.Trim(fmt.Sprintf("%d", bytes), "[]"))
		s.joinedForms = append(s.joinedForms, fmt.Sprintf("%x", bytes), strings.ReplaceAll(fmt.Sprintf("% #x", bytes), " ", ""))
	}
	return s
}

func isPhone(core string) bool { return len(core) == len("17600000000") }

// A vault plants the secrets of one cell and knows where to look for them.
type vault struct {
	cell    string
	planted []plantedSecret
	sent    []string // the secrets of the request, as it holds them
	tooLong bool     // fields are to be longer than is documented
}

func newVault(failure secretFailure, op secretOperation) *vault {
	name := strings.Join(slices.DeleteFunc([]string{failure.row, failure.variant, op.name}, func(s string) bool { return s == "" }), "/")
	return &vault{cell: name, tooLong: failure.tooLong}
}

var secretsPlanted int

// newCore returns four characters that no text holds by chance: neither hex nor a word.
func (v *vault) newCore(field string) string {
	const letters, digits = "ghjkmnpqrstvwz", "23456789"
	secretsPlanted++
	n, core := secretsPlanted, make([]byte, 4)
	for i, alphabet := range []string{letters, digits, letters, letters} {
		core[i] = alphabet[n%len(alphabet)]
		n /= len(alphabet)
	}
	v.planted = append(v.planted, newPlantedSecret(field, string(core)))
	return string(core)
}

func (v *vault) plantPhone(field string) string {
	secretsPlanted++
	const coprime = 987654321 // to 10⁹: no number comes twice
	number := fmt.Sprintf("17%09d", secretsPlanted*coprime%1e9)
	v.planted = append(v.planted, newPlantedSecret(field, number))
	return number
}

func (v *vault) plantEmail(field string) string {
	return fmt.Sprintf("li.%s+shop@mail-%s.example.com", v.newCore(field), v.newCore(field))
}

func (v *vault) send(value string) string {
	v.sent = append(v.sent, value)
	return value
}

func (v *vault) mobile() string {
	number := v.plantPhone("mobile")
	forms := []string{number, "+86" + number, inGroups(number, "-")}
	if v.tooLong {
		return v.send("+86 " + inGroups(number, "-"))
	}
	return v.send(forms[len(v.cell)%len(forms)])
}

func (v *vault) email() string { return v.send(v.plantEmail("email")) }

func (v *vault) code() string {
	if v.tooLong {
		return v.send(v.newCore("code") + "5")
	}
	return v.send(v.newCore("code"))
}

func (v *vault) imgCode() string { return v.send(strings.ToUpper(v.newCore("img_code"))) }

func (v *vault) password() string {
	if v.tooLong {
		return v.send("p&w<" + v.newCore("password") + ">/ü+ 密 and longer")
	}
	return v.send("p&w<" + v.newCore("password") + ">/ü+ 密\"\\")
}

// account is a phone number, an e-mail address or a name.
func (v *vault) account() string {
	forms := []func() string{v.mobile, v.email, func() string { return v.send("张三-" + v.newCore("account")) }}
	return forms[len(v.cell)%len(forms)]()
}

func (v *vault) token(field string) string { return v.send(v.issued(field)) }

// issued is a token that comes in an answer.
func (v *vault) issued(field string) string {
	return "eyJ/" + v.newCore(field) + "+" + v.newCore(field) + "=="
}

// assertUnseen returns how often the texts hold one of the vault's secrets, each of which is a failure.
func (v *vault) assertUnseen(t *testing.T, texts []printed) (findings int) {
	t.Helper()
	searched := map[string]bool{} // most ways of printing print the same
	for _, p := range texts {
		if searched[p.text] {
			continue
		}
		searched[p.text] = true
		for _, secret := range v.find(p.text) {
			findings++
			assert.Fail(t, "a secret was printed", "%s %s of %s, by %s: %.400s", secret.field, secret.core, v.cell, p.how, p.text)
		}
	}
	return findings
}

// find returns the secrets that a reader of text could read in it, or with a decoder at hand.
func (v *vault) find(text string) []plantedSecret {
	folded := strings.Map(foldRune, text+decodedBase64(text))
	joined := strings.Map(keepAlphanumeric, folded)
	return slices.DeleteFunc(slices.Clone(v.planted), func(secret plantedSecret) bool { return !secret.standsIn(folded, joined) })
}

func (s plantedSecret) standsIn(folded, joined string) bool {
	in := func(text string) func(string) bool {
		return func(form string) bool { return strings.Contains(text, form) }
	}
	return slices.ContainsFunc(s.forms, in(folded)) || slices.ContainsFunc(s.joinedForms, in(joined))
}

var toStandard64 = strings.NewReplacer("-", "+", "_", "/", "=", "")

// decodedBase64 is what stands in text as base64.
func decodedBase64(text string) string {
	var out strings.Builder
	isOther := func(r rune) bool { return !strings.ContainsRune("+/-_=", r) && (r > 'z' || keepAlphanumeric(r) < 0) }
	for _, run := range strings.FieldsFunc(text, isOther) {
		run = strings.TrimLeft(run, "=")
		if raw, err := base64.RawStdEncoding.DecodeString(toStandard64.Replace(run)); err == nil && len(run) >= 8 {
			out.WriteString("\n" + string(raw))
		}
	}
	return out.String()
}

func foldRune(r rune) rune {
	if '！' <= r && r <= '～' { // the full-width forms of Chinese input methods
		r -= '！' - '!'
	}
	return unicode.ToLower(r)
}

func keepAlphanumeric(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}

var phoneGroups = regexp.MustCompile(`(1[3-9]\d)(\d{4})(\d{4})`)

func inGroups(s, separator string) string {
	return phoneGroups.ReplaceAllString(s, "${1}"+separator+"${2}"+separator+"${3}")
}

func widen(r rune) rune {
	if '!' <= r && r <= '~' {
		return r - '!' + '！'
	}
	return r
}

func widenDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return widen(r)
		}
		return r
	}, s)
}

func asJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

func insideJSON(s string) string { return strings.Trim(asJSON(s), `"`) }

// A spelling is how somebody who repeats a request could write a value of it.
type spelling struct {
	name  string
	spell func(string) string
}

var secretSpellings = []spelling{
	{"as it was sent", func(s string) string { return s }},
	{"in capitals", strings.ToUpper},
	{"as in a query", url.QueryEscape},
	{"as in a query, small letters", func(s string) string { return strings.ToLower(url.QueryEscape(s)) }},
	{"as in a path", url.PathEscape},
	{"as JavaScript's URL", func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }},
	{"as in HTML", html.EscapeString},
	{"as in HTML, twice", func(s string) string { return html.EscapeString(html.EscapeString(s)) }},
	{"as in Python's JSON", func(s string) string { return strings.Trim(strconv.QuoteToASCII(s), `"`) }},
	{"as in careful PHP's JSON", func(s string) string { return strings.ReplaceAll(insideJSON(s), "/", `\/`) }},
	{"as in JSON", insideJSON},
	{"as in PHP's JSON", func(s string) string { return strings.ReplaceAll(strings.Trim(strconv.Quote(s), `"`), "/", `\/`) }},
	{"phones with spaces", func(s string) string { return inGroups(s, " ") }},
	{"phones with dashes", func(s string) string { return inGroups(s, "—") }},
	{"phones with full-width dashes", func(s string) string { return widenDigits(inGroups(s, "－")) }},
	{"phones with spaces and dashes", func(s string) string { return inGroups(s, " - ") }},
	{"phones with brackets", func(s string) string { return inGroups(s, ") ") }},
	{"full-width digits", widenDigits},
}

// The control

// findAllInControl prints the requests as a careless program would, and requires that the search finds every secret in
// every spelling.
func findAllInControl(t *testing.T) (found int) {
	t.Helper()
	careless := append(slices.Clone(secretSpellings), []spelling{
		{"full-width", func(s string) string { return strings.Map(widen, s) }},
		{"hex", func(s string) string { return fmt.Sprintf("%x", s) }},
		{"hex with spaces", func(s string) string { return fmt.Sprintf("% #X", s) }},
		{"bytes", func(s string) string { return fmt.Sprintf("%d", []byte(s)) }},
		{"bytes in Go", func(s string) string { return fmt.Sprintf("%#v", []byte(s)) }},
		{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{"base64 of URLs", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("say: " + s)) }},
	}...)
	for _, op := range secretOperations {
		for _, how := range careless {
			v := newVault(secretFailure{row: "control", variant: how.name}, op)
			text := "err: " + how.spell(printCarelessly(t, v, op))
			require.ElementsMatch(t, v.planted, v.find(text), "%s: %s", v.cell, text)
			found += len(v.planted)
		}
	}
	return found
}

// printCarelessly sends the same request as the SDK does without it, to nobody, and returns what net/http says of the
// failure, with the body beside it.
func printCarelessly(t *testing.T, v *vault, op secretOperation) string {
	t.Helper()
	var out string
	rt := secretsRoundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(t, err)
		bare, err := http.NewRequestWithContext(req.Context(), req.Method, req.URL.String(), bytes.NewReader(body)) //nolint:gosec // of the SDK's own
		require.NoError(t, err)
		resp, err := (&http.Client{Transport: refusingTransport()}).Do(bare) //nolint:gosec // it goes nowhere
		require.Error(t, err)
		require.Nil(t, resp)
		out = fmt.Sprintf("%v, body %s", err, body)
		return nil, err
	})
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithHTTPClient(&http.Client{Transport: rt}))
	require.NoError(t, err)
	_, call := op.prepare(v)
	_, err = call(t.Context(), client)
	require.Error(t, err)
	return out
}

// The operations

// A secretOperation is one of the platform's, with a request and a result full of secrets.
type secretOperation struct {
	name    string
	prepare func(v *vault) (request any, call func(context.Context, *openplatform.Client) (resp any, err error))
	data    func(v *vault) any // of a success
}

func secretOp[Req, Data any](
	name string,
	method func(*openplatform.Client, context.Context, *Req) (*openplatform.Response[Data], error),
	request func(v *vault) Req,
	data func(v *vault) any,
) secretOperation {
	prepare := func(v *vault) (any, func(context.Context, *openplatform.Client) (any, error)) {
		req := request(v)
		return &req, func(ctx context.Context, client *openplatform.Client) (any, error) {
			resp, err := method(client, ctx, &req)
			return resp, err
		}
	}
	return secretOperation{name, prepare, data}
}

const secretsOpenID = "oB4nYjnoHhuWrPVi2pYLuPjnCaU0"

var secretOperations = []secretOperation{
	secretOp("Register", (*openplatform.Client).Register, func(v *vault) openplatform.RegisterRequest {
		return openplatform.RegisterRequest{
			Username: "somebody", Email: v.email(), Mobile: v.mobile(), Code: v.code(), Password: v.password(),
		}
	}, func(v *vault) any {
		return map[string]any{
			"username": "somebody", "email": v.plantEmail("data.email"), "mobile": v.plantPhone("data.mobile"), "open_id": secretsOpenID,
		}
	}),
	secretOp("Login", (*openplatform.Client).Login, func(v *vault) openplatform.LoginRequest {
		return openplatform.LoginRequest{Account: v.account(), Password: v.password()}
	}, aLogin),
	secretOp("GetImgCode", getImgCodeOfNothing, func(*vault) struct{} { return struct{}{} }, func(v *vault) any {
		img := base64.StdEncoding.EncodeToString([]byte("a picture of " + v.newCore("data.img")))
		return map[string]any{"img": "data:image/jpg;base64," + img, "img_code_id": "MS6A1I"}
	}),
	secretOp("Activate", (*openplatform.Client).Activate, func(v *vault) openplatform.ActivateRequest {
		return openplatform.ActivateRequest{Token: v.token("token")}
	}, isTrue),
	secretOp("SendSmsCode", (*openplatform.Client).SendSmsCode, func(v *vault) openplatform.SendSmsCodeRequest {
		req := openplatform.SendSmsCodeRequest{
			Mobile: v.mobile(), ImgCodeID: "MS6A1I", ImgCode: v.imgCode(), SmsType: openplatform.SmsTypeLogin,
		}
		if v.tooLong { // no length is documented: then it is the type that is wrong
			req.SmsType = "VOICE"
		}
		return req
	}, isTrue),
	secretOp("LoginByMobileCode", (*openplatform.Client).LoginByMobileCode, func(v *vault) openplatform.LoginByMobileCodeRequest {
		return openplatform.LoginByMobileCodeRequest{Mobile: v.mobile(), Code: v.code(), SmsType: openplatform.SmsTypeLogin}
	}, aLogin),
	secretOp("ResetPassword", (*openplatform.Client).ResetPassword, func(v *vault) openplatform.ResetPasswordRequest {
		return openplatform.ResetPasswordRequest{Token: v.token("token"), Password: v.password()}
	}, isTrue),
	secretOp("Logout", (*openplatform.Client).Logout, func(v *vault) openplatform.LogoutRequest {
		return openplatform.LogoutRequest{Token: v.token("token")}
	}, isTrue),
	secretOp("CheckToken", (*openplatform.Client).CheckToken, func(v *vault) openplatform.CheckTokenRequest {
		return openplatform.CheckTokenRequest{Token: v.token("token")}
	}, func(*vault) any { return nil }),
	secretOp("GetAccessToken", (*openplatform.Client).GetAccessToken, func(v *vault) openplatform.GetAccessTokenRequest {
		return openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: v.token("client_secret")}
	}, func(v *vault) any {
		return map[string]any{"access_token": v.issued("data.access_token"), "expired": "2030-01-02 15:04:05"}
	}),
	secretOp("GetServiceTicket", (*openplatform.Client).GetServiceTicket, func(v *vault) openplatform.GetServiceTicketRequest {
		return openplatform.GetServiceTicketRequest{AccessToken: v.token("access_token"), Token: v.token("token")}
	}, func(v *vault) any {
		return map[string]any{"service_ticket": v.issued("data.service_ticket"), "expired": "2030-01-02 15:04:05", "number_of_uses": 1}
	}),
	secretOp("GetAccount", (*openplatform.Client).GetAccount, func(v *vault) openplatform.GetAccountRequest {
		return openplatform.GetAccountRequest{ServiceTicket: v.token("service_ticket")}
	}, func(v *vault) any {
		return map[string]any{
			"username": "somebody", "email": v.plantEmail("data.email"), "mobile": v.plantPhone("data.mobile"),
			"activate": true, "open_id": secretsOpenID,
		}
	}),
}

func getImgCodeOfNothing(c *openplatform.Client, ctx context.Context, _ *struct{}) (*openplatform.Response[openplatform.ImgCode], error) { //nolint:revive // in the order of a method expression
	return c.GetImgCode(ctx)
}

func isTrue(*vault) any { return true }

func aLogin(v *vault) any {
	return map[string]any{"open_id": secretsOpenID, "token": v.issued("data.token")}
}

// The table

type secretsTally struct {
	cells, texts, bytes, findings int
	outcomes                      map[openplatform.Outcome]bool
}

func (s *secretsTally) add(one secretsTally) {
	s.cells += one.cells
	s.texts += one.texts
	s.bytes += one.bytes
	s.findings += one.findings
	maps.Copy(s.outcomes, one.outcomes)
}

// A secretsTable counts by kind of failure, in the order in which they came.
type secretsTable struct {
	names   []string
	tallies map[string]*secretsTally
}

func (s *secretsTable) add(name string, one secretsTally) {
	if s.tallies[name] == nil {
		s.names = append(s.names, name)
		s.tallies[name] = &secretsTally{outcomes: map[openplatform.Outcome]bool{}}
	}
	s.tallies[name].add(one)
}

func (s *secretsTable) rows() [][]string {
	var out [][]string
	for _, name := range s.names {
		sum := s.tallies[name]
		var outcomes []string
		for _, o := range slices.Sorted(maps.Keys(sum.outcomes)) {
			outcomes = append(outcomes, o.String())
		}
		out = append(out, []string{
			name, strconv.Itoa(sum.cells), strconv.Itoa(sum.texts), strconv.Itoa(sum.bytes),
			strings.Join(outcomes, ", "), strconv.Itoa(sum.findings),
		})
	}
	return out
}
