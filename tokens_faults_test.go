package openplatform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// only is a hook that does fault in one method.
func only(method string, fault func(context.Context) error) func(context.Context, string) error {
	return func(ctx context.Context, called string) error {
		if called != method {
			return nil
		}
		return fault(ctx)
	}
}

func logTo(out *bytes.Buffer) openplatform.Option {
	return openplatform.WithLogger(slog.New(slog.NewTextHandler(out, nil)))
}

// nap sleeps like a store that is slow, for as long as ctx allows.
func nap(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestCallersProceedWhileTheStoreHangs(t *testing.T) {
	faults := map[string]func(release chan struct{}) func(context.Context, string) error{
		"it honours its ctx": func(chan struct{}) func(context.Context, string) error {
			return func(ctx context.Context, method string) error {
				if method == "Unlock" {
					return nap(ctx, 10*time.Second)
				}
				<-ctx.Done()
				return ctx.Err()
			}
		},
		"it does not": func(release chan struct{}) func(context.Context, string) error {
			return func(context.Context, string) error { <-release; return nil }
		},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				p := &clockedPlatform{lifetime: 2 * time.Hour}
				source := p.source(t, openplatform.WithTokenStore(faulty(fault(release))))
				var wg sync.WaitGroup
				for range 20 {
					wg.Go(func() {
						const patience = 200 * time.Millisecond
						ctx, cancel := context.WithTimeout(t.Context(), patience)
						defer cancel()
						start := time.Now()
						token, err := source.Token(ctx)
						assert.LessOrEqual(t, time.Since(start), patience)
						assert.Equal(t, "at-1", token)
						assert.NoError(t, err)
					})
				}
				wg.Wait()
				assert.Equal(t, 1, p.fetches)
				close(release)
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestAHastyCallerDoesNotWaitForTheStoreOfAPatientOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		store.lockForGood() // by a machine that died
		source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
		go func() {
			_, err := source.Token(t.Context())
			assert.NoError(t, err)
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := source.Token(ctx)
		require.NoError(t, err)
	})
}

func TestWhatTheStoreIsToldCostsNoCallerTime(t *testing.T) {
	for _, method := range []string{"Set", "Unlock", "Delete"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := faulty(only(method, func(ctx context.Context) error { return nap(ctx, 10*time.Second) }))
				source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
				start := time.Now()
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "at-1", token)
				assert.Zero(t, time.Since(start))
				time.Sleep(20 * time.Second) // longer than a lock that was not given back
				start = time.Now()
				source.Invalidate(t.Context(), token)
				assert.Zero(t, time.Since(start))
				token, err = source.Token(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "at-2", token)
				assert.LessOrEqual(t, time.Since(start), 20*time.Millisecond)
				time.Sleep(time.Minute)
			})
		})
	}
}

// A store that never returns is left alone: it costs one goroutine, not one a call. Its
// lock, granted at last, is given back, and then it is used again.
func TestAStoreThatNeverReturnsCostsOneGoroutine(t *testing.T) {
	for _, method := range []string{"Lock", "Get", "Set", "Unlock", "Delete"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stuck atomic.Int64
				release := make(chan struct{})
				store := faulty(only(method, func(context.Context) error {
					stuck.Add(1)
					<-release
					return nil
				}))
				source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
				for range 20 {
					token, err := source.Token(t.Context())
					require.NoError(t, err)
					time.Sleep(3 * time.Second)
					source.Invalidate(t.Context(), token)
					time.Sleep(3 * time.Second)
				}
				assert.EqualValues(t, 1, stuck.Load())

				close(release)
				time.Sleep(10 * time.Second)
				assert.False(t, store.isLocked(), "the lock was given back")
				sets := store.called("Set")
				_, err := source.Token(t.Context())
				require.NoError(t, err)
				synctest.Wait()
				assert.Equal(t, sets+1, store.called("Set"))
				assert.False(t, store.isLocked())
			})
		})
	}
}

func TestOneRenewalAtATimeSpeaksToTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var inside, most atomic.Int64
		store := faulty(func(ctx context.Context, method string) error {
			if method == "Delete" {
				return nil
			}
			most.Store(max(most.Load(), inside.Add(1)))
			defer inside.Add(-1)
			return nap(ctx, 300*time.Millisecond)
		})
		p := &clockedPlatform{lifetime: time.Second}
		source := p.source(t, openplatform.WithTokenStore(store))
		for range 100 {
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			source.Invalidate(t.Context(), token)
			time.Sleep(150 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		assert.EqualValues(t, 1, most.Load())
		for _, ttl := range store.ttls {
			assert.Positive(t, ttl, "what has ended is not stored")
		}
	})
}

func TestATokenIsFoundInTheStoreWhoseLockIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		_, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		store.lockForGood() // by a machine that died
		token, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-1", token)
	})
}

// The lock is given back even if the fetch has used the client's timeout up, be it the
// source's first fetch or a later one.
func TestALockIsGivenBackAfterAFetchThatTimedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour, hangs: true}
		source := p.source(t, openplatform.WithTokenStore(store))
		for range 20 {
			_, err := source.Token(t.Context())
			require.ErrorIs(t, err, context.DeadlineExceeded)
			time.Sleep(2 * time.Second)
			require.False(t, store.isLocked())
		}
	})
}

func TestACallerWhoWaitsForCenturiesWaitsForTheStoreToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := faulty(only("Get", func(ctx context.Context) error { return nap(ctx, 900*time.Millisecond) }))
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		_, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 150*365*24*time.Hour)
		defer cancel()
		token, err := p.source(t, openplatform.WithTokenStore(store)).Token(ctx)
		require.NoError(t, err)
		assert.Equal(t, "at-1", token, "the store's")
	})
}

func TestASourceEndsItsGoroutinesWithinTheClientsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := runtime.NumGoroutine()
		store := faulty(func(ctx context.Context, method string) error {
			if method != "Unlock" {
				return nap(ctx, time.Hour)
			}
			return nil
		})
		p := &clockedPlatform{lifetime: 2 * time.Hour, hangs: true}
		source := p.source(t, openplatform.WithTokenStore(store))
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _, _ = source.Token(ctx) }()
		synctest.Wait()
		cancel()
		source.Invalidate(t.Context(), "at-0")
		time.Sleep(15*time.Second + time.Millisecond)
		synctest.Wait()
		assert.LessOrEqual(t, runtime.NumGoroutine(), before)
	})
}

func TestCallersInAHurryShareAFetchThatTakesLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 400 * time.Millisecond}
		source := p.source(t)
		succeeded := 0
		for range 20 {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if _, err := source.Token(ctx); err == nil {
				succeeded++
			}
			cancel()
		}
		assert.Equal(t, 19, succeeded, "all but the first")
		assert.Equal(t, 1, p.fetches)
	})
}

func TestNothingIsFetchedForACallerWhoIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := p.source(t).Token(ctx)
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
		assert.Zero(t, p.settled().fetches)
	})
}

var errDead = &openplatform.APIError{Code: openplatform.CodeInvalidAccessToken}

// A liar is a store that hands out a new wrong token each time.
type liar struct {
	*memoryStore
	gets atomic.Int64
	ttl  time.Duration
}

func (s *liar) Get(context.Context, string) (string, time.Duration, error) {
	return sealed(fmt.Sprintf("wrong-%d", s.gets.Add(1))), s.ttl, nil
}

func TestAStoreOfWrongTokensFailsNoCall(t *testing.T) {
	ifIssued := func(token string) error {
		if strings.HasPrefix(token, "wrong") {
			return errDead
		}
		return nil
	}
	t.Run("one after the other", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &clockedPlatform{lifetime: 2 * time.Hour}
			store := &liar{memoryStore: newMemoryStore(), ttl: time.Hour}
			source := p.source(t, openplatform.WithTokenStore(store))
			var tried []string
			for range 20 {
				require.NoError(t, source.Use(t.Context(), func(token string) error {
					tried = append(tried, token)
					return ifIssued(token)
				}))
			}
			assert.Equal(t, 1, p.settled().fetches)
			assert.Equal(t, []string{"wrong-1", "wrong-2", "at-1"}, tried[:3])
			assert.Len(t, tried, 22)
			assert.Equal(t, 1, store.called("Set"), "for the other machines")

			time.Sleep(116 * time.Minute)
			_, err := source.Token(t.Context())
			require.NoError(t, err)
			synctest.Wait()
			assert.EqualValues(t, 3, store.gets.Load(), "the store is asked again")
		})
	})
	t.Run("at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := &clockedPlatform{lifetime: 2 * time.Hour}
			source := p.source(t, openplatform.WithTokenStore(&liar{memoryStore: newMemoryStore(), ttl: time.Hour}))
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					assert.NoError(t, source.Use(t.Context(), func(token string) error {
						time.Sleep(time.Duration(i) * time.Millisecond)
						return ifIssued(token)
					}))
				})
			}
			wg.Wait()
			assert.Equal(t, 1, p.settled().fetches)
		})
	})
}

// Where a new token kills the old one, a machine whose token is rejected must take the
// one that killed it from the store, and not kill that in turn.
func TestMachinesDoNotKillEachOthersTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		latest := func(token string) error {
			if token != fmt.Sprintf("at-%d", p.fetches) {
				return errDead
			}
			return nil
		}
		machines := make([]*openplatform.AccessTokenSource, 10)
		for i := range machines {
			machines[i] = p.source(t, openplatform.WithTokenStore(store))
			require.NoError(t, machines[i].Use(t.Context(), latest))
		}
		require.Equal(t, 1, p.settled().fetches)
		for round := range 5 {
			dead, err := machines[round].Token(t.Context())
			require.NoError(t, err)
			machines[round].Invalidate(t.Context(), dead)
			for i := range machines {
				at := (round + i) % len(machines)
				require.NoError(t, machines[at].Use(t.Context(), latest))
				synctest.Wait()
			}
			require.Equal(t, 2+round, p.fetches, "one fetch, and nine machines that take it over")
		}
	})
}

func TestALateRejectionOfAnOldTokenChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &undeletable{newMemoryStore()}
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t, openplatform.WithTokenStore(store))
		token := func() string {
			time.Sleep(2 * time.Second)
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			return token
		}
		require.Equal(t, "at-1", token())
		source.Invalidate(t.Context(), "at-1")
		require.Equal(t, "at-2", token())
		source.Invalidate(t.Context(), "at-1")
		source.Invalidate(t.Context(), "")
		assert.Equal(t, "at-2", token(), "the fresh one is left alone")
		source.Invalidate(t.Context(), "at-2")
		source.Invalidate(t.Context(), "at-1")
		assert.Equal(t, "at-3", token(), "at-2 is still in the store, and rejected")
	})
}

// A scripted store hands out one token after the other.
type scripted struct {
	*memoryStore
	tokens []string
}

func (s *scripted) Get(context.Context, string) (value string, ttl time.Duration, err error) {
	if len(s.tokens) == 0 || s.tokens[0] == "" {
		s.tokens = s.tokens[min(1, len(s.tokens)):]
		return "", 0, nil
	}
	value, s.tokens = sealed(s.tokens[0]), s.tokens[1:]
	return value, 2 * time.Hour, nil
}

// What a store gave in place of a rejected token, and what then served its time or a
// call, was no wrong token: when it is rejected, the store is asked first again.
func TestAStoreWhoseTokenHasWorkedIsAskedFirst(t *testing.T) {
	for name, serve := range map[string]func(*testing.T, *openplatform.AccessTokenSource) (want string){
		"its time": func(*testing.T, *openplatform.AccessTokenSource) string { time.Sleep(3 * time.Hour); return "st-3" },
		"a call": func(t *testing.T, source *openplatform.AccessTokenSource) string {
			t.Helper()
			require.NoError(t, source.Use(t.Context(), func(string) error { return nil }))
			return "st-2"
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &clockedPlatform{lifetime: 2 * time.Hour}
				source := p.source(t, openplatform.WithTokenStore(&scripted{newMemoryStore(), []string{"", "st-2", "st-3", "st-4"}}))
				reject := func() (next string) {
					token, err := source.Token(t.Context())
					require.NoError(t, err)
					source.Invalidate(t.Context(), token)
					time.Sleep(2 * time.Second)
					next, err = source.Token(t.Context())
					require.NoError(t, err)
					return next
				}
				require.Equal(t, "st-2", reject())
				serving := serve(t, source)
				token, err := source.Token(t.Context())
				require.NoError(t, err)
				require.Equal(t, serving, token)
				assert.Contains(t, []string{"st-3", "st-4"}, reject())
				assert.Equal(t, 1, p.settled().fetches)
			})
		})
	}
}

func TestATokenRejectedWhileItIsReadIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		_, err := p.source(t, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		slow := &faultyStore{memoryStore: store, hook: only("Get", func(context.Context) error { time.Sleep(time.Second / 2); return nil })}
		source := p.source(t, openplatform.WithTokenStore(&slowReader{slow}))
		go func() { time.Sleep(time.Second / 4); source.Invalidate(t.Context(), "at-1") }()
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "at-2", token)
	})
}

// A slowReader returns what it read a while ago.
type slowReader struct{ *faultyStore }

func (s *slowReader) Get(ctx context.Context, key string) (string, time.Duration, error) {
	token, ttl, err := s.memoryStore.Get(ctx, key)
	_ = s.hook(ctx, "Get")
	return token, ttl, err
}

func TestRejectionsAtOnceDoNotHammerThePlatform(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 3 * time.Millisecond}
		source := p.source(t)
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				for start := time.Now(); time.Since(start) < 10*time.Second; {
					err := source.Use(t.Context(), func(string) error {
						time.Sleep(time.Duration(5+i) * time.Millisecond)
						return errDead
					})
					assert.ErrorIs(t, err, openplatform.ErrInvalidAccessToken)
				}
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, p.fetches, 12, "two, and then one a second")
	})
}

func TestATokenIsDeletedOnceHoweverManyRejectIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		source := (&clockedPlatform{lifetime: 2 * time.Hour}).source(t, openplatform.WithTokenStore(store))
		token, err := source.Token(t.Context())
		require.NoError(t, err)
		for range 20 {
			source.Invalidate(t.Context(), token)
			source.Invalidate(t.Context(), "")
		}
		synctest.Wait()
		assert.Equal(t, 1, store.called("Delete"))
	})
}

// A jealousPlatform ends its old token when it issues the next one.
type jealousPlatform struct {
	clockedPlatform

	mu     sync.Mutex
	newest string
}

func (p *jealousPlatform) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(3 * time.Millisecond)
	defer time.Sleep(3 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	resp, err := p.clockedPlatform.RoundTrip(req)
	p.newest = fmt.Sprintf("at-%d", p.fetches)
	return resp, err
}

func (p *jealousPlatform) takes(token string) error {
	time.Sleep(3 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	if token != p.newest {
		return errDead
	}
	return nil
}

// Where a new token ends the old one, a machine that cannot share loses its token to another
// again and again: it has one for a moment each time, and calls must get through.
func TestCallsGetThroughAmongMachinesThatEndEachOthersTokens(t *testing.T) {
	const machines, callers = 8, 10
	synctest.Test(t, func(t *testing.T) {
		p := &jealousPlatform{clockedPlatform: clockedPlatform{lifetime: 2 * time.Hour}}
		client, err := openplatform.NewClient(openplatform.Test, through(p))
		require.NoError(t, err)
		calls, failures := 0, 0
		var running sync.WaitGroup
		for range machines {
			source := newSource(t, client)
			for range callers {
				running.Go(func() {
					for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(100 * time.Millisecond) {
						err := source.Use(t.Context(), p.takes)
						p.mu.Lock()
						calls++
						if err != nil {
							failures++
						}
						p.mu.Unlock()
					}
				})
			}
		}
		running.Wait()
		t.Logf("%d calls, %d failures, %d fetches", calls, failures, p.fetches)
		assert.LessOrEqual(t, failures, callers, "one machine may be very unlucky once")
		assert.LessOrEqual(t, p.fetches, machines*62, "each machine asks once a second")
	})
}

// A platform that rejects what it issues is asked once a second, and by each call five times at
// most; when five tokens in a row have worked for nobody, a call gives up with its first.
func TestAPlatformThatRejectsWhatItIssues(t *testing.T) {
	for name, same := range map[string]bool{"a new token each time": false, "the same token each time": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &clockedPlatform{lifetime: 2 * time.Hour, same: same}
				source := p.source(t)
				start := time.Now()
				for call := range 20 {
					tried := 0
					err := source.Use(t.Context(), func(string) error { tried++; return errDead })
					require.ErrorIs(t, err, openplatform.ErrInvalidAccessToken)
					most := 1
					if call == 0 && !same {
						most = 5
					}
					assert.LessOrEqual(t, tried, most, "call %d", call)
					assert.LessOrEqual(t, p.settled().fetches, int(time.Since(start)/time.Second)+1)
				}
				assert.LessOrEqual(t, time.Since(start), 50*time.Second)
			})
		})
	}
}

func TestAFailureAnswersThoseWhoComeLaterInItsSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour, fails: true}
		source := p.source(t)
		_, failure := source.Token(t.Context())
		require.Error(t, failure)
		p.settled().fails = false
		time.Sleep(999 * time.Millisecond)
		_, err := source.Token(t.Context())
		assert.Equal(t, failure, err)
		time.Sleep(time.Millisecond)
		_, err = source.Token(t.Context())
		require.NoError(t, err)
	})
}

func TestTheStoresLockLeavesTheFetchHalfOfTheClientsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		store.lockForGood() // by a machine that died
		p := &clockedPlatform{lifetime: 2 * time.Hour, takes: 900 * time.Millisecond}
		client := p.client(t, openplatform.WithTimeout(2*time.Second))
		_, err := newSource(t, client, openplatform.WithTokenStore(store)).Token(t.Context())
		require.NoError(t, err)
	})
}

func TestAFetchHasTheValuesOfItsCallersCtx(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		var seen any
		rt := roundTripper(func(req *http.Request) (*http.Response, error) {
			seen = req.Context().Value(key{})
			return nil, errors.New("down")
		})
		client, err := openplatform.NewClient(openplatform.Test, through(rt))
		require.NoError(t, err)
		_, err = newSource(t, client).Token(context.WithValue(t.Context(), key{}, "trace-7"))
		require.Error(t, err)
		assert.Equal(t, "trace-7", seen)
	})
}

func TestTimesThatMakeNoSense(t *testing.T) {
	tests := []struct {
		name    string
		p       clockedPlatform
		fewest  int // fetches in a day
		most    int
		warning bool
	}{
		{"UTC for China's time", clockedPlatform{lifetime: -6 * time.Hour}, 130, 300, true},
		{"ended now", clockedPlatform{lifetime: 0}, 130, 300, true},
		{"the year 1", clockedPlatform{expired: "0001-01-01 00:00:00"}, 130, 300, true},
		{"the year 9999", clockedPlatform{expired: "9999-12-31 23:59:59"}, 12, 14, true},
		{"a zone to the east", clockedPlatform{lifetime: 10 * time.Hour}, 12, 14, true},
		{"our clock is days behind", clockedPlatform{lifetime: 2 * time.Hour, ahead: 72 * time.Hour}, 12, 14, false},
		{"ours is minutes behind", clockedPlatform{lifetime: 2 * time.Hour, ahead: 4 * time.Minute, noDate: true}, 12, 14, false},
		{"as documented", clockedPlatform{lifetime: 2 * time.Hour}, 12, 14, false},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				store := faulty(func(context.Context, string) error { return nil })
				source := newSource(t, tt.p.client(t, logTo(&logged)), openplatform.WithTokenStore(store))
				for start := time.Now(); time.Since(start) < 24*time.Hour; time.Sleep(time.Minute) {
					_, err := source.Token(t.Context())
					require.NoError(t, err)
				}
				assert.GreaterOrEqual(t, tt.p.settled().fetches, tt.fewest)
				assert.LessOrEqual(t, tt.p.fetches, tt.most)
				require.NotEmpty(t, store.ttls)
				for _, ttl := range store.ttls {
					assert.Positive(t, ttl)
					assert.LessOrEqual(t, ttl, 2*time.Hour)
				}
				warnings := strings.Count(logged.String(), "makes no sense")
				assert.Equal(t, tt.warning, warnings == 1, "%d warnings", warnings)
				assert.NotContains(t, logged.String(), "at-")
				assert.NotContains(t, logged.String(), "s3cr3t")
			})
		})
	}
}

func TestAStoresTokenIsNotBelievedForLongerThanTwoHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := p.source(t, openplatform.WithTokenStore(&liar{memoryStore: newMemoryStore(), ttl: 720 * time.Hour}))
		first, err := source.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "wrong-1", first)
		time.Sleep(2 * time.Hour)
		second, err := source.Token(t.Context())
		require.NoError(t, err)
		assert.NotEqual(t, first, second)
	})
}

func TestAStoreThatPanicsIsAStoreThatFailed(t *testing.T) {
	for _, method := range []string{"Lock", "Get", "Set", "Unlock", "Delete"} {
		for how, fault := range map[string]func(){
			"panics":           func() { panic(errors.New("redis://:hunter2@cache")) },
			"ends a goroutine": runtime.Goexit,
		} {
			t.Run(method+" "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var logged bytes.Buffer
					p := &clockedPlatform{lifetime: 2 * time.Hour}
					store := faulty(only(method, func(context.Context) error { fault(); return nil }))
					source := newSource(t, p.client(t, logTo(&logged)), openplatform.WithTokenStore(store))
					for n := range 3 {
						token, err := source.Token(t.Context())
						require.NoError(t, err)
						source.Invalidate(t.Context(), token)
						time.Sleep(10 * time.Second)
						assert.Equal(t, n+1, p.settled().fetches)
					}
					assert.NotContains(t, logged.String(), "hunter2")
					if how == "panics" {
						assert.Contains(t, logged.String(), "reason=panicked error_type=*errors.errorString")
					}
				})
			})
		}
	}
}

func TestTheLogTellsATimeoutOfTheStoreFromAFailure(t *testing.T) {
	for reason, fault := range map[string]func(context.Context) error{
		`reason="timed out"`: func(ctx context.Context) error { return nap(ctx, time.Hour) },
		"reason=failed":      func(context.Context) error { return errors.New("hunter2") },
		"earlier call":       func(context.Context) error { time.Sleep(20 * time.Second); return nil },
	} {
		t.Run(reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var logged bytes.Buffer
				p := &clockedPlatform{lifetime: 2 * time.Hour}
				store := faulty(only("Get", fault))
				source := newSource(t, p.client(t, logTo(&logged)), openplatform.WithTokenStore(store))
				_, err := source.Token(t.Context())
				require.NoError(t, err)
				time.Sleep(time.Minute)
				synctest.Wait()
				assert.Contains(t, logged.String(), reason)
				assert.NotContains(t, logged.String(), "hunter2")
			})
		})
	}
}

// A panicker is an Observer that panics, or worse, when a call begins.
type panicker struct {
	recorder
	of    string // the calls, "" for all
	calls atomic.Int64
	fault atomic.Pointer[func()]
}

func (o *panicker) ObserveCall(ctx context.Context, start openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	o.calls.Add(1)
	if fault := o.fault.Load(); fault != nil && strings.HasPrefix(start.Operation, o.of) {
		(*fault)()
	}
	return o.recorder.ObserveCall(ctx, start)
}

func (o *panicker) set(fault func()) { o.fault.Store(&fault) }

func TestAPanicInAFetchReachesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		value := &struct{ why string }{"hunter2"}
		observer := &panicker{}
		observer.set(func() { time.Sleep(time.Second); panic(value) })
		p := &clockedPlatform{lifetime: 2 * time.Hour}
		source := newSource(t, p.client(t, logTo(&logged), openplatform.WithObserver(observer)))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				defer func() { assert.Same(t, value, recover()) }()
				_, _ = source.Token(t.Context())
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, observer.calls.Load())
		synctest.Wait()
		assert.NotContains(t, logged.String(), "hunter2")

		t.Log("the source is of use again, at once")
		observer.set(func() {})
		_, err := source.Token(t.Context())
		require.NoError(t, err)

		t.Log("while the token is valid, nobody waits and nobody panics")
		observer.set(func() { panic(value) })
		observer.calls.Store(0)
		time.Sleep(116 * time.Minute)
		for range 30 {
			token, err := source.Token(t.Context())
			require.NoError(t, err)
			require.Equal(t, "at-1", token)
			time.Sleep(100 * time.Millisecond)
		}
		synctest.Wait()
		assert.LessOrEqual(t, observer.calls.Load(), int64(4), "at most one a second")
		assert.Contains(t, logged.String(), "fetch panicked")
	})
}

func TestAFetchWhoseGoroutineEndsFails(t *testing.T) {
	for _, call := range []string{"RenewAccessToken", "GetAccessToken"} {
		t.Run(call, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				observer := &panicker{of: call}
				observer.set(runtime.Goexit)
				p := &clockedPlatform{lifetime: 2 * time.Hour}
				store := newMemoryStore()
				source := newSource(t, p.client(t, openplatform.WithObserver(observer)), openplatform.WithTokenStore(store))
				_, err := source.Token(t.Context())
				var failure *openplatform.TransportError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
				synctest.Wait()
				assert.Equal(t, call == "GetAccessToken", store.called("Lock") > 0)
				assert.False(t, store.isLocked(), "the lock was given back")
			})
		})
	}
}
