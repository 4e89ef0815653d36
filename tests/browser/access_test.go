package browser

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	openplatform "github.com/ebaas/openplatform-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAxeFindsNothing runs axe on every view, in both languages and both colour schemes, and on what comes up in them.
func TestAxeFindsNothing(t *testing.T) {
	s := newSpace(t)
	fillViews(t, s)

	for _, l := range []look{{}, {dark: true}, {language: "zh-CN"}, {language: "zh-CN", dark: true}, {width: 360, height: 740}} {
		t.Run(fmt.Sprintf("%+v", l), func(t *testing.T) {
			b := openTab(t, s.base+"/sms", l)
			for _, view := range views {
				b.visit(s.base + view)
				eval[bool](b, `(document.querySelectorAll('details').forEach((d) => { d.open = true; }), true)`)
				assertAxeFindsNothing(b, view)
			}
			b.visit(s.base + "/requests")
			eval[bool](b, `(document.querySelector('td a').click(), true)`)
			b.settled()
			assertAxeFindsNothing(b, "a request")
			b.visit(s.base + "/accounts")
			eval[bool](b, `(document.querySelector('[data-control=remove]').click(), true)`)
			b.until("it asks", `document.querySelector('dialog[open]')`)
			assertAxeFindsNothing(b, "a question")
			b.visit(s.base + "/sms/no/such/page")
			assertAxeFindsNothing(b, "no page")
		})
	}

	t.Run("broken", func(t *testing.T) {
		p := startFor(t, "127.0.0.1:0")
		b := openTab(t, p.url()+"/sms", look{dark: true})
		b.expect("net::ERR_")
		p.stop()
		b.sees("#stream", "Not connected")
		assertAxeFindsNothing(b, "not connected")
	})
}

func assertAxeFindsNothing(b *tab, where string) {
	b.t.Helper()
	axe, err := os.ReadFile(nodeModules(b.t, "axe-core", "axe.min.js"))
	require.NoError(b.t, err)
	eval[bool](b, `(() => { if (!window.axe) { `+string(axe)+` } return true; })()`)
	found := eval[[]string](b, `axe.run().then(({ violations }) => violations.map((v) =>
		v.id + ': ' + v.help + ' ' + v.nodes.map((n) => n.html).join(' | ')))`)
	assert.Empty(b.t, found, where)
}

// TestAPhoneShowsNoSidewaysScrolling has texts in every view that are too long for a phone.
func TestAPhoneShowsNoSidewaysScrolling(t *testing.T) {
	s := newSpace(t)
	fillViews(t, s)
	for _, language := range []string{"en-US", "zh-CN"} {
		for _, width := range []int64{360, 320} {
			b := openTab(t, s.base+"/sms", look{language: language, width: width, height: 740})
			for _, view := range append(views, "/requests?operation=Register") {
				b.visit(s.base + view)
				eval[bool](b, `(document.querySelectorAll('details').forEach((d) => { d.open = true; }), true)`)
				assertFits(b, fmt.Sprintf("%s, %s, %d pixels", view, language, width))
			}
			eval[bool](b, `(document.querySelector('td a').click(), true)`)
			b.until("the request is there", `document.querySelector('main dl')`)
			assertFits(b, "a request")
		}
	}
}

func assertFits(b *tab, where string) {
	b.t.Helper()
	wider := eval[[]string](b, `(() => {
		const page = document.documentElement;
		if (page.scrollWidth <= innerWidth) return [];
		const right = (e) => e.getBoundingClientRect().left + Math.max(e.offsetWidth ?? 0, e.scrollWidth); // text sticks out of its box too
		const found = [...document.querySelectorAll('body *')].filter((e) => right(e) > innerWidth).map((e) => e.outerHTML.slice(0, 120));
		return [page.scrollWidth + ' pixels', ...found];
	})()`)
	assert.Empty(b.t, wider, where)
}

// TestTheKeyboardAloneDoesIt does with keys what the page is for, and looks at every stop on the way whether a person
// sees where the focus is.
func TestTheKeyboardAloneDoesIt(t *testing.T) {
	s := newSpace(t)
	b := openTab(t, s.base+"/sms", look{})
	k := &keyboard{b}

	k.step()
	assert.Equal(t, "Skip to content", k.at())
	k.press("\r")
	assert.Equal(t, "main", eval[string](b, `document.activeElement.id`))

	// A fault is switched on, and strikes.
	k.backTo("Faults")
	k.press("\r")
	b.sees("h1", "Faults")
	assert.Equal(t, "H1", eval[string](b, `document.activeElement.tagName`), "the focus goes to the new view")
	b.settled()
	k.to("Operation")
	k.press("S") // the first that begins with it
	k.to("What happens")
	k.press("J") // Truncated JSON
	k.to("Switch on")
	k.press("\r")
	b.sees(".fault", "SendSmsCode on")
	require.Error(t, s.sendSMS(mobile, openplatform.SmsTypeLogin))
	b.sees(".fault", "used up")

	// A special number is switched off and on with the blank.
	k.backTo("Numbers")
	k.press("\r")
	b.sees("h1", "Special numbers")
	b.settled()
	k.to("19900000001 Throttled")
	k.press(" ")
	b.until("it is off", `document.querySelector('[role=switch]').ariaChecked === 'false'`)
	assert.Equal(t, "19900000001 Throttled", k.at())
	k.press(" ")
	b.until("it is on", `document.querySelector('[role=switch]').ariaChecked === 'true'`)

	// A person registers: the picture's answer and the SMS code are copied, the account is activated.
	img, err := s.sdk.GetImgCode(t.Context())
	require.NoError(t, err)
	k.backTo("Pictures")
	k.press("\r")
	b.sees("main", img.Data.ImgCodeID)
	_, err = s.sdk.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: img.Data.ImgCodeID, ImgCode: k.copy("Copy answer"), SmsType: openplatform.SmsTypeRegister,
	})
	require.NoError(t, err)
	k.backTo("SMS")
	k.press("\r")
	b.sees("main", mobile)
	_, err = s.sdk.Register(t.Context(), &openplatform.RegisterRequest{
		Username: "lilei2024", Email: "lilei@example.com", Mobile: mobile, Code: k.copy("Copy code"), Password: "only-for-tests",
	})
	require.NoError(t, err)
	k.backTo("E-mails")
	k.press("\r")
	b.sees("main", "lilei@example.com")
	k.to("Activate the account")
	k.press("\r")
	b.sees("main", "Activated")

	// The account is removed, after a question.
	k.backTo("Accounts")
	k.press("\r")
	b.sees("main", "lilei2024 activated")
	k.to("Remove lilei2024")
	k.press("\r")
	b.until("it asks", `document.querySelector('dialog[open]')`)
	assert.Equal(t, "Cancel", k.at(), "what does no harm has the focus")
	k.press("\x1b")
	assert.Equal(t, "Remove lilei2024", k.at(), "the focus comes back")
	k.press("\r")
	b.until("it asks", `document.querySelector('dialog[open]')`)
	k.backTo("Remove")
	k.press("\r")
	b.sees("main", "No account yet")
	assert.NotEqual(t, "BODY", eval[string](b, `document.activeElement.tagName`), "the focus is not lost")

	k.backTo("中文")
	k.press("\r")
	b.sees("h1", "账号")
	assert.Zero(t, eval[int](b, `[...document.querySelectorAll('[tabindex]')].filter((e) => e.tabIndex > 0).length`),
		"a tabindex above 0 breaks the order of the document")
}

// A keyboard is all that a person has who does without a mouse.
type keyboard struct{ *tab }

func (k *keyboard) at() string {
	k.t.Helper()
	return eval[string](k.tab, `test.name(document.activeElement)`)
}

func (k *keyboard) step(options ...chromedp.KeyOption) {
	k.t.Helper()
	k.press("\t", options...)
	hidden := eval[string](k.tab, `(() => {
		const e = document.activeElement;
		if (e === document.body) return '';
		const style = getComputedStyle(e);
		const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
		const box = e.getBoundingClientRect();
		const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
		return seen && inside ? '' : e.outerHTML.slice(0, 200);
	})()`)
	assert.Empty(k.t, hidden, "a person does not see that this has the focus")
}

// to goes forward to what has a name, and backTo back.
func (k *keyboard) to(name string) { k.t.Helper(); k.seek(name) }

func (k *keyboard) backTo(name string) {
	k.t.Helper()
	k.seek(name, chromedp.KeyModifiers(chromedp.ModifierShift))
}

func (k *keyboard) seek(name string, options ...chromedp.KeyOption) {
	k.t.Helper()
	var passed []string
	for range 80 {
		k.step(options...)
		at := k.at()
		if at == name || strings.HasPrefix(at, name+" ") || strings.HasPrefix(at, name+"\n") {
			return
		}
		passed = append(passed, at)
	}
	require.FailNow(k.t, "the Tab key does not get to "+name, strings.Join(passed, ", "))
}

// copy presses the button with a name, and returns what it put into the clipboard.
func (k *keyboard) copy(name string) string {
	k.t.Helper()
	k.to(name)
	k.press("\r")
	k.sees("main", "Copied")
	return eval[string](k.tab, `navigator.clipboard.readText()`)
}
