//go:build !race

package openplatform_test

import (
	"fmt"
	"strings"
	"testing"

	openplatform "github.com/ebaas/openplatform-go"
)

// BenchmarkLongMessage is the cost of the worst that a platform can say: a message that
// repeats the token, which repeats itself. "padding" is the same answer with as many bytes
// in a field that nobody reads: the cost of reading it. What the others take on top of that
// must not grow with the message.
func BenchmarkLongMessage(b *testing.B) {
	const token = "ababababababababababababababababac"
	for _, size := range []int{1 << 10, 8 << 10, 64 << 10, 1<<20 - 200} {
		long := strings.Repeat("ab", size/2)
		escaped := strings.Repeat("%25", size/3)
		for _, answer := range []struct{ name, body string }{
			{"padding", `{"code":"401004","msg":"no","x":"` + long + `"}`},
			{"rejection", envelope("401004", long, "null")},
			{"rejection, escaped", envelope("401004", escaped, "null")},
			{"success", envelope("000", long, "true")},
			{"request id", fmt.Sprintf(`{"code":"401004","request_id":%q}`, long)},
			{"code", fmt.Sprintf(`{"code":%q}`, long)},
			{"content", `{"code":"000","data":"` + long + `"}`},
		} {
			client := newClient(b, "http://platform.invalid", through(inMemory(answer.body)))
			request := &openplatform.LogoutRequest{Token: token}
			b.Run(fmt.Sprintf("%s/%d", answer.name, size), func(b *testing.B) {
				for b.Loop() {
					resp, err := client.Logout(b.Context(), request)
					_ = fmt.Sprint(resp, err)
				}
			})
		}
	}
}
