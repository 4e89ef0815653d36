// Command observability shows the OpenTelemetry data of a single sign-on: it gets a person's account, as a business
// system does, while the platform fails once. Then it prints the exported trace and metrics, and draws the trace. It starts
// its own sandbox, so it needs no network.
//
//	go -C examples/observability run . -svg trace.svg
//
// With OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 it exports to your collector as well.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/examples/internal/local"
	"github.com/ebaas/openplatform-go/sandbox"
)

func main() {
	picture := flag.String("svg", "", "draw the trace into this `file`")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *picture); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, stdout io.Writer, picture string) error {
	sb, err := local.Start()
	if err != nil {
		return err
	}
	defer sb.Close()
	tel, err := setUp(ctx)
	if err != nil {
		return err
	}
	if err := welcome(ctx, sb, tel); err != nil {
		return err
	}
	// A program does this once, when it ends: what has not been exported by then is lost.
	if err := tel.flush(ctx); err != nil {
		return err
	}
	rows := inOrder(tel.exported.GetSpans())
	printTrace(stdout, rows)
	if err := printMetrics(ctx, stdout, tel.reader); err != nil {
		return err
	}
	if err := tel.shutdown(ctx); err != nil || picture == "" {
		return err
	}
	return os.WriteFile(picture, draw(rows), 0o600)
}

// welcome is what the business system does for a person who arrives with the token of a login.
func welcome(ctx context.Context, sb *sandbox.Server, tel *telemetry) error {
	sb.AddAccount(sandbox.Account{Username: "hanmeimei", Email: "hanmeimei@example.com", Mobile: "13900001111", Password: "made-up-1"})
	login, err := sb.Client.Login(ctx, &openplatform.LoginRequest{Account: "hanmeimei", Password: "made-up-1"})
	if err != nil {
		return err
	}
	const latency = 15 * time.Millisecond // so that there is something to be seen
	sb.Order(sandbox.Fault{Operation: "GetAccessToken", Times: 1, Delay: latency, HTTPStatus: 503})
	sb.Order(sandbox.Fault{Delay: latency})

	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(sb.URL), openplatform.WithObserver(tel.observer))
	if err != nil {
		return err
	}
	source, err := client.AccessTokenSource(sandbox.DemoClientID, sandbox.DemoClientSecret)
	if err != nil {
		return err
	}
	ctx, span := tel.traces.Tracer("shop").Start(ctx, "GET /welcome", trace.WithSpanKind(trace.SpanKindServer))
	defer span.End()
	_, err = source.VerifyUser(ctx, login.Data.Token)
	return err
}
