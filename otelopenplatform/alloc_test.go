//go:build !race

package otelopenplatform_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace/noop"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
)

// What a call costs more than one of a client without an observer.
func TestAllocationsOfAnObservedCall(t *testing.T) {
	without := allocations(t)
	measuring := otelopenplatform.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())))
	notMeasuring := otelopenplatform.WithMeterProvider(metricnoop.NewMeterProvider())
	unsampled := otelopenplatform.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())))
	for _, tt := range []struct {
		name   string
		opts   []otelopenplatform.Option
		atMost float64
	}{
		{"no-op providers", []otelopenplatform.Option{otelopenplatform.WithTracerProvider(noop.NewTracerProvider()), notMeasuring}, 4},
		{"sampling says no", []otelopenplatform.Option{unsampled, notMeasuring}, 8},
		{"sampling says no, and metrics are kept", []otelopenplatform.Option{unsampled, measuring}, 8},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.LessOrEqual(t, allocations(t, openplatform.WithObserver(otelopenplatform.New(tt.opts...)))-without, tt.atMost)
		})
	}
}

func allocations(t *testing.T, opts ...openplatform.Option) float64 {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test,
		append(opts, openplatform.WithHTTPClient(&http.Client{Transport: inMemory{}}))...)
	require.NoError(t, err)
	ctx := t.Context()
	return testing.AllocsPerRun(1000, func() {
		if _, err := client.SendSmsCode(ctx, smsRequest()); err != nil {
			t.Fatal(err)
		}
	})
}

// inMemory answers at once.
type inMemory struct{}

func (inMemory) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", Request: req,
		Body: io.NopCloser(strings.NewReader(`{"request_id":"cc67513b-9b00-4283-a966-80153fd3ecfb","code":"000","msg":"成功","data":true}`)),
	}, nil
}
