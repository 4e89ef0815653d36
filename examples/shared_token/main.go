// Command shared_token shows three machines that share one access token in Redis, on a platform that makes the old
// token invalid when it issues a new one: what Redis holds, what happens when the token is revoked, and what happens when Redis
// is down. The machines are three clients in this program, which also starts the platform, a sandbox, and a Redis. So it
// needs no network.
//
//	go -C examples/shared_token run .
//	go -C examples/shared_token run . -redis 127.0.0.1:6379   # your own Redis, which is not stopped
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/redistokens"
	"github.com/ebaas/openplatform-go/sandbox"
)

func main() {
	addr := flag.String("redis", "", "the `address` of a Redis to use instead of one of its own")
	flag.Parse()
	logging.Disable() // what go-redis would say of a Redis that is down
	if err := run(context.Background(), os.Stdout, *addr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer, addr string) error {
	platform, err := sandbox.Listen(sandbox.WithOneAccessToken())
	if err != nil {
		return err
	}
	defer platform.Close()
	var end func() // of Redis, if it is ours
	if addr == "" {
		own, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer own.Close()
		addr, end = own.Addr(), own.Close
	}
	f, err := newFleet(ctx, stdout, platform, addr)
	if err != nil {
		return err
	}
	defer f.close()
	return f.show(ctx, end)
}

// A fleet is three machines of one business system, and a person who is logged in.
type fleet struct {
	stdout   io.Writer
	platform *sandbox.Server
	redis    []*redis.Client
	sources  []*openplatform.AccessTokenSource
	person   string // the token of the login
}

func newFleet(ctx context.Context, stdout io.Writer, platform *sandbox.Server, addr string) (*fleet, error) {
	platform.AddAccount(sandbox.Account{Username: "hanmeimei", Email: "hanmeimei@example.com", Mobile: "13900001111", Password: "made-up-1"})
	login, err := platform.Client.Login(ctx, &openplatform.LoginRequest{Account: "hanmeimei", Password: "made-up-1"})
	if err != nil {
		return nil, err
	}
	f := &fleet{stdout: stdout, platform: platform, person: login.Data.Token}
	for range 3 {
		if err := f.addMachine(addr); err != nil {
			f.close()
			return nil, err
		}
	}
	return f, nil
}

// addMachine sets up what each machine does when it starts.
func (f *fleet) addMachine(addr string) error {
	rdb := redis.NewClient(&redis.Options{
		Addr:          addr,
		DialerRetries: 1, // a Redis that is down is one at once, and not after a second
	})
	f.redis = append(f.redis, rdb)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(f.platform.URL))
	if err != nil {
		return err
	}
	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret,
		openplatform.WithTokenStore(redistokens.New(rdb)))
	if err != nil {
		return err
	}
	f.sources = append(f.sources, source)
	return nil
}

func (f *fleet) close() {
	for _, rdb := range f.redis {
		_ = rdb.Close()
	}
}

func (f *fleet) show(ctx context.Context, end func()) error {
	f.say("Three machines, one after the other. The first fetches a token, the others find it in Redis.")
	if err := f.verify(ctx); err != nil {
		return err
	}
	f.say("\nWhat Redis holds, and for how long. The token is encrypted with a key that is derived from the client secret.")
	if err := f.look(ctx); err != nil {
		return err
	}
	f.say("\nThe platform revokes the token. The first machine that is told so fetches the next one, for all. (It waits" +
		" a moment: a source asks the platform once a second at most.)")
	f.platform.RevokeAccessTokens()
	if err := f.verify(ctx); err != nil {
		return err
	}
	if end == nil {
		return nil
	}
	f.say("\nRedis is down, and the platform revokes the token. Each machine fetches one for itself, which ends the last one.")
	end()
	f.platform.RevokeAccessTokens()
	return f.verify(ctx)
}

func (f *fleet) say(format string, args ...any) { _, _ = fmt.Fprintf(f.stdout, format+"\n", args...) }

// verify has each machine find out who the person is.
func (f *fleet) verify(ctx context.Context) error {
	for i, source := range f.sources {
		start := time.Now()
		person, err := source.VerifyUser(ctx, f.person)
		if err != nil {
			return fmt.Errorf("machine %d: %w", i+1, err)
		}
		f.say("  machine %d  request_id %s  it is %s, after %4d ms; tokens issued so far: %d",
			i+1, person.RequestID, person.Data.Username, time.Since(start).Milliseconds(), f.issued())
	}
	return nil
}

func (f *fleet) issued() (n int) {
	for _, entry := range f.platform.Ledger() {
		if entry.Operation == "GetAccessToken" && entry.CarriedOut {
			n++
		}
	}
	return n
}

// look prints what is in Redis, but for a lock that is just being given back.
func (f *fleet) look(ctx context.Context) error {
	rdb := f.redis[0]
	for _, what := range []string{"token", "generation"} {
		names, err := rdb.Keys(ctx, "{openplatform:*}:"+what).Result()
		if err != nil {
			return err
		}
		for _, name := range names {
			value, err := rdb.Get(ctx, name).Result()
			if err != nil {
				return err
			}
			f.say("  %s…}:%-10s  %-9v  %s", name[:24], what, rdb.PTTL(ctx, name).Val().Round(time.Minute), beginning(value))
		}
	}
	return nil
}

func beginning(text string) string {
	const most = 40
	if len(text) <= most {
		return text
	}
	return text[:most] + "…"
}
