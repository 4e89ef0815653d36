package main

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// texts returns what an SVG says, without what the clock decides.
func texts(t *testing.T, path string) (all []string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // it is only read
	for decoder := xml.NewDecoder(file); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		if data, ok := token.(xml.CharData); ok {
			if text := strings.TrimSpace(string(data)); text != "" {
				_, after, found := strings.Cut(text, " ms")
				if found {
					text = "ms" + after
				}
				all = append(all, text)
			}
		}
	}
}

func TestTheTraceIsPrintedAndDrawn(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	picture := filepath.Join(t.TempDir(), "trace.svg")
	var stdout strings.Builder
	require.NoError(t, run(t.Context(), &stdout, picture))

	drawn := texts(t, picture)
	assert.Equal(t, []string{
		"server", "internal", "client", "Error",
		"GET /welcome", "ms", "VerifyUser", "ms", "RenewAccessToken", "ms", "GetAccessToken", "ms", "GET", "ms  503", "GET", "ms  200",
		"GetServiceTicket", "ms", "POST", "ms  200", "GetAccount", "ms", "POST", "ms  200",
	}, drawn)
	assert.Equal(t, drawn, texts(t, "../../docs/trace.svg"), "the documentation's is drawn with -svg ../../docs/trace.svg")
	assert.Contains(t, stdout.String(), "/oauth/getAccessToken?client_id=REDACTED&client_secret=REDACTED http.request.resend_count=1")
	assert.Contains(t, stdout.String(), "openplatform.token.renewals    1  openplatform.outcome=succeeded")
	for _, secret := range []string{"13900001111", "hanmeimei@example.com", "made-up-1", sandbox.DemoClientSecret} {
		assert.NotContains(t, stdout.String(), secret)
	}
}

func TestACollectorGetsItToo(t *testing.T) {
	var mu sync.Mutex
	got := map[string]bool{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path] = true
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	require.NoError(t, run(t.Context(), io.Discard, ""))
	assert.Equal(t, map[string]bool{"/v1/traces": true, "/v1/metrics": true}, got)
}

func TestWhatFailsIsTold(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	require.Error(t, run(t.Context(), io.Discard, filepath.Join(t.TempDir(), "no", "such", "folder")))
	for _, operation := range []string{"Login", "GetServiceTicket"} {
		sb := sandbox.Start(t)
		sb.Order(sandbox.Fault{Operation: operation, Code: "500"})
		tel, err := setUp(t.Context())
		require.NoError(t, err)
		require.ErrorContains(t, welcome(t.Context(), sb, tel), operation)
	}
}
