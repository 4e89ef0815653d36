package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// SpecialKind is the effect of a special number.
type SpecialKind string

const (
	// Throttled makes SendSmsCode respond with CodeTooManySms, as if the phone had just got an SMS.
	Throttled SpecialKind = "throttled"
	// WrongCode makes Register and LoginByMobileCode respond with CodeWrongSmsCode to every code, before they look for an
	// account. The SMS is sent.
	WrongCode SpecialKind = "wrong_code"
	// AnswerLost makes SendSmsCode send the SMS and close the connection before the response.
	AnswerLost SpecialKind = "answer_lost"
	// Timeout makes SendSmsCode send no SMS and no response, and close the connection after five minutes.
	Timeout SpecialKind = "timeout"
	// BadGateway makes SendSmsCode send no SMS and respond with PresetNginx502.
	BadGateway SpecialKind = "bad_gateway"
	// FixedCode gives every SMS a fixed code.
	FixedCode SpecialKind = "fixed_code"
)

// SpecialKinds returns all kinds, in alphabetical order.
func SpecialKinds() []SpecialKind {
	return []SpecialKind{AnswerLost, BadGateway, FixedCode, Throttled, Timeout, WrongCode}
}

// SpecialNumber is a phone number with a fixed outcome.
type SpecialNumber struct {
	Mobile  string      `json:"mobile"`
	Kind    SpecialKind `json:"kind"`
	SmsCode string      `json:"sms_code,omitempty"` // of FixedCode: four characters
}

// DefaultSpecialNumbers returns the special numbers of a new Sandbox.
func DefaultSpecialNumbers() []SpecialNumber {
	return []SpecialNumber{
		{Mobile: "19900000001", Kind: Throttled},
		{Mobile: "19900000002", Kind: WrongCode},
		{Mobile: "19900000003", Kind: AnswerLost},
		{Mobile: "19900000004", Kind: Timeout},
		{Mobile: "19900000005", Kind: BadGateway},
		{Mobile: "19900000006", Kind: FixedCode, SmsCode: "8888"},
	}
}

func defaultSpecial() map[string]SpecialNumber {
	special := make(map[string]SpecialNumber)
	for _, n := range DefaultSpecialNumbers() {
		special[n.Mobile] = n
	}
	return special
}

// SpecialNumbers returns the special numbers, in ascending order.
func (s *Sandbox) SpecialNumbers() []SpecialNumber {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sortedSpecial()
}

// sortedSpecial requires s.mu.
func (s *Sandbox) sortedSpecial() []SpecialNumber {
	return slices.SortedFunc(maps.Values(s.special), func(a, b SpecialNumber) int { return cmp.Compare(a.Mobile, b.Mobile) })
}

// SetSpecialNumber adds or changes a special number. A fault that was ordered for a request has priority over its number.
func (s *Sandbox) SetSpecialNumber(n SpecialNumber) error {
	if err := n.check(); err != nil {
		return fmt.Errorf("sandbox: special number: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.special[n.Mobile] = n
	s.publishChange(ChangedSpecialNumbers)
	return nil
}

func (n SpecialNumber) check() error {
	length := utf8.RuneCountInString(n.Mobile)
	switch {
	case length == 0 || length > maxMobile:
		return fmt.Errorf("a mobile must have 1 to %d characters", maxMobile)
	case !slices.Contains(SpecialKinds(), n.Kind):
		return fmt.Errorf("unknown kind %q; SpecialKinds lists the kinds", n.Kind)
	case n.Kind == FixedCode:
		return checkSmsCode(n.SmsCode)
	case n.SmsCode != "":
		return fmt.Errorf("only the kind %s may have an SMS code", FixedCode)
	default:
		return nil
	}
}

// checkSmsCode returns an error for an SMS code of the wrong length.
func checkSmsCode(code string) error {
	if !utf8.ValidString(code) || utf8.RuneCountInString(code) != smsCodeLength {
		return errors.New("an SMS code must have four characters")
	}
	return nil
}

// RemoveSpecialNumber removes a special number, and reports whether there was one.
func (s *Sandbox) RemoveSpecialNumber(mobile string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.special[mobile]; !ok {
		return false
	}
	delete(s.special, mobile)
	s.publishChange(ChangedSpecialNumbers)
	return true
}

// specialTimeout is longer than any client waits.
const specialTimeout = 5 * time.Minute

// specialFault returns the fault of a special number in SendSmsCode, and whether it applies only if the SMS was sent.
func (s *Sandbox) specialFault(mobile string) (f Fault, onlyIfSent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.special[mobile].Kind {
	case AnswerLost:
		return Fault{After: true, Drop: true}, true
	case Timeout:
		return Fault{Delay: specialTimeout, Drop: true}, false
	case BadGateway:
		return Fault{Preset: PresetNginx502}.strikes(), false
	default:
		return Fault{}, false
	}
}
