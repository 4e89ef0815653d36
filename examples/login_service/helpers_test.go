package main

import (
	"bytes"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	username = "hanmeimei"
	email    = "hanmeimei@example.com"
	mobile   = "13900001111"
	password = "made-up-1"
)

// A visit is a person with a browser, and the service and the sandbox that it is about.
type visit struct {
	t      *testing.T
	sb     *sandbox.Server
	url    string
	client *http.Client
	log    *logBuffer

	status int
	header http.Header
	path   string // where the redirects led
	page   string
}

// A logBuffer is written by a server and read by a test.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// begin starts a service with an empty sandbox, and opens a browser.
func begin(t *testing.T, change ...func(*config)) *visit {
	t.Helper()
	v := &visit{t: t, sb: sandbox.Start(t), log: &logBuffer{}}
	log := slog.New(slog.NewTextHandler(v.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(v.sb.URL), openplatform.WithLogger(log),
		openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	c := config{perMinute: 1000, clientID: sandbox.DemoClientID, clientSecret: sandbox.DemoClientSecret, cache: 30 * time.Second, smsEvery: time.Minute}
	for _, fn := range change {
		fn(&c)
	}
	handler, err := newHandler(client, c, log)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	v.url = server.URL
	v.open()
	return v
}

// open opens a browser that knows nothing yet.
func (v *visit) open() {
	jar, err := cookiejar.New(nil)
	require.NoError(v.t, err)
	v.client = &http.Client{Jar: jar}
}

// withAccount opens an account.
func (v *visit) withAccount() *visit {
	v.t.Helper()
	v.sb.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
	return v
}

func (v *visit) send(req *http.Request, err error) {
	v.t.Helper()
	require.NoError(v.t, err)
	resp, err := v.client.Do(req)
	require.NoError(v.t, err)
	defer func() { assert.NoError(v.t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(v.t, err)
	v.status, v.header, v.path, v.page = resp.StatusCode, resp.Header, resp.Request.URL.RequestURI(), string(body)
}

// get follows a link.
func (v *visit) get(path string) {
	v.t.Helper()
	v.send(http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.url+path, nil))
}

// post sends a form: names and values.
func (v *visit) post(path string, form ...string) {
	v.t.Helper()
	v.postFrom("same-origin", path, form...)
}

func (v *visit) postFrom(site, path string, form ...string) {
	v.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	req, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.url+path, strings.NewReader(values.Encode()))
	require.NoError(v.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", site)
	v.send(req, nil)
}

var hiddenID = regexp.MustCompile(`name="img_code_id" value="([^"]+)"`)

// askForSMS reads the picture and asks for an SMS.
func (v *visit) askForSMS(flow string) {
	v.t.Helper()
	v.get("/sms/" + flow)
	v.answerPicture(flow, "")
}

// answerPicture answers the picture that the page shows, rightly if answer is "".
func (v *visit) answerPicture(flow, answer string) {
	v.t.Helper()
	found := hiddenID.FindStringSubmatch(v.page)
	require.NotNil(v.t, found, v.page)
	id := html.UnescapeString(found[1])
	if answer == "" {
		answer = v.sb.SolveImgCode(id)
	}
	v.post("/sms/"+flow, "mobile", mobile, "img_code_id", id, "img_code", answer)
}

// smsCode is what the phone shows.
func (v *visit) smsCode() string {
	v.t.Helper()
	messages := v.sb.Outbox(mobile)
	require.NotEmpty(v.t, messages)
	return messages[len(messages)-1].Code
}

func (v *visit) logIn() {
	v.t.Helper()
	v.post("/login", "account", username, "password", password)
	require.Equal(v.t, "/account", v.path, v.page)
}

// shows asserts a page by its id, at a status.
func (v *visit) shows(page string, status int) {
	v.t.Helper()
	assert.Contains(v.t, v.page, `<main id="`+page+`">`)
	assert.Equal(v.t, status, v.status)
}

// cookie returns the value of a cookie of the service.
func (v *visit) cookie(name string) string {
	u, err := url.Parse(v.url)
	require.NoError(v.t, err)
	for _, c := range v.client.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
