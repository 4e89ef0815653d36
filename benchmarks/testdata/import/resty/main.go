// The call with resty.
package main

import (
	"fmt"
	"os"

	"github.com/go-resty/resty/v2"
)

func main() {
	var envelope struct {
		Code string `json:"code"`
		Data bool   `json:"data"`
	}
	_, err := resty.New().SetBaseURL(os.Args[1]).R().
		SetBody(map[string]string{
			"mobile": "13900001111", "img_code_id": "MS6A1I", "img_code": "XKQPW", "sms_type": "REGISTER",
		}).
		SetResult(&envelope).
		Post("/oauth/api/account/sendSmsCode")
	fmt.Println(envelope, err)
}
