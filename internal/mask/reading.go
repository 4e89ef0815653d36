package mask

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A reading is the part of a string that is searched for secrets.
type reading []char

// A char is one letter, folded, and the bytes of the string that it was read from.
type char struct {
	r rune
	span
}

// A span is a place in a string, in bytes.
type span struct{ from, to int }

// A way is how a string is read.
type way struct {
	escapes     escapes
	punctuation bool // counts too
}

// escapes are the first characters of the escapes that are decoded. One kind alone is decoded once, because one encoder
// writes one kind. All kinds together are decoded until no escape is left.
type escapes string

const allEscapes escapes = `%\&`

func (e escapes) have(begin byte) bool { return strings.IndexByte(string(e), begin) >= 0 }

// ofSecret returns the way to read a secret that is searched for in a text read in way w. If the text is decoded once,
// the secret is not decoded: it may end with half an escape, which the next character of the text completes.
func (w way) ofSecret() way {
	if w.escapes != allEscapes {
		w.escapes = ""
	}
	return w
}

// read reads s in one way. Texts and secrets are read by the same rules.
func read(s string, w way) reading {
	if w.escapes == "" {
		return readString(s, w, func(from, to int) span { return span{from, to} })
	}
	d := decode(s, w.escapes)
	return readString(string(d.out), w, func(from, to int) span { return span{d.from[from], d.to[to-1]} })
}

func readString(s string, w way, place func(from, to int) span) reading {
	r := make(reading, 0, len(s))
	for i, c := range s {
		if c = fold(c); counts(c, w) {
			_, size := utf8.DecodeRuneInString(s[i:])
			r = append(r, char{c, place(i, i+size)})
		}
	}
	return r
}

// counts reports whether c is part of a reading. Never is what spellings add, or use for a
// space.
func counts(c rune, w way) bool {
	switch {
	case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || unicode.IsLetter(c) || unicode.IsDigit(c):
		return true
	default:
		return w.punctuation && c != '\\' && c != '+' && c != utf8.RuneError && unicode.IsGraphic(c) && !unicode.IsSpace(c)
	}
}

// fold returns what a character is without its case and its width: platforms like to
// upper-case a code before they complain about it.
func fold(c rune) rune {
	if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
		return c
	}
	if '！' <= c && c <= '～' { // U+FF01 to U+FF5E, the ASCII characters of Chinese input methods
		c -= '！' - '!'
	}
	return unicode.ToLower(unicode.ToUpper(c))
}

// A decoder undoes escapes. It looks at the end of its own output, so that what was
// escaped twice is decoded twice, unless it decodes once.
type decoder struct {
	escapes  escapes
	out      []byte
	done     int   // how much of out is not looked at again
	from, to []int // in the string, of each byte of out
}

func decode(s string, e escapes) *decoder {
	d := &decoder{escapes: e, out: make([]byte, 0, len(s)), from: make([]int, 0, len(s)), to: make([]int, 0, len(s))}
	for i := range len(s) {
		d.put(s[i:i+1], i, i+1)
		for d.undo() {
		}
	}
	return d
}

func (d *decoder) put(s string, from, to int) {
	for i := range len(s) {
		d.out, d.from, d.to = append(d.out, s[i]), append(d.from, from), append(d.to, to)
	}
}

// undo replaces an escape at the end of the output by what it stands for.
func (d *decoder) undo() bool {
	if last := len(d.out) - 1; last >= 0 && d.out[last] == ';' {
		return d.escapes.have('&') && d.undoHTML()
	}
	return d.undoHex("%", 2) || d.undoHex(`\x`, 2) || d.undoHex(`\u`, 4) || d.undoHex("%u", 4) || d.undoHex(`\U`, 8) || d.undoSpace()
}

// undoHex undoes a prefix and as many hexadecimal digits.
func (d *decoder) undoHex(prefix string, digits int) bool {
	start := len(d.out) - len(prefix) - digits
	if start < d.done || !d.escapes.have(prefix[0]) || string(d.out[start:start+len(prefix)]) != prefix {
		return false
	}
	value, err := strconv.ParseUint(string(d.out[start+len(prefix):]), 16, 21)
	if err != nil {
		return false
	}
	switch c := rune(value); {
	case digits == 2:
		return d.replace(start, string([]byte{byte(value & 0xFF)}))
	case utf16.IsSurrogate(c): // it has a partner before it, or waits for one
		first, isPair := d.surrogateBefore(start)
		return isPair && d.replace(start-6, string(utf16.DecodeRune(first, c)))
	default:
		return d.replace(start, string(c))
	}
}

// surrogateBefore returns the escaped surrogate that ends at end.
func (d *decoder) surrogateBefore(end int) (rune, bool) {
	start := end - len(`\uD83D`)
	if start < d.done || string(d.out[start:start+2]) != `\u` {
		return 0, false
	}
	value, err := strconv.ParseUint(string(d.out[start+2:end]), 16, 16)
	c := rune(value & 0xFFFF)
	return c, err == nil && utf16.IsSurrogate(c)
}

// undoSpace undoes a JSON escape for white space or a control character.
func (d *decoder) undoSpace() bool {
	start := len(d.out) - 2
	return start >= d.done && d.escapes.have('\\') && d.out[start] == '\\' && strings.IndexByte("bfnrt", d.out[start+1]) >= 0 && d.replace(start, " ")
}

// undoHTML undoes what an ampersand and a semicolon enclose.
func (d *decoder) undoHTML() bool {
	const longest = len("&#x00010FFFF;")
	near := string(d.out[max(d.done, len(d.out)-longest):])
	start := strings.LastIndexByte(near, '&')
	if start < 0 {
		return false
	}
	escape := near[start:]
	c, ok := characterOf(escape[1 : len(escape)-1])
	return ok && d.replace(len(d.out)-len(escape), string(c))
}

// characterOf returns what a character reference of HTML stands for: #65, #x41 or a name.
func characterOf(reference string) (c rune, ok bool) {
	number, isNumber := strings.CutPrefix(reference, "#")
	if !isNumber {
		c, ok = names[reference]
		return c, ok
	}
	base := 10
	if hex := strings.TrimLeft(number, "xX"); len(hex)+1 == len(number) {
		number, base = hex, 16
	}
	value, err := strconv.ParseUint(number, base, 21)
	return rune(value), err == nil && value > 0
}

// names are the character references that frameworks use. Package html has two thousand more, in a
// table that would be a fourth of the SDK's size in a program.
var names = func() map[string]rune {
	all := map[string]rune{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}
	for i, name := range strings.Fields(latin1) {
		all[name] = '\u00A0' + rune(i)
	}
	return all
}()

// latin1 are the names of the characters from U+00A0 to U+00FF.
const latin1 = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para " +
	"middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc " +
	"Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig " +
	"agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute " +
	"ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml"

func (d *decoder) replace(start int, decoded string) bool {
	from, to := d.from[start], d.to[len(d.to)-1]
	d.out, d.from, d.to = d.out[:start], d.from[:start], d.to[:start]
	d.put(decoded, from, to)
	if d.escapes != allEscapes {
		d.done = len(d.out)
	}
	return true
}

// Plain makes s valid, printable and one line, with single spaces, and with normal letters and
// digits instead of the full-width ones of Chinese input methods. It is applied before masking:
// otherwise spellings could hide a secret from the search.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case '０' <= r && r <= '９' || '＠' <= r && r <= 'Ｚ' || 'ａ' <= r && r <= 'ｚ':
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
