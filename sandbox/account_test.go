package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// registration has the fields of a request to Register; changed ones take the place of the usual ones.
func registration(code string, changed ...string) []string {
	usual := []string{"username", username, "email", email, "mobile", mobile, "code", code, "password", password}
	return append(usual, changed...)
}

func accountRefusals() []refusal {
	const tooShort, tooLong = "zhang", "zhangsan-zhangsan-zha"
	long := strings.Repeat("长", 256)
	taken := func(changed ...string) func(*rig) string {
		return func(r *rig) string {
			r.newAccount()
			free := []string{"username", "lisi-lisi", "email", "lisi@example.com", "mobile", otherMobile}
			_, _, text := request(registerPath, append(registration("34fy", free...), changed...)...)
			return text
		}
	}
	return []refusal{
		{name: "register: no username", path: registerPath, body: fields(), code: "400", msg: "参数[username]不能为空", status: 400},
		{
			name: "register: no email", path: registerPath, body: fields(registration("34fy", "email", "")...),
			code: "400", msg: "参数[email]不能为空", status: 400,
		},
		{
			name: "register: no mobile", path: registerPath, body: fields(registration("34fy", "mobile", "")...),
			code: "400", msg: "参数[mobile]不能为空", status: 400,
		},
		{name: "register: no code", path: registerPath, body: fields(registration("")...), code: "400", msg: "参数[code]不能为空", status: 400},
		{
			name: "register: no password", path: registerPath, body: fields(registration("34fy", "password", "")...),
			code: "400", msg: "参数[password]不能为空", status: 400,
		},
		{name: "register: array", path: registerPath, body: body(`[]`), code: "400003", msg: "入参解析异常", status: 400},

		{
			name: "register: short username", path: registerPath, body: fields(registration("34fy", "username", tooShort)...),
			code: sandbox.CodeInvalidLength, msg: "参数[username]长度不正确", status: 400,
		},
		{
			name: "register: long username", path: registerPath, body: fields(registration("34fy", "username", tooLong)...),
			code: sandbox.CodeInvalidLength, msg: "参数[username]长度不正确", status: 400,
		},
		{
			name: "register: long email", path: registerPath, body: fields(registration("34fy", "email", long)...),
			code: sandbox.CodeInvalidLength, msg: "参数[email]长度不正确", status: 400,
		},
		{
			name: "register: long mobile", path: registerPath, body: fields(registration("34fy", "mobile", tooLong)...),
			code: sandbox.CodeInvalidLength, msg: "参数[mobile]长度不正确", status: 400,
		},
		{
			name: "register: short code", path: registerPath, body: fields(registration("34f")...),
			code: sandbox.CodeInvalidLength, msg: "参数[code]长度不正确", status: 400,
		},
		{
			name: "register: long code", path: registerPath, body: fields(registration("34fyy")...),
			code: sandbox.CodeInvalidLength, msg: "参数[code]长度不正确", status: 400,
		},
		{
			name: "register: long password", path: registerPath, body: fields(registration("34fy", "password", tooLong)...),
			code: sandbox.CodeInvalidLength, msg: "参数[password]长度不正确", status: 400,
		},

		{
			name: "register: taken username", path: registerPath, body: taken("username", username),
			code: sandbox.CodeUsernameTaken, msg: "用户名已存在", status: 400,
		},
		{
			name: "register: taken email", path: registerPath, body: taken("email", email),
			code: sandbox.CodeEmailTaken, msg: "邮箱已被注册", status: 400,
		},
		{
			name: "register: taken mobile", path: registerPath, body: taken("mobile", mobile),
			code: sandbox.CodeMobileTaken, msg: "手机号已被注册", status: 400,
		},
		{
			name: "register: username that is another's mobile", path: registerPath, body: taken("username", mobile),
			code: sandbox.CodeUsernameTaken, msg: "用户名已存在", status: 400,
		},
		{
			name: "register: no SMS sent", path: registerPath, body: fields(registration("34fy")...),
			code: sandbox.CodeSmsCodeGone, msg: "短信验证码已失效", status: 400,
		},
		{
			name: "register: wrong SMS code", path: registerPath, body: func(r *rig) string {
				r.newSmsCode(otherMobile, "REGISTER")
				_, _, text := request(registerPath, registration("0000", "mobile", otherMobile)...)
				return text
			},
			code: sandbox.CodeWrongSmsCode, msg: "短信验证码错误", status: 400,
		},

		{name: "activate: no token", method: "GET", path: activatePath, body: body(""), code: "400", msg: "参数[token]不能为空", status: 400},
		{
			name: "activate: unknown token", method: "GET", path: activatePath + "?token=A", body: body(""),
			code: sandbox.CodeInvalidActivation, msg: "激活链接已失效", status: 400,
		},

		{name: "reset: no token", path: resetPasswordPath, body: fields(), code: "400", msg: "参数[token]不能为空", status: 400},
		{name: "reset: no password", path: resetPasswordPath, body: fields("token", "A"), code: "400", msg: "参数[password]不能为空", status: 400},
		{
			name: "reset: long password", path: resetPasswordPath, body: fields("token", "A", "password", tooLong),
			code: sandbox.CodeInvalidLength, msg: "参数[password]长度不正确", status: 400,
		},
		{
			name: "reset: unknown token", path: resetPasswordPath, body: fields("token", "A", "password", "B"),
			code: "401004", msg: "无效的token", status: 401,
		},
	}
}

func TestRegister(t *testing.T) {
	r := newRig(t)
	code := r.newSmsCode(mobile, "REGISTER")

	out := r.send(registerPath, registration(code)...)

	require.Equal(t, "000", out.Code)
	var data map[string]string
	require.NoError(t, json.Unmarshal(out.Data, &data))
	assert.Regexp(t, `^[A-Za-z0-9]{28}$`, data["open_id"])
	assert.Equal(t, map[string]string{"username": username, "email": email, "mobile": mobile, "open_id": data["open_id"]}, data)
	assert.Equal(t, mobile, r.last().Mobile)
	assert.True(t, r.last().CarriedOut)

	mails := r.Mailbox(email)
	require.Len(t, mails, 1)
	assert.Equal(t, email, mails[0].Email)
	assert.Equal(t, out.RequestID, mails[0].RequestID)
	assert.NotEmpty(t, mails[0].ActivationToken)
	assert.WithinDuration(t, r.Now(), mails[0].SentAt, 5*time.Second)
	assert.Empty(t, r.Mailbox("other@example.com"))

	mails[0].ActivationToken = "changed"
	assert.NotEqual(t, "changed", r.Mailbox(email)[0].ActivationToken, "the mailbox hands out copies")
}

func TestRegisterTakesAllDocumentedLengths(t *testing.T) {
	for name, changed := range map[string][]string{
		"shortest": {"username", "张三李四王五", "email", "a", "mobile", "1", "password", "p"},
		"longest": {
			"username", strings.Repeat("长", 20), "email", strings.Repeat("长", 255),
			"mobile", strings.Repeat("1", 16), "password", strings.Repeat("长", 20),
		},
		"digits alone":     {"username", "123456"},
		"one name for all": {"username", mobile, "email", mobile},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			phone := mobile
			for i := 0; i < len(changed); i += 2 {
				if changed[i] == "mobile" {
					phone = changed[i+1]
				}
			}
			r.must(registerPath, registration(r.newSmsCode(phone, "REGISTER"), changed...)...)
		})
	}
}

func TestRefusedNameLeavesTheSmsCode(t *testing.T) {
	r := newRig(t)
	r.AddAccount(sandbox.Account{Username: username})
	code := r.newSmsCode(mobile, "REGISTER")
	require.Equal(t, sandbox.CodeUsernameTaken, r.code(registerPath, registration(code)...))
	assert.Empty(t, r.Mailbox(email))

	r.must(registerPath, registration(code, "username", "zhangsan2")...)

	assert.Len(t, r.Mailbox(email), 1)
}

func TestRegisterOnceOfFiftyAtOnce(t *testing.T) {
	r := newRig(t)
	code := r.newSmsCode(mobile, "REGISTER")

	codes := r.atOnce(registerPath, registration(code)...)

	assert.Equal(t, map[string]int{"000": 1, sandbox.CodeUsernameTaken: 49}, codes)
	assert.Len(t, r.Mailbox(email), 1)
}

func TestActivate(t *testing.T) {
	r := newRig(t)
	r.must(registerPath, registration(r.newSmsCode(mobile, "REGISTER"))...)
	activation := r.Mailbox(email)[0].ActivationToken
	token := r.newToken()
	assert.Contains(t, r.must(accountPath, "service_ticket", r.newTicket(token)), `"activate":false`)

	codes := r.atOnce(activatePath, "token", activation)

	assert.Equal(t, map[string]int{"000": 1, sandbox.CodeInvalidActivation: 49}, codes)
	assert.Contains(t, r.must(accountPath, "service_ticket", r.newTicket(token)), `"activate":true`)
}

func TestActivationExpires(t *testing.T) {
	r := newRig(t)
	r.must(registerPath, registration(r.newSmsCode(mobile, "REGISTER"))...)
	activation := r.Mailbox(email)[0].ActivationToken

	r.Advance(sandbox.ActivationLifetime)

	assert.Equal(t, sandbox.CodeInvalidActivation, r.code(activatePath, "token", activation))
}

func TestActivateInTime(t *testing.T) {
	r := newRig(t)
	r.must(registerPath, registration(r.newSmsCode(mobile, "REGISTER"))...)

	r.Advance(sandbox.ActivationLifetime - time.Minute)

	assert.Equal(t, "true", r.must(activatePath, "token", r.Mailbox(email)[0].ActivationToken))
}

func TestAddAccount(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()

	assert.JSONEq(t, `{"username": "`+username+`", "email": "`+email+`", "mobile": "`+mobile+`", "activate": true, "open_id": "`+openID+`"}`,
		r.must(accountPath, "service_ticket", r.newTicket(r.newToken())))
	assert.Empty(t, r.Mailbox(email))

	for _, taken := range []sandbox.Account{{Username: username}, {Email: email}, {Mobile: mobile}, {Username: mobile}} {
		assert.Empty(t, r.AddAccount(taken), taken)
	}
	one, other := r.AddAccount(sandbox.Account{Username: "lisi"}), r.AddAccount(sandbox.Account{Mobile: otherMobile})
	assert.NotEqual(t, one, other)
	assert.NotEmpty(t, one)
	assert.NotEmpty(t, other, "names left empty are not taken")
}

func TestResetPassword(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	r.AddAccount(sandbox.Account{Username: "lisi", Password: password})
	others := r.field("token", loginPath, "account", "lisi", "password", password)
	tokens := []string{r.newToken(), r.newToken()}

	assert.Equal(t, "true", r.must(resetPasswordPath, "token", tokens[0], "password", "new-word"))

	for _, token := range tokens {
		assert.Equal(t, "401004", r.code(checkTokenPath, "token", token))
		assert.Equal(t, "401004", r.code(resetPasswordPath, "token", token, "password", "newer-word"))
	}
	assert.Equal(t, "000", r.code(checkTokenPath, "token", others), "another account is not concerned")
	assert.Equal(t, sandbox.CodeWrongPassword, r.code(loginPath, "account", username, "password", password))
	token := r.field("token", loginPath, "account", username, "password", "new-word")
	assert.Equal(t, "000", r.code(checkTokenPath, "token", token))
}

func TestResetOnceOfFiftyAtOnce(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	codes := r.atOnce(resetPasswordPath, "token", r.newToken(), "password", "new-word")
	assert.Equal(t, map[string]int{"000": 1, "401004": 49}, codes)
}
