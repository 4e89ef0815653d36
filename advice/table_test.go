package advice_test

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// updating reports whether -update was given, a flag of package tables.
func updating() bool { return flag.Lookup("update").Value.String() == "true" }

const tableFile = "testdata/table.txt"

// Operations of the platform, and one that Do was given.
var operations = []string{
	"Register", "Login", "GetImgCode", "Activate", "SendSmsCode", "LoginByMobileCode", "ResetPassword", "Logout",
	"CheckToken", "GetAccessToken", "GetServiceTicket", "GetAccount", "CloseAccount",
}

// A failure is a kind of failure, as an operation's error.
type failure struct {
	name string
	of   func(operation string) error
}

func refusal(name string, code openplatform.Code, msg string) failure {
	return failure{name, func(operation string) error {
		return &openplatform.APIError{Operation: operation, Code: code, Msg: msg, RequestID: "id-1", HTTPStatus: 200}
	}}
}

func unusable(name string, status int, requestID string) failure {
	return failure{name, func(operation string) error {
		return &openplatform.ResponseError{Operation: operation, HTTPStatus: status, RequestID: requestID, Reason: "not JSON"}
	}}
}

func lost(name string, notSent bool, attempts int, cause error) failure {
	return failure{name, func(operation string) error {
		return &openplatform.TransportError{Operation: operation, Attempts: attempts, NotSent: notSent, Reason: "lost", Cause: cause}
	}}
}

func invalid(name, field string, violation openplatform.Violation) failure {
	return failure{name, func(operation string) error {
		return &openplatform.ValidationError{Operation: operation, Field: field, Violation: violation, Rule: "must not be"}
	}}
}

// failures are all kinds of them: each rule of a request, each documented code, each class of
// codes that nobody has listed, each sort of answer that is none, each way to get no answer.
func failures() []failure {
	all := []failure{
		invalid("nil request", "", openplatform.ViolationSetup),
		invalid("credentials empty", "client_id", openplatform.ViolationSetup),
		invalid("img_code_id empty", "img_code_id", openplatform.ViolationRequired),
		invalid("sms_type unknown", "sms_type", openplatform.ViolationNotOneOf),
		invalid("token empty", "token", openplatform.ViolationRequired),
		invalid("mobile empty", "mobile", openplatform.ViolationRequired),
		invalid("mobile too long", "mobile", openplatform.ViolationTooLong),
		invalid("password too long", "password", openplatform.ViolationTooLong),
		invalid("username too short", "username", openplatform.ViolationTooShort),
		invalid("code not text", "code", openplatform.ViolationNotText),
		refusal("400 of mobile", "400", "参数[mobile]不能为空"),
		refusal("400 of appId", "400", "参数[appId]不能为空"),
		refusal("400 without msg", "400", ""),
	}
	for _, code := range openplatform.Codes() {
		if code != openplatform.CodeMissingParameter {
			all = append(all, refusal(string(code), code, "不成功"))
		}
	}
	return append(
		all,
		refusal("400…", "400987", "图形验证码错误"),
		refusal("401…", "401987", "密码错误"),
		refusal("403…", "403987", "账号已锁定"),
		refusal("404…", "404987", "没有注册"),
		refusal("409…", "409987", "已存在"),
		refusal("429…", "429987", "过于频繁"),
		refusal("500…", "500987", "短信网关异常"),
		refusal("no class", "SMS-17", "不成功"),
		unusable("HTML 200", 200, ""),
		unusable("redirect", 307, ""),
		unusable("HTML 404", 404, ""),
		unusable("HTML 429", 429, ""),
		unusable("HTML 502", 502, ""),
		unusable("bad envelope", 200, "id-1"),
		lost("refused connection", true, 1, syscall.ECONNREFUSED),
		lost("untrusted certificate", true, 1, x509.UnknownAuthorityError{}),
		lost("reset", false, 1, syscall.ECONNRESET),
		lost("timeout", false, 1, context.DeadlineExceeded),
		lost("timeout, not sent", true, 1, context.DeadlineExceeded),
		lost("cancelled", false, 1, context.Canceled),
		lost("cancelled, not sent", true, 1, context.Canceled),
		lost("over before", true, 0, context.DeadlineExceeded),
		failure{"not the SDK's", func(string) error { return errors.New("disk full") }},
		failure{"not the SDK's, ctx", func(string) error { return context.Canceled }},
	)
}

// The table is to be read line by line, like code: -update only writes down what the package
// says. TestRulesOfTheTable and the document below hold it to what it must say.
func TestEveryOperationAndFailure(t *testing.T) {
	var table strings.Builder
	writeTable(t, &table)
	if updating() {
		require.NoError(t, os.WriteFile(tableFile, []byte(table.String()), 0o600))
	}
	want, err := os.ReadFile(tableFile)
	require.NoError(t, err)
	assert.Equal(t, string(want), table.String(), "go test ./advice -update writes it")
}

func writeTable(t *testing.T, w io.Writer) {
	t.Helper()
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(columns, "operation\tfailure\twhose\taction\twait\tstatus\tfield\tname")
	for _, operation := range operations {
		for _, f := range failures() {
			a := advice.Of(fmt.Errorf("handler: %w", f.of(operation)))
			_, err := fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%v\t%d\t%s\t%s\n", operation, f.name, a.Whose,
				orDash(string(a.Action)), a.Wait, a.Status, orDash(a.Field), a.Name)
			require.NoError(t, err)
		}
	}
	require.NoError(t, columns.Flush())
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// A cell is one failure of one operation.
type cell struct {
	name    string
	failure string
	err     error
	advice  advice.Advice
}

func everything() []cell {
	var all []cell
	for _, operation := range operations {
		for _, f := range failures() {
			err := f.of(operation)
			all = append(all, cell{operation + "/" + f.name, f.name, err, advice.Of(err)})
		}
	}
	return all
}

// What the table has to say whatever else it says.
func TestRulesOfTheTable(t *testing.T) {
	for _, c := range everything() {
		t.Run(c.name, func(t *testing.T) { holdToTheRules(t, c.err, c.advice) })
	}
}

func holdToTheRules(t *testing.T, err error, a advice.Advice) {
	t.Helper()
	assert.NotEmpty(t, a.Name)
	assert.NotEmpty(t, a.Whose)
	assert.NotEmpty(t, a.Sentence.Chinese)
	assert.NotEmpty(t, a.Sentence.English)
	assert.Equal(t, openplatform.OutcomeOf(err), a.Outcome)
	assert.Equal(t, openplatform.OperationOf(err), a.Operation)
	assert.Equal(t, openplatform.RequestIDOf(err), a.RequestID)

	if a.Status == 401 {
		require.ErrorIs(t, err, openplatform.ErrInvalidToken)
		assert.Equal(t, advice.ActionLogIn, a.Action)
	}
	isSetup := a.Whose == advice.WhoseSetup
	assert.Equal(t, isSetup, a.Status == 500, "a status 500 is a mistake of the set-up, and only that")
	if isSetup {
		assert.Contains(t, []advice.Action{advice.ActionFixSetup, advice.ActionCheckToken}, a.Action)
		assert.Zero(t, a.Wait)
	}
	if code := new(openplatform.APIError); errors.As(err, &code) && code.Code.AboutCredentials() {
		assert.True(t, isSetup, "credentials")
	}
	if a.Action == advice.ActionCorrect {
		assert.Equal(t, advice.WhosePerson, a.Whose)
	}
	if a.Operation == "SendSmsCode" && a.Outcome == openplatform.OutcomeUnknown && !isSetup {
		assert.Equal(t, advice.ActionWaitForSMS, a.Action)
		assert.GreaterOrEqual(t, a.Wait, time.Minute)
	}
	if a.Operation == "SendSmsCode" && a.Outcome == openplatform.OutcomeRejected {
		assert.NotEqual(t, advice.ActionTryAgain, a.Action, "the picture is used up")
	}
}

// docs/reliability.md is the source of truth of what to do after an unknown outcome.
func TestUnknownOutcomesAreThoseOfTheDocument(t *testing.T) {
	document, err := os.ReadFile("../docs/reliability.md")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(document), "| operation | after `OutcomeUnknown` | advice |\n|---|---|---|\n")
	require.True(t, found)
	table, _, _ = strings.Cut(table, "\n\n")
	documented := map[string]string{}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, " | ")
		require.Len(t, cells, 3, row)
		documented[strings.Trim(cells[0], "| `")] = strings.Trim(cells[2], " |\n")
	}
	assert.Len(t, documented, 9, "the operations that change something")

	for _, c := range everything() {
		a := c.advice
		unknown := a.Outcome == openplatform.OutcomeUnknown && a.Whose != advice.WhoseSetup && a.Operation != ""
		if !unknown || c.failure == "HTML 429" { // another outcome, or a longer wait
			continue
		}
		want, mutates := documented[a.Operation]
		switch {
		case a.Operation == "CloseAccount":
			want = "``" // nothing is known of it
		case !mutates:
			want = "`try_again`" // it changes nothing
		}
		got := "`" + string(a.Action) + "`"
		if a.Wait > 0 {
			got += ", " + a.Wait.String()
		}
		assert.Equal(t, want, got, c.name)
		assert.Equal(t, advice.NameUnknown, a.Name, c.name)
	}
}
