// Command login_by_sms logs a person in with an SMS code (短信验证码登录), checks the token
// and logs out. It starts its own sandbox: it needs no network and sends no real SMS.
//
//	go run ./examples/login_by_sms
package main

import (
	"context"
	"io"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
	"github.com/ebaas/openplatform-go/sandbox"
)

const usage = `login_by_sms logs in with an SMS code (短信验证码登录) in a sandbox of its own, where nothing
leaves this computer: GetImgCode, SendSmsCode, LoginByMobileCode, CheckToken, Logout.
  go run ./examples/login_by_sms
`

const (
	username = "hanmeimei"
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
	return loginBySms(ctx, sb.Client, sb.Sandbox, stdout)
}

// seed adds an existing account.
func seed(sb *sandbox.Sandbox) (openID string) {
	return sb.AddAccount(sandbox.Account{Username: username, Mobile: mobile, Password: password})
}

// loginBySms needs the sandbox only instead of a person with a phone.
func loginBySms(ctx context.Context, client *openplatform.Client, sb *sandbox.Sandbox, stdout io.Writer) error {
	picture, err := client.GetImgCode(ctx)
	if err != nil {
		return err
	}
	local.Step(stdout, "GetImgCode", picture.RequestID, "a picture, to be read by a person")

	sms := &openplatform.SendSmsCodeRequest{
		Mobile:    mobile,
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID), // in reality a person reads it
		SmsType:   openplatform.SmsTypeLogin,
	}
	sent, err := client.SendSmsCode(ctx, sms)
	if err != nil {
		return err
	}
	local.Step(stdout, "SendSmsCode", sent.RequestID, "an SMS for %v", sms) // prints masked

	login, err := client.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{
		Mobile:  mobile,
		Code:    sb.Outbox(mobile)[0].Code, // in reality a person types it from the phone
		SmsType: openplatform.SmsTypeLogin,
	})
	if err != nil {
		return err
	}
	local.Step(stdout, "LoginByMobileCode", login.RequestID, "a token for the account %s", login.Data.OpenID)

	// A nil error says that the token is valid; errors.Is(err, openplatform.ErrInvalidToken) that it is not.
	checked, err := client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: login.Data.Token})
	if err != nil {
		return err
	}
	local.Step(stdout, "CheckToken", checked.RequestID, "the token is valid")

	out, err := client.Logout(ctx, &openplatform.LogoutRequest{Token: login.Data.Token})
	if err != nil {
		return err
	}
	local.Step(stdout, "Logout", out.RequestID, "the token is no longer valid")
	return nil
}
