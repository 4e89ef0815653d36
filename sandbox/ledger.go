package sandbox

import (
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"
)

// CallIDHeader is a request header that the ledger records. The platform does not know it. A test sets it in an
// http.RoundTripper to match requests and calls.
const CallIDHeader = "X-Call-Id"

// maxNoted is how many bytes of a request's string the ledger keeps: a mobile that is accepted fits whole.
const maxNoted = 4 * maxMobile

// Entry is one request that reached the sandbox.
type Entry struct {
	Operation  Operation // such as SendSmsCode; "" for an unknown method and path
	RequestID  string    // the envelope's request_id, set even if no envelope was sent
	Code       string    // the code of the envelope that was sent; "" if there is none yet
	CarriedOut bool      // the operation was carried out (picture issued, SMS sent, token checked), with any response
	Mobile     string    // the request's mobile, its first 128 bytes; "" if there is none
	CallID     string    // the request's CallIDHeader, its first 128 bytes; "" if there is none
	At         time.Time // the time of arrival, of the sandbox's clock
}

// Request is an Entry with all details of the request.
type Request struct {
	Entry

	ID         int64             // higher than that of every SMS, e-mail and request before
	Method     string            // its first 128 bytes
	Path       string            // its first 128 bytes
	Params     map[string]string // the operation's readable parameters, with secrets, the first 128 bytes of each
	HTTPStatus int               // of the response; 0 if there is none yet, or if the connection was dropped
	FaultID    int64             // of the Ordered fault that hit it; 0 for none
	Done       bool              // it has ended
	Duration   time.Duration     // from its arrival to the end of its response, in real time; 0 until it has ended
}

// Ledger returns every request that reached the sandbox, in order of arrival, running ones included. A test compares it
// with what its client reports: what was delivered, how often, and with what result. The newest 100,000 entries are kept.
// The slice belongs to the caller.
func (s *Sandbox) Ledger() []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()

	entries := make([]Entry, 0, len(s.ledger.records))
	for _, r := range s.ledger.records {
		entries = append(entries, r.Entry)
	}
	return entries
}

// RequestFilter selects requests. An empty field matches all.
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

// ListRequests returns the matching requests of the ledger, newest first.
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

// record is a Request in the ledger. Sandbox.mu guards it, except RequestID and id, which never change.
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
	kept         bool // it is still in the ledger
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
	l.records[0] = nil // release it while the array is still in use
	l.records = l.records[1:]
	oldest.kept = false
	l.used -= oldest.weight
}

// newRecord requires s.mu.
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

// noteParams records the parameters of a request.
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

// beginning returns the part of a string that the ledger keeps. It is a copy: a substring would keep the whole string in
// memory.
func beginning(text string) string {
	return strings.Clone(text[:min(len(text), maxNoted)])
}

// noteAnswer records the response before it is sent. The code is "" if it is not an envelope.
func (s *Sandbox) noteAnswer(v visit, status int, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.record.status = status
	if code != "" {
		v.record.Code = code
	}
}

// finish completes a record, and publishes the event.
func (s *Sandbox) finish(v visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.record.done, v.record.duration = true, time.Since(v.record.arrived)
	s.publish(event{id: s.nextID(), what: EventRequest, request: v.record})
}
