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

// Fault is a simulated failure. Order it with Sandbox.Order.
//
// The first of these that is set decides the effect: Drop, Preset, Body, Code, HTTPStatus. A Fault with a Delay only is
// latency: the operation runs and responds as usual after the Delay; with After, it runs at once and responds after the
// Delay.
type Fault struct {
	// Operation is the operation to hit, such as OpSendSmsCode. Empty means every request, also to an unknown path.
	Operation Operation
	// Times is how many requests it hits; 0 or less means all until Cancel.
	Times int
	// Share is a percentage: of every hundred matching requests, it hits exactly so many, at random. The others go to the
	// faults ordered after it. 0 means all.
	Share int

	// Delay is the wait before the effect, in real time. If the client disconnects, the request ends; without After, the
	// operation is then not carried out. A request with an invalid body is not delayed.
	Delay time.Duration
	// MaxDelay, unless 0, makes the wait random, from Delay to MaxDelay.
	MaxDelay time.Duration
	// After carries out the operation first: the client loses the response to an operation that succeeded. Without it, the
	// operation is not carried out.
	After bool

	// Drop closes the connection without a response.
	Drop bool
	// Preset sends a typical response of a gateway.
	Preset Preset
	// Code and Msg send an envelope with this code and text, and data null.
	Code, Msg string

	// HTTPStatus, from 200 to 999, is the status of a response with Code or Body; alone, the body is empty. Other values
	// are ignored.
	HTTPStatus int
	// Header is added to a response with Code, Body or HTTPStatus, and replaces headers of the same name. A Content-Length
	// larger than the body truncates the response.
	Header http.Header
	// Body is the whole body of the response, instead of an envelope.
	Body string

	pace time.Duration // from one byte of the body to the next; 0 means all at once
}

// check returns an error for a fault that is not possible.
func (f Fault) check() error {
	switch _, known := presets[f.Preset]; {
	case f.Operation != "" && !isOperation(f.Operation):
		return fmt.Errorf("unknown operation %q; Operations lists the names", f.Operation)
	case f.Preset != "" && !known:
		return fmt.Errorf("unknown preset %q; Presets lists the names", f.Preset)
	case f.Share < 0 || f.Share > 100:
		return fmt.Errorf("a share of %d percent is not possible", f.Share)
	case f.MaxDelay != 0 && f.MaxDelay < f.Delay:
		return errors.New("MaxDelay is less than Delay")
	default:
		return nil
	}
}

// strikes returns the fault with its preset expanded.
func (f Fault) strikes() Fault {
	if f.Preset == "" {
		return f
	}
	preset := presets[f.Preset]
	preset.Drop, preset.Delay, preset.MaxDelay, preset.After = f.Drop, f.Delay, f.MaxDelay, f.After
	return preset
}

// delay returns the wait for one request.
func (f Fault) delay() time.Duration {
	if f.MaxDelay <= f.Delay {
		return f.Delay
	}
	return f.Delay + rand.N(f.MaxDelay-f.Delay+1) //nolint:gosec // a delay is not a secret
}

// Ordered is a Fault that was ordered. It is safe for concurrent use.
type Ordered struct {
	sandbox *Sandbox
	id      int64

	// Guarded by sandbox.mu.
	fault Fault
	fired int
	// Of the current hundred requests, if the fault has a Share.
	requestsLeft, hitsLeft int
}

// Order activates a fault. If several match a request, only the one that was ordered first hits it. Order panics if the
// fault is not possible, for example if the operation's name is unknown; TryOrder returns an error.
func (s *Sandbox) Order(f Fault) *Ordered {
	o, err := s.TryOrder(f)
	if err != nil {
		panic(err)
	}
	return o
}

// TryOrder is Order for a fault from outside, such as a file. It fails if the Operation or the Preset is unknown, the Share
// is not 0 to 100, or MaxDelay is less than Delay.
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

// Faults returns the active faults in their order, and then the last 100 that have used up their Times.
func (s *Sandbox) Faults() []*Ordered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Concat(s.orders, s.spent)
}

// FindFault returns the fault with this ID, or nil.
func (s *Sandbox) FindFault(id int64) *Ordered {
	for _, o := range s.Faults() {
		if o.id == id {
			return o
		}
	}
	return nil
}

// ID identifies the fault in its Sandbox.
func (o *Ordered) ID() int64 { return o.id }

// Fault returns the fault that was ordered.
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

// Active reports whether the fault is active: not cancelled, and its Times not used up.
func (o *Ordered) Active() bool {
	o.sandbox.mu.Lock()
	defer o.sandbox.mu.Unlock()
	return slices.Contains(o.sandbox.orders, o)
}

// Change replaces the fault with another one, and counts from 0. It fails like TryOrder, and if the fault was cancelled.
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
		return errors.New("sandbox: fault: the fault was cancelled")
	}
	o.fault, o.fired, o.requestsLeft, o.hitsLeft = f, 0, 0, 0
	s.publishChange(ChangedFaults)
	return nil
}

// Cancel removes the fault. Requests that it has hit keep it. Cancelling again does nothing.
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

// maxSpent is how many faults that have used up their Times are listed.
const maxSpent = 100

// nextFault returns the fault for a request to this operation, or the zero Fault and 0. The caller holds s.mu.
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

// drawn reports whether a matching request belongs to the Share. The caller holds sandbox.mu.
func (o *Ordered) drawn() bool {
	if o.fault.Share == 0 {
		return true
	}
	if o.requestsLeft == 0 {
		o.requestsLeft, o.hitsLeft = 100, o.fault.Share
	}
	hit := rand.IntN(o.requestsLeft) < o.hitsLeft //nolint:gosec // which request is hit is not a secret
	o.requestsLeft--
	if hit {
		o.hitsLeft--
	}
	return hit
}

// strike applies the visit's fault, and reports whether that ended the visit.
func (s *Sandbox) strike(w http.ResponseWriter, r *http.Request, v visit) bool {
	f := v.fault
	// Without the whole body, a disconnected client cannot be detected: such a request does not wait.
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
		_ = http.NewResponseController(w).Flush() // a writer that cannot flush sends the bytes later
		if !s.wait(r, f.pace) {
			panic(http.ErrAbortHandler)
		}
	}
}

// status returns HTTPStatus if net/http can send it: it panics on others, and 1xx does not end a request.
func (f Fault) status() (status int, ok bool) {
	if f.HTTPStatus < 200 || f.HTTPStatus > 999 {
		return http.StatusOK, false
	}
	return f.HTTPStatus, true
}

// wait waits for d and reports whether the client is still connected and the server still runs.
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
