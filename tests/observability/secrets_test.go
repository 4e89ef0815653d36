package observability

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
)

// What the calls below carry, and nothing may show, in whatever spelling.
var planted = []string{
	"13900001111", "139 0000 1111", "139-0000-1111", "XKQPW", "tok-5f2c9e", "someone@example.invalid", "Pw-9c8d7e", "7k9x",
	"Acct-3f4a", "cs-1b2c3d", "at-0a1b2c", "st-4e5f6a",
}

func plantedCalls() map[string]func(context.Context, *openplatform.Client) error {
	const mobile, token, password = "13900001111", "tok-5f2c9e", "Pw-9c8d7e"
	return map[string]func(context.Context, *openplatform.Client) error{
		"Register": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.Register(ctx, &openplatform.RegisterRequest{
				Username: "somebody", Email: "someone@example.invalid", Mobile: mobile, Code: "7k9x", Password: password,
			})
			return err
		},
		"Login": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.Login(ctx, &openplatform.LoginRequest{Account: "Acct-3f4a", Password: password})
			return err
		},
		"GetImgCode": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.GetImgCode(ctx)
			return err
		},
		"Activate": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.Activate(ctx, &openplatform.ActivateRequest{Token: token})
			return err
		},
		"SendSmsCode": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
				Mobile: mobile, ImgCodeID: "MS6A1I", ImgCode: "XKQPW", SmsType: openplatform.SmsTypeLogin,
			})
			return err
		},
		"LoginByMobileCode": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.LoginByMobileCode(ctx, &openplatform.LoginByMobileCodeRequest{Mobile: mobile, Code: "7k9x", SmsType: openplatform.SmsTypeLogin})
			return err
		},
		"ResetPassword": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.ResetPassword(ctx, &openplatform.ResetPasswordRequest{Token: token, Password: password})
			return err
		},
		"Logout": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.Logout(ctx, &openplatform.LogoutRequest{Token: token})
			return err
		},
		"CheckToken": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.CheckToken(ctx, &openplatform.CheckTokenRequest{Token: token})
			return err
		},
		"GetAccessToken": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.GetAccessToken(ctx, &openplatform.GetAccessTokenRequest{ClientID: "shop", ClientSecret: "cs-1b2c3d"})
			return err
		},
		"GetServiceTicket": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{AccessToken: "at-0a1b2c", Token: token})
			return err
		},
		"GetAccount": func(ctx context.Context, c *openplatform.Client) error {
			_, err := c.GetAccount(ctx, &openplatform.GetAccountRequest{ServiceTicket: "st-4e5f6a"})
			return err
		},
		"VerifyUser": func(ctx context.Context, c *openplatform.Client) error {
			source, err := c.AccessTokenSource("shop", "cs-1b2c3d")
			if err != nil {
				return err
			}
			_, err = source.VerifyUser(ctx, token)
			return err
		},
	}
}

// An echo is a platform that repeats what it was asked, wherever it can.
type echo func(w http.ResponseWriter, said string)

func (e echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	query, _ := url.QueryUnescape(r.URL.RawQuery)
	e(w, string(body)+" "+query)
}

func answer(w http.ResponseWriter, fields map[string]any) {
	_ = json.NewEncoder(w).Encode(fields)
}

var echoes = map[string]echo{
	"a rejection": func(w http.ResponseWriter, said string) {
		answer(w, map[string]any{"code": "400101", "msg": said, "request_id": "r"})
	},
	"a failure of the platform": func(w http.ResponseWriter, said string) {
		w.WriteHeader(http.StatusInternalServerError)
		answer(w, map[string]any{"code": "500", "msg": strings.ToUpper(said), "request_id": "r"})
	},
	"a code": func(w http.ResponseWriter, said string) {
		answer(w, map[string]any{"code": said, "msg": said, "request_id": "r"})
	},
	"a request id": func(w http.ResponseWriter, said string) { answer(w, map[string]any{"code": "400", "request_id": said}) },
	"wrong data": func(w http.ResponseWriter, said string) {
		answer(w, map[string]any{"code": "000", "msg": said, "data": []string{said}, "request_id": said})
	},
	"a page": func(w http.ResponseWriter, said string) {
		w.Header().Set("Content-Type", "text/html; x="+url.QueryEscape(said))
		w.WriteHeader(http.StatusBadGateway)
		_, _ = fmt.Fprintf(w, "<title>%s</title>", said)
	},
	"a redirect": func(w http.ResponseWriter, said string) {
		w.Header().Set("Location", "http://127.0.0.1:1/?"+url.QueryEscape(said))
		w.WriteHeader(http.StatusFound)
	},
	"a status line": func(w http.ResponseWriter, said string) {
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 "+said+"\r\n\r\n")
			_ = conn.Close()
		}
	},
	"no answer": func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) },
}

// Whatever fails, and whatever the platform repeats of the request: no secret is in the bytes that a collector gets, and
// passes on, or shows to Prometheus.
func TestNoSecretIsExported(t *testing.T) {
	collector := startCollector(t)
	telemetry, tally := exportTo(t, collector.otlp), newTally()
	opts := []openplatform.Option{
		openplatform.WithObserver(tally), openplatform.WithObserver(telemetry.observer),
		openplatform.WithRetry(openplatform.RetryPolicy{BaseDelay: 1, MaxDelay: 1}),
	}
	fail := func(baseURL string) {
		client, err := openplatform.NewClient(openplatform.Test, append(opts, openplatform.WithBaseURL(baseURL))...)
		require.NoError(t, err)
		defer client.CloseIdleConnections()
		for name, call := range plantedCalls() {
			require.Error(t, call(t.Context(), client), name)
		}
	}
	for _, platform := range echoes {
		server := httptest.NewServer(platform)
		fail(server.URL)
		server.Close()
	}
	fail("http://" + freeAddress(t)) // nobody is there
	renewals := len(echoes) + 1
	eventually(t, "all renewals have ended", func() bool {
		y := tally.soFar()
		return y.renewals["rejected"]+y.renewals["unknown"]+y.renewals["not sent"] == renewals
	})
	telemetry.flush(t)
	done := tally.soFar()
	spans := done.attempts + done.composites
	for _, n := range done.calls {
		spans += n
	}
	eventually(t, "all spans have arrived", func() bool { return len(collector.sink.spans(t)) == spans })
	eventually(t, "metrics have arrived", func() bool { return strings.Contains(collector.sink.bytes(), "openplatform.token.renewals") })
	status, page := get(t, "http://"+collector.prometheus+"/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, string(page), "openplatform_call_duration_seconds_count")

	exported := collector.sink.bytes()
	require.Contains(t, exported, "139****1111", "the platform's words are exported, and masked")
	require.Contains(t, exported, "?token=REDACTED")
	noneIn(t, "OTLP", exported, planted...)
	noneIn(t, "the page for Prometheus", string(page), planted...)
}

// noneIn looks for secrets in a text that is too long to be printed.
func noneIn(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		found := strings.Contains(strings.ToLower(text), strings.ToLower(secret))
		assert.False(t, found, "%s is in %s", secret, where)
	}
}
