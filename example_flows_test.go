package openplatform_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

func ExampleClient_Register() {
	sb, client, stop := startSandbox()
	defer stop()
	textHer(sb, client, openplatform.SmsTypeRegister)

	resp, err := client.Register(context.Background(), &openplatform.RegisterRequest{
		Username: "hanmeimei",
		Email:    "hanmeimei@example.com",
		Mobile:   "13900001111",
		Code:     sb.Outbox("13900001111")[0].Code, // a person would type it
		Password: "made-up-1",
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.Username, len(resp.Data.OpenID))
	fmt.Println(len(sb.Mailbox("hanmeimei@example.com")), "e-mail with a token for Activate")
	// Output:
	// hanmeimei 28
	// 1 e-mail with a token for Activate
}

func ExampleClient_Login() {
	sb, client, stop := startSandbox()
	defer stop()
	openID := sb.AddAccount(hanMeimei)

	for _, password := range []string{"made-up-1", "not-the-one"} {
		resp, err := client.Login(context.Background(), &openplatform.LoginRequest{
			Account:  "hanmeimei", // or the e-mail address, or the phone number
			Password: password,
		})
		if err != nil {
			// The platform publishes no code for a wrong password.
			fmt.Println("rejected:", openplatform.OutcomeOf(err) == openplatform.OutcomeRejected)
			return
		}
		fmt.Println("logged in:", resp.Data.OpenID == openID, resp.Data.Token != "")
	}
	// Output:
	// logged in: true true
	// rejected: true
}

func ExampleClient_Activate() {
	sb, client, stop := startSandbox()
	defer stop()
	registerHer(sb, client)

	resp, err := client.Activate(context.Background(), &openplatform.ActivateRequest{
		Token: sb.Mailbox("hanmeimei@example.com")[0].ActivationToken, // a person would follow the link
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data)
	// Output: true
}

func ExampleClient_LoginByMobileCode() {
	sb, client, stop := startSandbox()
	defer stop()
	openID := sb.AddAccount(hanMeimei)
	textHer(sb, client, openplatform.SmsTypeLogin)

	resp, err := client.LoginByMobileCode(context.Background(), &openplatform.LoginByMobileCodeRequest{
		Mobile:  "13900001111",
		Code:    sb.Outbox("13900001111")[0].Code, // a person would type it
		SmsType: openplatform.SmsTypeLogin,
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.OpenID == openID, resp.Data.Token != "")
	// Output: true true
}

func ExampleClient_ResetPassword() {
	sb, client, stop := startSandbox()
	defer stop()
	sb.AddAccount(hanMeimei)
	textHer(sb, client, openplatform.SmsTypeResetPassword)
	ctx := context.Background()

	proof, err := client.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{
		Mobile:  "13900001111",
		Code:    sb.Outbox("13900001111")[0].Code, // a person would type it
		SmsType: openplatform.SmsTypeResetPassword,
	})
	if err != nil {
		log.Print(err)
		return
	}
	resp, err := client.ResetPassword(ctx, &openplatform.ResetPasswordRequest{
		Token:    proof.Data.Token,
		Password: "made-up-2",
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data)

	_, err = client.Login(ctx, &openplatform.LoginRequest{Account: "hanmeimei", Password: "made-up-2"})
	fmt.Println(err)
	// Output:
	// true
	// <nil>
}

func ExampleClient_Logout() {
	sb, client, stop := startSandbox()
	defer stop()
	token := logHerIn(sb, client)
	ctx := context.Background()

	resp, err := client.Logout(ctx, &openplatform.LogoutRequest{Token: token})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data)

	_, err = client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
	fmt.Println(errors.Is(err, openplatform.ErrInvalidToken))
	// Output:
	// true
	// true
}

func ExampleClient_CheckToken() {
	sb, client, stop := startSandbox()
	defer stop()

	for _, token := range []string{logHerIn(sb, client), "made-up"} {
		_, err := client.CheckToken(context.Background(), &openplatform.CheckTokenRequest{Token: token})
		switch {
		case err == nil:
			fmt.Println("valid")
		case errors.Is(err, openplatform.ErrInvalidToken):
			fmt.Println("not valid")
		default:
			fmt.Println("nobody knows:", err)
		}
	}
	// Output:
	// valid
	// not valid
}

// AccessTokenSource calls it when it is needed, and not more often.
func ExampleClient_GetAccessToken() {
	sb, client, stop := startSandbox()
	defer stop()

	resp, err := client.GetAccessToken(context.Background(), &openplatform.GetAccessTokenRequest{
		ClientID:     sandbox.DemoClientID,
		ClientSecret: sandbox.DemoClientSecret,
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.Expired.Sub(sb.Now()).Round(time.Minute))
	// Output: 2h0m0s
}

// VerifyUser does this and what follows.
func ExampleClient_GetServiceTicket() {
	sb, client, stop := startSandbox()
	defer stop()

	resp, err := client.GetServiceTicket(context.Background(), &openplatform.GetServiceTicketRequest{
		AccessToken: newAccessToken(client),
		Token:       logHerIn(sb, client), // a person's
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.ServiceTicket != "", resp.Data.NumberOfUses)
	// Output: true 1
}

func ExampleClient_GetAccount() {
	sb, client, stop := startSandbox()
	defer stop()
	ctx := context.Background()

	ticket, err := client.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{
		AccessToken: newAccessToken(client),
		Token:       logHerIn(sb, client),
	})
	if err != nil {
		log.Print(err)
		return
	}
	req := &openplatform.GetAccountRequest{ServiceTicket: ticket.Data.ServiceTicket}
	resp, err := client.GetAccount(ctx, req)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.Username, resp.Data.Activate)

	_, err = client.GetAccount(ctx, req)
	fmt.Println("used up:", errors.Is(err, openplatform.ErrInvalidServiceTicket))
	// Output:
	// hanmeimei true
	// used up: true
}

func ExampleAccessTokenSource_VerifyUser() {
	sb, client, stop := startSandbox()
	defer stop()
	userToken := logHerIn(sb, client) // a business system is handed it

	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret) // one, to keep
	if err != nil {
		log.Print(err)
		return
	}
	resp, err := source.VerifyUser(context.Background(), userToken)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.Username, len(resp.Data.OpenID))
	// Output: hanmeimei 28
}

// A dead access token is replaced, and a living one fetched once.
func ExampleClient_AccessTokenSource() {
	sb, client, stop := startSandbox()
	defer stop()
	userToken := logHerIn(sb, client)
	ctx := context.Background()

	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	if err != nil {
		log.Print(err)
		return
	}
	for range 2 {
		_, err := source.VerifyUser(ctx, userToken)
		fmt.Println(err)
	}
	sb.RevokeAccessTokens()
	_, err = source.VerifyUser(ctx, userToken)
	fmt.Println(err)

	fetched := 0
	for _, entry := range sb.Ledger() {
		if entry.Operation == "GetAccessToken" {
			fetched++
		}
	}
	fmt.Println(fetched, "access tokens fetched")
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// 2 access tokens fetched
}

// hanMeimei is the person of the examples.
var hanMeimei = sandbox.Account{
	Username: "hanmeimei", Email: "hanmeimei@example.com", Mobile: "13900001111", Password: "made-up-1",
}

// textHer has an SMS code sent to her.
func textHer(sb *sandbox.Sandbox, client *openplatform.Client, smsType openplatform.SmsType) {
	picture, err := client.GetImgCode(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.SendSmsCode(context.Background(), &openplatform.SendSmsCodeRequest{
		Mobile:    hanMeimei.Mobile,
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID),
		SmsType:   smsType,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// registerHer opens her account, which is not activated yet.
func registerHer(sb *sandbox.Sandbox, client *openplatform.Client) {
	textHer(sb, client, openplatform.SmsTypeRegister)
	_, err := client.Register(context.Background(), &openplatform.RegisterRequest{
		Username: hanMeimei.Username, Email: hanMeimei.Email, Mobile: hanMeimei.Mobile,
		Code: sb.Outbox(hanMeimei.Mobile)[0].Code, Password: hanMeimei.Password,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// logHerIn opens her account, activated, and logs her in.
func logHerIn(sb *sandbox.Sandbox, client *openplatform.Client) (token string) {
	sb.AddAccount(hanMeimei)
	resp, err := client.Login(context.Background(), &openplatform.LoginRequest{
		Account: hanMeimei.Username, Password: hanMeimei.Password,
	})
	if err != nil {
		log.Fatal(err)
	}
	return resp.Data.Token
}

// newAccessToken fetches one for the sandbox's demo client.
func newAccessToken(client *openplatform.Client) string {
	resp, err := client.GetAccessToken(context.Background(), &openplatform.GetAccessTokenRequest{
		ClientID: sandbox.DemoClientID, ClientSecret: sandbox.DemoClientSecret,
	})
	if err != nil {
		log.Fatal(err)
	}
	return resp.Data.AccessToken
}
