// The nearest call of twilio-go. Only the package of its Verify product is imported:
// twilio.NewRestClient brings all products.
package main

import (
	"fmt"

	"github.com/twilio/twilio-go/client"
	verify "github.com/twilio/twilio-go/rest/verify/v2"
)

func main() {
	backend := &client.Client{Credentials: client.NewCredentials("AC1", "secret")}
	params := (&verify.CreateVerificationParams{}).SetTo("+8613900001111").SetChannel("sms").SetLocale("zh")
	fmt.Println(verify.NewApiService(client.NewRequestHandler(backend)).CreateVerification("VA1", params))
}
