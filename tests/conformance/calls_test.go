package conformance_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// The person who calls. The username is as short as may be in characters, though
// not in bytes; the password has what JSON and queries escape.
const (
	username    = "数字经济用户"
	email       = "someone+1@example.com"
	mobile      = "13900001111"
	password    = `p&ss=<w"rd> 密码%+`
	newPassword = "another password"
	wrong       = "no such+thing&x=1%" // where a token or a ticket is wanted
)

// A session is the SDK in front of a sandbox, with the bytes between them captured.
type session struct {
	t      *testing.T
	sb     *sandbox.Sandbox
	client *openplatform.Client
	calls  int
}

// captureAll has every operation succeed and fail, and returns what crossed the wire.
func captureAll(t *testing.T, opts ...sandbox.Option) []exchange {
	t.Helper()
	sb := sandbox.New(opts...)
	server := httptest.NewUnstartedServer(sb)
	wire := &tap{Listener: server.Listener}
	server.Listener = wire
	server.Start()
	defer server.Close()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL))
	require.NoError(t, err)
	defer client.CloseIdleConnections()

	s := &session{t: t, sb: sb, client: client}
	s.register()
	token := s.login()
	s.singleSignOn(token)
	s.logout(token)
	s.reset()

	client.CloseIdleConnections()
	server.Close()
	all := wire.exchanges(t)
	require.Len(t, all, s.calls, "one request a call")
	return all
}

// succeeded is for a call that has to succeed.
func succeeded[T any](s *session, resp *openplatform.Response[T], err error) T {
	s.t.Helper()
	s.calls++
	require.NoError(s.t, err)
	return resp.Data
}

// failed is for a call that the platform has to refuse, with this code.
func failed[T any](s *session, code openplatform.Code, _ *openplatform.Response[T], err error) {
	s.t.Helper()
	s.calls++
	var refusal *openplatform.APIError
	require.ErrorAs(s.t, err, &refusal)
	require.Equal(s.t, code, refusal.Code)
}

// smsCode has an SMS sent and reads it.
func (s *session) smsCode(smsType openplatform.SmsType) string {
	s.t.Helper()
	ctx := s.t.Context()
	s.sb.Advance(sandbox.SMSInterval)
	img, err := s.client.GetImgCode(ctx)
	picture := succeeded(s, img, err)
	sent, err := s.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: picture.ImgCodeID, ImgCode: s.sb.SolveImgCode(picture.ImgCodeID), SmsType: smsType,
	})
	require.True(s.t, succeeded(s, sent, err))
	texts := s.sb.Outbox(mobile)
	return texts[len(texts)-1].Code
}

func (s *session) register() {
	ctx := s.t.Context()

	const systemError = "系统异常，请稍后再试或联系管理员"
	s.sb.Order(sandbox.Fault{Operation: "GetImgCode", Times: 1, Code: "500", Msg: systemError})
	img, err := s.client.GetImgCode(ctx)
	failed(s, openplatform.CodeSystemError, img, err)

	sent, err := s.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: "MS6A1I", ImgCode: "ELPG", SmsType: openplatform.SmsTypeRegister,
	})
	failed(s, openplatform.Code(sandbox.CodeImgCodeGone), sent, err)

	req := &openplatform.RegisterRequest{Username: username, Email: email, Mobile: mobile, Code: "34fy", Password: password}
	registered, err := s.client.Register(ctx, req)
	failed(s, openplatform.Code(sandbox.CodeSmsCodeGone), registered, err)
	req.Code = s.smsCode(openplatform.SmsTypeRegister)
	registered, err = s.client.Register(ctx, req)
	succeeded(s, registered, err)

	activated, err := s.client.Activate(ctx, &openplatform.ActivateRequest{Token: wrong})
	failed(s, openplatform.Code(sandbox.CodeInvalidActivation), activated, err)
	token := s.sb.Mailbox(email)[0].ActivationToken
	activated, err = s.client.Activate(ctx, &openplatform.ActivateRequest{Token: token})
	require.True(s.t, succeeded(s, activated, err))
}

func (s *session) login() (token string) {
	ctx := s.t.Context()
	resp, err := s.client.Login(ctx, &openplatform.LoginRequest{Account: email, Password: newPassword})
	failed(s, openplatform.Code(sandbox.CodeWrongPassword), resp, err)
	resp, err = s.client.Login(ctx, &openplatform.LoginRequest{Account: username, Password: password})
	return succeeded(s, resp, err).Token
}

func (s *session) singleSignOn(token string) {
	ctx := s.t.Context()

	checked, err := s.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: wrong})
	failed(s, openplatform.CodeInvalidToken, checked, err)
	checked, err = s.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
	succeeded(s, checked, err)

	for code, req := range map[openplatform.Code]openplatform.GetAccessTokenRequest{
		openplatform.CodeInvalidClientID:     {ClientID: wrong, ClientSecret: sandbox.DemoClientSecret},
		openplatform.CodeInvalidClientSecret: {ClientID: sandbox.DemoClientID, ClientSecret: wrong},
	} {
		access, err := s.client.GetAccessToken(ctx, &req)
		failed(s, code, access, err)
	}
	access, err := s.client.GetAccessToken(ctx, &openplatform.GetAccessTokenRequest{
		ClientID: sandbox.DemoClientID, ClientSecret: sandbox.DemoClientSecret,
	})
	accessToken := succeeded(s, access, err)
	require.WithinDuration(s.t, s.sb.Now().Add(sandbox.AccessTokenLifetime), accessToken.Expired, time.Minute)

	issued, err := s.client.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{AccessToken: wrong, Token: token})
	failed(s, openplatform.CodeInvalidAccessToken, issued, err)
	issued, err = s.client.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{
		AccessToken: accessToken.AccessToken, Token: token,
	})
	ticket := succeeded(s, issued, err).ServiceTicket

	account, err := s.client.GetAccount(ctx, &openplatform.GetAccountRequest{ServiceTicket: wrong})
	failed(s, openplatform.CodeInvalidServiceTicket, account, err)
	account, err = s.client.GetAccount(ctx, &openplatform.GetAccountRequest{ServiceTicket: ticket})
	require.Equal(s.t, username, succeeded(s, account, err).Username)
}

func (s *session) logout(token string) {
	ctx := s.t.Context()
	resp, err := s.client.Logout(ctx, &openplatform.LogoutRequest{Token: token})
	require.True(s.t, succeeded(s, resp, err))
	resp, err = s.client.Logout(ctx, &openplatform.LogoutRequest{Token: token})
	failed(s, openplatform.CodeInvalidToken, resp, err)
}

func (s *session) reset() {
	ctx := s.t.Context()

	req := &openplatform.LoginByMobileCodeRequest{Mobile: mobile, Code: "34fy", SmsType: openplatform.SmsTypeResetPassword}
	resp, err := s.client.LoginByMobileCode(ctx, req)
	failed(s, openplatform.Code(sandbox.CodeSmsCodeGone), resp, err)
	req.Code = s.smsCode(openplatform.SmsTypeResetPassword)
	resp, err = s.client.LoginByMobileCode(ctx, req)
	token := succeeded(s, resp, err).Token

	done, err := s.client.ResetPassword(ctx, &openplatform.ResetPasswordRequest{Token: wrong, Password: newPassword})
	failed(s, openplatform.CodeInvalidToken, done, err)
	done, err = s.client.ResetPassword(ctx, &openplatform.ResetPasswordRequest{Token: token, Password: newPassword})
	require.True(s.t, succeeded(s, done, err))
}
