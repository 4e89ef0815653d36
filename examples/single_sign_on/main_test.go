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
	assert.Equal(t, 4, strings.Count(stdout.String(), "\n"))
	assert.Contains(t, stdout.String(), "139****1111")
	assert.NotContains(t, stdout.String(), mobile)
}

// What is printed is what the sandbox did, and no secret.
func TestStepsAreInTheLedger(t *testing.T) {
	sb := sandbox.Start(t)
	openID := seed(sb.Sandbox)
	var stdout strings.Builder
	require.NoError(t, signOn(t.Context(), sb.Client, sb.Sandbox, &stdout))

	var done []string
	for _, entry := range sb.Ledger() {
		done = append(done, entry.Operation+" "+entry.Code)
	}
	require.Equal(t, []string{
		"Login 000", "CheckToken 000",
		"GetAccessToken 000", "GetServiceTicket 000", "GetAccount 000",
		"GetServiceTicket 401003", "GetAccessToken 000", "GetServiceTicket 000", "GetAccount 000",
	}, done)

	lines := strings.Split(stdout.String(), "\n")
	for line, entry := range []int{0, 1, 4, 8} { // VerifyUser answers what GetAccount does
		assert.Equal(t, sb.Ledger()[entry].RequestID, strings.Fields(lines[line])[2])
	}
	assert.Contains(t, lines[0], openID)
	assert.Contains(t, lines[2], openID)
	for _, secret := range []string{mobile, email, password, sandbox.DemoClientSecret} {
		assert.NotContains(t, stdout.String(), secret)
	}
}

// Whichever call fails, its error says so, and the program ends.
func TestEveryCallCanFail(t *testing.T) {
	for operation, steps := range map[string]int{
		"Login": 0, "CheckToken": 1, "GetAccessToken": 2, "GetServiceTicket": 2, "GetAccount": 2,
	} {
		t.Run(operation, func(t *testing.T) {
			sb := sandbox.Start(t)
			seed(sb.Sandbox)
			sb.Order(sandbox.Fault{Operation: operation, Code: "500", Msg: "系统异常 " + mobile})
			var stdout strings.Builder
			err := signOn(t.Context(), sb.Client, sb.Sandbox, &stdout)

			require.ErrorIs(t, err, openplatform.ErrSystemError)
			require.ErrorContains(t, err, operation)
			assert.NotContains(t, err.Error(), mobile)
			assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
			assert.Equal(t, steps, strings.Count(stdout.String(), "\n"))
			last := sb.Ledger()[len(sb.Ledger())-1]
			assert.Equal(t, operation, last.Operation)
		})
	}
}

// The second VerifyUser fails only if the platform gives no new access token.
func TestNoNewAccessToken(t *testing.T) {
	sb := sandbox.Start(t)
	seed(sb.Sandbox)
	sb.Order(sandbox.Fault{Operation: "GetServiceTicket", Code: "401003", Msg: "无效的access_token"})
	var stdout strings.Builder
	err := signOn(t.Context(), sb.Client, sb.Sandbox, &stdout)
	require.ErrorIs(t, err, openplatform.ErrInvalidAccessToken)
	assert.Equal(t, openplatform.OutcomeRejected, openplatform.OutcomeOf(err))
}
