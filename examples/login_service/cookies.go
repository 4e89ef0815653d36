package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/ebaas/openplatform-go/advice"
)

// What the service keeps in a browser.
const (
	sessionCookie  = "session"  // the platform's login token
	resetCookie    = "reset"    // the token that ResetPassword takes, between the two steps of a reset
	nextSMSCookie  = "next_sms" // when another SMS may be offered
	languageCookie = "lang"
)

// cookies say how. With https their names begin with __Host-, so that no other host and no plain
// http can set them.
type cookies struct{ secure bool }

func (c cookies) name(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

func (c cookies) get(r *http.Request, name string) string {
	cookie, err := r.Cookie(c.name(name))
	if err != nil {
		return "" // there is none
	}
	return cookie.Value
}

// set keeps a value for a while, or until the browser is closed if it is 0; never if it is less.
func (c cookies) set(w http.ResponseWriter, name, value string, while time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: c.name(name), Value: value, Path: "/", MaxAge: int(while.Seconds()),
		HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
	})
}

func (c cookies) remove(w http.ResponseWriter, name string) { c.set(w, name, "", -time.Second) }

// wait returns in how many seconds this browser may be offered another SMS.
func (c cookies) wait(r *http.Request) int {
	until, _ := strconv.ParseInt(c.get(r, nextSMSCookie), 10, 64) // 0 if there is none
	return max(0, min(int(until-time.Now().Unix()), 3600))        // the browser may have changed it
}

func (c cookies) setWait(w http.ResponseWriter, wait time.Duration) {
	c.set(w, nextSMSCookie, strconv.FormatInt(time.Now().Add(wait).Unix()+1, 10), wait+time.Second)
}

// language is the one that was chosen on a page, or the one that the browser asks for.
func (c cookies) language(w http.ResponseWriter, r *http.Request) advice.Language {
	for _, chosen := range []string{r.URL.Query().Get("lang"), c.get(r, languageCookie)} {
		if l := advice.Language(chosen); l == advice.Chinese || l == advice.English {
			c.set(w, languageCookie, chosen, 365*24*time.Hour)
			return l
		}
	}
	return advice.LanguageOf(r)
}
