package browser

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const mobile = "13900001111"

// TestAPersonRegisters is what the page is for: all that a person reads of a platform is read in it.
func TestAPersonRegisters(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/pictures", look{})

	img, err := s.sdk.GetImgCode(t.Context())
	require.NoError(t, err)
	b.sees("main", img.Data.ImgCodeID)
	_, err = s.sdk.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: img.Data.ImgCodeID, ImgCode: b.text(".code"), SmsType: openplatform.SmsTypeRegister,
	})
	require.NoError(t, err)
	b.lacks("main", img.Data.ImgCodeID) // it is used up

	b.goTo("SMS")
	b.sees("main", mobile)
	code := b.text(".code")
	assert.Regexp(t, "^[a-z0-9]{4}$", code)
	_, err = s.sdk.Register(t.Context(), &openplatform.RegisterRequest{
		Username: "lilei2024", Email: "lilei@example.com", Mobile: mobile, Code: code, Password: "only-for-tests",
	})
	require.NoError(t, err)

	b.goTo("Accounts")
	b.sees("main", "not activated")
	b.goTo("E-mails")
	b.sees("main", "lilei@example.com")
	b.click("Activate the account")
	b.sees("main", "Activated")
	b.click("Activate the account")
	b.sees("main", "400109") // the link is good for one use
	b.goTo("Accounts")
	b.lacks("main", "not activated")
	b.sees("main", "lilei2024 activated")
}

func TestANewSMSAppearsWithoutAReload(t *testing.T) {
	s := newSpace(t)
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	b := openTab(t, s.base+"/sms", look{})
	b.sees("main", mobile)
	b.calm()
	eval[bool](b, `Boolean(window.before = document.querySelector('.message'))`)
	eval[bool](b, `(test.named('Copy code').focus(), true)`)
	held := eval[string](b, `test.name(document.activeElement)`)

	require.NoError(t, s.sendSMS("13900002222", openplatform.SmsTypeRegister))
	b.until("the new SMS is on top", `document.querySelector('.message h2')?.innerText.includes('13900002222')`)
	assert.Equal(t, s.latestCode("13900002222"), b.text(".code"))
	b.sees("#announcer", "New SMS for 13900002222: "+s.latestCode("13900002222"))
	assert.True(t, eval[bool](b, `window.before.isConnected`), "what was there stays as it is, with its focus and selection")
	assert.Equal(t, held, eval[string](b, `test.name(document.activeElement)`), "the focus stays where it was")

	larger := `parseFloat(getComputedStyle(document.querySelectorAll('.code')[%]).fontSize)`
	assert.Greater(t, eval[float64](b, regexp.MustCompile("%").ReplaceAllString(larger, "0")),
		1.5*eval[float64](b, regexp.MustCompile("%").ReplaceAllString(larger, "1")), "the newest code is the largest")

	b.click("Copy code " + s.latestCode("13900002222"))
	b.sees("main", "Copied")
	assert.Equal(t, s.latestCode("13900002222"), eval[string](b, `navigator.clipboard.readText()`))
}

// TestCopyingWhereABrowserHasNoClipboard is about a sandbox that is reached by a name, without TLS.
func TestCopyingWhereABrowserHasNoClipboard(t *testing.T) {
	s := newSpace(t)
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	b := openTab(t, s.base+"/sms", look{})
	eval[bool](b, `Boolean(Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true }))`)
	b.click("Copy code")
	b.sees("main", "Copied")
	eval[bool](b, `delete navigator.clipboard`)
	assert.Equal(t, s.latestCode(mobile), eval[string](b, `navigator.clipboard.readText()`))
	assert.Equal(t, "Copy code "+s.latestCode(mobile), eval[string](b, `test.name(document.activeElement)`))
}

// TestAPageThatNobodySeesKeepsNoConnection leaves the few that a browser has for a host to others, and loses nothing.
func TestAPageThatNobodySeesKeepsNoConnection(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/sms", look{})
	require.NoError(t, s.sendSMS("13900002222", openplatform.SmsTypeLogin))
	b.sees("main", "13900002222")
	show := func(hidden bool) {
		eval[bool](b, fmt.Sprintf(`(() => {
			Object.defineProperty(document, 'hidden', { value: %t, configurable: true });
			return document.dispatchEvent(new Event('visibilitychange'));
		})()`, hidden))
	}
	show(true)
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	time.Sleep(time.Second) // long enough for what must not happen
	assert.NotContains(t, b.text("main"), mobile)
	show(false)
	b.sees("main", mobile)
	b.sees("#announcer", mobile)
	assert.Equal(t, "Live", b.text("#stream"))
}

func TestWhatArrivesIsCountedInOtherViews(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/accounts", look{})
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	require.NoError(t, s.sendSMS("13900002222", openplatform.SmsTypeLogin))
	b.sees("body > nav", "2 new")
	b.click("中文")
	b.sees("body > nav", "2 条新消息")
	b.goTo("短信")
	b.lacks("body > nav", "新消息")
}

func TestAFaultSwitchedOnStrikes(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/faults", look{})
	b.sees("main", "There are no faults.")

	b.choose("Operation", "SendSmsCode")
	b.choose("What happens", "The connection is closed without a response")
	b.choose("When", "After the effect")
	b.click("Switch on")
	b.sees(".fault", "SendSmsCode on")
	b.sees(".fault", "after the effect · hit 0 of 1")
	b.sees("#announcer", "Done.")
	assert.Equal(t, "1", eval[string](b, `test.named('How many requests').value`), "the form is as it was at first")

	b.calm()
	err := s.sendSMS(mobile, openplatform.SmsTypeLogin)
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err), "%v", err)
	assert.NotEmpty(t, s.latestCode(mobile), "the SMS was sent all the same")
	b.sees(".fault", "hit 1 of 1")
	b.sees(".fault", "used up")
	require.NoError(t, s.sendSMS("13900002222", openplatform.SmsTypeLogin))

	b.click("Switch on fault")
	b.sees(".fault", "hit 0 of 1")
	require.Error(t, s.sendSMS("13900003333", openplatform.SmsTypeLogin))

	b.goTo("Requests")
	b.sees("main", "dropped")
	b.click("SendSmsCode")
	b.sees("main h1", "Request")
	b.sees("main", "139****3333")
	b.click("Show as sent")
	b.sees("main", "13900003333")
}

func TestAFaultIsChangedAndSwitchedOff(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/faults", look{})
	b.choose("Operation", "GetAccessToken")
	b.choose("What happens", "A failure of the platform")
	b.fill("Code", "500123")
	b.fill("Message", "系统异常")
	b.fill("How many requests", "")
	b.click("Switch on")
	b.sees(".fault", "500123 系统异常")
	_, err := s.sdk.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "demo", ClientSecret: "demo"})
	var failure *openplatform.APIError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, openplatform.Code("500123"), failure.Code)

	b.click("Change fault")
	b.sees("#order", "Change fault")
	b.choose("What happens", "HTML page of nginx, HTTP 502")
	b.click("More")
	b.fill("Share in percent", "100")
	b.fill("Headers", "X-Gateway: down")
	b.click("Save")
	b.sees(".fault", "HTML page of nginx")
	b.sees(".fault", "100 % at random")

	b.fill("Delay", "soon")
	b.click("Switch on")
	b.sees("#order .problem", "The operation failed")

	b.click("Switch off fault")
	b.sees("main", "There are no faults.")
	_, err = s.sdk.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "nobody", ClientSecret: "x"})
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, openplatform.Code("403006"), failure.Code)
	b.expect("status of 400") // the delay that is none
}

func TestSpecialNumbersAreSwitched(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/special_numbers", look{})
	assert.Equal(t, []string{"true", "true", "true", "true", "true", "true"},
		eval[[]string](b, `[...document.querySelectorAll('[role=switch]')].map((e) => e.ariaChecked)`),
		"the documented numbers are special at the start")
	require.ErrorIs(t, s.sendSMS("19900000001", openplatform.SmsTypeLogin), openplatform.ErrRateLimited)

	b.click("19900000001 Throttled")
	b.until("it is off", `document.querySelector('[role=switch]').ariaChecked === 'false'`)
	assert.Equal(t, "19900000001 Throttled", eval[string](b, `test.name(document.activeElement)`), "the focus stays on the switch")
	require.NoError(t, s.sendSMS("19900000001", openplatform.SmsTypeLogin))
	b.click("19900000001 Throttled")
	b.until("it is on", `document.querySelector('[role=switch]').ariaChecked === 'true'`)
	require.ErrorIs(t, s.sendSMS("19900000001", openplatform.SmsTypeLogin), openplatform.ErrRateLimited)

	b.fill("Phone number", mobile)
	b.choose("Outcome", "Fixed code")
	b.fill("SMS code", "1234")
	b.click("Set")
	b.sees("main", "Every SMS code is 1234.")
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	assert.Equal(t, "1234", s.latestCode(mobile))
	b.click("Remove " + mobile)
	b.lacks("main", mobile)
}

func TestAccountsAreAddedAndRemoved(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/accounts", look{})
	b.click("Add")
	b.sees("main form.card .problem", "The operation failed")
	b.expect("status of 400")

	b.fill("Username", "hanmeimei")
	b.fill("Password", "only-for-tests")
	b.click("Add")
	b.sees("main", "hanmeimei activated")
	_, err := s.sdk.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: "only-for-tests"})
	require.NoError(t, err)

	b.click("Filter")
	b.fill("Username, e-mail address or phone number", "nobody")
	b.press("\r")
	b.sees("main", "No account has this name.")
	b.click("Show all")
	b.click("Remove hanmeimei")
	b.sees("dialog", "Remove the account hanmeimei?")
	b.press("\x1b")
	b.until("the question is gone", `!document.querySelector('dialog')`)
	b.sees("main", "hanmeimei")
	b.click("Remove hanmeimei")
	b.until("it asks again", `document.querySelector('dialog[open]')`)
	eval[bool](b, `(document.querySelector('dialog .danger').click(), true)`)
	b.sees("main", "No account yet")
	_, err = s.sdk.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: "only-for-tests"})
	require.Error(t, err)
}

func TestTheClockMoves(t *testing.T) {
	s := newSpace(t)
	s.picture()
	b := openTab(t, s.base+"/pictures", look{})
	b.sees("main", "4:5")
	b.goTo("Settings")
	b.fill("Move forward by", "6m")
	b.click("Move")
	b.sees("header", "Clock: +6m")
	b.goTo("Pictures")
	b.sees("main", "There is no valid picture.")
}

func TestTokensAndClients(t *testing.T) {
	s := newSpace(t)
	s.control(http.MethodPost, "/accounts", map[string]string{"username": "hanmeimei", "password": "only-for-tests"}, nil)
	login, err := s.sdk.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: "only-for-tests"})
	require.NoError(t, err)
	b := openTab(t, s.base+"/settings", look{})
	b.click("End Login")
	b.sees("main", "There are no valid tokens.")
	_, err = s.sdk.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: login.Data.Token})
	require.ErrorIs(t, err, openplatform.ErrInvalidToken)

	b.fill("client_id", "shop")
	b.fill("client_secret", "of-the-shop")
	b.click("Set")
	b.sees("main", "of-the-shop")
	_, err = s.sdk.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "of-the-shop"})
	require.NoError(t, err)
	b.sees("main", "Access token")
	b.click("Remove shop")
	b.lacks("main", "of-the-shop")
}

func TestTheStateIsResetAndBroughtBack(t *testing.T) {
	s := newSpace(t)
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	code := s.latestCode(mobile)
	b := openTab(t, s.base+"/settings", look{})
	exported := eval[string](b, `fetch(test.named('Export').href).then((r) => r.text())`)

	b.click("Reset")
	b.until("it asks", `document.querySelector('dialog[open]')`)
	eval[bool](b, `(document.querySelector('dialog .danger').click(), true)`)
	b.sees("main", "The initial state is restored.")
	b.goTo("SMS")
	b.sees("main", "No SMS yet.")

	b.goTo("Settings")
	upload(b, "no JSON")
	b.sees("main", "the file is not JSON")
	upload(b, exported)
	b.sees("main", "Imported.")
	b.goTo("SMS")
	b.sees(".code", code)
}

// upload picks a file and imports it.
func upload(b *tab, content string) {
	b.t.Helper()
	eval[bool](b, `(() => {
		const files = new DataTransfer();
		files.items.add(new File([`+quote(content)+`], 'state.json'));
		document.querySelector('input[type=file]').files = files.files;
		return true;
	})()`)
	b.click("Import")
}
