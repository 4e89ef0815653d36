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

// A hexdump shows its text sixteen bytes a line, a secret in pieces.
var hexdump = regexp.MustCompile(`\|(.{1,16})\|\s*\n`)

var spellings = func() map[string]*regexp.Regexp {
	found := map[string]*regexp.Regexp{}
	for _, secret := range secrets {
		var decimal, hexadecimal []string
		for _, b := range []byte(secret) {
			decimal = append(decimal, fmt.Sprint(b))
			hexadecimal = append(hexadecimal, fmt.Sprintf("%02x", b))
		}
		ways := []string{
			regexp.QuoteMeta(secret),
			`\b` + strings.Join(decimal, `\D{1,20}`) + `\b`,
			strings.Join(hexadecimal, `(?:[,\s]+(?:0x)?)?`),
		}
		for shift := range 3 { // base64 spells a text in three ways, by where it begins
			inside := []byte(strings.Repeat("-", shift) + secret)
			text := base64.RawStdEncoding.EncodeToString(inside)
			// The outer characters depend on what stands beside the secret.
			ways = append(ways, regexp.QuoteMeta(text[(shift*8+5)/6:len(inside)*8/6]))
		}
		found[secret] = regexp.MustCompile(`(?i)` + strings.Join(ways, "|"))
	}
	return found
}()

// secretIn returns the first secret that out shows: as text, or as the bytes of a buffer.
func secretIn(out string) string {
	var dumped strings.Builder
	for _, line := range hexdump.FindAllStringSubmatch(out, -1) {
		dumped.WriteString(line[1])
	}
	for _, secret := range secrets {
		if spellings[secret].MatchString(out) || spellings[secret].MatchString(dumped.String()) {
			return secret
		}
	}
	return ""
}

// inABuffer is a secret somewhere in the middle of bytes, where a hexdump breaks it.
func inABuffer(secret string) []byte {
	return []byte("GET / HTTP/1.1\r\n" + strings.Repeat(".", 12) + secret + "\r\n" + hex.EncodeToString([]byte("end")))
}
