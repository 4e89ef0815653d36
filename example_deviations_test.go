package openplatform_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// signer signs each request: its time, its query and its body. What is signed and where the signature stands is made up
// here; take what the platform says.
type signer struct {
	appID  string
	secret []byte
	next   http.RoundTripper
}

func (s signer) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	now := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, s.secret)
	_, _ = io.WriteString(mac, now+req.URL.RawQuery+string(body)) // a hash takes all
	signed := req.Clone(req.Context())
	signed.Header.Set("X-App-Id", s.appID)
	signed.Header.Set("X-Timestamp", now)
	signed.Header.Set("X-Sign", hex.EncodeToString(mac.Sum(nil)))
	return s.next.RoundTrip(signed)
}

// A platform that asks for a signature gets one.
func ExampleWithWrapper() {
	server := httptest.NewServer(signed(sandbox.New(), "shop", "made-up"))
	defer server.Close()

	signing := openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper {
		return signer{appID: "shop", secret: []byte("made-up"), next: next}
	})
	client, err := openplatform.NewClient(openplatform.Test, signing, openplatform.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	resp, err := client.GetImgCode(context.Background())
	fmt.Println(resp != nil, err)
	// Output: true <nil>
}

// signed lets through what is signed as signer does it.
func signed(next http.Handler, appID, secret string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = io.WriteString(mac, r.Header.Get("X-Timestamp")+r.URL.RawQuery+string(body))
		if r.Header.Get("X-App-Id") != appID || r.Header.Get("X-Sign") != hex.EncodeToString(mac.Sum(nil)) {
			_, _ = io.WriteString(w, `{"request_id":"1","code":"401001","msg":"验证签名失败","data":null}`)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		next.ServeHTTP(w, r)
	})
}

// emptyBody sends nothing where the SDK sends {}.
type emptyBody struct{ next http.RoundTripper }

func (e emptyBody) RoundTrip(req *http.Request) (*http.Response, error) {
	_ = req.Body.Close()
	empty := req.Clone(req.Context())
	empty.Body, empty.ContentLength = http.NoBody, 0
	empty.Header.Del("Content-Type")
	return e.next.RoundTrip(empty)
}

// A platform that refuses {} gives its pictures to a client of their own.
func ExampleWithHTTPClient() {
	platform := sandbox.New()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_, _ = io.WriteString(w, `{"request_id":"1","code":"400003","msg":"入参解析异常","data":null}`)
			return
		}
		platform.ServeHTTP(w, r)
	}))
	defer server.Close()

	withEmptyBody := openplatform.WithHTTPClient(&http.Client{Transport: emptyBody{openplatform.DefaultTransport()}})
	pictures, err := openplatform.NewClient(openplatform.Test, withEmptyBody, openplatform.WithBaseURL(server.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pictures.CloseIdleConnections()
	resp, err := pictures.GetImgCode(context.Background())
	fmt.Println(resp != nil, err)
	// Output: true <nil>
}
