package sandbox

import (
	"slices"
	"time"
)

// TokenLifetime is how long a login token is valid.
const TokenLifetime = 24 * time.Hour

const tokenLength = 32

// newToken returns a random token, of any kind.
func newToken() string {
	return randomString(tokenLength, alphanumeric)
}

// loginData is the data of Login 登录 and LoginByMobileCode 短信验证码登录.
type loginData struct {
	OpenID string `json:"open_id"`
	Token  string `json:"token"`
}

// login is Login 登录. An unknown account and a wrong password give the same code.
func (s *Sandbox) login(c call) (any, *failure) {
	a := s.accounts.byName[c.params["account"]]
	if a == nil || !a.password.is(c.params["password"]) {
		return nil, assumed(CodeWrongPassword)
	}
	return s.logIn(a, c.now), nil
}

// loginByMobileCode is LoginByMobileCode 短信验证码登录. A phone without an account does not use up the SMS code.
func (s *Sandbox) loginByMobileCode(c call) (any, *failure) {
	mobile, smsType := c.params["mobile"], c.params["sms_type"]
	if !slices.Contains(loginSmsTypes, smsType) {
		return nil, invalidSmsType()
	}
	if s.special[mobile].Kind == WrongCode {
		return nil, wrongSmsCode()
	}
	a := s.accounts.withMobile(mobile)
	if a == nil {
		return nil, assumed(CodeUnknownMobile)
	}
	if failed := s.redeemSmsCode(mobile, smsType, c.params["code"], c.now); failed != nil {
		return nil, failed
	}
	return s.logIn(a, c.now), nil
}

// logout is Logout 登出.
func (s *Sandbox) logout(c call) (any, *failure) {
	token := c.params["token"]
	if s.loggedIn(token, c.now) == nil {
		return nil, invalidToken()
	}
	s.logins.remove(token)
	return true, nil
}

// login is a login of a person. It ends early if the account is removed or gets a new password.
type login struct {
	openID string
	resets int // the account's, at the time of the login
}

// logIn requires s.mu.
func (s *Sandbox) logIn(a *account, now time.Time) loginData {
	token := newToken()
	s.logins.put(token, login{openID: a.openID, resets: a.resets}, now)
	return loginData{OpenID: a.openID, Token: token}
}

// loggedIn returns the account of a login token, or nil if the token is unknown or its login has ended.
// It requires s.mu.
func (s *Sandbox) loggedIn(token string, now time.Time) *account {
	l := s.logins.find(token, now)
	if l == nil {
		return nil
	}
	a := s.accounts.byOpenID[l.openID]
	if a == nil || a.resets != l.resets {
		return nil
	}
	return a
}

func invalidToken() *failure {
	return &failure{codeInvalidToken, "无效的token"}
}
