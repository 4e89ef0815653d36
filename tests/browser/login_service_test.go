package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
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

	s := &loginService{space: &space{t: t}}
	_, withoutSandbox := fmt.Fscanf(printed, "sandbox %s (its page shows the SMS and e-mails that are \"sent\")\n", &s.base)
	_, err = fmt.Fscanf(printed, "login page %s\n", &s.url)
	require.NoError(t, errors.Join(withoutSandbox, err), "it prints both addresses")
	s.base, s.url = strings.TrimSuffix(s.base, "/"), strings.TrimSuffix(s.url, "/")
	return s
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
	v.sees("#done", "The SMS is sent.")
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
	v.follow("Activate", "login", http.StatusOK)
	v.sees("#done", "Your account is activated.")
	v.goes("/account", "account", http.StatusOK)
	assert.Equal(t, "Activated", v.text("#activation"))

	v.follow("Log out", "login", http.StatusOK)
	v.sees("#done", "You are logged out.")
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
	v.sees("#done", "Your password is changed.")

	v.fill("Account", mobile)
	v.fill("Password", password)
	v.follow("Log in", "login", http.StatusUnprocessableEntity)
	assert.Equal(t, mobile, eval[string](v.tab, `document.querySelector('#account').value`), "nobody types it twice")
	v.fill("Password", "made-up-2")
	v.follow("Log in", "account", http.StatusOK)
}
