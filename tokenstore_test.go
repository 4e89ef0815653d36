package openplatform_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/seal"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A memoryStore is a TokenStore as several machines would share it, and can be down. Its keys
// have one lock together.
type memoryStore struct {
	mu     sync.Mutex
	values map[string]string
	ends   map[string]time.Time
	lease  *memoryLease  // that holds the lock, nil if none does
	freed  chan struct{} // closed when the lock is given back
	down   error
	calls  map[string]int
}

// A memoryLease holds a memoryStore's lock until it ends.
type memoryLease struct {
	store *memoryStore
	key   string
	ends  time.Time
}

func newMemoryStore() *memoryStore {
	return &memoryStore{
		values: map[string]string{}, ends: map[string]time.Time{}, freed: make(chan struct{}), calls: map[string]int{},
	}
}

func (s *memoryStore) called(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// lockForGood takes the lock as a machine does that dies, and whose lock does not end in time.
func (s *memoryStore) lockForGood() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lease = &memoryLease{store: s, ends: time.Now().Add(1000 * time.Hour)}
}

// loseLock forgets who holds the lock, as a failover does.
func (s *memoryStore) loseLock() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free()
}

func (s *memoryStore) isLocked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held()
}

func (s *memoryStore) held() bool { return s.lease != nil && time.Now().Before(s.lease.ends) }

func (s *memoryStore) free() {
	s.lease = nil
	close(s.freed)
	s.freed = make(chan struct{})
}

// put stores what another version of the SDK, or a stranger, has put there.
func (s *memoryStore) put(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := shopSealer().Key()
	s.values[key], s.ends[key] = value, time.Now().Add(time.Hour)
}

// token returns the token that is stored, "" if there is none.
func (s *memoryStore) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, _ := shopSealer().Open(s.values[shopSealer().Key()])
	return token
}

// enter begins a call, which holds mu.
func (s *memoryStore) enter(ctx context.Context, method string) error {
	s.mu.Lock()
	s.calls[method]++
	if s.down != nil {
		return s.down
	}
	return ctx.Err()
}

func (s *memoryStore) Get(ctx context.Context, key string) (string, time.Duration, error) {
	defer s.mu.Unlock()
	if err := s.enter(ctx, "Get"); err != nil {
		return "", 0, err
	}
	return s.values[key], time.Until(s.ends[key]), nil
}

func (s *memoryStore) Delete(ctx context.Context, key, value string) error {
	defer s.mu.Unlock()
	if err := s.enter(ctx, "Delete"); err != nil {
		return err
	}
	if s.values[key] == value {
		delete(s.values, key)
	}
	return nil
}

func (s *memoryStore) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	err := s.enter(ctx, "Lock")
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for {
		lease, freed, left := s.tryLock(key, ttl)
		if lease != nil {
			return lease, nil
		}
		select {
		case <-freed:
		case <-time.After(left):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// tryLock takes the lock, or returns what ends it for its holder.
func (s *memoryStore) tryLock(key string, ttl time.Duration) (lease *memoryLease, freed <-chan struct{}, left time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held() {
		return nil, s.freed, time.Until(s.lease.ends)
	}
	s.lease = &memoryLease{store: s, key: key, ends: time.Now().Add(ttl)}
	return s.lease, nil, 0
}

var errNotHeld = errors.New("the lock is not this lease's")

func (l *memoryLease) Set(ctx context.Context, value string, ttl time.Duration) error {
	s := l.store
	defer s.mu.Unlock()
	if err := s.enter(ctx, "Set"); err != nil {
		return err
	}
	if s.lease != l || !s.held() {
		return errNotHeld
	}
	s.values[l.key], s.ends[l.key] = value, time.Now().Add(ttl)
	return nil
}

func (l *memoryLease) Unlock(ctx context.Context) error {
	s := l.store
	defer s.mu.Unlock()
	if err := s.enter(ctx, "Unlock"); err != nil {
		return err
	}
	if s.lease != l {
		return errNotHeld
	}
	s.free()
	return nil
}

// A faultyStore does what hook says before each method, those of its leases too.
type faultyStore struct {
	*memoryStore
	hook func(ctx context.Context, method string) error

	mu       sync.Mutex
	ttls     []time.Duration // that Set was given
	lockTTLs []time.Duration
}

func faulty(hook func(ctx context.Context, method string) error) *faultyStore {
	return &faultyStore{memoryStore: newMemoryStore(), hook: hook}
}

func (s *faultyStore) Get(ctx context.Context, key string) (string, time.Duration, error) {
	if err := s.hook(ctx, "Get"); err != nil {
		return "", 0, err
	}
	return s.memoryStore.Get(ctx, key)
}

func (s *faultyStore) Delete(ctx context.Context, key, value string) error {
	if err := s.hook(ctx, "Delete"); err != nil {
		return err
	}
	return s.memoryStore.Delete(ctx, key, value)
}

func (s *faultyStore) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	s.mu.Lock()
	s.lockTTLs = append(s.lockTTLs, ttl)
	s.mu.Unlock()
	if err := s.hook(ctx, "Lock"); err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // a store that does not look
		ctx = context.WithoutCancel(ctx)
	}
	lease, err := s.memoryStore.Lock(ctx, key, ttl)
	if err != nil {
		return nil, err
	}
	return &faultyLease{store: s, lease: lease}, nil
}

type faultyLease struct {
	store *faultyStore
	lease openplatform.Lease
}

func (l *faultyLease) Set(ctx context.Context, value string, ttl time.Duration) error {
	l.store.mu.Lock()
	l.store.ttls = append(l.store.ttls, ttl)
	l.store.mu.Unlock()
	if err := l.store.hook(ctx, "Set"); err != nil {
		return err
	}
	return l.lease.Set(ctx, value, ttl)
}

func (l *faultyLease) Unlock(ctx context.Context) error {
	if err := l.store.hook(ctx, "Unlock"); err != nil {
		return err
	}
	return l.lease.Unlock(ctx)
}

// shopSealer seals as the source does that most tests are about.
func shopSealer() *seal.Sealer { return sealerOf("https://test-etc.ebaas.com", "shop", "s3cr3t") }

func sealerOf(baseURL, clientID, clientSecret string) *seal.Sealer {
	sealer, err := seal.New(baseURL, clientID, clientSecret)
	if err != nil {
		panic(err)
	}
	return sealer
}

func sealed(token string) string { return shopSealer().Seal(token) }

// A keeper notes every text that it is given.
type keeper struct {
	*faultyStore
	texts map[string]bool
}

func (k *keeper) note(texts ...string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, text := range texts {
		k.texts[text] = true
	}
}

func (k *keeper) Get(ctx context.Context, key string) (string, time.Duration, error) {
	k.note(key)
	return k.faultyStore.Get(ctx, key)
}

func (k *keeper) Delete(ctx context.Context, key, value string) error {
	k.note(key, value)
	return k.faultyStore.Delete(ctx, key, value)
}

func (k *keeper) Lock(ctx context.Context, key string, ttl time.Duration) (openplatform.Lease, error) {
	k.note(key)
	lease, err := k.faultyStore.Lock(ctx, key, ttl)
	return &keptLease{Lease: lease, keeper: k}, err
}

type keptLease struct {
	openplatform.Lease
	keeper *keeper
}

func (l *keptLease) Set(ctx context.Context, value string, ttl time.Duration) error {
	l.keeper.note(value)
	return l.Lease.Set(ctx, value, ttl)
}

func TestAFleetSharesOneTokenAndItsStoreSeesNoSecret(t *testing.T) {
	sb := sandbox.Start(t)
	sb.AddAccount(sandbox.Account{Username: "hanmeimei", Email: "hanmeimei@example.com", Mobile: mobile, Password: "made-up-1"})
	login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "hanmeimei", Password: "made-up-1"})
	require.NoError(t, err)
	store := &keeper{faultyStore: faulty(func(context.Context, string) error { return nil }), texts: map[string]bool{}}
	fleet := make([]*openplatform.AccessTokenSource, 5)
	for i := range fleet {
		fleet[i], err = sb.Client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret, openplatform.WithTokenStore(store))
		require.NoError(t, err)
	}
	var tokens []string
	signOn := func() {
		for _, machine := range fleet {
			person, err := machine.VerifyUser(t.Context(), login.Data.Token)
			require.NoError(t, err)
			assert.Equal(t, "hanmeimei", person.Data.Username)
			token, err := machine.Token(t.Context())
			require.NoError(t, err)
			tokens = append(tokens, token)
		}
	}
	signOn()
	sb.RevokeAccessTokens()
	signOn()

	fetches := 0
	for _, entry := range sb.Ledger() {
		if entry.Operation == "GetAccessToken" {
			fetches++
		}
	}
	assert.Equal(t, 2, fetches)
	store.mu.Lock()
	defer store.mu.Unlock()
	assert.GreaterOrEqual(t, len(store.texts), 3, "a key and two values")
	for text := range store.texts {
		assert.Regexp(t, `^[\w:-]+$`, text)
		if strings.HasPrefix(text, "openplatform:") {
			assert.Len(t, text, 80)
		} else {
			assert.LessOrEqual(t, len(text), len(tokens[0])*4/3+40)
		}
		decoded, _ := base64.RawURLEncoding.DecodeString(text)
		for _, secret := range append(tokens, sandbox.DemoClientID, sandbox.DemoClientSecret, sb.URL, "127.0.0.1") {
			assert.NotContains(t, text, secret)
			assert.NotContains(t, string(decoded), secret)
		}
	}
}

func TestAValueThatDoesNotDecryptIsNoToken(t *testing.T) {
	good := sealed("at-good")
	for name, value := range map[string]string{
		"a token as it is":        "at-plain",
		"cut":                     good[:len(good)-1],
		"cut to the nonce":        good[:16],
		"shorter than a nonce":    good[:5],
		"changed":                 "A" + good[1:],
		"with something behind":   good + "AAAA",
		"not in base64":           "&&&&" + good,
		"of another secret":       sealerOf("https://test-etc.ebaas.com", "shop", "other").Seal("at-foreign"),
		"of another client":       sealerOf("https://test-etc.ebaas.com", "cart", "s3cr3t").Seal("at-foreign"),
		"of another environment":  sealerOf("https://dev-etc.ebaas.com", "shop", "s3cr3t").Seal("at-foreign"),
		"a megabyte of something": strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				store := newMemoryStore()
				store.put(value)
				p := &clockedPlatform{lifetime: 2 * time.Hour}
				source := newSource(t, p.client(t, logTo(&logged)), openplatform.WithTokenStore(store))
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "at-1", token)
				assert.Equal(t, 1, p.settled().fetches)
				assert.Equal(t, "at-1", store.token(), "which replaces it")
				assert.Equal(t, 1, strings.Count(logged.String(), `reason="the value does not decrypt"`))
				assert.NotContains(t, logged.String(), value)
			})
		})
	}
	t.Run("as it was sealed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newMemoryStore()
			store.put(good)
			token, err := (&clockedPlatform{}).source(t, openplatform.WithTokenStore(store)).Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "at-good", token)
		})
	})
}

// A late writer must not replace a newer token: who does not hold the lock does not write.
func TestATokenFetchedWithoutTheLockIsNotStored(t *testing.T) {
	for name, hook := range map[string]func(context.Context) error{
		"the store has none": func(context.Context) error { return errors.New("down") },
		"another has it":     func(ctx context.Context) error { return nap(ctx, time.Hour) },
		"it comes too late":  func(context.Context) error { time.Sleep(7 * time.Second); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty(only("Lock", hook))
				p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 5 * time.Second}
				token, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "at-1", token, "the machine has it for itself")
				synctest.Wait()
				assert.Zero(t, store.called("Set"))
				assert.False(t, store.isLocked(), "one that comes too late is given back")
			})
		})
	}
	t.Run("another has it, and stores a newer one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newMemoryStore()
			other, err := store.Lock(t.Context(), shopSealer().Key(), time.Hour)
			require.NoError(t, err)
			p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 5 * time.Second}
			source := p.source(t, openplatform.WithTokenStore(store))
			go func() {
				token, err := source.Token(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, "at-1", token)
			}()
			time.Sleep(8 * time.Second)
			require.NoError(t, other.Set(t.Context(), sealed("at-101"), time.Hour))
			require.NoError(t, other.Unlock(t.Context()))
			time.Sleep(time.Minute)
			assert.Equal(t, "at-101", store.token())
			assert.Equal(t, 1, store.called("Set"))
		})
	})
	t.Run("the lock is lost meanwhile", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := newMemoryStore()
			slow := (&clockedPlatform{lifetime: 2 * time.Hour, takes: 10 * time.Second}).source(t, openplatform.WithTokenStore(store))
			quick := (&clockedPlatform{lifetime: 2 * time.Hour, fetches: 100}).source(t, openplatform.WithTokenStore(store))
			go func() {
				token, err := slow.Token(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, "at-1", token)
			}()
			time.Sleep(time.Second)
			store.loseLock()
			token, err := quick.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "at-101", token)
			synctest.Wait()
			other, err := store.Lock(t.Context(), shopSealer().Key(), time.Hour)
			require.NoError(t, err)
			time.Sleep(time.Minute)
			assert.Equal(t, 2, store.called("Set"))
			assert.Equal(t, "at-101", store.token(), "the newer one stays")
			assert.True(t, store.isLocked(), "another's lock stays")
			require.NoError(t, other.Unlock(t.Context()))
		})
	})
}

func TestALockLastsLongerThanAllThatIsDoneUnderIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		delays := map[string]time.Duration{"Lock": 4900 * time.Millisecond, "Get": 900 * time.Millisecond, "Unlock": 900 * time.Millisecond}
		var store *faultyStore
		store = faulty(func(ctx context.Context, method string) error {
			if method == "Unlock" {
				assert.True(t, store.isLocked())
			}
			return nap(ctx, delays[method])
		})
		p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 9 * time.Second}
		start := time.Now()
		_, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Second)
		assert.Equal(t, "at-1", store.token())
		assert.Equal(t, []time.Duration{17 * time.Second}, store.lockTTLs, "the client's timeout and two seconds")
		assert.Less(t, time.Since(start), store.lockTTLs[0])
		assert.False(t, store.isLocked())
	})
	t.Run("of a client that waits for centuries", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			store := faulty(func(context.Context, string) error { return nil })
			p := &clockedPlatform{lifetime: 2 * time.Hour}
			source := newSource(t, p.client(t, openplatform.WithTimeout(math.MaxInt64)), openplatform.WithTokenStore(store))
			_, err := source.Token(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, "at-1", store.token())
			assert.Equal(t, []time.Duration{math.MaxInt64}, store.lockTTLs)
		})
	})
}

// What TokenStore's documentation says of each ctx, for a fetch that succeeds and for one that
// uses the client's timeout up.
func TestEveryCtxOfTheStoreHasADeadline(t *testing.T) {
	bounds := map[string]time.Duration{
		"Lock": 5 * time.Second, "Get": time.Second, "Set": time.Second, "Unlock": time.Second, "Delete": time.Second,
	}
	for _, hangs := range []bool{false, true} {
		t.Run(fmt.Sprint("the fetch hangs: ", hangs), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty(func(ctx context.Context, method string) error {
					deadline, ok := ctx.Deadline()
					assert.True(t, ok && ctx.Err() == nil, method)
					assert.LessOrEqual(t, time.Until(deadline), bounds[method], method)
					assert.Positive(t, time.Until(deadline), method)
					return nil
				})
				p := &clockedPlatform{lifetime: 2 * time.Hour, hangs: hangs}
				source := p.source(t, openplatform.WithTokenStore(store))
				token, _ := source.Token(t.Context())
				synctest.Wait() // or the token is not stored at all
				source.Invalidate(t.Context(), token)
				source.Invalidate(t.Context(), "at-0")
				time.Sleep(time.Second)
				for method := range bounds {
					assert.Equal(t, method != "Set" || !hangs, store.called(method) > 0, method)
				}
			})
		})
	}
}

func TestARejectedTokenIsDeletedByTheValueThatWasStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		fetcher, reader := p.source(t, openplatform.WithTokenStore(store)), p.source(t, openplatform.WithTokenStore(store))
		token, err := fetcher.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		same, err := reader.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, token, same)
		reader.Invalidate(t.Context(), "at-another")
		synctest.Wait()
		assert.Equal(t, token, store.token())
		reader.Invalidate(t.Context(), token)
		synctest.Wait()
		assert.Empty(t, store.token(), "although another machine has stored it")
	})
}

// The other machines must learn of it even if the caller has had enough.
func TestATokenIsDeletedThoughItsCallerIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		source.Invalidate(ctx, token)
		synctest.Wait()
		assert.Empty(t, store.token())
	})
}

func TestTokensAreDeletedOneAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var stuck atomic.Int64
		store := faulty(only("Delete", func(context.Context) error { stuck.Add(1); <-release; return nil }))
		source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
		for n := range 5 {
			source.Invalidate(t.Context(), fmt.Sprint("at-", n))
		}
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, stuck.Load(), "what hangs costs one goroutine")
		close(release)
	})
}

// A slowHandler is a logger's that takes a second for each line.
type slowHandler struct{ slog.Handler }

func (slowHandler) Handle(context.Context, slog.Record) error { time.Sleep(time.Second); return nil }

func TestATokenThatIsRejectedBeforeItIsStoredIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: -6 * time.Hour} // of which the logger is told
		logger := slog.New(slowHandler{slog.NewTextHandler(new(bytes.Buffer), nil)})
		source := newSource(t, p.client(t, openplatform.WithLogger(logger)), openplatform.WithTokenStore(store))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		source.Invalidate(t.Context(), token)
		time.Sleep(time.Minute)
		assert.Zero(t, store.called("Set"))
		assert.False(t, store.isLocked())
	})
}

// A store that has no lock to give, and no error, is one that failed.
type lockless struct{ *memoryStore }

func (lockless) Lock(context.Context, string, time.Duration) (openplatform.Lease, error) {
	return nil, nil
} //nolint:nilnil // that is the test

func TestNoLeaseIsNoLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		_, err := newSource(t, p.client(t, logTo(&logged)), openplatform.WithTokenStore(lockless{store})).Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		assert.Contains(t, logged.String(), "method=Lock reason=failed")
		assert.NotContains(t, logged.String(), "panicked")
	})
}
