package sandbox_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func special(mobile string, kind sandbox.SpecialKind) sandbox.SpecialNumber {
	return sandbox.SpecialNumber{Mobile: mobile, Kind: kind}
}

const (
	throttled  = "19900000001"
	wrongCode  = "19900000002"
	answerLost = "19900000003"
	timeout    = "19900000004"
	badGateway = "19900000005"
	fixedCode  = "19900000006"
)

func TestSpecialNumbers(t *testing.T) {
	r := newRig(t)

	assert.Equal(t, sandbox.CodeTooManySms, r.post(smsCodePath, r.smsBody(throttled)).Code)
	assert.Empty(t, r.Outbox(throttled))

	_, err := r.do(http.MethodPost, smsCodePath, r.smsBody(answerLost))
	require.Error(t, err)
	assert.Len(t, r.Outbox(answerLost), 1)
	assert.True(t, r.last().CarriedOut)

	out, err := r.do(http.MethodPost, smsCodePath, r.smsBody(badGateway))
	require.NoError(t, err)
	assert.Equal(t, http.StatusBadGateway, out.status)
	assert.Contains(t, out.body, "<title>502 Bad Gateway</title>")
	assert.Empty(t, r.Outbox(badGateway))

	for range 2 {
		assert.Equal(t, "8888", r.newSmsCode(fixedCode, "REGISTER"))
	}
	r.must(registerPath, "username", username, "email", email, "mobile", fixedCode, "code", "8888", "password", password)
}

func TestSpecialNumberWithAWrongCode(t *testing.T) {
	r := newRig(t)
	code := r.newSmsCode(wrongCode, "REGISTER")
	require.Len(t, r.Outbox(wrongCode), 1, "the SMS is sent")
	assert.Equal(t, sandbox.CodeWrongSmsCode, r.code(registerPath, "username", username, "email", email,
		"mobile", wrongCode, "code", code, "password", password))
	login := r.newSmsCode(wrongCode, "LOGIN")
	assert.Equal(t, sandbox.CodeWrongSmsCode, r.code(mobileLoginPath, "mobile", wrongCode, "code", login, "sms_type", "LOGIN"),
		"even without an account")

	require.True(t, r.RemoveSpecialNumber(wrongCode))
	r.must(registerPath, "username", username, "email", email, "mobile", wrongCode, "code", code, "password", password)
}

// A refusal is no answer to something that happened, so it is not lost.
func TestAnswerIsLostOnlyIfTheSMSWasSent(t *testing.T) {
	r := newRig(t)
	assert.Equal(t, sandbox.CodeImgCodeGone, r.post(smsCodePath, smsBody(answerLost, "A", "B", "LOGIN")).Code)
}

func TestFaultComesBeforeASpecialNumber(t *testing.T) {
	r := newRig(t)
	r.Order(sandbox.Fault{Operation: sandbox.OpSendSmsCode, Times: 1, Code: "500"})
	assert.Equal(t, "500", r.post(smsCodePath, r.smsBody(answerLost)).Code)
}

func TestSpecialNumbersCanBeChanged(t *testing.T) {
	r := newRig(t)
	assert.Equal(t, sandbox.DefaultSpecialNumbers(), r.SpecialNumbers())
	kinds := make(map[sandbox.SpecialKind]bool)
	for _, n := range r.SpecialNumbers() {
		kinds[n.Kind] = true
	}
	for _, kind := range sandbox.SpecialKinds() {
		assert.True(t, kinds[kind], "there is a number of each kind: %s", kind)
	}

	require.NoError(t, r.SetSpecialNumber(special(mobile, sandbox.Throttled)))
	require.NoError(t, r.SetSpecialNumber(sandbox.SpecialNumber{Mobile: throttled, Kind: sandbox.FixedCode, SmsCode: "0000"}))
	assert.Equal(t, sandbox.CodeTooManySms, r.post(smsCodePath, r.smsBody(mobile)).Code)
	assert.Equal(t, "0000", r.newSmsCode(throttled, "LOGIN"))
	assert.Equal(t, special(mobile, sandbox.Throttled), r.SpecialNumbers()[0], "in ascending order")

	assert.True(t, r.RemoveSpecialNumber(mobile))
	assert.False(t, r.RemoveSpecialNumber(mobile))
	assert.Equal(t, "000", r.post(smsCodePath, r.smsBody(mobile)).Code)

	r.Reset()
	assert.Equal(t, sandbox.DefaultSpecialNumbers(), r.SpecialNumbers())
}

func TestImpossibleSpecialNumbers(t *testing.T) {
	r := newRig(t)
	for name, n := range map[string]sandbox.SpecialNumber{
		"no number":                   {Kind: sandbox.Throttled},
		"a long one":                  special(strings.Repeat("1", 33), sandbox.Throttled),
		"no kind":                     {Mobile: mobile},
		"an unknown kind":             special(mobile, "slow"),
		"a fixed code without a code": special(mobile, sandbox.FixedCode),
		"a short code":                {Mobile: mobile, Kind: sandbox.FixedCode, SmsCode: "123"},
		"a code for another kind":     {Mobile: mobile, Kind: sandbox.Throttled, SmsCode: "1234"},
	} {
		require.Error(t, r.SetSpecialNumber(n), name)
	}
	assert.Equal(t, sandbox.DefaultSpecialNumbers(), r.SpecialNumbers())
}
