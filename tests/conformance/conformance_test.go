package conformance_test

import (
	"bytes"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// operations are those of which testdata/contract has an exchange.
func operations(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("../../testdata/contract/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".json"))
	}
	return names
}

const success = "000"

func TestDocumentHasEveryOperationAndNoHostThatNobodyConfirmed(t *testing.T) {
	doc := loadDocument(t)
	var ids []string
	for _, path := range doc.Paths.Map() {
		for method, operation := range path.Operations() {
			ids = append(ids, operation.OperationID)
			assert.Equal(t, method == http.MethodPost, operation.RequestBody != nil, operation.OperationID)
		}
	}
	assert.ElementsMatch(t, operations(t), ids)

	var servers []string
	for _, server := range doc.Servers {
		servers = append(servers, server.URL)
	}
	assert.Equal(t, []string{"https://dev-etc.ebaas.com", "https://test-etc.ebaas.com"}, servers)
}

func TestEveryOperationSpeaksAsDocumented(t *testing.T) {
	for name, opts := range map[string][]sandbox.Option{
		"failures with HTTP 200":         nil,
		"failures with their own status": {sandbox.WithHTTPStatus()},
	} {
		t.Run(name, func(t *testing.T) {
			v := newValidator(t)
			seen := map[string]bool{} // operation, and whether it succeeded
			for _, x := range captureAll(t, opts...) {
				got, err := v.check(t, x)
				require.NoError(t, err, "%s\n\n%s", x.request, x.answer)
				seen[fmt.Sprint(got.operation, " success=", got.code == success)] = true
			}
			for _, operation := range operations(t) {
				assert.True(t, seen[operation+" success=true"], "no success of %s", operation)
				assert.True(t, seen[operation+" success=false"], "no failure of %s", operation)
			}
			assert.Len(t, seen, 2*len(operations(t)))
		})
	}
}

// The tests from here on show that the validator finds mistakes: they alter captured bytes,
// which are valid as they are.

func TestWhatIsNotDocumentedIsRejected(t *testing.T) {
	v, all := newValidator(t), captureAll(t)
	const inRequest, inAnswer = true, false
	for _, test := range []struct {
		operation string
		where     bool
		from, to  string // a regular expression, and what takes its place
		complaint string
	}{
		{"SendSmsCode", inRequest, `"mobile":`, `"phone":`, `property "phone" is unsupported`},
		{"SendSmsCode", inRequest, `"img_code_id":`, `"imgCodeId":`, `property "imgCodeId" is unsupported`},
		{"SendSmsCode", inRequest, `"REGISTER"`, `"SIGNUP"`, "/sms_type: value is not one of the allowed values"},
		{"SendSmsCode", inRequest, `"mobile":"(\d+)"`, `"mobile":$1`, "/mobile: value must be a string"},
		{"SendSmsCode", inRequest, `}$`, `,"captcha":""}`, `property "captcha" is unsupported`},
		{"SendSmsCode", inRequest, `}$`, `}{}`, "not one JSON value"},
		{"SendSmsCode", inRequest, `Content-Type: .*\r`, "Content-Type: text/plain\r", `unexpected value "text/plain"`},
		{"SendSmsCode", inRequest, `/sendSmsCode`, `/sendSmscode`, "no matching operation"},
		{"SendSmsCode", inRequest, `^POST`, `PUT`, "method not allowed"},
		{"Register", inRequest, `数字经济用户`, `数字经济用`, "/username: minimum string length is 6"},
		{"GetImgCode", inRequest, `{}`, `{"type":1}`, "at most 0 properties"},
		{"CheckToken", inRequest, `token=`, `Token=`, `query parameter "Token" is unsupported`},
		{"CheckToken", inRequest, ` HTTP/1.1`, `&token=2 HTTP/1.1`, `query parameter "token" is there 2 times`},
		{"CheckToken", inRequest, `\r\n\r\n`, "\r\nContent-Length: 2\r\n\r\n{}", "body not allowed"},

		{"SendSmsCode", inAnswer, `"request_id":`, `"requestId":`, `property "requestId" is unsupported`},
		{"SendSmsCode", inAnswer, `"data":true`, `"data":"true"`, "/data: value is not one of the allowed values [true]"},
		{"SendSmsCode", inAnswer, `"data":true`, `"data":false`, "/data: value is not one of the allowed values [true]"},
		{"SendSmsCode", inAnswer, `"data":true`, `"data":null`, "/data: value is not one of the allowed values [true]"},
		{"SendSmsCode", inAnswer, `"code":"000"`, `"code":0`, "/code: value must be a string"},
		{"SendSmsCode", inAnswer, `"code":"000"`, `"code":"500"`, "/data: value is not one of the allowed values [null]"},
		{"SendSmsCode", inAnswer, `HTTP/1.1 200`, `HTTP/1.1 500`, "schemas/Failure: /code"},
		{"SendSmsCode", inAnswer, `Content-Type: .*\r`, "Content-Type: text/html\r", `unexpected value: "text/html"`},
		{"Login", inAnswer, `"token":`, `"Token":`, `/data: property "Token" is unsupported`},
		{"Login", inAnswer, `"data":{.*}}`, `"data":null}`, "/data: Value is not nullable"},
		{"CheckToken", inAnswer, `"data":null`, `"data":true`, "/data: value is not one of the allowed values [null]"},
		{"GetServiceTicket", inAnswer, `"service_ticket":`, `"access_token":`, `/data: property "access_token" is unsupported`},
		{"GetServiceTicket", inAnswer, `"number_of_uses":1`, `"number_of_uses":"1"`, "/data/number_of_uses: value must be an integer"},
		{"GetAccessToken", inAnswer, `(\d\d-\d\d) (\d\d:)`, `${1}T$2`, "/data/expired: string doesn't match"},
		{"GetAccount", inAnswer, `"activate":true`, `"activate":1`, "/data/activate: value must be a boolean"},
		{"GetAccount", inAnswer, `"open_id":"`, `"open_id":"x`, "/data/open_id: maximum string length is 28"},
	} {
		side := "answer"
		if test.where == inRequest {
			side = "request"
		}
		t.Run(fmt.Sprintf("%s %s %s to %s", test.operation, side, test.from, test.to), func(t *testing.T) {
			x := successOf(t, v, all, test.operation)
			if test.where == inRequest {
				x.request = altered(t, x.request, test.from, test.to)
			} else {
				x.answer = altered(t, x.answer, test.from, test.to)
			}
			_, err := v.check(t, x)
			require.ErrorContains(t, err, side+": ")
			assert.ErrorContains(t, err, test.complaint)
			t.Log(err)
		})
	}
}

var (
	memberName = regexp.MustCompile(`"[a-z_]+":`)
	queryName  = regexp.MustCompile(`[?&][a-z_]+=`)
)

// wireNames returns where the names of a message are: those of members, and those of the
// query in its first line.
func wireNames(message []byte) [][]int {
	line, _, _ := bytes.Cut(message, []byte("\r\n"))
	return append(memberName.FindAllIndex(message, -1), queryName.FindAllIndex(line, -1)...)
}

// Every name on the wire is there because the document has it: with any one of them
// misspelled, the exchange is not valid.
func TestEveryMisspellingIsRejected(t *testing.T) {
	v := newValidator(t)
	for _, x := range captureAll(t) {
		for _, at := range wireNames(x.request) {
			bad := exchange{request: misspelled(x.request, at), answer: x.answer}
			_, err := v.check(t, bad)
			assert.ErrorContains(t, err, "request: ", "%s", bad.request)
		}
		for _, at := range wireNames(x.answer) {
			bad := exchange{request: x.request, answer: misspelled(x.answer, at)}
			_, err := v.check(t, bad)
			assert.ErrorContains(t, err, "answer: ", "%s", bad.answer)
		}
	}
}

// misspelled changes one letter of the name at a place, and no length.
func misspelled(message []byte, at []int) []byte {
	message = bytes.Clone(message)
	message[at[0]+1] = 'X'
	return message
}

// successOf returns the first success of an operation.
func successOf(t *testing.T, v validator, all []exchange, operation string) exchange {
	t.Helper()
	for _, x := range all {
		got, err := v.check(t, x)
		require.NoError(t, err)
		if got == (checked{operation, success}) {
			return x
		}
	}
	require.FailNow(t, "no success of "+operation)
	return exchange{}
}

var contentLength = regexp.MustCompile(`Content-Length: \d+`)

// altered replaces what matches from, and has the message say its new length, so that
// the alteration is all that is wrong with it.
func altered(t *testing.T, message []byte, from, to string) []byte {
	t.Helper()
	match := regexp.MustCompile(from)
	require.Len(t, match.FindAll(message, -1), 1, "%s in\n%s", from, message)
	message = match.ReplaceAll(message, []byte(to))
	_, body, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	return contentLength.ReplaceAll(message, fmt.Appendf(nil, "Content-Length: %d", len(body)))
}
