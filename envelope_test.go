package openplatform_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Promise 6: nothing counts as success but code 000 at a 2xx status with data of
// the documented shape; nothing panics; nothing is read without a bound.

func TestBrokenBodiesAreResponseErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		for _, status := range []int{200, 404, 502} {
			t.Run(fmt.Sprintf("%s at %d", filepath.Base(file), status), func(t *testing.T) {
				body, err := os.ReadFile(file)
				require.NoError(t, err)
				url, _ := serve(t, answer(status, string(body), "Content-Type", "text/html; charset=gbk"))
				err = sendSmsCode(t.Context(), newClient(t, url))
				var failure *openplatform.ResponseError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, "SendSmsCode", failure.Operation)
				assert.Equal(t, status, failure.HTTPStatus)
				assert.Equal(t, "text/html", failure.ContentType)
				assert.Equal(t, len(body), failure.BodyLength)
				assert.NotEmpty(t, failure.Reason)
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
				assertOneLine(t, err)
			})
		}
	}
}

func TestTitleOfAPage(t *testing.T) {
	for page, want := range map[string]string{
		"<html><head><title>502 Bad\nGateway</title></head><body><h1>Sorry</h1>": "502 Bad Gateway",         // nginx
		"<html><body><h1>503 Service Unavailable</h1>\nNo server":                "503 Service Unavailable", // haproxy
		"<TITLE lang=zh>系统维护</TITLE>":                                            "系统维护",
		"<titles>a</titles><header>b</header>":                                   "",
		"<h1>not closed":                                                         "",
	} {
		url, _ := serve(t, answer(502, page))
		var failure *openplatform.ResponseError
		require.ErrorAs(t, sendSmsCode(t.Context(), newClient(t, url)), &failure)
		assert.Equal(t, want, failure.Title, page)
	}
}

func TestSuccessNeedsTheDocumentedData(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		reason string
	}{
		{"false", 200, envelope("000", "成功", "false"), "data is not true"},
		{"null", 200, envelope("000", "成功", "null"), "data is not true"},
		{"missing", 200, `{"code":"000"}`, "data is not true"},
		{"string", 200, envelope("000", "成功", `"true"`), "data is not true"},
		{"number", 200, envelope("000", "成功", "1"), "data is not true"},
		{"object", 200, envelope("000", "成功", `{"data":true}`), "data is not true"},
		{"array", 200, envelope("000", "成功", "[true]"), "data is not true"},
		{"at 400", 400, success, "an HTTP status other than 2xx"},
		{"at 500", 500, success, "an HTTP status other than 2xx"},
		{"at 304", 304, "", "redirect"},
		{"at 302", 302, success, "redirect"},
		{"at 204", 204, "", "empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, _ := serve(t, answer(tt.status, tt.body))
			resp, err := newClient(t, url).SendSmsCode(t.Context(), smsRequest())
			assert.Nil(t, resp)
			var failure *openplatform.ResponseError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, tt.status, failure.HTTPStatus)
			assert.Contains(t, failure.Reason, tt.reason)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			if strings.Contains(tt.body, "request_id") && !strings.Contains(tt.reason, "redirect") {
				assert.Equal(t, "cc67513b-9b00-4283-a966-80153fd3ecfb", failure.RequestID)
				assert.Contains(t, err.Error(), failure.RequestID)
			}
		})
	}
}

func TestPictureDataMustBeWhole(t *testing.T) {
	for _, data := range []string{
		"null", "true", `"x"`, "[]", "{}", `{"img":"data:,"}`, `{"img_code_id":"MS6A1I"}`, `{"img":"","img_code_id":"MS6A1I"}`,
		`{"img":null,"img_code_id":"MS6A1I"}`, `{"img":17621923340,"img_code_id":"MS6A1I"}`,
	} {
		t.Run(data, func(t *testing.T) {
			url, _ := serve(t, answer(200, envelope("000", "成功", data)))
			_, err := newClient(t, url).GetImgCode(t.Context())
			var failure *openplatform.ResponseError
			require.ErrorAs(t, err, &failure)
			assert.NotContains(t, err.Error(), "17621923340")
		})
	}
}

func TestDataMustNotBeAmbiguous(t *testing.T) {
	url, _ := serve(t, answer(200, envelope("000", "成功", `{"open_id":"mine","OPEN_ID":"another's"}`)))
	_, err := newClient(t, url).GetAccount(t.Context(), &openplatform.GetAccountRequest{ServiceTicket: "st"})
	var failure *openplatform.ResponseError
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Reason, "the same field twice")
}

func TestDataMustNotBeAmbiguousAtAnyDepth(t *testing.T) {
	type inner struct{ A string }
	type outer struct {
		In  inner
		Ins []inner
	}
	type loose struct{ In map[string]int }
	for _, data := range []string{`{"In":{"A":"x","A":"y"}}`, `{"In":{"A":"x","a":"y"}}`, `{"Ins":[{"A":"x"},{"A":"x","ａ":"","a":"y"}]}`} {
		url, _ := serve(t, answer(200, envelope("000", "", data)))
		_, err := openplatform.Do[outer](t.Context(), newClient(t, url), mutatingPOST, nil)
		assert.ErrorContains(t, err, "the same field twice", data)
	}
	url, _ := serve(t, answer(200, envelope("000", "", `{"In":{"A":1,"a":2}}`)))
	resp, err := openplatform.Do[loose](t.Context(), newClient(t, url), mutatingPOST, nil)
	require.NoError(t, err, "names of a map may differ in case")
	assert.Equal(t, map[string]int{"A": 1, "a": 2}, resp.Data.In)
	url, _ = serve(t, answer(200, envelope("000", "", `{"In":{"A":1,"A":2}}`)))
	_, err = openplatform.Do[loose](t.Context(), newClient(t, url), mutatingPOST, nil)
	assert.ErrorContains(t, err, "the same field twice")
}

// What is made of a hostile answer is linear in it, whatever its depth.
func TestAMapInAResultLetsNoFieldPassTwice(t *testing.T) {
	type mixed struct {
		ID    string
		Extra map[string]any
	}
	url, _ := serve(t, answer(200, envelope("000", "", `{"id":"alice","ID":"bob"}`)))
	_, err := openplatform.Do[mixed](t.Context(), newClient(t, url), mutatingPOST, nil)
	assert.ErrorContains(t, err, "the same field twice")
}

func TestDeepDataIsReadAtOnce(t *testing.T) {
	const depth = 9000
	deep := strings.Repeat("[", depth) + `"` + strings.Repeat("x", 1<<20-3*depth) + `"` + strings.Repeat("]", depth)
	url, _ := serve(t, answer(200, envelope("000", "", `{"img":"data:image/jpg;base64,/9g=","img_code_id":"i","x":`+deep+`}`)))
	_, err := newClient(t, url, openplatform.WithTimeout(30*time.Second)).GetImgCode(t.Context())
	assert.NoError(t, err)
}

func TestDataOfATypeThatContainsItself(t *testing.T) {
	type tree []tree
	type node struct{ Next *node }
	url, _ := serve(t, answer(200, envelope("000", "", `[[],[[]]]`)))
	resp, err := openplatform.Do[tree](t.Context(), newClient(t, url), mutatingPOST, nil)
	require.NoError(t, err)
	assert.Len(t, resp.Data, 2)
	url, _ = serve(t, answer(200, envelope("000", "", `{"Next":{"Next":{"next":null,"NEXT":null}}}`)))
	_, err = openplatform.Do[node](t.Context(), newClient(t, url), mutatingPOST, nil)
	assert.ErrorContains(t, err, "the same field twice")
}

func TestDataFieldsAreComparedAsTheirTypeDoes(t *testing.T) {
	url, _ := serve(t, answer(200, envelope("000", "成功", `{"a":"1","A":"2"}`)))
	resp, err := openplatform.Do[map[string]string](t.Context(), newClient(t, url), mutatingPOST, nil)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a": "1", "A": "2"}, resp.Data)

	url, _ = serve(t, answer(200, envelope("000", "成功", `{"access_token":"good","acceſſ_token":"evil","expired":"2021-07-01 16:17:30"}`)))
	_, err = newClient(t, url).GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "a", ClientSecret: "b"})
	assert.ErrorContains(t, err, "the same field twice")
}

func TestNumberOfUsesAsAString(t *testing.T) {
	url, _ := serve(t, answer(200, envelope("000", "成功", `{"service_ticket":"st","expired":"2021-07-01 16:17:30","number_of_uses":"3"}`)))
	resp, err := newClient(t, url).GetServiceTicket(t.Context(), &openplatform.GetServiceTicketRequest{AccessToken: "a", Token: "t"})
	require.NoError(t, err)
	assert.Equal(t, 3, resp.Data.NumberOfUses)
}

// A caller's type that embeds one of ours has its methods, but not its rules.
func TestDoWithAResultThatEmbedsOneOfOurs(t *testing.T) {
	type more struct {
		*openplatform.ImgCode
		More string `json:"more"`
	}
	url, _ := serve(t, answer(200, envelope("000", "成功", `{"more":"x"}`)))
	resp, err := openplatform.Do[more](t.Context(), newClient(t, url), mutatingPOST, nil)
	require.NoError(t, err)
	assert.Equal(t, "x", resp.Data.More)
}

type marshals struct {
	*openplatform.SendSmsCodeRequest
}

func (m marshals) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"inner": m.SendSmsCodeRequest})
}

// The JSON of a request is masked: what contains one must not be sent.
func TestDoRefusesWhatContainsARequestOfOurs(t *testing.T) {
	type embeds struct {
		openplatform.SendSmsCodeRequest
		More string `json:"more"`
	}
	type embedsPointer struct{ *openplatform.LogoutRequest }
	type embedsTwo struct {
		openplatform.LogoutRequest
		openplatform.GetAccountRequest
	}
	request := smsRequest()
	url, received := serve(t, answer(200, success))
	client := newClient(t, url)
	for name, in := range map[string]any{
		"embedded": embeds{SendSmsCodeRequest: *request}, "in a pointer": &embeds{}, "embedded, nil": embedsPointer{}, "two embedded": embedsTwo{},
		"a field": struct {
			Inner openplatform.SendSmsCodeRequest
		}{*request}, "a map": map[string]*openplatform.SendSmsCodeRequest{"a": request},
		"a slice": struct {
			All []openplatform.SendSmsCodeRequest
		}{[]openplatform.SendSmsCodeRequest{*request}},
		"an interface": map[string]any{"a": []any{request}}, "an array": struct{ All [1]embeds }{},
		"a MarshalJSON": marshals{request}, "a nested MarshalJSON": map[string]any{"a": marshals{request}},
		"JSON": map[string]json.RawMessage{"a": json.RawMessage(`"masked {mobile:139****1111}"`)},
	} {
		var failure *openplatform.ValidationError
		require.ErrorAs(t, do(mutatingPOST, in)(t.Context(), client), &failure, name)
		assert.Contains(t, failure.Rule, "request type of the SDK", name)
	}
	assert.Zero(t, received.Load())
	require.NoError(t, do(mutatingPOST, request)(t.Context(), client), "a request itself is known")
	type own openplatform.SendSmsCodeRequest
	require.NoError(t, do(mutatingPOST, own(*request))(t.Context(), client), "and a type of the caller's has no such JSON")
}

type hexDigest struct{ Raw string }

func (d hexDigest) MarshalText() ([]byte, error) { return []byte(fmt.Sprintf("%x", d.Raw)), nil }

// Do looks at what is encoded, and at nothing else.
func TestDoWithOddValues(t *testing.T) {
	type tree struct {
		Name   string
		Parent *tree `json:"-"`
		Kids   []*tree
		Note   string `json:"-"`
		raw    string
	}
	root := &tree{Name: "root", Note: "\xff", raw: "\xff"}
	root.Kids = []*tree{{Name: "kid", Parent: root}}
	type shared struct {
		L, R *shared `json:"-"`
		X    string
	}
	deep := &shared{X: "1"}
	for range 60 {
		deep = &shared{L: deep, R: deep, X: "1"}
	}
	url, received := serve(t, answer(200, success))
	client := newClient(t, url)
	sent := map[string]any{
		"parents": root, "shared": deep, "text": struct{ D hexDigest }{hexDigest{"\xff\xfe"}}, "two slices": map[string]any{"a": []int{1}, "b": []int{1, 2}},
		"http.Client": struct {
			C *http.Client `json:"-"`
		}{http.DefaultClient},
	}
	for name, in := range sent {
		require.NoError(t, do(mutatingPOST, in)(t.Context(), client), name)
	}
	cyclicSlice, cyclicMap := make([]any, 1), map[string]any{}
	cyclicSlice[0], cyclicMap["a"] = cyclicSlice, cyclicMap
	elements := []string{"a", "\xff"}
	for name, in := range map[string]any{
		"cyclic slice": map[string]any{"a": cyclicSlice}, "cyclic map": cyclicMap, "channel": map[string]any{"a": make(chan int)},
		"a longer slice of the same": map[string]any{"a": elements[:1], "b": elements}, "half a pair": map[string]json.RawMessage{"a": json.RawMessage(`"\ud800"`)},
	} {
		var failure *openplatform.ValidationError
		require.ErrorAs(t, do(mutatingPOST, in)(t.Context(), client), &failure, name)
	}
	var failure *openplatform.ValidationError
	require.ErrorAs(t, do(mutatingGET, json.RawMessage(`{"a":"1","a":"2"}`))(t.Context(), client), &failure)
	for _, in := range []any{map[string]any{"a": rawText("\xfe")}, map[rawText]int{"\xfe": 1}, &struct{ A rawText }{"\xff"}} {
		require.ErrorAs(t, do(mutatingPOST, in)(t.Context(), client), &failure)
		assert.Contains(t, failure.Rule, "valid UTF-8")
	}
	require.ErrorAs(t, do(mutatingPOST, map[string]any{"a": &cyclicSlice})(t.Context(), client), &failure)
	require.NoError(t, do(mutatingPOST, map[string]any{"a": (*rawText)(nil)})(t.Context(), client))
	assert.EqualValues(t, len(sent)+1, received.Load())
}

type rawText string

func (r rawText) MarshalText() ([]byte, error) { return []byte(r), nil }

// Two values must not become one. Bytes that are not UTF-8, and halves of surrogate pairs,
// all become U+FFFD.
func TestWhatIsNotUnicodeIsNotSent(t *testing.T) {
	url, received := serve(t, answer(200, success))
	client := newClient(t, url)
	const inGBK = "\xc3\xdc\xc2\xeb" // 密码
	fields := map[string]func(context.Context) error{
		"password": func(ctx context.Context) error {
			_, err := client.Login(ctx, &openplatform.LoginRequest{Account: "somebody", Password: inGBK})
			return err
		},
		"token": func(ctx context.Context) error {
			_, err := client.Logout(ctx, &openplatform.LogoutRequest{Token: inGBK})
			return err
		},
	}
	for field, call := range fields {
		var failure *openplatform.ValidationError
		require.ErrorAs(t, call(t.Context()), &failure)
		assert.Equal(t, field, failure.Field)
		assert.Equal(t, "must be valid UTF-8", failure.Rule)
	}
	for _, op := range []openplatform.Operation{mutatingPOST, mutatingGET} {
		for _, in := range []any{map[string]string{"a": inGBK}, map[string]string{inGBK: "a"}, struct{ A string }{inGBK}, map[string]any{"a": json.RawMessage("\"\xff\"")}} {
			var failure *openplatform.ValidationError
			require.ErrorAs(t, do(op, in)(t.Context(), client), &failure)
			assert.Contains(t, failure.Rule, "valid UTF-8")
		}
		require.NoError(t, do(op, map[string]string{"a": "\uFFFD", "b": `\ufffd`})(t.Context(), client), "the character itself is one")
	}
	assert.EqualValues(t, 2, received.Load())
}

func TestDataThatIsNotUnicodeIsNoSuccess(t *testing.T) {
	for _, id := range []string{"o-\xc3\xdc", `o-\ud800`, `o-\udfff`, `\ude00\ud83d`} {
		url, _ := serve(t, answer(200, envelope("000", "成功", `{"open_id":"`+id+`","token":"t"}`)))
		_, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "x"})
		var failure *openplatform.ResponseError
		require.ErrorAs(t, err, &failure, "%q", id)
		assert.Contains(t, failure.Reason, "not valid Unicode")
	}
	url, _ := serve(t, answer(200, envelope("000", "\xcf\xb5", `{"open_id":"o-\ud83d\ude00\ufffd","token":"t"}`)))
	resp, err := newClient(t, url).Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "x"})
	require.NoError(t, err, "a message may be of any kind")
	assert.Equal(t, "o-😀\uFFFD", resp.Data.OpenID)
}

// To settle an unknown Activate by a guess would be no settling.
func TestAnAccountMustSayWhetherItIsActivated(t *testing.T) {
	for _, activate := range []string{"", `"activate":null,`, `"activate":"true",`} {
		url, _ := serve(t, answer(200, envelope("000", "成功", `{"username":"somebody",`+activate+`"open_id":"o"}`)))
		_, err := newClient(t, url).GetAccount(t.Context(), &openplatform.GetAccountRequest{ServiceTicket: "st"})
		var failure *openplatform.ResponseError
		require.ErrorAs(t, err, &failure, activate)
	}
	for _, activate := range []bool{true, false} {
		url, _ := serve(t, answer(200, envelope("000", "成功", fmt.Sprintf(`{"username":"somebody","activate":%t,"open_id":"o"}`, activate))))
		resp, err := newClient(t, url).GetAccount(t.Context(), &openplatform.GetAccountRequest{ServiceTicket: "st"})
		require.NoError(t, err)
		assert.Equal(t, activate, resp.Data.Activate)
		assert.Equal(t, "somebody", resp.Data.Username)
	}
}

func TestDataOfDo(t *testing.T) {
	type result struct {
		Name string `json:"name"`
	}
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Data json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&in)
		answer(200, envelope("000", "成功", string(in.Data)))(w, r)
	})
	client := newClient(t, url)
	op := openplatform.Operation{Name: "Echo", Method: http.MethodPost, Path: "/echo"}

	ok := func(_ any, err error) { t.Helper(); assert.NoError(t, err) }
	bad := func(_ any, err error) {
		t.Helper()
		var failure *openplatform.ResponseError
		assert.ErrorAs(t, err, &failure)
	}
	echo := func(data string) any { return map[string]json.RawMessage{"Data": json.RawMessage(data)} }

	ok(openplatform.Do[struct{}](t.Context(), client, op, echo("null")))
	bad(openplatform.Do[struct{}](t.Context(), client, op, echo("false")))
	bad(openplatform.Do[struct{}](t.Context(), client, op, echo("{}")))
	ok(openplatform.Do[result](t.Context(), client, op, echo(`{"name":"x"}`)))
	bad(openplatform.Do[result](t.Context(), client, op, echo("null")))
	bad(openplatform.Do[result](t.Context(), client, op, echo(`"x"`)))
	ok(openplatform.Do[*result](t.Context(), client, op, echo("null")))
	ok(openplatform.Do[[]result](t.Context(), client, op, echo("[{}]")))
	ok(openplatform.Do[any](t.Context(), client, op, echo("null")))
	bad(openplatform.Do[bool](t.Context(), client, op, echo("false")))
	ok(openplatform.Do[*bool](t.Context(), client, op, echo("false")))
	bad(openplatform.Do[int](t.Context(), client, op, echo("null")))

	resp, err := openplatform.Do[result](t.Context(), client, op, echo(`{"name":"x"}`))
	require.NoError(t, err)
	assert.Equal(t, result{"x"}, resp.Data)
}

// Promise 7: what gateways are known to do to a good answer does not spoil it.
func TestDecodingIsLenientWhereHarmless(t *testing.T) {
	good := []struct{ name, body string }{
		{"BOM", "\uFEFF" + success},
		{"white space", "\r\n\t " + success + " \n"},
		{"no msg and no request_id", `{"code":"000","data":true}`},
		{"null msg and request_id", `{"request_id":null,"code":"000","msg":null,"data":true}`},
		{"numeric request_id and msg", `{"request_id":1234567890123456789,"code":"000","msg":0,"data":true}`},
		{"unknown fields", `{"success":true,"trace":{"a":[1,{}]},"code":"000","data":true,"data2":null}`},
		{"escapes", `{"\u0063ode":"\u0030\u0030\u0030","data":true}`},
		{"invalid UTF-8 in msg", "{\"code\":\"000\",\"msg\":\"\xb3\xc9\xb9\xa6\",\"data\":true}"},
	}
	for _, contentType := range []string{"application/json", "text/plain", "text/html;charset=GBK", "", "nonsense/"} {
		for _, tt := range good {
			t.Run(tt.name+" as "+contentType, func(t *testing.T) {
				url, _ := serve(t, answer(200, tt.body, "Content-Type", contentType))
				resp, err := newClient(t, url).SendSmsCode(t.Context(), smsRequest())
				require.NoError(t, err)
				assert.True(t, resp.Data)
			})
		}
	}
	t.Run("numeric request_id is kept to the digit", func(t *testing.T) {
		url, _ := serve(t, answer(200, `{"request_id":1234567890123456789,"code":"000","data":true}`))
		resp, err := newClient(t, url).SendSmsCode(t.Context(), smsRequest())
		require.NoError(t, err)
		assert.Equal(t, "1234567890123456789", resp.RequestID)
	})
	for body, code := range map[string]openplatform.Code{
		`{"code":400003,"msg":"入参解析异常"}`: openplatform.CodeMalformedRequest,
		`{"code":0,"data":true}`:         "0", // JSON has no 000: a zero is nobody's success
		`{"code":-1}`:                    "-1",
	} {
		t.Run(body, func(t *testing.T) {
			url, _ := serve(t, answer(200, body))
			var failure *openplatform.APIError
			require.ErrorAs(t, sendSmsCode(t.Context(), newClient(t, url)), &failure)
			assert.Equal(t, code, failure.Code)
		})
	}
}

func TestBodyIsReadUpToABound(t *testing.T) {
	const limit = 1 << 20
	padded := func(size int) string {
		const start, end = `{"code":"000","data":true,"pad":"`, `"}`
		return start + strings.Repeat("x", size-len(start)-len(end)) + end
	}
	t.Run("at the limit", func(t *testing.T) {
		url, _ := serve(t, answer(200, padded(limit)))
		assert.NoError(t, sendSmsCode(t.Context(), newClient(t, url)))
	})
	t.Run("past the limit", func(t *testing.T) {
		url, _ := serve(t, answer(200, padded(limit+1)))
		assertTooLarge(t, sendSmsCode(t.Context(), newClient(t, url)))
	})
	t.Run("endless", func(t *testing.T) {
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			for chunk := bytes.Repeat([]byte(" "), 64<<10); r.Context().Err() == nil; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		})
		assertTooLarge(t, sendSmsCode(t.Context(), newClient(t, url)))
	})
	t.Run("after decompression", func(t *testing.T) {
		var bomb bytes.Buffer
		zip := gzip.NewWriter(&bomb)
		for range 64 {
			_, _ = zip.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
		require.NoError(t, zip.Close())
		url, _ := serve(t, answer(200, bomb.String(), "Content-Encoding", "gzip"))
		assertTooLarge(t, sendSmsCode(t.Context(), newClient(t, url)))
	})
	t.Run("header", func(t *testing.T) {
		url, _ := serve(t, answer(200, success, "X-Long", strings.Repeat("x", limit)))
		assert.Error(t, sendSmsCode(t.Context(), newClient(t, url)))
	})
}

// What comes before a body has bounds too: net/http's, and the transport's on headers.
func TestEndlessHeadersEnd(t *testing.T) {
	for name, tt := range map[string]struct{ start, repeated string }{
		"headers":              {"HTTP/1.1 200 OK\r\n", "X-Header: x\r\n"},
		"one header":           {"HTTP/1.1 200 OK\r\nX-Header: ", "x"},
		"status line":          {"HTTP/1.1 200 ", "O"},
		"trailers":             {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n", "X: x\r\n"},
		"chunk extension":      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=", "x"},
		"informational answer": {"", "HTTP/1.1 103 Early Hints\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			url, received := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer func() { _ = conn.Close() }()
				_, err = io.WriteString(conn, tt.start)
				for chunk := strings.Repeat(tt.repeated, 4<<10); err == nil; {
					_, err = io.WriteString(conn, chunk)
				}
			})
			client := newClient(t, url, openplatform.WithTimeout(time.Minute))
			err := sendSmsCode(t.Context(), client)
			require.Error(t, err)
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.EqualValues(t, 1, received.Load())
			assertOneLine(t, err)
		})
	}
}

func assertTooLarge(t *testing.T, err error) {
	t.Helper()
	var failure *openplatform.ResponseError
	require.ErrorAs(t, err, &failure)
	assert.Contains(t, failure.Reason, "larger than 1 MiB")
	assert.Equal(t, 1<<20+1, failure.BodyLength)
}

func TestTruncatedBody(t *testing.T) {
	url, _ := serve(t, answer(200, `{"code":"000"`, "Content-Length", "1000"))
	err := sendSmsCode(t.Context(), newClient(t, url))
	var failure *openplatform.ResponseError
	require.ErrorAs(t, err, &failure)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 200, failure.HTTPStatus)
	assert.Contains(t, failure.Reason, "ended early")
}

func TestTimeoutInTheMiddleOfTheAnswer(t *testing.T) {
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"code":`)
		_ = http.NewResponseController(w).Flush()
		hang(w, r)
	})
	client := newClient(t, url, openplatform.WithHTTPClient(&http.Client{Timeout: 300 * time.Millisecond}))
	var failure *openplatform.TransportError
	require.ErrorAs(t, sendSmsCode(t.Context(), client), &failure)
	assert.True(t, failure.Timeout())
	assert.Contains(t, failure.Error(), "while reading the response")
}

// The body of a 101 is the open connection: reading it would not end.
func TestInformationalStatusIsNoAnswer(t *testing.T) {
	client := newClient(t, "http://platform.invalid", through(roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: http.Header{}, Body: io.NopCloser(neverEnding{})}, nil
	})))
	var failure *openplatform.ResponseError
	require.ErrorAs(t, sendSmsCode(t.Context(), client), &failure)
	assert.Equal(t, 101, failure.HTTPStatus)
}

type neverEnding struct{}

func (neverEnding) Read([]byte) (int, error) { select {} }

func TestAResponseInJSONIsTheEnvelopeOfTheWire(t *testing.T) {
	encoded := func(body string, call func(*openplatform.Client) (any, error)) string {
		url, _ := serve(t, answer(200, body, "Set-Cookie", "s=1"))
		resp, err := call(newClient(t, url))
		require.NoError(t, err)
		raw, err := json.Marshal(resp)
		require.NoError(t, err)
		return string(raw)
	}
	login := documentedResponse(t, "Login")
	assert.JSONEq(t, login, encoded(login, func(c *openplatform.Client) (any, error) {
		return c.Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "x"})
	}))
	assert.JSONEq(t, success, encoded(success, func(c *openplatform.Client) (any, error) { return c.SendSmsCode(t.Context(), smsRequest()) }))
	nothing := envelope("000", "成功", "null")
	assert.JSONEq(t, nothing, encoded(nothing, func(c *openplatform.Client) (any, error) {
		return c.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: "t"})
	}))
}
