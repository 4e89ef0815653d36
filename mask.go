package openplatform

import (
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"unicode"
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

// What a platform's message may repeat without our having sent it.
var (
	phoneLike = regexp.MustCompile(`1[3-9]\d[ -]?\d{4}[ -]?\d{4}|\d{7,}`)
	emailLike = regexp.MustCompile(`[\w.%+-]+@[\w-]+(?:\.[\w-]+)+`)
	uuidLike  = regexp.MustCompile(`^[0-9a-fA-F-]{32,36}$`)
)

// asciiDigits turns the full-width digits of Chinese input methods into plain ones.
var asciiDigits = strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")

// maskText makes text of the platform's fit to print: phone numbers and e-mail
// addresses masked, on one line of at most limit characters.
func maskText(s string, limit int) string {
	s = asciiDigits.Replace(s)
	s = emailLike.ReplaceAllString(s, "***")
	s = phoneLike.ReplaceAllStringFunc(s, func(number string) string {
		return maskMobile(strings.NewReplacer(" ", "", "-", "").Replace(number))
	})
	return oneLine(s, limit)
}

// maskCode leaves a code of the documented form alone, whatever else the request
// said.
func maskCode(code Code, secrets []param) Code {
	if code.class() != 0 && len(code) <= len(CodeInvalidToken) {
		return code
	}
	return Code(maskText(maskSecrets(string(code), secrets), maxCode))
}

// maskRequestID leaves a UUID alone, in which a short secret can stand by chance,
// and never touches digits: support must be able to find the request.
func maskRequestID(id string, secrets []param) string {
	if uuidLike.MatchString(id) {
		return id
	}
	return oneLine(maskSecrets(id, secrets), maxRequestID)
}

// A shorter value is no secret, and masking it would leave no text to read.
const minSecret = 3

// maskSecrets replaces the request's secrets in s, in the spellings in which a
// gateway's page would repeat them.
func maskSecrets(s string, secrets []param) string {
	for _, p := range secrets {
		if utf8.RuneCountInString(p.value) < minSecret {
			continue
		}
		for _, spelling := range []string{p.value, html.EscapeString(p.value), url.QueryEscape(p.value), url.PathEscape(p.value)} {
			s = replaceFold(s, spelling, p.mask(p.value))
		}
	}
	return s
}

// replaceFold replaces old by mask whatever its case: platforms like to upper-case
// a code before they complain about it.
func replaceFold(s, old, mask string) string {
	if !strings.Contains(strings.ToLower(s), strings.ToLower(old)) {
		return s
	}
	return regexp.MustCompile(`(?i)`+regexp.QuoteMeta(old)).ReplaceAllLiteralString(s, mask)
}

// oneLine makes s printable on a line of at most limit characters.
func oneLine(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
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
		return p.value
	}
	return p.mask(p.value)
}
