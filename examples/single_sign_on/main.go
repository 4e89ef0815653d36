// Command single_sign_on gets the account for a login token, as a business system does
// (单点登录). It starts its own sandbox, so it needs no network.
//
//	go run ./examples/single_sign_on
package main

import (
	"context"
	"io"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
	"github.com/ebaas/openplatform-go/sandbox"
)

const usage = `single_sign_on finds out who a person is (单点登录) in a sandbox of its own, where nothing leaves
this computer: Login, CheckToken, VerifyUser, and VerifyUser again after its access token was revoked.
  go run ./examples/single_sign_on
`

const (
	username = "hanmeimei"
	email    = "hanmeimei@example.com"
	mobile   = "13900001111"
	password = "made-up-1"
)

func main() { local.Main(usage, run) }

func run(ctx context.Context, stdout io.Writer) error {
	sb, err := local.Start()
	if err != nil {
		return err
	}
	defer sb.Close()
	seed(sb.Sandbox)
	return signOn(ctx, sb.Client, sb.Sandbox, stdout)
}

// seed adds an existing account.
func seed(sb *sandbox.Sandbox) (openID string) {
	return sb.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
}

// signOn needs the sandbox only to revoke an access token.
func signOn(ctx context.Context, client *openplatform.Client, sb *sandbox.Sandbox, stdout io.Writer) error {
	// In reality the person logs in elsewhere, and arrives here with the token.
	login, err := client.Login(ctx, &openplatform.LoginRequest{Account: username, Password: password})
	if err != nil {
		return err
	}
	local.Step(stdout, "Login", login.RequestID, "a token for the account %s", login.Data.OpenID)

	// A nil error says that the token is valid; errors.Is(err, openplatform.ErrInvalidToken) that it is not.
	checked, err := client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: login.Data.Token})
	if err != nil {
		return err
	}
	local.Step(stdout, "CheckToken", checked.RequestID, "the token is valid")

	// A program makes one source and keeps it, as it keeps the client.
	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	if err != nil {
		return err
	}
	person, err := source.VerifyUser(ctx, login.Data.Token)
	if err != nil {
		return err
	}
	local.Step(stdout, "VerifyUser", person.RequestID, "it is %v", person.Data) // prints masked

	sb.RevokeAccessTokens() // the source cannot know until it is refused
	person, err = source.VerifyUser(ctx, login.Data.Token)
	if err != nil {
		return err
	}
	local.Step(stdout, "VerifyUser", person.RequestID, "still %s: the revoked token was replaced", person.Data.Username)
	return nil
}
