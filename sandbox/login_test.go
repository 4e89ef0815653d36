package sandbox_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

func loginRefusals() []refusal {
	const tooLong = "zhangsan-zhangsan-zha"
	byMobile := func(mobile, code, smsType string) func(*rig) string {
		return fields("mobile", mobile, "code", code, "sms_type", smsType)
	}
	return []refusal{
		{name: "login: no account", path: loginPath, body: fields(), code: "400", msg: "参数[account]不能为空", status: 400},
		{name: "login: no password", path: loginPath, body: fields("account", "A"), code: "400", msg: "参数[password]不能为空", status: 400},
		{name: "login: number", path: loginPath, body: body(`{"account": 1}`), code: "400003", msg: "入参解析异常", status: 400},
		{
			name: "login: long password", path: loginPath, body: fields("account", "A", "password", tooLong),
			code: sandbox.CodeInvalidLength, msg: "参数[password]长度不正确", status: 400,
		},
		{
			name: "login: unknown account", path: loginPath, body: fields("account", "A", "password", "B"),
			code: sandbox.CodeWrongPassword, msg: "账号或密码错误", status: 401,
		},
		{
			name: "login: wrong password", path: loginPath, body: func(r *rig) string {
				r.newAccount()
				return `{"account": "` + username + `", "password": "wrong"}`
			},
			code: sandbox.CodeWrongPassword, msg: "账号或密码错误", status: 401,
		},

		{name: "mobile login: no mobile", path: mobileLoginPath, body: fields(), code: "400", msg: "参数[mobile]不能为空", status: 400},
		{
			name: "mobile login: no code", path: mobileLoginPath, body: byMobile(mobile, "", "LOGIN"),
			code: "400", msg: "参数[code]不能为空", status: 400,
		},
		{
			name: "mobile login: no sms_type", path: mobileLoginPath, body: byMobile(mobile, "34fy", ""),
			code: "400", msg: "参数[sms_type]不能为空", status: 400,
		},
		{
			name: "mobile login: long mobile", path: mobileLoginPath, body: byMobile(tooLong, "34fy", "LOGIN"),
			code: sandbox.CodeInvalidLength, msg: "参数[mobile]长度不正确", status: 400,
		},
		{
			name: "mobile login: short code", path: mobileLoginPath, body: byMobile(mobile, "34f", "LOGIN"),
			code: sandbox.CodeInvalidLength, msg: "参数[code]长度不正确", status: 400,
		},
		{
			name: "mobile login: unknown sms_type", path: mobileLoginPath, body: byMobile(mobile, "34fy", "OTHER"),
			code: sandbox.CodeInvalidSmsType, msg: "短信类型不正确", status: 400,
		},
		{
			name: "mobile login: REGISTER", path: mobileLoginPath, body: byMobile(mobile, "34fy", "REGISTER"),
			code: sandbox.CodeInvalidSmsType, msg: "短信类型不正确", status: 400,
		},
		{
			name: "mobile login: no such account", path: mobileLoginPath, body: byMobile(mobile, "34fy", "LOGIN"),
			code: sandbox.CodeUnknownMobile, msg: "手机号未注册", status: 404,
		},
		{
			name: "mobile login: mobile that is a username", path: mobileLoginPath, body: func(r *rig) string {
				r.AddAccount(sandbox.Account{Username: otherMobile})
				return byMobile(otherMobile, "34fy", "LOGIN")(r)
			},
			code: sandbox.CodeUnknownMobile, msg: "手机号未注册", status: 404,
		},
		{
			name: "mobile login: no SMS sent", path: mobileLoginPath, body: func(r *rig) string {
				r.newAccount()
				return byMobile(mobile, "34fy", "LOGIN")(r)
			},
			code: sandbox.CodeSmsCodeGone, msg: "短信验证码已失效", status: 400,
		},
		{
			name: "mobile login: wrong SMS code", path: mobileLoginPath, body: func(r *rig) string {
				r.AddAccount(sandbox.Account{Mobile: otherMobile})
				r.newSmsCode(otherMobile, "LOGIN")
				return byMobile(otherMobile, "0000", "LOGIN")(r)
			},
			code: sandbox.CodeWrongSmsCode, msg: "短信验证码错误", status: 400,
		},

		{name: "logout: no token", method: "GET", path: logoutPath, body: body(""), code: "400", msg: "参数[token]不能为空", status: 400},
		{
			name: "logout: unknown token", method: "GET", path: logoutPath + "?token=A", body: body(""),
			code: "401004", msg: "无效的token", status: 401,
		},
		{name: "logout: POST", path: logoutPath, body: fields("token", "A"), code: "404001", msg: "接口不存在", status: 404},
	}
}

func TestLoginWithEachName(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()
	tokens := make(map[string]bool)
	for _, name := range []string{username, email, mobile} {
		out := r.send(loginPath, "account", name, "password", password)
		require.Equal(t, "000", out.Code)
		assert.Regexp(t, `^\{"open_id":"`+openID+`","token":"[A-Za-z0-9]{32}"\}$`, string(out.Data))
		tokens[string(out.Data)] = true
	}
	assert.Len(t, tokens, 3, "every login has a token of its own")
	assert.Equal(t, sandbox.CodeWrongPassword, r.code(loginPath, "account", "ZhangSan", "password", password))
}

func TestLogout(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	token, other := r.newToken(), r.newToken()
	assert.Equal(t, "null", r.must(checkTokenPath, "token", token))

	codes := r.atOnce(logoutPath, "token", token)

	assert.Equal(t, map[string]int{"000": 1, "401004": 49}, codes)
	assert.Equal(t, "401004", r.code(checkTokenPath, "token", token))
	assert.Equal(t, "true", r.must(logoutPath, "token", other), "another login is not concerned")
}

func TestTokenExpires(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	token := r.newToken()

	r.Advance(sandbox.TokenLifetime - time.Minute)
	require.Equal(t, "000", r.code(checkTokenPath, "token", token))

	r.Advance(time.Minute)
	for path, fields := range map[string][]string{
		checkTokenPath:    {"token", token},
		logoutPath:        {"token", token},
		resetPasswordPath: {"token", token, "password", "new-word"},
		ticketPath:        {"token", token, "access_token", r.newAccessToken()},
	} {
		assert.Equal(t, "401004", r.code(path, fields...), path)
	}
}

func TestSmsCodeIsForOnePhoneAndType(t *testing.T) {
	r := newRig(t)
	openID := r.newAccount()
	r.AddAccount(sandbox.Account{Mobile: otherMobile})
	codes := map[string]string{
		"LOGIN":          r.newSmsCode(mobile, "LOGIN"),
		"RESET_PASSWORD": r.newSmsCode(mobile, "RESET_PASSWORD"),
	}
	require.Equal(t, sandbox.CodeSmsCodeGone, r.code(mobileLoginPath, "mobile", otherMobile, "code", codes["LOGIN"], "sms_type", "LOGIN"))
	require.Equal(t, sandbox.CodeSmsCodeGone, r.code(registerPath, "username", "lisi-lisi", "email", "lisi@example.com",
		"mobile", "13900003333", "code", codes["LOGIN"], "password", password))

	for smsType, code := range codes {
		assert.Equal(t, openID, r.field("open_id", mobileLoginPath, "mobile", mobile, "code", code, "sms_type", smsType), smsType)
		assert.Equal(t, sandbox.CodeSmsCodeGone, r.code(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", smsType), "used")
	}
}

func TestSmsCodeOfAnotherTypeIsNoCode(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	code := r.newSmsCode(mobile, "REGISTER")
	assert.Equal(t, sandbox.CodeSmsCodeGone, r.code(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "LOGIN"))
}

func TestNewestSmsCodeCounts(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	older := r.newSmsCode(mobile, "LOGIN")
	newer := r.newSmsCode(mobile, "LOGIN")
	for newer == older { // one in a million
		newer = r.newSmsCode(mobile, "LOGIN")
	}

	assert.Equal(t, sandbox.CodeWrongSmsCode, r.code(mobileLoginPath, "mobile", mobile, "code", older, "sms_type", "LOGIN"))
	assert.Equal(t, "000", r.code(mobileLoginPath, "mobile", mobile, "code", newer, "sms_type", "LOGIN"))
}

func TestSmsCodeExpires(t *testing.T) {
	r := newRig(t)
	r.newAccount()

	code := r.newSmsCode(mobile, "LOGIN")
	r.Advance(sandbox.SmsCodeLifetime - time.Minute)
	assert.Equal(t, "000", r.code(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "LOGIN"))

	code = r.newSmsCode(mobile, "LOGIN")
	r.Advance(sandbox.SmsCodeLifetime)
	assert.Equal(t, sandbox.CodeSmsCodeGone, r.code(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "LOGIN"))
}

func TestGuessingAtAnSmsCode(t *testing.T) {
	for name, tt := range map[string]struct {
		guesses int
		want    string
	}{
		"one too few": {guesses: sandbox.SmsCodeGuesses - 1, want: "000"},
		"too many":    {guesses: sandbox.SmsCodeGuesses, want: sandbox.CodeSmsCodeGone},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.newAccount()
			code := r.newSmsCode(mobile, "LOGIN")
			for range tt.guesses {
				require.Equal(t, sandbox.CodeWrongSmsCode, r.code(mobileLoginPath, "mobile", mobile, "code", "0000", "sms_type", "LOGIN"))
				require.False(t, r.last().CarriedOut)
			}
			assert.Equal(t, tt.want, r.code(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "LOGIN"))
		})
	}
}

func TestSmsCodeIgnoresCase(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	code := r.newSmsCode(mobile, "LOGIN")
	r.must(mobileLoginPath, "mobile", mobile, "code", strings.ToUpper(code), "sms_type", "LOGIN")
}

func TestOneSmsCodeForFiftyRequestsAtOnce(t *testing.T) {
	r := newRig(t)
	r.newAccount()
	code := r.newSmsCode(mobile, "LOGIN")
	codes := r.atOnce(mobileLoginPath, "mobile", mobile, "code", code, "sms_type", "LOGIN")
	assert.Equal(t, map[string]int{"000": 1, sandbox.CodeSmsCodeGone: 49}, codes)
}
