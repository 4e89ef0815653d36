package sandbox

import (
	"strings"
	"time"
)

// CallIDHeader is a request header that the ledger notes. The platform knows nothing of it: it is for a test whose
// http.RoundTripper sets it, to tell which request belongs to which call.
const CallIDHeader = "X-Call-Id"

// maxNoted is how many bytes of a request's string the ledger keeps: a mobile that is accepted fits whole.
const maxNoted = 4 * maxMobile

// Entry is one request that reached the sandbox.
type Entry struct {
	Operation  string    // such as SendSmsCode; "" if no operation has that method and path
	RequestID  string    // the envelope's request_id; there is one even if no envelope was answered
	Code       string    // the code of the envelope answered; "" as long as there is none
	CarriedOut bool      // the operation did its work (picture issued, SMS put in the outbox, token checked), whatever was answered
	Mobile     string    // the request's mobile as sent, its first 128 bytes; "" if it has none that can be read
	CallID     string    // the request's CallIDHeader, its first 128 bytes; "" if it has none
	At         time.Time // when it arrived, by the sandbox's clock
}

// Ledger returns every request that reached the sandbox, in order of arrival, those still under way included. It is
// the truth to hold a client against: what was delivered, how often, and what came of it. The newest 100,000 entries
// are kept; the slice is the caller's.
func (s *Sandbox) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()

	entries := make([]Entry, 0, len(s.ledger.entries))
	for _, e := range s.ledger.entries {
		entries = append(entries, *e)
	}
	return entries
}

// ledger holds entries by reference: they are completed while later ones arrive.
type ledger struct {
	entries []*Entry
}

func (l *ledger) add(e Entry) *Entry {
	if len(l.entries) == maxKept {
		l.entries[0] = nil // let go of it even while the array lives on
		l.entries = l.entries[1:]
	}
	l.entries = append(l.entries, &e)
	return &e
}

func (s *Sandbox) noteMobile(v visit, mobile string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.entry.Mobile = beginning(mobile)
}

// beginning returns the part of a request's string that the ledger keeps. It is a copy: a part would keep the whole in
// memory.
func beginning(text string) string {
	return strings.Clone(text[:min(len(text), maxNoted)])
}

func (s *Sandbox) noteCode(v visit, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.entry.Code = code
}
