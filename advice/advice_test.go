package advice_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
	"github.com/ebaas/openplatform-go/internal/codes"
	"github.com/ebaas/openplatform-go/sandbox"
)

const mobile = "13900001111"

func TestSuccess(t *testing.T) {
	a := advice.Of(nil)
	assert.Equal(t, advice.Advice{Outcome: openplatform.OutcomeSucceeded, Status: http.StatusOK}, a)
}

// The same request after a wait fails, because the picture is used up.
func TestTooManySMSAreFollowedByANewPicture(t *testing.T) {
	sb := sandbox.Start(t)
	request := func() *openplatform.SendSmsCodeRequest {
		picture, err := sb.Client.GetImgCode(t.Context())
		require.NoError(t, err)
		return &openplatform.SendSmsCodeRequest{
			Mobile: mobile, SmsType: openplatform.SmsTypeLogin,
			ImgCodeID: picture.Data.ImgCodeID, ImgCode: sb.SolveImgCode(picture.Data.ImgCodeID),
		}
	}
	_, err := sb.Client.SendSmsCode(t.Context(), request())
	require.NoError(t, err)
	tooEarly := request()
	_, err = sb.Client.SendSmsCode(t.Context(), tooEarly)

	a := advice.Of(err)
	assert.Equal(t, advice.ActionNewPicture, a.Action)
	assert.Equal(t, http.StatusTooManyRequests, a.Status)
	assert.Contains(t, a.Sentence.Chinese, "新的图形验证码")

	sb.Advance(a.Wait)
	_, err = sb.Client.SendSmsCode(t.Context(), tooEarly)
	require.Error(t, err, "the same request after a wait")
	assert.Equal(t, advice.ActionNewPicture, advice.Of(err).Action)
	_, err = sb.Client.SendSmsCode(t.Context(), request())
	require.NoError(t, err, "a new picture after the wait")
}

// What is advised upon a code that the sandbox made up is what is advised upon any code of its
// class that nobody has listed.
func TestNothingIsAdvisedUponInventedCodes(t *testing.T) {
	invented := 0
	for _, entry := range codes.All() {
		if !entry.Invented() {
			continue
		}
		invented++
		for _, operation := range append(operations, entry.Operations...) {
			of := func(code string) advice.Advice {
				a := advice.Of(&openplatform.APIError{Operation: operation, Code: openplatform.Code(code), Msg: entry.Msg})
				a.Code = ""
				return a
			}
			assert.Equal(t, of(entry.Code[:3]+"987"), of(entry.Code), "%s %s", operation, entry.Code)
		}
	}
	assert.NotZero(t, invented)
}

func TestWaitIsWhatThePlatformAsksForIfItIsMore(t *testing.T) {
	wait := func(operation string, after time.Duration) time.Duration {
		return advice.Of(&openplatform.ResponseError{Operation: operation, HTTPStatus: 503, RetryAfter: after}).Wait
	}
	assert.Equal(t, time.Minute, wait("SendSmsCode", 5*time.Second))
	assert.Equal(t, time.Hour, wait("SendSmsCode", time.Hour))
	assert.Equal(t, 5*time.Second, wait("GetImgCode", 5*time.Second))

	setup := advice.Of(&openplatform.APIError{Operation: "Login", Code: openplatform.CodeInvalidAppID, RetryAfter: time.Second})
	assert.Zero(t, setup.Wait, "no wait helps")
	assert.Equal(t, time.Second, setup.RetryAfter)
}

func refused() *openplatform.APIError {
	return &openplatform.APIError{Operation: "SendSmsCode", Code: "400987", Msg: "手机号" + mobile + "已停用", RequestID: "id-1"}
}

func TestThePlatformsWords(t *testing.T) {
	assert.Empty(t, advice.Of(refused()).PlatformMsg, "nobody asked for it")

	ad := advice.Adviser{ShowPlatformMsg: true}
	assert.Equal(t, "手机号139****1111已停用", ad.Of(refused()).PlatformMsg)
	assert.NotContains(t, fmt.Sprintf("%+v", ad.Of(refused())), mobile)

	for name, code := range map[string]openplatform.Code{
		"a listed code has a sentence":          openplatform.CodeInvalidToken,
		"a set-up mistake is none of theirs":    openplatform.CodeInvalidAppID,
		"a failure of the platform neither":     openplatform.CodeSystemError,
		"an unlisted failure of the platform's": "500987",
	} {
		a := ad.Of(&openplatform.APIError{Operation: "Logout", Code: code, Msg: "不成功"})
		assert.Empty(t, a.PlatformMsg, name)
	}
	tooOften := ad.Of(&openplatform.APIError{Operation: "SendSmsCode", Code: "429987", Msg: "今日短信已达上限"})
	assert.Equal(t, "今日短信已达上限", tooOften.PlatformMsg)
}

// What a request said is masked wherever the platform repeats it.
func TestAdviceRepeatsNoSecret(t *testing.T) {
	const secret = "made-up-password-1"
	sb := sandbox.Start(t)
	sb.Order(sandbox.Fault{
		Operation: "Login",
		Body:      fmt.Sprintf(`{"request_id":%q,"code":%q,"msg":%q,"data":null}`, secret, secret, "密码 "+secret+" 不正确"),
	})
	_, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: secret})
	assert.NotContains(t, fmt.Sprintf("%+v", advice.Of(err)), secret)

	sb = sandbox.Start(t)
	sb.Order(sandbox.Fault{Operation: "Login", Code: "401987", Msg: "密码 " + secret + " 不正确"})
	_, err = sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: secret})
	a := advice.Adviser{ShowPlatformMsg: true}.Of(err)
	assert.Contains(t, a.PlatformMsg, "不正确")
	assert.NotContains(t, a.PlatformMsg, secret)
}

func TestSentencesCanBeReplaced(t *testing.T) {
	own := func(text string) advice.Sentence { return advice.Sentence{Chinese: text, English: text} }
	ad := advice.Adviser{Sentences: map[advice.Key]advice.Sentence{
		{Operation: "SendSmsCode", Name: advice.NameRefused}: own("operation and name"),
		{Name: advice.NameNotSent}:                           own("name"),
		{Name: advice.NameSetup}:                             own("any set-up"),
		{Name: "invalid_token"}:                              own("a code's name"),
	}}
	said := func(err error) string { return ad.Of(err).Sentence.English }
	assert.Equal(t, "operation and name", said(refused()))
	assert.Equal(t, "name", said(&openplatform.TransportError{Operation: "Login", NotSent: true}))
	assert.Equal(t, "any set-up", said(&openplatform.APIError{Operation: "Login", Code: openplatform.CodeInvalidAppID}))
	assert.Equal(t, "a code's name", said(&openplatform.APIError{Operation: "Logout", Code: openplatform.CodeInvalidToken}))
	login := &openplatform.TransportError{Operation: "Login"}
	assert.Equal(t, advice.Of(login).Sentence, ad.Of(login).Sentence, "the others stay")
}

// Of two names for the same failure, the sentence of the operation's own counts.
func TestSentencesOfOperationsComeFirst(t *testing.T) {
	unknown := func(operation string) string {
		return advice.Of(&openplatform.TransportError{Operation: operation}).Sentence.English
	}
	said := map[string]bool{}
	for _, operation := range []string{"Register", "Login", "Activate", "SendSmsCode", "LoginByMobileCode", "ResetPassword", "Logout", "GetImgCode", "GetAccount", "CloseAccount"} {
		said[unknown(operation)] = true
	}
	assert.Len(t, said, 10)
	assert.Contains(t, unknown("SendSmsCode"), "may have been sent")
}

func TestLanguageOf(t *testing.T) {
	for accepted, want := range map[string]advice.Language{
		"":                        advice.Chinese,
		"*":                       advice.Chinese,
		"zh-CN,zh;q=0.9,en;q=0.8": advice.Chinese,
		"zh-Hant-TW":              advice.Chinese,
		"en-US,en;q=0.9":          advice.English,
		"en;q=0.8,zh;q=0.9":       advice.Chinese,
		"en; q=0.9, zh; q=0.8":    advice.English,
		"fr-FR,fr;q=0.9":          advice.English,
		"EN":                      advice.English,
		"zh;q=0,en;q=0.1":         advice.English,
		"en;q=nonsense":           advice.Chinese,
		"x":                       advice.English,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", accepted)
		assert.Equal(t, want, advice.LanguageOf(r), accepted)
	}
}

func TestProblem(t *testing.T) {
	w := httptest.NewRecorder()
	advice.Of(&openplatform.ResponseError{Operation: "SendSmsCode", HTTPStatus: 502, RetryAfter: 90*time.Second + 1, RequestID: "id-1"}).
		WriteProblem(w, advice.English)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Equal(t, "en", w.Header().Get("Content-Language"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, "91", w.Header().Get("Retry-After"), "rounded up")
	var problem map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &problem))
	assert.Equal(t, map[string]any{
		"type": "about:blank", "title": "Service Unavailable", "status": 503.0,
		"detail": "The SMS may have been sent. Please wait one minute before you request another.",
		"name":   "outcome_unknown", "whose": "platform", "action": "wait_for_sms", "wait_seconds": 91.0,
		"operation": "SendSmsCode", "request_id": "id-1",
	}, problem)
}

func TestProblemOfAField(t *testing.T) {
	w := httptest.NewRecorder()
	a := advice.Adviser{ShowPlatformMsg: true}
	a.Of(&openplatform.ValidationError{Operation: "Register", Field: "email", Violation: openplatform.ViolationRequired}).
		WriteProblem(w, advice.Chinese)
	assert.Equal(t, http.StatusUnprocessableEntity, w.Code)
	assert.Empty(t, w.Header().Get("Retry-After"))
	assert.Contains(t, w.Body.String(), `"field":"email"`)
	assert.Contains(t, w.Body.String(), `"detail":"请填写邮箱。"`)
	assert.NotContains(t, w.Body.String(), "platform_msg")

	w = httptest.NewRecorder()
	a.Of(refused()).WriteProblem(w, advice.Chinese)
	assert.Contains(t, w.Body.String(), `"platform_msg":"手机号139****1111已停用"`)
}

func TestEverySentenceIsASentence(t *testing.T) {
	for _, c := range everything() {
		s := c.advice.Sentence
		assert.NotContains(t, s.English+s.Chinese, "_", "a name for machines")
		assert.True(t, strings.HasSuffix(s.Chinese, "。"), "%s: %s", c.name, s.Chinese)
		assert.True(t, strings.HasSuffix(s.English, "."), "%s: %s", c.name, s.English)
		assert.Equal(t, s.Chinese, s.In("fr"))
	}
}
