package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/sandbox"
)

// Register, activate, log out, log in by SMS, reset, log in: as one person does.
func TestAPersonsWay(t *testing.T) {
	v := begin(t, smsAtAnyTime)
	v.askForSMS("register")
	v.shows("register", http.StatusOK)
	assert.Contains(t, v.page, `id="done"`)
	v.post("/register", "mobile", mobile, "code", v.smsCode(), "username", username, "email", email, "password", password)
	assert.Equal(t, "/login?done=registered", v.path)
	v.shows("login", http.StatusOK)
	v.logIn()
	v.shows("account", http.StatusOK)
	assert.Contains(t, v.page, `href="/activate"`, "not activated")

	activation := v.sb.Mailbox(email)[0].ActivationToken
	v.get("/activate?token=" + activation)
	assert.Contains(t, v.page, `value="`+activation+`"`)
	v.post("/activate", "token", activation)
	assert.Equal(t, "/account?done=activated", v.path)
	v.shows("account", http.StatusOK)
	assert.Contains(t, v.page, "账号已激活。")
	assert.NotContains(t, v.page, `href="/activate"`, "at once, and not when the cache's time is up")

	v.post("/logout")
	assert.Equal(t, "/login?done=logged_out", v.path)
	v.get("/account")
	v.shows("login", http.StatusUnauthorized)

	v.nextMinute()
	v.askForSMS("login")
	v.shows("login_sms", http.StatusOK)
	v.post("/login/sms", "mobile", "139 0000-1111", "code", v.smsCode())
	v.shows("account", http.StatusOK)
	v.post("/logout")

	v.nextMinute()
	v.askForSMS("reset")
	v.shows("reset", http.StatusOK)
	v.post("/reset", "mobile", mobile, "code", v.smsCode())
	assert.Equal(t, "/reset/password", v.path)
	v.post("/reset/password", "password", "made-up-2")
	assert.Equal(t, "/login?done=reset", v.path)
	assert.Empty(t, v.cookie(resetCookie))
	v.post("/login", "account", mobile, "password", password)
	v.shows("login", http.StatusUnprocessableEntity)
	assert.Contains(t, v.page, `data-action="correct"`)
	v.post("/login", "account", mobile, "password", "made-up-2")
	v.shows("account", http.StatusOK)
}

// nextMinute is the sandbox's next minute, in another browser.
func (v *visit) nextMinute() {
	v.sb.Advance(sandbox.SMSInterval)
	v.open()
}

func smsAtAnyTime(c *config) { c.smsEvery = time.Nanosecond }

// The answer is lost after the SMS was sent: one SMS, however often the button is pressed, and no
// button before the minute is over.
func TestALostAnswer(t *testing.T) {
	v := begin(t).withAccount()
	v.sb.Order(sandbox.Fault{Operation: "SendSmsCode", Times: 1, After: true, Drop: true})
	v.askForSMS("login")
	v.shows("login_sms", http.StatusServiceUnavailable)
	assert.Contains(t, v.page, "短信可能已发出，请等待一分钟")
	assert.Equal(t, "60", v.header.Get("Retry-After"))
	assert.Contains(t, v.page, `data-seconds="60"`)
	assert.NotContains(t, v.page, `action="/sms/`, "no button for another")
	assert.Contains(t, v.page, `href="/sms/login" hidden data-after-wait`)

	v.get("/sms/login")
	v.shows("sms", http.StatusOK)
	assert.NotContains(t, v.page, `<form`, "nor there")

	other := *v // another browser, or a form that was open already
	for range 5 {
		other.open()
		other.askForSMS("login")
		other.shows("login_sms", http.StatusTooManyRequests)
		assert.Contains(t, other.page, "短信可能已发出")
	}
	assert.Len(t, v.sb.Outbox(mobile), 1)

	v.post("/login/sms", "mobile", mobile, "code", v.smsCode())
	v.shows("account", http.StatusOK)
}

// Pressed twice, at the same time.
func TestTwoPressesAreOneSMS(t *testing.T) {
	v := begin(t).withAccount()
	v.sb.Order(sandbox.Fault{Operation: "SendSmsCode", Delay: 100 * time.Millisecond})
	v.get("/sms/login")
	id := hiddenID.FindStringSubmatch(v.page)[1]
	answer := v.sb.SolveImgCode(id)
	pages := make(chan string)
	for range 2 {
		press := *v
		go func() {
			defer func() { pages <- press.page }()
			press.post("/sms/login", "mobile", mobile, "img_code_id", id, "img_code", answer)
		}()
	}
	for range 2 {
		assert.Contains(t, <-pages, `<main id="login_sms">`)
	}
	assert.Len(t, v.sb.Outbox(mobile), 1)
}

// Where no SMS can be on its way, the person may try again at once, with a new picture.
func TestNoSMSWasSent(t *testing.T) {
	v := begin(t).withAccount()
	v.get("/sms/login")
	v.answerPicture("login", "????")
	v.shows("sms", http.StatusUnprocessableEntity)
	assert.Contains(t, v.page, "平台提示：")
	assert.Contains(t, v.page, "图形验证码错误")
	assert.Contains(t, v.page, `value="`+mobile+`"`, "nobody types it twice")

	v.answerPicture("login", "") // the new one
	v.shows("login_sms", http.StatusOK)
	assert.Len(t, v.sb.Outbox(mobile), 1)
}

func TestAPhoneNumberThatIsMissing(t *testing.T) {
	v := begin(t)
	for range 2 {
		v.get("/sms/login")
		id := hiddenID.FindStringSubmatch(v.page)[1]
		v.post("/sms/login", "img_code_id", id, "img_code", "ABCD")
		v.shows("sms", http.StatusUnprocessableEntity)
		assert.Contains(t, v.page, "请填写手机号。")
		assert.Regexp(t, `id="mobile"[^>]* aria-invalid="true" aria-describedby="notice"`, v.page)
	}
}

// The platform says that it was too often: wait, then a new picture.
func TestThePlatformsLimit(t *testing.T) {
	v := begin(t, smsAtAnyTime).withAccount()
	v.askForSMS("login")
	v.open()
	v.askForSMS("login")
	v.shows("sms", http.StatusTooManyRequests)
	assert.Contains(t, v.page, `data-action="new_picture"`)
	assert.Contains(t, v.page, `data-seconds="60"`)
	assert.NotContains(t, v.page, "<form")
}

func TestNoPicture(t *testing.T) {
	v := begin(t)
	v.sb.Order(sandbox.Fault{Operation: "GetImgCode", HTTPStatus: 502, Body: "<html>"})
	v.get("/sms/login")
	v.shows("sms", http.StatusServiceUnavailable)
	assert.Contains(t, v.page, "图形验证码加载失败，请重试。")
	assert.Contains(t, v.page, `id="again" href="/sms/login"`)
}

// An outage is a page that says so. The session stays.
func TestAnOutage(t *testing.T) {
	v := begin(t, func(c *config) { c.cache = 0 }).withAccount()
	v.logIn()
	session := v.cookie(sessionCookie)
	require.NotEmpty(t, session)
	fault := v.sb.Order(sandbox.Fault{Operation: "GetServiceTicket", Drop: true})
	v.get("/account")
	v.shows("unavailable", http.StatusServiceUnavailable)
	assert.Contains(t, v.page, "您的登录不受影响")
	assert.Equal(t, "5", v.header.Get("Retry-After"))
	assert.Equal(t, session, v.cookie(sessionCookie))

	fault.Cancel()
	v.get("/account")
	v.shows("account", http.StatusOK)

	require.True(t, v.sb.RevokeToken(session))
	v.get("/account")
	v.shows("login", http.StatusUnauthorized)
	assert.Empty(t, v.cookie(sessionCookie), "that is the platform's word")
}

// The session ends here, whatever the platform does.
func TestLogOutDuringAnOutage(t *testing.T) {
	v := begin(t).withAccount()
	v.logIn()
	v.sb.Order(sandbox.Fault{Operation: "Logout", Drop: true})
	v.post("/logout")
	assert.Equal(t, "/login?done=logged_out", v.path)
	assert.Empty(t, v.cookie(sessionCookie))
}

// Two lost answers, and what is said after each.
func TestUnknownOutcomes(t *testing.T) {
	v := begin(t)
	v.askForSMS("register")
	v.sb.Order(sandbox.Fault{Operation: "Register", Times: 1, After: true, Drop: true})
	v.post("/register", "mobile", mobile, "code", v.smsCode(), "username", username, "email", email, "password", password)
	v.shows("register", http.StatusServiceUnavailable)
	assert.Contains(t, v.page, "账号可能已注册成功")
	assert.Contains(t, v.page, `<p><a href="/login">`)
	assert.NotContains(t, v.page, password)
	v.logIn()

	v.sb.Order(sandbox.Fault{Operation: "Activate", Times: 1, After: true, Drop: true})
	v.post("/activate", "token", v.sb.Mailbox(email)[0].ActivationToken)
	v.shows("activate", http.StatusServiceUnavailable)
	assert.Contains(t, v.page, "账号可能已激活")
}

func TestAResetThatTookTooLong(t *testing.T) {
	v := begin(t).withAccount()
	v.post("/reset/password", "password", "made-up-2")
	assert.Equal(t, "/sms/reset", v.path)
}

func TestForgedForms(t *testing.T) {
	v := begin(t).withAccount()
	v.logIn()
	for _, site := range []string{"cross-site", "same-site"} {
		v.postFrom(site, "/logout")
		v.shows("forged", http.StatusForbidden)
	}
	assert.NotEmpty(t, v.cookie(sessionCookie))
	v.get("/account")
	v.shows("account", http.StatusOK)
}

func TestCookies(t *testing.T) {
	asItCame := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v := begin(t).withAccount()
	v.client.CheckRedirect = asItCame
	v.post("/login", "account", username, "password", password)
	assert.Regexp(t, `^session=\w+; Path=/; HttpOnly; SameSite=Lax$`, v.header.Get("Set-Cookie"))
	v.askForSMS("reset")
	v.post("/reset", "mobile", mobile, "code", v.smsCode())
	assert.Regexp(t, `^reset=\w+; Path=/; Max-Age=600; HttpOnly; SameSite=Lax$`, v.header.Get("Set-Cookie"))

	v = begin(t, func(c *config) { c.https = true }).withAccount()
	v.client.CheckRedirect = asItCame
	v.post("/login", "account", username, "password", password)
	assert.Regexp(t, `^__Host-session=\w+; Path=/; HttpOnly; Secure; SameSite=Lax$`, v.header.Get("Set-Cookie"))
}

func TestHeadersAndFiles(t *testing.T) {
	v := begin(t)
	v.get("/login")
	assert.Contains(t, v.header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.Equal(t, "nosniff", v.header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-referrer", v.header.Get("Referrer-Policy"))
	assert.Equal(t, "no-store", v.header.Get("Cache-Control"))
	for _, there := range []string{"/", "/healthz", "/static/style.css", "/static/page.js"} {
		v.get(there)
		assert.Equal(t, http.StatusOK, v.status, there)
	}
	for _, nowhere := range []string{"/nothing", "/sms/nothing", "/texts.json", "/templates/login.html"} {
		v.get(nowhere)
		assert.Equal(t, http.StatusNotFound, v.status, nowhere)
	}
}

func TestLimits(t *testing.T) {
	v := begin(t).withAccount()
	for range 10 {
		v.post("/login", "account", "Hanmeimei", "password", "wrong")
		v.shows("login", http.StatusUnprocessableEntity)
	}
	v.post("/login", "account", username, "password", password)
	v.shows("login", http.StatusTooManyRequests)
	assert.Contains(t, v.page, "操作过于频繁，请稍后再试。")
	assert.Contains(t, v.page, `type="submit" hidden data-after-wait`)

	v = begin(t, func(c *config) { c.perMinute = 5 })
	for range 5 {
		v.get("/login")
		v.shows("login", http.StatusOK)
	}
	v.get("/login")
	v.shows("unavailable", http.StatusTooManyRequests)
	for _, unlimited := range []string{"/healthz", "/static/style.css"} {
		v.get(unlimited)
		assert.Equal(t, http.StatusOK, v.status, unlimited)
	}
}

// Behind a proxy everybody has the proxy's address.
func TestTheProxySaysWhoItIs(t *testing.T) {
	v := begin(t, func(c *config) { c.perMinute, c.ipHeader = 1, "X-Real-Ip" })
	from := func(address string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.url+"/login", nil)
		require.NoError(t, err)
		if address != "" {
			req.Header.Set("X-Real-Ip", address)
		}
		v.send(req, nil)
		return v.status
	}
	assert.Equal(t, []int{200, 200, 429, 200, 429}, []int{from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.1"), from(""), from("")})
}

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(3, time.Second)
		fourTimes := func(somebody string) (waits []time.Duration) {
			for range 4 {
				waits = append(waits, l.take(somebody))
			}
			return waits
		}
		assert.Equal(t, []time.Duration{0, 0, 0, time.Second}, fourTimes("a"))
		assert.Equal(t, []time.Duration{0, 0, 0, time.Second}, fourTimes("b"), "each for himself")
		assert.Equal(t, []time.Duration{0, 0, 0, 0}, fourTimes(""))
		time.Sleep(time.Second)
		assert.Equal(t, []time.Duration{0, time.Second, time.Second, time.Second}, fourTimes("a"), "one more a second")
		l.giveBack("a")
		assert.Equal(t, []time.Duration{0, time.Second, time.Second, time.Second}, fourTimes("a"))
		time.Sleep(time.Hour)
		assert.Equal(t, []time.Duration{0, 0, 0, time.Second}, fourTimes("a"), "and never more than three at once")
	})
}

func TestTheLimitersMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, time.Minute)
		for i := range mostKept {
			require.Zero(t, l.take(fmt.Sprint(i)))
		}
		assert.NotZero(t, l.take("one too many"))
		assert.Len(t, l.next, mostKept)
		time.Sleep(time.Minute + time.Nanosecond)
		assert.Zero(t, l.take("one too many"))
		assert.Len(t, l.next, 1)
	})
}

// A browser that has waited is offered the button again.
func TestTheWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/sms/login", nil)
		cookies{}.setWait(w, time.Minute)
		kept, attributes, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
		assert.Contains(t, attributes, "Max-Age=61")
		r.Header.Set("Cookie", kept)
		assert.Equal(t, 60, cookies{}.wait(r))
		time.Sleep(59*time.Second + time.Millisecond)
		assert.Equal(t, 1, cookies{}.wait(r))
		time.Sleep(time.Second)
		assert.Zero(t, cookies{}.wait(r))
		for _, changed := range []string{"x", "99999999999999999999", "-1", "9999999999999"} {
			r.Header.Set("Cookie", "next_sms="+changed)
			assert.LessOrEqual(t, cookies{}.wait(r), 3600, changed)
			assert.GreaterOrEqual(t, cookies{}.wait(r), 0, changed)
		}
	})
}

func TestLanguages(t *testing.T) {
	v := begin(t)
	v.get("/login")
	assert.Contains(t, v.page, `<html lang="zh-CN">`)
	v.get("/login?lang=en")
	assert.Contains(t, v.page, `<html lang="en">`)
	v.get("/register")
	assert.Contains(t, v.page, ">Username</label>", "it is remembered")
	v.get("/login?lang=xx")
	assert.Contains(t, v.page, `<html lang="en">`)
	v.get("/activate?token=abc")
	assert.Contains(t, v.page, "?lang=zh-CN&amp;token=abc", "the way to the other language keeps what the link had")
}

var (
	textsAsked  = regexp.MustCompile(`\{\{t "([^"]+)"|"submit" \(args \. "([^"]+)"|"wait" \(args \S+ "([^"]+)"`)
	fieldsAsked = regexp.MustCompile(`"field" \(args \. "([^"]+)"`)
)

// Every text that a page asks for is there, in both languages, and no other.
func TestTexts(t *testing.T) {
	raw, err := files.ReadFile("texts.json")
	require.NoError(t, err)
	var texts map[string]advice.Sentence
	require.NoError(t, json.Unmarshal(raw, &texts))
	for key, text := range texts {
		assert.NotEmpty(t, text.Chinese, key)
		assert.NotEmpty(t, text.English, key)
	}
	asked := []string{"done.sms", "done.registered", "done.activated", "done.reset", "done.logged_out"}
	for flow := range flows {
		asked = append(asked, "sms."+flow)
	}
	names, err := fs.Glob(files, "templates/*.html")
	require.NoError(t, err)
	for _, name := range names {
		if name != "templates/layout.html" {
			asked = append(asked, "title."+strings.TrimSuffix(path.Base(name), ".html"))
		}
		page, err := files.ReadFile(name)
		require.NoError(t, err)
		for _, found := range textsAsked.FindAllStringSubmatch(string(page), -1) {
			asked = append(asked, found[1]+found[2]+found[3])
		}
		for _, found := range fieldsAsked.FindAllStringSubmatch(string(page), -1) {
			asked = append(asked, "field."+found[1])
		}
	}
	for _, key := range asked {
		assert.NotEmpty(t, texts[key].Chinese, key)
	}
	for key := range texts {
		isHint := strings.HasPrefix(key, "hint.")
		assert.True(t, isHint || slices.Contains(asked, key), "no page asks for %s", key)
	}
}

// What a person types is in no log.
func TestNothingSecretIsLogged(t *testing.T) {
	v := begin(t, smsAtAnyTime).withAccount()
	v.logIn()
	session := v.cookie(sessionCookie)
	v.post("/logout")
	v.open()
	v.sb.Order(sandbox.Fault{Operation: "SendSmsCode", Code: "400987", Msg: "手机号" + mobile + "已停用", Times: 1})
	v.askForSMS("login")
	assert.NotContains(t, v.page, "手机号"+mobile)
	assert.Contains(t, v.page, "手机号139****1111已停用")
	v.askForSMS("login")
	code := v.smsCode()
	v.post("/login/sms", "mobile", mobile, "code", code)
	v.get("/activate?token=made-up-token")
	v.post("/activate", "token", "made-up-token")
	assert.Contains(t, v.log.String(), "operation=LoginByMobileCode")
	for _, secret := range []string{mobile, email, password, session, v.cookie(sessionCookie), `"` + code + `"`, "made-up-token"} {
		assert.NotContains(t, v.log.String(), secret)
	}
}

// setenv sets the environment of a run that finds free ports.
func setenv(t *testing.T, more ...string) {
	t.Helper()
	for _, setting := range append([]string{"LOGIN_ADDR=127.0.0.1:0", "SANDBOX_ADDR=127.0.0.1:0", "OPENPLATFORM_ENV="}, more...) {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
}

// started runs the program, and returns what it prints, and its end.
func started(ctx context.Context) (printed io.Reader, ended <-chan error) {
	printed, out := io.Pipe()
	end := make(chan error, 1)
	go func() { end <- run(ctx, out, slog.New(slog.DiscardHandler)) }()
	return printed, end
}

// The program as it is started, with its sandbox, until it is told to end.
func TestRun(t *testing.T) {
	setenv(t)
	ctx, cancel := context.WithCancel(t.Context())
	printed, ended := started(ctx)
	var sandboxURL, loginURL string
	_, err := fmt.Fscanf(printed, "sandbox %s (its page shows the SMS and e-mails that are \"sent\")\n", &sandboxURL)
	require.NoError(t, err)
	_, err = fmt.Fscanf(printed, "login page %s\n", &loginURL)
	require.NoError(t, err)

	v := &visit{t: t, url: strings.TrimSuffix(loginURL, "/")}
	v.open()
	v.get("/sms/login")
	v.shows("sms", http.StatusOK)
	assert.Contains(t, v.page, `id="picture"`)
	v.url = strings.TrimSuffix(sandboxURL, "/")
	v.get("/")
	assert.Equal(t, http.StatusOK, v.status, "the sandbox's page")
	v.get("/_sandbox/info")
	assert.Contains(t, v.page, "login_service")

	v.client.CloseIdleConnections()
	cancel()
	require.NoError(t, <-ended)
}

// What is under way when the program is told to end is answered.
func TestTheEndWaitsForWhatIsUnderWay(t *testing.T) {
	sb := sandbox.Start(t)
	setenv(t, "OPENPLATFORM_ENV=test", "OPENPLATFORM_BASE_URL="+sb.URL, "OPENPLATFORM_CLIENT_ID="+sandbox.DemoClientID,
		"OPENPLATFORM_CLIENT_SECRET="+sandbox.DemoClientSecret)
	sb.Order(sandbox.Fault{Operation: "GetImgCode", Delay: 200 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	printed, ended := started(ctx)
	var loginURL string
	_, err := fmt.Fscanf(printed, "login page %s\n", &loginURL)
	require.NoError(t, err)

	v := &visit{t: t, url: strings.TrimSuffix(loginURL, "/")}
	v.open()
	answered := make(chan int)
	go func() {
		defer func() { answered <- v.status }()
		v.get("/sms/login")
	}()
	require.Eventually(t, func() bool { return len(sb.Ledger()) > 0 }, 10*time.Second, time.Millisecond)
	cancel()
	assert.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-ended)
}

func TestSettingsThatAreWrong(t *testing.T) {
	for _, wrong := range []string{
		"LOGIN_HTTPS=maybe", "LOGIN_PER_MINUTE=x", "LOGIN_CACHE=x", "LOGIN_CACHE=31s", "LOGIN_SMS_EVERY=x", "LOGIN_ADDR=nowhere", "SANDBOX_ADDR=nowhere",
		"OPENPLATFORM_ENV=moon", "OPENPLATFORM_ENV=production", "OPENPLATFORM_ENV=test", // without credentials
	} {
		t.Run(wrong, func(t *testing.T) {
			setenv(t, "OPENPLATFORM_CLIENT_ID=", wrong)
			require.Error(t, run(t.Context(), io.Discard, slog.New(slog.DiscardHandler)))
		})
	}
}
