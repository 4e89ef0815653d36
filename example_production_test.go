package openplatform_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A client as a service makes it: the address from the environment, the rest from the program.
func ExampleNewClientFromEnv() {
	sb := sandbox.New()
	server := httptest.NewServer(sb)
	defer server.Close()
	_ = os.Setenv("OPENPLATFORM_ENV", "production") // what the deployment sets
	_ = os.Setenv("OPENPLATFORM_BASE_URL", server.URL)
	defer func() { _ = errors.Join(os.Unsetenv("OPENPLATFORM_ENV"), os.Unsetenv("OPENPLATFORM_BASE_URL")) }()

	client, err := openplatform.NewClientFromEnv( // once, when the program starts
		openplatform.WithLogger(slog.Default()),
		openplatform.WithUserAgent("shop-backend/2.3"),
	)
	if err != nil {
		log.Print(err) // a bad setting is found here, and not at the first call
		return
	}
	_, err = client.GetImgCode(context.Background())
	fmt.Println(err)
	// Output: <nil>
}

// A certificate authority and a proxy of the company's.
func ExampleDefaultTransport() {
	sb := sandbox.New()
	server := httptest.NewTLSServer(sb)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	var proxy *url.URL // none in this example

	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = roots
	transport.Proxy = http.ProxyURL(proxy)
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL),
		openplatform.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		log.Print(err)
		return
	}
	_, err = client.GetImgCode(context.Background())
	fmt.Println(err)
	// Output: <nil>
}

// dump shows each response as it came, secrets included: for a debugger and a test environment only.
type dump struct {
	next http.RoundTripper
	to   io.Writer
}

func (d dump) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	text, _ := httputil.DumpResponse(resp, true)
	_, _ = d.to.Write(text)
	return resp, nil
}

// What the platform really answered.
func ExampleWithWrapper_dump() {
	sb := sandbox.New()
	server := httptest.NewServer(sb)
	defer server.Close()
	var raw bytes.Buffer
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(server.URL),
		openplatform.WithWrapper(func(next http.RoundTripper) http.RoundTripper { return dump{next, &raw} }))
	if err != nil {
		log.Print(err)
		return
	}
	_, err = client.CheckToken(context.Background(), &openplatform.CheckTokenRequest{Token: "made-up"})
	fmt.Println(errors.Is(err, openplatform.ErrInvalidToken))
	fmt.Println(strings.HasPrefix(raw.String(), "HTTP/1.1 200 OK"), strings.Contains(raw.String(), `"code":"401004"`))
	// Output:
	// true
	// true true
}

// A field that the SDK does not know yet.
func ExampleDo_newField() {
	sb, client, stop := startSandbox()
	defer stop()
	sb.Order(sandbox.Fault{
		Operation: sandbox.OpLogin,
		Body:      `{"request_id":"1","code":"000","msg":"成功","data":{"open_id":"o","token":"t","level":3}}`,
	})

	type login struct {
		openplatform.LoginResult
		Level int `json:"level"` // new
	}
	resp, err := openplatform.Do[login](context.Background(), client,
		openplatform.Operation{Name: "Login", Method: "POST", Path: "/oauth/api/account/login"}, // not Repeatable
		map[string]string{"account": "hanmeimei", "password": "made-up-1"})
	if err != nil {
		log.Print(err)
		return
	}
	fmt.Println(resp.Data.Level, resp.Data.OpenID)
	// Output: 3 o
}
