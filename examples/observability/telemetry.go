package main

import (
	"context"
	"errors"
	"os"

	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
)

// A telemetry is what a program sets up once.
type telemetry struct {
	observer openplatform.Observer
	traces   *sdktrace.TracerProvider
	metrics  *sdkmetric.MeterProvider

	// For this program, which shows what is exported.
	exported *tracetest.InMemoryExporter
	reader   *sdkmetric.ManualReader
}

func setUp(ctx context.Context) (*telemetry, error) {
	tel := &telemetry{exported: tracetest.NewInMemoryExporter(), reader: sdkmetric.NewManualReader()}
	traces := []sdktrace.TracerProviderOption{sdktrace.WithSyncer(tel.exported)}
	metrics := []sdkmetric.Option{sdkmetric.WithReader(tel.reader)}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" { // the exporters read it themselves
		spans, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, err
		}
		measurements, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, err
		}
		traces = append(traces, sdktrace.WithBatcher(spans))
		metrics = append(metrics, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(measurements)))
	}
	tel.traces, tel.metrics = sdktrace.NewTracerProvider(traces...), sdkmetric.NewMeterProvider(metrics...)
	tel.observer = otelopenplatform.New(
		otelopenplatform.WithTracerProvider(tel.traces),
		otelopenplatform.WithMeterProvider(tel.metrics),
	)
	return tel, nil
}

func (tel *telemetry) flush(ctx context.Context) error {
	return errors.Join(tel.traces.ForceFlush(ctx), tel.metrics.ForceFlush(ctx))
}

func (tel *telemetry) shutdown(ctx context.Context) error {
	return errors.Join(tel.traces.Shutdown(ctx), tel.metrics.Shutdown(ctx))
}
