package redistokens_test

import (
	"fmt"

	"github.com/redis/go-redis/v9"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/redistokens"
)

func ExampleNew() {
	client, err := openplatform.NewClient(openplatform.Test)
	if err != nil {
		fmt.Println(err)
		return
	}
	clientID, clientSecret := "shop", "made-up" // from where your program keeps its secrets

	rdb := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{"redis:6379"}, DialerRetries: 1})
	source, err := client.AccessTokenSource(clientID, clientSecret, openplatform.WithTokenStore(redistokens.New(rdb)))
	fmt.Println(source != nil, err)
	// Output: true <nil>
}
