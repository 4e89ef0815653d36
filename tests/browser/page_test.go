package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	openplatform "github.com/ebaas/openplatform-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// views are all there are, by their addresses.
var views = []string{
	"/sms", "/sms/latest", "/emails", "/pictures", "/accounts", "/requests", "/faults", "/special_numbers", "/settings",
}

// fillViews puts something into every view, with texts that are as long as they may be.
func fillViews(t testing.TB, s *space) {
	t.Helper()
	long := "a-name-without-a-blank-that-is-as-long-as-the-platform-lets-it-be-and-so-does-not-fit-a-phone" +
		"-whatever-is-done-with-it-and-goes-on-for-quite-a-while-until-it-is-over@example.com"
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeRegister))
	_, err := s.sdk.Register(t.Context(), &openplatform.RegisterRequest{
		Username: "WWWWWWWWWWWWWWWWWWWW", Email: long, Mobile: mobile, Code: s.latestCode(mobile), Password: "only-for-tests",
	})
	require.NoError(t, err)
	require.NoError(t, s.sendSMS("99999999999999999999999999999999", openplatform.SmsTypeLogin))
	require.Error(t, s.sendSMS(mobile, openplatform.SmsTypeLogin)) // too soon
	s.picture()
	_, err = s.sdk.Login(t.Context(), &openplatform.LoginRequest{Account: mobile, Password: "only-for-tests"})
	require.NoError(t, err)
	for _, fault := range []map[string]any{
		{"operation": "LoginByMobileCode", "preset": "gbk_page", "times": 3, "share": 50, "delay": "100ms", "max_delay": "2s", "after": true},
		{"operation": "Logout", "code": "500", "msg": long},
	} {
		s.control(http.MethodPost, "/faults", fault, nil)
	}
	s.control(http.MethodPut, "/clients/"+long[:128], map[string]string{"client_secret": long[:128]}, nil)
	s.control(http.MethodPost, "/clock/advance", map[string]string{"by": "90s"}, nil)
}

// TestMarkupIsText sends markup in everything that the sandbox keeps of a request.
func TestMarkupIsText(t *testing.T) {
	const (
		username = "<b id=got-in>x</b>" // of 20 characters at most
		email    = `<img src=x onerror="document.title='got in'"><b id=got-in>@example.com`
		phone    = "<b id=got-in>1</b>" // of 32 at most
		shorter  = "<b id=got-in>"      // of 16 at most
	)
	p := startFor(t, "127.0.0.1:0", "-label", "<b id=got-in>team</b>")
	s := spaceOf(t, p, "/spaces/markup")
	require.NoError(t, s.sendSMS(phone, openplatform.SmsTypeLogin))
	require.NoError(t, s.sendSMS(shorter, openplatform.SmsTypeRegister))
	_, err := s.sdk.Register(t.Context(), &openplatform.RegisterRequest{
		Username: username, Email: email, Mobile: shorter, Code: s.latestCode(url.QueryEscape(shorter)), Password: "only-for-tests",
	})
	require.NoError(t, err)
	s.control(http.MethodPost, "/faults", map[string]any{"code": "500", "msg": email, "operation": "Logout"}, nil)
	s.control(http.MethodPut, "/special_numbers/"+url.PathEscape(phone), map[string]string{"kind": "throttled"}, nil)
	s.control(http.MethodPut, "/clients/"+url.PathEscape(phone), map[string]string{"client_secret": phone}, nil)

	b := openTab(t, s.base+"/sms", look{})
	shown := map[string]string{
		"/sms": phone, "/sms/latest?mobile=" + url.QueryEscape(phone): phone, "/emails": email, "/accounts": username,
		"/special_numbers": phone, "/settings": phone, "/faults": email, "/requests": "Register", "/pictures": "",
	}
	for view, text := range shown {
		b.visit(s.base + view)
		b.sees("main", text)
		assertNoMarkup(b, view)
	}
	b.visit(s.base + "/requests?operation=Register")
	b.click("Register")
	b.sees("main h1", "Request")
	b.click("Show as sent")
	b.sees("main", username)
	assertNoMarkup(b, "a request")
	b.goTo("Accounts")
	b.click("Remove " + username)
	b.sees("dialog", username)
	assertNoMarkup(b, "a question")
}

func assertNoMarkup(b *tab, where string) {
	b.t.Helper()
	assert.Zero(b.t, eval[int](b, `document.querySelectorAll('#got-in, main img').length`), "%s: there is markup in it", where)
	assert.NotEqual(b.t, "got in", eval[string](b, `document.title`), "%s: a script has run", where)
	assert.Equal(b.t, "<b id=got-in>team</b>", b.text("#label"), where)
}

// TestNoForeignScriptRuns tries what markup that got in would try.
func TestNoForeignScriptRuns(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/sms", look{})
	b.expect("Content Security Policy|Trusted|404")
	assert.False(t, eval[bool](b, `(() => {
		const script = document.createElement('script');
		try { script.text = 'window.ran = true'; } catch { }
		document.body.append(script);
		try { document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.ran = true">'); } catch { }
		return new Promise((resolve) => setTimeout(() => resolve(window.ran === true), 200));
	})()`), "a script that is not the page's has run")
	assert.True(t, eval[bool](b, `fetch('http://127.0.0.1:9/').then(() => false, () => true)`))

	b.do(chromedp.Navigate(s.base + "/oauth/checkToken?token=none")) // a document that has no policy
	assert.Empty(t, eval[string](b, `new Promise((resolve) => {
		const frame = document.createElement('iframe');
		frame.onload = () => resolve(frame.contentDocument?.title ?? '');
		frame.src = `+quote(s.base+"/sms")+`;
		document.body.append(frame);
	})`), "the page shows itself in a frame")
}

func TestDeepLinks(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/sms/latest?mobile="+mobile, look{})
	b.sees("main", "No SMS matches.")
	require.NoError(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	b.sees(".message", mobile)
	b.sees("#announcer", mobile)
	require.NoError(t, s.sendSMS("13900002222", openplatform.SmsTypeLogin))
	b.sees("#announcer", "13900002222")
	b.calm()
	assert.Equal(t, s.latestCode(mobile), b.text(".code"))
	assert.NotContains(t, b.text("main"), "13900002222", "an SMS for another phone")
	assert.Contains(t, eval[string](b, `document.title`), "Newest SMS for "+mobile)

	b.click("All SMS")
	b.sees("main", "13900002222")
	b.click("Filter")
	b.fill("Phone number", "13900002222")
	b.click("Apply")
	b.lacks("main", s.latestCode(mobile))
	filtered := eval[string](b, `location.href`)
	assert.Equal(t, s.base+"/sms?mobile=13900002222", filtered)
	b.visit(filtered)
	assert.Equal(t, s.latestCode("13900002222"), b.text(".code"))
	eval[bool](b, `(history.back(), true)`)
	b.sees("main", s.latestCode(mobile))

	for _, view := range views {
		b.visit(s.base + view)
		assert.NotContains(t, b.text("main"), "There is no such page", view)
	}
	b.visit(s.base + "/sms/no/such/page")
	b.sees("main", "Page not found.")
}

// TestNothingIsSaidOfAListThatIsNotThereYet holds the lists back for a while.
func TestNothingIsSaidOfAListThatIsNotThereYet(t *testing.T) {
	s := spaceOf(t, startFor(t, "127.0.0.1:0"), "/spaces/slow")
	b := openTab(t, s.base+"/sms", look{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		const ask = fetch, come = new Promise((resolve) => { window.release = resolve; });
		window.fetch = async (url, ...rest) => { if (String(url).includes('limit=')) await come; return ask(url, ...rest); };
	`})
	const seen = `[...document.querySelectorAll('main > *')].filter((e) => e.checkVisibility({visibilityProperty: true})).map((e) => e.tagName).join()`
	for _, view := range []string{"/sms", "/requests", "/pictures", "/settings"} {
		b.do(chromedp.Navigate(s.base + view))
		b.until("there is a heading", `document.querySelector('main h1')`)
		before := eval[string](b, seen)
		assert.Subset(t, []string{"H1", "P"}, strings.Split(before, ","), view)
		assert.NotContains(t, b.text("main"), "No ", view)
		eval[any](b, "release()")
		b.settled()
		b.until(view+" shows what is there", seen+` !== `+quote(before))
	}
}

// TestSpacesNeverMeet has the same phone in two spaces and none.
func TestSpacesNeverMeet(t *testing.T) {
	one, other := newSpace(t), newSpace(t)
	require.NoError(t, one.sendSMS(mobile, openplatform.SmsTypeLogin))
	require.NoError(t, other.sendSMS(mobile, openplatform.SmsTypeLogin))
	b := openTab(t, one.base+"/sms", look{})
	assert.Equal(t, 1, eval[int](b, `document.querySelectorAll('.message').length`))
	assert.Equal(t, one.latestCode(mobile), b.text(".code"))

	b.click("Space:")
	b.sees("main", one.base)
	name := other.base[len(shared.url()+"/spaces/"):]
	b.click(name)
	b.sees("#space", name)
	b.sees("main", mobile)
	assert.Equal(t, other.base+"/sms", eval[string](b, `location.href`))
	assert.Equal(t, other.latestCode(mobile), b.text(".code"))

	b.goTo("Settings")
	b.fill("Name", fmt.Sprint(name, "-new"))
	b.click("Open")
	b.sees("#space", name+"-new")
	b.sees("main", "No SMS yet.")
	b.goTo("Settings")
	b.click("Forget " + name)
	b.until("it asks", `document.querySelector('dialog[open]')`)
	eval[bool](b, `(document.querySelector('dialog .danger').click(), true)`)
	b.until("it is gone", `!test.named(`+quote("Forget "+name)+`)`)
}

func TestTheStreamBreaksAndComesBack(t *testing.T) {
	p := startFor(t, "127.0.0.1:0")
	b := openTab(t, p.url()+"/sms", look{})
	assert.Equal(t, "Live", b.text("#stream"))
	b.expect("net::ERR_")

	p.stop()
	b.sees("#stream", "Not connected")
	b.sees("[role=alert]", "The connection to the sandbox is broken.")

	again := startFor(t, p.addr)
	require.NoError(t, spaceOf(t, again, "").sendSMS(mobile, openplatform.SmsTypeLogin))
	b.click("Reconnect now")
	b.sees("#stream", "Live")
	b.until("the warning is gone", `document.querySelector('#broken').hidden`)
	b.sees("main", mobile)
}

func TestLanguageAndColoursAreTheBrowsers(t *testing.T) {
	s := newSpace(t)
	background := `getComputedStyle(document.body).backgroundColor`
	b := openTab(t, s.base+"/sms", look{language: "zh-CN"})
	assert.Equal(t, "zh-CN", eval[string](b, `document.documentElement.lang`))
	assert.Equal(t, "短信", b.text("h1"))
	light := eval[string](b, background)

	b.click("English")
	b.sees("h1", "SMS")
	assert.Equal(t, "en", eval[string](b, `document.documentElement.lang`))
	b.visit(s.base + "/faults")
	assert.Equal(t, "Faults", b.text("h1"), "what was chosen is kept")

	dark := openTab(t, s.base+"/sms", look{dark: true, language: "fr"})
	assert.Equal(t, "SMS", dark.text("h1"), "English for all others")
	assert.NotEqual(t, light, eval[string](dark, background))
}
