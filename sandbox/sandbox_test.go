package sandbox_test

import (
	"cmp"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// wireName is the x in 参数[x]不能为空.
var wireName = regexp.MustCompile(`\[\w+\]`)

const uuidV4 = `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`

func TestSuccessEnvelope(t *testing.T) {
	r := newRig(t)

	out := r.post(smsCodePath, r.smsBody(mobile))

	assert.Equal(t, http.StatusOK, out.status)
	assert.Equal(t, "application/json;charset=UTF-8", out.header.Get("Content-Type"))
	assert.Regexp(t, uuidV4, out.RequestID)
	assert.JSONEq(t, `{"request_id": "`+out.RequestID+`", "code": "000", "msg": "成功", "data": true}`, out.body)
}

func TestRequestThatNoServerRead(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, checkTokenPath+"?token=A", nil)
	require.NoError(t, err)
	w := httptest.NewRecorder()

	sandbox.New().ServeHTTP(w, request)

	assert.Contains(t, w.Body.String(), `"401004"`)
}

// refusal is a request that the sandbox has to refuse.
type refusal struct {
	name   string
	method string // POST unless given
	path   string // SendSmsCode's unless given
	body   func(r *rig) string
	code   string
	msg    string
	status int // with WithHTTPStatus
}

func body(text string) func(*rig) string {
	return func(*rig) string { return text }
}

// fields is the body of a POST, by wire names and values.
func fields(namesAndValues ...string) func(*rig) string {
	_, _, text := request("", namesAndValues...)
	return body(text)
}

func refusals() []refusal {
	return slices.Concat(commonRefusals(), accountRefusals(), loginRefusals(), ssoRefusals())
}

func commonRefusals() []refusal {
	return []refusal{
		{name: "unknown path", path: "/oauth/api/account/nothing", body: body(`{}`), code: "404001", msg: "接口不存在", status: 404},
		{name: "wrong method", method: http.MethodGet, body: body(``), code: "404001", msg: "接口不存在", status: 404},
		{name: "trailing slash", path: imgCodePath + "/", body: body(``), code: "404001", msg: "接口不存在", status: 404},

		{name: "empty body", body: body(``), code: "400003", msg: "入参解析异常", status: 400},
		{name: "not JSON", body: body(`mobile=13900001111`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "truncated JSON", body: body(`{"mobile": "139`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "two JSON objects", body: body(`{}{}`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "array", body: body(`[]`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "null", body: body(`null`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "picture asked with an array", path: imgCodePath, body: body(`[]`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "numeric mobile", body: body(`{"mobile": 13900001111}`), code: "400003", msg: "入参解析异常", status: 400},
		{name: "object for a code", body: body(`{"mobile": "1", "img_code_id": {}}`), code: "400003", msg: "入参解析异常", status: 400},
		{
			name: "body over 64 KiB", body: func(r *rig) string {
				return r.smsBody(mobile) + strings.Repeat(" ", 64<<10)
			},
			code: "400003", msg: "入参解析异常", status: 400,
		},

		{
			name: "query over 64 KiB", method: http.MethodGet, path: checkTokenPath + "?token=" + strings.Repeat("t", 64<<10),
			body: body(``), code: "400003", msg: "入参解析异常", status: 400,
		},

		{name: "no mobile", body: body(`{}`), code: "400", msg: "参数[mobile]不能为空", status: 400},
		{name: "empty mobile", body: body(`{"mobile": ""}`), code: "400", msg: "参数[mobile]不能为空", status: 400},
		{name: "null mobile", body: body(`{"mobile": null}`), code: "400", msg: "参数[mobile]不能为空", status: 400},
		{name: "name in the wrong case", body: body(`{"Mobile": "1"}`), code: "400", msg: "参数[mobile]不能为空", status: 400},
		{name: "no img_code_id", body: body(`{"mobile": "1"}`), code: "400", msg: "参数[img_code_id]不能为空", status: 400},
		{name: "no img_code", body: body(smsBody("1", "A", "", "")), code: "400", msg: "参数[img_code]不能为空", status: 400},
		{name: "no sms_type", body: body(smsBody("1", "A", "B", "")), code: "400", msg: "参数[sms_type]不能为空", status: 400},

		{
			name: "mobile over 32 characters", body: body(smsBody(strings.Repeat("长", 33), "A", "B", "LOGIN")),
			code: sandbox.CodeInvalidLength, msg: "参数[mobile]长度不正确", status: 400,
		},
		{
			name: "unknown sms_type", body: body(smsBody(mobile, "A", "B", "login")),
			code: sandbox.CodeInvalidSmsType, msg: "短信类型不正确", status: 400,
		},
		{
			name: "unknown picture", body: body(smsBody(mobile, "A", "B", "LOGIN")),
			code: sandbox.CodeImgCodeGone, msg: "图形验证码已失效", status: 400,
		},
		{
			name: "wrong picture code", body: func(r *rig) string {
				id, _ := r.newPicture()
				return smsBody(mobile, id, "0000", "LOGIN")
			},
			code: sandbox.CodeWrongImgCode, msg: "图形验证码错误", status: 400,
		},
		{
			name: "throttled phone", body: func(r *rig) string {
				require.Equal(r.t, "000", r.post(smsCodePath, r.smsBody(otherMobile)).Code)
				return r.smsBody(otherMobile)
			},
			code: sandbox.CodeTooManySms, msg: "短信发送过于频繁，请稍后再试", status: 429,
		},
	}
}

func TestRefusals(t *testing.T) {
	modes := []struct {
		name   string
		opts   []sandbox.Option
		status func(c refusal) int
	}{
		{name: "HTTP 200", status: func(refusal) int { return http.StatusOK }},
		{
			name: "HTTP status", opts: []sandbox.Option{sandbox.WithHTTPStatus()},
			status: func(c refusal) int { return c.status },
		},
	}
	for _, mode := range modes {
		for _, c := range refusals() {
			t.Run(mode.name+"/"+c.name, func(t *testing.T) {
				r := newRig(t, mode.opts...)
				method, path := http.MethodPost, smsCodePath
				if c.method != "" {
					method = c.method
				}
				if c.path != "" {
					path = c.path
				}

				out := r.exchange(method, path, c.body(r))

				assert.Equal(t, c.code, out.Code)
				assert.Equal(t, c.msg, out.Msg)
				assert.Equal(t, "null", string(out.Data))
				assert.Equal(t, mode.status(c), out.status)
				assert.Regexp(t, uuidV4, out.RequestID)
				assert.Empty(t, r.Outbox(mobile))
				assert.Equal(t, c.code, r.last().Code)
				assert.False(t, r.last().CarriedOut)
			})
		}
	}
}

// The documentation is all a user has to tell an assumption from a fact: it must list every code as it is answered.
func TestPackageDocListsEveryFailure(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(source)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	doc := strings.Join(lines, "\n")

	for _, c := range refusals() {
		msg := wireName.ReplaceAllString(c.msg, "[x]")
		assert.Contains(t, doc, " "+c.code+" "+msg+" ", c.name)
	}
	for name, code := range map[string]string{
		"CodeWrongImgCode":      sandbox.CodeWrongImgCode,
		"CodeImgCodeGone":       sandbox.CodeImgCodeGone,
		"CodeInvalidSmsType":    sandbox.CodeInvalidSmsType,
		"CodeWrongSmsCode":      sandbox.CodeWrongSmsCode,
		"CodeSmsCodeGone":       sandbox.CodeSmsCodeGone,
		"CodeUsernameTaken":     sandbox.CodeUsernameTaken,
		"CodeEmailTaken":        sandbox.CodeEmailTaken,
		"CodeMobileTaken":       sandbox.CodeMobileTaken,
		"CodeInvalidActivation": sandbox.CodeInvalidActivation,
		"CodeInvalidLength":     sandbox.CodeInvalidLength,
		"CodeWrongPassword":     sandbox.CodeWrongPassword,
		"CodeUnknownMobile":     sandbox.CodeUnknownMobile,
		"CodeTooManySms":        sandbox.CodeTooManySms,
	} {
		assert.Contains(t, doc, name+" "+code+" ")
		assert.True(t, slices.ContainsFunc(refusals(), func(c refusal) bool { return c.code == code }), name)
	}
	paths := []string{
		registerPath, loginPath, imgCodePath, activatePath, smsCodePath, mobileLoginPath,
		resetPasswordPath, logoutPath, checkTokenPath, accessTokenPath, ticketPath, accountPath,
	}
	for _, path := range paths {
		method := cmp.Or(methods[path], http.MethodPost)
		assert.Contains(t, doc, " "+method+" "+path+"\n")
	}
}

func TestClock(t *testing.T) {
	sb := sandbox.New()
	assert.WithinDuration(t, time.Now(), sb.Now(), time.Second)

	sb.Advance(time.Hour)
	sb.Advance(-time.Minute)
	assert.WithinDuration(t, time.Now().Add(time.Hour), sb.Now(), time.Second)
}

// However far it is told to go, the clock stops where its times can still be written.
func TestClockEndsInAHundredYears(t *testing.T) {
	const century = 36_500 * 24 * time.Hour
	r := newRig(t)
	r.newAccount()
	token := r.newToken()
	before := r.Now()

	for range 3 {
		r.Advance(math.MaxInt64)
		assert.False(t, r.Now().Before(before), "the clock goes back")
		before = r.Now()
	}
	r.Advance(1)

	assert.WithinDuration(t, time.Now().Add(century), r.Now(), 5*time.Second)
	assert.Equal(t, "401004", r.code(checkTokenPath, "token", token), "everything has expired")
	expired := r.field("expired", accessTokenPath, "client_id", sandbox.DemoClientID, "client_secret", sandbox.DemoClientSecret)
	assert.Len(t, expired, len(time.DateTime), "a year of four digits")
	assert.InDelta(t, sandbox.AccessTokenLifetime, r.expiresIn(expired), float64(10*time.Second))
	raw, err := json.Marshal(r.last())
	require.NoError(t, err)
	var entry sandbox.Entry
	require.NoError(t, json.Unmarshal(raw, &entry))
	assert.True(t, entry.At.Equal(r.last().At))
	assert.True(t, time.Unix(0, entry.At.UnixNano()).Equal(entry.At), "a time that nanoseconds cannot carry")
}

// On the way to the end, no step is lost but what goes beyond.
func TestClockGoesAllTheWay(t *testing.T) {
	const century = 36_500 * 24 * time.Hour
	sb := sandbox.New()
	sb.Advance(century - time.Hour)
	assert.WithinDuration(t, time.Now().Add(century-time.Hour), sb.Now(), 5*time.Second)

	sb.Advance(2 * time.Hour)
	assert.WithinDuration(t, time.Now().Add(century), sb.Now(), 5*time.Second)
}

// A load test of hours must not eat the machine. Nothing is drawn here: the pictures' answers are all replaced.
func TestMemoryIsBounded(t *testing.T) {
	const kept = 100_000
	sb := sandbox.New()
	post := func(path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body))
		sb.ServeHTTP(w, r)
		return w
	}
	picture := func() (id, code string) {
		answer := post(imgCodePath, "").Body.String()
		_, rest, found := strings.Cut(answer, `"img_code_id":"`)
		require.True(t, found, answer)
		return rest[:6], sb.SolveImgCode(rest[:6])
	}

	id, code := picture()
	require.Contains(t, post(smsCodePath, smsBody(mobile, id, code, "LOGIN")).Body.String(), `"000"`)
	id, code = picture()
	keptID, keptCode := picture()
	undrawn := sb.Order(sandbox.Fault{Operation: "GetImgCode", After: true, HTTPStatus: http.StatusNoContent})
	for range kept - 1 {
		post(imgCodePath, "")
	}
	undrawn.Cancel()

	assert.Len(t, sb.Ledger(), kept)
	assert.Equal(t, "GetImgCode", sb.Ledger()[0].Operation)
	assert.NotEmpty(t, code)
	assert.Empty(t, sb.SolveImgCode(id), "the oldest picture is forgotten")
	assert.Equal(t, keptCode, sb.SolveImgCode(keptID), "the next is not")
	assert.Len(t, sb.Outbox(mobile), 1)
}
