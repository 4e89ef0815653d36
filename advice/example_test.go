package advice_test

import (
	"errors"
	"fmt"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

func ExampleOf() {
	// No answer came to a SendSmsCode.
	err := &openplatform.TransportError{Operation: "SendSmsCode", Attempts: 1, Cause: errors.New("reset")}

	a := advice.Of(err)
	fmt.Println(a.Whose, a.Action, a.Wait, a.Status)
	fmt.Println(a.Sentence.In(advice.Chinese))
	fmt.Println(a.Sentence.In(advice.English))
	// Output:
	// network wait_for_sms 1m0s 503
	// 短信可能已发出，请等待一分钟，不要立即重新获取。
	// The SMS may have been sent. Please wait one minute before you request another.
}

func ExampleAdviser() {
	ad := advice.Adviser{
		ShowPlatformMsg: true,
		Sentences: map[advice.Key]advice.Sentence{
			{Operation: "SendSmsCode", Name: advice.NameRefused}: {Chinese: "请看清图片再试。", English: "Please look at the picture again."},
		},
	}
	err := &openplatform.APIError{Operation: "SendSmsCode", Code: "400123", Msg: "手机号13900001111已停用"}

	a := ad.Of(err)
	fmt.Println(a.Sentence.In(advice.Chinese), "平台答复：", a.PlatformMsg)
	// Output: 请看清图片再试。 平台答复： 手机号139****1111已停用
}
