package redistokens_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/redistest"
	"github.com/ebaas/openplatform-go/redistokens"
)

func TestMain(m *testing.M) {
	logging.Disable()
	os.Exit(m.Run())
}

const (
	key = "openplatform:v1:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

	token      = "{" + key + "}:token"
	lock       = "{" + key + "}:lock"
	generation = "{" + key + "}:generation"

	long = 10 * time.Minute
	// What is bounded ends well before go-redis gives up by itself.
	goRedisWaits, bound = 40 * time.Second, 10 * time.Second
)

// openAt returns a store on the server at addr, through a client that waits long.
func openAt(t *testing.T, addr string) openplatform.TokenStore {
	t.Helper()
	client := redis.NewClient(&redis.Options{
		Addr: addr, ReadTimeout: goRedisWaits, WriteTimeout: goRedisWaits,
		PoolSize: 1000, // go-redis does not dial any more after as many failures
	})
	t.Cleanup(func() { _ = client.Close() })
	return redistokens.New(client)
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func mustLock(t *testing.T, store openplatform.TokenStore) openplatform.Lease {
	t.Helper()
	lease, err := store.Lock(within(t, 20*time.Second), key, long)
	require.NoError(t, err)
	return lease
}

func assertHolds(t *testing.T, store openplatform.TokenStore, want string) {
	t.Helper()
	value, _, err := store.Get(t.Context(), key)
	require.NoError(t, err)
	assert.Equal(t, want, value)
}

func TestEverythingThatIsStoredExpires(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	lease := mustLock(t, store)
	require.NoError(t, lease.Set(t.Context(), "a", time.Hour))

	client := redis.NewClient(&redis.Options{Addr: server.Addr})
	defer client.Close() //nolint:errcheck // it has served its purpose
	keys, err := client.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{token, lock, generation}, keys)
	for name, most := range map[string]time.Duration{token: time.Hour, lock: long, generation: long + 24*time.Hour} {
		left, err := client.PTTL(t.Context(), name).Result()
		require.NoError(t, err)
		assert.Greater(t, left, most-time.Minute, name)
		assert.LessOrEqual(t, left, most, name)
	}
	require.NoError(t, lease.Unlock(t.Context()))
	assert.Zero(t, client.Exists(t.Context(), lock).Val())
}

func TestALockOfCenturies(t *testing.T) {
	store := openAt(t, redistest.Start(t).Addr)
	lease, err := store.Lock(within(t, bound), key, 1<<63-1)
	require.NoError(t, err)
	require.NoError(t, lease.Set(t.Context(), "a", time.Hour))
	assertHolds(t, store, "a")
}

// methods are all that a store does, each with what it needs done before.
func methods(t *testing.T, store openplatform.TokenStore) map[string]func(ctx context.Context) error {
	t.Helper()
	lease := mustLock(t, store)
	return map[string]func(context.Context) error{
		"Get":    func(ctx context.Context) error { _, _, err := store.Get(ctx, key); return err },
		"Delete": func(ctx context.Context) error { return store.Delete(ctx, key, "a") },
		"Lock": func(ctx context.Context) error {
			_, err := store.Lock(ctx, key+"2", long)
			return err
		},
		"Set":    func(ctx context.Context) error { return lease.Set(ctx, "a", time.Hour) },
		"Unlock": lease.Unlock,
	}
}

// go-redis waits for its ReadTimeout, whatever ctx says.
func TestAServerThatHangsHoldsNobodyUp(t *testing.T) {
	for _, method := range []string{"Get", "Delete", "Lock", "Set", "Unlock"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			call := methods(t, openAt(t, server.Addr))[method]
			server.Stop()
			for name, end := range map[string]func() context.Context{
				"by its deadline": func() context.Context { return within(t, 100*time.Millisecond) },
				"by cancellation": func() context.Context {
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(100*time.Millisecond, cancel)
					return ctx
				},
			} {
				start := time.Now()
				require.Error(t, call(end()), name)
				assert.Less(t, time.Since(start), bound, name)
			}
			if method != "Lock" { // which goes on as long as it may
				start := time.Now()
				require.Error(t, call(t.Context()))
				assert.Less(t, time.Since(start), bound, "although ctx does not end")
			}
		})
	}
}

func TestAServerThatHangsIsLeftAloneAndThenAskedAgain(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	assertHolds(t, store, "")
	before := runtime.NumGoroutine()
	server.Stop()
	for range 2 {
		_, _, err := store.Get(t.Context(), key)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	for range 50 {
		_, _, err := store.Get(t.Context(), key)
		require.ErrorContains(t, err, "earlier commands have no response")
	}
	const each = 3 // the store's, and what go-redis may have of its own
	assert.LessOrEqual(t, runtime.NumGoroutine()-before, 2*each)
	server.Continue()
	assert.Eventually(t, func() bool {
		_, _, err := store.Get(t.Context(), key)
		return err == nil
	}, bound, 10*time.Millisecond)
}

// What callers do not wait for does not keep the store from asking.
func TestCallersInAHurryAreNoSilence(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	server.Stop()
	for range 20 {
		_, _, err := store.Get(within(t, 5*time.Millisecond), key)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	server.Continue()
	assertHolds(t, store, "")
}

// One connection may be lost although Redis works: a firewall drops idle connections.
func TestLockDoesWithoutAConnectionThatIsDead(t *testing.T) {
	var scripts atomic.Int64
	p := startProxy(t, redistest.Start(t).Addr, func([]byte) fate {
		if scripts.Add(1) == 1 {
			return swallowed
		}
		return passed
	})
	mustLock(t, openAt(t, p.addr))
}

// go-redis sends a script again when its answer is lost, and a naive lock is then not the
// caller's, but held by the caller.
func TestNoMethodMindsALostAnswer(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]bool{}
	server := redistest.Start(t)
	p := startProxy(t, server.Addr, func(request []byte) fate {
		mu.Lock()
		defer mu.Unlock()
		if seen[string(request)] {
			return passed
		}
		seen[string(request)] = true
		return answerLost
	})
	store := openAt(t, p.addr)
	for _, granted := range []string{"1", "2"} { // once more when Redis knows the scripts
		lease := mustLock(t, store)
		assert.Equal(t, granted, server.MustDo("GET", generation), "it does not wait for a lock of its own to end")
		require.NoError(t, lease.Set(t.Context(), "a", time.Hour))
		assertHolds(t, store, "a")
		require.NoError(t, store.Delete(t.Context(), key, "a"))
		assertHolds(t, store, "")
		require.NoError(t, lease.Unlock(t.Context()))
	}
	assert.GreaterOrEqual(t, len(seen), 2*5)
}

// What a network has held back for long may give a lock to a lease that has lost it.
func TestAClaimThatArrivesAgainLateDoesNotReviveALease(t *testing.T) {
	server := redistest.Start(t)
	var mu sync.Mutex
	var claims []byte
	p := startProxy(t, server.Addr, func(request []byte) fate {
		if bytes.Contains(request, []byte(generation)) {
			mu.Lock()
			defer mu.Unlock()
			claims = bytes.Clone(request)
		}
		return passed
	})
	store := openAt(t, server.Addr)
	slow := mustLock(t, openAt(t, p.addr))
	server.MustDo("DEL", lock) // as a failover does
	quick := mustLock(t, store)
	require.NoError(t, quick.Set(t.Context(), "new", time.Hour))
	require.NoError(t, quick.Unlock(t.Context()))

	conn, err := net.Dial("tcp", server.Addr)
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // it has served its purpose
	_, err = conn.Write(claims)
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1000))
	require.NoError(t, err)
	require.NotEmpty(t, server.MustDo("GET", lock), "the late claim has the lock")
	require.Error(t, slow.Set(t.Context(), "old", time.Hour))
	assertHolds(t, store, "new")
}

func TestAClaimOfWhoHasGivenUpIsGoneSoon(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	require.NoError(t, mustLock(t, store).Unlock(t.Context())) // Redis knows the script
	server.Stop()
	for range 3 {
		_, err := store.Lock(within(t, 100*time.Millisecond), key, long)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	}
	server.Continue()
	mustLock(t, openAt(t, server.Addr))
}

func TestALockOfWhichNobodyKnowsIsGivenBack(t *testing.T) {
	server := redistest.Start(t)
	var kept atomic.Int64
	p := startProxy(t, server.Addr, func(request []byte) fate {
		if bytes.Contains(request, []byte("'PEXPIRE', lock")) { // done, and nobody learns of it
			kept.Add(1)
			return answerLost
		}
		return passed
	})
	client := redis.NewClient(&redis.Options{Addr: p.addr, MaxRetries: -1})
	defer client.Close() //nolint:errcheck // it has served its purpose
	_, err := redistokens.New(client).Lock(within(t, 20*time.Second), key, long)
	require.Error(t, err)
	require.EqualValues(t, 1, kept.Load())
	mustLock(t, openAt(t, server.Addr))
}

func TestAValueThatIsSetLateEndsInTime(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	lease := mustLock(t, store)
	require.NoError(t, lease.Set(t.Context(), "a", time.Hour)) // Redis knows the script
	const ttl = time.Minute
	begun := time.Now()
	server.Stop()
	require.ErrorIs(t, lease.Set(t.Context(), "b", ttl), context.DeadlineExceeded)
	time.Sleep(3 * time.Second)
	server.Continue()
	other := openAt(t, server.Addr)
	require.Eventually(t, func() bool {
		value, left, err := other.Get(t.Context(), key)
		if value == "b" {
			const slack = time.Second // the way to Redis and back is not known exactly
			assert.LessOrEqual(t, left, ttl-time.Since(begun)+slack)
		}
		return err == nil && value == "b"
	}, bound, 10*time.Millisecond, "what was sent is done")
}

func TestUnlockWorksAfterTheCallersCtxHasEnded(t *testing.T) {
	store := openAt(t, redistest.Start(t).Addr)
	ctx, cancel := context.WithCancel(t.Context())
	lease, err := store.Lock(ctx, key, long)
	require.NoError(t, err)
	cancel()
	require.NoError(t, lease.Unlock(ctx))
	mustLock(t, store)
}

func TestAServerThatIsFull(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	lease := mustLock(t, store)
	require.NoError(t, lease.Set(t.Context(), "a", time.Hour))
	server.MustDo("CONFIG", "SET", "maxmemory", "1")
	require.ErrorContains(t, lease.Set(t.Context(), "b", time.Hour), "OOM")
	assertHolds(t, store, "a")
	require.NoError(t, lease.Unlock(t.Context()))
	_, err := store.Lock(within(t, goRedisWaits), key, long)
	require.ErrorContains(t, err, "OOM", "at once")
	require.NoError(t, store.Delete(t.Context(), key, "a"))
	assertHolds(t, store, "")
	server.MustDo("CONFIG", "SET", "maxmemory", "0")
	mustLock(t, store)
}

func TestAServerThatIsDown(t *testing.T) {
	server := redistest.Start(t)
	store := openAt(t, server.Addr)
	calls := methods(t, store)
	server.Kill()
	for name, call := range calls {
		start := time.Now()
		require.Error(t, call(within(t, goRedisWaits)), name)
		assert.Less(t, time.Since(start), bound, name)
	}
	server.Restart()
	assert.Eventually(t, func() bool {
		_, err := store.Lock(within(t, time.Second), key, long)
		return err == nil
	}, bound, 10*time.Millisecond)
}

// Whatever answers is not trusted, and ends nothing.
func TestAServerThatAnswersSomethingElse(t *testing.T) {
	for _, answer := range []string{
		"+OK\r\n", ":1\r\n", ":0\r\n", "$2\r\nhi\r\n", "*0\r\n", "*2\r\n:1\r\n:2\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "*1\r\n$1\r\na\r\n",
		"-ERR no\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n<html>", "\x00\x01\x02", "$-5\r\n", "%1\r\n+a\r\n:1\r\n", "_\r\n", "\r\n",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			addr, asked := answering(t, answer)
			store := openAt(t, addr)
			_, err := store.Lock(within(t, 300*time.Millisecond), key, long)
			require.Error(t, err)
			value, ttl, err := store.Get(within(t, 300*time.Millisecond), key)
			assert.True(t, err != nil || value == "", "%q for %v", value, ttl)
			if answer != ":1\r\n" && answer != "_\r\n" { // done, and not there
				require.Error(t, store.Delete(within(t, 300*time.Millisecond), key, "a"))
			}
			assert.GreaterOrEqual(t, asked.Load(), int64(2))
		})
	}
}

// answering returns the address of a server that answers all scripts with this, and how many it has
// been asked to run.
func answering(t *testing.T, answer string) (addr string, asked *atomic.Int64) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	asked = &atomic.Int64{}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go answerAll(conn, answer, asked)
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String(), asked
}

func answerAll(conn net.Conn, answer string, asked *atomic.Int64) {
	defer conn.Close() //nolint:errcheck // it has served its purpose
	request := make([]byte, 1<<16)
	for {
		n, err := conn.Read(request)
		if err != nil {
			return
		}
		text := answer
		if bytes.Contains(request[:n], []byte("eval")) {
			asked.Add(1)
		} else { // go-redis introduces itself, and does without an introduction
			text = strings.Repeat("-ERR unknown command\r\n", bytes.Count(request[:n], []byte("*")))
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

// A hook is the program's, and may do anything in the store's goroutine.
type hook struct{ do func() }

func (hook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.do()
		return next(ctx, cmd)
	}
}

func (hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestAHookThatPanicsIsAFailure(t *testing.T) {
	for name, do := range map[string]func(){"panics": func() { panic("boom") }, "ends its goroutine": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			client := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
			defer client.Close() //nolint:errcheck // it has served its purpose
			client.AddHook(hook{do})
			_, _, err := redistokens.New(client).Get(t.Context(), key)
			require.Error(t, err)
			assert.NotContains(t, err.Error(), "boom", "it may be a secret")
		})
	}
}

func TestNoClientIsNoStore(t *testing.T) {
	client, err := openplatform.NewClient(openplatform.Test)
	require.NoError(t, err)
	_, err = client.AccessTokenSource("shop", "s3cr3t", openplatform.WithTokenStore(redistokens.New(nil)))
	require.ErrorContains(t, err, "must not be nil")
}
