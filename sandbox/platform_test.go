package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func TestListAccounts(t *testing.T) {
	r := newRig(t)
	first := sandbox.AccountInfo{OpenID: r.newAccount(), Username: username, Email: email, Mobile: mobile, Activated: true}
	r.register("hanmeimei", "h@example.com", otherMobile)
	second := r.ListAccounts(1)[0]
	assert.Equal(t, sandbox.AccountInfo{
		OpenID: second.OpenID, Username: "hanmeimei", Email: "h@example.com", Mobile: otherMobile,
	}, second)
	assert.Equal(t, []sandbox.AccountInfo{second, first}, r.ListAccounts(0))

	for _, name := range []string{first.OpenID, username, email, mobile} {
		found, ok := r.FindAccount(name)
		assert.True(t, ok, name)
		assert.Equal(t, first, found, name)
	}
	_, ok := r.FindAccount("nobody")
	assert.False(t, ok)
}

func TestRemoveAccount(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()
	token := r.newToken()
	ticket := r.newTicket(token)

	assert.True(t, r.RemoveAccount(openID))

	assert.False(t, r.RemoveAccount(openID))
	assert.Equal(t, "401004", r.code(checkTokenPath, "token", token))
	assert.Equal(t, "401005", r.code(accountPath, "service_ticket", ticket))
	assert.Equal(t, sandbox.CodeWrongPassword, r.code(loginPath, "account", username, "password", password))
	assert.Empty(t, r.ListAccounts(0))
	assert.NotEmpty(t, r.newAccount(), "its names are free again")
}

func TestClients(t *testing.T) {
	r := newRig(t)
	r.AddClient("shop", "one")
	r.AddClient("shop", "two")
	assert.Equal(t, []sandbox.Client{{ID: sandbox.DemoClientID, Secret: sandbox.DemoClientSecret}, {ID: "shop", Secret: "two"}}, r.Clients())
	r.must(accessTokenPath, "client_id", "shop", "client_secret", "two")

	assert.True(t, r.RemoveClient("shop"))
	assert.False(t, r.RemoveClient("shop"))
	assert.Equal(t, "403006", r.code(accessTokenPath, "client_id", "shop", "client_secret", "two"))
}

func TestTokens(t *testing.T) {
	r := newRig(t)
	r.register(username, email, mobile)
	openID := r.ListAccounts(0)[0].OpenID
	first, second := r.newToken(), r.newToken()
	access := r.newAccessToken()
	ticket := r.newTicket(second)
	newest := r.ListTokens(sandbox.AccessToken, 1)
	require.Len(t, newest, 1)
	activation := r.Mailbox(email)[0].ActivationToken

	assert.Equal(t, []string{second, first}, tokensOf(r.ListTokens(sandbox.LoginToken, 0)), "newest first")
	assert.Equal(t, []string{newest[0].Token, access}, tokensOf(r.ListTokens(sandbox.AccessToken, 0)))
	assert.Equal(t, []string{ticket}, tokensOf(r.ListTokens(sandbox.ServiceTicket, 0)))
	assert.Equal(t, []string{activation}, tokensOf(r.ListTokens(sandbox.Activation, 0)))
	assert.Equal(t, openID, r.ListTokens(sandbox.LoginToken, 1)[0].Owner)
	assert.Equal(t, sandbox.DemoClientID, newest[0].Owner)
	assert.WithinDuration(t, r.Now().Add(sandbox.AccessTokenLifetime), newest[0].ExpiresAt, sandbox.SMSInterval)

	for kind, token := range map[sandbox.TokenKind]string{
		sandbox.LoginToken: first, sandbox.AccessToken: access, sandbox.ServiceTicket: ticket, sandbox.Activation: activation,
	} {
		assert.True(t, r.RevokeToken(token), kind)
		assert.False(t, r.RevokeToken(token), kind)
		assert.NotContains(t, tokensOf(r.ListTokens(kind, 0)), token, kind)
	}
	assert.Equal(t, "401004", r.code(checkTokenPath, "token", first))
	r.must(checkTokenPath, "token", second)

	r.RevokeTokens(sandbox.LoginToken)
	assert.Equal(t, "401004", r.code(checkTokenPath, "token", second))
	assert.NotEmpty(t, r.ListTokens(sandbox.AccessToken, 0), "other kinds stay")
	r.newTicket(r.newToken())
	r.RevokeTokens(sandbox.TokenKinds()...)
	for _, kind := range sandbox.TokenKinds() {
		assert.Empty(t, r.ListTokens(kind, 0), kind)
	}
}

func tokensOf(all []sandbox.Token) (tokens []string) {
	for _, token := range all {
		tokens = append(tokens, token.Token)
	}
	return tokens
}

func TestTokensThatNobodyCanUseAreNotListed(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()
	token := r.newToken()
	r.newTicket(token)
	r.must(resetPasswordPath, "token", token, "password", "other-word")
	assert.Empty(t, r.ListTokens(sandbox.LoginToken, 0), "a new password ends logins")
	r.RemoveAccount(openID)
	assert.Empty(t, r.ListTokens(sandbox.ServiceTicket, 0))
	r.newAccessToken()
	r.Advance(sandbox.AccessTokenLifetime)
	assert.Empty(t, r.ListTokens(sandbox.AccessToken, 0))
}

func TestListPictures(t *testing.T) {
	r := newRig(t)
	first, _ := r.newPicture()
	second, _ := r.newPicture()
	used, _ := r.newPicture()
	r.send(smsCodePath, "mobile", mobile, "img_code_id", used, "img_code", "none", "sms_type", "LOGIN")

	all := r.ListPictures(0)

	require.Len(t, all, 2)
	assert.Equal(t, second, all[0].ImgCodeID)
	assert.Equal(t, first, all[1].ImgCodeID)
	assert.Equal(t, r.SolveImgCode(first), all[1].Answer)
	assert.Equal(t, sandbox.ImgCodeLifetime, all[1].ExpiresAt.Sub(all[1].IssuedAt))
	assert.Equal(t, all[:1], r.ListPictures(1))
	found, ok := r.FindPicture(first)
	assert.True(t, ok)
	assert.Equal(t, all[1], found)
	_, ok = r.FindPicture(used)
	assert.False(t, ok)

	r.Advance(sandbox.ImgCodeLifetime)
	assert.Empty(t, r.ListPictures(0))
	_, ok = r.FindPicture(first)
	assert.False(t, ok)
}

func TestFixedCodes(t *testing.T) {
	r := newRig(t, sandbox.WithImgCode("ACEF"), sandbox.WithSmsCode("1234"))
	id, _ := r.newPicture()
	assert.Equal(t, "ACEF", r.SolveImgCode(id))
	r.must(smsCodePath, "mobile", mobile, "img_code_id", id, "img_code", "acef", "sms_type", "REGISTER")
	assert.Equal(t, "1234", r.Outbox(mobile)[0].Code)

	require.NoError(t, r.FixSmsCode("验证码a"))
	assert.Equal(t, "验证码a", r.newSmsCode(otherMobile, "LOGIN"))
	r.Reset()
	assert.Equal(t, "验证码a", r.newSmsCode(otherMobile, "LOGIN"), "a reset does not undo it")

	require.NoError(t, r.FixSmsCode(""))
	require.NoError(t, r.FixImgCode(""))
	assert.NotEqual(t, r.newSmsCode(mobile, "LOGIN"), r.newSmsCode(otherMobile, "LOGIN"))
	for range 20 {
		id, _ = r.newPicture()
		if r.SolveImgCode(id) != "ACEF" {
			return
		}
	}
	t.Error("the picture is still fixed")
}

func TestImpossibleFixedCodes(t *testing.T) {
	s := sandbox.New()
	for _, answer := range []string{"ABC", "ACEFH", "acef", "AC0F", "AC F", "验AC"} {
		require.Error(t, s.FixImgCode(answer), answer)
		assert.Panics(t, func() { sandbox.New(sandbox.WithImgCode(answer)) }, answer)
	}
	for _, code := range []string{"123", "12345", "\xff123"} {
		require.Error(t, s.FixSmsCode(code), code)
		assert.Panics(t, func() { sandbox.New(sandbox.WithSmsCode(code)) }, code)
	}
}

func TestOneAccessToken(t *testing.T) {
	for name, test := range map[string]struct {
		opts []sandbox.Option
		code string // of the older token, when there is a newer one
	}{
		"by default":      {nil, "000"},
		"with the option": {[]sandbox.Option{sandbox.WithOneAccessToken()}, "401003"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, test.opts...)
			r.newAccount()
			r.AddClient("shop", "secret")
			older := r.newAccessToken()
			r.must(accessTokenPath, "client_id", "shop", "client_secret", "secret")
			token := r.newToken()
			assert.Equal(t, "000", r.code(ticketPath, "access_token", older, "token", token), "another client's ends none of ours")

			newer := r.newAccessToken()

			assert.Equal(t, test.code, r.code(ticketPath, "access_token", older, "token", token))
			assert.Equal(t, "000", r.code(ticketPath, "access_token", newer, "token", token))
		})
	}
}
