package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"hash"
	"sync"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// longestQuestion is the time limit of a question: it may have no waiting request.
const longestQuestion = 15 * time.Second

// A cache remembers the accounts of tokens, and asks the platform about a new token once at a time.
type cache struct {
	ask   func(ctx context.Context, token string) (*openplatform.Account, error)
	keep  time.Duration // 0 to remember nothing
	stale time.Duration
	macs  sync.Pool // of *mac, all with one key

	mu        sync.Mutex // guards what follows
	living    memory
	dead      memory
	questions map[key]*question // under way
}

// A question is a running check of one token, for all requests that wait for it.
type question struct {
	done     chan struct{} // closed when the result is set
	account  *openplatform.Account
	err      error
	panicked any
	// forgotten says that the person has logged out meanwhile. cache.mu guards it.
	forgotten bool
}

func newCache(ask func(context.Context, string) (*openplatform.Account, error), c config) *cache {
	var secret [sha256.Size]byte
	_, _ = rand.Read(secret[:]) // never fails
	return &cache{
		ask: ask, keep: c.keep, stale: c.stale,
		macs:   sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, secret[:])} }},
		living: newMemory(c.size), dead: newMemory(c.size),
		questions: map[key]*question{},
	}
}

// who returns the token's account, from memory or from the platform.
func (c *cache) who(ctx context.Context, token string) (*openplatform.Account, error) {
	k := c.keyOf(token)
	now := time.Now()
	c.mu.Lock()
	if known := c.living.get(k, now); known != nil && now.Before(known.freshUntil) {
		c.mu.Unlock()
		return known.account, nil
	}
	if known := c.dead.get(k, now); known != nil {
		c.mu.Unlock()
		return nil, known.err
	}
	q := c.questions[k]
	if q == nil {
		q = c.start(ctx, k, token)
	}
	c.mu.Unlock()
	return q.wait(ctx)
}

// wait returns the result, unless ctx ends before.
func (q *question) wait(ctx context.Context) (*openplatform.Account, error) {
	select {
	case <-q.done:
	case <-ctx.Done():
		return nil, &openplatform.TransportError{
			Operation: "CheckToken", Reason: "ctx ended while waiting for the response", Cause: ctx.Err(),
		}
	}
	if q.panicked != nil {
		panic(q.panicked)
	}
	return q.account, q.err
}

// start asks a question. Callers hold mu.
func (c *cache) start(ctx context.Context, k key, token string) *question {
	q := &question{done: make(chan struct{}), err: errUnanswered}
	c.questions[k] = q
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestQuestion)
		defer cancel()
		defer close(q.done)
		defer func() {
			q.panicked = recover() // for example of an observer: the waiting requests panic with it
			c.learn(k, q)
		}()
		q.account, q.err = c.ask(ctx, token)
	}()
	return q
}

// errUnanswered is the error of a question whose goroutine ended early.
var errUnanswered = &openplatform.TransportError{Operation: "CheckToken", Reason: "the check was aborted"}

// learn remembers the result of a question.
func (c *cache) learn(k key, q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.forgotten {
		return
	}
	delete(c.questions, k)
	now := time.Now()
	switch {
	case q.panicked != nil:
	case q.err == nil:
		c.living.put(k, known{account: q.account, freshUntil: now.Add(c.keep), until: now.Add(c.keep + c.stale)}, now)
	case errors.Is(q.err, openplatform.ErrInvalidToken):
		c.living.remove(k)
		c.dead.put(k, known{err: q.err, until: now.Add(deadFor)}, now)
	default:
		c.rely(k, q, now)
	}
}

// rely uses the last result if the platform could not answer.
func (c *cache) rely(k key, q *question, now time.Time) {
	before := c.living.get(k, now)
	if before == nil || advice.Of(q.err).Whose == advice.WhoseSetup {
		return
	}
	before.freshUntil = now.Add(retryAfter) // not asked again at once; until does not change
	q.account, q.err = before.account, nil
}

// forget removes the result for a token, and the running question.
func (c *cache) forget(token string) {
	k := c.keyOf(token)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.living.remove(k)
	if q := c.questions[k]; q != nil {
		q.forgotten = true
		delete(c.questions, k)
	}
}

// A key stands for a token in memory: with a memory dump alone, tokens cannot be tried against it.
type key [sha256.Size]byte

type mac struct {
	hash hash.Hash
	text []byte
}

func (c *cache) keyOf(token string) (k key) {
	m, _ := c.macs.Get().(*mac)
	defer c.macs.Put(m)
	m.text = append(m.text[:0], token...)
	m.hash.Reset()
	m.hash.Write(m.text)
	m.hash.Sum(k[:0])
	clear(m.text)
	return k
}
