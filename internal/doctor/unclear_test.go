package doctor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/doctor"
)

// What proves nothing either way: neither "holds" nor "does not hold" may be said of it.
func TestWhatProvesNothingIsUnclear(t *testing.T) {
	page := func(paths ...string) middleware {
		return answering(http.StatusBadGateway, "text/html", "<title>502 Bad Gateway</title>", paths...)
	}
	for name, tt := range map[string]struct {
		wrap    middleware
		server  func(*httptest.Server)
		options func(*testing.T, *platform, *doctor.Options)
		unclear []string // of the checks that a platform without a fault answers
		says    string   // of the first one
	}{
		"no Date": {
			wrap: func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header()["Date"] = nil
					next.ServeHTTP(w, r)
				})
			},
			unclear: []string{"clock"}, says: "the response has no Date",
		},
		"an error page that ends the connection": {
			wrap: answering(http.StatusBadRequest, "text/html", "<title>400</title>"),
			server: func(s *httptest.Server) {
				s.EnableHTTP2 = false
				s.Config.SetKeepAlivesEnabled(false)
			},
			unclear: []string{
				"keep_alive", "paths", "no_signature", "envelope", "request_ids", "failures_at_200", "content_type",
				"empty_object", "picture", "json_body", "documented_codes", "unknown_paths", "once",
			},
			says: "a connection may be closed after an error page",
		},
		"CheckToken fails": {
			wrap:    page(checkTok),
			unclear: []string{"paths", "failures_at_200", "once"}, says: "CheckToken: HTTP 502",
		},
		"a read is refused when it is repeated": {
			wrap:    refusingSecond(checkTok),
			unclear: []string{"once"}, says: "the platform refuses a repeated read: HTTP 200, code 403002",
		},
		"SendSmsCode fails": {
			wrap: page(sendSms), options: withTries, unclear: []string{"account_codes"}, says: "SendSmsCode with a wrong picture code: openplatform: SendSmsCode: unusable response",
		},
		"SendSmsCode answers 500": {
			wrap: refusing("500", "系统异常", sendSms), options: withTries, unclear: []string{"account_codes"}, says: "code 500 系统异常, outcome unknown",
		},
		"no picture to answer": {
			wrap: fresh(refusing("400900", "稍后再试", imgCode)), options: withTries,
			unclear: []string{"account_codes", "no_signature", "empty_object", "picture"}, says: "GetImgCode: code 400900",
		},
		"GetAccessToken fails": {
			wrap: page(getTok), options: withSSO, unclear: []string{"expired_times", "tokens_coexist"}, says: "GetAccessToken: HTTP 502",
		},
		"a secret that is wrong": {
			options: func(t *testing.T, p *platform, o *doctor.Options) { //nolint:thelper // it is a case
				withSSO(t, p, o)
				o.ClientSecret = "another-secret"
			},
			unclear: []string{"expired_times", "tokens_coexist"}, says: "GetAccessToken: HTTP 200, code 403007",
		},
		"an access token that is not taken": {
			wrap: fresh(refusing("401003", "无效的access_token", getTicket)), options: withSSO,
			unclear: []string{"tokens_coexist"}, says: "GetServiceTicket with the new token: HTTP 200, code 401003",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := startPlatform(t, tt.wrap, tt.server)
			o := p.options
			if tt.options != nil {
				tt.options(t, p, &o)
			}
			r := examine(t, o)
			assert.Empty(t, names(r, doctor.Refuted), text(r))
			wanted := append([]string{}, tt.unclear...)
			for check, asked := range map[string]bool{"account_codes": o.Tries, "expired_times": o.SSO, "tokens_coexist": o.SSO} {
				if !asked {
					wanted = append(wanted, check)
				}
			}
			assert.ElementsMatch(t, wanted, names(r, doctor.Unclear), text(r))
			assert.Contains(t, line(t, r, tt.unclear[0]).Found, tt.says)
		})
	}
}

// refusingSecond refuses what it was asked before.
func refusingSecond(path string) middleware {
	var asked atomic.Int64
	return func(next http.Handler) http.Handler {
		refused := fresh(refusing("403002", "请勿重复请求"))(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// The third and the fourth time is when reads are compared.
			if r.URL.Path == path && r.URL.RawQuery != "" && asked.Add(1) == 4 {
				refused.ServeHTTP(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

func TestAnIdleConnectionIsWatchedUntilTheCallerHasEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, o := inMemory(t)
		o.Slow = 35 * time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		r, err := doctor.Run(ctx, o)
		require.NoError(t, err)
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Equal(t, doctor.Unclear, line(t, r, "keep_alive").Status)
		assert.Empty(t, names(r, doctor.Refuted))
	})
}
