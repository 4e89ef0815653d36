package loggers

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

const (
	mobile       = "13900001111"
	email        = "someone@example.invalid"
	account      = "Acct-3f4a"
	password     = "Pw-9c8d7e"
	imgCode      = "xkqp7w"
	smsCode      = "7k9x"
	token        = "tok-5f2c9e"
	clientSecret = "cs-1b2c3d"
	accessToken  = "at-0a1b2c"
	ticket       = "st-4e5f6a"
	apiKey       = "key-8d7c6b"
	cookie       = "session-2a3b4c"
)

var secrets = []string{mobile, email, account, password, imgCode, smsCode, token, clientSecret, accessToken, ticket, apiKey, cookie}

var (
	// A hexdump shows its text sixteen bytes a line, a secret in pieces.
	hexdump = regexp.MustCompile(`\|(.{1,16})\|\s*\n`)
	// What JSON makes of bytes.
	base64Text = regexp.MustCompile(`[A-Za-z0-9+/]{16,}`)
)

// A spelling is how printers show the bytes of a buffer, each in a text of its own that is made of the output once.
type spelling struct{ text, hexadecimal, decimal string }

var (
	separators = strings.NewReplacer("0x", "", ",", "", " ", "", "\n", "", "\t", "")

	spellings = func() map[string]spelling {
		found := map[string]spelling{}
		for _, secret := range secrets {
			s := spelling{text: strings.ToLower(secret), hexadecimal: hex.EncodeToString([]byte(secret))}
			for _, b := range []byte(secret) {
				s.decimal += fmt.Sprintf(" %d", b)
			}
			s.decimal += " "
			found[secret] = s
		}
		return found
	}()
)

// secretIn returns the first secret that out shows, as text or as the bytes of a buffer.
func secretIn(out string) string {
	var shown strings.Builder
	shown.WriteString(out)
	for _, line := range hexdump.FindAllStringSubmatch(out, -1) {
		shown.WriteString(line[1])
	}
	for _, encoded := range base64Text.FindAllString(out, -1) {
		decoded, _ := base64.RawStdEncoding.DecodeString(encoded)
		shown.WriteString("\n" + string(decoded))
	}
	texts := strings.ToLower(shown.String())
	hexadecimal := separators.Replace(strings.ToLower(out))
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	decimal := " " + strings.Join(strings.FieldsFunc(out, func(r rune) bool { return !isDigit(r) }), " ") + " "
	for _, secret := range secrets {
		s := spellings[secret]
		if strings.Contains(texts, s.text) || strings.Contains(hexadecimal, s.hexadecimal) || strings.Contains(decimal, s.decimal) {
			return secret
		}
	}
	return ""
}

// inABuffer is a secret somewhere in the middle of bytes, where a hexdump breaks it.
func inABuffer(secret string) []byte {
	return []byte("GET / HTTP/1.1\r\n" + strings.Repeat(".", 12) + secret + "\r\n" + hex.EncodeToString([]byte("end")))
}
