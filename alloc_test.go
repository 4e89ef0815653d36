//go:build !race

package openplatform_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// inMemory answers at once, as a connection would after it has sent the request: what is
// left is what the SDK, resty and net/http add to a call, and three allocations of its own.
func inMemory(body string) http.RoundTripper {
	header := http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return nil, err
		}
		return &http.Response{
			StatusCode: http.StatusOK, Header: header, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: req,
		}, nil
	})
}

// The numbers are what was reached, not wishes: whoever adds an allocation to every call
// does it on purpose.
func TestAllocationsOfACall(t *testing.T) {
	off := slog.New(slog.DiscardHandler)
	tests := []struct {
		name   string
		answer string
		call   func(context.Context, *openplatform.Client) error
		opts   []openplatform.Option
		atMost float64
	}{
		{"SendSmsCode", success, sendSmsCode, nil, 37},
		{"SendSmsCode with a logger that is off", success, sendSmsCode, []openplatform.Option{openplatform.WithLogger(off)}, 37},
		{"SendSmsCode with an observer", success, sendSmsCode, []openplatform.Option{openplatform.WithObserver(idleObserver{})}, 37},
		{"GetImgCode", picture, getImgCode, nil, 51},
		{"CheckToken", envelope("000", "成功", "null"), checkToken, nil, 41},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client, ctx := newClient(t, "http://platform.invalid", append(tt.opts, through(inMemory(tt.answer)))...), context.Background()
			allocs := testing.AllocsPerRun(1000, func() {
				require.NoError(t, tt.call(ctx, client))
			})
			assert.LessOrEqual(t, allocs, tt.atMost)
		})
	}
}

func checkToken(ctx context.Context, c *openplatform.Client) error {
	_, err := c.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: "5c1e6cf0f9e94b3f8f2d"})
	return err
}

func BenchmarkSendSmsCode(b *testing.B) {
	client, ctx := newClient(b, "http://platform.invalid", through(inMemory(success))), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := sendSmsCode(ctx, client); err != nil {
			b.Fatal(err)
		}
	}
}

// An idleObserver wants to know how things end, and does nothing about it.
type idleObserver struct{}

func (idleObserver) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(openplatform.CallEnd) {}
}

func (idleObserver) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) {}
}
