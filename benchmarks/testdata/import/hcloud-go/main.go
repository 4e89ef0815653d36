// The nearest call of hcloud-go.
package main

import (
	"context"
	"fmt"

	"github.com/hetznercloud/hcloud-go/v2/hcloud"
)

func main() {
	key, _, err := hcloud.NewClient(hcloud.WithToken("secret")).SSHKey.Create(context.Background(), hcloud.SSHKeyCreateOpts{
		Name: "key", PublicKey: "ssh-ed25519 AAAA", Labels: map[string]string{"env": "test", "owner": "jo"},
	})
	fmt.Println(key, err)
}
