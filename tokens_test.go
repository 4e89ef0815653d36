package openplatform_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// A tokenPlatform issues access tokens at-1, at-2, … and takes those it has not
// rejected.
type tokenPlatform struct {
	*openplatform.Client

	t                          testing.TB
	url                        string
	fetches, tickets, accounts atomic.Int64
	dead                       sync.Map                                  // tokens it rejects
	onFetch                    func(w http.ResponseWriter, n int64) bool // true if it has answered
	rejectAt                   int                                       // the HTTP status of rejections
}

func startTokenPlatform(t *testing.T) *tokenPlatform {
	t.Helper()
	p := &tokenPlatform{t: t, rejectAt: 200}
	p.url, _ = serve(t, p.serve)
	p.Client = newClient(t, p.url, quickRetries)
	return p
}

func (p *tokenPlatform) serve(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/oauth/getAccessToken":
		n := p.fetches.Add(1)
		if p.onFetch == nil || !p.onFetch(w, n) {
			expired := time.Now().Add(2 * time.Hour).In(chinaStandardTime).Format(time.DateTime)
			answer(200, envelope("000", "成功", fmt.Sprintf(`{"access_token":"at-%d","expired":%q}`, n, expired)))(w, r)
		}
	case "/oauth/getServiceTicket":
		p.tickets.Add(1)
		var in struct {
			AccessToken string `json:"access_token"`
		}
		decodeBody(r, &in)
		if _, dead := p.dead.Load(in.AccessToken); dead {
			answer(p.rejectAt, envelope("401003", "无效的access_token", "null"))(w, r)
			return
		}
		answer(200, documentedResponse(p.t, "GetServiceTicket"))(w, r)
	case "/oauth/api/account/getAccount":
		p.accounts.Add(1)
		answer(200, documentedResponse(p.t, "GetAccount"))(w, r)
	}
}

// newSource makes a source of the business system that most tests are about.
func newSource(t testing.TB, client *openplatform.Client, opts ...openplatform.TokenOption) *openplatform.AccessTokenSource {
	t.Helper()
	source, err := client.AccessTokenSource("shop", "s3cr3t", opts...)
	require.NoError(t, err)
	return source
}

func TestTokenIsFetchedOnceHoweverManyAsk(t *testing.T) {
	p := startTokenPlatform(t)
	p.onFetch = func(http.ResponseWriter, int64) bool { time.Sleep(20 * time.Millisecond); return false }
	source := newSource(t, p.Client)
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			token, err := source.Token(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "at-1", token)
		}()
	}
	wg.Wait()
	assert.EqualValues(t, 1, p.fetches.Load())
}

func TestOneCallersCancellationDoesNotFailTheOthers(t *testing.T) {
	p := startTokenPlatform(t)
	fetching := make(chan struct{})
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release)
	p.onFetch = func(_ http.ResponseWriter, n int64) bool {
		if n == 1 {
			close(fetching)
			<-held
		}
		return false
	}
	source := newSource(t, p.Client)
	leader, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	go func() { _, err := source.Token(leader); gaveUp <- err }()
	<-fetching

	hasty, cancelHasty := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancelHasty()
	_, err := source.Token(hasty)
	require.ErrorIs(t, err, context.DeadlineExceeded, "no caller waits longer than its own ctx")
	assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))

	patient := make(chan string, 1)
	go func() {
		token, err := source.Token(t.Context())
		assert.NoError(t, err)
		patient <- token
	}()
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)
	release()
	assert.Equal(t, "at-1", <-patient, "the fetch went on without the caller who asked first")
	assert.EqualValues(t, 1, p.fetches.Load())
}

func TestRejectedTokenIsFetchedAnewExactlyOnce(t *testing.T) {
	for _, status := range []int{200, 400, 401, 403, 500, 503} {
		t.Run(fmt.Sprint("HTTP ", status), func(t *testing.T) {
			t.Parallel() // a new token is not fetched in the same second
			p := startTokenPlatform(t)
			p.rejectAt = status
			source := newSource(t, p.Client)
			_, err := source.VerifyUser(t.Context(), "user-token")
			require.NoError(t, err)

			p.dead.Store("at-1", true)
			resp, err := source.VerifyUser(t.Context(), "user-token")
			require.NoError(t, err)
			assert.Equal(t, openID, resp.Data.OpenID)
			assert.EqualValues(t, 2, p.fetches.Load())
			assert.EqualValues(t, 3, p.tickets.Load())
			assert.EqualValues(t, 2, p.accounts.Load())
		})
	}
}

func TestManyRejectionsOfOneTokenFetchOne(t *testing.T) {
	p := startTokenPlatform(t)
	source := newSource(t, p.Client)
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	p.dead.Store("at-1", true)
	var wg sync.WaitGroup
	for range 100 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := source.VerifyUser(t.Context(), "user-token")
			assert.NoError(t, err)
		}()
	}
	wg.Wait()
	assert.EqualValues(t, 2, p.fetches.Load())
}

func TestFailedFetchAnswersEverybodyForASecond(t *testing.T) {
	p := startTokenPlatform(t)
	p.onFetch = func(w http.ResponseWriter, _ int64) bool {
		answer(200, envelope("403007", "client_secret不正确", "null"))(w, nil)
		return true
	}
	source := newSource(t, p.Client)
	start := time.Now()
	var wg sync.WaitGroup
	for range 200 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := source.VerifyUser(t.Context(), "user-token")
			assert.ErrorIs(t, err, openplatform.ErrInvalidClientSecret)
		}()
	}
	wg.Wait()
	assert.LessOrEqual(t, p.fetches.Load(), 1+int64(time.Since(start)/time.Second))
}

func TestTokenWhoseExpiryCannotBeReadIsDelivered(t *testing.T) {
	for _, expired := range []string{`"tomorrow"`, `"2021-13-01 00:00:00"`, `""`, "null", "1625127790", "{}"} {
		t.Run(expired, func(t *testing.T) {
			p := startTokenPlatform(t)
			p.onFetch = func(w http.ResponseWriter, _ int64) bool {
				answer(200, envelope("000", "", `{"access_token":"at-x","expired":`+expired+`}`))(w, nil)
				return true
			}
			resp, err := p.GetAccessToken(t.Context(), &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "x"})
			require.NoError(t, err, "a token is good without its end")
			assert.Equal(t, "at-x", resp.Data.AccessToken)
			assert.True(t, resp.Data.Expired.IsZero())

			source := newSource(t, p.Client)
			for range 10 {
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "at-x", token)
			}
			assert.EqualValues(t, 2, p.fetches.Load())
		})
	}
	t.Run("ticket", func(t *testing.T) {
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "getServiceTicket") {
				answer(200, envelope("000", "", `{"service_ticket":"st-x","expired":"?","number_of_uses":3}`))(w, r)
				return
			}
			(&tokenPlatform{t: t}).serve(w, r)
		})
		client := newClient(t, url)
		resp, err := client.GetServiceTicket(t.Context(), &openplatform.GetServiceTicketRequest{AccessToken: "a", Token: "t"})
		require.NoError(t, err)
		assert.True(t, resp.Data.Expired.IsZero())
		assert.Equal(t, "st-x", resp.Data.ServiceTicket)
		assert.Equal(t, 3, resp.Data.NumberOfUses)
		_, err = newSource(t, client).VerifyUser(t.Context(), "user-token")
		assert.NoError(t, err)
	})
}

func TestVerifyUserPassesErrorsOn(t *testing.T) {
	p := startTokenPlatform(t)
	_, err := newSource(t, p.Client).VerifyUser(t.Context(), "")
	assert.ErrorContains(t, err, "GetServiceTicket: token must not be empty")
	assert.EqualValues(t, 0, p.tickets.Load())
}

// What no business system can work with is found out when the source is made, not by its
// first visitor.
func TestASourceThatCannotWorkIsNotMade(t *testing.T) {
	client := newClient(t, "http://platform.invalid")
	tests := map[string]struct {
		client      *openplatform.Client
		id, secret  string
		opts        []openplatform.TokenOption
		field, rule string
	}{
		"no client id":         {client, "", "s3cr3t", nil, "client_id", "must not be empty"},
		"no client secret":     {client, "shop", "", nil, "client_secret", "must not be empty"},
		"an id that is bytes":  {client, "\xff\xfe", "s3cr3t", nil, "client_id", "must be valid UTF-8"},
		"a secret that is too": {client, "shop", "s3cr3t\xff", nil, "client_secret", "must be valid UTF-8"},
		"a nil client":         {nil, "shop", "s3cr3t", nil, "", "the client must come from NewClient"},
		"a zero client":        {new(openplatform.Client), "shop", "s3cr3t", nil, "", "the client must come from NewClient"},
		"a nil option":         {client, "shop", "s3cr3t", []openplatform.TokenOption{nil}, "", "a TokenOption must not be nil"},
		"a nil store":          {client, "shop", "s3cr3t", []openplatform.TokenOption{openplatform.WithTokenStore(nil)}, "", "the token store must not be nil"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source, err := tt.client.AccessTokenSource(tt.id, tt.secret, tt.opts...)
			assert.Nil(t, source)
			var invalid *openplatform.ValidationError
			require.ErrorAs(t, err, &invalid)
			assert.Equal(t, "GetAccessToken", invalid.Operation)
			assert.Equal(t, tt.field, invalid.Field)
			assert.Equal(t, tt.rule, invalid.Rule)
			assert.NotContains(t, err.Error(), "s3cr3t")
		})
	}
}

func TestANilSourceDoesNothing(t *testing.T) {
	for name, source := range map[string]*openplatform.AccessTokenSource{"nil": nil, "zero": new(openplatform.AccessTokenSource)} {
		t.Run(name, func(t *testing.T) {
			assert.NotPanics(t, func() {
				source.Invalidate(t.Context(), "at-1")
				source.Invalidate(nil, "at-1") //nolint:staticcheck // that is the test
				_, err := source.Token(t.Context())
				assert.ErrorContains(t, err, "must come from a Client")
				_, err = source.VerifyUser(t.Context(), "user-token")
				assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
				err = source.Use(t.Context(), func(string) error { return nil })
				assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
				assert.Equal(t, "{client_id: client_secret:}", fmt.Sprintf("%+v", source))
				assert.Equal(t, "[client_id= client_secret=]", source.LogValue().String())
			})
		})
	}
}

// A failing is a testing.T that keeps what it is told.
type failing struct{ said strings.Builder }

func (f *failing) Errorf(format string, args ...any) { fmt.Fprintf(&f.said, format, args...) }

func TestATestFrameworkPrintsNoSecretOfASource(t *testing.T) {
	p := startTokenPlatform(t)
	source := newSource(t, p.Client)
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	source.Invalidate(t.Context(), "at-rejected")
	var f failing
	assert.Equal(&f, map[string]any{"": *source}, map[string]any{"": source})
	require.NotEmpty(t, f.said.String())
	for _, secret := range []string{"s3cr3t", "at-1", "at-rejected"} {
		assert.NotContains(t, f.said.String(), secret)
	}
}

func TestMachinesShareOneToken(t *testing.T) {
	p := startTokenPlatform(t)
	p.onFetch = func(http.ResponseWriter, int64) bool { time.Sleep(10 * time.Millisecond); return false }
	store := newMemoryStore()
	var wg sync.WaitGroup
	for range 20 {
		machine := newSource(t, p.Client, openplatform.WithTokenStore(store))
		wg.Add(1)
		go func() {
			defer wg.Done()
			token, err := machine.Token(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, "at-1", token)
		}()
	}
	wg.Wait()
	assert.EqualValues(t, 1, p.fetches.Load())
	require.Len(t, store.ends, 1)
	for _, end := range store.ends {
		assert.InDelta(t, 2*time.Hour, time.Until(end), float64(time.Minute))
	}

	t.Run("but not with another secret", func(t *testing.T) {
		other, err := p.AccessTokenSource("shop", "other", openplatform.WithTokenStore(store))
		require.NoError(t, err)
		token, err := other.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-2", token)
	})
}

func TestRejectedTokenIsNotReadBackFromTheStore(t *testing.T) {
	p := startTokenPlatform(t)
	store := newMemoryStore()
	source := newSource(t, p.Client, openplatform.WithTokenStore(store))
	_, err := source.VerifyUser(t.Context(), "user-token")
	require.NoError(t, err)
	p.dead.Store("at-1", true)
	t.Run("deleted", func(t *testing.T) {
		_, err = source.VerifyUser(t.Context(), "user-token")
		require.NoError(t, err)
		assert.Eventually(t, func() bool { return store.called("Delete") == 1 }, 5*time.Second, time.Millisecond)
		assert.EqualValues(t, 2, p.fetches.Load())
	})
	t.Run("put back by a slower machine", func(t *testing.T) {
		p.dead.Store("at-2", true)
		broken := &undeletable{store}
		source := newSource(t, p.Client, openplatform.WithTokenStore(broken))
		_, err = source.VerifyUser(t.Context(), "user-token") // reads at-2
		require.NoError(t, err)
		assert.EqualValues(t, 3, p.fetches.Load())
	})
}

// An undeletable store keeps what it should forget.
type undeletable struct{ *memoryStore }

func (undeletable) Delete(context.Context, string, string) error { return nil }

func TestCallsWorkWhileTheStoreIsDown(t *testing.T) {
	var logged bytes.Buffer
	p := startTokenPlatform(t)
	store := newMemoryStore()
	store.down = errors.New("dial redis://:hunter2@cache: refused")
	client := newClient(t, p.url, openplatform.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	source := newSource(t, client, openplatform.WithTokenStore(store))
	start := time.Now()
	var wg sync.WaitGroup
	for range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 20 {
				_, err := source.VerifyUser(t.Context(), "user-token")
				assert.NoError(t, err)
			}
		}()
	}
	wg.Wait()
	assert.LessOrEqual(t, p.fetches.Load(), 1+int64(time.Since(start)/time.Second), "at most one a second")
	assert.Contains(t, logged.String(), "token store failed")
	assert.NotContains(t, logged.String(), "hunter2")
}

func TestAResultSurvivesJSON(t *testing.T) {
	before := openplatform.ServiceTicket{ServiceTicket: "st", Expired: time.Date(2021, 7, 1, 16, 17, 30, 0, chinaStandardTime), NumberOfUses: 2}
	raw, err := json.Marshal(before)
	require.NoError(t, err)
	var after openplatform.ServiceTicket
	require.NoError(t, json.Unmarshal(raw, &after))
	assert.True(t, before.Expired.Equal(after.Expired))
	after.Expired = before.Expired
	assert.Equal(t, before, after)
}

func TestNoNewTokenForARejectedOne(t *testing.T) {
	p := startTokenPlatform(t)
	source := newSource(t, p.Client)
	_, err := source.Token(t.Context())
	require.NoError(t, err)
	p.onFetch = func(w http.ResponseWriter, _ int64) bool {
		answer(500, envelope("500", "", "null"))(w, nil)
		return true
	}
	p.dead.Store("at-1", true)
	_, err = source.VerifyUser(t.Context(), "user-token")
	require.ErrorIs(t, err, openplatform.ErrSystemError)
	assert.EqualValues(t, 1, p.tickets.Load(), "not with the token that was rejected")
}
