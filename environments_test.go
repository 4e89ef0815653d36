package openplatform_test

import (
	"context"
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

func TestNewClientFromEnv(t *testing.T) {
	url, received := serve(t, answer(200, success))
	set := func(t *testing.T, env, base, timeout string) {
		t.Helper()
		t.Setenv("OPENPLATFORM_ENV", env)
		t.Setenv("OPENPLATFORM_BASE_URL", base)
		t.Setenv("OPENPLATFORM_TIMEOUT", timeout)
	}
	t.Run("a client", func(t *testing.T) {
		set(t, "production", url, "")
		client, err := openplatform.NewClientFromEnv()
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		require.NoError(t, sendSmsCode(t.Context(), client))
		assert.EqualValues(t, 1, received.Load())
	})
	t.Run("its timeout, unless an option says otherwise", func(t *testing.T) {
		slow, _ := serve(t, hang)
		set(t, "test", slow, "20ms")
		client, err := openplatform.NewClientFromEnv()
		require.NoError(t, err)
		assert.ErrorIs(t, sendSmsCode(t.Context(), client), context.DeadlineExceeded)
		_, err = openplatform.NewClientFromEnv(openplatform.WithTimeout(-1))
		require.ErrorContains(t, err, "WithTimeout: -1ns is not positive")
	})
	t.Run("the published address", func(t *testing.T) {
		set(t, "test", "", "")
		_, err := openplatform.NewClientFromEnv()
		require.NoError(t, err)
		set(t, "production", "", "")
		_, err = openplatform.NewClientFromEnv()
		require.ErrorIs(t, err, openplatform.ErrNoBaseURL)
		assert.ErrorContains(t, err, "or set OPENPLATFORM_BASE_URL")
	})
	for name, tt := range map[string][3]string{
		"OPENPLATFORM_ENV: want development, test or production":  {"Pw-9c8d7e", url, ""},
		"OPENPLATFORM_BASE_URL: WithBaseURL: the URL must not":    {"test", "https://user:Pw-9c8d7e@platform.invalid", ""},
		"OPENPLATFORM_TIMEOUT: want a duration such as 5s":        {"test", url, "Pw-9c8d7e"},
		"OPENPLATFORM_TIMEOUT: WithTimeout: 0s is not positive":   {"test", url, "0s"},
		"openplatform: OPENPLATFORM_ENV: want development, test ": {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			set(t, tt[0], tt[1], tt[2])
			_, err := openplatform.NewClientFromEnv()
			require.ErrorContains(t, err, name)
			assert.NotContains(t, err.Error(), "Pw-9c8d7e")
		})
	}
}
