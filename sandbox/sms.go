package sandbox

import (
	"slices"
	"time"
)

// SMSInterval is how long a phone has to wait after an SMS before it is sent another.
const SMSInterval = 60 * time.Second

const (
	smsCodeLength = 4
	// smsCodeAlphabet is lower-case letters and digits, as in the documents' sample 34fy, without the look-alikes.
	smsCodeAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"
)

// smsTypes are the documented values of sms_type: 注册, 重置密码, 登录.
var smsTypes = []string{"REGISTER", "RESET_PASSWORD", "LOGIN"}

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
		return nil, &failure{CodeInvalidSmsType, "短信类型不正确"}
	}
	if failed := s.pictures.redeem(c.params["img_code_id"], c.params["img_code"], c.now); failed != nil {
		return nil, failed
	}
	if s.outbox.throttled(mobile, c.now) {
		return nil, &failure{CodeTooManySms, "短信发送过于频繁，请稍后再试"}
	}
	s.outbox.add(SMS{
		Mobile:    mobile,
		SmsType:   smsType,
		Code:      randomString(smsCodeLength, smsCodeAlphabet),
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
	return slices.Clone(s.outbox.byMobile[mobile])
}

// outbox holds the SMS that were sent.
type outbox struct {
	byMobile map[string][]SMS // oldest first, never empty
	queue    []string         // the mobile of every SMS, oldest first
}

func (o *outbox) throttled(mobile string, now time.Time) bool {
	sent := o.byMobile[mobile]
	return len(sent) > 0 && now.Sub(sent[len(sent)-1].SentAt) < SMSInterval
}

func (o *outbox) add(sms SMS) {
	if len(o.queue) == maxKept {
		o.dropOldest()
	}
	o.byMobile[sms.Mobile] = append(o.byMobile[sms.Mobile], sms)
	o.queue = append(o.queue, sms.Mobile)
}

func (o *outbox) dropOldest() {
	mobile := o.queue[0]
	o.queue = o.queue[1:]
	o.byMobile[mobile] = o.byMobile[mobile][1:]
	if len(o.byMobile[mobile]) == 0 {
		delete(o.byMobile, mobile)
	}
}
