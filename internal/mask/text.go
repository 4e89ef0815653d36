package mask

import (
	"regexp"
	"slices"
	"strings"
)

// A text is a string that is searched for secrets.
type text struct {
	s      string
	isUUID bool
	isCut  bool           // perhaps
	owners []int          // of each byte of s: nobody, a contact, one secret by its number, or several
	whole  map[span]shown // what stands for the places that hold one contact or secret, and all of it
	steps  int            // of work, for a test to count
}

type shown struct {
	mask  string
	owner int
}

const (
	nobody  = 0
	contact = -1 // any phone number or e-mail address
	several = -2
)

func newText(s string) *text {
	isCut := len(s) >= cutAt
	s = Plain(bounded(s))
	isCut = isCut || strings.HasSuffix(s, "...") || strings.HasSuffix(s, "…")
	return &text{s: s, isCut: isCut, owners: make([]int, len(s)), whole: map[span]shown{}}
}

// hideContacts finds phone numbers and e-mail addresses, encoded ones too.
func (t *text) hideContacts() {
	t.hideContactsIn(t.s, func(place span) span { return place })
	if t.hasEscapes() {
		d := decode(t.s, allEscapes)
		t.hideContactsIn(string(d.out), func(place span) span { return span{d.from[place.from], d.to[place.to-1]} })
	}
}

func (t *text) hideContactsIn(s string, place func(span) span) {
	for _, at := range emailLike.FindAllStringIndex(s, -1) {
		t.hideBytes(place(span{at[0], at[1]}), contact)
	}
	for _, at := range phoneLike.FindAllStringIndex(s, -1) {
		number := place(span{at[0], at[1]})
		t.hideBytes(number, contact)
		t.whole[number] = shown{Mobile(notDigit.ReplaceAllString(s[at[0]:at[1]], "")), contact}
	}
}

func (t *text) hasEscapes() bool { return strings.ContainsAny(t.s, string(allEscapes)) }

// hide finds the secrets.
func (t *text) hide(secrets []Secret) {
	if len(secrets) == 0 || t.s == "" {
		return
	}
	ways := []way{{}, {punctuation: true}}
	for _, begin := range allEscapes {
		if one := escapes(begin); strings.ContainsRune(t.s, begin) {
			ways = append(ways, way{escapes: one}, way{one, true})
		}
	}
	if t.hasEscapes() {
		ways = append(ways, way{escapes: allEscapes}, way{allEscapes, true})
	}
	for _, w := range ways {
		r := t.read(t.s, w)
		for i, secret := range secrets {
			key := t.read(secret.Value, w.ofSecret())
			if len(key) >= minSecret && (len(key) >= piece || !t.isUUID) {
				t.hideIn(r, key, secret, i+1)
			}
		}
	}
}

// hideIn finds one secret in one reading of the text.
func (t *text) hideIn(r, key reading, secret Secret, owner int) {
	size := min(piece, len(key))
	found := map[uint64]bool{} // the pieces of the text: whether they are the secret's, too
	t.pieces(r, size, func(_ int, p uint64) { found[p] = false })
	t.pieces(key, size, func(_ int, p uint64) {
		if _, there := found[p]; there {
			found[p] = true
		}
	})
	begin, end := 0, 0 // of the characters that belong to the secret
	hide := func() {
		if begin == end {
			return
		}
		place := span{r[begin].from, r[end-1].to}
		t.hideBytes(place, owner)
		if end-begin == len(key) {
			t.whole[place] = shown{Plain(secret.Mask(secret.Value)), owner}
		}
	}
	t.pieces(r, size, func(i int, p uint64) {
		if !found[p] {
			return
		}
		if i > end || i == end && end-begin == len(key) { // or else it is the next one, right behind
			hide()
			begin = i
		}
		end = i + size
	})
	hide()
	if t.isCut {
		t.hideTail(r, key, size, owner)
	}
}

// halfEscape is what a cut leaves of an escape.
var halfEscape = regexp.MustCompile(`(?:%[0-9A-Fa-fu]?[0-9A-Fa-f]{0,3}|\\[uUx]?[0-9A-Fa-f]{0,7}|&#?\w{0,10})[.… ]*$`)

// hideTail finds the beginning of a secret at the text's end, if it is less than a piece.
func (t *text) hideTail(r, key reading, size, owner int) {
	t.hideTailOf(r, key, size, owner)
	if at := halfEscape.FindStringIndex(t.s); at != nil {
		whole := slices.IndexFunc(r, func(c char) bool { return c.to > at[0] })
		if whole >= 0 {
			t.hideTailOf(r[:whole], key, size, owner)
		}
	}
}

// hideTailOf hides what is between the beginning of a secret, if r ends with one, and the
// text's end.
func (t *text) hideTailOf(r, key reading, size, owner int) {
	same := func(a, b char) bool { return a.r == b.r }
	for n := min(size-1, len(r)); n >= minSecret; n-- {
		if tail := r[len(r)-n:]; slices.EqualFunc(tail, key[:n], same) {
			t.hideBytes(span{tail[0].from, len(t.s)}, owner)
			return
		}
	}
}

func (t *text) hideBytes(place span, owner int) {
	for i := place.from; i < place.to; i++ {
		switch t.owners[i] {
		case nobody, contact, owner:
			t.owners[i] = owner
		default:
			t.owners[i] = several
		}
	}
	t.steps += place.to - place.from
}

// pieces calls visit with the position of each piece of size characters, and with a number
// that stands for it.
func (t *text) pieces(r reading, size int, visit func(i int, p uint64)) {
	const base = 0x9e3779b97f4a7c15 // any large odd number: it spreads characters over 64 bits
	highest := uint64(1)
	for range size {
		highest *= base
	}
	p := uint64(0)
	for i, c := range r {
		p = p*base + code(c)
		if i >= size {
			p -= highest * code(r[i-size])
		}
		if i >= size-1 {
			visit(i-size+1, p)
		}
	}
	t.steps += len(r)
}

// code is a char as a number.
func code(c char) uint64 { return uint64(c.r) } //nolint:gosec // a character is not negative

// String returns the text with what is hidden masked.
func (t *text) String() string {
	var out strings.Builder
	for from, to := 0, 0; from < len(t.s); from = to {
		isHidden := t.owners[from] != nobody
		for to = from; to < len(t.s) && (t.owners[to] != nobody) == isHidden; to++ {
		}
		if isHidden {
			out.WriteString(t.shownAt(span{from, to}))
		} else {
			out.WriteString(t.s[from:to])
		}
	}
	return out.String()
}

// shownAt returns the masked form of a hidden place. The mask of a phone number or a secret is used
// only if nothing else is in it: otherwise it would show a part of that.
func (t *text) shownAt(place span) string {
	whole, ok := t.whole[place]
	isOthers := func(owner int) bool { return owner != whole.owner && owner != contact }
	if !ok || slices.ContainsFunc(t.owners[place.from:place.to], isOthers) {
		return "***"
	}
	return whole.mask
}

// read is [read], counted.
func (t *text) read(s string, w way) reading {
	t.steps += len(s)
	return read(s, w)
}
