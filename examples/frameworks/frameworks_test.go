package frameworks_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/auth"
	"github.com/ebaas/openplatform-go/examples/frameworks"
	"github.com/ebaas/openplatform-go/sandbox"
)

func TestFrameworks(t *testing.T) {
	for name, serve := range map[string]func(*auth.Middleware) http.Handler{
		"gin": frameworks.Gin, "echo": frameworks.Echo, "chi": frameworks.Chi,
	} {
		t.Run(name, func(t *testing.T) {
			sb := sandbox.Start(t)
			sb.AddAccount(sandbox.Account{Username: "hanmeimei", Mobile: "13900001111", Password: "made-up-1"})
			login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: "made-up-1"})
			require.NoError(t, err)
			source, err := sb.Client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
			require.NoError(t, err)
			who, err := auth.New(sb.Client, auth.Cookie("session"), auth.WithAccount(source), auth.WithCache(0, 0))
			require.NoError(t, err)
			server := httptest.NewServer(serve(who))
			defer server.Close()

			status, body := get(t, server.URL, login.Data.Token)
			assert.Equal(t, http.StatusOK, status)
			assert.Equal(t, "hanmeimei", body)

			status, body = get(t, server.URL, "made-up")
			assert.Equal(t, http.StatusUnauthorized, status)
			assert.Contains(t, body, `"name":"invalid_token"`)
			assert.NotContains(t, body, "hanmeimei", "the page itself was not served")

			sb.Order(sandbox.Fault{Operation: "GetServiceTicket", Drop: true})
			status, body = get(t, server.URL, login.Data.Token)
			assert.Equal(t, http.StatusServiceUnavailable, status)
			assert.Contains(t, body, `"name":"outcome_unknown"`)
		})
	}
}

func get(t *testing.T, url, token string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/account", nil)
	require.NoError(t, err)
	req.Header.Set("Cookie", "session="+token)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}
