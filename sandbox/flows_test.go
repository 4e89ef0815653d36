package sandbox_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The flows that the operations make, each from nothing, with no helper of the sandbox's but what a person would read:
// the picture, the SMS and the e-mail.

// registerAccount is the flow of registration.
func (r *rig) registerAccount() (openID string) {
	r.t.Helper()
	code := r.newSmsCode(mobile, "REGISTER")
	openID = r.field("open_id", registerPath, registration(code)...)
	assert.Equal(r.t, "true", r.must(activatePath, "token", r.Mailbox(email)[0].ActivationToken))
	return openID
}

func TestFlowRegister(t *testing.T) {
	r := newRig(t)
	r.registerAccount()

	var operations []string
	for _, e := range r.Ledger() {
		assert.True(t, e.CarriedOut, e.Operation)
		assert.Equal(t, "000", e.Code, e.Operation)
		operations = append(operations, e.Operation)
	}
	assert.Equal(t, []string{"GetImgCode", "SendSmsCode", "Register", "Activate"}, operations)
}

func TestFlowLogin(t *testing.T) {
	r := newRig(t)
	openID := r.registerAccount()

	byPassword := r.newToken()
	byMobile := r.field("token", mobileLoginPath, "mobile", mobile, "code", r.newSmsCode(mobile, "LOGIN"), "sms_type", "LOGIN")

	for _, token := range []string{byPassword, byMobile} {
		assert.Equal(t, openID, r.field("open_id", accountPath, "service_ticket", r.newTicket(token)))
		assert.Equal(t, "true", r.must(logoutPath, "token", token))
		assert.Equal(t, "401004", r.code(checkTokenPath, "token", token))
	}
}

func TestFlowResetPassword(t *testing.T) {
	r := newRig(t)
	openID := r.registerAccount()
	code := r.newSmsCode(mobile, "RESET_PASSWORD")
	token := r.field("token", mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "RESET_PASSWORD")

	assert.Equal(t, "true", r.must(resetPasswordPath, "token", token, "password", "new-word"))

	assert.Equal(t, openID, r.field("open_id", loginPath, "account", email, "password", "new-word"))
}

func TestFlowSingleSignOn(t *testing.T) {
	r := newRig(t)
	openID := r.registerAccount()
	token := r.newToken()

	assert.Equal(t, "null", r.must(checkTokenPath, "token", token))
	ticket := r.field("service_ticket", ticketPath, "access_token", r.newAccessToken(), "token", token)

	assert.JSONEq(t, `{
		"username": "zhangsan", "email": "zhangsan@example.com", "mobile": "13900001111",
		"activate": true, "open_id": "`+openID+`"
	}`, r.must(accountPath, "service_ticket", ticket))
}
