// The call with this SDK.
package main

import (
	"context"
	"fmt"
	"os"

	openplatform "github.com/ebaas/openplatform-go"
)

func main() {
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(os.Args[1]))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.SendSmsCode(context.Background(), &openplatform.SendSmsCodeRequest{
		Mobile: "13900001111", ImgCodeID: "MS6A1I", ImgCode: "XKQPW", SmsType: openplatform.SmsTypeRegister,
	})
	fmt.Println(resp, err)
}
