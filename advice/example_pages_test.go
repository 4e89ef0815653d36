package advice_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

func ExampleAdvice_WriteProblem() {
	r, w := httptest.NewRequest(http.MethodPost, "/sms", http.NoBody), httptest.NewRecorder()
	err := &openplatform.TransportError{Operation: "SendSmsCode"}

	a := advice.Of(err)
	// for the person:    a.Sentence.In(advice.Chinese), a.Action, a.Wait, a.Field
	// for the operators: a.Whose == advice.WhoseSetup, a.RequestID
	a.WriteProblem(w, advice.LanguageOf(r)) // or all of it at once, as problem details (RFC 9457)

	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 503 application/problem+json
}

func ExampleAdviser_Of() {
	err := &openplatform.APIError{Operation: "SendSmsCode", Code: "400123", Msg: "手机号13900001111已停用"}

	ad := advice.Adviser{ShowPlatformMsg: true}
	a := ad.Of(err)
	fmt.Println(a.PlatformMsg)
	// Output: 手机号139****1111已停用
}
