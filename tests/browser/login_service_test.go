package browser

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	username = "hanmeimei"
	email    = "hanmeimei@example.com"
	password = "made-up-1"
)

// buildLoginService builds examples/login_service beside the other program, once.
var buildLoginService = sync.OnceValues(func() (string, error) {
	path := filepath.Join(filepath.Dir(binary), "login_service")
	build := exec.CommandContext(context.Background(), "go", "-C", "../..", "build", "-o", path, "./examples/login_service") //nolint:gosec // our own program
	out, err := build.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("build the login service: %w\n%s", err, out)
	}
	return path, err
})

// A loginService is examples/login_service, running, and the platform that it asks.
type loginService struct {
	*space // its sandbox
	url    string
}

// startLoginService starts the service with settings, and with a sandbox of its own.
func startLoginService(t testing.TB, settings ...string) *loginService {
	t.Helper()
	printed := runLoginService(t, settings...)
	s := &loginService{space: &space{t: t}}
	s.base = scan(t, printed, "sandbox %s (its page shows the SMS and e-mails that are \"sent\")\n")
	s.url = scan(t, printed, "login page %s\n")
	return s
}

// scan reads an address that the program prints.
func scan(t testing.TB, printed io.Reader, format string) string {
	t.Helper()
	var url string
	_, err := fmt.Fscanf(printed, format, &url)
	require.NoError(t, err, "it prints its addresses")
	return strings.TrimSuffix(url, "/")
}

// runLoginService runs the program until the test ends, and returns what it prints.
func runLoginService(t testing.TB, settings ...string) io.Reader {
	t.Helper()
	path, err := buildLoginService()
	require.NoError(t, err)
	printed, out, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, printed.Close()) })
	cmd := exec.CommandContext(context.Background(), path) //nolint:gosec // our own program
	cmd.Env = append(os.Environ(), "LOGIN_ADDR=127.0.0.1:0", "SANDBOX_ADDR=127.0.0.1:0", "OPENPLATFORM_ENV=", "LOGIN_PER_MINUTE=1000", "LOGIN_CACHE=0")
	cmd.Env = append(cmd.Env, settings...)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &log
	require.NoError(t, cmd.Start())
	require.NoError(t, out.Close()) // the program has its own
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return printed
}

// withAccount opens an account.
func (s *loginService) withAccount() *loginService {
	s.t.Helper()
	s.control(http.MethodPost, "/accounts", map[string]string{"username": username, "email": email, "mobile": mobile, "password": password}, nil)
	return s
}

func (s *loginService) nextMinute() {
	s.t.Helper()
	s.control(http.MethodPost, "/clock/advance", map[string]string{"by": "61s"}, nil)
}

// A visitor is a person at the pages of the login service, in a browser that nobody else has.
type visitor struct {
	*tab
	service *loginService
}

func (s *loginService) open(l look) *visitor {
	s.t.Helper()
	v := &visitor{tab: newTab(s.t, l), service: s}
	v.expect("Failed to load resource: the server responded with a status of") // whoever goes to a page says at which
	return v
}

// goes types an address, and gets to a page.
func (v *visitor) goes(path, page string, status int) {
	v.t.Helper()
	v.leave(chromedp.Navigate(v.service.url+path), page, status)
}

// follow clicks a link or a button, and gets to a page.
func (v *visitor) follow(name, page string, status int) {
	v.t.Helper()
	v.leave(v.clickOn(name), page, status)
}

// clickOn is a click on what has a name.
func (v *visitor) clickOn(name string) chromedp.Action[chromedp.Void] {
	v.t.Helper()
	v.until("something is called "+name, `test.named(`+quote(name)+`)`)
	at := eval[struct{ X, Y float64 }](v.tab, `test.place(`+quote(name)+`)`)
	return chromedp.MouseClickXY(at.X, at.Y)
}

// leave does what loads another document, and asserts which it is.
func (v *visitor) leave(action chromedp.Action[chromedp.Void], page string, status int) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	require.NoError(v.t, err)
	require.Equal(v.t, page, eval[string](v.tab, `document.querySelector('main')?.id ?? ''`), v.text("body"))
	require.EqualValues(v.t, status, response.Status, page)
}

// send fills the form of a page whatever its language, by the ids of its fields, and gets to a page.
func (v *visitor) send(page string, status int, fields map[string]string) {
	v.t.Helper()
	for id, text := range fields {
		eval[string](v.tab, `document.querySelector('#`+id+`').value = `+quote(text))
	}
	v.leave(script(`document.querySelector('#submit').click()`), page, status)
}

// script runs in the page.
func script(source string) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, target *chromedp.Target) (nothing chromedp.Void, err error) {
		_, err = chromedp.Evaluate[bool](source+`; true`)(ctx, target)
		return nothing, err
	}
}

// askForSMS reads a picture for a flow, and gets to where its code is typed.
func (v *visitor) askForSMS(flow, phone, page string, status int) {
	v.t.Helper()
	v.goes("/sms/"+flow, "sms", http.StatusOK)
	v.send(page, status, map[string]string{"mobile": phone, "img_code": v.answer()})
}

// readPicture fills the form for an SMS.
func (v *visitor) readPicture() {
	v.t.Helper()
	v.fill("Phone number", mobile)
	v.fill("Characters in the picture", v.answer())
}

func (v *visitor) answer() string {
	v.t.Helper()
	var picture struct{ Answer string }
	v.service.control(http.MethodGet, "/pictures/"+eval[string](v.tab, `document.querySelector('[name=img_code_id]').value`), nil, &picture)
	return picture.Answer
}

// another gets to the next picture, and waits as long as the page says.
func (v *visitor) another(link string) {
	v.t.Helper()
	v.follow(link, "sms", http.StatusOK)
	for eval[bool](v.tab, `!document.querySelector('#picture')`) {
		v.follow("No SMS? Get another one", "sms", http.StatusOK)
	}
}

func (v *visitor) session() string {
	v.t.Helper()
	for _, c := range call(v.tab, network.GetCookies, network.GetCookiesParams{URLs: []string{v.service.url}}).Cookies {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}

// TestLoginServiceAPersonsWay is all that an account is for, as one person does it.
func TestLoginServiceAPersonsWay(t *testing.T) {
	s := startLoginService(t, "LOGIN_SMS_EVERY=1s")
	v := s.open(look{})

	v.goes("/", "home", http.StatusOK)
	v.follow("Register", "sms", http.StatusOK)
	v.readPicture()
	v.follow("Send the SMS code", "register", http.StatusOK)
	v.sees("#done", "The SMS has been sent.")
	v.fill("SMS code", s.latestCode(mobile))
	v.fill("Username", username)
	v.fill("E-mail address", email)
	v.fill("Password", password)
	v.follow("Register", "login", http.StatusOK)
	v.sees("#done", "You are registered.")

	v.fill("Account", username)
	v.fill("Password", password)
	v.follow("Log in", "account", http.StatusOK)
	v.sees("#username", username)
	v.sees("#email", email)
	v.sees("#activation", "Not activated")
	assert.NotEmpty(t, v.session())
	assert.NotContains(t, eval[string](v.tab, `document.cookie`), "session", "no script reads the session")

	v.follow("Activate your account", "activate", http.StatusOK)
	var sent struct {
		ActivationToken string `json:"activation_token"`
	}
	s.control(http.MethodGet, "/emails/latest?email="+email, nil, &sent)
	v.fill("Activation code", sent.ActivationToken)
	v.follow("Activate", "account", http.StatusOK)
	v.sees("#done", "Your account is activated.")
	assert.Equal(t, "Activated", v.text("#activation"))

	v.follow("Log out", "login", http.StatusOK)
	v.sees("#done", "You have been logged out.")
	assert.Empty(t, v.session())
	v.goes("/account", "login", http.StatusUnauthorized)

	s.nextMinute()
	v.another("Log in by SMS")
	v.readPicture()
	v.follow("Send the SMS code", "login_sms", http.StatusOK)
	v.fill("SMS code", s.latestCode(mobile))
	v.follow("Log in", "account", http.StatusOK)
	v.sees("#username", username)
	v.follow("Log out", "login", http.StatusOK)

	s.nextMinute()
	v.another("Reset your password")
	v.readPicture()
	v.follow("Send the SMS code", "reset", http.StatusOK)
	v.fill("SMS code", s.latestCode(mobile))
	v.follow("Next", "reset_password", http.StatusOK)
	v.fill("Password", "made-up-2")
	v.follow("Change the password", "login", http.StatusOK)
	v.sees("#done", "Your password has been changed.")

	v.fill("Account", mobile)
	v.fill("Password", password)
	v.follow("Log in", "login", http.StatusUnprocessableEntity)
	assert.Equal(t, mobile, eval[string](v.tab, `document.querySelector('#account').value`), "nobody types it twice")
	v.fill("Password", "made-up-2")
	v.follow("Log in", "account", http.StatusOK)
}

const onItsWay = "The SMS may have been sent. Please wait one minute before you request another."

// onItsWayIsShown asserts the sentence, and that nothing offers another SMS.
func (v *visitor) onItsWayIsShown() {
	v.t.Helper()
	assert.Contains(v.t, v.text("#notice"), onItsWay)
	assert.Equal(v.t, "wait_for_sms", eval[string](v.tab, `document.querySelector('#notice').dataset.action`))
	assert.False(v.t, v.offersSMS(), "another SMS is offered")
}

// offersSMS is whether something to be seen leads to another SMS.
func (v *visitor) offersSMS() bool {
	v.t.Helper()
	return eval[bool](v.tab, `Boolean(test.named('Send the SMS code') ?? test.named('No SMS? Get another one'))`)
}

// TestLoginServiceALostAnswer is about an SMS whose sending nobody confirms: there is one, whatever is pressed.
func TestLoginServiceALostAnswer(t *testing.T) {
	s := startLoginService(t).withAccount()
	var elsewhere [2]*visitor // who has the form open already
	for i := range elsewhere {
		elsewhere[i] = s.open(look{})
		elsewhere[i].goes("/sms/login", "sms", http.StatusOK)
		elsewhere[i].readPicture()
	}
	v := s.open(look{})
	v.goes("/sms/login", "sms", http.StatusOK)
	v.readPicture()
	s.control(http.MethodPost, "/faults", map[string]any{
		"operation": "SendSmsCode", "drop": true, "after": true, "times": 1, "delay": "500ms",
	}, nil)

	v.leave(script(`for (const ms of [0, 100, 200]) setTimeout(() => test.named('Send the SMS code').click(), ms)`),
		"login_sms", http.StatusServiceUnavailable) // all before the answer is there
	v.onItsWayIsShown()

	s.nextMinute()                                                      // the platform would send another one by now
	v.leave(chromedp.Reload(), "login_sms", http.StatusTooManyRequests) // which sends the form again
	v.onItsWayIsShown()
	v.leave(chromedp.NavigateBack(), "sms", http.StatusOK)
	assert.False(t, v.offersSMS(), "the way back leads to another SMS")
	for _, e := range elsewhere {
		e.follow("Send the SMS code", "login_sms", http.StatusTooManyRequests)
		e.onItsWayIsShown()
	}
	var outbox struct{ SMS []struct{ Code string } }
	s.control(http.MethodGet, "/sms", nil, &outbox)
	require.Len(t, outbox.SMS, 1)

	// It did arrive, and is good.
	v.follow("Got the SMS? Enter its code", "login_sms", http.StatusOK)
	v.fill("Phone number", mobile)
	v.fill("SMS code", outbox.SMS[0].Code)
	v.follow("Log in", "account", http.StatusOK)
}

// TestLoginServiceAnotherSMSIsOfferedAfterAMinute has the browser's clock go on.
func TestLoginServiceAnotherSMSIsOfferedAfterAMinute(t *testing.T) {
	s := startLoginService(t)
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "SendSmsCode", "drop": true, "after": true}, nil)
	v := s.open(look{})
	v.goes("/sms/login", "sms", http.StatusOK)
	v.readPicture()
	v.follow("Send the SMS code", "login_sms", http.StatusServiceUnavailable)
	assert.Equal(t, "60", eval[string](v.tab, `document.querySelector('#wait').dataset.seconds`))

	eval[bool](v.tab, `(() => { const now = Date.now(); window.ahead = 30; Date.now = () => now + 1000 * ahead; return true })()`)
	v.until("half a minute is over", `/^(29|30) /.test(document.querySelector('#wait').innerText)`)
	assert.False(t, v.offersSMS())
	eval[bool](v.tab, `Boolean(window.ahead = 61)`)
	v.until("another SMS is offered", `test.named('No SMS? Get another one')`)
	assert.False(t, eval[bool](v.tab, `document.querySelector('#wait').checkVisibility()`))
}

// TestLoginServiceAnOutage has no platform for a while. It ends nobody's session.
func TestLoginServiceAnOutage(t *testing.T) {
	platform := startFor(t, "127.0.0.1:0")
	s := &loginService{space: spaceOf(t, platform, "")}
	s.url = scan(t, runLoginService(t, "OPENPLATFORM_ENV=test", "OPENPLATFORM_BASE_URL="+s.base,
		"OPENPLATFORM_CLIENT_ID="+sandbox.DemoClientID, "OPENPLATFORM_CLIENT_SECRET="+sandbox.DemoClientSecret), "login page %s\n")
	v := s.withAccount().open(look{})
	v.goes("/login", "login", http.StatusOK)
	v.fill("Account", email)
	v.fill("Password", password)
	v.follow("Log in", "account", http.StatusOK)
	session := v.session()
	require.NotEmpty(t, session)

	outage := func() {
		t.Helper()
		v.leave(chromedp.Reload(), "unavailable", http.StatusServiceUnavailable)
		assert.Contains(t, v.text("#notice"), "You have not been logged out.")
		v.follow("Try again", "unavailable", http.StatusServiceUnavailable)
		assert.Equal(t, session, v.session())
	}
	back := func() {
		t.Helper()
		v.follow("Try again", "account", http.StatusOK)
		assert.Equal(t, username, v.text("#username"))
		assert.Equal(t, session, v.session())
	}
	for _, fault := range []map[string]any{{"drop": true}, {"preset": "nginx_502"}, {"preset": "empty_503"}, {"code": "500"}} {
		s.control(http.MethodPost, "/faults", fault, nil)
		outage()
		s.control(http.MethodDelete, "/faults", nil, nil)
		back()
	}

	var state map[string]any
	s.control(http.MethodGet, "/state", nil, &state)
	platform.stop()
	outage()
	startFor(t, platform.addr)
	s.control(http.MethodPut, "/state", state, nil)
	back()
}

// TestLoginServiceForgedForms has another site send the service's forms from a person's browser.
func TestLoginServiceForgedForms(t *testing.T) {
	s := startLoginService(t).withAccount()
	s.control(http.MethodPost, "/accounts", map[string]string{"username": "mallory", "password": password}, nil)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<form method="post" action="%[1]s/login"><input name="account" value="mallory"><input name="password" value="%[2]s"><button>Win</button></form>
			<form method="post" action="%[1]s/logout"><button>A prize</button></form>`, s.url, password)
	}))
	t.Cleanup(elsewhere.Close)
	address, err := url.Parse(elsewhere.URL)
	require.NoError(t, err)

	v := s.open(look{})
	v.goes("/login", "login", http.StatusOK)
	v.fill("Account", username)
	v.fill("Password", password)
	v.follow("Log in", "account", http.StatusOK)
	session := v.session()
	for _, host := range []string{"localhost", "127.0.0.1"} { // a site of its own, and a neighbour to whom the browser gives the cookies
		for _, bait := range []string{"Win", "A prize"} {
			v.do(chromedp.Navigate("http://" + host + ":" + address.Port()))
			v.follow(bait, "forged", http.StatusForbidden)
			assert.Equal(t, session, v.session(), "%s, %s", host, bait)
			v.goes("/account", "account", http.StatusOK)
			assert.Equal(t, username, v.text("#username"))
		}
	}
}

// tour shows every page to check, and what may come up in it, with texts that are as long as they may be.
func tour(t *testing.T, l look, check func(b *tab, where string)) {
	t.Helper()
	const lost = "19900000003" // whose answers are lost
	name, address := strings.Repeat("W", 20), strings.Repeat("W", 200)+"@example.com"
	s := startLoginService(t)
	v := s.open(l)
	see := func(where string) { t.Helper(); check(v.tab, fmt.Sprintf("%s, %+v", where, l)) }

	for path, page := range map[string]string{
		"/": "home", "/login": "login", "/login/sms": "login_sms", "/register": "register", "/reset": "reset", "/reset/password": "reset_password",
		"/activate?token=" + strings.Repeat("t", 40): "activate", "/sms/register": "sms", "/sms/login": "sms", "/sms/reset": "sms",
	} {
		v.goes(path, page, http.StatusOK)
		see(path)
	}
	v.goes("/sms/login", "sms", http.StatusOK)
	v.send("sms", http.StatusUnprocessableEntity, map[string]string{"mobile": mobile, "img_code": "????"})
	see("a picture read wrong")
	v.goes("/account", "login", http.StatusUnauthorized)
	see("nobody is logged in")

	v.askForSMS("register", mobile, "register", http.StatusOK)
	see("an SMS was sent")
	v.goes("/sms/login", "sms", http.StatusOK)
	see("no other SMS yet")
	v.goes("/register", "register", http.StatusOK)
	v.send("login", http.StatusOK, map[string]string{
		"mobile": mobile, "code": s.latestCode(mobile), "username": name, "email": address, "password": password,
	})
	see("registered")
	v.send("account", http.StatusOK, map[string]string{"account": name, "password": password})
	see("the account")

	s.control(http.MethodPost, "/faults", map[string]any{"drop": true, "times": 1}, nil)
	v.goes("/account", "unavailable", http.StatusServiceUnavailable)
	see("an outage")
	v.do(chromedp.Navigate("data:text/html,<form method=post action=" + s.url + "/logout><button id=submit>.</button></form>"))
	v.send("forged", http.StatusForbidden, nil)
	see("a forged form")

	v = s.open(l) // whom no SMS has reached yet
	v.askForSMS("reset", lost, "reset", http.StatusServiceUnavailable)
	see("a lost answer")
	v = s.open(l)
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "GetImgCode", "drop": true}, nil)
	v.goes("/sms/login", "sms", http.StatusServiceUnavailable)
	see("no picture")
	v.goes("/login", "login", http.StatusOK)
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "Login", "code": "400999", "msg": strings.Repeat("Unbroken", 30)}, nil)
	for range 10 {
		v.send("login", http.StatusUnprocessableEntity, map[string]string{"account": lost, "password": password})
	}
	see("words of the platform's")
	v.send("login", http.StatusTooManyRequests, map[string]string{"account": lost, "password": password})
	see("too many tries")
}

// TestLoginServiceAxeFindsNothing runs axe on every page.
func TestLoginServiceAxeFindsNothing(t *testing.T) {
	for _, l := range []look{{}, {language: "zh-CN"}, {dark: true}, {language: "zh-CN", width: 360, height: 740}} {
		tour(t, l, assertAxeFindsNothing)
	}
}

// TestLoginServiceAPhoneShowsNoSidewaysScrolling looks at every page on narrow screens.
func TestLoginServiceAPhoneShowsNoSidewaysScrolling(t *testing.T) {
	for _, language := range []string{"en-US", "zh-CN"} {
		for _, width := range []int64{360, 320} {
			tour(t, look{language: language, width: width, height: 740}, assertFits)
		}
	}
}
