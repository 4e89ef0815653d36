package openplatform_test

import (
	"bytes"
	"context"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A contractTest is one operation of the contract: what leaves for a request, and
// what a response becomes.
type contractTest struct {
	operation, method, path string
	call                    func(context.Context, *openplatform.Client) (any, error)
	want                    any // the data of the response
}

var contract = []contractTest{
	{
		"GetImgCode", http.MethodPost, "/oauth/api/account/getImgCode",
		func(ctx context.Context, c *openplatform.Client) (any, error) { return dataOf(c.GetImgCode(ctx)) },
		nil, // compared in TestGetImgCodeDeliversThePicture
	},
	{
		"SendSmsCode", http.MethodPost, "/oauth/api/account/sendSmsCode",
		func(ctx context.Context, c *openplatform.Client) (any, error) {
			return dataOf(c.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
				Mobile: "17621923340", ImgCodeID: "MS6A1I", ImgCode: "ELPG", SmsType: openplatform.SmsTypeRegister,
			}))
		},
		true,
	},
}

func dataOf[T any](resp *openplatform.Response[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return resp.Data, nil
}

func TestContract(t *testing.T) {
	for _, tt := range contract {
		t.Run(tt.operation, func(t *testing.T) {
			var got *http.Request
			var body []byte
			url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				answer(200, fixture(t, "contract/"+tt.operation+".response.json"))(w, r)
			})
			data, err := tt.call(t.Context(), newClient(t, url))
			require.NoError(t, err)
			require.EqualValues(t, 1, received.Load())
			if tt.want != nil {
				assert.Equal(t, tt.want, data)
			}

			assert.Equal(t, tt.method, got.Method)
			assert.Equal(t, tt.path, got.RequestURI)
			assert.JSONEq(t, fixture(t, "contract/"+tt.operation+".request.json"), string(body))
			assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
			assert.Equal(t, "application/json", got.Header.Get("Accept"))
			assert.Equal(t, "openplatform-go/"+openplatform.Version, got.Header.Get("User-Agent"))
			assert.EqualValues(t, len(body), got.ContentLength)
			assert.Empty(t, got.TransferEncoding, "not chunked")
			assert.Empty(t, got.Header.Get("Referer"))
		})
	}
}

func TestResponseIsTheEnvelope(t *testing.T) {
	url, _ := serve(t, answer(201, fixture(t, "contract/SendSmsCode.response.json"), "X-Gateway", "gw-7"))
	resp, err := newClient(t, url).SendSmsCode(t.Context(), smsRequest())
	require.NoError(t, err)
	assert.Equal(t, "cc67513b-9b00-4283-a966-80153fd3ecfb", resp.RequestID)
	assert.Equal(t, openplatform.CodeOK, resp.Code)
	assert.Equal(t, "成功", resp.Msg)
	assert.True(t, resp.Data)
	assert.Equal(t, 201, resp.HTTPStatus)
	assert.Equal(t, "gw-7", resp.Header.Get("X-Gateway"))
}

func TestGetImgCodeDeliversThePicture(t *testing.T) {
	url, _ := serve(t, answer(200, fixture(t, "contract/GetImgCode.response.json")))
	resp, err := newClient(t, url).GetImgCode(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "MS6A1I", resp.Data.ImgCodeID)
	data, mediaType, err := resp.Data.Picture()
	require.NoError(t, err)
	assert.Equal(t, "image/jpg", mediaType)
	_, err = jpeg.Decode(bytes.NewReader(data))
	assert.NoError(t, err)
}

func TestPictureOfAMalformedDataURL(t *testing.T) {
	tests := []struct{ name, img, want string }{
		{"empty", "", "not a base64 data URL"},
		{"plain base64", "/9j/4AAQ", "not a base64 data URL"},
		{"a link", "https://platform.invalid/picture.jpg", "not a base64 data URL"},
		{"no comma", "data:image/jpg;base64", "not a base64 data URL"},
		{"not base64", "data:image/jpg,abc", "not a base64 data URL"},
		{"no media type", "data:;base64,/9g=", "without a valid media type"},
		{"bad media type", "data:image/;base64,/9g=", "without a valid media type"},
		{"bad base64", "data:image/jpg;base64,*", "bad base64"},
		{"no picture", "data:image/jpg;base64,", "without a picture"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			data, mediaType, err := openplatform.ImgCode{Img: tt.img}.Picture()
			assert.ErrorContains(t, err, tt.want)
			assert.Nil(t, data)
			assert.Empty(t, mediaType)
		})
	}
}

// Promise 10: what is refused before it is sent is what the platform is documented
// to refuse, and no more.
func TestValidation(t *testing.T) {
	type request = openplatform.SendSmsCodeRequest
	tests := []struct {
		name        string
		change      func(*request)
		field, rule string // of the error, if there is to be one
	}{
		{"complete", func(*request) {}, "", ""},
		{"no mobile", func(r *request) { r.Mobile = "" }, "mobile", "must not be empty"},
		{"no img_code_id", func(r *request) { r.ImgCodeID = "" }, "img_code_id", "must not be empty"},
		{"no img_code", func(r *request) { r.ImgCode = "" }, "img_code", "must not be empty"},
		{"no sms_type", func(r *request) { r.SmsType = "" }, "sms_type", "must not be empty"},
		{"unknown sms_type", func(r *request) { r.SmsType = "login" }, "sms_type", "must be one of [REGISTER RESET_PASSWORD LOGIN]"},
		{"reset", func(r *request) { r.SmsType = openplatform.SmsTypeResetPassword }, "", ""},
		{"login", func(r *request) { r.SmsType = openplatform.SmsTypeLogin }, "", ""},
		{"mobile of another country", func(r *request) { r.Mobile = "+44 7700 900123 ext. 12345" }, "", ""},
		{"mobile that is none", func(r *request) { r.Mobile = "手机" }, "", ""},
		{"blank", func(r *request) { r.ImgCode = " " }, "", ""},
		{"long", func(r *request) { r.ImgCodeID = strings.Repeat("M", 1000) }, "", ""},
	}
	url, received := serve(t, answer(200, success))
	client := newClient(t, url)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			received.Store(0)
			req := smsRequest()
			tt.change(req)
			_, err := client.SendSmsCode(t.Context(), req)
			if tt.rule == "" {
				require.NoError(t, err)
				assert.EqualValues(t, 1, received.Load())
				return
			}
			var invalid *openplatform.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, openplatform.ValidationError{Operation: "SendSmsCode", Field: tt.field, Rule: tt.rule}, *invalid)
			assert.Equal(t, "openplatform: SendSmsCode: "+tt.field+" "+tt.rule+" (outcome not sent)", err.Error())
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			assert.Zero(t, received.Load())
		})
	}
}

func TestNilIsAnError(t *testing.T) {
	client := newClient(t, "http://127.0.0.1:1")
	calls := map[string]func() error{
		"request": func() error { _, err := client.SendSmsCode(t.Context(), nil); return err },
		"ctx":     func() error { _, err := client.GetImgCode(nil); return err }, //nolint:staticcheck // that is the test
		"client":  func() error { _, err := (*openplatform.Client)(nil).GetImgCode(t.Context()); return err },
		"zero client": func() error {
			_, err := new(openplatform.Client).GetImgCode(t.Context())
			return err
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			var invalid *openplatform.ValidationError
			require.ErrorAs(t, call(), &invalid)
			assert.Contains(t, invalid.Rule, "must not be nil")
		})
	}
}

func TestDoSendsWhatItIsGiven(t *testing.T) {
	type query struct {
		Token string      `json:"token"`
		Page  int         `json:"page,omitempty"`
		Null  *struct{}   `json:"null"`
		Extra interface{} `json:"extra,omitempty"`
	}
	post := openplatform.Operation{Name: "Post", Method: http.MethodPost, Path: "/post"}
	get := openplatform.Operation{Name: "Get", Method: http.MethodGet, Path: "/get"}
	tests := []struct {
		name      string
		op        openplatform.Operation
		in        any
		uri, body string
		rule      string // of the ValidationError, if there is to be one
	}{
		{name: "POST", op: post, in: query{Token: "a<b"}, uri: "/base/post", body: "{\"token\":\"a\\u003cb\",\"null\":null}"},
		{name: "POST of a map", op: post, in: map[string]any{"deep": []int{1}}, uri: "/base/post", body: `{"deep":[1]}`},
		{name: "POST of nothing", op: post, uri: "/base/post", body: `{}`},
		{name: "GET", op: get, in: &query{Token: "a&b=中", Page: 2}, uri: "/base/get?null=&page=2&token=a%26b%3D%E4%B8%AD"},
		{name: "GET of nothing", op: get, uri: "/base/get"},
		{name: "GET of nested", op: get, in: query{Extra: []int{1}}, rule: "a GET parameter must be a string or a number"},
		{name: "nil pointer", op: post, in: (*query)(nil), rule: "must not be nil"},
		{name: "no object", op: post, in: []int{1}, rule: "must encode as a JSON object"},
		{name: "not JSON", op: get, in: map[string]any{"secret": func() {}}, rule: "must encode as a JSON object"},
		{name: "no name", op: openplatform.Operation{Method: "GET", Path: "/"}, rule: "name"},
		{name: "name of two lines", op: openplatform.Operation{Name: "a\nb", Method: "GET", Path: "/"}, rule: "name"},
		{name: "other method", op: openplatform.Operation{Name: "X", Method: "DELETE", Path: "/"}, rule: "GET or POST"},
		{name: "other host", op: openplatform.Operation{Name: "X", Method: "GET", Path: "@elsewhere.invalid/"}, rule: "path"},
		{name: "query in path", op: openplatform.Operation{Name: "X", Method: "GET", Path: "/x?a=b"}, rule: "path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var uri, body, contentType string
			url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
				raw, _ := io.ReadAll(r.Body)
				uri, body, contentType = r.RequestURI, string(raw), r.Header.Get("Content-Type")
				answer(200, success)(w, r)
			})
			_, err := openplatform.Do[bool](t.Context(), newClient(t, url+"/base/"), tt.op, tt.in)
			if tt.rule != "" {
				var invalid *openplatform.ValidationError
				require.ErrorAs(t, err, &invalid)
				assert.Contains(t, invalid.Rule, tt.rule)
				assert.Zero(t, received.Load())
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.uri, uri)
			assert.Equal(t, tt.body, body)
			assert.Equal(t, tt.op.Method == http.MethodPost, contentType == "application/json")
		})
	}
}
