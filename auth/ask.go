package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/advice"
)

// A platform checks tokens.
type platform struct {
	client *openplatform.Client
	source *openplatform.AccessTokenSource // nil to call CheckToken only
}

// ask returns the token's account, nil without a source. Its error is
// [openplatform.ErrInvalidToken] only if CheckToken returned it.
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
	if errors.Is(err, openplatform.ErrInvalidToken) { // one of the two is wrong, and the person cannot correct it
		err = &openplatform.ResponseError{
			Operation: openplatform.OperationOf(err), RequestID: openplatform.RequestIDOf(err),
			Reason: "the operation refuses a token that CheckToken accepts",
		}
	}
	return nil, err
}

func (p platform) checkToken(ctx context.Context, token string) error {
	_, err := p.client.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
	return err
}

// mayBeDead reports whether VerifyUser may have failed because the token is not valid: the
// platform refused a call that is about the person, for a reason that is not the business
// system's.
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

// mostKinds limits the memory if the platform responds with ever new codes.
const mostKinds = 100

// once logs a mistake in the configuration, unless one of its kind has been logged.
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
	logger.ErrorContext(ctx, "auth: a mistake in the configuration; requests get status 500 until it is corrected",
		slog.String("operation", a.Operation), slog.String("name", a.Name), slog.String("code", string(a.Code)), slog.Any("error", err))
}
