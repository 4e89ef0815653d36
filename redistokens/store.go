// Package redistokens shares access tokens in Redis, so that a fleet of machines fetches one
// token and not one a machine:
//
//	store := redistokens.New(redis.NewUniversalClient(&redis.UniversalOptions{Addrs: addrs}))
//	source, err := client.AccessTokenSource(clientID, clientSecret, openplatform.WithTokenStore(store))
//
// It is made for Redis 7, alone, behind Sentinel or as a cluster, and needs no setting of it.
// A user of Redis who is allowed to do little needs, for the keys ~{openplatform:*, the commands
// eval, evalsha, get, set, incr, pexpire, pttl and del.
//
// # What is in Redis
//
// For each client id and secret there are up to three keys. They begin with the key that the
// source gives, in braces, which is the hash tag of a cluster:
//
//	{openplatform:v1:…}:token       the token, encrypted by the source; it expires with the token
//	{openplatform:v1:…}:lock        who is fetching a token; it expires with the lock
//	{openplatform:v1:…}:generation  counts the locks; it expires a day after the last one
//
// # What fails, and how
//
// Every method returns when its ctx ends, and after a second of silence from Redis. go-redis does
// neither by itself: it waits for its ReadTimeout, five seconds, and with
// ContextTimeoutEnabled it obeys a deadline but no cancellation. What it still waits for then goes
// on in its goroutine. While two commands are without an answer for a second, the store
// asks nothing more and fails at once: Redis hangs, and the pool is not the store's alone.
//
// An answer that is lost does no harm. go-redis asks again, and each script is told who asks.
//
// Redis gives no lock that can be trusted under all failures: after a failover the new master may
// not know of a lock that the old one gave, and two machines hold it. The one that no longer holds
// it stores nothing.
package redistokens

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	openplatform "github.com/ebaas/openplatform-go"
)

const (
	commandTimeout = time.Second
	silence        = commandTimeout * 9 / 10 // so that it is known of when the time is up
	// One connection may be dead although Redis is not: a firewall forgets those that are idle.
	mostSilent = 2
)

type store struct {
	client redis.UniversalClient
	silent atomic.Int64 // commands that have waited for an answer for too long, and wait
}

// New returns a store that keeps its tokens through client, which may have other uses too. It
// returns nil if client is nil, which [openplatform.WithTokenStore] refuses.
func New(client redis.UniversalClient) openplatform.TokenStore {
	if client == nil {
		return nil
	}
	return &store{client: client}
}

func lockOf(key string) string       { return "{" + key + "}:lock" }
func generationOf(key string) string { return "{" + key + "}:generation" }
func tokenOf(key string) string      { return "{" + key + "}:token" }

// Get implements [openplatform.TokenStore].
func (s *store) Get(ctx context.Context, key string) (value string, ttl time.Duration, err error) {
	asked := time.Now()
	answer, err := s.run(ctx, get, []string{tokenOf(key)}).Slice()
	if errors.Is(err, redis.Nil) {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	if len(answer) != 2 {
		return "", 0, &answerError{answer}
	}
	value, isText := answer[0].(string)
	left, isNumber := answer[1].(int64)
	if !isText || !isNumber {
		return "", 0, &answerError{answer}
	}
	return value, time.Duration(left)*time.Millisecond - time.Since(asked), nil
}

// Delete implements [openplatform.TokenStore].
func (s *store) Delete(ctx context.Context, key, value string) error {
	return s.remove(ctx, tokenOf(key), value)
}

func (s *store) remove(ctx context.Context, name, value string) error {
	_, err := done(s.run(ctx, remove, []string{name}, value)) // if not, it is gone, or another's
	return err
}

// done reports whether a script has done what it was asked for.
func done(cmd *redis.Cmd) (bool, error) {
	answer, err := cmd.Result()
	switch {
	case errors.Is(err, redis.Nil):
		return false, nil
	case err != nil:
		return false, err
	case answer != int64(1):
		return false, &answerError{answer}
	}
	return true, nil
}

// run runs a script, and returns when ctx ends or Redis has been silent for too long. go-redis
// may still wait then, for a connection or for an answer.
func (s *store) run(ctx context.Context, script *redis.Script, keys []string, args ...any) *redis.Cmd {
	if s.silent.Load() >= mostSilent {
		return failed(ctx, errHangs)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	answer := make(chan *redis.Cmd, 1)
	go func() {
		waiting := time.AfterFunc(silence, func() { s.silent.Add(1) })
		cmd := failed(ctx, errEnded)
		defer func() {
			if value := recover(); value != nil { // of a hook of the client's
				cmd = failed(ctx, &panicError{value})
			}
			if !waiting.Stop() {
				s.silent.Add(-1)
			}
			answer <- cmd
		}()
		cmd = script.Run(ctx, s.client, keys, args...)
	}()
	select {
	case cmd := <-answer:
		return cmd
	case <-ctx.Done():
		return failed(ctx, ctx.Err())
	}
}

func failed(ctx context.Context, err error) *redis.Cmd {
	cmd := redis.NewCmd(ctx)
	cmd.SetErr(err)
	return cmd
}

// The errors have types of their own, since a source logs the type and not the text.
type (
	answerError struct{ answer any }
	panicError  struct{ value any }
	hangsError  struct{}
	endedError  struct{}
	lostError   struct{}
)

var (
	errHangs error = hangsError{}
	errEnded error = endedError{}
	errLost  error = lostError{}
)

func (e *answerError) Error() string { return fmt.Sprintf("Redis answered with a %T", e.answer) }
func (e *panicError) Error() string  { return fmt.Sprintf("panicked with a %T", e.value) }
func (hangsError) Error() string     { return "earlier commands are without an answer" }
func (endedError) Error() string     { return "ended its goroutine" }
func (lostError) Error() string      { return "the lock is not this lease's any more" }
