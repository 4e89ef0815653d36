package observability

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/tables"
	"github.com/ebaas/openplatform-go/otelopenplatform"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A telemetry exports over OTLP, as a program does.
type telemetry struct {
	observer openplatform.Observer
	traces   *sdktrace.TracerProvider
	metrics  *sdkmetric.MeterProvider
}

func exportTo(t *testing.T, address string) telemetry {
	t.Helper()
	ctx := t.Context()
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(address), otlptracehttp.WithInsecure())
	require.NoError(t, err)
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint(address), otlpmetrichttp.WithInsecure())
	require.NoError(t, err)
	tel := telemetry{
		traces:  sdktrace.NewTracerProvider(sdktrace.WithBatcher(spans)),
		metrics: sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics))),
	}
	tel.observer = otelopenplatform.New(otelopenplatform.WithTracerProvider(tel.traces), otelopenplatform.WithMeterProvider(tel.metrics))
	t.Cleanup(func() {
		ctx := context.Background() // the test's own has ended by now
		assert.NoError(t, tel.traces.Shutdown(ctx))
		assert.NoError(t, tel.metrics.Shutdown(ctx))
	})
	return tel
}

func (tel telemetry) flush(t *testing.T) {
	t.Helper()
	require.NoError(t, tel.traces.ForceFlush(t.Context()))
	require.NoError(t, tel.metrics.ForceFlush(t.Context()))
}

// A shop is a program that uses the platform.
type shop struct {
	sandbox *sandbox.Server
	client  *openplatform.Client
	token   string // of a person who has logged in
}

func openShop(t *testing.T, opts ...openplatform.Option) shop {
	t.Helper()
	sb := sandbox.Start(t)
	sb.AddAccount(sandbox.Account{Username: "somebody", Email: "someone@example.invalid", Mobile: "13900001111", Password: "Pw-9c8d7e"})
	login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "somebody", Password: "Pw-9c8d7e"})
	require.NoError(t, err)
	client, err := openplatform.NewClient(openplatform.Test, append(opts, openplatform.WithBaseURL(sb.URL),
		openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1}))...)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	return shop{sandbox: sb, client: client, token: login.Data.Token}
}

// day does a bit of everything.
func (s shop) day(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for range 5 {
		_, err := s.client.GetImgCode(ctx)
		require.NoError(t, err)
	}
	s.sandbox.Order(sandbox.Fault{Operation: "GetImgCode", Times: 1, HTTPStatus: http.StatusServiceUnavailable})
	picture, err := s.client.GetImgCode(ctx)
	require.NoError(t, err, "a repetition makes up for a 503")
	sms := openplatform.SendSmsCodeRequest{
		Mobile: "13900001111", ImgCodeID: picture.Data.ImgCodeID, ImgCode: s.sandbox.SolveImgCode(picture.Data.ImgCodeID),
		SmsType: openplatform.SmsTypeLogin,
	}
	s.sandbox.Order(sandbox.Fault{Operation: "SendSmsCode", Times: 1, After: true, Drop: true})
	_, err = s.client.SendSmsCode(ctx, &sms)
	require.Equal(t, openplatform.OutcomeUnknown, openplatform.OutcomeOf(err))
	_, err = s.client.SendSmsCode(ctx, &sms)
	require.Equal(t, openplatform.OutcomeRejected, openplatform.OutcomeOf(err), "the picture is used up")
	_, err = s.client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{})
	require.Error(t, err)

	for _, secret := range []string{sandbox.DemoClientSecret, "cs-1b2c3d"} {
		source, err := s.client.AccessTokenSource(sandbox.DemoClientID, secret)
		require.NoError(t, err)
		_, err = source.VerifyUser(ctx, s.token)
		require.Equal(t, secret == sandbox.DemoClientSecret, err == nil)
	}

	down := s.sandbox.Order(sandbox.Fault{Operation: "CheckToken", HTTPStatus: http.StatusServiceUnavailable})
	for range 12 {
		_, err = s.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: s.token})
		require.Error(t, err)
	}
	down.Cancel()

	s.sandbox.Order(sandbox.Fault{Operation: "Logout", Times: 1, Delay: time.Minute})
	brief, cancel := context.WithCancel(ctx)
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err = s.client.Logout(brief, &openplatform.LogoutRequest{Token: s.token})
	require.ErrorIs(t, err, context.Canceled)
}

// What was done is what Prometheus tells of it, and what the trace shows.
func TestFromACallToAQuery(t *testing.T) {
	collector := startCollector(t)
	prometheus := startPrometheus(t, collector.prometheus)
	telemetry, tally := exportTo(t, collector.otlp), newTally()
	shop := openShop(t, openplatform.WithObserver(tally), openplatform.WithObserver(telemetry.observer))

	shop.day(t)
	telemetry.flush(t)
	attempts := func() int { return prometheus.number(t, "sum(openplatform_call_attempts_total)") }
	eventually(t, "prometheus has scraped", func() bool { return attempts() > 0 })
	shop.day(t) // a rate needs something that has grown
	eventually(t, "the last renewal has ended", func() bool { return tally.soFar().renewals["rejected"] == 2 })
	telemetry.flush(t)
	done := tally.soFar()
	eventually(t, "all attempts are counted", func() bool { return attempts() == done.attempts })

	t.Run("calls", func(t *testing.T) {
		total := 0
		for call, n := range done.calls {
			query := `sum(openplatform_call_duration_seconds_count{openplatform_operation="` + call[0] + `", openplatform_outcome="` +
				strings.ReplaceAll(call[1], " ", "_") + `"})`
			assert.Equal(t, n, prometheus.number(t, query), "%v", call)
			total += n
		}
		assert.Equal(t, total, prometheus.number(t, "sum(openplatform_call_duration_seconds_count)"), "and no others")
	})
	t.Run("attempts", func(t *testing.T) {
		assert.Equal(t, done.attempts, prometheus.number(t, "sum(http_client_request_duration_seconds_count)"))
		assert.Equal(t, done.repeated, prometheus.number(t, `sum(openplatform_call_attempts_total{openplatform_repetition="true"})`))
		assert.NotZero(t, done.refused)
		assert.Equal(t, done.refused, prometheus.number(t, "sum(openplatform_quota_refusals_total)"))
	})
	t.Run("renewals", func(t *testing.T) {
		assert.Equal(t, map[string]int{"succeeded": 2, "rejected": 2}, done.renewals)
		for outcome, n := range done.renewals {
			assert.Equal(t, n, prometheus.number(t, `sum(openplatform_token_renewals_total{openplatform_outcome="`+outcome+`"})`), outcome)
		}
		assert.Equal(t, 2, prometheus.number(t, `sum(openplatform_token_renewals_total{error_type="403007"})`))
	})
	t.Run("the caller's cancellation is no failure", func(t *testing.T) {
		assert.Equal(t, 2, prometheus.number(t, `sum(openplatform_call_duration_seconds_count{openplatform_operation="Logout", error_type=""})`))
	})
	t.Run("spans", func(t *testing.T) { spansMatch(t, collector.sink, done) })
	t.Run("secrets", func(t *testing.T) {
		noneIn(t, "OTLP", collector.sink.bytes(), "13900001111", "someone@example.invalid", "Pw-9c8d7e", "cs-1b2c3d", sandbox.DemoClientSecret, shop.token)
	})
	t.Run("dashboard", func(t *testing.T) { dashboardHasAnswers(t, prometheus) })
	t.Run("names", func(t *testing.T) { namesInPage(t, prometheus) })
}

// spansMatch holds the spans that came through the collector against what was done.
func spansMatch(t *testing.T, s *sink, done *tally) {
	t.Helper()
	calls := done.composites
	for _, n := range done.calls {
		calls += n
	}
	eventually(t, "all spans have arrived", func() bool { return len(s.spans(t)) == calls+done.attempts })
	spans := map[string]ptrace.Span{}
	for _, span := range s.spans(t) {
		spans[span.SpanID().String()] = span
	}
	clients, trees := 0, map[string]int{}
	for _, span := range spans {
		path, at := span.Name(), span
		for !at.ParentSpanID().IsEmpty() {
			at = spans[at.ParentSpanID().String()]
			require.NotZero(t, at, "%s has a parent that is not there", span.Name())
			path = at.Name() + "/" + path
		}
		trees[path]++
		if span.Kind() == ptrace.SpanKindClient {
			clients++
			assert.Equal(t, ptrace.SpanKindInternal, spans[span.ParentSpanID().String()].Kind())
		}
	}
	assert.Equal(t, done.attempts, clients)
	assert.Equal(t, 4, trees["VerifyUser/RenewAccessToken/GetAccessToken/GET"])
	assert.Equal(t, 2, trees["VerifyUser/GetServiceTicket/POST"])
	assert.Equal(t, 2, trees["VerifyUser/GetAccount/POST"])
	assert.Equal(t, 14, trees["GetImgCode/POST"])
}

// namesInPage writes what the metrics are called in Prometheus, with their labels.
func namesInPage(t *testing.T, p prometheus) {
	t.Helper()
	rows := p.names(t)
	for page, header := range map[string][]string{
		"../../docs/observability.md":       {"in Prometheus", "labels"},
		"../../docs/observability.zh-CN.md": {"Prometheus 中的名称", "标签"},
	} {
		table := append([][]string{header}, rows...)
		require.NoError(t, tables.Show(page, "prometheus", "", table))
		written, err := os.ReadFile(page)
		require.NoError(t, err)
		found := strings.Contains(string(written), tables.Markdown(table))
		assert.True(t, found, "the names in %s are out of date; go test -update writes them", page)
	}
}
