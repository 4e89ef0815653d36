package openplatform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// What masking must not spoil, and the secrets that TestNoSecretIsPrinted does not plant.

func TestMaskedTextStaysReadable(t *testing.T) {
	answered := func(body string) *openplatform.Client {
		url, _ := serve(t, answer(200, body))
		return newClient(t, url)
	}
	t.Run("the program has it whole", func(t *testing.T) {
		const echo = "手机号13900001111格式错误, code xkqpw or XKQPW of 139 0000 1111"
		var failure *openplatform.APIError
		require.ErrorAs(t, sendSmsCode(t.Context(), answered(envelope("400101", echo, "null"))), &failure)
		assert.Equal(t, echo, failure.Msg)
		assert.Contains(t, failure.Error(), "手机号139****1111格式错误, code *** or *** of 139****1111")

		resp, err := answered(envelope("000", echo, "true")).SendSmsCode(t.Context(), smsRequest())
		require.NoError(t, err)
		assert.Equal(t, echo, resp.Msg)
	})
	t.Run("what looks like no secret", func(t *testing.T) {
		const plain = "2021-07-01 08:16:30 第3次, 剩余2次, 单号A123456, 请60秒后重试"
		assert.ErrorContains(t, sendSmsCode(t.Context(), answered(envelope("400101", plain, "null"))), plain)
	})
	t.Run("a request id in the form of a UUID, though a short secret is in it", func(t *testing.T) {
		request := smsRequest()
		request.ImgCode = "4283"
		_, err := answered(envelope("400", "", "null")).SendSmsCode(t.Context(), request)
		assert.ErrorContains(t, err, "cc67513b-9b00-4283-a966-80153fd3ecfb")
	})
}

func TestATokenThatThePlatformCutIsMasked(t *testing.T) {
	token := "eyJhbGciOiJIUzI1NiJ9."
	for n := range 100 {
		token += strconv.Itoa(n * n * 7919)
	}
	token = token[:350]
	for _, said := range []string{token[:240], token[:8], token[110:], "…" + token[100:200] + "…", strings.Repeat("错", 250) + token[:5]} {
		url, _ := serve(t, answer(200, envelope("401004", "无效的token "+said, "null")))
		_, err := newClient(t, url).CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: token})
		for n := range len(token) - 4 {
			require.NotContains(t, err.Error(), token[n:n+5], "of %q", said)
		}
	}
}

func TestCodesAreNoPhoneNumbers(t *testing.T) {
	url, _ := serve(t, answer(200, envelope("40010001", "", "null")))
	var logged bytes.Buffer
	seen := &recorder{}
	client := newClient(t, url, openplatform.WithObserver(seen), openplatform.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	err := sendSmsCode(t.Context(), client)
	assert.ErrorContains(t, err, "code 40010001")
	assert.Equal(t, openplatform.OutcomeRejected, openplatform.OutcomeOf(err))
	assert.Equal(t, openplatform.OutcomeRejected, seen.callEnd.Outcome)
	assert.Equal(t, openplatform.OutcomeRejected, seen.attemptEnd[0].Outcome)
	assert.ErrorIs(t, seen.callEnd.Err, openplatform.ErrInvalidArgument)
	assert.Contains(t, logged.String(), "code=40010001")

	t.Run("unless one is in them, which changes no outcome", func(t *testing.T) {
		url, _ := serve(t, answer(200, envelope("400"+mobile, "", "null")))
		seen := &recorder{}
		require.Error(t, sendSmsCode(t.Context(), newClient(t, url, openplatform.WithObserver(seen))))
		assert.Equal(t, openplatform.OutcomeRejected, seen.callEnd.Outcome)
		assert.Equal(t, openplatform.OutcomeRejected, seen.attemptEnd[0].Outcome)
		assert.NotContains(t, seen.callEnd.Code, mobile)
	})
}

func TestHowRequestsAndResultsPrint(t *testing.T) {
	request := *smsRequest()
	for name, v := range map[string]any{
		"request": request, "*request": &request, "Response": openplatform.Response[openplatform.SendSmsCodeRequest]{Data: request},
	} {
		for _, p := range printings(v, verbs[:len(verbs)-1]...) { // all but %T
			assert.Contains(t, p.text, "139****1111", "%s, %s", name, p.how)
			assert.Contains(t, p.text, imgCodeID, "%s, %s", name, p.how)
			assert.NotContains(t, p.text, imgCode, "%s, %s", name, p.how)
		}
	}
	for want, v := range map[string]any{
		"{mobile: img_code_id: img_code: sms_type:}":                        openplatform.SendSmsCodeRequest{},
		"{mobile:*** img_code_id:a level=ERROR forged img_code: sms_type:}": openplatform.SendSmsCodeRequest{Mobile: "95588", ImgCodeID: "a\nlevel=ERROR forged"},
		"{service_ticket:*** expired: number_of_uses:2}":                    openplatform.ServiceTicket{ServiceTicket: "st-4e5f6a", NumberOfUses: 2},
		"{username:139****1111 email: mobile: code: password:}":             openplatform.RegisterRequest{Username: mobile},
		"{username:*** email: mobile: open_id:}":                            openplatform.RegisterResult{Username: "someone@example.invalid"},
		"{username:somebody email: mobile: activate:false open_id:}":        openplatform.Account{Username: "somebody"},
		"{request_id:r-1 code:000 msg:成功 http_status:200 data:true}":        openplatform.Response[bool]{RequestID: "r-1", Code: "000", Msg: "成功", Data: true, HTTPStatus: 200, Header: http.Header{"Set-Cookie": {"s=1"}}},
	} {
		assert.Equal(t, want, fmt.Sprintf("%+v", v))
	}
	source, err := newClient(t, "http://platform.invalid").AccessTokenSource("shop", "cs-1b2c3d")
	require.NoError(t, err)
	for _, p := range printings(source, verbs...) {
		assert.NotContains(t, p.text, "cs-1b2c3d", p.how)
	}
	url, _ := serve(t, answer(200, `{"request_id":"r-tok-5f2c9e","code":"000","msg":"issued tok-5f2c9e","data":{"open_id":"o","token":"tok-5f2c9e"}}`))
	resp, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "Pw-9c8d7e"})
	require.NoError(t, err)
	assert.Equal(t, "{request_id:r-*** code:000 msg:issued *** http_status:200 data:{open_id:o token:***}}", fmt.Sprint(resp), "it repeats its result")

	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "resp", &openplatform.Response[bool]{RequestID: "r-1", Code: "000", Data: true, HTTPStatus: 200})
	assert.Contains(t, out.String(), `resp.request_id=r-1 resp.code=000 resp.msg="" resp.http_status=200 resp.data=true`)
}

func TestJSONOfARequestIsOneMaskedString(t *testing.T) {
	request := smsRequest()
	raw, err := json.Marshal(map[string]any{"request": request})
	require.NoError(t, err)
	assert.JSONEq(t, `{"request":"masked {mobile:139****1111 img_code_id:MS6A1I img_code:*** sms_type:REGISTER}"}`, string(raw))
	raw, err = json.Marshal(*request)
	require.NoError(t, err)
	require.Error(t, json.Unmarshal(raw, &openplatform.SendSmsCodeRequest{}), "it cannot be read back")
	require.NoError(t, json.Unmarshal([]byte(`{"mobile":"13900001111"}`), request), "what a front end sends can")
	raw, err = json.Marshal(openplatform.LoginResult{Token: "tok-5f2c9e"})
	require.NoError(t, err)
	assert.Contains(t, string(raw), "tok-5f2c9e", "that of a result is whole")
}

// A request id that repeats a secret of the result is one too.
func TestARequestIDThatRepeatsTheResultIsMasked(t *testing.T) {
	const token = "5c1e6cf0f9e94b3f8f2d"
	for _, id := range []string{token, "id-" + token + "-7", token[4:16]} {
		url, _ := serve(t, answer(200, envelopeWithID("000", "成功", id, `{"open_id":"`+openID+`","token":"`+token+`"}`)))
		seen := &recorder{}
		var out bytes.Buffer
		client := newClient(t, url, openplatform.WithObserver(seen),
			openplatform.WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		resp, err := client.Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "Passw0rd!"})
		require.NoError(t, err)
		assert.Equal(t, id, resp.RequestID, "the program has it whole")
		for name, text := range map[string]string{
			"log": out.String(), "call": seen.callEnd.RequestID, "attempt": seen.attemptEnd[0].RequestID, "response": fmt.Sprint(resp),
		} {
			assert.NotContains(t, text, token[4:16], name)
		}
	}
}
