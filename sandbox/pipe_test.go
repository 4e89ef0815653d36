package sandbox_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// sendSMS has the SDK send an SMS and returns how that ended.
func sendSMS(ctx context.Context, sb *sandbox.Server, client *openplatform.Client, mobile string) error {
	picture, err := client.GetImgCode(ctx)
	if err != nil {
		return err
	}
	id := picture.Data.ImgCodeID
	_, err = client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
		Mobile: mobile, ImgCodeID: id, ImgCode: sb.SolveImgCode(id), SmsType: openplatform.SmsTypeLogin,
	})
	return err
}

func TestInMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		begin := time.Now()
		got := make(chan sandbox.SMS)
		go func() {
			sms, err := sb.WaitSMS(t.Context(), mobile)
			assert.NoError(t, err)
			got <- sms
		}()
		synctest.Wait() // it waits, and nothing else goes on
		require.NoError(t, sendSMS(t.Context(), sb, sb.Client, mobile))
		assert.Equal(t, mobile, (<-got).Mobile)
		assert.Equal(t, begin, time.Now(), "the network takes no time")

		time.Sleep(sandbox.SMSInterval)
		require.NoError(t, sendSMS(t.Context(), sb, sb.Client, mobile), "lifetimes go by the bubble's clock")

		sb.Order(sandbox.Fault{Operation: sandbox.OpGetImgCode, Delay: 9 * time.Second, Times: 1})
		begin = time.Now()
		_, err := sb.Client.GetImgCode(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 9*time.Second, time.Since(begin))
	})
}

// A client of the test's own, made as a program makes it.
func TestInMemoryWithAClientOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		client, err := openplatform.NewClient(openplatform.Test,
			openplatform.WithBaseURL(sb.URL), openplatform.WithHTTPClient(&http.Client{Transport: sb.Transport}))
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		require.NoError(t, sendSMS(t.Context(), sb, client, mobile))
		assert.Len(t, sb.Outbox(mobile), 1)
	})
}

func TestInMemoryProvesWhatWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		require.NoError(t, sendSMS(t.Context(), sb, sb.Client, otherMobile))

		err := sendSMS(t.Context(), sb, sb.Client, answerLost)
		assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
		assert.Len(t, sb.Outbox(answerLost), 1)

		begin := time.Now()
		err = sendSMS(t.Context(), sb, sb.Client, timeout)
		assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
		assert.Equal(t, 15*time.Second, time.Since(begin), "the SDK's own timeout")
		assert.Empty(t, sb.Outbox(timeout))

		before := len(sb.Ledger())
		sb.Close()
		err = sendSMS(t.Context(), sb, sb.Client, mobile)
		require.ErrorContains(t, err, "could not connect")
		assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
		assert.Len(t, sb.Ledger(), before)
	})
}

func TestInMemoryDialEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := sb.Client.GetImgCode(ctx)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

// do sends one request over the sandbox's transport and leaves the answer's body to the test.
func inMemory(t *testing.T, sb *sandbox.Server, method, path string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, sb.URL+path, nil)
	require.NoError(t, err)
	return sb.Transport.RoundTrip(request)
}

func TestSpecialTimeoutEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		require.NoError(t, sb.SetSpecialNumber(special(mobile, sandbox.Timeout)))
		client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(sb.URL), openplatform.WithTimeout(time.Hour),
			openplatform.WithHTTPClient(&http.Client{Transport: sb.Transport}))
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		begin := time.Now()
		require.ErrorContains(t, sendSMS(t.Context(), sb, client, mobile), "closed before an answer")
		assert.Equal(t, 5*time.Minute, time.Since(begin))
	})
}

func TestDelayByChance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		sb.Order(sandbox.Fault{Delay: 10 * time.Second, MaxDelay: 20 * time.Second})
		shortest, longest := time.Hour, time.Duration(0)
		for range 200 {
			begin := time.Now()
			response, err := inMemory(t, sb, http.MethodPost, imgCodePath)
			require.NoError(t, err)
			require.NoError(t, response.Body.Close())
			shortest, longest = min(shortest, time.Since(begin)), max(longest, time.Since(begin))
		}
		assert.GreaterOrEqual(t, shortest, 10*time.Second)
		assert.Less(t, shortest, 11*time.Second)
		assert.Greater(t, longest, 19*time.Second)
		assert.LessOrEqual(t, longest, 20*time.Second)
	})
}

func TestPresetSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sb := sandbox.StartInMemory(t)
		sb.Order(sandbox.Fault{Preset: sandbox.PresetSlowBody})
		begin := time.Now()
		response, err := inMemory(t, sb, http.MethodPost, imgCodePath)
		require.NoError(t, err)
		assert.Equal(t, begin, time.Now(), "the header comes at once")
		body := bufio.NewReaderSize(response.Body, 16)
		_, err = body.Discard(10)
		require.NoError(t, err)
		assert.Equal(t, 9*time.Second, time.Since(begin), "and a byte a second")
		_, err = io.ReadAll(body)
		require.NoError(t, err, "past the time that an answer has to be read in: each byte has its own")
		require.NoError(t, response.Body.Close())
		assert.Equal(t, "500", sb.Ledger()[0].Code)

		response, err = inMemory(t, sb, http.MethodPost, imgCodePath)
		require.NoError(t, err)
		sb.Close()
		_, err = io.ReadAll(response.Body)
		require.Error(t, err, "it ends with the sandbox")
		require.NoError(t, response.Body.Close())
	})
}

// What had a minute left has a minute left, however long ago that was.
func TestImportMovesTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := sandbox.StartInMemory(t)
		from.AddAccount(sandbox.Account{Username: username, Mobile: mobile, Password: password})
		login, err := from.Client.Login(t.Context(), &openplatform.LoginRequest{Account: username, Password: password})
		require.NoError(t, err)
		require.NoError(t, sendSMS(t.Context(), from, from.Client, mobile))
		from.Advance(time.Minute)
		sms := from.Outbox(mobile)[0]
		data := export(t, from.Sandbox)

		time.Sleep(365 * 24 * time.Hour)
		to := sandbox.StartInMemory(t)
		require.NoError(t, to.Import(data))

		assert.Equal(t, time.Now().Add(time.Minute), to.Now(), "the clock is ahead as far as it was")
		assert.Equal(t, time.Minute, to.Now().Sub(to.Outbox(mobile)[0].SentAt))
		_, err = to.Client.LoginByMobileCode(t.Context(), &openplatform.LoginByMobileCodeRequest{
			Mobile: mobile, Code: sms.Code, SmsType: openplatform.SmsTypeLogin,
		})
		require.NoError(t, err)
		check := &openplatform.CheckTokenRequest{Token: login.Data.Token}
		to.Advance(sandbox.TokenLifetime - 2*time.Minute)
		_, err = to.Client.CheckToken(t.Context(), check)
		require.NoError(t, err)
		to.Advance(time.Minute)
		_, err = to.Client.CheckToken(t.Context(), check)
		assert.ErrorIs(t, err, openplatform.ErrInvalidToken)
	})
}

func TestAllWhoWaitHearOfWhatComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const waiting = 50
		sb := sandbox.StartInMemory(t)
		send := func(mobile string) {
			require.NoError(t, sendSMS(t.Context(), sb, sb.Client, mobile))
			sb.Advance(sandbox.SMSInterval)
		}
		send(mobile)
		_, err := sb.WaitSMS(t.Context(), mobile)
		require.NoError(t, err)
		before := sb.LastID()

		mine, others := make(chan sandbox.SMS, waiting), make(chan sandbox.SMS, waiting)
		for range waiting {
			go func() {
				sms, _ := sb.WaitSMS(t.Context(), mobile)
				mine <- sms
			}()
			go func() {
				sms, _ := sb.NextSMS(t.Context(), sandbox.SMSFilter{Mobile: otherMobile, SmsType: "LOGIN", After: before})
				others <- sms
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		nobodys := make(chan error, 1)
		go func() {
			_, err := sb.WaitSMS(ctx, answerLost)
			nobodys <- err
		}()
		synctest.Wait() // until all wait

		send(otherMobile)
		synctest.Wait()
		assert.Len(t, others, waiting)
		assert.Empty(t, mine)
		send(mobile)
		synctest.Wait()
		require.Len(t, mine, waiting)
		for range waiting {
			assert.Equal(t, otherMobile, (<-others).Mobile)
			assert.Equal(t, sb.Outbox(mobile)[1], <-mine)
		}
		for range 3 { // those who have got theirs are in nobody's way
			send(mobile)
		}
		assert.Empty(t, nobodys)
		cancel()
		assert.ErrorIs(t, <-nobodys, context.Canceled)
	})
}
