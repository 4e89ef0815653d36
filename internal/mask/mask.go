// Package mask makes text printable: it replaces secrets, phone numbers and e-mail addresses, and
// returns one line of a limited length.
//
// A text is cut to a few kilobytes and searched in several forms: as it is, with the escapes of
// one kind (%41, \u0041, &#65;) decoded once, and decoded until no escape is left. The search uses only
// letters and digits, without case and width, so it finds a secret in any spelling. It masks every
// piece of eight characters of a secret: a part of a secret is masked too. A shorter secret is
// masked as a whole, or its beginning at the end of a text that was cut. The pieces are looked up
// in a table, so the time is linear in the length of the text and of the secrets.
package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is how much of a text is searched, in bytes: much more than is printed.
	maxText = 4 << 10
	// cutAt is the shortest text that may have been cut, in bytes: the platform's msg has
	// at most 255 characters.
	cutAt = 255
	// piece is how many characters of a secret must not be shown.
	piece = 8
	// minSecret is the shortest secret. Masking shorter ones would make every text unreadable.
	minSecret = 3
)

// A Secret is a value that must not be printed, with its masked form.
type Secret struct {
	Value string
	Mask  func(value string) string
}

// All masks a value completely.
func All(value string) string {
	if value == "" {
		return ""
	}
	return "***"
}

// Mobile masks a phone number: 176****3340. It masks a shorter text completely.
func Mobile(value string) string {
	r := []rune(value)
	if len(r) < 11 {
		return All(value)
	}
	return string(r[:3]) + "****" + string(r[len(r)-4:])
}

// What a platform's message may repeat without our having sent it. What people put
// between the groups of a phone number has no end: dashes of many kinds, brackets, dots.
var (
	phoneLike = regexp.MustCompile(`1[^\pL\pN]{0,4}[3-9](?:[^\pL\pN]{0,4}\d){9}|\d{7,}`)
	emailLike = regexp.MustCompile(`[\w.%+'!#$&*=?^{|}~-]+(?:@|%40)[\w-]+(?:[.．。][\w-]+)*`)
	notDigit  = regexp.MustCompile(`\D`)
)

// Text returns s in the form of [Plain], with the secrets and all phone numbers and e-mail addresses
// masked.
func Text(s string, secrets []Secret) string {
	t := newText(s)
	t.hideContacts()
	t.hide(secrets)
	return t.String()
}

// Contacts is [Text] for a text that repeats no secret.
func Contacts(s string) string { return Text(s, nil) }

// Secrets returns s in the form of [Plain] with the secrets masked.
func Secrets(s string, secrets []Secret) string {
	t := newText(s)
	t.hide(secrets)
	return t.String()
}

// RequestID returns id with the secrets masked. A UUID may contain a short secret by chance: only
// long ones are searched there, because support needs the id.
func RequestID(id string, secrets []Secret) string {
	t := newText(id)
	t.isUUID = IsUUID(id)
	t.hide(secrets)
	return t.String()
}

// longestUUID is its length in characters.
const longestUUID = 36

// IsUUID reports whether id has the form of a UUID, with dashes or without.
func IsUUID(id string) bool {
	return 32 <= len(id) && len(id) <= longestUUID && strings.Trim(id, "0123456789abcdefABCDEF-") == ""
}

// MayShow reports whether [RequestID] would mask a part of uuid because of a secret. It does not
// allocate: nearly every response has a UUID.
func MayShow(uuid, secret string) bool {
	return sharesPiece(uuid, secret, way{}) || sharesPiece(uuid, secret, way{punctuation: true})
}

func sharesPiece(uuid, secret string, w way) bool {
	var text [longestUUID]rune
	var last [piece]rune // of the secret
	length, read := 0, 0
	for _, c := range uuid {
		if counts(c, w) {
			text[length] = fold(c)
			length++
		}
	}
	for _, c := range secret {
		if c = fold(c); !counts(c, w) {
			continue
		}
		copy(last[:], last[1:])
		last[piece-1] = c
		if read++; read >= piece && contains(text[:length], last[:]) {
			return true
		}
	}
	return false
}

func contains(text, part []rune) bool {
	for ; len(text) >= len(part); text = text[1:] {
		if slices.Equal(text[:len(part)], part) {
			return true
		}
	}
	return false
}

// bounded cuts s to maxText bytes.
func bounded(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// Cut shortens s to limit characters.
func Cut(s string, limit int) string {
	if len(s) <= limit || utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
