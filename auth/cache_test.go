package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/auth"
	"github.com/ebaas/openplatform-go/sandbox"
)

const checkTokenPath = "/oauth/checkToken"

// A world is a middleware and a platform without sockets between them, so that the fake clock
// of a synctest bubble goes on.
type world struct {
	t      *testing.T
	sb     *sandbox.Sandbox
	client *openplatform.Client
	who    *auth.Middleware
	// answer, if it is there, answers in place of the sandbox.
	answer func(*http.Request) (*http.Response, error)
	asked  atomic.Int32 // how often CheckToken was
}

func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Path == checkTokenPath {
		w.asked.Add(1)
	}
	if w.answer != nil {
		return w.answer(req)
	}
	recorder := httptest.NewRecorder()
	w.sb.ServeHTTP(recorder, req)
	return recorder.Result(), nil
}

func newWorld(t *testing.T, opts ...auth.Option) *world {
	t.Helper()
	w := &world{t: t, sb: sandbox.New()}
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL("http://platform.invalid"),
		openplatform.WithHTTPClient(&http.Client{Transport: w}), openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	w.client = client
	w.who, err = auth.New(client, auth.Bearer(), opts...)
	require.NoError(t, err)
	w.sb.AddAccount(sandbox.Account{Username: username, Email: email, Mobile: mobile, Password: password})
	return w
}

func (w *world) login() (token string) {
	w.t.Helper()
	resp, err := w.client.Login(w.t.Context(), &openplatform.LoginRequest{Account: username, Password: password})
	require.NoError(w.t, err)
	return resp.Data.Token
}

// get returns the status that a request with a token gets.
func (w *world) get(token string) int { return w.getIn(w.t.Context(), token) }

func (w *world) getIn(ctx context.Context, token string) int {
	recorder := httptest.NewRecorder()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	if _, ok := w.who.Authenticate(recorder, req); ok {
		return http.StatusOK
	}
	return recorder.Code
}

// logOut ends the login on the platform, and tells nobody here.
func (w *world) logOut(token string) {
	w.t.Helper()
	_, err := w.client.Logout(w.t.Context(), &openplatform.LogoutRequest{Token: token})
	require.NoError(w.t, err)
}

func down(*http.Request) (*http.Response, error) { return nil, assert.AnError }

// A request within the time does not renew it: who is locked out is out after 30 seconds,
// however busy.
func TestTheCacheIsNeverRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		w.logOut(token)
		for range 29 {
			time.Sleep(time.Second)
			assert.Equal(t, http.StatusOK, w.get(token))
		}
		assert.EqualValues(t, 1, w.asked.Load())
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusUnauthorized, w.get(token), "30 seconds are over")
		assert.EqualValues(t, 2, w.asked.Load())
	})
}

func TestTheCachesTimeCanBeSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(10, 3*time.Second))
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		w.logOut(token)
		time.Sleep(3*time.Second - 1)
		assert.Equal(t, http.StatusOK, w.get(token))
		time.Sleep(1 * time.Nanosecond)
		assert.Equal(t, http.StatusUnauthorized, w.get(token))
	})
}

func TestTheCacheCanBeOff(t *testing.T) {
	for _, off := range []auth.Option{auth.WithCache(0, time.Second), auth.WithCache(10, 0)} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, off)
			token := w.login()
			assert.Equal(t, http.StatusOK, w.get(token))
			assert.Equal(t, http.StatusOK, w.get(token))
			assert.EqualValues(t, 2, w.asked.Load())
			w.logOut(token)
			assert.Equal(t, http.StatusUnauthorized, w.get(token))
			assert.Equal(t, http.StatusUnauthorized, w.get(token))
			assert.EqualValues(t, 4, w.asked.Load())
		})
	}
}

// The oldest goes first.
func TestTheCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(3, 30*time.Second))
		var tokens []string
		for range 4 {
			tokens = append(tokens, w.login())
			require.Equal(t, http.StatusOK, w.get(tokens[len(tokens)-1]))
			time.Sleep(time.Millisecond)
		}
		w.asked.Store(0)
		for _, token := range tokens[1:] {
			assert.Equal(t, http.StatusOK, w.get(token))
		}
		assert.Zero(t, w.asked.Load(), "the newest three are known")
		assert.Equal(t, http.StatusOK, w.get(tokens[0]))
		assert.EqualValues(t, 1, w.asked.Load(), "the oldest is not")
	})
}

func TestADeadTokenIsKnownForFiveSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for range 5 {
			assert.Equal(t, http.StatusUnauthorized, w.get("made-up"))
			time.Sleep(time.Second - 1)
		}
		assert.EqualValues(t, 1, w.asked.Load())
		time.Sleep(5 * time.Nanosecond)
		assert.Equal(t, http.StatusUnauthorized, w.get("made-up"))
		assert.EqualValues(t, 2, w.asked.Load())
	})
}

// Whoever tries made-up tokens throws nobody out of the cache.
func TestDeadTokensTakeNoRoomFromLivingOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(5, 30*time.Second))
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		for i := range 50 {
			assert.Equal(t, http.StatusUnauthorized, w.get(fmt.Sprint("made-up-", i)))
		}
		w.asked.Store(0)
		assert.Equal(t, http.StatusOK, w.get(token))
		assert.Zero(t, w.asked.Load())
	})
}

func TestAFailureIsNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		w.answer = down
		assert.Equal(t, http.StatusServiceUnavailable, w.get(token))
		assert.Equal(t, http.StatusServiceUnavailable, w.get(token))
		w.answer = nil
		assert.Equal(t, http.StatusOK, w.get(token), "the platform is back")
		assert.EqualValues(t, 3, w.asked.Load())
	})
}

// An outage throws nobody out, and does not let anybody in either.
func TestStaleIsOffByDefault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		w.answer = down
		time.Sleep(30 * time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, w.get(token))
	})
}

func TestStaleIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(10, 10*time.Second), auth.WithStale(time.Minute))
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		w.answer = down
		for range 69 {
			time.Sleep(time.Second)
			assert.Equal(t, http.StatusOK, w.get(token))
		}
		assert.EqualValues(t, 1+60/5, w.asked.Load(), "once in five seconds, once it is stale")
		time.Sleep(time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, w.get(token), "10 and 60 seconds are over")
		assert.Equal(t, http.StatusServiceUnavailable, w.get("never seen"))

		w.answer = nil
		assert.Equal(t, http.StatusOK, w.get(token))
	})
}

func TestStaleIsForOutagesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(10, 10*time.Second), auth.WithStale(time.Minute))
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		time.Sleep(10 * time.Second)
		fault := w.sb.Order(sandbox.Fault{Operation: "CheckToken", Code: "401002"})
		assert.Equal(t, http.StatusInternalServerError, w.get(token), "a mistake in the set-up")
		fault.Cancel()
		w.logOut(token)
		assert.Equal(t, http.StatusUnauthorized, w.get(token), "dead")
		w.answer = down
		time.Sleep(5 * time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, w.get(token), "what was said before is forgotten")
	})
}

// While it is stale, the platform's word is taken as soon as there is one.
func TestStaleEndsWithTheOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(10, 10*time.Second), auth.WithStale(time.Hour))
		token := w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		w.logOut(token)
		w.answer = down
		time.Sleep(time.Minute)
		assert.Equal(t, http.StatusOK, w.get(token))
		w.answer = nil
		time.Sleep(5 * time.Second)
		assert.Equal(t, http.StatusUnauthorized, w.get(token))
	})
}

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token, other := w.login(), w.login()
		require.Equal(t, http.StatusOK, w.get(token))
		require.Equal(t, http.StatusOK, w.get(other))
		w.logOut(token)
		w.who.Forget(token)
		assert.Equal(t, http.StatusUnauthorized, w.get(token))
		w.logOut(other)
		assert.Equal(t, http.StatusOK, w.get(other), "of others nothing is forgotten")
		w.who.Forget("never seen")
	})
}

// slowly has the sandbox answer CheckToken at once, and the answer take its time.
func (w *world) slowly(d time.Duration) {
	w.answer = func(req *http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		w.sb.ServeHTTP(recorder, req)
		if req.URL.Path != checkTokenPath {
			return recorder.Result(), nil
		}
		select {
		case <-time.After(d):
			return recorder.Result(), nil
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

// The answer to a question asked before the logout says that the token is alive.
func TestForgetDuringAQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		w.slowly(time.Second)
		before := make(chan int)
		go func() { before <- w.get(token) }()
		time.Sleep(time.Millisecond)
		w.logOut(token)
		w.who.Forget(token)
		assert.Equal(t, http.StatusUnauthorized, w.get(token))
		assert.Equal(t, http.StatusOK, <-before, "who asked before the logout has the answer of before")
		assert.Equal(t, http.StatusUnauthorized, w.get(token), "and nobody else")
	})
}

func TestForgetWhileTheAnswerIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		w.slowly(time.Second)
		before := make(chan int)
		go func() { before <- w.get(token) }()
		time.Sleep(time.Millisecond)
		w.logOut(token)
		w.who.Forget(token)
		assert.Equal(t, http.StatusOK, <-before)
		assert.Equal(t, http.StatusUnauthorized, w.get(token), "the old answer was not remembered")
	})
}

func TestOneQuestionForManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, auth.WithCache(0, 0)) // not even then
		token, other := w.login(), w.login()
		w.slowly(time.Second)
		var requests sync.WaitGroup
		for range 100 {
			requests.Go(func() { assert.Equal(t, http.StatusOK, w.get(token)) })
		}
		requests.Go(func() { assert.Equal(t, http.StatusOK, w.get(other)) })
		requests.Wait()
		assert.EqualValues(t, 2, w.asked.Load(), "one for each token")
	})
}

// The one that asked first goes away, and the others get their answer.
func TestAQuestionOutlivesTheRequestThatAskedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		w.slowly(time.Second)
		first, cancel := context.WithCancel(t.Context())
		gone := make(chan int)
		go func() { gone <- w.getIn(first, token) }()
		time.Sleep(100 * time.Millisecond)
		others := make(chan int)
		go func() { others <- w.get(token) }()
		time.Sleep(100 * time.Millisecond)
		cancel()
		assert.Equal(t, http.StatusServiceUnavailable, <-gone)
		assert.Equal(t, http.StatusOK, <-others)
		assert.EqualValues(t, 1, w.asked.Load())
	})
}

// Nor does it hold anybody: who waits for another's question waits no longer than for his own.
func TestWaitingEndsWithTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		token := w.login()
		w.slowly(10 * time.Second)
		go w.get(token)
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		assert.Equal(t, http.StatusServiceUnavailable, w.getIn(ctx, token))
		assert.Equal(t, time.Second, time.Since(start))
		time.Sleep(10 * time.Second)
	})
}

// A question that nobody waits for any more ends by itself.
func TestAQuestionEndsAfterFifteenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL("http://platform.invalid"),
			openplatform.WithHTTPClient(&http.Client{Transport: w}), openplatform.WithTimeout(time.Hour))
		require.NoError(t, err)
		w.who, err = auth.New(client, auth.Bearer())
		require.NoError(t, err)
		w.slowly(time.Hour)
		start := time.Now()
		assert.Equal(t, http.StatusServiceUnavailable, w.get("made-up"))
		assert.Equal(t, 15*time.Second, time.Since(start))
	})
}

// An observer that panics brings down the requests that asked, as it would without the middleware,
// and not the program.
func TestAPanicGoesOnInThoseWhoAsked(t *testing.T) {
	sb := sandbox.Start(t)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(sb.URL), openplatform.WithObserver(broken{"boom"}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	w := &world{t: t}
	w.who, err = auth.New(client, auth.Bearer())
	require.NoError(t, err)
	for range 2 {
		assert.PanicsWithValue(t, "boom", func() { w.get("made-up") })
	}
}

// One that ends its goroutine brings down nobody.
func TestAQuestionThatIsBrokenOff(t *testing.T) {
	sb := sandbox.Start(t)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(sb.URL), openplatform.WithObserver(broken{}))
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	w := &world{t: t}
	w.who, err = auth.New(client, auth.Bearer())
	require.NoError(t, err)
	for range 2 {
		assert.Equal(t, http.StatusServiceUnavailable, w.get("made-up"))
	}
}

// broken is an observer that panics, or ends the goroutine.
type broken struct{ value any }

func (b broken) ObserveCall(context.Context, openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	if b.value == nil {
		runtime.Goexit()
	}
	panic(b.value)
}

func (broken) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) {}
}

// What a question is asked with is the first one's, for traces: but for its end.
func TestAQuestionHasTheValuesOfItsCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type traceKey struct{}
		w := newWorld(t)
		var seen any
		w.answer = func(req *http.Request) (*http.Response, error) {
			seen = req.Context().Value(traceKey{})
			return nil, assert.AnError
		}
		w.getIn(context.WithValue(t.Context(), traceKey{}, "trace"), "made-up")
		assert.Equal(t, "trace", seen)
	})
}
