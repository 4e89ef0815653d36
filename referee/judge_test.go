package referee_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/stretchr/testify/require"
)

// judge decides by the document alone.
type judge struct {
	router  routers.Router
	options *openapi3filter.Options
}

// loadDocument reads the document and validates it, its examples included.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../api/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

func newJudge(t *testing.T) judge {
	t.Helper()
	doc := loadDocument(t)
	doc.Servers = nil // what is judged was captured on loopback
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	options := &openapi3filter.Options{
		RejectWhenRequestBodyNotSpecified: true,
		IncludeResponseStatus:             true,
		SkipSettingDefaults:               true,
	}
	options.WithCustomSchemaErrorFunc(complaint)
	return judge{router, options}
}

// complaint is the validator's text without the schema and the value, both of which
// hold too many words to look for one in.
func complaint(err *openapi3.SchemaError) string {
	text := "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	if err.Origin != nil {
		text += ": " + err.Origin.Error()
	}
	return text
}

// ruling is what a valid exchange was.
type ruling struct {
	operation string // its operationId
	code      string // of the answer's envelope
}

// rule says what x was, or by which of its parts it is not valid.
func (j judge) rule(t *testing.T, x exchange) (ruling, error) {
	t.Helper()
	in, err := j.ruleRequest(t, x.request)
	if err != nil {
		return ruling{}, fmt.Errorf("request: %w", err)
	}
	code, err := ruleAnswer(t, in, x.answer)
	if err != nil {
		return ruling{}, fmt.Errorf("answer: %w", err)
	}
	return ruling{operation: in.Route.Operation.OperationID, code: code}, nil
}

func (j judge) ruleRequest(t *testing.T, raw []byte) (*openapi3filter.RequestValidationInput, error) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	route, pathParams, err := j.router.FindRoute(request)
	if err != nil {
		return nil, err
	}
	if err := ruleQuery(route.Operation, request); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if len(body) > 0 && !json.Valid(body) {
		return nil, errNotJSON
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	request.ContentLength = int64(len(body))
	in := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: pathParams, Route: route, Options: j.options,
	}
	return in, openapi3filter.ValidateRequest(t.Context(), in)
}

// errNotJSON is of a body that the validator would take, since it reads no further
// than the first JSON value.
var errNotJSON = errors.New("the body is not one JSON value")

// ruleQuery finds the parameters that are too many, which the validator lets pass.
func ruleQuery(operation *openapi3.Operation, request *http.Request) error {
	for name, values := range request.URL.Query() {
		if operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("query parameter %q is unsupported", name)
		}
		if len(values) != 1 {
			return fmt.Errorf("query parameter %q is there %d times", name, len(values))
		}
	}
	return nil
}

func ruleAnswer(t *testing.T, to *openapi3filter.RequestValidationInput, raw []byte) (code string, err error) {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), to.Request)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", err
	}
	require.NoError(t, answer.Body.Close())
	if !json.Valid(body) {
		return "", errNotJSON
	}
	in := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: to, Status: answer.StatusCode, Header: answer.Header, Options: to.Options,
	}
	in.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(t.Context(), in); err != nil {
		return "", err
	}
	var envelope struct {
		Code string `json:"code"`
	}
	err = json.Unmarshal(body, &envelope)
	return envelope.Code, err
}
