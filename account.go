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
)

// The operations of the account pages (经济行业数字开放平台文档), by page number.
var (
	opGetImgCode  = Operation{Name: "GetImgCode", Method: http.MethodPost, Path: "/oauth/api/account/getImgCode", Repeatable: true} // 03
	opSendSmsCode = Operation{Name: "SendSmsCode", Method: http.MethodPost, Path: "/oauth/api/account/sendSmsCode"}                 // 05
)

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

// SmsType says what an SMS code is for (短信类型).
type SmsType string

// The SMS types of page 05.
const (
	SmsTypeRegister      SmsType = "REGISTER"       // 注册
	SmsTypeResetPassword SmsType = "RESET_PASSWORD" // 重置密码
	SmsTypeLogin         SmsType = "LOGIN"          // 登录
)

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
		{name: "mobile", value: r.Mobile, mask: maskMobile},
		{name: "img_code_id", value: r.ImgCodeID},
		{name: "img_code", value: r.ImgCode, mask: maskAll},
		{name: "sms_type", value: string(r.SmsType), oneOf: smsTypes},
	}
}

// Format implements [fmt.Formatter]: every verb prints the request masked.
func (r SendSmsCodeRequest) Format(f fmt.State, _ rune) { printParams(f, r.params()) }

// LogValue implements [slog.LogValuer] with the secrets masked.
func (r SendSmsCodeRequest) LogValue() slog.Value { return logParams(r.params()) }

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
	return []param{{name: "img", value: c.Img, mask: maskAll}, {name: "img_code_id", value: c.ImgCodeID}}
}

// Format implements [fmt.Formatter]: every verb prints the id and hides the picture.
func (c ImgCode) Format(f fmt.State, _ rune) { printParams(f, c.params()) }

// LogValue implements [slog.LogValuer]: the id, without the picture.
func (c ImgCode) LogValue() slog.Value { return logParams(c.params()) }
