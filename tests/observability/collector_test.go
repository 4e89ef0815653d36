package observability

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/prometheusexporter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"
)

// A collector takes OTLP, shows metrics to Prometheus, and passes all on to a sink.
type collector struct {
	otlp, prometheus string // addresses
	sink             *sink
}

const collectorConfig = `yaml:
receivers:
  otlp:
    protocols:
      http:
        endpoint: OTLP
exporters:
  prometheus:
    endpoint: PROMETHEUS
  otlp_http:
    endpoint: SINK
    compression: none
service:
  telemetry:
    metrics: {level: none}
    logs: {level: error}
  pipelines:
    traces: {receivers: [otlp], exporters: [otlp_http]}
    metrics: {receivers: [otlp], exporters: [otlp_http, prometheus]}
`

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{otlp: freeAddress(t), prometheus: freeAddress(t), sink: &sink{}}
	server := httptest.NewServer(c.sink)
	t.Cleanup(server.Close)
	config := strings.NewReplacer("OTLP", c.otlp, "PROMETHEUS", c.prometheus, "SINK", server.URL).Replace(collectorConfig)
	running, err := otelcol.NewCollector(otelcol.CollectorSettings{
		Factories: factories,
		BuildInfo: component.BuildInfo{Command: "collector", Version: "test"},
		ConfigProviderSettings: otelcol.ConfigProviderSettings{ResolverSettings: confmap.ResolverSettings{
			URIs: []string{config}, ProviderFactories: []confmap.ProviderFactory{yamlprovider.NewFactory()},
		}},
		DisableGracefulShutdown: true,
	})
	require.NoError(t, err)
	ended := make(chan error, 1)
	ctx := context.Background() // it outlives the test's own, for what is exported last
	go func() { ended <- running.Run(ctx) }()
	t.Cleanup(func() {
		running.Shutdown()
		assert.NoError(t, <-ended)
	})
	eventually(t, "the collector starts", func() bool { return running.GetState() != otelcol.StateStarting })
	require.Equal(t, otelcol.StateRunning, running.GetState())
	return c
}

func factories() (f otelcol.Factories, err error) {
	f.Telemetry = otelconftelemetry.NewFactory()
	if f.Receivers, err = otelcol.MakeFactoryMap[receiver.Factory](otlpreceiver.NewFactory()); err != nil {
		return f, err
	}
	f.Exporters, err = otelcol.MakeFactoryMap[exporter.Factory](otlphttpexporter.NewFactory(), prometheusexporter.NewFactory())
	return f, err
}

// A sink takes OTLP over HTTP and keeps its bytes.
type sink struct {
	mu              sync.Mutex
	traces, metrics [][]byte
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/v1/traces" {
		s.traces = append(s.traces, body)
	} else {
		s.metrics = append(s.metrics, body)
	}
}

// bytes returns all that has arrived.
func (s *sink) bytes() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out strings.Builder
	for _, body := range append(s.traces, s.metrics...) {
		out.Write(body)
	}
	return out.String()
}

// spans returns the spans that have arrived.
func (s *sink) spans(t *testing.T) (all []ptrace.Span) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, body := range s.traces {
		request := ptraceotlp.NewExportRequest()
		require.NoError(t, request.UnmarshalProto(body))
		for _, resource := range request.Traces().ResourceSpans().All() {
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					all = append(all, span)
				}
			}
		}
	}
	return all
}

// freeAddress picks a port that nobody listens on, below those that the system gives to whoever asks for any.
func freeAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(20000+rand.IntN(12000))) //nolint:gosec // a port needs no secrecy
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

// eventually asks until the answer is yes.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(50 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "it has not come to pass that %s", what)
	}
}
