package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/auth"
	"github.com/ebaas/openplatform-go/sandbox"
)

// The figures of the package, printed by
//
//	go test -run '^$' -bench . ./auth

// A crowd is people who are logged in, and a platform that counts what it is asked.
type crowd struct {
	who    *auth.Middleware
	tokens []string
	asked  atomic.Int64
	down   atomic.Bool
}

func newCrowd(tb testing.TB, people int, carrier auth.Carrier) *crowd {
	tb.Helper()
	c := &crowd{}
	sb := sandbox.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.down.Load() {
			panic(http.ErrAbortHandler)
		}
		if r.URL.Path == "/oauth/getServiceTicket" {
			c.asked.Add(1)
		}
		sb.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL))
	require.NoError(tb, err)
	tb.Cleanup(client.CloseIdleConnections)
	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	require.NoError(tb, err)
	c.who, err = auth.New(client, carrier, auth.WithAccount(source))
	require.NoError(tb, err)
	for i := range people {
		name := fmt.Sprint("person-", i)
		sb.AddAccount(sandbox.Account{Username: name, Email: name + "@example.com", Mobile: fmt.Sprint("139", 10_000_000+i), Password: password})
		login, err := client.Login(tb.Context(), &openplatform.LoginRequest{Account: name, Password: password})
		require.NoError(tb, err)
		c.tokens = append(c.tokens, login.Data.Token)
	}
	return c
}

// requests makes so many requests, of everybody in turn, by 64 at a time, and returns how many
// got which status.
func (c *crowd) requests(n int) map[int]int {
	statuses := map[int]int{}
	var mu sync.Mutex
	var crew sync.WaitGroup
	for worker := range 64 {
		crew.Go(func() {
			for i := worker; i < n; i += 64 {
				status := c.get(c.tokens[i%len(c.tokens)])
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	crew.Wait()
	return statuses
}

func (c *crowd) get(token string) (status int) {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	if _, ok := c.who.Authenticate(w, req); ok {
		return http.StatusOK
	}
	return w.Code
}

// 10,000 requests of 100 people are at most 100 questions.
func TestACrowdAsksOncePerPerson(t *testing.T) {
	c := newCrowd(t, 100, auth.Bearer())
	assert.Equal(t, map[int]int{http.StatusOK: 10_000}, c.requests(10_000))
	assert.LessOrEqual(t, c.asked.Load(), int64(100))
}

// With the platform down, nobody who was in is answered 401.
func TestAnOutageLogsNobodyOut(t *testing.T) {
	c := newCrowd(t, 20, auth.Bearer())
	require.Equal(t, map[int]int{http.StatusOK: 20}, c.requests(20))
	for _, token := range c.tokens[:10] {
		c.who.Forget(token) // as if its time were up
	}
	c.down.Store(true)
	assert.Equal(t, map[int]int{http.StatusOK: 100, http.StatusServiceUnavailable: 100}, c.requests(200))
	c.down.Store(false)
	assert.Equal(t, map[int]int{http.StatusOK: 200}, c.requests(200))
}

// A cachedRequest is one whose token is known.
func cachedRequest(tb testing.TB, carrier auth.Carrier, header, value string) (*auth.Middleware, *http.Request) {
	tb.Helper()
	c := newCrowd(tb, 1, carrier)
	req := httptest.NewRequest(http.MethodGet, "/account", nil)
	req.Header = http.Header{ // as a browser sends it
		"Accept": {"text/html"}, "Accept-Language": {"zh-CN,zh;q=0.9"}, "User-Agent": {"Mozilla/5.0"}, "Accept-Encoding": {"gzip"},
		header: {fmt.Sprintf(value, c.tokens[0])},
	}
	w := httptest.NewRecorder()
	_, ok := c.who.Authenticate(w, req)
	require.True(tb, ok, "%d %s", w.Code, w.Body)
	return c.who, req
}

// cachedCarriers are the ways a token comes.
var cachedCarriers = []struct {
	name          string
	carrier       auth.Carrier
	header, value string
}{
	{"cookie", auth.Cookie(cookie), "Cookie", "theme=dark; session=%s"},
	{"cookie alone", auth.Cookie(cookie), "Cookie", "session=%s"},
	{"bearer", auth.Bearer(), "Authorization", "Bearer %s"},
}

func BenchmarkCachedRequest(b *testing.B) {
	for _, tt := range cachedCarriers {
		b.Run(tt.name, func(b *testing.B) {
			who, req := cachedRequest(b, tt.carrier, tt.header, tt.value)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := who.Authenticate(w, req); !ok {
					b.Fatal(w.Code)
				}
			}
		})
	}
}

func BenchmarkTenThousandRequestsOfAHundredPeople(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		c := newCrowd(b, 100, auth.Bearer())
		b.StartTimer()
		statuses := c.requests(10_000)
		require.Equal(b, 10_000, statuses[http.StatusOK])
		b.ReportMetric(float64(c.asked.Load()), "questions")
	}
}

func BenchmarkRequestsWhileThePlatformIsDown(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		c := newCrowd(b, 100, auth.Bearer())
		c.requests(100)
		for _, token := range c.tokens[:50] {
			c.who.Forget(token)
		}
		c.down.Store(true)
		b.StartTimer()
		statuses := c.requests(200)
		b.ReportMetric(float64(statuses[http.StatusOK]), "status-200")
		b.ReportMetric(float64(statuses[http.StatusServiceUnavailable]), "status-503")
		b.ReportMetric(float64(statuses[http.StatusUnauthorized]), "status-401")
	}
}
