package sandbox_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A shop stands for the service under test. It takes its client from outside.
type shop struct{ client *openplatform.Client }

// picture returns a new picture's id: the page shows the picture.
func (s shop) picture(ctx context.Context) (id string, err error) {
	resp, err := s.client.GetImgCode(ctx)
	if err != nil {
		return "", err
	}
	return resp.Data.ImgCodeID, nil
}

func (s shop) sendSMS(ctx context.Context, mobile, pictureID, read string) error {
	_, err := s.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: pictureID, ImgCode: read, SmsType: openplatform.SmsTypeLogin,
	})
	return err
}

func (s shop) logIn(ctx context.Context, mobile, code string) (token string, err error) {
	resp, err := s.client.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{
		Mobile: mobile, Code: code, SmsType: openplatform.SmsTypeLogin,
	})
	if err != nil {
		return "", err
	}
	return resp.Data.Token, nil
}

// The tests below are in docs/testing.md.

func TestAPersonLogsInBySMS(t *testing.T) {
	sb := sandbox.Start(t) // a platform on loopback, which ends with the test
	sb.AddAccount(sandbox.Account{Username: "hanmeimei", Email: "hanmeimei@example.com", Mobile: "13900001111", Password: "made-up-1"})
	shop := shop{client: sb.Client} // your service; sb.URL is the base URL, if it makes its own client

	pictureID, err := shop.picture(t.Context())
	require.NoError(t, err)
	require.NoError(t, shop.sendSMS(t.Context(), "13900001111", pictureID, sb.SolveImgCode(pictureID)))
	sms, err := sb.WaitSMS(t.Context(), "13900001111") // as soon as it is sent
	require.NoError(t, err)
	token, err := shop.logIn(t.Context(), "13900001111", sms.Code)

	require.NoError(t, err)
	assert.NotEmpty(t, token)
}

func TestTheResponseIsLost(t *testing.T) {
	sb := sandbox.Start(t, sandbox.WithImgCode("ACEF")) // every picture shows ACEF
	shop := shop{client: sb.Client}
	pictureID, err := shop.picture(t.Context())
	require.NoError(t, err)

	// The SMS is sent, and the connection breaks before the response.
	sb.Order(sandbox.Fault{Operation: sandbox.OpSendSmsCode, Times: 1, After: true, Drop: true})
	err = shop.sendSMS(t.Context(), "13900001111", pictureID, "ACEF")

	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
	assert.Len(t, sb.Outbox("13900001111"), 1, "the SMS was sent all the same")
}

func TestAPlatformThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t) // no socket; start it inside of the bubble
		sb.Order(sandbox.Fault{Operation: sandbox.OpGetImgCode, Delay: time.Hour})
		start := time.Now()
		_, err := shop{client: sb.Client}.picture(t.Context())

		var lost *openplatform.TransportError
		require.ErrorAs(t, err, &lost)
		assert.True(t, lost.Timeout())
		assert.Equal(t, 15*time.Second, time.Since(start)) // the default timeout, in no time
	})
}

func TestTheNextSMSHasToWait(t *testing.T) {
	sb := sandbox.Start(t, sandbox.WithImgCode("ACEF"))
	shop := shop{client: sb.Client}
	again := func() error {
		pictureID, err := shop.picture(t.Context())
		require.NoError(t, err)
		return shop.sendSMS(t.Context(), "13900001111", pictureID, "ACEF")
	}
	require.NoError(t, again())

	require.ErrorIs(t, again(), openplatform.ErrRateLimited)
	sb.Advance(time.Minute) // the sandbox's clock; nobody waits
	require.NoError(t, again())
}

// A client of the test's own reaches a sandbox in memory by its Transport.
func TestAClientWithOptions(t *testing.T) {
	sb := sandbox.StartInMemory(t)
	client, err := openplatform.NewClient(openplatform.Test,
		openplatform.WithBaseURL(sb.URL),
		openplatform.WithHTTPClient(&http.Client{Transport: sb.Transport}),
		openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)

	sb.Order(sandbox.Fault{Times: 1, Preset: sandbox.PresetNginx502})
	_, err = client.GetImgCode(t.Context())
	require.Error(t, err, "it is not tried again")
	_, err = client.GetImgCode(t.Context())
	require.NoError(t, err)
}
