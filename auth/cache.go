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

// longestQuestion bounds a question that nobody waits for any more.
const longestQuestion = 15 * time.Second

// A cache remembers whose tokens are, and asks about those that it does not know, once at a time.
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

// A question is what the platform is asked about one token, for all who want to know.
type question struct {
	done     chan struct{} // closed when the answer is there to be read
	account  *openplatform.Account
	err      error
	panicked any
	// forgotten says that the token's person has logged out since: cache.mu guards it.
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

// who returns whose token it is, from memory or from the platform.
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

// wait returns the answer, unless ctx ends before.
func (q *question) wait(ctx context.Context) (*openplatform.Account, error) {
	select {
	case <-q.done:
	case <-ctx.Done():
		return nil, &openplatform.TransportError{
			Operation: "CheckToken", Reason: "gave up while waiting for the answer", Cause: ctx.Err(),
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
			q.panicked = recover() // an observer's, say: it goes on in those who wait
			c.learn(k, q)
		}()
		q.account, q.err = c.ask(ctx, token)
	}()
	return q
}

// errUnanswered is of a question whose goroutine ended in the middle.
var errUnanswered = &openplatform.TransportError{Operation: "CheckToken", Reason: "the question was broken off"}

// learn remembers the answer to a question.
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

// rely has what was said before answer a question that the platform could not answer.
func (c *cache) rely(k key, q *question, now time.Time) {
	before := c.living.get(k, now)
	if before == nil || advice.Of(q.err).Whose == advice.WhoseSetup {
		return
	}
	before.freshUntil = now.Add(retryAfter) // it is not asked again at once; until stays as it was
	q.account, q.err = before.account, nil
}

// forget lets go of what is known of a token, and of what is being asked.
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

// A key stands for a token in memory: who reads a dump cannot try tokens against it.
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
