package sandbox

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong on purpose. Order it with Sandbox.Order.
//
// What strikes is the first of these that is set: Drop, Body, Code, HTTPStatus. A Fault with none of them but a Delay is
// pure latency: the operation runs and answers as ever, after the Delay, or, with After, runs at once and answers
// after it.
type Fault struct {
	// Operation is the name of the operation it waits for, such as SendSmsCode; with a name that the package
	// documentation does not list, it never fires. Empty means every request, one to an unknown path included.
	Operation string
	// Times is how many requests it hits; 0 or less means every one until Cancel.
	Times int

	// Delay is how long it waits, in real time, before it strikes. If the client goes away meanwhile, the wait and the
	// request end there: without After, the operation is then not carried out. A request whose body is too long, or has
	// not come in time, is not delayed.
	Delay time.Duration
	// After has the operation carried out first, so that the client loses the answer to something that happened.
	// Otherwise a fault that strikes leaves the operation undone.
	After bool

	// Drop closes the connection without an answer.
	Drop bool
	// Code and Msg answer an envelope with this code and text, its data null.
	Code, Msg string

	// HTTPStatus, from 200 to 999, is the status of the answer with Code or Body; alone, it answers with an empty body.
	// Any other value counts as not set.
	HTTPStatus int
	// Header is added to the answer with Code, Body or HTTPStatus, in place of headers of the same name. A
	// Content-Length larger than the body breaks the answer off in the middle.
	Header http.Header
	// Body is answered byte for byte instead of an envelope.
	Body string
}

// Ordered is a Fault under order. It is safe for concurrent use.
type Ordered struct {
	sandbox *Sandbox
	fault   Fault
	fired   int // guarded by sandbox.mu
}

// Order puts a fault in wait for the requests it is made for. Of several that fit a request, the one ordered first
// hits it, alone.
func (s *Sandbox) Order(f Fault) *Ordered {
	f.Header = f.Header.Clone()
	o := &Ordered{sandbox: s, fault: f}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders = append(s.orders, o)
	return o
}

// Fired returns how many requests the fault has hit so far.
func (o *Ordered) Fired() int {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	return o.fired
}

// Cancel ends the order. Requests that were hit before keep their fault. To cancel again does nothing.
func (o *Ordered) Cancel() {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	o.sandbox.endOrder(o)
}

// endOrder needs s.mu.
func (s *Sandbox) endOrder(o *Ordered) {
	s.orders = slices.DeleteFunc(s.orders, func(other *Ordered) bool { return other == o })
}

// nextFault takes the fault for a request to this operation, the zero Fault if none was ordered. It needs s.mu.
func (s *Sandbox) nextFault(operation string) Fault {
	for _, o := range s.orders {
		if o.fault.Operation != "" && o.fault.Operation != operation {
			continue
		}
		o.fired++
		if o.fired == o.fault.Times {
			s.endOrder(o)
		}
		return o.fault
	}
	return Fault{}
}

// strike does what the visit's fault says, and reports whether that ended the visit.
func (s *Sandbox) strike(w http.ResponseWriter, r *http.Request, v visit) bool {
	f := v.fault
	// Without the whole body it cannot be told whether the client is still there: such a request waits for nothing.
	if v.whole && !s.wait(r, f.Delay) || f.Drop {
		panic(http.ErrAbortHandler)
	}
	status, hasStatus := f.status()
	switch {
	case f.Body != "":
		writeRaw(w, status, f.Header, f.Body)
	case f.Code != "":
		s.noteCode(v, f.Code)
		if !hasStatus {
			status = s.statusOf(f.Code)
		}
		writeEnvelope(w, status, f.Header, envelope{RequestID: v.entry.RequestID, Code: f.Code, Msg: f.Msg})
	case hasStatus:
		writeRaw(w, status, f.Header, "")
	default:
		return false
	}
	return true
}

// status returns HTTPStatus if it is one that net/http can answer with: it panics on others, and 1xx end nothing.
func (f Fault) status() (status int, ok bool) {
	if f.HTTPStatus < 200 || f.HTTPStatus > 999 {
		return http.StatusOK, false
	}
	return f.HTTPStatus, true
}

// wait waits for d and reports whether the client, and the server, are still there.
func (s *Sandbox) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.ended:
		return false
	}
}

func writeRaw(w http.ResponseWriter, status int, header http.Header, body string) {
	maps.Copy(w.Header(), header)
	limitWrite(w)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}
