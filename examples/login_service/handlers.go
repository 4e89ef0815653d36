package main

import (
	"net/http"
	"regexp"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/auth"
)

// A flow is a use of an SMS code: the page for the code, and what happens with it.
type flow struct {
	smsType openplatform.SmsType
	page    string
	cookie  string // for the token that the code is exchanged for
	keep    time.Duration
	next    string // the next page
}

var flows = map[string]flow{
	"register": {smsType: openplatform.SmsTypeRegister, page: "register"},
	"login":    {openplatform.SmsTypeLogin, "login_sms", sessionCookie, 0, "/account"},
	"reset":    {openplatform.SmsTypeResetPassword, "reset", resetCookie, 10 * time.Minute, "/reset/password"},
}

// showPicture shows the first step of a flow: a new picture, but not while the person must wait.
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

// sendSMS sends an SMS, but not too often to a phone. The limit is released only if no SMS was sent.
func (s *service) sendSMS(w http.ResponseWriter, r *http.Request) {
	f, mobile := flows[r.PathValue("flow")], phone(r)
	if wait := s.phones.take(mobile); wait > 0 {
		a := s.adviser.Of(&openplatform.TransportError{Operation: "SendSmsCode"}) // it may have been sent
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

// waitForSMS shows the page for the code of an SMS, without a button for another SMS until wait has passed.
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

// activate is a POST, although the platform has a GET: programs that scan e-mails follow links.
func (s *service) activate(w http.ResponseWriter, r *http.Request) {
	_, err := s.client.Activate(r.Context(), &openplatform.ActivateRequest{Token: r.PostFormValue("token")})
	next := "/login?done=activated"
	if s.cookies.get(r, sessionCookie) != "" {
		next = "/account?done=activated"
	}
	s.finish(w, r, "activate", err, next)
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

// useSMSCode exchanges the SMS code for a login token or for the token of a reset.
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
	if token == "" { // it has expired after ten minutes
		http.Redirect(w, r, "/sms/reset", http.StatusSeeOther)
		return
	}
	_, err := s.client.ResetPassword(r.Context(), &openplatform.ResetPasswordRequest{Token: token, Password: r.PostFormValue("password")})
	if err == nil {
		s.cookies.remove(w, resetCookie)
	}
	s.finish(w, r, "reset_password", err, "/login?done=reset")
}

// logOut ends the session in this browser, even if the call fails: then the client logs it, and the token expires.
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

// keptOut responds to a request without a valid session. Only a 401 ends the session.
func (s *service) keptOut(w http.ResponseWriter, r *http.Request, a advice.Advice) {
	page := "unavailable"
	if a.Status == http.StatusUnauthorized {
		page = "login"
		s.cookies.remove(w, sessionCookie)
	}
	s.show(w, r, page, view{Advice: a})
}

// finish redirects to next, or shows the page again with the advice for err.
func (s *service) finish(w http.ResponseWriter, r *http.Request, page string, err error, next string) {
	if err != nil {
		s.show(w, r, page, view{Advice: s.adviser.Of(err)})
		return
	}
	s.who.Forget(s.cookies.get(r, sessionCookie)) // the account of the session may have changed
	http.Redirect(w, r, next, http.StatusSeeOther)
}

var betweenDigits = regexp.MustCompile(`[^+0-9]`)

// phone returns the phone number of a form without blanks and hyphens.
func phone(r *http.Request) string {
	return betweenDigits.ReplaceAllString(r.PostFormValue("mobile"), "")
}
