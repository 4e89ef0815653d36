package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A sandbox behind a server of your own, told to lose the answer to an SMS that it did send. The outbox and the ledger
// tell what the client cannot know.
func ExampleSandbox_Order() {
	sb := sandbox.New()
	server := httptest.NewServer(sb)
	defer server.Close()
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL))
	if err != nil {
		log.Print(err)
		return
	}
	ctx := context.Background()

	picture, err := client.GetImgCode(ctx)
	if err != nil {
		log.Print(err)
		return
	}
	sb.Order(sandbox.Fault{Operation: "SendSmsCode", Times: 1, After: true, Drop: true})
	_, err = client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile:    "13900001111",
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID),
		SmsType:   openplatform.SmsTypeLogin,
	})

	fmt.Println("the client cannot know:", openplatform.OutcomeOf(err) == openplatform.OutcomeUnknown)
	fmt.Println("SMS sent:", len(sb.Outbox("13900001111")))
	for _, entry := range sb.Ledger() {
		fmt.Printf("%s carried out: %t\n", entry.Operation, entry.CarriedOut)
	}
	// Output:
	// the client cannot know: true
	// SMS sent: 1
	// GetImgCode carried out: true
	// SendSmsCode carried out: true
}

// A service sends an SMS in its own time, and the test waits for it. Nothing here needs a socket.
func ExampleSandbox_WaitSMS() {
	sb, err := sandbox.ListenInMemory(sandbox.WithImgCode("ACEF"), sandbox.WithSmsCode("34fy"))
	if err != nil {
		log.Print(err)
		return
	}
	defer sb.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	go func() { // the service
		picture, err := sb.Client.GetImgCode(ctx)
		if err != nil {
			log.Print(err)
			return
		}
		_, err = sb.Client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
			Mobile: "13900001111", ImgCodeID: picture.Data.ImgCodeID, ImgCode: "ACEF", SmsType: openplatform.SmsTypeLogin,
		})
		if err != nil {
			log.Print(err)
		}
	}()
	sms, err := sb.WaitSMS(ctx, "13900001111")

	fmt.Println(sms.SmsType, sms.Code, err)
	// Output:
	// LOGIN 34fy <nil>
}
