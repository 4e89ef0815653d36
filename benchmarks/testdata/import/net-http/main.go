// The call with nothing but the standard library.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

func main() {
	body, err := json.Marshal(map[string]string{
		"mobile": "13900001111", "img_code_id": "MS6A1I", "img_code": "XKQPW", "sms_type": "REGISTER",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := http.Post(os.Args[1]+"/oauth/api/account/sendSmsCode", "application/json", bytes.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var envelope struct {
		Code string `json:"code"`
		Data bool   `json:"data"`
	}
	err = json.NewDecoder(resp.Body).Decode(&envelope)
	fmt.Println(envelope, err)
}
