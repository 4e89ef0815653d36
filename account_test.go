package openplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A contractTest is one operation of the contract: what leaves for a request, and
// what a response becomes. The files in testdata/contract have both.
type contractTest struct {
	operation, method, path string
	call                    func(context.Context, *openplatform.Client) (any, error)
	mutates                 bool
	want                    any // the data of the response
}

const openID = "o5Zc0wQmT7Yk2hVbN8xLr4PfJd1E"

var (
	chinaStandardTime = time.FixedZone("", 8*60*60)
	loginData         = openplatform.LoginResult{OpenID: openID, Token: "5c1e6cf0f9e94b3f8f2d"}
)

// callWith makes a call of one of the client's methods with a request.
func callWith[Req, T any](method func(*openplatform.Client, context.Context, *Req) (*openplatform.Response[T], error), req Req) func(context.Context, *openplatform.Client) (any, error) {
	return func(ctx context.Context, c *openplatform.Client) (any, error) { return dataOf(method(c, ctx, &req)) }
}

func dataOf[T any](resp *openplatform.Response[T], err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return resp.Data, nil
}

// contract is the contract's table of operations.
var contract = []contractTest{
	{
		"Register", http.MethodPost, "/oauth/api/account/register",
		callWith((*openplatform.Client).Register, openplatform.RegisterRequest{
			Username: "经济用户01", Email: "zhang@example.com", Mobile: "13900001111", Code: "34fy", Password: "Passw0rd!",
		}), true,
		openplatform.RegisterResult{Username: "经济用户01", Email: "zhang@example.com", Mobile: "13900001111", OpenID: openID},
	},
	{
		"Login", http.MethodPost, "/oauth/api/account/login",
		callWith((*openplatform.Client).Login, openplatform.LoginRequest{Account: "经济用户01", Password: "Passw0rd!"}), true, loginData,
	},
	{
		"GetImgCode", http.MethodPost, "/oauth/api/account/getImgCode",
		func(ctx context.Context, c *openplatform.Client) (any, error) { return dataOf(c.GetImgCode(ctx)) }, false,
		nil, // compared in TestGetImgCodeDeliversThePicture
	},
	{
		"Activate", http.MethodGet, "/oauth/api/account/activate",
		callWith((*openplatform.Client).Activate, openplatform.ActivateRequest{Token: "act-7+/=&3c"}), true, true,
	},
	{
		"SendSmsCode", http.MethodPost, "/oauth/api/account/sendSmsCode",
		callWith((*openplatform.Client).SendSmsCode, openplatform.SendSmsCodeRequest{
			Mobile: "17621923340", ImgCodeID: "MS6A1I", ImgCode: "ELPG", SmsType: openplatform.SmsTypeRegister,
		}), true, true,
	},
	{
		"LoginByMobileCode", http.MethodPost, "/oauth/api/account/loginByMobileCode",
		callWith((*openplatform.Client).LoginByMobileCode, openplatform.LoginByMobileCodeRequest{
			Mobile: "13900001111", Code: "34fy", SmsType: openplatform.SmsTypeLogin,
		}), true, loginData,
	},
	{
		"ResetPassword", http.MethodPost, "/oauth/api/account/resetPassword",
		callWith((*openplatform.Client).ResetPassword, openplatform.ResetPasswordRequest{Token: "5c1e6cf0f9e94b3f8f2d", Password: "N3wPassw0rd"}), true, true,
	},
	{
		"Logout", http.MethodGet, "/oauth/api/account/logout",
		callWith((*openplatform.Client).Logout, openplatform.LogoutRequest{Token: "5c1e6cf0f9e94b3f8f2d"}), true, true,
	},
	{
		"CheckToken", http.MethodGet, "/oauth/checkToken",
		callWith((*openplatform.Client).CheckToken, openplatform.CheckTokenRequest{Token: "5c1e6cf0f9e94b3f8f2d"}), false,
		struct{}{},
	},
	{
		"GetAccessToken", http.MethodGet, "/oauth/getAccessToken",
		callWith((*openplatform.Client).GetAccessToken, openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "s&3cr3t"}), false,
		openplatform.AccessToken{AccessToken: "at-9d1f", Expired: time.Date(2021, 7, 1, 18, 16, 30, 0, chinaStandardTime)},
	},
	{
		"GetServiceTicket", http.MethodPost, "/oauth/getServiceTicket",
		callWith((*openplatform.Client).GetServiceTicket, openplatform.GetServiceTicketRequest{AccessToken: "at-9d1f", Token: "5c1e6cf0f9e94b3f8f2d"}), true,
		openplatform.ServiceTicket{ServiceTicket: "st-77ab", Expired: time.Date(2021, 7, 1, 16, 17, 30, 0, chinaStandardTime), NumberOfUses: 1},
	},
	{
		"GetAccount", http.MethodPost, "/oauth/api/account/getAccount",
		callWith((*openplatform.Client).GetAccount, openplatform.GetAccountRequest{ServiceTicket: "st-77ab"}), true,
		openplatform.Account{Username: "经济用户01", Email: "zhang@example.com", Mobile: "13900001111", Activate: true, OpenID: openID},
	},
}

func TestContract(t *testing.T) {
	for _, tt := range contract {
		t.Run(tt.operation, func(t *testing.T) {
			var got *http.Request
			var body []byte
			url, received := serve(t, func(w http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
				answer(200, documentedResponse(t, tt.operation))(w, r)
			})
			data, err := tt.call(t.Context(), newClient(t, url))
			require.NoError(t, err)
			require.EqualValues(t, 1, received.Load())
			if tt.want != nil {
				assert.EqualExportedValues(t, wrapped{tt.want}, wrapped{data})
			}

			assert.Equal(t, tt.method, got.Method)
			assert.Equal(t, tt.path, got.URL.Path)
			assert.Equal(t, "application/json", got.Header.Get("Accept"))
			assert.Equal(t, "openplatform-go/"+openplatform.Version, got.Header.Get("User-Agent"))
			assert.EqualValues(t, len(body), got.ContentLength)
			assert.Empty(t, got.TransferEncoding, "not chunked")
			assert.Empty(t, got.Header.Get("Referer"))
			if tt.method == http.MethodGet {
				assert.Equal(t, documentedQuery(t, tt.operation), got.URL.RawQuery)
				assert.Empty(t, body)
				return
			}
			assert.Empty(t, got.URL.RawQuery)
			assert.JSONEq(t, string(documentedExchange(t, tt.operation).Request), string(body))
			assert.Equal(t, "application/json", got.Header.Get("Content-Type"))
		})
	}
}

// wrapped lets values of any kind, times among them, be compared by what they mean.
type wrapped struct{ V any }

// Each operation is repeated, or never, as the contract's table says.
func TestEveryOperationIsDeliveredAsItsKindDemands(t *testing.T) {
	for _, tt := range contract {
		t.Run(tt.operation, func(t *testing.T) {
			for name, fault := range map[string]http.HandlerFunc{
				"busy":            answer(503, ""),
				"lost connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			} {
				url, received := serve(t, fault)
				_, err := tt.call(t.Context(), newClient(t, url, quickRetries))
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err), name)
				want := int64(3)
				if tt.mutates {
					want = 1
				}
				assert.Equal(t, want, received.Load(), name)
			}
		})
	}
}

// What is not the documented data is no success, for any operation.
func TestEveryOperationWantsItsData(t *testing.T) {
	for _, tt := range contract {
		for _, data := range []string{"false", `"x"`, "1", "[]", "{}", "null", "true", `{"token":1}`} {
			if tt.want == true && data == "true" || tt.operation == "CheckToken" && data == "null" {
				continue
			}
			t.Run(tt.operation+" "+data, func(t *testing.T) {
				url, _ := serve(t, answer(200, envelope("000", "成功", data)))
				_, err := tt.call(t.Context(), newClient(t, url))
				var failure *openplatform.ResponseError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, tt.operation, failure.Operation)
			})
		}
	}
}

func TestResponseIsTheEnvelope(t *testing.T) {
	url, _ := serve(t, answer(201, documentedResponse(t, "SendSmsCode"), "X-Gateway", "gw-7"))
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
	url, _ := serve(t, answer(200, documentedResponse(t, "GetImgCode")))
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
		{"empty", "", "not a data URL in base64"},
		{"plain base64", "/9j/4AAQ", "not a data URL in base64"},
		{"a link", "https://platform.invalid/picture.jpg", "not a data URL in base64"},
		{"no comma", "data:image/jpg;base64", "not a data URL in base64"},
		{"not base64", "data:image/jpg,abc", "not a data URL in base64"},
		{"no media type", "data:;base64,/9g=", "no valid media type"},
		{"bad media type", "data:image/;base64,/9g=", "no valid media type"},
		{"not valid base64", "data:image/jpg;base64,*", "not valid base64"},
		{"no picture", "data:image/jpg;base64,", "holds no picture"},
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

// A rule is one documented rule of one field: the longest and shortest values that
// pass, and those just past them.
type rule struct {
	field    string
	min, max int // 0 where none is documented
	oneOf    []string
}

var documentedRules = map[string][]rule{
	"Register":          {{"username", 6, 20, nil}, {"email", 0, 255, nil}, {"mobile", 0, 16, nil}, {"code", 0, 4, nil}, {"password", 0, 20, nil}},
	"Login":             {{"account", 0, 0, nil}, {"password", 0, 20, nil}},
	"Activate":          {{"token", 0, 0, nil}},
	"SendSmsCode":       {{"mobile", 0, 0, nil}, {"img_code_id", 0, 0, nil}, {"img_code", 0, 0, nil}, {"sms_type", 0, 0, smsTypes}},
	"LoginByMobileCode": {{"mobile", 0, 16, nil}, {"code", 0, 4, nil}, {"sms_type", 0, 0, smsTypes}},
	"ResetPassword":     {{"token", 0, 0, nil}, {"password", 0, 20, nil}},
	"Logout":            {{"token", 0, 0, nil}},
	"CheckToken":        {{"token", 0, 0, nil}},
	"GetAccessToken":    {{"client_id", 0, 0, nil}, {"client_secret", 0, 0, nil}},
	"GetServiceTicket":  {{"access_token", 0, 0, nil}, {"token", 0, 0, nil}},
	"GetAccount":        {{"service_ticket", 0, 0, nil}},
}

var smsTypes = []string{"REGISTER", "RESET_PASSWORD", "LOGIN"}

// setUp are the fields that a program fills in, and no person.
var setUp = []string{"client_id", "client_secret", "access_token", "service_ticket"}

// request makes the call of an operation with the fields that it is given.
func request(ctx context.Context, c *openplatform.Client, operation string, fields map[string]string) error {
	method := reflect.ValueOf(c).MethodByName(operation)
	req := reflect.New(method.Type().In(1).Elem())
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields() // a misnamed field must not pass for an empty one
	if err := decoder.Decode(req.Interface()); err != nil {
		return err
	}
	err, _ = method.Call([]reflect.Value{reflect.ValueOf(ctx), req})[1].Interface().(error)
	return err
}

func TestValidation(t *testing.T) {
	url, received := serve(t, answer(400, envelope("400", "", "null")))
	client := newClient(t, url)
	for operation, rules := range documentedRules {
		fields := map[string]string{}
		for _, r := range rules {
			fields[r.field] = strings.Repeat("中", max(r.min, 1))
			if r.oneOf != nil {
				fields[r.field] = r.oneOf[0]
			}
		}
		check := func(field, value string, violation openplatform.Violation, rule string) {
			if slices.Contains(setUp, field) && rule != "" {
				violation = openplatform.ViolationSetup
			}
			t.Run(fmt.Sprintf("%s with %s of %d characters", operation, field, utf8.RuneCountInString(value)), func(t *testing.T) {
				received.Store(0)
				changed := maps.Clone(fields)
				changed[field] = value
				err := request(t.Context(), client, operation, changed)
				if rule == "" {
					require.ErrorIs(t, err, openplatform.ErrMissingParameter, "it is the platform's to judge")
					assert.EqualValues(t, 1, received.Load())
					return
				}
				var invalid *openplatform.ValidationError
				require.ErrorAs(t, err, &invalid)
				assert.Equal(t, openplatform.ValidationError{Operation: operation, Field: field, Violation: violation, Rule: rule}, *invalid)
				assert.Equal(t, "openplatform: "+operation+": "+field+" "+rule+" (outcome not sent)", err.Error())
				assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
				assert.Zero(t, received.Load())
			})
		}
		for _, r := range rules {
			check(r.field, "", openplatform.ViolationRequired, "must not be empty")
			switch {
			case r.oneOf != nil:
				for _, value := range r.oneOf {
					check(r.field, value, "", "")
				}
				check(r.field, "login", openplatform.ViolationNotOneOf, "must be one of REGISTER, RESET_PASSWORD, LOGIN")
				continue
			case r.max > 0:
				check(r.field, strings.Repeat("中", r.max), "", "")
				check(r.field, strings.Repeat("中", r.max+1), openplatform.ViolationTooLong, fmt.Sprintf("must have at most %d characters", r.max))
			default:
				check(r.field, strings.Repeat("中", 5000), "", "")
			}
			if r.min > 0 {
				check(r.field, strings.Repeat("中", r.min), "", "")
				check(r.field, strings.Repeat("中", r.min-1), openplatform.ViolationTooShort, fmt.Sprintf("must have at least %d characters", r.min))
			} else {
				check(r.field, " ", "", "")
			}
		}
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
			assert.Equal(t, openplatform.ViolationSetup, invalid.Violation)
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
		{name: "path that does not parse", op: openplatform.Operation{Name: "X", Method: "GET", Path: "/%zz"}, rule: "path"},
		{name: "path of two lines", op: openplatform.Operation{Name: "X", Method: "GET", Path: "/a\nb"}, rule: "path"},
		{name: "no path", op: openplatform.Operation{Name: "X", Method: "GET"}, rule: "path"},
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
