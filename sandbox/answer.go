package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/ebaas/openplatform-go/internal/codes"
)

// Documented codes.
const (
	codeSuccess             = "000"
	codeEmptyParam          = "400"
	codeMalformed           = "400003"
	codeInvalidAccessToken  = "401003"
	codeInvalidToken        = "401004"
	codeInvalidTicket       = "401005"
	codeInvalidClientID     = "403006"
	codeInvalidClientSecret = "403007"
	codeNotFound            = "404001"
	codeSystemError         = "500"
)

// The codes that the sandbox invents, because the platform documents none for these failures. The package documentation
// lists them with their texts. They come from internal/codes, where a real code replaces an invented one when it becomes
// known. Do not assign to them.
var (
	// CodeWrongImgCode (图形验证码错误): img_code is wrong. The picture is used up.
	CodeWrongImgCode = codes.Named("wrong_img_code").Code
	// CodeImgCodeGone (图形验证码已失效): the picture is unknown, used or expired.
	CodeImgCodeGone = codes.Named("img_code_gone").Code
	// CodeInvalidSmsType (短信类型不正确): sms_type is not REGISTER, RESET_PASSWORD or LOGIN.
	CodeInvalidSmsType = codes.Named("invalid_sms_type").Code
	// CodeWrongSmsCode (短信验证码错误): code is wrong. SmsCodeGuesses wrong guesses make the SMS code invalid.
	CodeWrongSmsCode = codes.Named("wrong_sms_code").Code
	// CodeSmsCodeGone (短信验证码已失效): there is no valid SMS code for this mobile and sms_type.
	CodeSmsCodeGone = codes.Named("sms_code_gone").Code
	// CodeUsernameTaken (用户名已存在): another account has the username.
	CodeUsernameTaken = codes.Named("username_taken").Code
	// CodeEmailTaken (邮箱已被注册): another account has the e-mail address.
	CodeEmailTaken = codes.Named("email_taken").Code
	// CodeMobileTaken (手机号已被注册): another account has the phone number.
	CodeMobileTaken = codes.Named("mobile_taken").Code
	// CodeInvalidActivation (激活链接已失效): the activation token is unknown, used or expired.
	CodeInvalidActivation = codes.Named("invalid_activation").Code
	// CodeInvalidLength (参数[x]长度不正确, x being the wire name): the parameter is too long or too
	// short.
	CodeInvalidLength = codes.Named("invalid_length").Code
	// CodeWrongPassword (账号或密码错误): there is no such account, or the password is wrong.
	CodeWrongPassword = codes.Named("wrong_password").Code
	// CodeUnknownMobile (手机号未注册): no account has the phone number.
	CodeUnknownMobile = codes.Named("unknown_mobile").Code
	// CodeTooManySms (短信发送过于频繁，请稍后再试): the phone got an SMS less than SMSInterval ago.
	CodeTooManySms = codes.Named("too_many_sms").Code
)

// failure is the reason why an operation was not carried out.
type failure struct {
	code string
	msg  string
}

// assumed returns a failure with an invented code and its text.
func assumed(code string) *failure {
	for _, entry := range codes.All() {
		if entry.Code == code {
			return &failure{code, entry.Msg}
		}
	}
	return &failure{code: code}
}

// envelope is the form of every response of the platform.
type envelope struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
	Msg       string `json:"msg"`
	Data      any    `json:"data"`
}

const jsonType = "application/json;charset=UTF-8"

func (e envelope) encode() []byte {
	body, err := json.Marshal(e)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return body
}

// answer responds with the result of the operation.
func (s *Sandbox) answer(w http.ResponseWriter, v visit, data any, failed *failure) {
	out := envelope{RequestID: v.record.RequestID, Code: codeSuccess, Msg: "成功", Data: data}
	if failed != nil {
		out.Code, out.Msg, out.Data = failed.code, failed.msg, nil
	}
	status := s.statusOf(out.Code)
	s.noteAnswer(v, status, out.Code)
	writeEnvelope(w, status, nil, out)
}

// statusOf returns the HTTP status of a response with this code.
func (s *Sandbox) statusOf(code string) int {
	if !s.httpStatus || len(code) < 3 {
		return http.StatusOK
	}
	status, err := strconv.Atoi(code[:3])
	if err != nil || status < 400 || status > 599 {
		return http.StatusOK
	}
	return status
}

// writeTimeout is how long a client may take to read a response.
const writeTimeout = 10 * time.Second

// limitWrite sets the time limit for the next response. net/http removes it after that.
func limitWrite(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // without support, the limits of its server apply
}

// writeEnvelope writes out as JSON. It ignores write errors, like writeRaw: they mean that the client has gone.
func writeEnvelope(w http.ResponseWriter, status int, header http.Header, out envelope) {
	body := out.encode()
	w.Header().Set("Content-Type", jsonType)
	maps.Copy(w.Header(), header)
	limitWrite(w)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
