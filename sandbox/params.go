package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// The largest request in bytes.
const (
	maxBody  = 64 << 10
	maxQuery = 64 << 10
)

// param is a parameter of an operation. Each is required.
type param struct {
	name string // on the wire
	min  int    // shortest length in characters
	max  int    // longest length in characters; 0 if the platform documents none
}

// check returns value if it is a string that holds something and is as long as it may be.
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
		return text, &failure{CodeInvalidLength, fmt.Sprintf("参数[%s]长度不正确", p.name)}
	}
	return text, nil
}

// params are an operation's parameters by wire name.
type params map[string]string

// readParams reads the operation's parameters: from the query of a GET, else from the JSON body. With a failure it
// still returns those it could read, since the ledger wants the mobile of a refused request too.
func readParams(op operation, r *http.Request) (params, *failure) {
	values, failed := readValues(op, r)
	in := make(params, len(op.params))
	for _, p := range op.params {
		value, wrong := p.check(values[p.name])
		if wrong != nil && failed == nil {
			failed = wrong
		}
		in[p.name] = value
	}
	return in, failed
}

// readValues returns the request's values by wire name, whatever their types.
func readValues(op operation, r *http.Request) (map[string]any, *failure) {
	if op.name == "" {
		return nil, nil // an unknown path fails for being unknown, whatever it carries
	}
	if op.method == http.MethodGet {
		return queryValues(r)
	}

	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, malformed()
	}
	if len(body) == 0 && len(op.params) == 0 {
		return nil, nil
	}
	var values map[string]any
	if err := json.Unmarshal(body, &values); err != nil || values == nil { // the body null leaves values nil
		return nil, malformed()
	}
	return values, nil
}

func queryValues(r *http.Request) (map[string]any, *failure) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, malformed()
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
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
