package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/internal/codes"
)

// The largest request in bytes.
const (
	maxBody  = 64 << 10
	maxQuery = 64 << 10
)

// bodyTimeout is the time limit for a request's body, after its header.
const bodyTimeout = 10 * time.Second

// readBody reads the body, and reports whether it is complete: not too long, too slow or truncated. It reads the body of
// every request, also if the operation does not use it: otherwise net/http would read it without a time limit.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, whole bool) {
	if r.Body == nil { // the request does not come from a server
		return nil, true
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(bodyTimeout)) // without support, the limits of its server apply
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, false // the deadline stays: net/http tries to read the rest before it answers
	}
	// After a deadline, net/http would report the client as gone, which ends a Fault's Delay.
	_ = connection.SetReadDeadline(time.Time{})
	return body, true
}

// param is a parameter of an operation. Each is required.
type param struct {
	name string // on the wire
	min  int    // shortest length in characters
	max  int    // longest length in characters; 0 if the platform documents none
}

// check returns value if it is a string of a valid length.
func (p param) check(value any) (string, *failure) {
	if value == nil || value == "" {
		return "", &failure{codeEmptyParam, fmt.Sprintf("参数[%s]不能为空", p.name)}
	}
	text, ok := value.(string)
	if !ok {
		return "", malformed()
	}
	length := utf8.RuneCountInString(text)
	if length < p.min || p.max > 0 && length > p.max {
		return text, &failure{CodeInvalidLength, codes.Named("invalid_length").MsgFor(p.name)}
	}
	return text, nil
}

// params are an operation's parameters by wire name.
type params map[string]string

// readParams reads the operation's parameters: from the query of a GET, or else from the JSON body. With a failure, it also
// returns the readable ones: the ledger records the mobile of a refused request too.
func readParams(v visit) (params, *failure) {
	values, failed := readValues(v)
	in := make(params, len(v.op.params))
	for _, p := range v.op.params {
		value, wrong := p.check(values[p.name])
		if wrong != nil && failed == nil {
			failed = wrong
		}
		in[p.name] = value
	}
	return in, failed
}

// readValues returns the request's values of any type by wire name.
func readValues(v visit) (map[string]any, *failure) {
	if v.op.name == "" {
		return nil, nil // an unknown path is always refused as unknown
	}
	if v.op.method == http.MethodGet {
		return queryValues(v.query)
	}
	if !v.whole {
		return nil, malformed()
	}
	if len(v.body) == 0 && len(v.op.params) == 0 {
		return nil, nil
	}
	var values map[string]any
	if err := json.Unmarshal(v.body, &values); err != nil || values == nil { // the body null leaves values nil
		return nil, malformed()
	}
	return values, nil
}

func queryValues(raw string) (map[string]any, *failure) {
	if len(raw) > maxQuery {
		return nil, malformed()
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, malformed()
	}
	values := make(map[string]any)
	for name, all := range query {
		values[name] = all[0]
	}
	return values, nil
}

func malformed() *failure {
	return &failure{codeMalformed, "入参解析异常"}
}
