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
	params []string // wire names, all required, in the order they are checked

	// run does the work and returns the envelope's data, or why it did nothing at all. It is called with Sandbox.mu
	// held, so it uses the sandbox's state freely and must be quick.
	run func(s *Sandbox, c call) (data any, failed *failure)
}

// operations is all the sandbox can do. A new operation is an entry here and the function that it runs.
var operations = []operation{
	{
		name: "GetImgCode", method: http.MethodPost, path: "/oauth/api/account/getImgCode",
		run: (*Sandbox).getImgCode,
	},
	{
		name: "SendSmsCode", method: http.MethodPost, path: "/oauth/api/account/sendSmsCode",
		params: []string{"mobile", "img_code_id", "img_code", "sms_type"},
		run:    (*Sandbox).sendSmsCode,
	},
}

// call is what an operation gets to work with.
type call struct {
	requestID string
	now       time.Time // by the sandbox's clock
	params    params    // one non-empty value for each of operation.params
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
