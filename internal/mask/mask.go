// Package mask makes text fit to print: secrets, phone numbers and e-mail addresses
// replaced, on one line of a bounded length.
//
// A text is cut to a few kilobytes and read three times: as it stands, with each escape
// (%41, \u0041, &#65;) decoded once, and decoded until no escape is left. Each time only letters and digits count, whatever
// their case and width, so that a secret is found in any spelling. Every piece of eight
// characters of a secret is masked wherever it stands: a secret cut in half is masked too.
// A shorter secret is masked as a whole; at the end of a text that was cut, its beginning
// is enough. The pieces are looked up in a table, so the work grows with the length of the
// text and of the secrets, and with nothing else.
package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxText is how much of a text is looked at, in bytes: far more than is printed.
	maxText = 4 << 10
	// cutAt is the shortest text that may have been cut, in bytes: the platform's msg has
	// at most 255 characters.
	cutAt = 255
	// piece is how many characters of a secret give it away.
	piece = 8
	// minSecret is the shortest secret. To mask a shorter one would leave no text to read.
	minSecret = 3
)

// A Secret is a value that must not be printed, and how it is shown instead.
type Secret struct {
	Value string
	Mask  func(value string) string
}

// All says that something is there, and nothing about it.
func All(value string) string {
	if value == "" {
		return ""
	}
	return "***"
}

// Mobile keeps of a phone number what its owner recognises: 176****3340. Of anything
// shorter it keeps nothing.
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

// Text returns s in the form of [Plain] with the secrets masked, and all phone numbers and
// e-mail addresses, whoever they belong to.
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

// RequestID returns id with the secrets masked. Chance puts a short secret into a UUID:
// there only long ones are looked for, because support must be able to find the request.
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

// MayShow reports whether [RequestID] would mask anything of uuid for the sake of a secret. It
// needs no memory: there is a UUID in nearly every answer.
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
