package openplatform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// FuzzDecode holds whatever a server says, to whichever operation, against an oracle
// of its own: no panic, no success unless the code is 000 and the data what the
// operation documents, and errors that are one of the types and print on one line.
func FuzzDecode(f *testing.F) {
	for i, tt := range contract {
		f.Add(uint8(i), 200, "application/json", []byte(documentedResponse(f, tt.operation)))
	}
	files, err := filepath.Glob("testdata/broken/*")
	require.NoError(f, err)
	for i, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		if len(body) < 10_000 {
			f.Add(uint8(i), 200, "application/json", body)
		}
	}
	for _, body := range []string{
		"\uFEFF" + success, // a BOM
		`{"request_id":17,"code":0,"msg":null,"data":true}`,          // numbers for strings
		`{"code":1e999,"data":true}`,                                 // a number that no float holds
		`{"code":"000","data":` + strings.Repeat("9", 400) + `}`,     // likewise
		`{"code":"000","data":` + strings.Repeat("[", 9_999) + `}`,   // depth
		`{"code":"000","data":` + strings.Repeat(`{"a":`, 20) + `1}`, // cut short
		`{"timestamp":"2021-07-01T08:16:30.000+00:00","status":500,"error":"Internal Server Error","path":"/oauth/api/account/sendSmsCode"}`,
		`{"code":"000","data":{"open_id":"o","token":"t","TOKEN":"u"}}`, // one field twice, to some
		`{"co\u0064e":"000","data":true}`,                              // a key in another spelling
		"<html><title>\xcf\xb5\xcd\xb3\xd2\xec\xb3\xa3</title></html>", // GBK
	} {
		f.Add(uint8(4), 200, "application/json", []byte(body))
	}
	f.Add(uint8(0), 503, "text/html; charset=gbk", []byte("<TITLE >手机号13900001111</TITLE>"))
	f.Add(uint8(1), 204, "", []byte(nil))
	f.Add(uint8(2), 307, "x", []byte(success))
	f.Fuzz(func(t *testing.T, n uint8, status int, contentType string, body []byte) {
		client := newClient(t, "http://platform.invalid", openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}),
			through(roundTripper(func(*http.Request) (*http.Response, error) {
				header := http.Header{"Content-Type": {contentType}, "Location": {contentType}, "Retry-After": {contentType}}
				return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(body))}, nil
			})))
		tt := contract[int(n)%len(contract)]

		data, err := tt.call(t.Context(), client)

		checkDecoded(t, status, body, err)
		if err != nil {
			return
		}
		raw := string(field(body, "data"))
		switch data := data.(type) {
		case bool:
			require.Equal(t, "true", raw)
		case struct{}:
			require.Contains(t, []string{"", "null"}, raw)
		case openplatform.ImgCode:
			require.NotEmpty(t, data.ImgCodeID)
			_, _, _ = data.Picture()
		default:
			require.NotZero(t, data)
			require.Equal(t, byte('{'), raw[0])
		}
	})
}

func checkDecoded(t *testing.T, status int, body []byte, err error) {
	t.Helper()
	if err == nil {
		require.True(t, 200 <= status && status <= 299)
		var code string
		require.NoError(t, json.Unmarshal(field(body, "code"), &code))
		require.Equal(t, "000", code)
		return
	}
	assertOneLine(t, err)
	var (
		api       *openplatform.APIError
		answer    *openplatform.ResponseError
		transport *openplatform.TransportError
	)
	require.True(t, asAny(err, &api, &answer, &transport), "%T", err)
}

// field is the value of a top-level member, matched to the letter.
func field(body []byte, name string) json.RawMessage {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(bytes.TrimPrefix(body, []byte("\uFEFF")), &members)
	return members[name]
}

// FuzzPicture holds the data URLs of pictures against a reading of RFC 2397 that works
// from the other end: what comes out must encode to what went in.
func FuzzPicture(f *testing.F) {
	for _, img := range []string{
		"data:image/jpg;base64,/9g=", "data:;base64,AA==", "data:,x", "data:image/png;charset=utf-8;base64,iVBO\r\nRw==",
		"data:image/jpg;base64,", "data:image/jpg;base64,/9g", "DATA:image/jpg;base64,/9g=", "image/jpg;base64,/9g=",
		`data:text/html;x="a,b";base64,PGI+`, "data:image/jpg;base64;base64,/9g=", "data:image/jpg;base64,/9h=", "data:image/jpg;base64,_9g=",
	} {
		f.Add(img)
	}
	f.Fuzz(func(t *testing.T, img string) {
		data, mediaType, err := openplatform.ImgCode{Img: img}.Picture()
		if err != nil {
			require.Empty(t, data)
			require.Empty(t, mediaType)
			require.Less(t, len(err.Error()), 200, "the picture is not quoted")
			return
		}
		require.NotEmpty(t, data)
		require.NotEmpty(t, mediaType)
		payload := strings.NewReplacer("\r", "", "\n", "").Replace(img[strings.Index(img, ",")+1:])
		require.Len(t, payload, (len(data)+2)/3*4)
		require.Contains(t, strings.ToLower(img), mediaType)
		require.NotContains(t, mediaType, ";")
	})
}

// FuzzRetryAfter sends a header of any content, which may delay a repetition or forbid
// it, and do nothing else.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"", "0", "1", "120", "-1", "+1", "1.5", " 1", "1 ", "0x10", "1e3", "18446744073709551615", "99999999999999999999", "99999999999999999999s",
		"Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Wednesday, 21-Oct-15 07:28:00 GMT", "Wed Oct 21 07:28:00 2015", "１",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		attempts := 0
		client := newClient(t, "http://platform.invalid", openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 2, BaseDelay: 1, MaxDelay: time.Microsecond}),
			through(roundTripper(func(*http.Request) (*http.Response, error) {
				attempts++
				return &http.Response{
					StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {value}}, Body: http.NoBody,
				}, nil
			})))

		_, err := client.GetImgCode(t.Context())

		var failure *openplatform.ResponseError
		require.ErrorAs(t, err, &failure)
		require.GreaterOrEqual(t, failure.RetryAfter, time.Duration(0))
		switch {
		case value != "" && strings.Trim(value, "0123456789") == "": // seconds
			seconds, _ := strconv.ParseFloat(value, 64) // infinite, if it is past the range
			require.InEpsilon(t, 1+min(seconds, 9.223372036e9), 1+failure.RetryAfter.Seconds(), 1e-6)
		case !strings.Contains(value, ":"): // no date either
			require.Zero(t, failure.RetryAfter)
		}
		if failure.RetryAfter > time.Microsecond {
			require.Equal(t, 1, attempts)
		} else {
			require.Equal(t, 2, attempts)
		}
	})
}

// FuzzErrorText has a platform, or the page of a gateway before it, repeat a secret of
// the request amid anything, in any of the usual spellings. It must not come out again.
func FuzzErrorText(f *testing.F) {
	for i, secret := range []string{"", "x", "&lt;", "a+b/c==", "密 码", `"\`, "%41", "ß İ ı ϕ", " ", "<b>", "１"} {
		f.Add(uint8(i), uint8(3*i), "code ", secret, " is wrong")
	}
	f.Add(uint8(1), uint8(2), "&#", "x;", ";")
	f.Add(uint8(5), uint8(4), "", "ı", "")
	f.Add(uint8(6), uint8(0), "", "İ", "")
	f.Add(uint8(2), uint8(4), "", "&lt", "0")  // what looks like HTML is not read before it is looked for
	f.Add(uint8(1), uint8(1), "", "&lt", ";")  // what follows the secret looks like the end of an escape
	f.Add(uint8(4), uint8(4), "0", "&%0", "0") // the same, where the secret is encoded in another way
	f.Add(uint8(3), uint8(5), "0", `"0`, "0")  // HTML's spelling ends a media type
	f.Fuzz(func(t *testing.T, spelling, place uint8, before, secret, after string) {
		const mark = "zq7v"                             // stands nowhere else
		secret = mark + strings.ToValidUTF8(secret, "") // or what follows could complete its last character
		markless := strings.NewReplacer("z", "", "Z", "")
		before, after = markless.Replace(before), markless.Replace(after)
		quoted, err := json.Marshal(secret)
		require.NoError(t, err)
		spelt := []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), string(quoted[1 : len(quoted)-1]),
			strings.ToUpper(secret), strings.ToLower(secret),
		}
		text := before + spelt[int(spelling)%len(spelt)] + after
		client := newClient(t, "http://platform.invalid", through(roundTripper(func(*http.Request) (*http.Response, error) {
			return echoing(text, place), nil
		})))

		_, err = client.Logout(t.Context(), &openplatform.LogoutRequest{Token: secret})

		require.Error(t, err)
		assertOneLine(t, err)
		require.NotContains(t, strings.ToLower(err.Error()), mark)
	})
}

// echoing is a failure that repeats text in one of the places that an error quotes.
func echoing(text string, place uint8) *http.Response {
	quoted, _ := json.Marshal(text)
	said := func(code, msg, requestID string) string {
		return fmt.Sprintf(`{"code":%s,"msg":%s,"request_id":%s,"data":%s}`, code, msg, requestID, quoted)
	}
	status, contentType, body := http.StatusOK, "application/json", ""
	switch place % 6 {
	case 0:
		body = said(`"400101"`, string(quoted), `"id"`)
	case 1:
		body = said(`"500"`, string(quoted), string(quoted))
	case 2:
		body = said(string(quoted), `"no"`, `"id"`)
	case 3:
		body = said(`"000"`, string(quoted), string(quoted)) // with data that is none
	case 4:
		status, contentType, body = http.StatusBadGateway, "text/html", "<title>"+text+"</title>"+text
	case 5:
		status, contentType, body = http.StatusBadGateway, text, text
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// FuzzRequest holds a server's view of a request against what the caller said: one
// request, every field whole, every header in its place. Nothing that a field or an
// option holds becomes a header, a second request or another path; and two values never
// become one: what JSON cannot carry is not sent.
func FuzzRequest(f *testing.F) {
	f.Add("13900001111", "MS6A1I", "XKQPW", "X-Gateway", "v", "shop/1.0")
	f.Add("a\r\nX-Injected: 1", "&token=2", `","mobile":"x`, "X-A\r\nB", "v\r\nX-Injected: 1", "shop\r\n\r\nGET / HTTP/1.1")
	f.Add("\x00\xff", "#?/../", "\u2028<>&", "Content-Length", "5", "é")
	f.Add("%0d%0aX-Injected:1", "a b+c", "密码", "x-y", "\t", "\x7f")
	var got *http.Request
	var body []byte
	server, received := serve(f, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		answer(200, success)(w, r)
	})
	transport := through(openplatform.DefaultTransport())
	f.Fuzz(func(t *testing.T, mobile, id, code, key, value, product string) {
		mobile, id, code = "m"+mobile, "i"+id, "c"+code // for they must not be empty
		options := []openplatform.Option{openplatform.WithBaseURL(server), transport}
		client, err := openplatform.NewClient(openplatform.Test,
			append(options, openplatform.WithHeader(key, value), openplatform.WithUserAgent(product))...)
		if err != nil { // the fields are still to be tried
			key, value, product = "X-Gateway", "v", "shop/1.0"
			client, err = openplatform.NewClient(openplatform.Test,
				append(options, openplatform.WithHeader(key, value), openplatform.WithUserAgent(product))...)
			require.NoError(t, err)
		}
		before := received.Load()

		_, err = client.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
			Mobile: mobile, ImgCodeID: id, ImgCode: code, SmsType: openplatform.SmsTypeLogin,
		})

		if !utf8.ValidString(mobile + id + code) {
			requireUnsent(t, err, "must be valid UTF-8")
			_, err = openplatform.Do[bool](t.Context(), client, mutatingPOST, map[string]any{"all": []string{mobile, id, code}})
			requireUnsent(t, err, "the request must be valid UTF-8")
			require.Equal(t, before, received.Load())
			return
		}
		require.NoError(t, err)
		require.Equal(t, "/oauth/api/account/sendSmsCode", got.RequestURI)
		var sent map[string]string
		require.NoError(t, json.Unmarshal(body, &sent))
		require.Equal(t, map[string]string{
			"mobile": mobile, "img_code_id": id, "img_code": code, "sms_type": "LOGIN",
		}, sent)
		checkHeader(t, got.Header, key, value, product)

		_, err = client.Logout(t.Context(), &openplatform.LogoutRequest{Token: mobile + id})

		require.NoError(t, err)
		require.Equal(t, "/oauth/api/account/logout", got.URL.Path)
		require.Equal(t, url.Values{"token": {mobile + id}}, got.URL.Query())
		require.Empty(t, body)
		checkHeader(t, got.Header, key, value, product)
		require.Equal(t, before+2, received.Load())
	})
}

func requireUnsent(t *testing.T, err error, rule string) {
	t.Helper()
	var failure *openplatform.ValidationError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, rule, failure.Rule)
}

func checkHeader(t *testing.T, got http.Header, key, value, product string) {
	t.Helper()
	require.Equal(t, strings.Trim(product+" openplatform-go/"+openplatform.Version, " \t"), got.Get("User-Agent"))
	require.Contains(t, got.Values(key), strings.Trim(value, " \t"))
	for _, expected := range []string{"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent", http.CanonicalHeaderKey(key)} {
		got.Del(expected)
	}
	require.Empty(t, got)
}
