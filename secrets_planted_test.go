package openplatform_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What TestNoSecretIsPrinted plants, and how it searches.

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
	*testing.T
	planted []plantedSecret
	sent    []string // the secrets of the request, as it holds them
	tooLong bool     // fields are to be longer than is documented
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

// forgetRequest leaves what no request holds.
func (v *vault) forgetRequest() {
	v.planted = slices.DeleteFunc(v.planted, func(secret plantedSecret) bool { return !strings.HasPrefix(secret.field, "a stranger's") })
}

// request returns a value for the field of a request.
func (v *vault) request(field string) string {
	v.Helper()
	switch field {
	case "mobile":
		return v.mobile()
	case "email":
		return v.send(v.plantEmail(field))
	case "account": // it may be a phone number, an e-mail address or a name
		forms := []func() string{v.mobile, func() string { return v.request("email") }, func() string { return v.send("张三-" + v.newCore(field)) }}
		return forms[len(v.Name())%len(forms)]()
	case "code":
		return v.send(v.newCore(field) + v.ifTooLong("5"))
	case "img_code":
		return v.send(strings.ToUpper(v.newCore(field)))
	case "password":
		return v.send("p&w<" + v.newCore(field) + ">/ü+ 密\"\\" + v.ifTooLong(" and longer"))
	case "token", "client_secret", "access_token", "service_ticket":
		return v.send(v.issued(field))
	case "sms_type":
		return "LOGIN" + v.ifTooLong(" BY VOICE")
	case "username", "img_code_id", "client_id":
		return "no secret"
	}
	require.Fail(v, "is this a field for secrets?", field)
	return ""
}

// result returns a value for the field of a result whose value in the documentation is given.
func (v *vault) result(field string, documented any) any {
	v.Helper()
	switch field {
	case "mobile":
		return v.plantPhone("data.mobile")
	case "email":
		return v.plantEmail("data.email")
	case "img":
		return "data:image/jpg;base64," + base64.StdEncoding.EncodeToString([]byte("a picture of "+v.newCore("data.img")))
	case "token", "access_token", "service_ticket":
		return v.issued("data." + field)
	case "username", "open_id", "img_code_id", "activate", "expired", "number_of_uses":
		return documented
	}
	require.Fail(v, "is this a field for secrets?", field)
	return nil
}

func (v *vault) ifTooLong(s string) string {
	if v.tooLong {
		return s
	}
	return ""
}

func (v *vault) mobile() string {
	number := v.plantPhone("mobile")
	forms := []string{number, "+86" + number, inGroups(number, "-")}
	if v.tooLong {
		return v.send("+86 " + inGroups(number, "-"))
	}
	return v.send(forms[len(v.Name())%len(forms)])
}

// issued is a token as the platform makes them.
func (v *vault) issued(field string) string {
	return "eyJ/" + v.newCore(field) + "+" + v.newCore(field) + "=="
}

// assertUnseen returns how often the texts hold one of the vault's secrets, each of which is a failure.
func (v *vault) assertUnseen(texts []printed) (findings int) {
	v.Helper()
	searched := map[string]bool{} // most ways of printing print the same
	for _, p := range texts {
		if searched[p.text] {
			continue
		}
		searched[p.text] = true
		for _, secret := range v.find(p.text) {
			findings++
			assert.Fail(v, "a secret was printed", "%s %s, by %s: %.400s", secret.field, secret.core, p.how, p.text)
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

func insideJSON(s string) string { return strings.Trim(asJSON(s), `"`) }

// A spelling is how somebody who repeats a request could write a value of it.
type spelling struct {
	name  string
	spell func(string) string
}

var spellings = []spelling{
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
func findAllInControl(t *testing.T, operations []secretOperation) (found int) {
	t.Helper()
	careless := append(slices.Clone(spellings), []spelling{
		{"full-width", func(s string) string { return strings.Map(widen, s) }},
		{"hex", func(s string) string { return fmt.Sprintf("%x", s) }},
		{"hex with spaces", func(s string) string { return fmt.Sprintf("% #X", s) }},
		{"bytes", func(s string) string { return fmt.Sprintf("%d", []byte(s)) }},
		{"bytes in Go", func(s string) string { return fmt.Sprintf("%#v", []byte(s)) }},
		{"base64", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
		{"base64 of URLs", func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("say: " + s)) }},
	}...)
	for _, op := range operations {
		for _, how := range careless {
			v := &vault{T: t}
			text := "err: " + how.spell(printCarelessly(v, op))
			require.ElementsMatch(t, v.planted, v.find(text), "%s of %s: %s", how.name, op.name, text)
			found += len(v.planted)
		}
	}
	return found
}

// printCarelessly sends the same request as the SDK does without it, to nobody, and returns what net/http says of the
// failure, with the body beside it.
func printCarelessly(v *vault, op secretOperation) string {
	v.Helper()
	var out string
	client := newClient(v, "http://platform.invalid", through(roundTripper(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		require.NoError(v, err)
		bare, err := http.NewRequestWithContext(req.Context(), req.Method, req.URL.String(), bytes.NewReader(body)) //nolint:gosec // of the SDK's own
		require.NoError(v, err)
		resp, err := (&http.Client{Transport: closedPort()}).Do(bare) //nolint:gosec // it goes nowhere
		require.Error(v, err)
		require.Nil(v, resp)
		out = fmt.Sprintf("%v, body %s", err, body)
		return nil, err
	})), quickRetries)
	_, call := op.prepare(v)
	_, err := call(v.Context(), client)
	require.Error(v, err)
	return out
}
