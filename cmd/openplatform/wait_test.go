package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWaitTakesThirtySeconds(t *testing.T) {
	listener, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	nobody := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for url, want := range map[string]string{
		nobody:    "connection refused",
		other.URL: "this is not a sandbox: HTTP status 404",
	} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			exit, _, stderr := once("sandbox", "-wait", url)
			assert.Equal(t, exitError, exit)
			assert.Contains(t, stderr, "openplatform sandbox: no sandbox was ready at "+url+" within 30s: ")
			assert.Contains(t, stderr, want)
			assert.Equal(t, 30*time.Second, time.Since(begin))
		})
	}
}
