package main

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/redistest"
	"github.com/ebaas/openplatform-go/sandbox"
)

// issued returns what the lines say of the tokens that were issued, one after the other.
func issued(t *testing.T, stdout string) (counts []string) {
	t.Helper()
	for line := range strings.Lines(stdout) {
		if _, count, found := strings.Cut(line, "issued so far: "); found {
			assert.Contains(t, line, "it is hanmeimei")
			counts = append(counts, strings.TrimSpace(count))
		}
	}
	for _, secret := range []string{"13900001111", "made-up-1", sandbox.DemoClientID, sandbox.DemoClientSecret} {
		assert.NotContains(t, stdout, secret)
	}
	assert.Contains(t, stdout, "…}:token       2h0m0s")
	return counts
}

func TestWithARedisOfItsOwn(t *testing.T) {
	logging.Disable()
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), &stdout, ""))
	assert.Equal(t, []string{"1", "1", "1", "2", "2", "2", "3", "4", "5"}, issued(t, stdout.String()))
}

func TestWithARealRedis(t *testing.T) {
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), &stdout, redistest.Start(t).Addr))
	assert.Equal(t, []string{"1", "1", "1", "2", "2", "2"}, issued(t, stdout.String()))
}
