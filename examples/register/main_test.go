package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

func TestRun(t *testing.T) {
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), &stdout))
	assert.Equal(t, 5, strings.Count(stdout.String(), "\n"))
	assert.Contains(t, stdout.String(), "139****1111")
	assert.NotContains(t, stdout.String(), mobile)
}

var operations = []string{"GetImgCode", "SendSmsCode", "Register", "Activate", "Login"}

// What is printed is what the sandbox did, step by step, and no secret.
func TestStepsAreTheLedger(t *testing.T) {
	sb := sandbox.Start(t)
	var stdout strings.Builder
	require.NoError(t, register(t.Context(), sb.Client, sb.Sandbox, &stdout))

	require.Len(t, sb.Ledger(), len(operations))
	lines := strings.Split(stdout.String(), "\n")
	for i, entry := range sb.Ledger() {
		assert.Equal(t, operations[i], entry.Operation)
		assert.True(t, entry.CarriedOut, entry.Operation)
		assert.Equal(t, []string{entry.Operation, "request_id", entry.RequestID}, strings.Fields(lines[i])[:3])
	}
	for _, secret := range []string{mobile, email, password, sb.Mailbox(email)[0].ActivationToken} {
		assert.NotContains(t, stdout.String(), secret)
	}

	// The account is there, and activated.
	login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: email, Password: password})
	require.NoError(t, err)
	source, err := sb.Client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	require.NoError(t, err)
	account, err := source.VerifyUser(t.Context(), login.Data.Token)
	require.NoError(t, err)
	assert.Equal(t, openplatform.Account{
		Username: username, Email: email, Mobile: mobile, Activate: true, OpenID: login.Data.OpenID,
	}, account.Data)
	assert.Equal(t, 2, strings.Count(stdout.String(), account.Data.OpenID))
}

// Whichever call fails, it is the last one, and its error says so.
func TestEveryCallCanFail(t *testing.T) {
	for i, operation := range operations {
		t.Run(operation, func(t *testing.T) {
			sb := sandbox.Start(t)
			sb.Order(sandbox.Fault{Operation: operation, Code: "500", Msg: "系统异常 " + mobile})
			var stdout strings.Builder
			err := register(t.Context(), sb.Client, sb.Sandbox, &stdout)

			require.ErrorIs(t, err, openplatform.ErrSystemError)
			require.ErrorContains(t, err, operation)
			assert.NotContains(t, err.Error(), mobile)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.Len(t, sb.Ledger(), i+1)
			assert.Equal(t, i, strings.Count(stdout.String(), "\n"))
		})
	}
}
