package conformance_test

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

// A validator checks exchanges against the document alone.
type validator struct {
	router  routers.Router
	options *openapi3filter.Options
}

// loadDocument reads the document and validates it, its examples included.
func loadDocument(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../api/openapi.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

func newValidator(t *testing.T) validator {
	t.Helper()
	doc := loadDocument(t)
	doc.Servers = nil // the exchanges were captured on loopback
	router, err := legacy.NewRouter(doc)
	require.NoError(t, err)
	options := &openapi3filter.Options{
		RejectWhenRequestBodyNotSpecified: true,
		IncludeResponseStatus:             true,
		SkipSettingDefaults:               true,
	}
	options.WithCustomSchemaErrorFunc(complaint)
	return validator{router, options}
}

// complaint is kin-openapi's text without the schema and the value: too many words to
// look for one in them.
func complaint(err *openapi3.SchemaError) string {
	text := "/" + strings.Join(err.JSONPointer(), "/") + ": " + err.Reason
	if err.Origin != nil {
		text += ": " + err.Origin.Error()
	}
	return text
}

// A checked exchange is valid.
type checked struct {
	operation string // its operationId
	code      string // of the answer's envelope
}

// check says which operation x is and how it ended, or which part of it is not valid.
func (v validator) check(t *testing.T, x exchange) (checked, error) {
	t.Helper()
	in, err := v.checkRequest(t, x.request)
	if err != nil {
		return checked{}, fmt.Errorf("request: %w", err)
	}
	code, err := checkAnswer(t, in, x.answer)
	if err != nil {
		return checked{}, fmt.Errorf("answer: %w", err)
	}
	return checked{operation: in.Route.Operation.OperationID, code: code}, nil
}

func (v validator) checkRequest(t *testing.T, raw []byte) (*openapi3filter.RequestValidationInput, error) {
	t.Helper()
	request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		return nil, err
	}
	route, pathParams, err := v.router.FindRoute(request)
	if err != nil {
		return nil, err
	}
	if err := checkQuery(route.Operation, request); err != nil {
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
		Request: request, PathParams: pathParams, Route: route, Options: v.options,
	}
	return in, openapi3filter.ValidateRequest(t.Context(), in)
}

// errNotJSON is of a body with more after its first JSON value, where kin-openapi stops
// reading.
var errNotJSON = errors.New("the body is not one JSON value")

// checkQuery finds parameters that the document does not have, or that come twice: kin-openapi
// lets both pass.
func checkQuery(operation *openapi3.Operation, request *http.Request) error {
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

func checkAnswer(t *testing.T, to *openapi3filter.RequestValidationInput, raw []byte) (code string, err error) {
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
