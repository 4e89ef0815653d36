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

// SpecialKind says what a special number brings about.
type SpecialKind string

const (
	// Throttled has SendSmsCode answer CodeTooManySms, as if the phone had got an SMS just now.
	Throttled SpecialKind = "throttled"
	// WrongCode has Register and LoginByMobileCode answer CodeWrongSmsCode, whatever code they are given, before they
	// look for an account. The SMS is sent.
	WrongCode SpecialKind = "wrong_code"
	// AnswerLost has SendSmsCode send the SMS, and the connection break before the answer.
	AnswerLost SpecialKind = "answer_lost"
	// Timeout has SendSmsCode send no SMS and give no answer; after five minutes it closes the connection.
	Timeout SpecialKind = "timeout"
	// BadGateway has SendSmsCode send no SMS and answer with PresetNginx502.
	BadGateway SpecialKind = "bad_gateway"
	// FixedCode makes the code of every SMS one that is known beforehand.
	FixedCode SpecialKind = "fixed_code"
)

// SpecialKinds returns all kinds, in alphabetical order.
func SpecialKinds() []SpecialKind {
	return []SpecialKind{AnswerLost, BadGateway, FixedCode, Throttled, Timeout, WrongCode}
}

// SpecialNumber is a phone number that brings about an outcome by itself.
type SpecialNumber struct {
	Mobile  string      `json:"mobile"`
	Kind    SpecialKind `json:"kind"`
	SmsCode string      `json:"sms_code,omitempty"` // of FixedCode: four characters
}

// DefaultSpecialNumbers returns those that every Sandbox has from the start.
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

// sortedSpecial needs s.mu.
func (s *Sandbox) sortedSpecial() []SpecialNumber {
	return slices.SortedFunc(maps.Values(s.special), func(a, b SpecialNumber) int { return cmp.Compare(a.Mobile, b.Mobile) })
}

// SetSpecialNumber makes a phone number special, or special in another way. A fault that was ordered for a request
// comes before what its number would bring about.
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
		return fmt.Errorf("a mobile has 1 to %d characters", maxMobile)
	case !slices.Contains(SpecialKinds(), n.Kind):
		return fmt.Errorf("there is no kind %q; SpecialKinds has all", n.Kind)
	case n.Kind == FixedCode:
		return checkSmsCode(n.SmsCode)
	case n.SmsCode != "":
		return fmt.Errorf("only the kind %s has an SMS code", FixedCode)
	default:
		return nil
	}
}

// checkSmsCode says what is wrong with an SMS code to be sent.
func checkSmsCode(code string) error {
	if !utf8.ValidString(code) || utf8.RuneCountInString(code) != smsCodeLength {
		return errors.New("an SMS code has four characters")
	}
	return nil
}

// RemoveSpecialNumber makes it a number like any other, and reports whether it was special.
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

// specialFault returns what a special number has SendSmsCode suffer, and whether only if the SMS was sent.
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
