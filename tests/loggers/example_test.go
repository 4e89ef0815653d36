package loggers

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"go.uber.org/zap"

	openplatform "github.com/ebaas/openplatform-go"
)

// How an error is logged, as docs/loggers.md shows it.
func Example_error() {
	ctx, err := context.Background(), error(&openplatform.APIError{Operation: "Login", Code: "400101"})
	zapLogger, zerologLogger, logrusLogger, hclogLogger := quiet()

	slog.ErrorContext(ctx, "login failed", "err", err)
	zapLogger.Error("login failed", zap.Error(err))
	zerologLogger.Error().Err(err).Msg("login failed")
	logrusLogger.WithError(err).Error("login failed")
	hclogLogger.Error("login failed", "err", err)
	// Output:
}

// How a response is logged, as docs/loggers.md shows it.
func Example_response() {
	ctx, resp := context.Background(), &openplatform.Response[openplatform.LoginResult]{Code: "000"}
	zapLogger, zerologLogger, logrusLogger, hclogLogger := quiet()

	slog.InfoContext(ctx, "logged in", "resp", resp)
	zapLogger.Info("logged in", zap.String("resp", fmt.Sprint(resp)))
	zerologLogger.Info().Str("resp", fmt.Sprint(resp)).Msg("logged in")
	logrusLogger.WithField("resp", fmt.Sprint(resp)).Info("logged in")
	hclogLogger.Info("logged in", "resp", fmt.Sprint(resp))
	// Output:
}

func quiet() (*zap.Logger, zerolog.Logger, *logrus.Logger, hclog.Logger) {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	return zap.NewNop(), zerolog.Nop(), logger, hclog.NewNullLogger()
}
