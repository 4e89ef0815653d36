package delivery

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A clone often leads back to its original, by a function of the caller's. Neither must
// live for ever.
func TestClonesAreForgotten(t *testing.T) {
	before := count()
	for range 100 {
		type world struct{ transport *http.Transport }
		w := &world{transport: &http.Transport{}}
		w.transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
			_ = w.transport
			return nil, net.ErrClosed
		}
		one, another := NewTransport(w.transport), NewTransport(w.transport)
		assert.Same(t, one.native.Load(), another.native.Load(), "those who share a transport share its clone")
	}
	assert.Eventually(t, func() bool {
		runtime.GC()
		return count() <= before
	}, 20*time.Second, 10*time.Millisecond)
}

func count() int {
	clones.Lock()
	defer clones.Unlock()
	return len(clones.of)
}
