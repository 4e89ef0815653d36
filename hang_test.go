package openplatform_test

import (
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// Before Go 1.27, net/http hangs for good on a connection whose peer overflows a stream's
// HTTP/2 flow control window. A call over it must end all the same, and the next one must
// succeed. The test runs in a process of its own, since what hangs cannot be cleaned up.
func TestACallEndsThoughHTTP2Hangs(t *testing.T) {
	if os.Getenv("OPENPLATFORM_TEST_HANG") == "" {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestACallEndsThoughHTTP2Hangs$", "-test.v", "-test.timeout=1m") //nolint:gosec // this very program
		child.Env = append(os.Environ(), "OPENPLATFORM_TEST_HANG=1")
		out, err := child.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	url, transport := overflowingServer(t)
	client := newClient(t, url, through(transport), openplatform.WithTimeout(300*time.Millisecond),
		openplatform.WithRetry(openplatform.RetryPolicy{MaxAttempts: 1}))
	start := time.Now()
	assert.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(sendSmsCode(t.Context(), client)))
	assert.NoError(t, sendSmsCode(t.Context(), client)) //nolint:testifylint // the process must exit, not the test
	another := newClient(t, url, through(transport), openplatform.WithTimeout(300*time.Millisecond))
	assert.NoError(t, sendSmsCode(t.Context(), another), "nor is what hangs left to those who share the transport") //nolint:testifylint // likewise
	assert.Less(t, time.Since(start), 30*time.Second)
	if t.Failed() {
		os.Exit(1)
	}
	os.Exit(0)
}

// overflowingServer overflows the window of the first request's stream, and answers later requests.
func overflowingServer(t *testing.T) (url string, transport *http.Transport) {
	t.Helper()
	var overflown atomic.Bool
	return serveFrames(t, func(w frameWriter, f frame) {
		switch {
		case f.kind == frameHeaders && overflown.CompareAndSwap(false, true):
			for range 2 {
				w.write(frameWindowUpdate, 0, f.stream, 0x7f, 0xff, 0xff, 0xff)
			}
		case f.kind == frameHeaders:
			w.headers(f.stream, 0, ":status", "200")
			w.write(frameData, flagEndStream, f.stream, []byte(success)...)
		}
	})
}
