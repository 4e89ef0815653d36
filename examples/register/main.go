// Command register registers an account (注册), activates it and logs in. It starts its own
// sandbox: it needs no network and sends no real SMS or e-mail.
//
//	go run ./examples/register
package main

import (
	"context"
	"io"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
	"github.com/ebaas/openplatform-go/sandbox"
)

const usage = `register opens an account (注册) in a sandbox of its own, where nothing leaves this
computer: GetImgCode, SendSmsCode, Register, Activate, and Login to show that it is there.
  go run ./examples/register
`

// What a person types into the form.
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
	return register(ctx, sb.Client, sb.Sandbox, stdout)
}

// register needs the sandbox only instead of a person with a phone and a mailbox.
func register(ctx context.Context, client *openplatform.Client, sb *sandbox.Sandbox, stdout io.Writer) error {
	picture, err := client.GetImgCode(ctx)
	if err != nil {
		return err
	}
	local.Step(stdout, "GetImgCode", picture.RequestID, "a picture, to be read by a person")

	sms := &openplatform.SendSmsCodeRequest{
		Mobile:    mobile,
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID), // in reality a person reads it
		SmsType:   openplatform.SmsTypeRegister,
	}
	sent, err := client.SendSmsCode(ctx, sms)
	if err != nil {
		return err
	}
	local.Step(stdout, "SendSmsCode", sent.RequestID, "an SMS for %v", sms) // prints masked

	account, err := client.Register(ctx, &openplatform.RegisterRequest{
		Username: username,
		Email:    email,
		Mobile:   mobile,
		Code:     sb.Outbox(mobile)[0].Code, // in reality a person types it from the phone
		Password: password,
	})
	if err != nil {
		return err
	}
	local.Step(stdout, "Register", account.RequestID, "the account %v", account.Data) // prints masked

	activated, err := client.Activate(ctx, &openplatform.ActivateRequest{
		Token: sb.Mailbox(email)[0].ActivationToken, // in reality a person follows the link in the e-mail
	})
	if err != nil {
		return err
	}
	local.Step(stdout, "Activate", activated.RequestID, "the e-mail address is confirmed")

	login, err := client.Login(ctx, &openplatform.LoginRequest{Account: username, Password: password})
	if err != nil {
		return err
	}
	local.Step(stdout, "Login", login.RequestID, "a token for the account %s", login.Data.OpenID)
	return nil
}
