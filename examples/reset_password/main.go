// Command reset_password sets a new password for a person who forgot it (重置密码), and logs
// in with it. It starts its own sandbox: it needs no network and sends no real SMS.
//
//	go run ./examples/reset_password
package main

import (
	"context"
	"io"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
	"github.com/ebaas/openplatform-go/sandbox"
)

const usage = `reset_password resets a password (重置密码) in a sandbox of its own, where nothing leaves this
computer: GetImgCode, SendSmsCode, LoginByMobileCode, ResetPassword, and Login with the new one.
  go run ./examples/reset_password
`

const (
	username    = "hanmeimei"
	mobile      = "13900001111"
	oldPassword = "forgotten-1"
	newPassword = "remembered-2"
)

func main() { local.Main(usage, run) }

func run(ctx context.Context, stdout io.Writer) error {
	sb, err := local.Start()
	if err != nil {
		return err
	}
	defer sb.Close()
	seed(sb.Sandbox)
	return resetPassword(ctx, sb.Client, sb.Sandbox, stdout)
}

// seed adds an existing account.
func seed(sb *sandbox.Sandbox) (openID string) {
	return sb.AddAccount(sandbox.Account{Username: username, Mobile: mobile, Password: oldPassword})
}

// resetPassword needs the sandbox only instead of a person with a phone.
func resetPassword(ctx context.Context, client *openplatform.Client, sb *sandbox.Sandbox, stdout io.Writer) error {
	picture, err := client.GetImgCode(ctx)
	if err != nil {
		return err
	}
	local.Step(stdout, "GetImgCode", picture.RequestID, "a picture, to be read by a person")

	sms := &openplatform.SendSmsCodeRequest{
		Mobile:    mobile,
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID), // in reality a person reads it
		SmsType:   openplatform.SmsTypeResetPassword,
	}
	sent, err := client.SendSmsCode(ctx, sms)
	if err != nil {
		return err
	}
	local.Step(stdout, "SendSmsCode", sent.RequestID, "an SMS for %v", sms) // prints masked

	proof, err := client.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{
		Mobile:  mobile,
		Code:    sb.Outbox(mobile)[0].Code, // in reality a person types it from the phone
		SmsType: openplatform.SmsTypeResetPassword,
	})
	if err != nil {
		return err
	}
	local.Step(stdout, "LoginByMobileCode", proof.RequestID, "a token for the account %s", proof.Data.OpenID)

	reset, err := client.ResetPassword(ctx, &openplatform.ResetPasswordRequest{
		Token:    proof.Data.Token,
		Password: newPassword, // in reality a person makes it up
	})
	if err != nil {
		return err
	}
	local.Step(stdout, "ResetPassword", reset.RequestID, "the account has a new password")

	login, err := client.Login(ctx, &openplatform.LoginRequest{Account: mobile, Password: newPassword})
	if err != nil {
		return err
	}
	local.Step(stdout, "Login", login.RequestID, "the new password works")
	return nil
}
