package sandbox

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is something that goes wrong on purpose. Order it with Sandbox.Order.
//
// What strikes is the first of these that is set: Drop, Preset, Body, Code, HTTPStatus. A Fault with none of them but a
// Delay is pure latency: the operation runs and answers as ever, after the Delay, or, with After, runs at once and
// answers after it.
type Fault struct {
	// Operation is the operation it waits for, such as OpSendSmsCode. Empty means every request, one to an unknown path
	// included.
	Operation Operation
	// Times is how many requests it hits; 0 or less means every one until Cancel.
	Times int
	// Share is of how many in a hundred: of every hundred requests that fit, it hits exactly so many, which ones by
	// chance, and leaves the others to the faults ordered after it. 0 means all.
	Share int

	// Delay is how long it waits, in real time, before it strikes. If the client goes away meanwhile, the wait and the
	// request end there: without After, the operation is then not carried out. A request whose body is too long, or has
	// not come in time, is not delayed.
	Delay time.Duration
	// MaxDelay, unless 0, makes the wait one by chance, from Delay to this.
	MaxDelay time.Duration
	// After has the operation carried out first, so that the client loses the answer to something that happened.
	// Otherwise a fault that strikes leaves the operation undone.
	After bool

	// Drop closes the connection without an answer.
	Drop bool
	// Preset answers as gateways do.
	Preset Preset
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

	pace time.Duration // from one byte of the body to the next; 0 means all at once
}

// check says what is wrong with a fault that could not do what it says.
func (f Fault) check() error {
	switch _, known := presets[f.Preset]; {
	case f.Operation != "" && !isOperation(f.Operation):
		return fmt.Errorf("no operation is called %q; Operations has their names", f.Operation)
	case f.Preset != "" && !known:
		return fmt.Errorf("no preset is called %q; Presets has their names", f.Preset)
	case f.Share < 0 || f.Share > 100:
		return fmt.Errorf("a share of %d in a hundred is not possible", f.Share)
	case f.MaxDelay != 0 && f.MaxDelay < f.Delay:
		return errors.New("MaxDelay is less than Delay")
	default:
		return nil
	}
}

// strikes returns the fault with its preset spelled out.
func (f Fault) strikes() Fault {
	if f.Preset == "" {
		return f
	}
	preset := presets[f.Preset]
	preset.Drop, preset.Delay, preset.MaxDelay, preset.After = f.Drop, f.Delay, f.MaxDelay, f.After
	return preset
}

// delay is how long it waits this time.
func (f Fault) delay() time.Duration {
	if f.MaxDelay <= f.Delay {
		return f.Delay
	}
	return f.Delay + rand.N(f.MaxDelay-f.Delay+1) //nolint:gosec // a delay is no secret
}

// Ordered is a Fault under order. It is safe for concurrent use.
type Ordered struct {
	sandbox *Sandbox
	id      int64

	// Guarded by sandbox.mu.
	fault Fault
	fired int
	// What is left of the hundred requests under way, if the fault has a Share.
	requestsLeft, hitsLeft int
}

// Order puts a fault in wait for the requests it is made for. Of several that fit a request, the one ordered first
// hits it, alone. A fault that could never strike as it says panics, one for a name that no operation has included;
// TryOrder returns an error.
func (s *Sandbox) Order(f Fault) *Ordered {
	o, err := s.TryOrder(f)
	if err != nil {
		panic(err)
	}
	return o
}

// TryOrder is Order for a fault that comes from elsewhere, such as a file. It fails if no operation has the fault's
// name, its Preset is unknown, its Share is not 0 to 100, or its MaxDelay is less than its Delay.
func (s *Sandbox) TryOrder(f Fault) (*Ordered, error) {
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("sandbox: fault: %w", err)
	}
	f.Header = f.Header.Clone()

	s.mu.Lock()
	defer s.mu.Unlock()
	o := &Ordered{sandbox: s, id: s.nextID(), fault: f}
	s.orders = append(s.orders, o)
	s.publishChange(ChangedFaults)
	return o, nil
}

// Faults returns the faults under order, in their order, and after them the last 100 that have had their Times.
func (s *Sandbox) Faults() []*Ordered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(s.orders, s.spent)
}

// FindFault returns the one of Faults with this ID, or nil.
func (s *Sandbox) FindFault(id int64) *Ordered {
	for _, o := range s.Faults() {
		if o.id == id {
			return o
		}
	}
	return nil
}

// ID tells it from other faults of its Sandbox.
func (o *Ordered) ID() int64 { return o.id }

// Fault returns what was ordered.
func (o *Ordered) Fault() Fault {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	f := o.fault
	f.Header = f.Header.Clone()
	return f
}

// Fired returns how many requests the fault has hit so far.
func (o *Ordered) Fired() int {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	return o.fired
}

// Active reports whether it is still under order: neither cancelled nor has it had its Times.
func (o *Ordered) Active() bool {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	return slices.Contains(o.sandbox.orders, o)
}

// Change puts another fault in the place of this one, and begins to count anew. It fails as TryOrder does, and if the
// fault was cancelled.
func (o *Ordered) Change(f Fault) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("sandbox: fault: %w", err)
	}
	f.Header = f.Header.Clone()

	s := o.sandbox
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.Contains(s.orders, o):
	case slices.Contains(s.spent, o):
		s.spent = without(s.spent, o)
		s.orders = append(s.orders, o)
	default:
		return errors.New("sandbox: fault: it was cancelled")
	}
	o.fault, o.fired, o.requestsLeft, o.hitsLeft = f, 0, 0, 0
	s.publishChange(ChangedFaults)
	return nil
}

// Cancel ends the order. Requests that were hit before keep their fault. To cancel again does nothing.
func (o *Ordered) Cancel() {
	s := o.sandbox
	s.mu.Lock()
	defer s.mu.Unlock()
	s.orders, s.spent = without(s.orders, o), without(s.spent, o)
	s.publishChange(ChangedFaults)
}

func without(all []*Ordered, o *Ordered) []*Ordered {
	return slices.DeleteFunc(all, func(other *Ordered) bool { return other == o })
}

// maxSpent is how many faults that have had their Times are still listed.
const maxSpent = 100

// nextFault takes the fault for a request to this operation. It returns the zero Fault and 0 if there is none. It
// needs s.mu.
func (s *Sandbox) nextFault(operation Operation) (f Fault, id int64) {
	for _, o := range s.orders {
		if o.fault.Operation != "" && o.fault.Operation != operation || !o.drawn() {
			continue
		}
		o.fired++
		if o.fired == o.fault.Times {
			s.orders = without(s.orders, o)
			s.spent = append(s.spent, o)
			s.spent = s.spent[max(0, len(s.spent)-maxSpent):]
		}
		return o.fault.strikes(), o.id
	}
	return Fault{}, 0
}

// drawn reports whether a request that fits is one of the Share. It needs sandbox.mu.
func (o *Ordered) drawn() bool {
	if o.fault.Share == 0 {
		return true
	}
	if o.requestsLeft == 0 {
		o.requestsLeft, o.hitsLeft = 100, o.fault.Share
	}
	hit := rand.IntN(o.requestsLeft) < o.hitsLeft //nolint:gosec // which request is hit is no secret
	o.requestsLeft--
	if hit {
		o.hitsLeft--
	}
	return hit
}

// strike does what the visit's fault says, and reports whether that ended the visit.
func (s *Sandbox) strike(w http.ResponseWriter, r *http.Request, v visit) bool {
	f := v.fault
	// Without the whole body it cannot be told whether the client is still there: such a request waits for nothing.
	if v.whole && !s.wait(r, f.delay()) || f.Drop {
		panic(http.ErrAbortHandler)
	}
	status, hasStatus := f.status()
	switch {
	case f.Body != "":
		s.noteAnswer(v, status, "")
		writeRaw(w, status, f.Header, f.Body)
	case f.Code != "":
		if !hasStatus {
			status = s.statusOf(f.Code)
		}
		s.noteAnswer(v, status, f.Code)
		s.strikeEnvelope(w, r, v, status)
	case hasStatus:
		s.noteAnswer(v, status, "")
		writeRaw(w, status, f.Header, "")
	default:
		return false
	}
	return true
}

func (s *Sandbox) strikeEnvelope(w http.ResponseWriter, r *http.Request, v visit, status int) {
	f := v.fault
	out := envelope{RequestID: v.record.RequestID, Code: f.Code, Msg: f.Msg}
	if f.pace == 0 {
		writeEnvelope(w, status, f.Header, out)
		return
	}
	body := out.encode()
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	for i := range body {
		limitWrite(w)
		_, _ = w.Write(body[i : i+1])
		_ = http.NewResponseController(w).Flush() // a writer that cannot has the bytes come later, as it does anyway
		if !s.wait(r, f.pace) {
			panic(http.ErrAbortHandler)
		}
	}
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
