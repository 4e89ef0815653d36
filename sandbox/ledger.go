package sandbox

import (
	"net/http"
	"slices"
	"sort"
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
	Operation  Operation // such as SendSmsCode; "" if no operation has that method and path
	RequestID  string    // the envelope's request_id; there is one even if no envelope was answered
	Code       string    // the code of the envelope answered; "" as long as there is none
	CarriedOut bool      // the operation did its work (picture issued, SMS put in the outbox, token checked), whatever was answered
	Mobile     string    // the request's mobile as sent, its first 128 bytes; "" if it has none that can be read
	CallID     string    // the request's CallIDHeader, its first 128 bytes; "" if it has none
	At         time.Time // when it arrived, by the sandbox's clock
}

// Request is an Entry with all else that is known of the request.
type Request struct {
	Entry

	ID         int64             // higher than that of every SMS, e-mail and request before
	Method     string            // its first 128 bytes
	Path       string            // its first 128 bytes
	Params     map[string]string // the operation's parameters that could be read, the first 128 bytes of each; secrets included
	HTTPStatus int               // of the answer; 0 as long as there is none, or if the connection was dropped
	FaultID    int64             // of the Ordered fault that hit it; 0 if none did
	Done       bool              // it is not under way any more
	Duration   time.Duration     // from its arrival to the end of its answer, in real time; 0 as long as it is under way
}

// Ledger returns every request that reached the sandbox, in order of arrival, those still under way included. It is
// the truth to hold a client against: what was delivered, how often, and what came of it. The newest entries are kept,
// up to 100,000; the slice is the caller's.
func (s *Sandbox) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()

	entries := make([]Entry, 0, len(s.ledger.records))
	for _, r := range s.ledger.records {
		entries = append(entries, r.Entry)
	}
	return entries
}

// RequestFilter is what requests are looked for by. A field left empty says nothing.
type RequestFilter struct {
	Operation  Operation
	Code       string
	Mobile     string
	RequestID  string
	CallID     string
	CarriedOut *bool

	After  int64 // has a higher ID
	Before int64 // has a lower ID
	Limit  int   // how many at most, the newest ones
}

func (f RequestFilter) fits(r *record) bool {
	same := func(wanted, is string) bool { return wanted == "" || wanted == is }
	return (f.Before == 0 || r.id < f.Before) &&
		same(f.Operation, r.Operation) && same(f.Code, r.Code) && same(f.Mobile, r.Mobile) &&
		same(f.RequestID, r.RequestID) && same(f.CallID, r.CallID) &&
		(f.CarriedOut == nil || *f.CarriedOut == r.CarriedOut)
}

// ListRequests returns the requests of the ledger that match, newest first.
func (s *Sandbox) ListRequests(f RequestFilter) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()

	var found []Request
	for _, r := range slices.Backward(s.ledger.records) {
		if r.id <= f.After || f.Limit > 0 && len(found) == f.Limit {
			break
		}
		if f.fits(r) {
			found = append(found, r.whole())
		}
	}
	return found
}

// FindRequest returns the request with this ID.
func (s *Sandbox) FindRequest(id int64) (request Request, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()

	all := s.ledger.records
	at := sort.Search(len(all), func(i int) bool { return all[i].id >= id })
	if at == len(all) || all[at].id != id {
		return Request{}, false
	}
	return all[at].whole(), true
}

// record is a Request as the ledger keeps it. Sandbox.mu guards it, RequestID and id excepted: they never change.
type record struct {
	Entry

	id           int64
	method, path string
	names        []param  // of the operation
	values       []string // as many as names, or none
	status       int
	faultID      int64
	arrived      time.Time // in real time
	duration     time.Duration
	done         bool
	kept         bool // the ledger has not let go of it
	weight       int
}

func (r *record) whole() Request {
	request := Request{
		Entry: r.Entry, ID: r.id, Method: r.method, Path: r.path, Params: make(map[string]string, len(r.values)),
		HTTPStatus: r.status, FaultID: r.faultID, Done: r.done, Duration: r.duration,
	}
	for i, value := range r.values {
		if value != "" {
			request.Params[r.names[i].name] = value
		}
	}
	return request
}

// ledger holds records by reference: they are completed while later ones arrive.
type ledger struct {
	room
	records []*record // oldest first
}

func (l *ledger) add(r *record) {
	l.records = append(l.records, r)
	r.kept = true
	l.grow(r, weightOfRequest+len(r.CallID)+len(r.method)+len(r.path))
}

// grow notes that a record takes so many bytes more.
func (l *ledger) grow(r *record, bytes int) {
	if !r.kept {
		return
	}
	r.weight += bytes
	l.used += bytes
	for l.full(len(l.records)) {
		l.dropOldest()
	}
}

func (l *ledger) dropOldest() {
	oldest := l.records[0]
	l.records[0] = nil // let go of it even while the array lives on
	l.records = l.records[1:]
	oldest.kept = false
	l.used -= oldest.weight
}

// newRecord needs s.mu.
func (s *Sandbox) newRecord(r *http.Request, op operation, requestID string) *record {
	return &record{
		Entry: Entry{
			Operation: op.name,
			RequestID: requestID,
			CallID:    beginning(r.Header.Get(CallIDHeader)),
			At:        s.now(),
		},
		id:     s.nextID(),
		method: beginning(r.Method), path: beginning(r.URL.Path),
		names:   op.params,
		arrived: time.Now(),
	}
}

// noteParams has the ledger keep what a request says.
func (s *Sandbox) noteParams(v visit, in params) {
	values := make([]string, len(v.op.params))
	size := 0
	for i, p := range v.op.params {
		values[i] = beginning(in[p.name])
		size += len(values[i])
	}
	mobile := beginning(in["mobile"])

	s.mu.Lock()
	defer s.mu.Unlock()
	v.record.Mobile, v.record.values = mobile, values
	s.ledger.grow(v.record, size+len(mobile))
}

// beginning returns the part of a request's string that the ledger keeps. It is a copy: a part would keep the whole in
// memory.
func beginning(text string) string {
	return strings.Clone(text[:min(len(text), maxNoted)])
}

// noteAnswer has the ledger keep what is about to be answered. The code is "" if it is no envelope.
func (s *Sandbox) noteAnswer(v visit, status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.record.status = status
	if code != "" {
		v.record.Code = code
	}
}

// finish ends a record, and tells those who wait for events.
func (s *Sandbox) finish(v visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.record.done, v.record.duration = true, time.Since(v.record.arrived)
	s.publish(event{id: s.nextID(), what: EventRequest, request: v.record})
}
