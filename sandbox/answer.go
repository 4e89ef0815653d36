package sandbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
)

// Documented codes.
const (
	codeSuccess    = "000"
	codeEmptyParam = "400"
	codeMalformed  = "400003"
	codeNotFound   = "404001"
)

// Codes that the sandbox assumes, since the platform publishes none for these failures. The package documentation
// lists them with their texts.
const (
	// CodeWrongImgCode (图形验证码错误): the picture shows something else. The picture is used up.
	CodeWrongImgCode = "400101"
	// CodeImgCodeGone (图形验证码已失效): the picture is unknown, used or expired.
	CodeImgCodeGone = "400102"
	// CodeInvalidSmsType (短信类型不正确): sms_type is none of REGISTER, RESET_PASSWORD and LOGIN.
	CodeInvalidSmsType = "400103"
	// CodeTooManySms (短信发送过于频繁，请稍后再试): the phone got an SMS less than SMSInterval ago.
	CodeTooManySms = "429001"
)

// failure is why an operation was not carried out.
type failure struct {
	code string
	msg  string
}

// envelope is what every answer of the platform looks like.
type envelope struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
	Msg       string `json:"msg"`
	Data      any    `json:"data"`
}

// answer ends a visit with the outcome of its operation.
func (s *Sandbox) answer(w http.ResponseWriter, v visit, data any, failed *failure) {
	out := envelope{RequestID: v.entry.RequestID, Code: codeSuccess, Msg: "成功", Data: data}
	if failed != nil {
		out.Code, out.Msg, out.Data = failed.code, failed.msg, nil
	}
	s.noteCode(v, out.Code)
	writeEnvelope(w, s.statusOf(out.Code), nil, out)
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

// writeEnvelope writes out as JSON. A failed write is not looked at, here as in writeRaw: a client that has gone cannot
// be told.
func writeEnvelope(w http.ResponseWriter, status int, header http.Header, out envelope) {
	body, err := json.Marshal(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
