package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// A platform answers questions about tokens.
type platform struct {
	client *openplatform.Client
	source *openplatform.AccessTokenSource // nil to ask only whether a token is alive
}

// ask returns whose token it is, nil if only whether it is alive was asked. Its error is
// [openplatform.ErrInvalidToken] if CheckToken said so, and only then.
func (p platform) ask(ctx context.Context, token string) (*openplatform.Account, error) {
	if p.source == nil {
		return nil, p.checkToken(ctx, token)
	}
	resp, err := p.source.VerifyUser(ctx, token)
	switch {
	case err == nil:
		return &resp.Data, nil
	case !mayBeDead(err):
		return nil, err
	}
	if checked := p.checkToken(ctx, token); checked != nil {
		return nil, checked
	}
	if errors.Is(err, openplatform.ErrInvalidToken) { // one of the two is wrong, and no person can help it
		err = &openplatform.ResponseError{
			Operation: openplatform.OperationOf(err), RequestID: openplatform.RequestIDOf(err),
			Reason: "it refuses the token that CheckToken says is valid",
		}
	}
	return nil, err
}

func (p platform) checkToken(ctx context.Context, token string) error {
	_, err := p.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
	return err
}

// mayBeDead reports whether VerifyUser may have failed because the token is dead: the platform
// said no, to a call with the person in it, and not because of us.
func mayBeDead(err error) bool {
	var refusal *openplatform.APIError
	return errors.As(err, &refusal) && refusal.Operation != "GetAccessToken" && !refusal.Code.AboutCredentials() &&
		!errors.Is(err, openplatform.ErrRateLimited) && !errors.Is(err, openplatform.ErrPlatform)
}

// logged remembers which mistakes were logged.
type logged struct {
	mu    sync.Mutex
	kinds map[kind]bool
}

type kind struct {
	operation, name string
	code            openplatform.Code
}

// mostKinds bounds what a platform with ever new codes can make it remember.
const mostKinds = 100

// once logs a mistake in the set-up, unless one of its kind has been logged.
func (l *logged) once(ctx context.Context, logger *slog.Logger, a advice.Advice, err error) {
	k := kind{a.Operation, a.Name, a.Code}
	l.mu.Lock()
	known := l.kinds[k] || len(l.kinds) >= mostKinds
	if !known {
		if l.kinds == nil {
			l.kinds = map[kind]bool{}
		}
		l.kinds[k] = true
	}
	l.mu.Unlock()
	if known {
		return
	}
	logger.ErrorContext(ctx, "auth: a mistake in the set-up; requests are answered 500 until it is corrected",
		slog.String("operation", a.Operation), slog.String("name", a.Name), slog.String("code", string(a.Code)), slog.Any("error", err))
}
