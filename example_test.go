package openplatform_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// startSandbox stands in for the platform in the examples.
func startSandbox() (sb *sandbox.Sandbox, client *openplatform.Client, stop func()) {
	sb = sandbox.New()
	server := httptest.NewServer(sb)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL))
	if err != nil {
		log.Fatal(err)
	}
	return sb, client, func() {
		client.CloseIdleConnections()
		server.Close()
	}
}

func ExampleNewClient() {
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithTimeout(5*time.Second))
	fmt.Println(client != nil, err)

	_, err = openplatform.NewClient(openplatform.Production)
	fmt.Println(errors.Is(err, openplatform.ErrNoBaseURL))
	// Output:
	// true <nil>
	// true
}

func ExampleClient_GetImgCode() {
	_, client, stop := startSandbox()
	defer stop()

	resp, err := client.GetImgCode(context.Background())
	if err != nil {
		log.Print(err)
		return
	}
	// An HTML page shows resp.Data.Img as it is: <img src="data:image/jpg;base64,…">
	picture, mediaType, err := resp.Data.Picture()
	fmt.Println(mediaType, len(picture) > 1000, err)
	// Output: image/jpg true <nil>
}

func ExampleClient_SendSmsCode() {
	sb, client, stop := startSandbox()
	defer stop()
	ctx := context.Background()

	picture, err := client.GetImgCode(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	resp, err := client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile:    "13900001111",
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID), // a person would read it
		SmsType:   openplatform.SmsTypeRegister,
	})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Code, resp.Msg, resp.Data)
	fmt.Println(len(sb.Outbox("13900001111")), "SMS")
	// Output:
	// 000 成功 true
	// 1 SMS
}

// What to tell the person depends on what may have happened.
func ExampleOutcomeOf() {
	sb, client, stop := startSandbox()
	defer stop()

	tell := func(mobile string) {
		_, err := client.SendSmsCode(context.Background(), &openplatform.SendSmsCodeRequest{
			Mobile: mobile, ImgCodeID: "MS6A1I", ImgCode: "ELPG", SmsType: openplatform.SmsTypeLogin,
		})
		switch openplatform.OutcomeOf(err) {
		case openplatform.OutcomeSucceeded:
			fmt.Println("A code is on its way.")
		case openplatform.OutcomeNotSent:
			fmt.Println("That did not work. Please try again.")
		case openplatform.OutcomeRejected:
			fmt.Println("Please read the new picture.")
		case openplatform.OutcomeUnknown:
			fmt.Println("Please wait a minute for the code before you ask for another.")
		}
	}
	tell("")            // nothing is sent without a phone number
	tell("13900001111") // the picture does not exist
	sb.Order(sandbox.Fault{Operation: "SendSmsCode", Drop: true})
	tell("13900001111") // the connection breaks
	// Output:
	// That did not work. Please try again.
	// Please read the new picture.
	// Please wait a minute for the code before you ask for another.
}

func ExampleAPIError() {
	_, client, stop := startSandbox()
	defer stop()

	_, err := openplatform.Do[bool](context.Background(), client,
		openplatform.Operation{Name: "NewOperation", Method: "POST", Path: "/oauth/api/new"}, nil)

	var failure *openplatform.APIError
	if errors.As(err, &failure) {
		fmt.Println(failure.Operation, failure.Code, failure.Msg, failure.RequestID != "")
	}
	fmt.Println(errors.Is(err, openplatform.ErrUnknownAPI), errors.Is(err, openplatform.ErrNotFound))
	// Output:
	// NewOperation 404001 接口不存在 true
	// true true
}

// An operation that this version of the SDK has no method for.
func ExampleDo() {
	_, client, stop := startSandbox()
	defer stop()

	type picture struct {
		ID string `json:"img_code_id"`
	}
	resp, err := openplatform.Do[picture](context.Background(), client, openplatform.Operation{
		Name:       "GetImgCode",
		Method:     "POST",
		Path:       "/oauth/api/account/getImgCode",
		Repeatable: true, // a second picture does no harm
	}, nil)
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(len(resp.Data.ID))
	// Output: 6
}
