package sandbox_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// lived is a sandbox with something of everything.
func lived(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.Advance(time.Hour)
	r.register(username, email, mobile)
	r.AddAccount(sandbox.Account{Username: "nobody", Password: password})
	r.newSmsCode(otherMobile, "RESET_PASSWORD")
	r.newTicket(r.newToken())
	r.newPicture()
	r.AddClient("shop", "secret")
	require.NoError(t, r.SetSpecialNumber(special(otherMobile, sandbox.Throttled)))
	require.True(t, r.RemoveSpecialNumber(timeout))
	r.Order(sandbox.Fault{Operation: sandbox.OpLogin, Times: 1, Code: "500"})
	r.code(loginPath, "account", username, "password", password)
	r.Order(sandbox.Fault{Operation: sandbox.OpResetPassword, Share: 10, Body: "\xff", Delay: time.Second})
	return r
}

func export(t *testing.T, s *sandbox.Sandbox) []byte {
	t.Helper()
	data, err := s.Export()
	require.NoError(t, err)
	return data
}

// whole is what two sandboxes must have in common, apart from times.
func whole(t *testing.T, data []byte) string {
	t.Helper()
	var state map[string]any
	require.NoError(t, json.Unmarshal(data, &state))
	withoutTimes(state)
	out, err := json.MarshalIndent(state, "", " ")
	require.NoError(t, err)
	return string(out)
}

func withoutTimes(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range []string{"exported_at", "sent_at", "issued_at", "expires_at"} {
			delete(value, name)
		}
		for _, member := range value {
			withoutTimes(member)
		}
	case []any:
		for _, element := range value {
			withoutTimes(element)
		}
	}
}

func TestExportAndImport(t *testing.T) {
	from := lived(t)
	data := export(t, from.Sandbox)

	to := newRig(t)
	to.newSmsCode("13900009999", "LOGIN")
	requests := len(to.Ledger())
	require.NoError(t, to.Import(data))

	assert.Equal(t, whole(t, data), whole(t, export(t, to.Sandbox)))
	assert.Len(t, to.Ledger(), requests, "the ledger is what reached this one")
	assert.GreaterOrEqual(t, to.LastID(), from.ListSMS(sandbox.SMSFilter{})[0].ID)
	assert.WithinDuration(t, time.Now().Add(to.offset()), to.Now(), time.Second)

	// It goes on where it was.
	token := from.ListTokens(sandbox.LoginToken, 1)[0].Token
	to.must(checkTokenPath, "token", token)
	to.must(activatePath, "token", from.Mailbox(email)[0].ActivationToken)
	to.must(loginPath, "account", username, "password", password)
	ticket := from.ListTokens(sandbox.ServiceTicket, 1)[0].Token
	to.must(accountPath, "service_ticket", ticket)
	picture := from.ListPictures(1)[0]
	assert.Equal(t, picture.Answer, to.SolveImgCode(picture.ImgCodeID))
	assert.Equal(t, sandbox.CodeTooManySms, to.post(smsCodePath, to.smsBody(otherMobile)).Code)
	to.must(accessTokenPath, "client_id", "shop", "client_secret", "secret")
	assert.Equal(t, sandbox.CodeUsernameTaken, to.code(registerPath, "username", username, "email", "x@example.com",
		"mobile", "1", "code", "1234", "password", password))
}

// offset is how far the clock is ahead.
func (r *rig) offset() time.Duration {
	r.t.Helper()
	var state struct{ Advanced sandbox.Duration }
	require.NoError(r.t, json.Unmarshal(export(r.t, r.Sandbox), &state))
	return time.Duration(state.Advanced)
}

func TestImportOfAnEmptySandbox(t *testing.T) {
	r := lived(t)
	require.NoError(t, r.Import(export(t, sandbox.New())))
	assert.Equal(t, whole(t, export(t, sandbox.New())), whole(t, export(t, r.Sandbox)))
	assert.NotContains(t, string(export(t, r.Sandbox)), "null")
}

func TestImportOfSomethingElseChangesNothing(t *testing.T) {
	r := lived(t)
	good := string(export(t, r.Sandbox))
	before := whole(t, []byte(good))
	long := strings.Repeat("x", 3000)
	openID := r.ListAccounts(1)[0].OpenID
	breaks := map[string][2]string{
		"not JSON":              {good, `{`},
		"nothing":               {good, ``},
		"null":                  {good, `null`},
		"more than a state":     {good, good + `{}`},
		"unknown field":         {`"version":1`, `"version":1,"more":1`},
		"another version":       {`"version":1`, `"version":2`},
		"a clock gone back":     {`"advanced":"`, `"advanced":"-`},
		"a clock too far":       {`"advanced":"1h`, `"advanced":"900000h`},
		"an id below the last":  {`"sms":[{"id":`, `"sms":[{"id":9`},
		"an id that is too big": {`"emails":[{"id":`, `"emails":[{"id":99999999`},
		"an SMS type":           {`"sms_type":"REGISTER"`, `"sms_type":"register"`},
		"a long mobile":         {`"mobile":"` + mobile, `"mobile":"` + long},
		"a long SMS code":       {`"guesses":`, `"code":"12345","guesses":`},
		"a picture":             {`"answer":"`, `"answer":"x`},
		"an open_id":            {`"open_id":"` + openID, `"open_id":"`},
		"an open_id twice":      {r.ListAccounts(2)[1].OpenID, openID},
		"a name twice":          {`"username":"nobody"`, `"username":"` + username + `"`},
		"a password hash":       {`"password_hash":"`, `"password_hash":"AAAA`},
		"a long secret":         {`"client_secret":"secret"`, `"client_secret":"` + long + `"`},
		"a kind of token":       {`"kind":"login"`, `"kind":"logout"`},
		"a long token":          {`"kind":"login","token":"`, `"kind":"login","token":"` + long},
		"an operation":          {`"operation":"ResetPassword"`, `"operation":"Enrol"`},
		"too many guesses":      {`"guesses":0`, `"guesses":5`},
		"fewer than no guess":   {`"guesses":0`, `"guesses":-1`},
		"an active spent fault": {`"active":false`, `"active":true`},
		"a fault's id":          {`"faults":[{"id":`, `"faults":[{"id":-`},
		"a field of a fault":    {`"operation":"ResetPassword"`, `"operation_":"ResetPassword"`},
		"a kind of number":      {`"kind":"throttled"`, `"kind":"slow"`},
	}
	for name, change := range breaks {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, good, change[0])
			bad := strings.Replace(good, change[0], change[1], 1)
			err := r.Import([]byte(bad))
			require.ErrorContains(t, err, "sandbox: import: ")
			assert.Less(t, len(err.Error()), 200)
			assert.Equal(t, before, whole(t, export(t, r.Sandbox)))
		})
	}
}

func TestReset(t *testing.T) {
	r := lived(t)
	r.Reset()
	assert.Equal(t, whole(t, export(t, sandbox.New())), whole(t, export(t, r.Sandbox)))
	assert.Empty(t, r.Ledger())
	assert.WithinDuration(t, time.Now(), r.Now(), time.Second, "the clock is the machine's again")
}

// Times that no clock shows do not spoil what is listed.
func TestImportOfAbsurdTimes(t *testing.T) {
	for _, sent := range []string{"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"} {
		for _, exported := range []string{"9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"} {
			r := newRig(t)
			r.newSmsCode(mobile, "LOGIN")
			r.newPicture()
			state := string(export(t, r.Sandbox))
			state = regexp.MustCompile(`"(sent_at|issued_at|expires_at)":"[^"]*"`).ReplaceAllString(state, `"$1":"`+sent+`"`)
			state = regexp.MustCompile(`"exported_at":"[^"]*"`).ReplaceAllString(state, `"exported_at":"`+exported+`"`)
			require.NoError(t, r.Import([]byte(state)))
			year := r.Outbox(mobile)[0].SentAt.Year()
			assert.GreaterOrEqual(t, year, 1970)
			assert.LessOrEqual(t, year, time.Now().Year()+1)
			export(t, r.Sandbox)
		}
	}
}

// What Import takes, Export can write, and Import takes again.
func FuzzImport(f *testing.F) {
	s := sandbox.New()
	s.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
	s.Order(sandbox.Fault{Operation: sandbox.OpLogin, Times: 1, Delay: time.Second, Body: "\xff"})
	state, err := s.Export()
	require.NoError(f, err)
	f.Add(state)
	f.Add([]byte(`{"version":1,"exported_at":"2026-01-01T00:00:00Z","advanced":"876000h",
		"sms":[{"id":1,"mobile":"1","sms_type":"LOGIN","code":"34fy","request_id":"","sent_at":"0001-01-01T00:00:00Z"}],
		"pictures":[{"img_code_id":"A","answer":"ACEF","expires_at":"9999-12-31T23:59:59Z"}],
		"tokens":[{"kind":"login","token":"A","owner":"B","expires_at":"2026-01-01T00:01:00Z"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := sandbox.New(sandbox.WithMemory(1 << 20))
		if s.Import(data) != nil {
			return
		}
		again := export(t, s)
		require.NoError(t, sandbox.New().Import(again), "%s", again)
	})
}
