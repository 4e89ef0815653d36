package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// Operation is the name of one of the platform's operations. It is an alias of string, so that no conversion is needed.
type Operation = string

// The platform's operations, by the names of its documents.
const (
	OpRegister          Operation = "Register"          // 注册
	OpLogin             Operation = "Login"             // 登录
	OpGetImgCode        Operation = "GetImgCode"        // 获取图形验证码
	OpActivate          Operation = "Activate"          // 账号激活
	OpSendSmsCode       Operation = "SendSmsCode"       // 发送短信验证码
	OpLoginByMobileCode Operation = "LoginByMobileCode" // 短信验证码登录
	OpResetPassword     Operation = "ResetPassword"     // 重置密码
	OpLogout            Operation = "Logout"            // 登出
	OpCheckToken        Operation = "CheckToken"        // 校验token
	OpGetAccessToken    Operation = "GetAccessToken"    // 获取AccessToken
	OpGetServiceTicket  Operation = "GetServiceTicket"  // 获取ServiceTicket
	OpGetAccount        Operation = "GetAccount"        // 获取用户信息
)

// Operations returns the names of all operations, in the order of the platform's documents.
func Operations() []Operation {
	names := make([]Operation, 0, len(operations))
	for _, op := range operations {
		names = append(names, op.name)
	}
	return names
}

// isOperation reports whether an operation has this name.
func isOperation(name string) bool {
	return slices.ContainsFunc(operations, func(op operation) bool { return op.name == name })
}

// operation is one of the platform's operations.
type operation struct {
	name   Operation
	method string
	path   string
	params []param // in the order they are checked

	// run does the work and returns the envelope's data, or why it did not. It is called with Sandbox.mu
	// held, so it uses the sandbox's state freely and must be quick.
	run func(s *Sandbox, c call) (data any, failed *failure)
}

// operations are all operations, in the order of the platform's documents. A new one needs an entry here and its function.
var operations = []operation{
	{
		name: OpRegister, method: http.MethodPost, path: "/oauth/api/account/register",
		params: []param{
			{name: "username", min: 6, max: 20},
			{name: "email", max: 255},
			{name: "mobile", max: 16},
			{name: "code", min: smsCodeLength, max: smsCodeLength},
			{name: "password", max: 20},
		},
		run: (*Sandbox).register,
	},
	{
		name: OpLogin, method: http.MethodPost, path: "/oauth/api/account/login",
		params: []param{{name: "account"}, {name: "password", max: 20}},
		run:    (*Sandbox).login,
	},
	{
		name: OpGetImgCode, method: http.MethodPost, path: "/oauth/api/account/getImgCode",
		run: (*Sandbox).getImgCode,
	},
	{
		name: OpActivate, method: http.MethodGet, path: "/oauth/api/account/activate",
		params: []param{{name: "token"}},
		run:    (*Sandbox).activate,
	},
	{
		name: OpSendSmsCode, method: http.MethodPost, path: "/oauth/api/account/sendSmsCode",
		params: []param{{name: "mobile", max: maxMobile}, {name: "img_code_id"}, {name: "img_code"}, {name: "sms_type"}},
		run:    (*Sandbox).sendSmsCode,
	},
	{
		name: OpLoginByMobileCode, method: http.MethodPost, path: "/oauth/api/account/loginByMobileCode",
		params: []param{
			{name: "mobile", max: 16},
			{name: "code", min: smsCodeLength, max: smsCodeLength},
			{name: "sms_type"},
		},
		run: (*Sandbox).loginByMobileCode,
	},
	{
		name: OpResetPassword, method: http.MethodPost, path: "/oauth/api/account/resetPassword",
		params: []param{{name: "token"}, {name: "password", max: 20}},
		run:    (*Sandbox).resetPassword,
	},
	{
		name: OpLogout, method: http.MethodGet, path: "/oauth/api/account/logout",
		params: []param{{name: "token"}},
		run:    (*Sandbox).logout,
	},
	{
		name: OpCheckToken, method: http.MethodGet, path: "/oauth/checkToken",
		params: []param{{name: "token"}},
		run:    (*Sandbox).checkToken,
	},
	{
		name: OpGetAccessToken, method: http.MethodGet, path: "/oauth/getAccessToken",
		params: []param{{name: "client_id"}, {name: "client_secret"}},
		run:    (*Sandbox).getAccessToken,
	},
	{
		name: OpGetServiceTicket, method: http.MethodPost, path: "/oauth/getServiceTicket",
		params: []param{{name: "access_token"}, {name: "token"}},
		run:    (*Sandbox).getServiceTicket,
	},
	{
		name: OpGetAccount, method: http.MethodPost, path: "/oauth/api/account/getAccount",
		params: []param{{name: "service_ticket"}},
		run:    (*Sandbox).getAccount,
	},
}

// call is the input of an operation.
type call struct {
	requestID string
	now       time.Time // of the sandbox's clock
	params    params    // one value that was checked for each of operation.params
}

// findOperation returns the operation at this method and path, or one without a name that always fails.
func findOperation(method, path string) operation {
	for _, op := range operations {
		if op.method == method && op.path == path {
			return op
		}
	}
	return operation{method: method, run: noOperation}
}

func noOperation(*Sandbox, call) (any, *failure) {
	return nil, &failure{codeNotFound, "接口不存在"}
}
