package sandbox_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func ssoRefusals() []refusal {
	return []refusal{
		{name: "check: no token", method: "GET", path: checkTokenPath, body: body(""), code: "400", msg: "参数[token]不能为空", status: 400},
		{
			name: "check: empty token", method: "GET", path: checkTokenPath + "?token=", body: body(""),
			code: "400", msg: "参数[token]不能为空", status: 400,
		},
		{
			name: "check: token in the body", method: "GET", path: checkTokenPath, body: fields("token", "A"),
			code: "400", msg: "参数[token]不能为空", status: 400,
		},
		{
			name: "check: broken query", method: "GET", path: checkTokenPath + "?token=a;b", body: body(""),
			code: "400003", msg: "入参解析异常", status: 400,
		},
		{
			name: "check: unknown token", method: "GET", path: checkTokenPath + "?token=A", body: body(""),
			code: "401004", msg: "无效的token", status: 401,
		},

		{
			name: "access token: no client_id", method: "GET", path: accessTokenPath, body: body(""),
			code: "400", msg: "参数[client_id]不能为空", status: 400,
		},
		{
			name: "access token: no client_secret", method: "GET", path: accessTokenPath + "?client_id=A", body: body(""),
			code: "400", msg: "参数[client_secret]不能为空", status: 400,
		},
		{
			name: "access token: unknown client", method: "GET", path: accessTokenPath + "?client_id=A&client_secret=B", body: body(""),
			code: "403006", msg: "client_id不正确", status: 403,
		},
		{
			name: "access token: wrong secret", method: "GET", path: accessTokenPath + "?client_id=demo-client&client_secret=B", body: body(""),
			code: "403007", msg: "client_secret不正确", status: 403,
		},

		{name: "ticket: no access_token", path: ticketPath, body: fields(), code: "400", msg: "参数[access_token]不能为空", status: 400},
		{name: "ticket: no token", path: ticketPath, body: fields("access_token", "A"), code: "400", msg: "参数[token]不能为空", status: 400},
		{name: "ticket: no JSON", path: ticketPath, body: body("access_token=A"), code: "400003", msg: "入参解析异常", status: 400},
		{
			name: "ticket: unknown access_token", path: ticketPath, body: fields("access_token", "A", "token", "B"),
			code: "401003", msg: "无效的access_token", status: 401,
		},
		{
			name: "ticket: unknown token", path: ticketPath, body: func(r *rig) string {
				return `{"access_token": "` + r.newAccessToken() + `", "token": "B"}`
			},
			code: "401004", msg: "无效的token", status: 401,
		},

		{name: "account: no service_ticket", path: accountPath, body: fields(), code: "400", msg: "参数[service_ticket]不能为空", status: 400},
		{name: "account: number", path: accountPath, body: body(`{"service_ticket": 1}`), code: "400003", msg: "入参解析异常", status: 400},
		{
			name: "account: unknown service_ticket", path: accountPath, body: fields("service_ticket", "A"),
			code: "401005", msg: "无效的service_ticket", status: 401,
		},
	}
}

// expiresIn reads the time that the platform writes without its zone, which is eight hours ahead of UTC.
func (r *rig) expiresIn(expired string) time.Duration {
	r.t.Helper()
	local, err := time.Parse("2006-01-02 15:04:05", expired)
	require.NoError(r.t, err)
	return local.Add(-8 * time.Hour).Sub(r.Now())
}

func TestAccessToken(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	token := r.newToken()

	var data map[string]string
	require.NoError(t, json.Unmarshal([]byte(r.must(accessTokenPath,
		"client_id", sandbox.DemoClientID, "client_secret", sandbox.DemoClientSecret)), &data))

	assert.Len(t, data, 2)
	assert.InDelta(t, 2*time.Hour, r.expiresIn(data["expired"]), float64(10*time.Second))
	first, second := data["access_token"], r.newAccessToken()
	assert.NotEqual(t, first, second)
	for _, accessToken := range []string{first, second, first} {
		assert.Equal(t, "000", r.code(ticketPath, "access_token", accessToken, "token", token))
	}

	r.Advance(sandbox.AccessTokenLifetime - time.Minute)
	assert.Equal(t, "000", r.code(ticketPath, "access_token", first, "token", token))
	r.Advance(time.Minute)
	assert.Equal(t, "401003", r.code(ticketPath, "access_token", first, "token", token))
	assert.Equal(t, "000", r.code(ticketPath, "access_token", r.newAccessToken(), "token", token))
}

func TestRevokeAccessTokens(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	token := r.newToken()
	accessTokens := []string{r.newAccessToken(), r.newAccessToken()}
	ticket := r.newTicket(token)

	r.RevokeAccessTokens()

	for _, accessToken := range accessTokens {
		assert.Equal(t, "401003", r.code(ticketPath, "access_token", accessToken, "token", token))
	}
	assert.Equal(t, "000", r.code(accountPath, "service_ticket", ticket), "tickets stay")
	assert.Equal(t, "000", r.code(ticketPath, "access_token", r.newAccessToken(), "token", token))
}

func TestAddClient(t *testing.T) {
	r := newRig(t)
	assert.Equal(t, "403006", r.code(accessTokenPath, "client_id", "shop", "client_secret", "a&b=c"))

	r.AddClient("shop", "a&b=c")
	assert.Equal(t, "000", r.code(accessTokenPath, "client_id", "shop", "client_secret", "a&b=c"))
	assert.Equal(t, "403007", r.code(accessTokenPath, "client_id", sandbox.DemoClientID, "client_secret", "a&b=c"))

	r.AddClient("shop", "new")
	assert.Equal(t, "403007", r.code(accessTokenPath, "client_id", "shop", "client_secret", "a&b=c"))
	assert.Equal(t, "000", r.code(accessTokenPath, "client_id", "shop", "client_secret", "new"))
}

func TestServiceTicket(t *testing.T) {
	r := newRig(t)
	r.newAccount()

	var data struct {
		ServiceTicket string `json:"service_ticket"`
		Expired       string `json:"expired"`
		NumberOfUses  int    `json:"number_of_uses"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.must(ticketPath,
		"access_token", r.newAccessToken(), "token", r.newToken())), &data))

	assert.Equal(t, 1, data.NumberOfUses)
	assert.InDelta(t, time.Minute, r.expiresIn(data.Expired), float64(10*time.Second))
	codes := r.atOnce(accountPath, "service_ticket", data.ServiceTicket)
	assert.Equal(t, map[string]int{"000": 1, "401005": 49}, codes)
}

func TestServiceTicketExpires(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	token := r.newToken()

	ticket := r.newTicket(token)
	r.Advance(sandbox.ServiceTicketLifetime - 20*time.Second)
	assert.Equal(t, "000", r.code(accountPath, "service_ticket", ticket))

	ticket = r.newTicket(token)
	r.Advance(sandbox.ServiceTicketLifetime)
	assert.Equal(t, "401005", r.code(accountPath, "service_ticket", ticket))
}

func TestServiceTicketOutlivesTheLogin(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()
	token := r.newToken()
	ticket := r.newTicket(token)

	r.must(logoutPath, "token", token)

	assert.Equal(t, openID, r.field("open_id", accountPath, "service_ticket", ticket))
}
