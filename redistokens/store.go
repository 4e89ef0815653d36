// Package redistokens is a token store in Redis: a fleet of machines shares one access token:
//
//	store := redistokens.New(redis.NewUniversalClient(&redis.UniversalOptions{Addrs: addrs}))
//	source, err := client.AccessTokenSource(clientID, clientSecret, openplatform.WithTokenStore(store))
//
// It works with Redis 7, as a single server, with Sentinel or as a cluster, without special settings.
// A restricted Redis user needs, for the keys ~{openplatform:*, the commands eval, evalsha, get, set,
// incr, pexpire, pttl and del.
//
// # What is in Redis
//
// For each client id and secret there are up to three keys. They begin with the source's key in
// braces, which is the hash tag of a cluster:
//
//	{openplatform:v1:…}:token       the token, encrypted by the source; it expires with the token
//	{openplatform:v1:…}:lock        the holder of the lock; it expires with the lock
//	{openplatform:v1:…}:generation  counts the locks; it expires a day after the last one
//
// # Failures
//
// Every method returns when its ctx ends, and when Redis has not responded for one second. go-redis
// alone waits for its ReadTimeout of five seconds; with ContextTimeoutEnabled it stops at a deadline,
// but not at a cancellation. Its goroutine may continue to wait. While two commands have had no
// response for one second, the store sends no more commands and fails at once: Redis hangs, and other
// parts of the program may use the pool.
//
// A lost response is safe. go-redis retries the command, and each script knows its caller.
//
// A lock in Redis is not safe under all failures: after a failover the new master may not know a lock
// of the old one, and two machines may hold it. The machine that has lost it stores nothing.
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
	silence        = commandTimeout * 9 / 10 // shorter, so that it is known in time
	// One connection may be lost although Redis works: a firewall drops idle connections.
	mostSilent = 2
)

type store struct {
	client redis.UniversalClient
	silent atomic.Int64 // commands that have timed out and still wait
}

// New returns a store that uses client. The program may use client for other purposes too. If client
// is nil, New returns nil, which [openplatform.WithTokenStore] refuses.
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
	_, err := done(s.run(ctx, remove, []string{name}, value)) // otherwise it is gone or has another holder
	return err
}

// done reports whether a script has succeeded.
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

// run runs a script, and returns when ctx ends or Redis does not respond in time. go-redis may then
// still wait for a connection or a response.
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
			if value := recover(); value != nil { // of a hook of the client
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

// The errors have their own types, because a source logs the type and not the text.
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

func (e *answerError) Error() string { return fmt.Sprintf("Redis responded with a %T", e.answer) }
func (e *panicError) Error() string  { return fmt.Sprintf("panicked with a %T", e.value) }
func (hangsError) Error() string     { return "earlier commands have no response" }
func (endedError) Error() string     { return "ended its goroutine" }
func (lostError) Error() string      { return "this lease no longer holds the lock" }
