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

// Register opens an account (注册), given the SMS code that [Client.SendSmsCode] sent
// to req.Mobile for [SmsTypeRegister]. The platform then sends an e-mail with the
// token for [Client.Activate].
//
// After [OutcomeUnknown] the account may exist: have the person log in before they
// register again. Page 01 documents no failure codes: a taken name or a wrong SMS code
// is an [*APIError] with a code that nobody has listed. [*ValidationError],
// [*ResponseError] and [*TransportError] are the others.
func (c *Client) Register(ctx context.Context, req *RegisterRequest) (*Response[RegisterResult], error) {
	return call[RegisterResult](ctx, c, opRegister, req)
}

// Login logs a person in with a password (登录). Data holds the token that
// [Client.CheckToken], [Client.GetServiceTicket] and [Client.Logout] take.
//
// It is not repeated by itself, since platforms count failed logins; after
// [OutcomeUnknown] a person may simply log in again. Page 02 documents no failure
// codes: a wrong password is an [*APIError] with a code that nobody has listed.
func (c *Client) Login(ctx context.Context, req *LoginRequest) (*Response[LoginResult], error) {
	return call[LoginResult](ctx, c, opLogin, req)
}

// GetImgCode fetches a picture code (获取图形验证码): a picture with four characters
// that a person reads, and the id that belongs to it. [Client.SendSmsCode] wants
// both. It changes nothing on the platform and is repeated as [RetryPolicy] says.
//
// Page 03 documents no failure codes: a failure is an [*APIError] with a code of
// the platform's choosing, a [*ResponseError] or a [*TransportError].
func (c *Client) GetImgCode(ctx context.Context) (*Response[ImgCode], error) {
	return call[ImgCode](ctx, c, opGetImgCode, nil)
}

// SendSmsCode has the platform send a verification code by SMS (发送短信验证码) to
// req.Mobile, given the answer to a picture from [Client.GetImgCode]. Data is true
// in every response it returns.
//
// The request leaves this process at most once, whatever fails. When it fails, ask
// [OutcomeOf] what to tell the person: after [OutcomeNotSent] try again; after
// [OutcomeRejected] start over with a new picture; after [OutcomeUnknown] the SMS
// may be on its way, so have them wait for it before they ask for another.
//
// Page 05 documents no failure codes: a wrong picture code or a throttled phone is
// an [*APIError] with a code that nobody has listed. A field left empty or an
// unknown SmsType is a [*ValidationError], and nothing was sent. [*ResponseError]
// and [*TransportError] are the other two.
func (c *Client) SendSmsCode(ctx context.Context, req *SendSmsCodeRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opSendSmsCode, req)
}

// Activate activates an account (账号激活) with the token from the platform's e-mail.
// Data is true in every response it returns.
//
// It is a GET that changes something: it leaves this process at most once, which
// net/http alone would not see to. After [OutcomeUnknown] the account may be active:
// [Account].Activate tells. Page 04 documents no failure codes.
func (c *Client) Activate(ctx context.Context, req *ActivateRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opActivate, req)
}

// LoginByMobileCode logs a person in with an SMS code (短信验证码登录) instead of a
// password. For [SmsTypeLogin] the token in Data is one like [Client.Login]'s; for
// [SmsTypeResetPassword] it is, by the only reading that makes sense of the pages, the
// one that [Client.ResetPassword] takes.
//
// After [OutcomeUnknown] the code may be used up: have another one sent. Page 06
// documents no failure codes.
func (c *Client) LoginByMobileCode(ctx context.Context, req *LoginByMobileCodeRequest) (*Response[LoginResult], error) {
	return call[LoginResult](ctx, c, opLoginByMobileCode, req)
}

// ResetPassword sets a new password (重置密码), given a token from
// [Client.LoginByMobileCode]. Data is true in every response it returns.
//
// After [OutcomeUnknown] either password may be the valid one: have the person try the
// new one first. Page 07 documents no failure codes.
func (c *Client) ResetPassword(ctx context.Context, req *ResetPasswordRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opResetPassword, req)
}

// Logout ends a login token (登出). Data is true in every response it returns.
//
// It is a GET that changes something, and treated like [Client.Activate]. After
// [OutcomeUnknown], [Client.CheckToken] tells whether the token still lives. Page 08
// documents no failure codes.
func (c *Client) Logout(ctx context.Context, req *LogoutRequest) (*Response[bool], error) {
	return call[bool](ctx, c, opLogout, req)
}

// SmsType says what an SMS code is for (短信类型).
type SmsType string

// The SMS types of page 05.
const (
	SmsTypeRegister      SmsType = "REGISTER"       // 注册
	SmsTypeResetPassword SmsType = "RESET_PASSWORD" // 重置密码
	SmsTypeLogin         SmsType = "LOGIN"          // 登录
)

// RegisterRequest is what [Client.Register] sends (page 01). All fields are required.
// It prints with its secrets masked, as all requests do.
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r RegisterRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r RegisterRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r RegisterRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// RegisterResult is the new account, from [Client.Register].
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r RegisterResult) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r LoginRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r LoginRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r LoginRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LoginResult is a login, from [Client.Login] and [Client.LoginByMobileCode].
type LoginResult struct {
	OpenID string `json:"open_id"` // identifies the account, 28 characters
	Token  string `json:"token"`
}

func (r LoginResult) params() []param {
	return []param{{name: "open_id", value: r.OpenID}, {name: "token", value: r.Token, mask: mask.All}}
}

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r LoginResult) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r LoginResult) LogValue() slog.Value { return logParams(r.params()) }

// ActivateRequest is what [Client.Activate] sends (page 04).
type ActivateRequest struct {
	Token string `json:"token"` // from the platform's e-mail; required
}

func (r ActivateRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r ActivateRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r ActivateRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r ActivateRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LoginByMobileCodeRequest is what [Client.LoginByMobileCode] sends (page 06). All
// fields are required.
type LoginByMobileCodeRequest struct {
	Mobile  string  `json:"mobile"`   // 手机号, at most 16 characters
	Code    string  `json:"code"`     // 短信验证码, the SMS code, at most 4 characters
	SmsType SmsType `json:"sms_type"` // what the SMS code was sent for
}

func (r LoginByMobileCodeRequest) params() []param {
	return []param{
		{name: "mobile", value: r.Mobile, max: maxMobile, mask: mask.Mobile},
		{name: "code", value: r.Code, max: maxSmsCode, mask: mask.All},
		{name: "sms_type", value: string(r.SmsType), oneOf: smsTypes},
	}
}

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r LoginByMobileCodeRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r LoginByMobileCodeRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r ResetPasswordRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r ResetPasswordRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r ResetPasswordRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// LogoutRequest is what [Client.Logout] sends (page 08).
type LogoutRequest struct {
	Token string `json:"token"` // from a login; required
}

func (r LogoutRequest) params() []param { return tokenParams(r.Token) }

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r LogoutRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r LogoutRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
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
	// ImgCodeID is the picture's id (图片验证码编号), from [ImgCode].
	ImgCodeID string `json:"img_code_id"`
	// ImgCode is what the person read in the picture (图片验证码).
	ImgCode string `json:"img_code"`
	// SmsType is what the code will be used for (短信类型).
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

// Format implements [fmt.Formatter]: every verb prints it with the secrets masked.
func (r SendSmsCodeRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (r SendSmsCodeRequest) LogValue() slog.Value { return logParams(r.params()) }

// MarshalJSON implements [json.Marshaler] with one masked string, which is what loggers print.
func (r SendSmsCodeRequest) MarshalJSON() ([]byte, error) { return maskedJSON(r.params()) }

// ImgCode is a picture code (图形验证码), from [Client.GetImgCode].
type ImgCode struct {
	// Img is the picture as a data URL, data:image/jpg;base64,…, which an HTML img
	// element shows as it is. [ImgCode.Picture] decodes it.
	Img string `json:"img"`
	// ImgCodeID belongs to the picture and goes into [SendSmsCodeRequest].
	ImgCodeID string `json:"img_code_id"`
}

// Picture returns the bytes of the picture in Img and their media type as the
// platform names it: "image/jpg", though the registered name is image/jpeg. A data
// URL that is malformed, not base64 or empty is an error.
func (c ImgCode) Picture() (data []byte, mediaType string, err error) {
	rest, isData := strings.CutPrefix(c.Img, "data:")
	header, payload, hasComma := strings.Cut(rest, ",")
	header, isBase64 := strings.CutSuffix(header, ";base64")
	if !isData || !hasComma || !isBase64 {
		return nil, "", errors.New("openplatform: img is not a base64 data URL")
	}
	mediaType, _, err = mime.ParseMediaType(header)
	if err != nil {
		return nil, "", errors.New("openplatform: img is a data URL without a valid media type")
	}
	data, err = base64.StdEncoding.DecodeString(payload)
	if err != nil {
		return nil, "", fmt.Errorf("openplatform: img is a data URL with bad base64: %w", err)
	}
	if len(data) == 0 {
		return nil, "", errors.New("openplatform: img is a data URL without a picture")
	}
	return data, mediaType, nil
}

// The picture is the secret in a form that programs can read, and two kilobytes
// long: no log wants it.
func (c ImgCode) params() []param {
	return []param{{name: "img", value: c.Img, mask: mask.All}, {name: "img_code_id", value: c.ImgCodeID}}
}

// Format implements [fmt.Formatter]: every verb prints the id and hides the picture.
func (c ImgCode) Format(f fmt.State, _ rune) { printParams(f, c.params()) }

// LogValue implements [slog.LogValuer] likewise.
func (c ImgCode) LogValue() slog.Value { return logParams(c.params()) }
