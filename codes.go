package openplatform

import (
	"strconv"
)

// Code is the code of an envelope. [CodeOK] is success, every other code is a failure. The
// platform documents only some codes: an undocumented one is an [APIError] too.
type Code string

// The documented codes, from the single sign-on pages and the gateway's page. The account
// pages document none.
const (
	CodeOK                   Code = "000"    // 成功
	CodeMissingParameter     Code = "400"    // 参数[x]不能为空
	CodeInvalidAppID         Code = "400001" // appId不正确
	CodeAPIDisabled          Code = "400002" // 接口已停用
	CodeMalformedRequest     Code = "400003" // 入参解析异常
	CodeInvalidSignature     Code = "401001" // 验证签名失败
	CodeAPINotPermitted      Code = "401002" // 无权限访问当前接口
	CodeInvalidAccessToken   Code = "401003" // 无效的access_token
	CodeInvalidToken         Code = "401004" // 无效的token
	CodeInvalidServiceTicket Code = "401005" // 无效的service_ticket
	CodeInvalidTimestamp     Code = "403001" // 请求时间非法或已过期
	CodeDuplicateRequest     Code = "403002" // 请勿重复请求
	CodeInvalidClientID      Code = "403006" // client_id不正确
	CodeInvalidClientSecret  Code = "403007" // client_secret不正确
	CodeUnknownAPI           Code = "404001" // 接口不存在
	CodeSystemError          Code = "500"    // 系统异常，请稍后再试或联系管理员
)

// Codes returns the failure codes that the platform documents, in ascending order. Each has
// a sentinel for errors.Is.
func Codes() []Code {
	return []Code{
		CodeMissingParameter, CodeInvalidAppID, CodeAPIDisabled, CodeMalformedRequest,
		CodeInvalidSignature, CodeAPINotPermitted, CodeInvalidAccessToken, CodeInvalidToken, CodeInvalidServiceTicket,
		CodeInvalidTimestamp, CodeDuplicateRequest, CodeInvalidClientID, CodeInvalidClientSecret,
		CodeUnknownAPI,
		CodeSystemError,
	}
}

// AboutCredentials reports whether c is about the business system's credentials: its app id,
// client id, client secret, signature or access token, or its permission to use an API. The
// person at the screen cannot correct such a failure.
func (c Code) AboutCredentials() bool {
	switch c {
	case CodeInvalidAppID, CodeInvalidSignature, CodeAPINotPermitted, CodeInvalidAccessToken, CodeInvalidClientID, CodeInvalidClientSecret:
		return true
	default:
		return false
	}
}

// class returns the first three digits of a code, which follow HTTP's statuses, or 0 if the
// code has other characters than digits.
func (c Code) class() int {
	if _, err := strconv.ParseUint(string(c), 10, 64); err != nil || len(c) < 3 {
		return 0
	}
	class, _ := strconv.Atoi(string(c[:3]))
	return class
}

// A sentinel is what errors.Is compares with: one code, or a class of codes.
type sentinel struct {
	text      string
	code      Code
	low, high int
}

func (s *sentinel) Error() string { return "openplatform: " + s.text }

func (s *sentinel) matchesClass(class int) bool { return s.low <= class && class <= s.high }

func classSentinel(text string, low, high int) error {
	return &sentinel{text: text, low: low, high: high}
}

func codeSentinel(text string, code Code) error {
	return &sentinel{text: text + " (" + string(code) + ")", code: code, low: -1, high: -1}
}

// The classes of failures, for errors.Is. Each matches every [APIError] whose code begins
// with the digits of the class, documented or not, and every [ResponseError] with such an
// HTTP status.
var (
	ErrInvalidArgument  = classSentinel("invalid argument (400…)", 400, 400)
	ErrUnauthenticated  = classSentinel("not authenticated (401…)", 401, 401)
	ErrPermissionDenied = classSentinel("permission denied (403…)", 403, 403)
	ErrNotFound         = classSentinel("not found (404…)", 404, 404)
	ErrRateLimited      = classSentinel("rate limited (429…)", 429, 429)
	ErrPlatform         = classSentinel("platform failure (5…)", 500, 599)
)

// The documented failures, for errors.Is. Each matches an [APIError] with exactly this code.
var (
	ErrMissingParameter     = codeSentinel("missing parameter", CodeMissingParameter)
	ErrInvalidAppID         = codeSentinel("invalid app id", CodeInvalidAppID)
	ErrAPIDisabled          = codeSentinel("API disabled", CodeAPIDisabled)
	ErrMalformedRequest     = codeSentinel("malformed request", CodeMalformedRequest)
	ErrInvalidSignature     = codeSentinel("invalid signature", CodeInvalidSignature)
	ErrAPINotPermitted      = codeSentinel("API not permitted", CodeAPINotPermitted)
	ErrInvalidAccessToken   = codeSentinel("invalid access token", CodeInvalidAccessToken)
	ErrInvalidToken         = codeSentinel("invalid token", CodeInvalidToken)
	ErrInvalidServiceTicket = codeSentinel("invalid service ticket", CodeInvalidServiceTicket)
	ErrInvalidTimestamp     = codeSentinel("invalid or expired timestamp", CodeInvalidTimestamp)
	ErrDuplicateRequest     = codeSentinel("duplicate request", CodeDuplicateRequest)
	ErrInvalidClientID      = codeSentinel("invalid client id", CodeInvalidClientID)
	ErrInvalidClientSecret  = codeSentinel("invalid client secret", CodeInvalidClientSecret)
	ErrUnknownAPI           = codeSentinel("unknown API", CodeUnknownAPI)
	ErrSystemError          = codeSentinel("system error", CodeSystemError)
)
