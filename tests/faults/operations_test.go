package faults

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A ledgerCall is one call of one mutating operation, prepared so that the platform can only carry it out, or only
// refuse it. So an answer that comes out otherwise is a finding too.
type ledgerCall struct {
	number    int // in its scenario, from 0
	operation string
	refused   bool
	send      sendFunc
	err       error // what the call returned
}

// id is what the ledger knows the call by.
func (c *ledgerCall) id() string { return fmt.Sprintf("call-%d", c.number) }

type sendFunc func(context.Context, *openplatform.Client) error

// sending is a call of one of the client's methods.
func sending[Req, Data any](
	method func(*openplatform.Client, context.Context, *Req) (*openplatform.Response[Data], error), req *Req,
) sendFunc {
	return func(ctx context.Context, client *openplatform.Client) error {
		_, err := method(client, ctx, req)
		return err
	}
}

// preparedOperations are all operations that change something on the platform.
var preparedOperations = []struct {
	name    string
	prepare func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc
}{
	{"Register", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		return s.registration(p, wrongIf(refused, s.smsCode(p, openplatform.SmsTypeRegister)))
	}},
	{"Login", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		s.addAccount(p)
		return sending((*openplatform.Client).Login, &openplatform.LoginRequest{
			Account: p.email, Password: wrongIf(refused, p.password),
		})
	}},
	{"Activate", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		s.must(s.registration(p, s.smsCode(p, openplatform.SmsTypeRegister)))
		return sending((*openplatform.Client).Activate, &openplatform.ActivateRequest{
			Token: wrongIf(refused, s.sandbox.Mailbox(p.email)[0].ActivationToken),
		})
	}},
	{"SendSmsCode", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		id, answer := s.picture()
		return sending((*openplatform.Client).SendSmsCode, &openplatform.SendSmsCodeRequest{
			Mobile: p.mobile, ImgCodeID: id, ImgCode: wrongIf(refused, answer), SmsType: openplatform.SmsTypeLogin,
		})
	}},
	{"LoginByMobileCode", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		s.addAccount(p)
		return sending((*openplatform.Client).LoginByMobileCode, &openplatform.LoginByMobileCodeRequest{
			Mobile: p.mobile, Code: wrongIf(refused, s.smsCode(p, openplatform.SmsTypeLogin)), SmsType: openplatform.SmsTypeLogin,
		})
	}},
	{"ResetPassword", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		return sending((*openplatform.Client).ResetPassword, &openplatform.ResetPasswordRequest{
			Token: wrongIf(refused, s.login(p)), Password: "another-word",
		})
	}},
	{"Logout", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		return sending((*openplatform.Client).Logout, &openplatform.LogoutRequest{Token: wrongIf(refused, s.login(p))})
	}},
	{"GetServiceTicket", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		return sending((*openplatform.Client).GetServiceTicket, &openplatform.GetServiceTicketRequest{
			AccessToken: wrongIf(refused, s.accessToken()), Token: s.login(p),
		})
	}},
	{"GetAccount", func(s *ledgerStage, p ledgerPerson, refused bool) sendFunc {
		return sending((*openplatform.Client).GetAccount, &openplatform.GetAccountRequest{
			ServiceTicket: wrongIf(refused, s.serviceTicket(p)),
		})
	}},
}

// wrongIf spoils what a call is to be refused for. Four characters are the length of an SMS code, and no code that the
// sandbox makes up holds a zero.
func wrongIf(refused bool, right string) string {
	if refused {
		return "0000"
	}
	return right
}

// A ledgerStage prepares calls. It talks to the sandbox without a network, so that nothing goes wrong yet; what it sends has
// no call id in the ledger.
type ledgerStage struct {
	t       *testing.T
	sandbox *sandbox.Sandbox
	direct  *openplatform.Client
}

func newLedgerStage(t *testing.T, sb *sandbox.Sandbox) *ledgerStage {
	t.Helper()
	direct, err := openplatform.NewClient(openplatform.Test, openplatform.WithHTTPClient(&http.Client{Transport: withoutNetwork{sb}}))
	require.NoError(t, err)
	return &ledgerStage{t: t, sandbox: sb, direct: direct}
}

type withoutNetwork struct{ http.Handler }

func (p withoutNetwork) RoundTrip(req *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	p.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}

// calls prepares n calls, the first of them with the number from, all operations in turn. Every eighth is to be refused;
// with nine operations that comes round to each.
func (s *ledgerStage) calls(from, n int) []*ledgerCall {
	calls := make([]*ledgerCall, n)
	for i := range calls {
		number := from + i
		op, refused := preparedOperations[number%len(preparedOperations)], number%8 == 7
		calls[i] = &ledgerCall{
			number:    number,
			operation: op.name,
			refused:   refused,
			send:      op.prepare(s, newLedgerPerson(number), refused),
		}
	}
	return calls
}

// A ledgerPerson has names that nobody else has: the platform wants them unique, and throttles the SMS of a phone.
type ledgerPerson struct{ username, email, mobile, password string }

func newLedgerPerson(n int) ledgerPerson {
	return ledgerPerson{
		username: fmt.Sprintf("person-%d", n),
		email:    fmt.Sprintf("person-%d@example.com", n),
		mobile:   fmt.Sprintf("139%08d", n),
		password: "pass-word",
	}
}

func (s *ledgerStage) must(send sendFunc) {
	s.t.Helper()
	require.NoError(s.t, send(s.t.Context(), s.direct))
}

func (s *ledgerStage) addAccount(p ledgerPerson) {
	s.t.Helper()
	require.NotEmpty(s.t, s.sandbox.AddAccount(sandbox.Account{
		Username: p.username, Email: p.email, Mobile: p.mobile, Password: p.password,
	}))
}

func (s *ledgerStage) registration(p ledgerPerson, code string) sendFunc {
	return sending((*openplatform.Client).Register, &openplatform.RegisterRequest{
		Username: p.username, Email: p.email, Mobile: p.mobile, Code: code, Password: p.password,
	})
}

func (s *ledgerStage) picture() (id, answer string) {
	s.t.Helper()
	picture, err := s.direct.GetImgCode(s.t.Context())
	require.NoError(s.t, err)
	id = picture.Data.ImgCodeID
	return id, s.sandbox.SolveImgCode(id)
}

func (s *ledgerStage) smsCode(p ledgerPerson, smsType openplatform.SmsType) string {
	s.t.Helper()
	id, answer := s.picture()
	s.must(sending((*openplatform.Client).SendSmsCode, &openplatform.SendSmsCodeRequest{
		Mobile: p.mobile, ImgCodeID: id, ImgCode: answer, SmsType: smsType,
	}))
	return s.sandbox.Outbox(p.mobile)[0].Code
}

// login returns the token of a person who has an account and is logged in.
func (s *ledgerStage) login(p ledgerPerson) string {
	s.t.Helper()
	s.addAccount(p)
	login, err := s.direct.Login(s.t.Context(), &openplatform.LoginRequest{Account: p.mobile, Password: p.password})
	require.NoError(s.t, err)
	return login.Data.Token
}

func (s *ledgerStage) accessToken() string {
	s.t.Helper()
	token, err := s.direct.GetAccessToken(s.t.Context(), &openplatform.GetAccessTokenRequest{
		ClientID: sandbox.DemoClientID, ClientSecret: sandbox.DemoClientSecret,
	})
	require.NoError(s.t, err)
	return token.Data.AccessToken
}

func (s *ledgerStage) serviceTicket(p ledgerPerson) string {
	s.t.Helper()
	ticket, err := s.direct.GetServiceTicket(s.t.Context(), &openplatform.GetServiceTicketRequest{
		AccessToken: s.accessToken(), Token: s.login(p),
	})
	require.NoError(s.t, err)
	return ticket.Data.ServiceTicket
}
