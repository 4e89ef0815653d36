package main

import (
	"net/http"
	"regexp"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/auth"
)

// A flow is what an SMS code is for: the page to type it in, and what it is good for there.
type flow struct {
	smsType openplatform.SmsType
	page    string
	cookie  string // to keep the token in that the code is exchanged for
	keep    time.Duration
	next    string // where to go then
}

var flows = map[string]flow{
	"register": {smsType: openplatform.SmsTypeRegister, page: "register"},
	"login":    {openplatform.SmsTypeLogin, "login_sms", sessionCookie, 0, "/account"},
	"reset":    {openplatform.SmsTypeResetPassword, "reset", resetCookie, 10 * time.Minute, "/reset/password"},
}

// showPicture shows the first step of a flow: a new picture, but not while an SMS may be on its way.
func (s *service) showPicture(w http.ResponseWriter, r *http.Request, v view) {
	v.Flow = r.PathValue("flow")
	if _, known := flows[v.Flow]; !known {
		http.NotFound(w, r)
		return
	}
	if v.Wait == 0 {
		picture, err := s.client.GetImgCode(r.Context())
		if err != nil {
			s.show(w, r, "sms", view{Flow: v.Flow, Advice: s.adviser.Of(err)})
			return
		}
		v.Picture = picture.Data
	}
	s.show(w, r, "sms", v)
}

// sendSMS asks for an SMS, but not too often for a phone. Its time is given back only if no SMS can
// be on its way.
func (s *service) sendSMS(w http.ResponseWriter, r *http.Request) {
	f, mobile := flows[r.PathValue("flow")], phone(r)
	if wait := s.phones.take(mobile); wait > 0 {
		a := s.adviser.Of(&openplatform.TransportError{Operation: "SendSmsCode"}) // one may be on its way
		a.Status = http.StatusTooManyRequests
		s.waitForSMS(w, r, f, wait, a)
		return
	}
	_, err := s.client.SendSmsCode(r.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: r.PostFormValue("img_code_id"), ImgCode: r.PostFormValue("img_code"), SmsType: f.smsType,
	})
	a := s.adviser.Of(err)
	switch {
	case err == nil:
		s.waitForSMS(w, r, f, s.phones.while, a)
	case a.Action == advice.ActionWaitForSMS:
		s.waitForSMS(w, r, f, a.Wait, a)
	default:
		if a.Wait == 0 {
			s.phones.giveBack(mobile)
		}
		s.showPicture(w, r, view{Advice: a, Wait: a.WaitSeconds()})
	}
}

// waitForSMS shows where to type the code of an SMS that is on its way, or may be, and no button
// for another one before wait has passed.
func (s *service) waitForSMS(w http.ResponseWriter, r *http.Request, f flow, wait time.Duration, a advice.Advice) {
	a.Wait = wait
	s.cookies.setWait(w, wait)
	s.show(w, r, f.page, view{Advice: a, NextSMS: a.WaitSeconds(), Done: "sms"})
}

func (s *service) register(w http.ResponseWriter, r *http.Request) {
	_, err := s.client.Register(r.Context(), &openplatform.RegisterRequest{
		Username: r.PostFormValue("username"), Email: r.PostFormValue("email"), Mobile: phone(r),
		Code: r.PostFormValue("code"), Password: r.PostFormValue("password"),
	})
	s.finish(w, r, "register", err, "/login?done=registered")
}

// activate is a POST, though the platform's is a GET: programs that look into mail follow links.
func (s *service) activate(w http.ResponseWriter, r *http.Request) {
	_, err := s.client.Activate(r.Context(), &openplatform.ActivateRequest{Token: r.PostFormValue("token")})
	s.finish(w, r, "activate", err, "/login?done=activated")
}

func (s *service) logIn(w http.ResponseWriter, r *http.Request) {
	account := r.PostFormValue("account")
	if s.tooOften(w, r, s.tries, "login", account) {
		return
	}
	login, err := s.client.Login(r.Context(), &openplatform.LoginRequest{Account: account, Password: r.PostFormValue("password")})
	if err == nil {
		s.cookies.set(w, sessionCookie, login.Data.Token, 0)
	}
	s.finish(w, r, "login", err, "/account")
}

// useSMSCode exchanges the SMS code for a token: of a login, or for a reset.
func (s *service) useSMSCode(f flow) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if s.tooOften(w, r, s.tries, f.page, phone(r)) {
			return
		}
		login, err := s.client.LoginByMobileCode(r.Context(), &openplatform.LoginByMobileCodeRequest{
			Mobile: phone(r), Code: r.PostFormValue("code"), SmsType: f.smsType,
		})
		if err == nil {
			s.cookies.set(w, f.cookie, login.Data.Token, f.keep)
		}
		s.finish(w, r, f.page, err, f.next)
	}
}

func (s *service) resetPassword(w http.ResponseWriter, r *http.Request) {
	token := s.cookies.get(r, resetCookie)
	if token == "" { // its ten minutes are over
		http.Redirect(w, r, "/sms/reset", http.StatusSeeOther)
		return
	}
	_, err := s.client.ResetPassword(r.Context(), &openplatform.ResetPasswordRequest{Token: token, Password: r.PostFormValue("password")})
	if err == nil {
		s.cookies.remove(w, resetCookie)
	}
	s.finish(w, r, "reset_password", err, "/login?done=reset")
}

// logOut ends the session in this browser whatever the platform says, for the person may leave
// it now. If the platform did not do its part, the client's log tells, and the token ends by itself.
func (s *service) logOut(w http.ResponseWriter, r *http.Request) {
	if token := s.cookies.get(r, sessionCookie); token != "" {
		_, _ = s.client.Logout(r.Context(), &openplatform.LogoutRequest{Token: token})
		s.who.Forget(token)
	}
	s.cookies.remove(w, sessionCookie)
	http.Redirect(w, r, "/login?done=logged_out", http.StatusSeeOther)
}

func (s *service) account(w http.ResponseWriter, r *http.Request) {
	account, _ := auth.AccountOf(r.Context())
	s.show(w, r, "account", view{Account: account})
}

// keptOut answers who is not let through to the account page. Only a 401 ends the session.
func (s *service) keptOut(w http.ResponseWriter, r *http.Request, a advice.Advice) {
	page := "unavailable"
	if a.Status == http.StatusUnauthorized {
		page = "login"
		s.cookies.remove(w, sessionCookie)
	}
	s.show(w, r, page, view{Advice: a})
}

// finish goes on to next, or shows the page again with what to do about err.
func (s *service) finish(w http.ResponseWriter, r *http.Request, page string, err error, next string) {
	if err != nil {
		s.show(w, r, page, view{Advice: s.adviser.Of(err)})
		return
	}
	s.who.Forget(s.cookies.get(r, sessionCookie)) // it may have changed the account of who is logged in
	http.Redirect(w, r, next, http.StatusSeeOther)
}

var betweenDigits = regexp.MustCompile(`[^+0-9]`)

// phone returns the phone number of a form, so that one phone is one phone however it is written.
func phone(r *http.Request) string {
	return betweenDigits.ReplaceAllString(r.PostFormValue("mobile"), "")
}
