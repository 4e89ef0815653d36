package sandbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// SMSInterval is the minimum time between two SMS to a phone.
	SMSInterval = 60 * time.Second
	// SmsCodeLifetime is how long an SMS code is valid.
	SmsCodeLifetime = 5 * time.Minute
	// SmsCodeGuesses is how many wrong guesses make an SMS code invalid.
	SmsCodeGuesses = 5
)

// maxMobile is the maximum length of a mobile in SendSmsCode, in characters, because the outbox stores it. The documents
// give no maximum for this operation, and 16 for others.
const maxMobile = 32

const (
	smsCodeLength = 4
	// smsCodeAlphabet is lower-case letters and digits, as in the documents' sample 34fy, without the look-alikes.
	smsCodeAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"
)

// The documented values of sms_type: 注册, 重置密码, 登录.
const (
	smsTypeRegister      = "REGISTER"
	smsTypeResetPassword = "RESET_PASSWORD"
	smsTypeLogin         = "LOGIN"
)

var (
	smsTypes      = []string{smsTypeRegister, smsTypeResetPassword, smsTypeLogin}
	loginSmsTypes = []string{smsTypeResetPassword, smsTypeLogin}
)

// SMS is a text message in the sandbox's outbox.
type SMS struct {
	ID        int64     `json:"id"`         // higher than that of every SMS, e-mail and request before
	Mobile    string    `json:"mobile"`     // the phone, as the request had it
	SmsType   string    `json:"sms_type"`   // REGISTER, RESET_PASSWORD or LOGIN
	Code      string    `json:"code"`       // the SMS code (短信验证码), four lower-case letters and digits unless fixed
	RequestID string    `json:"request_id"` // of the request that caused it
	SentAt    time.Time `json:"sent_at"`    // of the sandbox's clock
}

// sendSmsCode is SendSmsCode 发送短信验证码.
func (s *Sandbox) sendSmsCode(c call) (any, *failure) {
	mobile, smsType := c.params["mobile"], c.params["sms_type"]
	if !slices.Contains(smsTypes, smsType) {
		return nil, invalidSmsType()
	}
	if failed := s.redeemImgCode(c.params["img_code_id"], c.params["img_code"], c.now); failed != nil {
		return nil, failed
	}
	if s.throttled(mobile, c.now) {
		return nil, assumed(CodeTooManySms)
	}
	code := s.newSmsCode(mobile)
	s.smsCodes.put(smsCodeKey(mobile, smsType), smsCode{text: code}, c.now)
	s.sendSMS(SMS{
		ID:        s.nextID(),
		Mobile:    mobile,
		SmsType:   smsType,
		Code:      code,
		RequestID: c.requestID,
		SentAt:    c.now,
	})
	return true, nil
}

// sendSMS requires s.mu.
func (s *Sandbox) sendSMS(sms SMS) {
	s.texts.add(sms.ID, sms.Mobile, sms, sms.size())
	s.smsWaiters.tell(s.texts.queue[len(s.texts.queue)-1])
	s.publish(event{id: sms.ID, what: EventSMS, sms: &sms})
}

// size is that of its strings in bytes, sms_type excepted, which is a constant.
func (sms SMS) size() int { return len(sms.Mobile) + len(sms.Code) + len(sms.RequestID) }

// newSmsCode returns the code of an SMS to a phone. It requires s.mu.
func (s *Sandbox) newSmsCode(mobile string) string {
	if special := s.special[mobile]; special.Kind == FixedCode {
		return special.SmsCode
	}
	if s.fixedSmsCode != "" {
		return s.fixedSmsCode
	}
	return randomString(smsCodeLength, smsCodeAlphabet)
}

// FixSmsCode sets the code of all following SMS; "" makes it random again. The code must have four characters. The code of
// a special number has priority.
func (s *Sandbox) FixSmsCode(code string) error {
	if code != "" {
		if err := checkSmsCode(code); err != nil {
			return fmt.Errorf("sandbox: %w, not %q", err, code)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixedSmsCode = code
	return nil
}

// WithSmsCode is FixSmsCode as an option. New panics if the code does not have four characters.
func WithSmsCode(code string) Option {
	return func(s *Sandbox) { must(s.FixSmsCode(code)) }
}

// Outbox returns the SMS to a phone, oldest first. The newest 100,000 SMS of all phones are kept. The slice belongs to the
// caller.
func (s *Sandbox) Outbox(mobile string) []SMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts.sentTo(mobile)
}

// SMSFilter selects SMS. An empty field matches all.
type SMSFilter struct {
	Mobile  string // the phone
	SmsType string

	After  int64 // only higher IDs
	Before int64 // only lower IDs
	Limit  int   // the maximum number; the newest are returned
}

func (f SMSFilter) query() query[SMS] {
	q := query[SMS]{address: f.Mobile, after: f.After, before: f.Before, limit: f.Limit}
	if f.SmsType != "" {
		q.match = func(sms SMS) bool { return sms.SmsType == f.SmsType }
	}
	return q
}

// ListSMS returns the matching SMS, newest first.
func (s *Sandbox) ListSMS(f SMSFilter) []SMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts.list(f.query())
}

// FindSMS returns the SMS with this ID.
func (s *Sandbox) FindSMS(id int64) (sms SMS, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.texts.find(id)
}

// NextSMS returns the newest matching SMS, and waits if there is none. Use After to get only a later one:
//
//	before := sb.LastID()
//	// ... an action that sends an SMS
//	sms, err := sb.NextSMS(ctx, sandbox.SMSFilter{Mobile: "13900001111", After: before})
//
// It fails when ctx ends or the Sandbox is closed.
func (s *Sandbox) NextSMS(ctx context.Context, f SMSFilter) (SMS, error) {
	return next(ctx, s, &s.texts, s.smsWaiters, f.query())
}

// WaitSMS returns the newest SMS to a phone that WaitSMS has not returned before, and waits if there is none. Called once
// after each SMS, it returns each. Concurrent calls for the same phone return the same SMS. It fails when ctx ends or the
// Sandbox is closed.
func (s *Sandbox) WaitSMS(ctx context.Context, mobile string) (SMS, error) {
	sms, err := s.NextSMS(ctx, SMSFilter{Mobile: mobile, After: s.givenSMS(mobile)})
	if err != nil {
		return SMS{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.texts.byAddress[mobile]; b != nil {
		b.given = max(b.given, sms.ID)
	}
	return sms, nil
}

// givenSMS returns the ID of the SMS to this phone that WaitSMS returned last.
func (s *Sandbox) givenSMS(mobile string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.texts.byAddress[mobile]; b != nil {
		return b.given
	}
	return 0
}

// throttled requires s.mu.
func (s *Sandbox) throttled(mobile string, now time.Time) bool {
	last := s.texts.last(mobile)
	return s.special[mobile].Kind == Throttled || last != nil && now.Sub(last.SentAt) < SMSInterval
}

// smsCode is an SMS code that was sent and not used yet.
type smsCode struct {
	text    string
	guesses int // wrong ones
}

// smsCodeKey is what an SMS code is good for: one phone and one sms_type. No sms_type holds a blank, so no two keys are
// alike.
func smsCodeKey(mobile, smsType string) string {
	return smsType + " " + mobile
}

// redeemSmsCode uses an SMS code up, or says what is wrong with the guess at it. It requires s.mu.
func (s *Sandbox) redeemSmsCode(mobile, smsType, guess string, now time.Time) *failure {
	key := smsCodeKey(mobile, smsType)
	code := s.smsCodes.find(key, now)
	if code == nil {
		return assumed(CodeSmsCodeGone)
	}
	if strings.EqualFold(guess, code.text) {
		s.smsCodes.remove(key)
		return nil
	}
	code.guesses++
	if code.guesses == SmsCodeGuesses {
		s.smsCodes.remove(key)
	}
	return wrongSmsCode()
}

func wrongSmsCode() *failure {
	return assumed(CodeWrongSmsCode)
}

func invalidSmsType() *failure {
	return assumed(CodeInvalidSmsType)
}
