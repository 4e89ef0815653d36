package control

import (
	"net/http"
	"slices"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

func troubleRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/faults", handle: listFaults},
		{method: http.MethodPost, path: "/faults", handle: orderFault, status: http.StatusCreated},
		{method: http.MethodDelete, path: "/faults", handle: cancelFaults},
		{method: http.MethodGet, path: "/faults/{id}", handle: getFault},
		{method: http.MethodPut, path: "/faults/{id}", handle: changeFault},
		{method: http.MethodDelete, path: "/faults/{id}", handle: cancelFault},
		{method: http.MethodGet, path: "/special_numbers", handle: listSpecialNumbers},
		{method: http.MethodPut, path: "/special_numbers/{mobile}", handle: putSpecialNumber},
		{method: http.MethodDelete, path: "/special_numbers/{mobile}", handle: removeSpecialNumber},
	}
}

type orderedFault struct {
	ID     int64         `json:"id"`
	Fired  int           `json:"fired"`
	Active bool          `json:"active"`
	Fault  sandbox.Fault `json:"fault"`
}

func shownFault(o *sandbox.Ordered) orderedFault {
	return orderedFault{ID: o.ID(), Fired: o.Fired(), Active: o.Active(), Fault: o.Fault()}
}

func listFaults(c *call) (any, error) {
	all := []orderedFault{}
	for _, o := range c.sandbox.Faults() {
		all = append(all, shownFault(o))
	}
	return map[string]any{"faults": all}, nil
}

// The limits for faults and numbers, because a space stores them.
const (
	maxFaults     = 1000
	maxFaultBytes = 2 << 20 // of the bodies and headers of all
	maxFaultBody  = 64 << 10
	maxHeaders    = 32
	maxHeader     = 1 << 10
	maxDelay      = time.Hour
	maxTimes      = 1_000_000_000
)

func orderFault(c *call) (any, error) {
	f, err := c.readFault(0)
	if err != nil {
		return nil, err
	}
	o, err := c.sandbox.TryOrder(f)
	if err != nil {
		return nil, badRequest("%v", err)
	}
	return shownFault(o), nil
}

// readFault reads a fault that replaces the one with this id, if any.
func (c *call) readFault(id int64) (sandbox.Fault, error) {
	var f sandbox.Fault
	if err := c.decode(&f); err != nil {
		return f, err
	}
	if err := checkFault(f); err != nil {
		return f, err
	}
	count, bytes := 1, faultBytes(f)
	for _, o := range c.sandbox.Faults() {
		if o.ID() != id {
			count++
			bytes += faultBytes(o.Fault())
		}
	}
	if count > maxFaults || bytes > maxFaultBytes {
		return f, refusef(http.StatusConflict, "there are too many faults: cancel some; the maximum is %d, with %d bytes of bodies and headers",
			maxFaults, maxFaultBytes)
	}
	return f, nil
}

func faultBytes(f sandbox.Fault) int {
	bytes := len(f.Body)
	for name, values := range f.Header {
		for _, value := range values {
			bytes += len(name) + len(value)
		}
	}
	return bytes
}

// checkFault refuses a fault without an effect. sandbox.TryOrder checks the rest.
func checkFault(f sandbox.Fault) error {
	strikes := f.Drop || f.Preset != "" || f.Body != "" || f.Code != "" || f.HTTPStatus != 0
	switch {
	case !strikes && f.Delay == 0 && f.MaxDelay == 0:
		return badRequest("this fault has no effect: set drop, preset, body, code, http_status or delay")
	case f.Msg != "" && f.Code == "":
		return badRequest("msg needs a code")
	case f.HTTPStatus != 0 && (f.HTTPStatus < 200 || f.HTTPStatus > 999):
		return badRequest("http_status must be 200 to 999")
	}
	return firstError(
		checkRange("times", f.Times, maxTimes), checkRange("delay", f.Delay, maxDelay), checkRange("max_delay", f.MaxDelay, maxDelay),
		checkLength("code", f.Code, 32), checkLength("msg", f.Msg, 255), checkAnswer(f),
	)
}

func checkRange[T int | time.Duration](name string, value, most T) error {
	if value < 0 || value > most {
		return badRequest("%s is at most %v, and not negative", name, most)
	}
	return nil
}

// checkAnswer limits the size of the response of a fault.
func checkAnswer(f sandbox.Fault) error {
	if len(f.Body) > maxFaultBody {
		return badRequest("body is longer than %d bytes", maxFaultBody)
	}
	if len(f.Header) > maxHeaders {
		return badRequest("there are more than %d headers", maxHeaders)
	}
	for name := range f.Header {
		if len(name) > maxHeader || len(f.Header.Get(name)) > maxHeader {
			return badRequest("a header is longer than %d bytes", maxHeader)
		}
	}
	return nil
}

// fault returns the fault with the path's {id}.
func (c *call) fault() (*sandbox.Ordered, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	o := c.sandbox.FindFault(id)
	if o == nil {
		return nil, refusef(http.StatusNotFound, "no fault has this id: it was cancelled, or has used up its times")
	}
	return o, nil
}

func getFault(c *call) (any, error) {
	o, err := c.fault()
	if err != nil {
		return nil, err
	}
	return shownFault(o), nil
}

func changeFault(c *call) (any, error) {
	o, err := c.fault()
	if err != nil {
		return nil, err
	}
	f, err := c.readFault(o.ID())
	if err != nil {
		return nil, err
	}
	if err := o.Change(f); err != nil {
		return nil, badRequest("%v", err)
	}
	return shownFault(o), nil
}

func cancelFault(c *call) (any, error) {
	o, err := c.fault()
	if err != nil {
		return nil, err
	}
	o.Cancel()
	return nil, nil
}

func cancelFaults(c *call) (any, error) {
	for _, o := range c.sandbox.Faults() {
		o.Cancel()
	}
	return nil, nil
}

func listSpecialNumbers(c *call) (any, error) {
	return map[string]any{"special_numbers": orEmpty(c.sandbox.SpecialNumbers())}, nil
}

const maxSpecialNumbers = 1000

func putSpecialNumber(c *call) (any, error) {
	var in struct {
		Kind    sandbox.SpecialKind `json:"kind"`
		SmsCode string              `json:"sms_code"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	known := c.sandbox.SpecialNumbers()
	isNew := !slices.ContainsFunc(known, func(other sandbox.SpecialNumber) bool { return other.Mobile == c.id })
	if isNew && len(known) >= maxSpecialNumbers {
		return nil, refusef(http.StatusConflict, "there are %d special numbers already: remove one first", maxSpecialNumbers)
	}
	n := sandbox.SpecialNumber{Mobile: c.id, Kind: in.Kind, SmsCode: in.SmsCode}
	if err := c.sandbox.SetSpecialNumber(n); err != nil {
		return nil, badRequest("%v", err)
	}
	return n, nil
}

func removeSpecialNumber(c *call) (any, error) {
	if !c.sandbox.RemoveSpecialNumber(c.id) {
		return nil, refusef(http.StatusNotFound, "this number is not special")
	}
	return nil, nil
}
