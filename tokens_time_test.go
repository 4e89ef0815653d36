package openplatform_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A clockedPlatform issues tokens by a clock that is off from ours, without a network.
type clockedPlatform struct {
	ahead    time.Duration // of our clock
	lifetime time.Duration
	noDate   bool
	fails    bool
	hangs    bool
	takes    time.Duration
	expired  string // what it says of every token, if not ""
	same     bool   // it issues one token, over and over

	fetches int
	ends    map[string]time.Time // of each token, by our clock
}

// A renewal goes on after Token has returned: settled waits until it has come to rest,
// and may look at p.
func (p *clockedPlatform) settled() *clockedPlatform {
	synctest.Wait()
	return p
}

func (p *clockedPlatform) RoundTrip(req *http.Request) (*http.Response, error) {
	p.fetches++
	if p.hangs {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	select {
	case <-time.After(p.takes):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if p.fails {
		return nil, errors.New("down")
	}
	token := fmt.Sprintf("at-%d", p.fetches)
	if p.same {
		token = "at-1"
	}
	if p.ends == nil {
		p.ends = map[string]time.Time{}
	}
	p.ends[token] = time.Now().Add(p.lifetime)
	theirs := time.Now().Add(p.ahead)
	header := http.Header{"Date": {theirs.UTC().Format(http.TimeFormat)}}
	if p.noDate {
		header = http.Header{}
	}
	expired := cmp.Or(p.expired, theirs.Add(p.lifetime).In(chinaStandardTime).Format(time.DateTime))
	body := envelope("000", "", fmt.Sprintf(`{"access_token":%q,"expired":%q}`, token, expired))
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func (p *clockedPlatform) source(t *testing.T, opts ...openplatform.TokenOption) *openplatform.AccessTokenSource {
	t.Helper()
	return newSource(t, p.client(t), opts...)
}

func (p *clockedPlatform) client(t *testing.T, opts ...openplatform.Option) *openplatform.Client {
	t.Helper()
	opts = append(opts, through(p), openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	client, err := openplatform.NewClient(openplatform.Test, opts...)
	require.NoError(t, err)
	return client
}

func TestTokenIsRenewedBeforeItEndsWhateverTheClocksSay(t *testing.T) {
	tests := []struct {
		name     string
		platform clockedPlatform
	}{
		{"clocks agree", clockedPlatform{lifetime: 2 * time.Hour}},
		{"clocks agree, no Date", clockedPlatform{lifetime: 2 * time.Hour, noDate: true}},
		{"ours is 5 minutes behind", clockedPlatform{lifetime: 2 * time.Hour, ahead: 5 * time.Minute}},
		{"ours is 5 minutes ahead", clockedPlatform{lifetime: 2 * time.Hour, ahead: -5 * time.Minute}},
		{"ours is days behind", clockedPlatform{lifetime: 2 * time.Hour, ahead: 72 * time.Hour}},
		{"ours is days ahead", clockedPlatform{lifetime: 2 * time.Hour, ahead: -72 * time.Hour}},
		{"hours behind, no Date", clockedPlatform{lifetime: 2 * time.Hour, ahead: 9 * time.Hour, noDate: true}},
		{"5 minutes behind, no Date", clockedPlatform{lifetime: 2 * time.Hour, ahead: 5 * time.Minute, noDate: true}},
		{"5 minutes ahead, no Date", clockedPlatform{lifetime: 2 * time.Hour, ahead: -5 * time.Minute, noDate: true}},
		{"a token that was issued before", clockedPlatform{lifetime: 30 * time.Minute}},
		{"issued before, 4 minutes behind, no Date", clockedPlatform{lifetime: 30 * time.Minute, ahead: 4 * time.Minute, noDate: true}},
		{"a token of a minute", clockedPlatform{lifetime: time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &tt.platform
				source := p.source(t)
				const asked = 6 * time.Hour
				for start := time.Now(); time.Since(start) < asked; time.Sleep(20 * time.Second) {
					token, err := source.Token(t.Context())
					require.NoError(t, err)
					require.True(t, time.Now().Before(p.settled().ends[token]), "an expired token was used")
				}
				assert.LessOrEqual(t, p.fetches, 3*int(asked/p.lifetime)+1, "renewed with reason")
			})
		})
	}
}

func TestRenewalsAreJittered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		renewed := map[time.Duration]bool{}
		for range 20 {
			p := &clockedPlatform{lifetime: 2 * time.Hour}
			source := p.source(t)
			start := time.Now()
			for p.settled().fetches < 2 {
				_, err := source.Token(t.Context())
				require.NoError(t, err)
				time.Sleep(5 * time.Second)
			}
			after := time.Since(start)
			renewed[after] = true
			assert.GreaterOrEqual(t, after, 110*time.Minute)
			assert.LessOrEqual(t, after, 115*time.Minute+10*time.Second)
		}
		assert.Greater(t, len(renewed), 10)
	})
}

func TestTokenIsUsedOnWhileItsRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t)
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		p.settled().fails = true
		time.Sleep(116 * time.Minute)
		for start := time.Now(); time.Since(start) < 3*time.Minute; time.Sleep(100 * time.Millisecond) {
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "at-1", token)
		}
		assert.LessOrEqual(t, p.settled().fetches, 1+3*60+1, "at most one a second")
		time.Sleep(5 * time.Minute)
		_, err = source.Token(t.Context())
		require.Error(t, err, "not beyond its end")
		p.settled().fails = false
		time.Sleep(time.Second)
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, "at-1", token)
	})
}

func TestAStoreThatHangsHoldsNobodyUp(t *testing.T) {
	for _, patience := range []time.Duration{100 * time.Millisecond, 5 * time.Second, time.Hour} {
		t.Run(patience.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newMemoryStore()
				store.lockForGood() // by a machine that died
				source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				start := time.Now()
				token, err := source.Token(ctx)
				require.NoError(t, err)
				assert.Equal(t, "at-1", token)
				assert.Equal(t, min(patience/2, 5*time.Second), time.Since(start))
			})
		})
	}
}

func TestATokenFromTheStoreIsUsedOnTooWhileItsRenewalFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		fetcher := p.source(t, openplatform.WithTokenStore(store))
		reader := p.source(t, openplatform.WithTokenStore(store))
		for _, machine := range []*openplatform.AccessTokenSource{fetcher, reader} {
			token, err := machine.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "at-1", token)
		}
		p.settled().fails = true
		time.Sleep(115*time.Minute + time.Second)
		for time.Now().Before(p.settled().ends["at-1"]) {
			for _, machine := range []*openplatform.AccessTokenSource{fetcher, reader} {
				_, err := machine.Token(t.Context())
				require.NoError(t, err)
			}
			time.Sleep(time.Second)
		}
		_, err := reader.Token(t.Context())
		require.Error(t, err)
		p.settled().fails = false
		time.Sleep(time.Second)
		_, err = reader.Token(t.Context())
		require.NoError(t, err)
	})
}

func TestCallersWhoGiveUpSoonDoNotHammerASlowPlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour, hangs: true}
		source := p.source(t)
		for start := time.Now(); time.Since(start) < 10*time.Second; {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := source.Token(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.LessOrEqual(t, p.settled().fetches, 11)
		time.Sleep(time.Minute) // the last fetch ends within the client's timeout
	})
}

func TestARenewalLeavesItsCallerTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t)
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(116 * time.Minute)
		p.hangs = true
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		token, err := source.Token(ctx)
		require.NoError(t, err)
		assert.Equal(t, "at-1", token)
		require.NoError(t, ctx.Err(), "the token is for a call yet to be made")
		time.Sleep(time.Minute) // the renewal ends within the client's timeout
	})
}

func TestNobodyWaitsForARenewalWhileTheTokenIsValid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t)
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(116 * time.Minute)
		p.hangs = true
		go func() {
			token, err := source.Token(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "at-1", token)
		}()
		synctest.Wait()
		start := time.Now()
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			token, err := source.Token(ctx)
			cancel()
			require.NoError(t, err)
			assert.Equal(t, "at-1", token)
		}
		assert.Zero(t, time.Since(start))
		time.Sleep(time.Minute) // the renewal ends within the client's timeout
	})
}

func TestNilIsNoCtxForAToken(t *testing.T) {
	source := (&clockedPlatform{}).source(t)
	_, err := source.Token(nil) //nolint:staticcheck // that is the test
	assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
}

func TestATokenToBeRenewedIsNotReadBackFromTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t, openplatform.WithTokenStore(store))
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(115*time.Minute + time.Second)
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-1", token, "still valid: nobody waits")
		synctest.Wait()
		token, err = source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-2", token)

		t.Log("nor is one that a careless store hands out after its end")
		time.Sleep(3 * time.Hour)
		token, err = p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-3", token)
	})
}

// Tokens that others end now and then, over hours, are no platform that rejects whatever it issues.
func TestTokensThatLivedForAWhileAreNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t)
		for range 10 {
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			time.Sleep(2 * time.Minute)
			source.Invalidate(t.Context(), token)
		}
		_, err := source.Token(t.Context())
		require.NoError(t, err)
		used := 0

		err = source.Use(t.Context(), func(string) error {
			if used++; used == 1 {
				return openplatform.ErrInvalidAccessToken
			}
			return nil
		})

		require.NoError(t, err)
		assert.Equal(t, 2, used)
	})
}
