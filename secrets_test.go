package openplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Promise 4: no secret leaves through an error, a log line, an observer or a Referer,
// whatever fails and however it is printed.

// secrets are what the requests below carry and nothing may show.
var secrets = []string{
	mobile, imgCode, "tok-5f2c9e", "someone@example.invalid", "139 0000 1111", "139-0000-1111", "１３９００００１１１１",
	"Pw-9c8d7e", "7k9x", "Acct-3f4a", "cs-1b2c3d", "at-0a1b2c", "st-4e5f6a",
}

// planted is a value for each field that a request of the SDK's can have.
var planted = map[string]string{
	"mobile": mobile, "img_code": imgCode, "token": "tok-5f2c9e", "email": "someone@example.invalid", "password": "Pw-9c8d7e",
	"code": "7k9x", "account": "Acct-3f4a", "client_secret": "cs-1b2c3d", "access_token": "at-0a1b2c", "service_ticket": "st-4e5f6a",
	"username": "somebody", "img_code_id": imgCodeID, "sms_type": "LOGIN", "client_id": "shop",
}

// plantedCall calls an operation of the SDK's with the secrets.
func plantedCall(operation string) func(context.Context, *openplatform.Client) error {
	return func(ctx context.Context, c *openplatform.Client) error {
		fields := map[string]string{}
		for _, r := range documentedRules[operation] {
			fields[r.field] = planted[r.field]
		}
		return request(ctx, c, operation, fields)
	}
}

func TestNoSecretOfAnyOperationInAnyFailure(t *testing.T) {
	for operation, rules := range documentedRules {
		echo := ""
		for _, r := range rules {
			echo += " " + planted[r.field]
		}
		failures := maps.Clone(wordlessFailures)
		failures["rejection"] = answer(200, envelope("400101", echo, "null"))
		failures["platform failure"] = answer(500, envelope("500", strings.ToUpper(echo), "null"))
		failures["code of no class"] = answer(200, envelope("E"+echo, echo, "null"))
		failures["page"] = answer(502, "<html><title>"+echo+"</title>"+echo, "Content-Type", "text/html")
		failures["wrong data"] = answer(200, envelope("000", echo, fmt.Sprintf("%q", echo)))
		for name, handler := range failures {
			t.Run(operation+" "+name, func(t *testing.T) {
				url, _ := serve(t, handler)
				watchForSecrets(t, url, plantedCall(operation))
			})
		}
		t.Run(operation+" not sent", func(t *testing.T) {
			watchForSecrets(t, "http://platform.invalid", plantedCall(operation), through(closedPort()))
		})
	}
}

func assertNoSecret(t *testing.T, where, printed string) {
	t.Helper()
	for _, secret := range secrets {
		assert.NotContains(t, strings.ToLower(printed), strings.ToLower(secret), where)
	}
}

// printings are all the ways in which a value gets into a log.
func printings(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Println"] = fmt.Sprintln(v)
	if err, ok := v.(error); ok {
		out["Error"] = err.Error()
		out["wrapped"] = fmt.Errorf("login: %w", err).Error()
	}
	var buf bytes.Buffer
	slog.New(slog.NewTextHandler(&buf, nil)).Info("x", "v", v)
	out["slog text"] = buf.String()
	buf.Reset()
	slog.New(slog.NewJSONHandler(&buf, nil)).Info("x", "v", v, slog.Group("g", "v", v))
	out["slog JSON"] = buf.String()
	buf.Reset()
	log.New(&buf, "", 0).Print(v)
	out["log"] = buf.String()
	return out
}

// allStrings walks v, unexported fields included, and returns every string in it.
func allStrings(v reflect.Value, depth int) string {
	if depth > 10 {
		return ""
	}
	var out strings.Builder
	switch v.Kind() {
	case reflect.String:
		out.WriteString(v.String() + "\n")
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			out.WriteString(allStrings(v.Elem(), depth+1))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out.WriteString(allStrings(v.Field(i), depth+1))
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			out.WriteString(allStrings(v.Index(i), depth+1))
		}
	default: // numbers and times hold none
	}
	return out.String()
}

// rawAnswer is a handler that writes bytes which net/http's server would not.
func rawAnswer(bytes string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, bytes)
			_ = conn.Close()
		}
	}
}

// captureStderr redirects what the process, resty and net/http write to stderr
// until the function that it returns is called.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "stderr")
	require.NoError(t, err)
	original := os.Stderr
	os.Stderr = file
	log.SetOutput(file)
	restore := func() {
		os.Stderr = original
		log.SetOutput(original)
	}
	t.Cleanup(func() { restore(); _ = file.Close() })
	return func() string {
		restore()
		out, err := os.ReadFile(file.Name())
		require.NoError(t, err)
		return string(out)
	}
}

// watchForSecrets makes a call that must fail and looks wherever something could be printed.
func watchForSecrets(t *testing.T, baseURL string, call func(context.Context, *openplatform.Client) error, opts ...openplatform.Option) {
	t.Helper()
	var logged bytes.Buffer
	seen := &recorder{}
	stderr := captureStderr(t)
	client := newClient(t, baseURL, append(opts, quickRetries, openplatform.WithObserver(seen),
		openplatform.WithLogger(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))...)

	err := call(t.Context(), client)

	assertNoSecret(t, "stderr", stderr())
	assertNoSecret(t, "log", logged.String())
	require.NotEmpty(t, logged.String())
	for _, given := range []any{seen.callStart, seen.callEnd, seen.attempts, seen.attemptEnd} {
		assertNoSecret(t, "observer", allStrings(reflect.ValueOf(given), 0))
	}
	require.Error(t, err)
	for how, printed := range printings(err) {
		assertNoSecret(t, how, printed)
	}
	if apiErr := (*openplatform.APIError)(nil); errors.As(err, &apiErr) {
		for how, printed := range printings(*apiErr) {
			assertNoSecret(t, how+" by value", printed)
		}
	}
	if cause := errors.Unwrap(err); cause != nil {
		assertNoSecret(t, "cause", allStrings(reflect.ValueOf(cause), 0))
	}
}

// failures that no word of the platform gets through: they must keep the secrets
// even of an operation that the SDK does not know.
var wordlessFailures = map[string]http.HandlerFunc{
	"no answer":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"redirect":         answer(307, "", "Location", "http://127.0.0.1:1/?mobile="+mobile+"&token=tok-5f2c9e"),
	"broken redirect":  answer(302, "", "Location", "http://[::1/?mobile="+mobile+"&token=tok-5f2c9e"),
	"malformed status": rawAnswer("HTTP/1.1 " + mobile + " tok-5f2c9e\r\n\r\n"),
	"malformed header": rawAnswer("HTTP/1.1 200 OK\r\ntok-5f2c9e " + mobile + "\r\n\r\n"),
	"not HTTP":         rawAnswer("tok-5f2c9e " + mobile + "\r\n\r\n"),
	"truncated":        answer(200, mobile+" tok-5f2c9e", "Content-Length", "1000"),
	"broken JSON":      answer(200, `{"code":"000","msg":"`+mobile+" tok-5f2c9e"),
	"wrong data":       answer(200, envelope("000", mobile+" tok-5f2c9e", `"`+mobile+` tok-5f2c9e"`)),
	"code 000 at 500":  answer(500, envelope("000", mobile+" tok-5f2c9e", "true")),
}

func TestNoSecretOfAnyOperationInAWordlessFailure(t *testing.T) {
	in := map[string]string{"token": "tok-5f2c9e", "mobile": mobile}
	for name, handler := range wordlessFailures {
		for _, p := range []probe{{"SendSmsCode", sendSmsCode}, {"mutating GET", do(mutatingGET, in)}, {"repeatable GET", do(repeatable, in)}} {
			t.Run(name+" of "+p.name, func(t *testing.T) {
				url, _ := serve(t, handler)
				watchForSecrets(t, url, p.call)
			})
		}
	}
	t.Run("RoundTripper that quotes", func(t *testing.T) {
		watchForSecrets(t, "http://platform.invalid", do(mutatingGET, in), through(roundTripper(func(req *http.Request) (*http.Response, error) {
			return nil, fmt.Errorf("cannot GET %s", req.URL)
		})))
	})
}

func TestNoSecretInThePlatformsWords(t *testing.T) {
	const echo = "手机号13900001111格式错误, code xkqpw or XKQPW of 139 0000 1111 <someone@example.invalid>, tel 139-0000-1111, １３９００００１１１１"
	page := "<html><head><title>Debug: " + echo + "</title></head><body>" + echo + "</body></html>"
	for name, handler := range map[string]http.HandlerFunc{
		"rejection":         answer(200, envelope("400101", echo, "null")),
		"unknown code":      answer(200, envelope(echo, echo, "null")),
		"request id":        answer(200, fmt.Sprintf(`{"code":"400","request_id":%q}`, mobile+imgCode)),
		"request id of 000": answer(200, fmt.Sprintf(`{"code":"000","request_id":%q,"data":%q}`, mobile+imgCode, echo)),
		"platform failure":  answer(500, envelope("500", echo, `"`+echo+`"`)),
		"page":              answer(502, page, "Content-Type", "text/html; x="+mobile),
		"page of no type":   answer(404, page, "Content-Type", mobile),
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := serve(t, handler)
			watchForSecrets(t, url, sendSmsCode)
		})
	}
	t.Run("spelt as in a URL or in HTML", func(t *testing.T) {
		url, _ := serve(t, answer(200, envelope("400", "a%26b%3Cc a&amp;b&lt;c", "null")))
		_, err := newClient(t, url).SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
			Mobile: "x", ImgCodeID: "y", ImgCode: "a&b<c", SmsType: openplatform.SmsTypeLogin,
		})
		assert.ErrorContains(t, err, "code 400: *** *** (")
	})
	t.Run("the program has it whole", func(t *testing.T) {
		url, _ := serve(t, answer(200, envelope("400101", echo, "null")))
		var failure *openplatform.APIError
		require.ErrorAs(t, sendSmsCode(t.Context(), newClient(t, url)), &failure)
		assert.Equal(t, echo, failure.Msg)
		assert.Contains(t, failure.Error(), "手机号139****1111格式错误")
	})
	t.Run("what looks like no secret stays readable", func(t *testing.T) {
		const plain = "2021-07-01 08:16:30 第3次, 剩余2次, 单号A123456, 请60秒后重试"
		url, _ := serve(t, answer(200, envelope("400101", plain, "null")))
		assert.ErrorContains(t, sendSmsCode(t.Context(), newClient(t, url)), plain)
	})
	t.Run("a request id in the form of a UUID is never touched", func(t *testing.T) {
		url, _ := serve(t, answer(200, envelope("400", "", "null")))
		_, err := newClient(t, url).SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
			Mobile: mobile, ImgCodeID: "y", ImgCode: "4283", SmsType: openplatform.SmsTypeLogin,
		})
		assert.ErrorContains(t, err, "cc67513b-9b00-4283-a966-80153fd3ecfb")
	})
}

// What hides a secret from a pattern must not show it to a reader.
func TestSecretsAreFoundInEverySpelling(t *testing.T) {
	phones := []string{
		"139\u00a00000\u00a01111", "139  0000\t1111", "139\u30000000\n1111", "139\u200b0000\u200b1111",
		"139.0000.1111", "139\u201100001111", "139—0000—1111", "１３９ ００００ １１１１",
		"139 - 0000 - 1111", "139) 0000-1111", "139－0000－1111", "139·0000·1111", "139/0000/1111",
	}
	for _, phone := range phones {
		t.Run(fmt.Sprintf("%q", phone), func(t *testing.T) {
			raw, err := json.Marshal("手机号" + phone + "错误")
			require.NoError(t, err)
			url, _ := serve(t, answer(200, `{"code":"400","msg":`+string(raw)+`}`))
			assert.ErrorContains(t, do(mutatingPOST, nil)(t.Context(), newClient(t, url)), "手机号139****1111错误")
		})
	}
	passwords := []string{`a<b>c"d\e&f`, "pass word 1", "Ｐass０word1", "Pa$$(w).*d"}
	for _, password := range passwords {
		t.Run(fmt.Sprintf("%q", password), func(t *testing.T) {
			echo := func(spell func(string) string) {
				msg, err := json.Marshal("request was " + spell(password) + "!")
				require.NoError(t, err)
				url, _ := serve(t, answer(200, `{"code":"400","msg":`+string(msg)+`}`))
				_, err = newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: password})
				assert.ErrorContains(t, err, "request was ***!")
			}
			echo(func(s string) string { return s })
			echo(func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") })
			echo(func(s string) string { return html.EscapeString(html.EscapeString(s)) })
			echo(func(s string) string { return strings.Trim(strconv.QuoteToASCII(s), `"`) })
			echo(strings.ToUpper)
			echo(func(s string) string { return strings.ReplaceAll(s, " ", "\u00a0 ") })
			echo(func(s string) string { raw, _ := json.Marshal(s); return strings.Trim(string(raw), `"`) })
		})
	}
	t.Run("a secret of nothing but space", func(t *testing.T) {
		for _, password := range []string{"   ", "\u3000\u3000\u3000", "\u200b\u200b\u200b", " a "} {
			url, _ := serve(t, answer(200, envelope("400", "wrong password", "null")))
			_, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: password})
			assert.ErrorContains(t, err, "code 400: wrong password (", "%q", password)
		}
	})
	t.Run("one secret in another", func(t *testing.T) {
		url, _ := serve(t, answer(200, envelope("400", "bad password Zhangsan88!kQ of zhangsan", "null")))
		_, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: "Zhangsan88!kQ"})
		assert.ErrorContains(t, err, "bad password *** of ***")
	})
	t.Run("a token as a request id", func(t *testing.T) {
		token := strings.Repeat("0a1b2c3d", 4)
		url, _ := serve(t, answer(200, `{"code":"400","request_id":"`+token+`"}`))
		_, err := newClient(t, url).CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: token})
		assert.NotContains(t, err.Error(), token)
	})
	t.Run("as PHP and Java spell it", func(t *testing.T) {
		for _, spelling := range []string{`a&quot;b&#x27;c/def`, `a\"b'c\/def`} {
			raw, err := json.Marshal(spelling)
			require.NoError(t, err)
			url, _ := serve(t, answer(200, `{"code":"400","msg":`+string(raw)+`}`))
			_, err = newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: `a"b'c/def`})
			assert.ErrorContains(t, err, "code 400: *** (", spelling)
		}
	})
	t.Run("a request id of digits with the phone number in it", func(t *testing.T) {
		url, _ := serve(t, answer(200, `{"code":"400","request_id":"20261124061130`+mobile+`1234567"}`))
		err := sendSmsCode(t.Context(), newClient(t, url))
		assert.ErrorContains(t, err, "request_id 20261124061130139****11111234567,")
	})
	t.Run("a token that the platform cut", func(t *testing.T) {
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
	})
	t.Run("a forged log line", func(t *testing.T) {
		assert.NotContains(t, fmt.Sprint(openplatform.SendSmsCodeRequest{ImgCodeID: "a\nlevel=ERROR forged"}), "\n")
	})
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
		assertNoSecret(t, "code", string(seen.callEnd.Code))
	})
}

func TestSuccessIsLoggedAndObservedWithoutSecrets(t *testing.T) {
	url, _ := serve(t, answer(200, fmt.Sprintf(`{"code":"000","request_id":%q,"msg":%q,"data":true}`, mobile+imgCode, "ok "+imgCode+" "+mobile)))
	var logged bytes.Buffer
	seen := &recorder{}
	client := newClient(t, url, openplatform.WithObserver(seen),
		openplatform.WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	resp, err := client.SendSmsCode(t.Context(), smsRequest())
	require.NoError(t, err)
	for how, printed := range printings(resp) {
		assertNoSecret(t, how, printed)
	}
	assert.Equal(t, "ok "+imgCode+" "+mobile, resp.Msg, "the program has it whole")
	assertNoSecret(t, "log", logged.String())
	assertNoSecret(t, "observer", allStrings(reflect.ValueOf(seen.callEnd), 0)+allStrings(reflect.ValueOf(seen.attemptEnd), 0))
}

func TestRequestsAndResultsPrintMasked(t *testing.T) {
	request := *smsRequest()
	img := openplatform.ImgCode{Img: "data:image/jpg;base64," + imgCode, ImgCodeID: imgCodeID}
	source, err := newClient(t, "http://platform.invalid").AccessTokenSource("shop", planted["client_secret"])
	require.NoError(t, err)
	values := map[string]any{
		"request": request, "*request": &request,
		"ImgCode": img, "*ImgCode": &img,
		"Response":       openplatform.Response[openplatform.ImgCode]{Data: img, Msg: "已发送至" + mobile},
		"RegisterResult": openplatform.RegisterResult{Username: "somebody", Email: planted["email"], Mobile: mobile, OpenID: openID},
		"LoginResult":    &openplatform.LoginResult{OpenID: openID, Token: planted["token"]},
		"AccessToken":    openplatform.AccessToken{AccessToken: planted["access_token"], Expired: time.Now()},
		"ServiceTicket":  openplatform.ServiceTicket{ServiceTicket: planted["service_ticket"]},
		"Account":        openplatform.Account{Username: "somebody", Email: planted["email"], Mobile: mobile, OpenID: openID},
		"a register":     openplatform.RegisterRequest{Username: "somebody", Email: planted["email"], Mobile: mobile, Code: "7k9x", Password: planted["password"]},
		"a login":        &openplatform.LoginRequest{Account: planted["account"], Password: planted["password"]},
		"an activation":  openplatform.ActivateRequest{Token: planted["token"]},
		"an SMS login":   openplatform.LoginByMobileCodeRequest{Mobile: mobile, Code: "7k9x", SmsType: "LOGIN"},
		"a reset":        openplatform.ResetPasswordRequest{Token: planted["token"], Password: planted["password"]},
		"a logout":       openplatform.LogoutRequest{Token: planted["token"]},
		"a check":        openplatform.CheckTokenRequest{Token: planted["token"]},
		"a client":       openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: planted["client_secret"]},
		"a ticket":       openplatform.GetServiceTicketRequest{AccessToken: planted["access_token"], Token: planted["token"]},
		"an account":     openplatform.GetAccountRequest{ServiceTicket: planted["service_ticket"]},
		"Responses":      []openplatform.Response[openplatform.LoginResult]{{Data: openplatform.LoginResult{Token: planted["token"]}}}[0],
		"a token source": source,
		"*Response":      &openplatform.Response[openplatform.SendSmsCodeRequest]{Data: request},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for how, printed := range printings(v) {
				assertNoSecret(t, how, printed)
				if how != "%T" && strings.Contains(strings.ToLower(name), "request") {
					assert.Contains(t, printed, "139****1111", how)
					assert.Contains(t, printed, imgCodeID, how)
				}
			}
		})
	}
	t.Run("empty", func(t *testing.T) {
		assert.Equal(t, "{mobile: img_code_id: img_code: sms_type:}", fmt.Sprint(openplatform.SendSmsCodeRequest{}))
	})
	t.Run("a short number keeps nothing", func(t *testing.T) {
		assert.Contains(t, fmt.Sprint(openplatform.SendSmsCodeRequest{Mobile: "95588"}), "mobile:***")
	})
	t.Run("JSON of a request is one masked string, and that of a result is whole", func(t *testing.T) {
		raw, err := json.Marshal(map[string]any{"request": &request})
		require.NoError(t, err)
		assert.JSONEq(t, `{"request":"masked {mobile:139****1111 img_code_id:MS6A1I img_code:*** sms_type:REGISTER}"}`, string(raw))
		raw, err = json.Marshal(request)
		require.NoError(t, err)
		require.Error(t, json.Unmarshal(raw, &openplatform.SendSmsCodeRequest{}), "it cannot be read back")
		require.NoError(t, json.Unmarshal([]byte(`{"mobile":"13900001111"}`), &request), "what a front end sends can")
		raw, err = json.Marshal(openplatform.LoginResult{Token: "tok-5f2c9e"})
		require.NoError(t, err)
		assert.Contains(t, string(raw), "tok-5f2c9e")
	})
	t.Run("a ticket", func(t *testing.T) {
		assert.Equal(t, "{service_ticket:*** expired: number_of_uses:2}", fmt.Sprint(openplatform.ServiceTicket{ServiceTicket: "st-4e5f6a", NumberOfUses: 2}))
	})
	t.Run("a username that is a phone number or an e-mail address", func(t *testing.T) {
		for username, shown := range map[string]string{mobile: "139****1111", planted["email"]: "***", "somebody": "somebody"} {
			for _, v := range []any{
				openplatform.RegisterRequest{Username: username}, openplatform.RegisterResult{Username: username}, openplatform.Account{Username: username},
			} {
				assert.Contains(t, fmt.Sprint(v), "username:"+shown)
			}
		}
	})
}

func TestResponsePrints(t *testing.T) {
	resp := openplatform.Response[bool]{RequestID: "r-1", Code: "000", Msg: "成功", Data: true, HTTPStatus: 200, Header: http.Header{"Set-Cookie": {"s=1"}}}
	assert.Equal(t, "{request_id:r-1 code:000 msg:成功 http_status:200 data:true}", fmt.Sprintf("%+v", resp))
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "resp", &resp)
	assert.Contains(t, out.String(), "resp.request_id=r-1 resp.code=000 resp.msg=成功 resp.http_status=200 resp.data=true")
}

func TestAResultRepeatedInItsOwnMessageIsMasked(t *testing.T) {
	url, _ := serve(t, answer(200, `{"request_id":"r-tok-5f2c9e","code":"000","msg":"issued tok-5f2c9e","data":{"open_id":"o","token":"tok-5f2c9e"}}`))
	resp, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "Pw-9c8d7e"})
	require.NoError(t, err)
	assert.Equal(t, "issued tok-5f2c9e", resp.Msg, "the program has it whole")
	for how, printed := range printings(resp) {
		assertNoSecret(t, how, printed)
	}
}
