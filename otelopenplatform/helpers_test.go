package otelopenplatform_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/otelopenplatform"
)

const requestID = "cc67513b-9b00-4283-a966-80153fd3ecfb"

var anyID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// A recording keeps what an observer makes.
type recording struct {
	observer openplatform.Observer
	spans    *tracetest.SpanRecorder
	reader   *sdkmetric.ManualReader
}

func record(opts ...otelopenplatform.Option) *recording {
	r := &recording{
		spans: tracetest.NewSpanRecorder(),
		reader: sdkmetric.NewManualReader(sdkmetric.WithTemporalitySelector(
			func(sdkmetric.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality })),
	}
	r.observer = otelopenplatform.New(append(opts,
		otelopenplatform.WithTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(r.spans))),
		otelopenplatform.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.reader))))...)
	return r
}

// ended returns all spans, once the last one has ended: a renewal may outlast the call that waits for its token.
func (r *recording) ended(t *testing.T) []sdktrace.ReadOnlySpan {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.spans.Started()) == len(r.spans.Ended()) }, 10*time.Second, time.Millisecond)
	return r.spans.Ended()
}

// metrics returns what was measured since the last time.
func (r *recording) metrics(t *testing.T) []metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.reader.Collect(t.Context(), &all))
	if len(all.ScopeMetrics) == 0 {
		return nil
	}
	return all.ScopeMetrics[0].Metrics
}

// textOf is all that was recorded, to be compared with a file.
func textOf(spans []sdktrace.ReadOnlySpan, metrics []metricdata.Metrics) string {
	var out strings.Builder
	writeBeneath(&out, byStart(spans), trace.SpanID{}, "")
	for _, m := range metrics {
		for _, series := range seriesOf(m) {
			fmt.Fprintf(&out, "\n%s %s", m.Name, series)
		}
	}
	return anyID.ReplaceAllStringFunc(strings.TrimSpace(out.String()), func(id string) string {
		if id == requestID {
			return id
		}
		return "ID"
	}) + "\n"
}

func byStart(spans []sdktrace.ReadOnlySpan) []sdktrace.ReadOnlySpan {
	return slices.SortedStableFunc(slices.Values(spans), func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
}

func writeBeneath(out io.Writer, spans []sdktrace.ReadOnlySpan, parent trace.SpanID, indent string) {
	for _, s := range spans {
		if s.Parent().SpanID() != parent {
			continue
		}
		_, _ = fmt.Fprintf(out, "%s%s %s%s\n", indent, strings.ToUpper(s.SpanKind().String()), s.Name(), statusText(s.Status()))
		for _, a := range sorted(s.Attributes()) {
			_, _ = fmt.Fprintf(out, "%s  %s\n", indent, a)
		}
		writeBeneath(out, spans, s.SpanContext().SpanID(), indent+"    ")
	}
}

func statusText(s sdktrace.Status) string {
	if s.Code == codes.Unset {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf(" %s: %s", s.Code, s.Description), ": ")
}

// sorted returns attributes as text, without the port, which is another one each time.
func sorted(attrs []attribute.KeyValue) []string {
	texts := make([]string, len(attrs))
	for i, a := range attrs {
		value := a.Value.String()
		if a.Key == "network.peer.port" {
			value = "PORT"
		}
		texts[i] = fmt.Sprintf("%s=%s", a.Key, value)
	}
	slices.Sort(texts)
	return texts
}

func seriesOf(m metricdata.Metrics) []string {
	var out []string
	switch data := m.Data.(type) {
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			out = append(out, fmt.Sprintf("{%s} count %d", strings.Join(sorted(p.Attributes.ToSlice()), " "), p.Count))
		}
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			out = append(out, fmt.Sprintf("{%s} %d", strings.Join(sorted(p.Attributes.ToSlice()), " "), p.Value))
		}
	default:
		out = []string{fmt.Sprintf("is a %T", data)}
	}
	slices.Sort(out)
	return out
}

// serve starts a platform and returns a transport that finds it, whatever host is asked for.
func serve(t *testing.T, handler http.Handler) *http.Transport {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := openplatform.DefaultTransport()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return transport
}

func newClient(t *testing.T, transport http.RoundTripper, opts ...openplatform.Option) *openplatform.Client {
	t.Helper()
	client, err := openplatform.NewClient(openplatform.Test, append([]openplatform.Option{
		openplatform.WithBaseURL("http://platform.example"), openplatform.WithHTTPClient(&http.Client{Transport: transport}), quickly,
	}, opts...)...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// quickly does away with the waits.
var quickly = openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1})

// answer is a handler that always gives the same answer.
func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func envelope(code, data string) string {
	return fmt.Sprintf(`{"request_id":%q,"code":%q,"msg":"","data":%s}`, requestID, code, data)
}

var quiet = log.New(io.Discard, "", 0)

var (
	success = envelope("000", "true")
	picture = envelope("000", `{"img":"data:image/jpg;base64,/9g=","img_code_id":"MS6A1I"}`)
	busy    = answer(503, envelope("503", "null"))
)

func smsRequest() *openplatform.SendSmsCodeRequest {
	return &openplatform.SendSmsCodeRequest{
		Mobile: "13900001111", ImgCodeID: "MS6A1I", ImgCode: "XKQPW", SmsType: openplatform.SmsTypeRegister,
	}
}

func sendSmsCode(ctx context.Context, c *openplatform.Client) error {
	_, err := c.SendSmsCode(ctx, smsRequest())
	return err
}

func getImgCode(ctx context.Context, c *openplatform.Client) error {
	_, err := c.GetImgCode(ctx)
	return err
}

func logout(ctx context.Context, c *openplatform.Client) error {
	_, err := c.Logout(ctx, &openplatform.LogoutRequest{Token: "tok-5f2c9e"})
	return err
}

// An idle observer does nothing.
type idle struct{}

func (idle) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(openplatform.CallEnd) {}
}

func (idle) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) {}
}
