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

// Codes that the sandbox assumes, since the platform publishes none for these failures. The package documentation
// lists them with their texts. They are those of internal/codes, where a code that is learnt from the platform takes the
// place of an assumed one. Do not assign to them.
var (
	// CodeWrongImgCode (图形验证码错误): the picture shows something else. The picture is used up.
	CodeWrongImgCode = codes.Named("wrong_img_code").Code
	// CodeImgCodeGone (图形验证码已失效): the picture is unknown, used or expired.
	CodeImgCodeGone = codes.Named("img_code_gone").Code
	// CodeInvalidSmsType (短信类型不正确): sms_type is none of REGISTER, RESET_PASSWORD and LOGIN.
	CodeInvalidSmsType = codes.Named("invalid_sms_type").Code
	// CodeWrongSmsCode (短信验证码错误): the SMS said something else. SmsCodeGuesses of them end the SMS code.
	CodeWrongSmsCode = codes.Named("wrong_sms_code").Code
	// CodeSmsCodeGone (短信验证码已失效): no SMS code is waiting for this mobile and sms_type.
	CodeSmsCodeGone = codes.Named("sms_code_gone").Code
	// CodeUsernameTaken (用户名已存在): another account has the username.
	CodeUsernameTaken = codes.Named("username_taken").Code
	// CodeEmailTaken (邮箱已被注册): another account has the e-mail address.
	CodeEmailTaken = codes.Named("email_taken").Code
	// CodeMobileTaken (手机号已被注册): another account has the phone number.
	CodeMobileTaken = codes.Named("mobile_taken").Code
	// CodeInvalidActivation (激活链接已失效): the activation token is unknown, used or expired.
	CodeInvalidActivation = codes.Named("invalid_activation").Code
	// CodeInvalidLength (参数[x]长度不正确, x being the wire name): the parameter is longer or shorter than it
	// may be.
	CodeInvalidLength = codes.Named("invalid_length").Code
	// CodeWrongPassword (账号或密码错误): there is no such account, or it has another password.
	CodeWrongPassword = codes.Named("wrong_password").Code
	// CodeUnknownMobile (手机号未注册): no account has the phone number.
	CodeUnknownMobile = codes.Named("unknown_mobile").Code
	// CodeTooManySms (短信发送过于频繁，请稍后再试): the phone got an SMS less than SMSInterval ago.
	CodeTooManySms = codes.Named("too_many_sms").Code
)

// failure is why an operation was not carried out.
type failure struct {
	code string
	msg  string
}

// assumed is a failure with one of the codes that the sandbox assumes, and the text that goes with it.
func assumed(code string) *failure {
	for _, entry := range codes.All() {
		if entry.Code == code {
			return &failure{code, entry.Msg}
		}
	}
	return &failure{code: code}
}

// envelope is what every answer of the platform looks like.
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

// answer ends a visit with the outcome of its operation.
func (s *Sandbox) answer(w http.ResponseWriter, v visit, data any, failed *failure) {
	out := envelope{RequestID: v.record.RequestID, Code: codeSuccess, Msg: "成功", Data: data}
	if failed != nil {
		out.Code, out.Msg, out.Data = failed.code, failed.msg, nil
	}
	status := s.statusOf(out.Code)
	s.noteAnswer(v, status, out.Code)
	writeEnvelope(w, status, nil, out)
}

// statusOf returns the HTTP status that an answer with this code gets.
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

// writeTimeout is how long a client may take to read its answer, from when it is ready.
const writeTimeout = 10 * time.Second

// limitWrite gives the answer that is about to be written its time. net/http lifts the limit before the next one.
func limitWrite(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)) // a writer that cannot leaves this to its server
}

// writeEnvelope writes out as JSON. A failed write is not looked at, here as in writeRaw: a client that has gone cannot
// be told.
func writeEnvelope(w http.ResponseWriter, status int, header http.Header, out envelope) {
	body := out.encode()
	w.Header().Set("Content-Type", jsonType)
	maps.Copy(w.Header(), header)
	limitWrite(w)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
