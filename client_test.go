package openplatform_test

import (
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

func TestEnvironmentsHosts(t *testing.T) {
	for env, want := range map[openplatform.Environment]string{
		openplatform.Development: "https://dev-etc.ebaas.com/oauth/api/account/getImgCode",
		openplatform.Test:        "https://test-etc.ebaas.com/oauth/api/account/getImgCode",
	} {
		var url string
		client, err := openplatform.NewClient(env, through(roundTripper(func(req *http.Request) (*http.Response, error) {
			url = req.URL.String()
			return nil, http.ErrHandlerTimeout
		})), quickRetries)
		require.NoError(t, err)
		require.Error(t, getImgCode(t.Context(), client))
		assert.Equal(t, want, url)
	}
}

func TestProductionNeedsABaseURL(t *testing.T) {
	_, err := openplatform.NewClient(openplatform.Production)
	require.ErrorIs(t, err, openplatform.ErrNoBaseURL)
	assert.ErrorContains(t, err, "WithBaseURL")
	_, err = openplatform.NewClient(openplatform.Production, openplatform.WithBaseURL("https://platform.invalid"))
	assert.NoError(t, err)
}

func TestUnknownEnvironmentIsAnError(t *testing.T) {
	_, err := openplatform.NewClient("staging", openplatform.WithBaseURL("https://platform.invalid"))
	assert.ErrorContains(t, err, `unknown environment "staging"`)
}

func TestBadOptionsAreErrors(t *testing.T) {
	tests := []struct {
		name string
		opt  openplatform.Option
		want string
	}{
		{"nil", nil, "nil Option"},
		{"base URL empty", openplatform.WithBaseURL(""), "absolute http or https URL"},
		{"base URL without scheme", openplatform.WithBaseURL("platform.invalid"), "absolute http or https URL"},
		{"base URL of another scheme", openplatform.WithBaseURL("ftp://platform.invalid"), "absolute http or https URL"},
		{"base URL without host", openplatform.WithBaseURL("https://:443/x"), "no host"},
		{"base URL that does not parse", openplatform.WithBaseURL("https://user:hunter2@h/%zz"), "not a URL"},
		{"base URL with user info", openplatform.WithBaseURL("https://user:hunter2@platform.invalid"), "user info"},
		{"base URL with query", openplatform.WithBaseURL("https://platform.invalid?"), "query"},
		{"base URL with fragment", openplatform.WithBaseURL("https://platform.invalid#"), "fragment"},
		{"HTTP client nil", openplatform.WithHTTPClient(nil), "the client must not be nil"},
		{"transport nil", openplatform.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}), "nil *http.Transport"},
		{"timeout zero", openplatform.WithTimeout(0), "not positive"},
		{"timeout negative", openplatform.WithTimeout(-time.Second), "not positive"},
		{"retry negative attempts", openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: -1}), "negative"},
		{"retry negative delay", openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: -1}), "negative"},
		{"retry delays swapped", openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 2, MaxDelay: 1}), "shorter"},
		{"retry beyond all bounds", openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1 << 62}), "longer than"},
		{"logger nil", openplatform.WithLogger(nil), "the logger must not be nil"},
		{"observer nil", openplatform.WithObserver(nil), "the observer must not be nil"},
		{"user agent empty", openplatform.WithUserAgent(""), "printable"},
		{"user agent of two lines", openplatform.WithUserAgent("a\r\nX: y"), "printable"},
		{"header without name", openplatform.WithHeader("", "x"), "not a valid header name"},
		{"header with a space in its name", openplatform.WithHeader("X Y", "x"), "not a valid header name"},
		{"header with a line break", openplatform.WithHeader("X-Y", "a\r\nHost: evil"), "control character"},
	}
	for _, name := range []string{
		"Idempotency-Key", "x-idempotency-key", "Expect", "host", "Content-Type", "Content-Length",
		"Transfer-Encoding", "Accept-Encoding", "Connection", "Upgrade", "TE", "Trailer", "User-Agent",
	} {
		tests = append(tests, struct {
			name string
			opt  openplatform.Option
			want string
		}{"header " + name, openplatform.WithHeader(name, "x"), "must not be set"})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, err := openplatform.NewClient(openplatform.Test, tt.opt)
			require.ErrorContains(t, err, tt.want)
			assert.Nil(t, client)
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Contains(t, err.Error(), "openplatform: ")
		})
	}
}

func TestOptionsReachTheRequest(t *testing.T) {
	var got *http.Request
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		answer(200, success)(w, r)
	})
	client := newClient(t, url+"/gate/way/",
		openplatform.WithUserAgent("shop/2.3"),
		openplatform.WithHeader("x-gateway-key", "k1"),
		openplatform.WithHeader("X-Gateway-Key", "k2"),
		openplatform.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, sendSmsCode(t.Context(), client))
	assert.Equal(t, "/gate/way/oauth/api/account/sendSmsCode", got.RequestURI)
	assert.Equal(t, "shop/2.3 openplatform-go/"+openplatform.Version, got.Header.Get("User-Agent"))
	assert.Equal(t, []string{"k1", "k2"}, got.Header["X-Gateway-Key"])
}

func TestCallersHTTPClientIsCopied(t *testing.T) {
	callers := &http.Client{Timeout: time.Minute}
	url, _ := serve(t, answer(302, "", "Location", "/elsewhere"))
	require.Error(t, sendSmsCode(t.Context(), newClient(t, url, openplatform.WithHTTPClient(callers))))
	assert.Equal(t, &http.Client{Timeout: time.Minute}, callers)
}

func TestCallersHTTPClientsTimeoutIsOfOneAttempt(t *testing.T) {
	url, received := serve(t, hang)
	client := newClient(t, url, openplatform.WithHTTPClient(&http.Client{Timeout: 300 * time.Millisecond}), quickRetries)
	err := getImgCode(t.Context(), client)
	var failure *openplatform.TransportError
	require.ErrorAs(t, err, &failure)
	assert.True(t, failure.Timeout())
	assert.EqualValues(t, 3, received.Load())
}

func TestNoCookiesUnlessTheCallerHasAJar(t *testing.T) {
	var cookies []*http.Cookie
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = r.Cookies()
		answer(200, success, "Set-Cookie", "session=abc")(w, r)
	})
	client := newClient(t, url)
	require.NoError(t, sendSmsCode(t.Context(), client))
	require.NoError(t, sendSmsCode(t.Context(), client))
	assert.Empty(t, cookies, "one user's session is not another's")

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client = newClient(t, url, openplatform.WithHTTPClient(&http.Client{Jar: jar}))
	require.NoError(t, sendSmsCode(t.Context(), client))
	require.NoError(t, sendSmsCode(t.Context(), client))
	assert.Len(t, cookies, 1)
}

func TestANilClientAndAZeroClientDoNotPanic(t *testing.T) {
	for name, client := range map[string]*openplatform.Client{"nil": nil, "zero": new(openplatform.Client)} {
		assert.NotPanics(t, client.CloseIdleConnections, name)
		var failure *openplatform.ValidationError
		require.ErrorAs(t, sendSmsCode(t.Context(), client), &failure, name)
	}
}

// The copy of a transport is one for all clients that are given it.
func TestCallersTransportIsCopied(t *testing.T) {
	url, _ := serve(t, answer(200, success))
	transport, dials := failingDials(0)
	client, another := newClient(t, url, through(transport)), newClient(t, url, through(transport))
	require.NoError(t, sendSmsCode(t.Context(), client))
	transport.CloseIdleConnections()
	require.NoError(t, sendSmsCode(t.Context(), another))
	assert.EqualValues(t, 1, dials.Load(), "the connection is of the copy, which they share")
	client.CloseIdleConnections()
	require.NoError(t, sendSmsCode(t.Context(), client))
	assert.EqualValues(t, 2, dials.Load())
	other, _ := failingDials(0)
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, url, through(other))))
	assert.EqualValues(t, 2, dials.Load(), "of one transport, and no other")
}
