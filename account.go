package openplatform

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// The operations of the account pages (经济行业数字开放平台文档), in their order. Those
// of the single sign-on pages are in sso.go.
var (
	opRegister          = Operation{Name: "Register", Method: http.MethodPost, Path: "/oauth/api/account/register"}
	opLogin             = Operation{Name: "Login", Method: http.MethodPost, Path: "/oauth/api/account/login"}
	opGetImgCode        = Operation{Name: "GetImgCode", Method: http.MethodPost, Path: "/oauth/api/account/getImgCode", Repeatable: true}
	opActivate          = Operation{Name: "Activate", Method: http.MethodGet, Path: "/oauth/api/account/activate"}
	opSendSmsCode       = Operation{Name: "SendSmsCode", Method: http.MethodPost, Path: "/oauth/api/account/sendSmsCode"}
	opLoginByMobileCode = Operation{Name: "LoginByMobileCode", Method: http.MethodPost, Path: "/oauth/api/account/loginByMobileCode"}
	opResetPassword     = Operation{Name: "ResetPassword", Method: http.MethodPost, Path: "/oauth/api/account/resetPassword"}
	opLogout            = Operation{Name: "Logout", Method: http.MethodGet, Path: "/oauth/api/account/logout"}
)

// Documented maximum and minimum lengths, in characters.
const (
	minUsername = 6
	maxUsername = 20
	maxEmail    = 255
	maxMobile   = 16
	maxSmsCode  = 4
	maxPassword = 20
)

// Register creates an account with the SMS code that [Client.SendSmsCode] sent to req.Mobile
// for [SmsTypeRegister]. The platform then sends an e-mail with the token for
// [Client.Activate] (page 01).
//
// 注册账号。
//
// After [OutcomeUnknown] the account may exist: ask the person to log in before they
// register again. The page documents no failure codes: a username in use or a wrong SMS
// code is an [*APIError] with an undocumented code. The other errors are
// [*ValidationError], [*ResponseError] and [*TransportError].
func (c *Client) Register(ctx context.Context, req *RegisterRequest) (*Response[RegisterResult], error) {
	return call[RegisterResult](ctx, c, opRegister, req)
}

// Login logs a person in with a password (page 02). Data holds the login token for
// [Client.CheckToken], [Client.GetServiceTicket] and [Client.Logout].
//
// 账号密码登录。
//
// It is not retried, because a platform may count failed logins. After [OutcomeUnknown]
// the person can log in again. The page documents no failure codes: a wrong password is
// an [*APIError] with an undocumented code.
func (c *Client) Login(ctx context.Context, req *LoginRequest) (*Response[LoginResult], error) {
	return call[LoginResult](ctx, c, opLogin, req)
}

// GetImgCode fetches a picture code (page 03): a picture of four characters that a
// person reads, and its id. [Client.SendSmsCode] needs both.
//
// 获取图形验证码。
//
// It changes nothing on the platform and is retried as [RetryPolicy] says. The page
// documents no failure codes: an error is an [*APIError] with an undocumented code, a
// [*ResponseError] or a [*TransportError].
func (c *Client) GetImgCode(ctx context.Context) (*Response[ImgCode], error) {
	return call[ImgCode](ctx, c, opGetImgCode, nil)
}

// SendSmsCode sends an SMS code to req.Mobile (page 05). It needs what the person read in
// a picture from [Client.GetImgCode]. Data is true in every response.
//
// 发送短信验证码。
//
// The request is sent at most once. After an error, [OutcomeOf] says what to do:
// [OutcomeNotSent]: try again; [OutcomeRejected]: get a new picture; [OutcomeUnknown]: the
// SMS may have been sent, so ask the person to wait for it before they request another.
//
// The page documents no failure codes: a wrong picture code or a rate-limited phone
// number is an [*APIError] with an undocumented code. An empty field or an unknown SmsType
// is a [*ValidationError], and nothing was sent. The other errors are [*ResponseError]
// and [*TransportError].
func (c *Client) SendSmsCode(ctx context.Context, req *SendSmsCodeRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opSendSmsCode, req)
}

// Activate activates an account with the token from the platform's e-mail (page 04). Data
// is true in every response.
//
// 账号激活。
//
// It is a GET request that changes something. The SDK sends it at most once; net/http
// alone would retry it. After [OutcomeUnknown] the account may be active: check
// [Account].Activate. The page documents no failure codes.
func (c *Client) Activate(ctx context.Context, req *ActivateRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opActivate, req)
}

// LoginByMobileCode logs a person in with an SMS code instead of a password (page 06).
// For [SmsTypeLogin], Data holds a login token, as for [Client.Login]. For
// [SmsTypeResetPassword], it holds the token for [Client.ResetPassword]; the pages do not
// say this, it is an assumption.
//
// 短信验证码登录。
//
// After [OutcomeUnknown] the SMS code may be used up: send another one. The page
// documents no failure codes.
func (c *Client) LoginByMobileCode(ctx context.Context, req *LoginByMobileCodeRequest) (*Response[LoginResult], error) {
	return call[LoginResult](ctx, c, opLoginByMobileCode, req)
}

// ResetPassword sets a new password, with a token from [Client.LoginByMobileCode]
// (page 07). Data is true in every response.
//
// 重置密码。
//
// After [OutcomeUnknown] the old or the new password may be valid: ask the person to try
// the new one first. The page documents no failure codes.
func (c *Client) ResetPassword(ctx context.Context, req *ResetPasswordRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opResetPassword, req)
}

// Logout makes a login token invalid (page 08). Data is true in every response.
//
// 登出。
//
// It is a GET request that changes something, and is sent at most once, like
// [Client.Activate]. After [OutcomeUnknown], [Client.CheckToken] says whether the token is
// still valid. The page documents no failure codes.
func (c *Client) Logout(ctx context.Context, req *LogoutRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opLogout, req)
}

// SmsType is the purpose of an SMS code (短信类型).
type SmsType string

// The SMS types of page 05.
const (
	SmsTypeRegister      SmsType = "REGISTER"       // 注册
	SmsTypeResetPassword SmsType = "RESET_PASSWORD" // 重置密码
	SmsTypeLogin         SmsType = "LOGIN"          // 登录
)

// RegisterRequest is what [Client.Register] sends (page 01). All fields are required.
// It prints with its secrets masked, like all requests.
type RegisterRequest struct {
	Username string `json:"username"` // 用户名, 6 to 20 characters
	Email    string `json:"email"`    // 邮箱, at most 255 characters
	Mobile   string `json:"mobile"`   // 手机号, at most 16 characters
	Code     string `json:"code"`     // 短信验证码, the SMS code, at most 4 characters
	Password string `json:"password"` // 密码, at most 20 characters
}

func (r RegisterRequest) params() []param {
	return []param{
		{name: "username", value: r.Username, min: minUsername, max: maxUsername, mask: mask.Contacts},
		{name: "email", value: r.Email, max: maxEmail, mask: mask.All},
		{name: "mobile", value: r.Mobile, max: maxMobile, mask: mask.Mobile},
		{name: "code", value: r.Code, max: maxSmsCode, mask: mask.All},
		{name: "password", value: r.Password, max: maxPassword, mask: mask.All},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r RegisterRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r RegisterRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r RegisterRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// RegisterResult is the new account, the result of [Client.Register].
type RegisterResult struct {
	Username string `json:"username"`
	Email    string `json:"email"`
	Mobile   string `json:"mobile"`
	OpenID   string `json:"open_id"` // identifies the account, 28 characters
}

func (r RegisterResult) params() []param {
	return []param{
		{name: "username", value: r.Username, optional: true, mask: mask.Contacts},
		{name: "email", value: r.Email, optional: true, mask: mask.All},
		{name: "mobile", value: r.Mobile, optional: true, mask: mask.Mobile},
		{name: "open_id", value: r.OpenID},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r RegisterResult) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r RegisterResult) LogValue() slog.Value { return logParams(r.params()) }

// LoginRequest is what [Client.Login] sends (page 02). All fields are required.
type LoginRequest struct {
	Account  string `json:"account"`  // 账号: username, e-mail or phone number
	Password string `json:"password"` // 密码, at most 20 characters
}

func (r LoginRequest) params() []param {
	return []param{
		{name: "account", value: r.Account, mask: mask.All},
		{name: "password", value: r.Password, max: maxPassword, mask: mask.All},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r LoginRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r LoginRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r LoginRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LoginResult is the result of [Client.Login] and [Client.LoginByMobileCode].
type LoginResult struct {
	OpenID string `json:"open_id"` // identifies the account, 28 characters
	Token  string `json:"token"`
}

func (r LoginResult) params() []param {
	return []param{{name: "open_id", value: r.OpenID}, {name: "token", value: r.Token, mask: mask.All}}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r LoginResult) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r LoginResult) LogValue() slog.Value { return logParams(r.params()) }

// ActivateRequest is what [Client.Activate] sends (page 04).
type ActivateRequest struct {
	Token string `json:"token"` // from the platform's e-mail; required
}

func (r ActivateRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r ActivateRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r ActivateRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r ActivateRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LoginByMobileCodeRequest is what [Client.LoginByMobileCode] sends (page 06). All
// fields are required.
type LoginByMobileCodeRequest struct {
	Mobile  string  `json:"mobile"`   // 手机号, at most 16 characters
	Code    string  `json:"code"`     // 短信验证码, the SMS code, at most 4 characters
	SmsType SmsType `json:"sms_type"` // the purpose the SMS code was sent for
}

func (r LoginByMobileCodeRequest) params() []param {
	return []param{
		{name: "mobile", value: r.Mobile, max: maxMobile, mask: mask.Mobile},
		{name: "code", value: r.Code, max: maxSmsCode, mask: mask.All},
		{name: "sms_type", value: string(r.SmsType), oneOf: smsTypes},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r LoginByMobileCodeRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r LoginByMobileCodeRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r LoginByMobileCodeRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// ResetPasswordRequest is what [Client.ResetPassword] sends (page 07). All fields are
// required.
type ResetPasswordRequest struct {
	Token    string `json:"token"`    // from LoginByMobileCode with SmsTypeResetPassword
	Password string `json:"password"` // the new 密码, at most 20 characters
}

func (r ResetPasswordRequest) params() []param {
	return []param{
		{name: "token", value: r.Token, mask: mask.All},
		{name: "password", value: r.Password, max: maxPassword, mask: mask.All},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r ResetPasswordRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r ResetPasswordRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r ResetPasswordRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LogoutRequest is what [Client.Logout] sends (page 08).
type LogoutRequest struct {
	Token string `json:"token"` // from a login; required
}

func (r LogoutRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r LogoutRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r LogoutRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r LogoutRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

func tokenParams(token string) []param {
	return []param{{name: "token", value: token, mask: mask.All}}
}

var smsTypes = []string{string(SmsTypeRegister), string(SmsTypeResetPassword), string(SmsTypeLogin)}

// SendSmsCodeRequest is what [Client.SendSmsCode] sends (page 05). All fields are
// required; the page documents no lengths. It prints with its secrets masked.
type SendSmsCodeRequest struct {
	// Mobile is the phone number (手机号).
	Mobile string `json:"mobile"`
	// ImgCodeID is the picture's id (图形验证码编号), from [ImgCode].
	ImgCodeID string `json:"img_code_id"`
	// ImgCode is what the person read in the picture (图形验证码).
	ImgCode string `json:"img_code"`
	// SmsType is the purpose of the SMS code (短信类型).
	SmsType SmsType `json:"sms_type"`
}

func (r SendSmsCodeRequest) params() []param {
	return []param{
		{name: "mobile", value: r.Mobile, mask: mask.Mobile},
		{name: "img_code_id", value: r.ImgCodeID},
		{name: "img_code", value: r.ImgCode, mask: mask.All},
		{name: "sms_type", value: string(r.SmsType), oneOf: smsTypes},
	}
}

// Format implements [fmt.Formatter]: every verb prints the value with its secrets masked.
func (r SendSmsCodeRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r SendSmsCodeRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, for loggers that print JSON.
func (r SendSmsCodeRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// ImgCode is a picture code (图形验证码), the result of [Client.GetImgCode].
type ImgCode struct {
	// Img is the picture as a data URL, data:image/jpg;base64,…, which can be the src of an
	// HTML img element. [ImgCode.Picture] decodes it.
	Img string `json:"img"`
	// ImgCodeID is the picture's id, for [SendSmsCodeRequest].
	ImgCodeID string `json:"img_code_id"`
}

// Picture returns the bytes of the picture in Img and their media type as the platform
// names it: "image/jpg" (the registered name is image/jpeg). It fails if Img is not a
// data URL in base64, or holds no picture.
func (c ImgCode) Picture() (data []byte, mediaType string, err error) {
	rest, isData := strings.CutPrefix(c.Img, "data:")
	header, payload, hasComma := strings.Cut(rest, ",")
	header, isBase64 := strings.CutSuffix(header, ";base64")
	if !isData || !hasComma || !isBase64 {
		return nil, "", errors.New("openplatform: img: not a data URL in base64")
	}
	mediaType, _, err = mime.ParseMediaType(header)
	if err != nil {
		return nil, "", errors.New("openplatform: img: the data URL has no valid media type")
	}
	data, err = base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return nil, "", fmt.Errorf("openplatform: img: the data URL is not valid base64: %w", err)
	}
	if len(data) == 0 {
		return nil, "", errors.New("openplatform: img: the data URL holds no picture")
	}
	return data, mediaType, nil
}

// params masks the picture: programs can read the code in it, and it is two kilobytes long.
func (c ImgCode) params() []param {
	return []param{{name: "img", value: c.Img, mask: mask.All}, {name: "img_code_id", value: c.ImgCodeID}}
}

// Format implements [fmt.Formatter]: every verb prints the id and hides the picture.
func (c ImgCode) Format(f fmt.State, _ rune) { printParams(f, c.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (c ImgCode) LogValue() slog.Value { return logParams(c.params()) }
