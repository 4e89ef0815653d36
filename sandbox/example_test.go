package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"

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
