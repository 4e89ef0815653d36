package control_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

func TestSMS(t *testing.T) {
	r := newRig(t, control.Config{})
	before := r.listSMS("/_sandbox/sms").LastID
	first := r.sendSMS("", mobile, openplatform.SmsTypeRegister)
	second := r.sendSMS("", otherMobile, openplatform.SmsTypeLogin)

	all := r.listSMS("/_sandbox/sms")
	assert.Equal(t, []sandbox.SMS{second, first}, all.SMS)
	assert.GreaterOrEqual(t, all.LastID, second.ID)
	assert.Greater(t, first.ID, before)
	for query, want := range map[string][]sandbox.SMS{
		"mobile=" + mobile:                     {first},
		"sms_type=LOGIN":                       {second},
		fmt.Sprint("after=", first.ID):         {second},
		fmt.Sprint("before=", second.ID):       {first},
		fmt.Sprint("after=", all.LastID):       {},
		"limit=1":                              {second},
		"mobile=" + mobile + "&sms_type=LOGIN": {},
	} {
		assert.Equal(t, want, r.listSMS("/_sandbox/sms?"+query).SMS, query)
	}

	var got sandbox.SMS
	r.get(fmt.Sprint("/_sandbox/sms/", first.ID)).json(http.StatusOK, &got)
	assert.Equal(t, first, got)
	r.get(fmt.Sprint("/_sandbox/sms/", before)).fails(http.StatusNotFound, "no SMS has this id")
	r.get("/_sandbox/sms/latest").json(http.StatusOK, &got)
	assert.Equal(t, second, got)
	r.get("/_sandbox/sms/latest?mobile=1").fails(http.StatusNotFound, "use wait=10s to wait for one")
	r.get("/_sandbox/emails/latest?email=a").fails(http.StatusNotFound, "use wait=10s to wait for one")
	r.get("/_sandbox/emails/1").fails(http.StatusNotFound, "no e-mail has this id")
}

func TestWaitingForAnSMS(t *testing.T) {
	r := newRig(t, control.Config{})
	old := r.sendSMS("", mobile, openplatform.SmsTypeRegister)
	after := r.listSMS("/_sandbox/sms").LastID
	r.unnamed.Advance(sandbox.SMSInterval)
	got := make(chan smsList, 2)
	for _, path := range []string{"/_sandbox/sms?mobile=%s&after=%d&wait=30s", "/_sandbox/sms?mobile=%s&after=%d&wait=30s&sms_type=LOGIN"} {
		go func() { got <- r.listSMS(fmt.Sprintf(path, mobile, after)) }()
	}
	latest := make(chan sandbox.SMS, 1)
	go func() {
		var sms sandbox.SMS
		r.get(fmt.Sprintf("/_sandbox/sms/latest?mobile=%s&after=%d&wait=30s", mobile, after)).json(http.StatusOK, &sms)
		latest <- sms
	}()
	r.sendSMS("", otherMobile, openplatform.SmsTypeRegister)
	assert.Equal(t, []sandbox.SMS{old}, r.listSMS("/_sandbox/sms?wait=30s&mobile="+mobile).SMS, "what is there is not waited for")
	sms := r.sendSMS("", mobile, openplatform.SmsTypeLogin)
	for range 2 {
		list := <-got
		assert.Equal(t, []sandbox.SMS{sms}, list.SMS)
		assert.GreaterOrEqual(t, list.LastID, sms.ID)
	}
	assert.Equal(t, sms, <-latest)
	assert.Empty(t, r.listSMS(fmt.Sprint("/_sandbox/sms?wait=10ms&after=", r.unnamed.LastID())).SMS, "the time is up")
}

func TestWaitingForAnEmail(t *testing.T) {
	r := newRig(t, control.Config{})
	got := make(chan string)
	go func() { got <- r.get("/_sandbox/emails?email=z@example.com&wait=30s").body }()
	sms := r.sendSMS("", mobile, openplatform.SmsTypeRegister)
	_, err := r.client("").Register(t.Context(), &openplatform.RegisterRequest{
		Username: "zhangsan", Email: "z@example.com", Mobile: mobile, Code: sms.Code, Password: password,
	})
	require.NoError(t, err)
	mail := r.unnamed.Mailbox("z@example.com")[0]
	body := <-got
	assert.Contains(t, body, mail.ActivationToken)
	assert.Contains(t, body, `"activation_path":"/oauth/api/account/activate?token=`+mail.ActivationToken+`"`)
	assert.Contains(t, r.get(fmt.Sprint("/_sandbox/emails/", mail.ID)).body, mail.ActivationToken)
}

// One line a mistake: what is asked, and what the sentence has to say.
func TestMistakesAreSentences(t *testing.T) {
	r := newRig(t, control.Config{})
	long := strings.Repeat("x", 129)
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/sms?mobil=1", "", 400, `unknown query parameter "mobil"; this path has mobile, sms_type, after`},
		{"GET", "/sms?mobile=", "", 400, "the query parameter mobile is empty: omit it instead"},
		{"GET", "/sms?mobile=1&mobile=2", "", 400, "the query parameter mobile is given 2 times"},
		{"GET", "/sms?mobile=%zz", "", 400, "the query is invalid"},
		{"GET", "/sms?sms_type=login", "", 400, "sms_type is one of REGISTER, RESET_PASSWORD, LOGIN"},
		{"GET", "/sms?after=-1", "", 400, `"-1" is no id`},
		{"GET", "/sms?before=99999999999999999999", "", 400, "is no id"},
		{"GET", "/sms?limit=0", "", 400, "limit must be a whole number from 1 to 1000"},
		{"GET", "/sms?limit=1001", "", 400, "limit must be a whole number from 1 to 1000"},
		{"GET", "/sms?wait=10", "", 400, "wait must be a duration such as 10s or 500ms, at most 1m0s"},
		{"GET", "/sms?wait=61s", "", 400, "wait must be a duration"},
		{"GET", "/sms?wait=-1s", "", 400, "wait must be a duration"},
		{"GET", "/sms/first", "", 400, `"first" is no id`},
		{"GET", "/emails?wait=soon", "", 400, "wait must be a duration"},
		{"GET", "/emails?after=x", "", 400, "is no id"},
		{"GET", "/emails/x", "", 400, "is no id"},
		{"GET", "/healthz?x=1", "", 400, `this path has no query parameters, but "x" was given`},
		{"GET", "/nothing", "", 404, "unknown path: api/sandbox.yaml lists all paths"},
		{"GET", "/sms/", "", 404, "unknown path"},
		{"GET", "/", "", 404, "unknown path"},
		{"POST", "/sms", "", 405, "this path allows GET"},
		{"PATCH", "/faults", "", 405, "this path allows GET and POST and DELETE"},

		{"GET", "/pictures?limit=x", "", 400, "limit must be"},
		{"GET", "/pictures/ABCDEF", "", 404, "no valid picture has this img_code_id"},
		{"GET", "/accounts?limit=x", "", 400, "limit must be"},
		{"GET", "/accounts/" + mobile, "", 404, "no account has this open_id"},
		{"DELETE", "/accounts/x", "", 404, "no account has this open_id"},
		{"POST", "/accounts", "", 400, "the body is not the JSON that this path expects: it is empty"},
		{"POST", "/accounts", "{}{}", 400, "there is more data after the JSON"},
		{"POST", "/accounts", "[]", 400, "cannot unmarshal array"},
		{"POST", "/accounts", `{"name": "a"}`, 400, `unknown field "name"`},
		{"POST", "/accounts", `{}`, 400, "an account needs a username, an email or a mobile"},
		{"POST", "/accounts", `{"mobile": "12345678901234567"}`, 400, "mobile has more than 16 characters"},
		{"PUT", "/clients/a", `{}`, 400, "a client needs a client_id and a client_secret"},
		{"PUT", "/clients/" + long, `{"client_secret": "a"}`, 400, "client_id has more than 128 characters"},
		{"PUT", "/clients/a", `{"client_secret": 1}`, 400, "cannot unmarshal number"},
		{"DELETE", "/clients/a", "", 404, "no client has this client_id"},
		{"GET", "/tokens?kind=x", "", 400, "kind is one of login, access_token, service_ticket, activation"},
		{"DELETE", "/tokens?kind=x", "", 400, "kind is one of"},
		{"DELETE", "/tokens/x", "", 404, "no such token is valid"},

		{"GET", "/requests?operation=SendSms", "", 400, "operation is one of Register, "},
		{"GET", "/requests?carried_out=yes", "", 400, "carried_out is true or false"},
		{"GET", "/requests?plain=1", "", 400, "plain is true or false"},
		{"GET", "/requests/1", "", 404, "no request has this id"},
		{"GET", "/requests/x", "", 400, "is no id"},

		{"POST", "/faults", `{}`, 400, "this fault has no effect: set drop, preset, body, code, http_status or delay"},
		{"POST", "/faults", `{"operation": "SendSms", "drop": true}`, 400, `unknown operation "SendSms"`},
		{"POST", "/faults", `{"preset": "nginx"}`, 400, `unknown preset "nginx"`},
		{"POST", "/faults", `{"share": 101, "drop": true}`, 400, "a share of 101 percent is not possible"},
		{"POST", "/faults", `{"times": -1, "drop": true}`, 400, "times is at most"},
		{"POST", "/faults", `{"delay": "61m"}`, 400, "delay is at most 1h0m0s, and not negative"},
		{"POST", "/faults", `{"delay": "2s", "max_delay": "1s"}`, 400, "MaxDelay is less than Delay"},
		{"POST", "/faults", `{"delay": 5}`, 400, "the body is not the JSON that this path expects"},
		{"POST", "/faults", `{"dely": "5s"}`, 400, `unknown field "dely"`},
		{"POST", "/faults", `{"http_status": 100}`, 400, "http_status must be 200 to 999"},
		{"POST", "/faults", `{"msg": "x", "drop": true}`, 400, "msg needs a code"},
		{"POST", "/faults", `{"code": "` + long + `"}`, 400, "code has more than 32 characters"},
		{"POST", "/faults", `{"body": "` + strings.Repeat("x", 65537) + `"}`, 400, "body is longer than 65536 bytes"},
		{"POST", "/faults", `{"code": "500", "header": {"A": "` + strings.Repeat("x", 1025) + `"}}`, 400, "a header is longer than 1024 bytes"},
		{"GET", "/faults/1", "", 404, "no fault has this id"},
		{"PUT", "/faults/1", `{"drop": true}`, 404, "no fault has this id"},
		{"DELETE", "/faults/1", "", 404, "no fault has this id"},
		{"PUT", "/special_numbers/1", `{"kind": "slow"}`, 400, `unknown kind "slow"`},
		{"PUT", "/special_numbers/1", `{"kind": "fixed_code", "sms_code": "1"}`, 400, "an SMS code must have four characters"},
		{"PUT", "/special_numbers/" + strings.Repeat("1", 33), `{"kind": "throttled"}`, 400, "a mobile must have 1 to 32 characters"},
		{"DELETE", "/special_numbers/1", "", 404, "this number is not special"},

		{"POST", "/clock/advance", `{"by": "-1s"}`, 400, "the clock does not go back"},
		{"POST", "/clock/advance", `{"by": 60}`, 400, "the body is not the JSON"},
		{"PUT", "/state", `{}`, 400, "sandbox: import: the version is 0, this program reads version 1"},
		{"PUT", "/state", `{"sms": [` + strings.Repeat(`{},`, 500_000) + `{}]}`, 400, "more than 500000 objects"},
		{"PUT", "/state", `{"version": 1`, 400, "the body is not the JSON that this path expects"},
		{"PUT", "/state", `{"faults": [{"fault": {"body": "` + strings.Repeat("x", 65537) + `"}}]}`, 400, "body is longer than 65536 bytes"},
		{"PUT", "/state", `{"clients": [{"client_id": "` + long + `", "client_secret": "a"}]}`, 400, "client_id has more than 128 characters"},
		{"PUT", "/state", `{"special_numbers": [` + strings.Repeat(`{},`, 1000) + `{}]}`, 400, "1000 special numbers"},
		{"PUT", "/state", `{"faults": [` + strings.Repeat(`{"fault":{"drop":true}},`, 1000) + `{"fault":{"drop":true}}]}`, 400, "more than 1000 faults"},
		{"GET", "/events?types=sms,all", "", 400, "types must be a comma-separated list of sms, email, request, changed"},
		{"GET", "/events?after=x", "", 400, "is no id"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path[:min(len(tt.path), 60)]+" "+tt.body[:min(len(tt.body), 40)], func(t *testing.T) {
			r := *r
			r.t = t
			before := r.unnamed.LastID()
			r.do(tt.method, "/_sandbox"+tt.path, tt.body).fails(tt.status, tt.want)
			assert.Equal(t, before, r.unnamed.LastID(), "it has changed something")
		})
	}
	a := r.post("/_sandbox/sms", "")
	assert.Equal(t, "GET", a.header.Get("Allow"))
}

func TestLongBodies(t *testing.T) {
	r := newRig(t, control.Config{})
	r.post("/_sandbox/faults", strings.Repeat(" ", 1<<20+1)).fails(http.StatusRequestEntityTooLarge, "the body is longer than 1048576 bytes")
	r.post("/_sandbox/accounts", strings.Repeat(" ", 1<<20-30)+`{"username": "zhangsan"}`).json(http.StatusCreated, &struct{}{})
}

func TestAccounts(t *testing.T) {
	r := newRig(t, control.Config{})
	var added sandbox.AccountInfo
	r.post("/_sandbox/accounts", `{"username": "zhangsan", "email": "z@example.com", "mobile": "13900001111", "password": "made-up-1"}`).
		json(http.StatusCreated, &added)
	assert.Equal(t, sandbox.AccountInfo{
		OpenID: added.OpenID, Username: "zhangsan", Email: "z@example.com", Mobile: mobile, Activated: true,
	}, added)
	_, err := r.client("").Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: password})
	require.NoError(t, err)
	r.post("/_sandbox/accounts", `{"username": "13900001111"}`).fails(http.StatusConflict, "another account has one of these names")

	var got sandbox.AccountInfo
	r.get("/_sandbox/accounts/"+added.OpenID).json(http.StatusOK, &got)
	assert.Equal(t, added, got)
	for name, count := range map[string]int{"": 1, "?name=zhangsan": 1, "?name=13900001111": 1, "?name=nobody": 0, "?name=" + added.OpenID: 0} {
		var list struct{ Accounts []sandbox.AccountInfo }
		r.get("/_sandbox/accounts"+name).json(http.StatusOK, &list)
		require.NotNil(t, list.Accounts)
		assert.Len(t, list.Accounts, count, name)
	}

	r.do(http.MethodDelete, "/_sandbox/accounts/"+added.OpenID, "").isEmpty()
	r.get("/_sandbox/accounts/"+added.OpenID).fails(http.StatusNotFound, "no account has this open_id")
}

func TestClientsAndTokens(t *testing.T) {
	r := newRig(t, control.Config{})
	id := "a/b c?"
	path := "/_sandbox/clients/" + url.PathEscape(id)
	for range 2 {
		var client sandbox.Client
		r.do(http.MethodPut, path, `{"client_secret": "secret"}`).json(http.StatusOK, &client)
		assert.Equal(t, sandbox.Client{ID: id, Secret: "secret"}, client)
	}
	var clients struct{ Clients []sandbox.Client }
	r.get("/_sandbox/clients").json(http.StatusOK, &clients)
	assert.Len(t, clients.Clients, 2)
	client := r.client("")
	access, err := client.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: id, ClientSecret: "secret"})
	require.NoError(t, err)
	r.do(http.MethodDelete, path, "").isEmpty()

	r.unnamed.AddAccount(sandbox.Account{Username: "zhangsan", Password: password})
	login, err := client.Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: password})
	require.NoError(t, err)
	var tokens struct{ Tokens []sandbox.Token }
	r.get("/_sandbox/tokens").json(http.StatusOK, &tokens)
	require.Len(t, tokens.Tokens, 2)
	assert.Equal(t, login.Data.Token, tokens.Tokens[0].Token)
	assert.Equal(t, id, tokens.Tokens[1].Owner)
	r.get("/_sandbox/tokens?limit=1").json(http.StatusOK, &tokens)
	assert.Len(t, tokens.Tokens, 1)
	r.get("/_sandbox/tokens?kind=service_ticket").json(http.StatusOK, &tokens)
	assert.Empty(t, tokens.Tokens)

	r.do(http.MethodDelete, "/_sandbox/tokens/"+login.Data.Token, "").isEmpty()
	_, err = client.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: login.Data.Token})
	require.ErrorIs(t, err, openplatform.ErrInvalidToken)
	r.do(http.MethodDelete, "/_sandbox/tokens?kind=login", "").isEmpty()
	assert.Contains(t, r.get("/_sandbox/tokens").body, access.Data.AccessToken)
	r.do(http.MethodDelete, "/_sandbox/tokens", "").isEmpty()
	assert.Contains(t, r.get("/_sandbox/tokens").body, `"tokens":[]`)
}

func TestRequestsAreMasked(t *testing.T) {
	r := newRig(t, control.Config{})
	client := r.client("")
	sms := r.sendSMS("", mobile, openplatform.SmsTypeRegister)
	_, err := client.Register(t.Context(), &openplatform.RegisterRequest{
		Username: "zhangsan", Email: "z@example.com", Mobile: mobile, Code: sms.Code, Password: password,
	})
	require.NoError(t, err)
	_, err = client.Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: password})
	require.NoError(t, err)
	secrets := []string{mobile, "zhangsan", "z@example.com", sms.Code, password}

	masked := r.get("/_sandbox/requests").body
	for _, secret := range secrets {
		assert.NotContains(t, masked, secret)
	}
	assert.Contains(t, masked, `"mobile":"139****1111"`)
	assert.Contains(t, masked, `"sms_type":"REGISTER"`)

	plain := r.get("/_sandbox/requests?plain=true").body
	for _, secret := range secrets {
		assert.Contains(t, plain, secret)
	}
	var list struct {
		Requests []struct {
			ID     int64
			Params map[string]string
		}
		LastID int64 `json:"last_id"`
	}
	r.get("/_sandbox/requests?operation=Login&plain=true").json(http.StatusOK, &list)
	require.Len(t, list.Requests, 1)
	login := list.Requests[0]
	assert.Equal(t, map[string]string{"account": "zhangsan", "password": password}, login.Params)
	path := fmt.Sprint("/_sandbox/requests/", login.ID)
	assert.NotContains(t, r.get(path).body, password)
	assert.Contains(t, r.get(path+"?plain=true").body, password)

	for query, count := range map[string]int{
		"mobile=" + mobile: 2, "code=000": 4, "code=500": 0, "carried_out=true": 4, "carried_out=false": 0, "call_id=x": 0,
		fmt.Sprint("after=", login.ID): 0, fmt.Sprint("before=", login.ID): 3, "limit=2": 2,
	} {
		r.get("/_sandbox/requests?"+query).json(http.StatusOK, &list)
		assert.Len(t, list.Requests, count, query)
	}
	assert.Equal(t, r.unnamed.LastID(), list.LastID)
}

func TestFaults(t *testing.T) {
	r := newRig(t, control.Config{})
	type ordered struct {
		ID     int64
		Fired  int
		Active bool
		Fault  json.RawMessage
	}
	var first, got ordered
	r.post("/_sandbox/faults", `{"operation": "CheckToken", "times": 1, "code": "401001", "msg": "验证签名失败"}`).json(http.StatusCreated, &first)
	r.post("/_sandbox/faults", `{"share": 100, "after": true, "delay": "1ms", "max_delay": "2ms", "preset": "empty_503"}`).json(http.StatusCreated, &got)
	assert.JSONEq(t, `{"share":100,"after":true,"delay":"1ms","max_delay":"2ms","preset":"empty_503"}`, string(got.Fault))
	assert.True(t, got.Active)

	assert.Contains(t, r.get("/oauth/checkToken").body, "验证签名失败")
	assert.Equal(t, http.StatusServiceUnavailable, r.get("/oauth/checkToken").status)
	path := fmt.Sprint("/_sandbox/faults/", first.ID)
	r.get(path).json(http.StatusOK, &got)
	assert.Equal(t, 1, got.Fired)
	assert.False(t, got.Active)
	var list struct{ Faults []ordered }
	r.get("/_sandbox/faults").json(http.StatusOK, &list)
	require.Len(t, list.Faults, 2)
	assert.Equal(t, first.ID, list.Faults[1].ID, "those that have had their times come last")
	var requests struct {
		Requests []struct {
			FaultID int64 `json:"fault_id"`
		}
	}
	r.get("/_sandbox/requests").json(http.StatusOK, &requests)
	assert.Equal(t, first.ID, requests.Requests[1].FaultID)

	second := fmt.Sprint("/_sandbox/faults/", list.Faults[0].ID)
	r.do(http.MethodPut, second, `{"code": "500"}`).json(http.StatusOK, &got)
	assert.Zero(t, got.Fired)
	r.do(http.MethodPut, second, `{}`).fails(http.StatusBadRequest, "this fault has no effect")
	r.do(http.MethodPut, second, `{"code": "500", "operation": "x"}`).fails(http.StatusBadRequest, "unknown operation")
	assert.Contains(t, r.get("/oauth/checkToken").body, `"500"`)
	r.do(http.MethodDelete, second, "").isEmpty()
	assert.Contains(t, r.get("/oauth/checkToken").body, `"400"`)
	r.do(http.MethodDelete, "/_sandbox/faults", "").isEmpty()
	assert.Contains(t, r.get("/_sandbox/faults").body, `"faults":[]`)
}

func TestSpecialNumbers(t *testing.T) {
	r := newRig(t, control.Config{})
	var n sandbox.SpecialNumber
	r.do(http.MethodPut, "/_sandbox/special_numbers/"+mobile, `{"kind": "fixed_code", "sms_code": "1234"}`).json(http.StatusOK, &n)
	assert.Equal(t, sandbox.SpecialNumber{Mobile: mobile, Kind: sandbox.FixedCode, SmsCode: "1234"}, n)
	assert.Equal(t, "1234", r.sendSMS("", mobile, openplatform.SmsTypeLogin).Code)
	for _, n := range sandbox.DefaultSpecialNumbers() {
		r.do(http.MethodDelete, "/_sandbox/special_numbers/"+n.Mobile, "").isEmpty()
	}
	r.do(http.MethodDelete, "/_sandbox/special_numbers/"+mobile, "").isEmpty()
	assert.Contains(t, r.get("/_sandbox/special_numbers").body, `"special_numbers":[]`)
	r.post("/_sandbox/reset", "").isEmpty()
	assert.Equal(t, sandbox.DefaultSpecialNumbers(), r.unnamed.SpecialNumbers())
}

func TestClock(t *testing.T) {
	r := newRig(t, control.Config{})
	var clock struct {
		Now      time.Time
		Advanced string
	}
	r.post("/_sandbox/clock/advance", `{"by": "1h30m"}`).json(http.StatusOK, &clock)
	assert.Equal(t, "1h30m0s", clock.Advanced)
	assert.WithinDuration(t, time.Now().Add(90*time.Minute), clock.Now, 10*time.Second)
	r.get("/_sandbox/clock").json(http.StatusOK, &clock)
	assert.Equal(t, "1h30m0s", clock.Advanced)
}

func TestState(t *testing.T) {
	r := newRig(t, control.Config{})
	r.sendSMS("/spaces/from", mobile, openplatform.SmsTypeLogin)
	r.post("/spaces/from/_sandbox/accounts", `{"username": "zhangsan", "password": "made-up-1"}`).json(http.StatusCreated, &struct{}{})
	state := r.get("/spaces/from/_sandbox/state").body

	r.do(http.MethodPut, "/spaces/to/_sandbox/state", state).isEmpty()

	assert.Equal(t, r.listSMS("/spaces/from/_sandbox/sms").SMS[0].Code, r.listSMS("/spaces/to/_sandbox/sms").SMS[0].Code)
	_, err := r.client("/spaces/to").Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: password})
	require.NoError(t, err)
}

func TestInfo(t *testing.T) {
	r := newRig(t, control.Config{Label: "shop", ImgCode: "ACEF", SmsCode: "34fy", HTTPStatus: true, OneAccessToken: true})
	var info map[string]any
	r.get("/_sandbox/info").json(http.StatusOK, &info)
	for name, want := range map[string]any{
		"label": "shop", "space": "", "base_path": "", "version": openplatform.Version,
		"http_status": true, "one_access_token": true, "img_code": "ACEF", "sms_code": "34fy",
	} {
		assert.Equal(t, want, info[name], name)
	}
	assert.Len(t, info["operations"], 12)
	assert.Len(t, info["presets"], 6)
	assert.Len(t, info["special_kinds"], 6)
	assert.Equal(t, r.get("/_sandbox/healthz").status, r.do(http.MethodHead, "/_sandbox/healthz", "").status)
}
