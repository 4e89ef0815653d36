package openplatform_test

import (
	"encoding/json"
	"flag"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

func TestParseEnvironment(t *testing.T) {
	known := map[string]openplatform.Environment{
		"development": openplatform.Development, "dev": openplatform.Development, "dev-etc": openplatform.Development,
		"test": openplatform.Test, "test-etc": openplatform.Test, "TEST": openplatform.Test,
		"production": openplatform.Production, "prod": openplatform.Production,
	}
	for s, want := range known {
		got, err := openplatform.ParseEnvironment(s)
		require.NoError(t, err, s)
		assert.Equal(t, want, got, s)
		assert.Equal(t, string(want), got.String())
	}
	for _, s := range []string{"", "staging", " test", "https://test-etc.ebaas.com"} {
		_, err := openplatform.ParseEnvironment(s)
		assert.ErrorContains(t, err, "unknown environment", s)
	}
}

func TestEnvironmentInAFlagAndInJSON(t *testing.T) {
	env := openplatform.Test
	flags := flag.NewFlagSet("program", flag.ContinueOnError)
	flags.SetOutput(discardLog.Writer())
	flags.TextVar(&env, "env", openplatform.Development, "")
	assert.Equal(t, openplatform.Development, env)
	require.NoError(t, flags.Parse([]string{"-env", "prod"}))
	assert.Equal(t, openplatform.Production, env)
	require.Error(t, flags.Parse([]string{"-env", "staging"}))

	var config struct{ Env openplatform.Environment }
	require.NoError(t, json.Unmarshal([]byte(`{"Env":"dev"}`), &config))
	out, err := json.Marshal(config)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Env":"development"}`, string(out))
	require.Error(t, json.Unmarshal([]byte(`{"Env":"staging"}`), &config))
	config.Env = "staging"
	_, err = json.Marshal(config)
	assert.Error(t, err)
}
