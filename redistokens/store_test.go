package redistokens_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/redistest"
	"github.com/ebaas/openplatform-go/redistokens"
	"github.com/ebaas/openplatform-go/tokenstoretest"
)

// connect returns a client that is closed when the test is over.
func connect(t *testing.T, options redis.UniversalOptions) redis.UniversalClient {
	t.Helper()
	client := redis.NewUniversalClient(&options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestTheContract(t *testing.T) {
	for name, start := range map[string]func(*testing.T) redis.UniversalOptions{
		"alone": func(t *testing.T) redis.UniversalOptions {
			t.Helper()
			return redis.UniversalOptions{Addrs: []string{redistest.Start(t).Addr}}
		},
		"a user who may do little": func(t *testing.T) redis.UniversalOptions {
			t.Helper()
			server := redistest.Start(t, "user tokens on >made-up ~{openplatform:* +eval +evalsha +get +set +incr +pexpire +pttl +del")
			return redis.UniversalOptions{Addrs: []string{server.Addr}, Username: "tokens", Password: "made-up"}
		},
		"with Sentinel": func(t *testing.T) redis.UniversalOptions {
			t.Helper()
			return redis.UniversalOptions{Addrs: redistest.StartReplicated(t).Sentinels, MasterName: redistest.MasterName}
		},
		"cluster": func(t *testing.T) redis.UniversalOptions {
			t.Helper()
			var addrs []string
			for _, node := range redistest.StartCluster(t) {
				addrs = append(addrs, node.Addr)
			}
			return redis.UniversalOptions{Addrs: addrs}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := start(t)
			tokenstoretest.Run(t, func() openplatform.TokenStore { return redistokens.New(connect(t, options)) })
		})
	}
}
