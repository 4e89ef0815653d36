package browser

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	openplatform "github.com/ebaas/openplatform-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestScreenshots makes the pictures that the documentation shows. They are kept if -screenshots says where.
func TestScreenshots(t *testing.T) {
	p := startFor(t, "127.0.0.1:0", "-label", "web team")
	s := spaceOf(t, p, "")
	s.control(http.MethodPut, "/special_numbers/13700002222", map[string]string{"kind": "fixed_code", "sms_code": "7kq2"}, nil)
	require.NoError(t, s.sendSMS("13700002222", openplatform.SmsTypeResetPassword))
	require.NoError(t, s.sendSMS("19900000006", openplatform.SmsTypeLogin))
	require.NoError(t, s.sendSMS("13900001111", openplatform.SmsTypeRegister))
	_, err := s.sdk.Register(t.Context(), &openplatform.RegisterRequest{
		Username: "lilei2024", Email: "li.lei@example.com", Mobile: "13900001111",
		Code: s.latestCode("13900001111"), Password: "only-for-tests",
	})
	require.NoError(t, err)
	s.control(http.MethodPost, "/clock/advance", map[string]string{"by": "65s"}, nil)
	require.Error(t, s.sendSMS("19900000003", openplatform.SmsTypeLogin))
	require.NoError(t, s.sendSMS("13900001111", openplatform.SmsTypeLogin))
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "SendSmsCode", "drop": true, "after": true, "times": 1}, nil)
	s.control(http.MethodPost, "/faults", map[string]any{"preset": "nginx_502", "share": 20, "delay": "200ms", "max_delay": "2s"}, nil)

	desktop := look{width: 1000, height: 620}
	chinese := desktop
	chinese.language, chinese.dark = "zh-CN", true
	pocket := phone
	pocket.language = "zh-CN"
	for name, shot := range map[string]struct {
		view string
		look
	}{
		"sandbox":        {"/sms", desktop},
		"sandbox-zh":     {"/sms", chinese},
		"sandbox-phone":  {"/sms/latest?mobile=13900001111", pocket},
		"sandbox-faults": {"/faults", desktop},
	} {
		openTab(t, s.base+shot.view, shot.look).screenshot(name)
	}
}

// TestScreenshotsOfTheLoginService makes those of examples/login_service.
func TestScreenshotsOfTheLoginService(t *testing.T) {
	s := startLoginService(t).withAccount()
	v := s.open(look{width: 1000, height: 740})
	v.goes("/sms/login", "sms", http.StatusOK)
	v.readPicture()
	v.screenshot("login")

	pocket := phone
	pocket.language = "zh-CN"
	v = s.open(pocket)
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "SendSmsCode", "drop": true, "after": true}, nil)
	v.askForSMS("login", mobile, "login_sms", http.StatusServiceUnavailable)
	v.screenshot("login-on-its-way")

	v = s.open(look{width: 1000, height: 420})
	v.goes("/login", "login", http.StatusOK)
	v.send("account", http.StatusOK, map[string]string{"account": username, "password": password})
	s.control(http.MethodPost, "/faults", map[string]any{"operation": "GetServiceTicket", "drop": true}, nil)
	v.goes("/account", "unavailable", http.StatusServiceUnavailable)
	v.screenshot("login-outage")
}

// screenshot takes a picture of what a person sees.
func (b *tab) screenshot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	assert.Less(b.t, len(png), 150<<10, "%s is too large for a README", name)
	if *screenshots != "" {
		require.NoError(b.t, os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o600))
	}
}
