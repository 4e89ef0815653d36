package sandbox

import (
	"slices"
	"strings"
	"time"
)

const (
	// SMSInterval is how long a phone has to wait after an SMS before it is sent another.
	SMSInterval = 60 * time.Second
	// SmsCodeLifetime is how long an SMS code can be used after it was sent.
	SmsCodeLifetime = 5 * time.Minute
	// SmsCodeGuesses is how many wrong guesses end an SMS code.
	SmsCodeGuesses = 5
)

// maxMobile is the longest mobile of SendSmsCode, in characters: it is kept in the outbox, so there has to be one. The
// documents name none for this operation, and 16 for others.
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

// SMS is a text message that the platform would have sent.
type SMS struct {
	Mobile    string    // the phone, as the request had it
	SmsType   string    // REGISTER, RESET_PASSWORD or LOGIN
	Code      string    // the SMS code (短信验证码), four lower-case letters and digits
	RequestID string    // the request that it was sent for
	SentAt    time.Time // by the sandbox's clock
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
		return nil, &failure{CodeTooManySms, "短信发送过于频繁，请稍后再试"}
	}
	code := randomString(smsCodeLength, smsCodeAlphabet)
	s.smsCodes.put(smsCodeKey(mobile, smsType), smsCode{text: code}, c.now)
	s.texts.add(mobile, SMS{
		Mobile:    mobile,
		SmsType:   smsType,
		Code:      code,
		RequestID: c.requestID,
		SentAt:    c.now,
	})
	return true, nil
}

// Outbox returns the SMS that a phone got, oldest first. The newest 100,000 SMS over all phones are kept; the slice is
// the caller's.
func (s *Sandbox) Outbox(mobile string) []SMS {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts.byAddress[mobile])
}

// throttled needs s.mu.
func (s *Sandbox) throttled(mobile string, now time.Time) bool {
	sent := s.texts.byAddress[mobile]
	return len(sent) > 0 && now.Sub(sent[len(sent)-1].SentAt) < SMSInterval
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

// redeemSmsCode uses an SMS code up, or says what is wrong with the guess at it. It needs s.mu.
func (s *Sandbox) redeemSmsCode(mobile, smsType, guess string, now time.Time) *failure {
	key := smsCodeKey(mobile, smsType)
	code := s.smsCodes.find(key, now)
	if code == nil {
		return &failure{CodeSmsCodeGone, "短信验证码已失效"}
	}
	if strings.EqualFold(guess, code.text) {
		s.smsCodes.remove(key)
		return nil
	}
	code.guesses++
	if code.guesses == SmsCodeGuesses {
		s.smsCodes.remove(key)
	}
	return &failure{CodeWrongSmsCode, "短信验证码错误"}
}

func invalidSmsType() *failure {
	return &failure{CodeInvalidSmsType, "短信类型不正确"}
}
