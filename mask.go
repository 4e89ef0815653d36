package openplatform

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maskMobile keeps of a phone number what its owner recognises: 176****3340. Of
// anything shorter it keeps nothing.
func maskMobile(s string) string {
	r := []rune(s)
	if len(r) < 11 {
		return maskAll(s)
	}
	return string(r[:3]) + "****" + string(r[len(r)-4:])
}

// maskAll says that something is there, and nothing about it.
func maskAll(s string) string {
	if s == "" {
		return ""
	}
	return "***"
}

// What a platform's message may repeat without our having sent it. What people put
// between the groups of a phone number has no end: dashes of many kinds, brackets, dots.
var (
	phoneLike = regexp.MustCompile(`1[3-9]\d[^\pL\pN]{0,3}\d{4}[^\pL\pN]{0,3}\d{4}|\d{7,}`)
	emailLike = regexp.MustCompile(`(?i)[\w.%+-]+(?:@|＠|%40)[\w-]+(?:\.[\w-]+)+`)
	notDigit  = regexp.MustCompile(`\D`)
)

// maskText makes text of the platform's fit to print: phone numbers and e-mail
// addresses masked, on one line of at most limit characters.
func maskText(s string, limit int) string {
	s = emailLike.ReplaceAllString(plain(s), "***")
	s = phoneLike.ReplaceAllStringFunc(s, func(number string) string {
		return maskMobile(notDigit.ReplaceAllString(number, ""))
	})
	return cut(s, limit)
}

// maskCode leaves a code of the documented form alone, whatever else the request
// said: programs and people tell failures by it.
func maskCode(code Code, secrets []param) Code {
	switch class := code.class(); {
	case class != 0 && len(code) <= len(CodeInvalidToken):
		return code
	case 400 <= class && class <= 599: // of digits: to maskText it would be a phone number
		return Code(cut(maskSecrets(string(code), secrets), maxCode))
	default:
		return Code(maskText(maskSecrets(string(code), secrets), maxCode))
	}
}

// maskRequestID leaves a UUID alone, in which a short secret can stand by chance,
// and never touches digits: support must be able to find the request.
func maskRequestID(id string, secrets []param) string {
	isSecret := func(p param) bool { return len(p.value) >= 32 && strings.Contains(id, p.value) }
	if isUUID(id) && !slices.ContainsFunc(secrets, isSecret) {
		return id
	}
	return cut(maskSecrets(id, secrets), maxRequestID)
}

func isUUID(s string) bool {
	return 32 <= len(s) && len(s) <= 36 && strings.Trim(s, "0123456789abcdefABCDEF-") == ""
}

// A shorter value is no secret, and masking it would leave no text to read.
const minSecret = 3

// msgOK is the platform's word for success: with it there is nothing to look for.
const msgOK = "成功"

// maskSecrets makes s plain and replaces the request's secrets in it, before and after
// it is read as HTML: a secret can look like HTML itself.
func maskSecrets(s string, secrets []param) string {
	if s == "" || s == msgOK {
		return s
	}
	s = maskSpellings(plain(s), secrets)
	for range 2 { // some pages escape what was escaped
		s = maskSpellings(plain(html.UnescapeString(s)), secrets)
	}
	return s
}

func maskSpellings(s string, secrets []param) string {
	for _, p := range secrets {
		value := plain(p.value) // of spaces alone nothing is left, which stands everywhere
		if utf8.RuneCountInString(value) < minSecret {
			continue
		}
		for _, spelling := range spellings(p.value) {
			s = replaceFold(s, plain(spelling), p.mask(value))
		}
	}
	return s
}

// spellings are the forms in which a platform or a gateway's page would repeat a value.
func spellings(value string) []string {
	if isAlphanumeric(value) {
		return []string{value}
	}
	quoted, _ := json.Marshal(value) // a string always encodes
	inJSON := strings.Trim(string(quoted), `"`)
	plainer := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(inJSON)
	var out []string
	for _, s := range []string{value, inJSON, plainer} {
		slashed := strings.ReplaceAll(s, "/", `\/`)
		out = append(out, s, slashed, inASCII(s), inASCII(slashed))
	}
	for _, cased := range []string{strings.ToUpper(value), strings.ToLower(value)} {
		if !strings.EqualFold(cased, value) { // the capital of ı is that of i
			out = append(out, cased)
		}
	}
	query := url.QueryEscape(value)
	out = append(out, query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(value))
	if digits := notDigit.ReplaceAllString(value, ""); len(digits) >= 7 { // a phone number with dashes
		out = append(out, digits)
	}
	return out
}

// inASCII is how JSON is written by Python, and by PHP.
func inASCII(s string) string {
	var out strings.Builder
	for _, c := range utf16.Encode([]rune(s)) {
		if c < utf8.RuneSelf {
			out.WriteByte(byte(c))
		} else {
			fmt.Fprintf(&out, `\u%04x`, c)
		}
	}
	return out.String()
}

func isAlphanumeric(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// replaceFold replaces old by mask whatever its case: platforms like to upper-case
// a code before they complain about it.
func replaceFold(s, old, mask string) string {
	if !strings.Contains(strings.Map(fold, s), strings.Map(fold, old)) {
		return s
	}
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(old)).ReplaceAllLiteralString(s, mask)
}

// fold returns the smallest of the letters that differ from r in case alone, as regexp
// sees it: to strings.ToLower Φ and ϕ are two.
func fold(r rune) rune {
	smallest := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		smallest = min(smallest, next)
	}
	return smallest
}

// plain makes s valid, printable and of one line, with one space where there was any
// kind of space, and plain digits for the full-width ones of Chinese input methods. It
// comes before masking: what hides a secret from a pattern does not hide it from a
// reader.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case '０' <= r && r <= '９':
			return r - '０' + '0'
		case unicode.IsPrint(r):
			return r
		default:
			return ' '
		}
	}, s)
	if !strings.Contains(s, " ") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens s to limit characters.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// printParams is what a documented type prints under every verb.
func printParams(w io.Writer, params []param) {
	fields := make([]string, len(params))
	for i, p := range params {
		fields[i] = p.name + ":" + p.shown()
	}
	_, _ = fmt.Fprintf(w, "{%s}", strings.Join(fields, " "))
}

// logParams is what a documented type logs.
func logParams(params []param) slog.Value {
	attrs := make([]slog.Attr, len(params))
	for i, p := range params {
		attrs[i] = slog.String(p.name, p.shown())
	}
	return slog.GroupValue(attrs...)
}

func (p param) shown() string {
	if p.mask == nil {
		return cut(plain(p.value), maxMsg)
	}
	return plain(p.mask(p.value))
}
