package otelopenplatform_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
)

// headersOf returns the trace headers that a platform gets from an observer with these options, in a ctx with baggage.
func headersOf(t *testing.T, r *recording) http.Header {
	t.Helper()
	var got http.Header
	platform := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		answer(200, success)(w, r)
	})
	members, err := baggage.Parse("tenant=acme,user=somebody")
	require.NoError(t, err)
	ctx := baggage.ContextWithBaggage(t.Context(), members)
	require.NoError(t, sendSmsCode(ctx, newClient(t, serve(t, platform), openplatform.WithObserver(r.observer))))
	maps.DeleteFunc(got, func(name string, _ []string) bool {
		return slices.Contains([]string{"Accept", "Accept-Encoding", "Content-Length", "Content-Type", "User-Agent"}, name)
	})
	return got
}

func TestTraceHeadersAreSentIfAskedFor(t *testing.T) {
	everything := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

	t.Run("nothing by default, whatever is global", func(t *testing.T) {
		before := otel.GetTextMapPropagator()
		otel.SetTextMapPropagator(everything)
		defer otel.SetTextMapPropagator(before)
		r := record()
		assert.Empty(t, headersOf(t, r))
		assert.NotImplements(t, (*openplatform.TracePropagator)(nil), r.observer, "the client need not copy headers for nothing")
	})
	t.Run("traceparent of the attempt, and no baggage", func(t *testing.T) {
		r := record(otelopenplatform.WithPropagators(everything))
		got := headersOf(t, r)
		attempt := r.ended(t)[0]
		require.Equal(t, trace.SpanKindClient, attempt.SpanKind())
		want := fmt.Sprintf("00-%s-%s-01", attempt.SpanContext().TraceID(), attempt.SpanContext().SpanID())
		assert.Equal(t, http.Header{"Traceparent": {want}}, got)
	})
	t.Run("baggage that is named", func(t *testing.T) {
		r := record(otelopenplatform.WithBaggage("tenant", "absent"))
		assert.Equal(t, http.Header{"Baggage": {"tenant=acme"}}, headersOf(t, r))
	})
	t.Run("both", func(t *testing.T) {
		r := record(otelopenplatform.WithPropagators(everything), otelopenplatform.WithBaggage("tenant"))
		got := headersOf(t, r)
		assert.Equal(t, []string{"Baggage", "Traceparent"}, slices.Sorted(maps.Keys(got)))
		assert.Equal(t, "tenant=acme", got.Get("Baggage"))
	})
	t.Run("a propagator of another kind", func(t *testing.T) {
		assert.Empty(t, headersOf(t, record(otelopenplatform.WithPropagators(ownHeaders{}))))
	})
	t.Run("tracestate", func(t *testing.T) {
		carrier := propagation.MapCarrier{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "vendor=1"}
		ctx := propagation.TraceContext{}.Extract(t.Context(), carrier)
		r := record(otelopenplatform.WithPropagators(propagation.TraceContext{}))
		ctx, _ = r.observer.ObserveAttempt(ctx, openplatform.AttemptStart{Method: "POST", Number: 1})
		propagator, ok := r.observer.(openplatform.TracePropagator)
		require.True(t, ok)
		assert.Equal(t, "vendor=1", propagator.TraceHeaders(ctx)["tracestate"])
	})
}

// ownHeaders writes baggage by its own way, and reads back what it wrote.
type ownHeaders struct{}

func (ownHeaders) Inject(_ context.Context, carrier propagation.TextMapCarrier) {
	carrier.Set("Baggage", "user=somebody")
	carrier.Set("b3", "1")
	if len(carrier.Keys()) > 0 || carrier.Get("b3") != "" {
		carrier.Set("traceparent", "seen")
	}
}

func (ownHeaders) Extract(ctx context.Context, _ propagation.TextMapCarrier) context.Context {
	return ctx
}

func (ownHeaders) Fields() []string { return nil }

// Tracing by a RoundTripper of one's own costs the proof that nothing was sent. This does not.
func TestNotSentIsUnharmed(t *testing.T) {
	r := record(otelopenplatform.WithPropagators(propagation.TraceContext{}))
	for name, opts := range map[string][]openplatform.Option{"without": nil, "with": {openplatform.WithObserver(r.observer)}} {
		t.Run(name, func(t *testing.T) {
			err := logout(t.Context(), newClient(t, refusing(t), opts...))
			assert.Equal(t, openplatform.OutcomeNotSent, openplatform.OutcomeOf(err))
			var failure *openplatform.TransportError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, 3, failure.Attempts)
		})
	}
	assert.Len(t, r.ended(t), 4)
}

// A hostile platform, or a gateway that makes codes up, must not fill a metrics store.
func TestSeriesAreBounded(t *testing.T) {
	n := 0
	platform := func(w http.ResponseWriter, r *http.Request) {
		n++ // 404xxx and 418xxx, 5xxxxx, 1xxxxx and E1
		code := []string{fmt.Sprint(404100 + n), fmt.Sprint(418000 + n), fmt.Sprint(510000 + n), fmt.Sprint(100000 + n), fmt.Sprint("E", n)}[n%5]
		answer(200, envelope(code, "null"))(w, r)
	}
	r := record()
	client := newClient(t, serve(t, http.HandlerFunc(platform)), openplatform.WithObserver(r.observer))
	for range 800 {
		require.Error(t, sendSmsCode(t.Context(), client))
	}
	for _, m := range r.metrics(t) {
		assert.LessOrEqual(t, len(seriesOf(m)), 4, "%s: %v", m.Name, seriesOf(m))
	}
}

// What is remembered of calls is bounded, too, and does not mix them up.
func TestManyPathsAreToldApart(t *testing.T) {
	r := record()
	client := newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(r.observer))
	for n := range 1200 {
		op := openplatform.Operation{Name: "Touch", Method: http.MethodPost, Path: fmt.Sprintf("/touch/%d", n)}
		_, err := openplatform.Do[bool](t.Context(), client, op, nil)
		require.NoError(t, err)
	}
	for n := range 1200 {
		assert.Contains(t, r.spans.Ended()[2*n].Attributes(), attribute.String("url.full", fmt.Sprintf("http://platform.example/touch/%d", n)))
	}
}

func TestAnObserverServesManyAtOnce(t *testing.T) {
	r := record(otelopenplatform.WithPropagators(propagation.TraceContext{}))
	client := newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(r.observer))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 20 {
				assert.NoError(t, sendSmsCode(t.Context(), client))
			}
		})
	}
	all.Wait()
	assert.Len(t, r.ended(t), 800)
	assert.Equal(t, []string{"{openplatform.code_class=000 openplatform.operation=SendSmsCode openplatform.outcome=succeeded " +
		"server.address=platform.example} count 400"}, seriesOf(named(t, r.metrics(t), "openplatform.call.duration")))
}

func named(t *testing.T, all []metricdata.Metrics, name string) metricdata.Metrics {
	t.Helper()
	for _, m := range all {
		if m.Name == name {
			return m
		}
	}
	require.Fail(t, "there is no metric "+name)
	return metricdata.Metrics{}
}

func TestMetricsHaveTheConventionsForm(t *testing.T) {
	r := record()
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(r.observer))))
	all := r.metrics(t)
	for _, name := range []string{"http.client.request.duration", "openplatform.call.duration"} {
		m := named(t, all, name)
		assert.Equal(t, "s", m.Unit)
		histogram, ok := m.Data.(metricdata.Histogram[float64])
		require.True(t, ok)
		assert.Equal(t, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}, histogram.DataPoints[0].Bounds)
		assert.Less(t, histogram.DataPoints[0].Sum, 10.0, "seconds")
		assert.Positive(t, histogram.DataPoints[0].Sum)
	}
}

// A sampler may want to decide by what the conventions say is known at the start.
func TestASamplerSeesTheRequest(t *testing.T) {
	sampler := &asking{}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler))
	o := otelopenplatform.New(otelopenplatform.WithTracerProvider(tracers), otelopenplatform.WithMeterProvider(metricnoop.NewMeterProvider()))
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(o))))
	assert.Equal(t, []string{
		"internal SendSmsCode [openplatform.operation=SendSmsCode]",
		"client POST [http.request.method=POST openplatform.operation=SendSmsCode server.address=platform.example server.port=80 " +
			"url.full=http://platform.example/oauth/api/account/sendSmsCode]",
	}, sampler.asked)
}

// An asking sampler writes down what it is asked, and samples nothing.
type asking struct{ asked []string }

func (s *asking) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	s.asked = append(s.asked, fmt.Sprint(p.Kind, " ", p.Name, " ", sorted(p.Attributes)))
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (*asking) Description() string { return "asking" }

func TestTheGlobalProvidersAreTheDefault(t *testing.T) {
	spans, reader := tracetest.NewSpanRecorder(), sdkmetric.NewManualReader()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	o := otelopenplatform.New(otelopenplatform.WithTracerProvider(nil), otelopenplatform.WithMeterProvider(nil))
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(o))))

	require.Len(t, spans.Ended(), 2)
	scope := spans.Ended()[0].InstrumentationScope()
	assert.Equal(t, otelopenplatform.ScopeName, scope.Name)
	assert.Equal(t, openplatform.Version, scope.Version)
	assert.Contains(t, scope.SchemaURL, "https://opentelemetry.io/schemas/")
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	require.Len(t, all.ScopeMetrics, 1)
	assert.Equal(t, scope, all.ScopeMetrics[0].Scope)
}

// A metric that cannot be had is told of, and is no reason for a call to fail.
func TestMetersThatFail(t *testing.T) {
	var told []error
	before := otel.GetErrorHandler()
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { told = append(told, err) }))
	defer otel.SetErrorHandler(before)
	o := otelopenplatform.New(otelopenplatform.WithMeterProvider(failing{}))
	assert.Len(t, told, 5, "one for each metric")
	require.NoError(t, sendSmsCode(t.Context(), newClient(t, serve(t, answer(200, success)), openplatform.WithObserver(o))))
}

type failing struct{ metricnoop.MeterProvider }

func (failing) Meter(string, ...metric.MeterOption) metric.Meter { return failingMeter{} }

type failingMeter struct{ metricnoop.Meter }

var errNoMeter = errors.New("no meter")

func (failingMeter) Float64Histogram(string, ...metric.Float64HistogramOption) (metric.Float64Histogram, error) {
	return nil, errNoMeter
}

func (failingMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, errNoMeter
}

// Errors that no operation of the SDK's returns, such as those of a program that drives an observer itself.
func TestErrorsOfOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		ctx  func(context.Context) context.Context
		want string
	}{
		"an error of nobody's":             {errors.New("odd"), same, "_OTHER"},
		"a timeout within something else":  {fmt.Errorf("x: %w", &openplatform.TransportError{Cause: context.DeadlineExceeded}), same, "timeout"},
		"a code of a class that is new":    {&openplatform.APIError{Code: "418001"}, same, "4xx"},
		"a code that is too short":         {&openplatform.APIError{Code: "41"}, same, "other"},
		"a code that is no failure":        {&openplatform.APIError{Code: "200001"}, same, "other"},
		"cancelled, but not by the caller": {&openplatform.TransportError{Cause: context.Canceled}, same, "connection_failed"},
		"cancelled":                        {&openplatform.TransportError{Cause: context.Canceled}, cancelledCtx, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := record()
			_, end := r.observer.ObserveCall(tt.ctx(t.Context()), openplatform.CallStart{Operation: "Touch"})
			end(openplatform.CallEnd{Err: tt.err})
			got := ""
			for _, a := range r.ended(t)[0].Attributes() {
				if a.Key == "error.type" {
					got = a.Value.AsString()
				}
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func same(ctx context.Context) context.Context { return ctx }

func cancelledCtx(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func TestProtocolVersions(t *testing.T) {
	for protocol, want := range map[string]string{"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2", "HTTP/3.0": "3", "HTTP/1.7": "", "": ""} {
		r := record()
		_, end := r.observer.ObserveAttempt(t.Context(), openplatform.AttemptStart{Method: "GET", Number: 1})
		end(openplatform.AttemptEnd{Protocol: protocol, HTTPStatus: 200, Peer: "[2001:db8::1]:443"})
		attrs := attribute.NewSet(r.ended(t)[0].Attributes()...)
		got, _ := attrs.Value("network.protocol.version")
		assert.Equal(t, want, got.AsString(), protocol)
		peer, _ := attrs.Value("network.peer.address")
		assert.Equal(t, "2001:db8::1", peer.AsString())
	}
}
