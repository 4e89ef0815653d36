//go:build integration

package openplatform_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// These tests talk to the real platform. What they do by default texts nobody and
// changes nothing but the life of a picture.

// variable returns an environment variable, or skips the test for want of it.
func variable(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Skipf("set %s to run this test; docs/testing.md says to what", name)
	}
	return value
}

func platform(t *testing.T) *openplatform.Client {
	t.Helper()
	env, err := openplatform.ParseEnvironment(variable(t, "OPENPLATFORM_ENV"))
	require.NoError(t, err)
	require.NotEqual(t, openplatform.Production, env, "tests have no business in production")
	client, err := openplatform.NewClientFromEnv()
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func TestIntegrationPicture(t *testing.T) {
	resp, err := platform(t).GetImgCode(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, resp.RequestID)
	data, mediaType, err := resp.Data.Picture()
	require.NoError(t, err)
	assert.Contains(t, mediaType, "image/")
	_, err = jpeg.Decode(bytes.NewReader(data))
	assert.NoError(t, err)
}

func TestIntegrationWrongPictureCodeIsRejected(t *testing.T) {
	client := platform(t)
	picture, err := client.GetImgCode(t.Context())
	require.NoError(t, err)
	_, err = client.SendSmsCode(t.Context(), &openplatform.SendSmsCodeRequest{
		Mobile: "10000000000", // nobody's: no Chinese mobile begins with 10
		// No picture has four of these in it, so no SMS is sent.
		ImgCodeID: picture.Data.ImgCodeID, ImgCode: "----", SmsType: openplatform.SmsTypeLogin,
	})
	var failure *openplatform.APIError
	require.ErrorAs(t, err, &failure)
	assert.NotEmpty(t, failure.RequestID)
	t.Logf("the code of a wrong picture code is %s, at HTTP %d, outcome %s", failure.Code, failure.HTTPStatus, openplatform.OutcomeOf(err))
}

func TestIntegrationNonsenseIsNoToken(t *testing.T) {
	_, err := platform(t).CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: "nonsense"})
	require.ErrorIs(t, err, openplatform.ErrInvalidToken)
}

func TestIntegrationTokenOfAPerson(t *testing.T) {
	client := platform(t)
	_, err := client.CheckToken(t.Context(), &openplatform.CheckTokenRequest{Token: variable(t, "OPENPLATFORM_TOKEN")})
	assert.NoError(t, err)
}

func TestIntegrationSingleSignOn(t *testing.T) {
	client := platform(t)
	source, err := client.AccessTokenSource(variable(t, "OPENPLATFORM_CLIENT_ID"), variable(t, "OPENPLATFORM_CLIENT_SECRET"))
	require.NoError(t, err)
	_, err = source.Token(t.Context())
	require.NoError(t, err)
	account, err := source.VerifyUser(t.Context(), variable(t, "OPENPLATFORM_TOKEN"))
	require.NoError(t, err)
	assert.NotEmpty(t, account.Data.OpenID)
}
