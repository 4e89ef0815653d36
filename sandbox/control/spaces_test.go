package control_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

func TestSpacesNeverMeet(t *testing.T) {
	r := newRig(t, control.Config{})
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			space := fmt.Sprintf("/spaces/test-%d", i)
			sms := r.sendSMS(space, mobile, openplatform.SmsTypeRegister) // no space throttles another's phone
			assert.Len(t, r.listSMS(space+"/_sandbox/sms").SMS, 1)
			_, err := r.client(space).Register(t.Context(), &openplatform.RegisterRequest{
				Username: "zhangsan", Email: "zhangsan@example.com", Mobile: mobile, Code: sms.Code, Password: password,
			})
			assert.NoError(t, err)
		}()
	}
	wg.Wait()
	assert.Empty(t, r.listSMS("/_sandbox/sms").SMS)
	var list struct{ Spaces []struct{ Name string } }
	r.get("/_sandbox/spaces").json(http.StatusOK, &list)
	assert.Len(t, list.Spaces, 20)
	assert.Equal(t, "test-0", list.Spaces[0].Name)
}

func TestPathsWithinASpace(t *testing.T) {
	r := newRig(t, control.Config{})
	sms := r.sendSMS("/spaces/a", mobile, openplatform.SmsTypeRegister)
	_, err := r.client("/spaces/a").Register(t.Context(), &openplatform.RegisterRequest{
		Username: "zhangsan", Email: "zhangsan@example.com", Mobile: mobile, Code: sms.Code, Password: password,
	})
	require.NoError(t, err)
	var email struct {
		ActivationPath string `json:"activation_path"`
	}
	r.get("/spaces/a/_sandbox/emails/latest?email=zhangsan@example.com").json(http.StatusOK, &email)
	assert.Contains(t, r.get(email.ActivationPath).body, `"code":"000"`, "the link works as it is")

	var list struct{ Requests []struct{ Path string } }
	r.get("/spaces/a/_sandbox/requests?limit=1").json(http.StatusOK, &list)
	assert.Equal(t, "/oauth/api/account/activate", list.Requests[0].Path, "as the platform has it")
	assert.Contains(t, r.get("/spaces/a/oauth/nothing").body, `"404001"`)

	var info struct {
		Space    string
		BasePath string `json:"base_path"`
	}
	r.get("/spaces/a/_sandbox/info").json(http.StatusOK, &info)
	assert.Equal(t, "a", info.Space)
	assert.Equal(t, "/spaces/a", info.BasePath)
	r.get("/spaces/a/_sandbox/spaces").fails(http.StatusNotFound, "unknown path")
}

func TestNamesOfSpaces(t *testing.T) {
	r := newRig(t, control.Config{})
	for _, name := range []string{"a", "0", "-", "ci-1", "abcdefghijklmnopqrstuvwxyz-12345"} {
		assert.Equal(t, http.StatusOK, r.get("/spaces/"+name+"/_sandbox/info").status, name)
	}
	for _, name := range []string{"", "A", "a_b", "a.b", "%2E", "数", "abcdefghijklmnopqrstuvwxyz-123456"} {
		for _, path := range []string{"/oauth/checkToken", "/_sandbox/info", "/"} {
			r.get("/spaces/"+name+path).fails(http.StatusNotFound, "use 1 to 32 of a-z, 0-9 and -")
		}
	}
}

func TestAtMostAHundredSpaces(t *testing.T) {
	r := newRig(t, control.Config{})
	for i := range 100 {
		require.Equal(t, http.StatusOK, r.get(fmt.Sprintf("/spaces/s%d/oauth/checkToken", i)).status)
	}
	for _, path := range []string{"/oauth/checkToken", "/_sandbox/sms"} {
		a := r.get("/spaces/one-more" + path)
		a.fails(http.StatusServiceUnavailable, "there are 100 spaces, which is the maximum")
		assert.Equal(t, "1", a.header.Get("Retry-After"))
	}
	_, err := r.client("/spaces/one-more").GetImgCode(t.Context())
	var refused *openplatform.APIError
	require.ErrorAs(t, err, &refused, "an SDK reads it as an envelope")
	assert.Contains(t, refused.Msg, "there are 100 spaces, which is the maximum")

	assert.Equal(t, http.StatusOK, r.get("/spaces/one-more/_sandbox/healthz").status, "which makes none")
	assert.Equal(t, http.StatusOK, r.get("/spaces/one-more/").status, "nor does the page")
	assert.Equal(t, http.StatusOK, r.get("/spaces/s7/_sandbox/sms").status)
	r.do(http.MethodDelete, "/_sandbox/spaces/s7", "").isEmpty()
	r.do(http.MethodDelete, "/_sandbox/spaces/s7", "").fails(http.StatusNotFound, "no space of this name")
	assert.Equal(t, http.StatusOK, r.get("/spaces/one-more/_sandbox/sms").status)
}

func TestEachSpaceHasTheSeed(t *testing.T) {
	seed, err := control.ParseSeed([]byte(`{
		"accounts": [{"username": "zhangsan", "email": "z@example.com", "mobile": "13900001111", "password": "made-up-1"}],
		"clients": [{"client_id": "shop", "client_secret": "secret"}],
		"special_numbers": [{"mobile": "13900003333", "kind": "fixed_code", "sms_code": "1234"}],
		"faults": [{"operation": "CheckToken", "code": "500"}]
	}`))
	require.NoError(t, err)
	r := newRig(t, control.Config{Seed: seed, ImgCode: "ACEF", SmsCode: "34fy", HTTPStatus: true, OneAccessToken: true})
	check := func(space string) {
		client := r.client(space)
		_, err := client.Login(t.Context(), &openplatform.LoginRequest{Account: mobile, Password: password})
		require.NoError(t, err)
		access := &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "secret"}
		for range 2 {
			_, err = client.GetAccessToken(t.Context(), access)
			require.NoError(t, err)
		}
		var tokens struct{ Tokens []sandbox.Token }
		r.get(space+"/_sandbox/tokens?kind=access_token").json(http.StatusOK, &tokens)
		assert.Len(t, tokens.Tokens, 1, "one access token at a time")
		assert.Equal(t, "1234", r.sendSMS(space, "13900003333", openplatform.SmsTypeLogin).Code)
		assert.Equal(t, "34fy", r.sendSMS(space, mobile, openplatform.SmsTypeLogin).Code)
		_, err = client.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: "A"})
		var refused *openplatform.APIError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusInternalServerError, refused.HTTPStatus)
		assert.Contains(t, r.get(space+"/_sandbox/pictures").body, `"pictures":[]`)
	}
	for _, space := range []string{"", "/spaces/a", "/spaces/b"} {
		check(space)
		r.post(space+"/_sandbox/reset", "").isEmpty()
		check(space)
	}
}

func TestSeedsThatCannotBe(t *testing.T) {
	for text, want := range map[string]string{
		``:                       "it is empty",
		`{} {}`:                  "there is more data after the JSON",
		"{\n\n\"accounts\": {}}": "line 3: accounts must not be a JSON object",
		"{\n\"accounts\" []}":    "line 2: invalid character",
		`{"users": []}`:          `unknown field "users"`,
		`{"accounts": [{}]}`:     "accounts[0]: an account needs a username, an email or a mobile",
		`{"accounts": [{"username": "a"}, {"username": "123456789012345678901"}]}`: "accounts[1]: username has more than 20 characters",
		`{"clients": [{"client_id": "a"}]}`:                                        "clients[0]: a client needs a client_id and a client_secret",
		`{"special_numbers": [{"mobile": "1", "kind": "x"}]}`:                      `special_numbers[0]: sandbox: special number: unknown kind "x"`,
		`{"faults": [{}]}`: "faults[0]: this fault has no effect",
		`{"faults": [{"drop": true, "operation": "Enrol"}]}`: `faults[0]: sandbox: fault: unknown operation "Enrol"`,
		`{"faults": [{"drop": 1}]}`:                          "line 1: ",
	} {
		seed, err := control.ParseSeed([]byte(text))
		if err == nil {
			_, err = control.New(control.Config{Seed: seed})
		}
		require.ErrorContains(t, err, want, text)
	}
}
