package sandbox

import (
	"net/http"
	"time"
)

// operation is one of the platform's operations.
type operation struct {
	name   string // as in the platform's documents and in Entry.Operation
	method string
	path   string
	params []param // in the order they are checked

	// run does the work and returns the envelope's data, or why it did not. It is called with Sandbox.mu
	// held, so it uses the sandbox's state freely and must be quick.
	run func(s *Sandbox, c call) (data any, failed *failure)
}

// operations is all the sandbox can do, in the order of the platform's documents. A new operation is an entry here and
// the function that it runs.
var operations = []operation{
	{
		name: "Register", method: http.MethodPost, path: "/oauth/api/account/register",
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
		name: "Login", method: http.MethodPost, path: "/oauth/api/account/login",
		params: []param{{name: "account"}, {name: "password", max: 20}},
		run:    (*Sandbox).login,
	},
	{
		name: "GetImgCode", method: http.MethodPost, path: "/oauth/api/account/getImgCode",
		run: (*Sandbox).getImgCode,
	},
	{
		name: "Activate", method: http.MethodGet, path: "/oauth/api/account/activate",
		params: []param{{name: "token"}},
		run:    (*Sandbox).activate,
	},
	{
		name: "SendSmsCode", method: http.MethodPost, path: "/oauth/api/account/sendSmsCode",
		params: []param{{name: "mobile", max: maxMobile}, {name: "img_code_id"}, {name: "img_code"}, {name: "sms_type"}},
		run:    (*Sandbox).sendSmsCode,
	},
	{
		name: "LoginByMobileCode", method: http.MethodPost, path: "/oauth/api/account/loginByMobileCode",
		params: []param{
			{name: "mobile", max: 16},
			{name: "code", min: smsCodeLength, max: smsCodeLength},
			{name: "sms_type"},
		},
		run: (*Sandbox).loginByMobileCode,
	},
	{
		name: "ResetPassword", method: http.MethodPost, path: "/oauth/api/account/resetPassword",
		params: []param{{name: "token"}, {name: "password", max: 20}},
		run:    (*Sandbox).resetPassword,
	},
	{
		name: "Logout", method: http.MethodGet, path: "/oauth/api/account/logout",
		params: []param{{name: "token"}},
		run:    (*Sandbox).logout,
	},
	{
		name: "CheckToken", method: http.MethodGet, path: "/oauth/checkToken",
		params: []param{{name: "token"}},
		run:    (*Sandbox).checkToken,
	},
	{
		name: "GetAccessToken", method: http.MethodGet, path: "/oauth/getAccessToken",
		params: []param{{name: "client_id"}, {name: "client_secret"}},
		run:    (*Sandbox).getAccessToken,
	},
	{
		name: "GetServiceTicket", method: http.MethodPost, path: "/oauth/getServiceTicket",
		params: []param{{name: "access_token"}, {name: "token"}},
		run:    (*Sandbox).getServiceTicket,
	},
	{
		name: "GetAccount", method: http.MethodPost, path: "/oauth/api/account/getAccount",
		params: []param{{name: "service_ticket"}},
		run:    (*Sandbox).getAccount,
	},
}

// call is what an operation gets to work with.
type call struct {
	requestID string
	now       time.Time // by the sandbox's clock
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
