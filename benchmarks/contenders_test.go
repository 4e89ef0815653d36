package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/google/go-github/v88/github"
	"github.com/hetznercloud/hcloud-go/v2/hcloud"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v85"
	"github.com/twilio/twilio-go/client"
	verify "github.com/twilio/twilio-go/rest/verify/v2"

	openplatform "github.com/ebaas/openplatform-go"
)

// A call makes one request and decodes its answer.
type call func(ctx context.Context) error

// A contender is one way to make the call, set up as its users set it up. make points
// it at baseURL; rt is nil for what it brings itself, timeouts and pool included.
type contender struct {
	name string
	body string // what it is answered: its service's documented answer, cut to about the envelope's size
	make func(tb testing.TB, baseURL string, rt http.RoundTripper) call
}

const (
	smsPath = "/oauth/api/account/sendSmsCode"
	success = `{"request_id":"cc67513b-9b00-4283-a966-80153fd3ecfb","code":"000","msg":"成功","data":true}`
)

var (
	sdk = contender{ours, success, makeSDK()}

	contenders = []contender{
		sdk,
		{byHand, success, makeNetHTTP},
		{tuned, success, makeTuned},
		{onResty, success, makeResty},
		{
			"twilio-go",
			`{"sid":"VE0a1b2c3d4e5f60718293a4b5c6d7e8f9","to":"+8613900001111","channel":"sms","status":"pending"}`,
			makeTwilio,
		},
		{
			"go-github",
			`{"id":1,"node_id":"MDU6SXNzdWUx","number":1347,"state":"open","title":"Found a bug","locked":false}`,
			makeGitHub,
		},
		{
			"hcloud-go",
			`{"ssh_key":{"id":2323,"name":"key","fingerprint":"b7:2f:30:a0:2f:6c","public_key":"ssh-ed25519 AAAA","labels":{}}}`,
			makeHCloud,
		},
		{
			"stripe-go",
			`{"id":"cus_NffrFeUfNV2Hib","object":"customer","email":"jo@example.com","name":"Jo","phone":"13900001111"}`,
			makeStripe,
		},
		{
			"openai-go",
			`{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-0.5]}],"model":"text-embedding-3-small"}`,
			makeOpenAI,
		},
	}

	jsonLines = slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}) //nolint:sloglint // slog.DiscardHandler is off

	// observed are the SDK with what is off by default, to show what that costs.
	observed = []contender{
		{ours + "+logger", success, makeSDK(openplatform.WithLogger(slog.New(jsonLines)))},
		{ours + "+observer", success, makeSDK(openplatform.WithObserver(counts{}))},
	}
)

// What is compared must do the work: one POST with a body a call, and a look at the answer.
func TestContendersDoTheWork(t *testing.T) {
	for _, c := range slices.Concat(contenders, observed) {
		for _, p := range protocols {
			t.Run(c.name+" over "+p.name, func(t *testing.T) {
				var received atomic.Int64
				body := c.body
				baseURL, _ := p.serve(t, func(w http.ResponseWriter, r *http.Request) {
					received.Add(1)
					assert.Equal(t, http.MethodPost, r.Method)
					sent, err := io.ReadAll(r.Body)
					assert.NoError(t, err)
					assert.Greater(t, len(sent), 40, "four fields or so")
					answer(body, 0)(w, r)
				})
				call := c.make(t, baseURL, nil)
				require.NoError(t, call(t.Context()))
				assert.EqualValues(t, 1, received.Load())

				body = "{}"
				assert.Error(t, call(t.Context()), "an answer that says nothing")
			})
		}
	}
}

func makeSDK(opts ...openplatform.Option) func(testing.TB, string, http.RoundTripper) call {
	return func(tb testing.TB, baseURL string, rt http.RoundTripper) call {
		tb.Helper()
		opts := append([]openplatform.Option{openplatform.WithBaseURL(baseURL)}, opts...)
		if rt != nil {
			opts = append(opts, openplatform.WithHTTPClient(&http.Client{Transport: rt}))
		}
		client, err := openplatform.NewClient(openplatform.Test, opts...)
		require.NoError(tb, err)
		tb.Cleanup(client.CloseIdleConnections)
		return func(ctx context.Context) error {
			_, err := client.SendSmsCode(ctx, &openplatform.SendSmsCodeRequest{
				Mobile: "13900001111", ImgCodeID: "MS6A1I", ImgCode: "XKQPW", SmsType: openplatform.SmsTypeRegister,
			})
			return err
		}
	}
}

// counts is an observer that does nothing with what it is told.
type counts struct{}

func (counts) ObserveCall(ctx context.Context, _ openplatform.CallStart) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(openplatform.CallEnd) {}
}

func (counts) ObserveAttempt(ctx context.Context, _ openplatform.AttemptStart) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, func(openplatform.AttemptEnd) {}
}

// The request and the envelope as somebody without the SDK would write them.
type (
	smsRequest struct {
		Mobile    string `json:"mobile"`
		ImgCodeID string `json:"img_code_id"`
		ImgCode   string `json:"img_code"`
		SmsType   string `json:"sms_type"`
	}
	envelope struct {
		RequestID string `json:"request_id"`
		Code      string `json:"code"`
		Msg       string `json:"msg"`
		Data      bool   `json:"data"`
	}
)

func newSmsRequest() smsRequest {
	return smsRequest{Mobile: "13900001111", ImgCodeID: "MS6A1I", ImgCode: "XKQPW", SmsType: "REGISTER"}
}

func (e envelope) check() error {
	if e.Code != "000" {
		return errors.New("code " + e.Code + ": " + e.Msg)
	}
	return nil
}

func makeNetHTTP(_ testing.TB, baseURL string, rt http.RoundTripper) call {
	return post(&http.Client{Transport: rt}, baseURL+smsPath)
}

// makeTuned is makeNetHTTP by somebody who knows net/http's pool.
func makeTuned(tb testing.TB, baseURL string, rt http.RoundTripper) call {
	tb.Helper()
	if rt == nil {
		transport := &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConns:        512,
			MaxIdleConnsPerHost: 512,
			IdleConnTimeout:     30 * time.Second,
			TLSHandshakeTimeout: 5 * time.Second,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)},
			ForceAttemptHTTP2:   true,
		}
		tb.Cleanup(transport.CloseIdleConnections)
		rt = transport
	}
	return post(&http.Client{Transport: rt}, baseURL+smsPath)
}

// post is the fair minimum by hand.
func post(client *http.Client, url string) call {
	return func(ctx context.Context) error {
		body, err := json.Marshal(newSmsRequest())
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Accept", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close() //nolint:errcheck // it has been read
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		var env envelope
		if err := json.Unmarshal(answer, &env); err != nil {
			return err
		}
		return env.check()
	}
}

func makeResty(tb testing.TB, baseURL string, rt http.RoundTripper) call {
	tb.Helper()
	client := resty.New().SetBaseURL(baseURL).SetHeader("Accept", "application/json")
	if rt != nil {
		client.SetTransport(rt)
	}
	tb.Cleanup(client.GetClient().CloseIdleConnections)
	return func(ctx context.Context) error {
		var env envelope
		resp, err := client.R().SetContext(ctx).SetBody(newSmsRequest()).SetResult(&env).Post(smsPath)
		if err != nil {
			return err
		}
		if !resp.IsSuccess() {
			return errors.New(resp.Status())
		}
		return env.check()
	}
}

// makeTwilio has no base URL to set: the host is fixed, always over TLS. Over a socket
// its transport, net/http's default in all else, dials the test's server whatever the
// host; and where that server speaks plain http, the connection is passed off as TLS.
func makeTwilio(tb testing.TB, baseURL string, rt http.RoundTripper) call {
	tb.Helper()
	backend := &client.Client{Credentials: client.NewCredentials("AC1", "secret")}
	backend.SetTimeout(10 * time.Second) // its own default
	if rt == nil {
		transport := dialingTo(tb, baseURL)
		tb.Cleanup(transport.CloseIdleConnections)
		rt = transport
	} else {
		// With a RoundTripper that is not net/http's own, the client's timeout would start
		// a goroutine for every call.
		backend.HTTPClient = &http.Client{}
	}
	backend.HTTPClient.Transport = rt
	api := verify.NewApiService(client.NewRequestHandler(backend))
	return func(context.Context) error {
		params := (&verify.CreateVerificationParams{}).
			SetTo("+8613900001111").SetChannel("sms").SetLocale("zh").SetCustomFriendlyName("REGISTER")
		verification, err := api.CreateVerification("VA1", params)
		if err == nil && (verification.Status == nil || *verification.Status != "pending") {
			err = errors.New("the verification is not pending")
		}
		return err
	}
}

func dialingTo(tb testing.TB, baseURL string) *http.Transport {
	tb.Helper()
	standard, ok := http.DefaultTransport.(*http.Transport)
	require.True(tb, ok)
	transport := standard.Clone()
	scheme, address, _ := strings.Cut(baseURL, "://")
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return standard.DialContext(ctx, network, address)
	}
	if scheme == "http" {
		transport.DialTLSContext = dial
		return transport
	}
	host, _, err := net.SplitHostPort(address)
	require.NoError(tb, err)
	transport.DialContext = dial
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	return transport
}

func makeGitHub(tb testing.TB, baseURL string, rt http.RoundTripper) call {
	tb.Helper()
	opts := []github.ClientOptionsFunc{github.WithURLs(&baseURL, nil), github.WithAuthToken("secret")}
	if rt != nil {
		opts = append(opts, github.WithTransport(rt))
	}
	client, err := github.NewClient(opts...)
	require.NoError(tb, err)
	return func(ctx context.Context) error {
		issue, _, err := client.Issues.Create(ctx, "octocat", "hello-world", &github.IssueRequest{
			Title: github.Ptr("Found a bug"), Body: github.Ptr("XKQPW"),
			Labels: &[]string{"bug"}, Assignee: github.Ptr("octocat"),
		})
		if err == nil && issue.GetState() != "open" {
			err = errors.New("state " + issue.GetState())
		}
		return err
	}
}

func makeHCloud(_ testing.TB, baseURL string, rt http.RoundTripper) call {
	opts := []hcloud.ClientOption{hcloud.WithEndpoint(baseURL), hcloud.WithToken("secret")}
	if rt != nil {
		opts = append(opts, hcloud.WithHTTPClient(&http.Client{Transport: rt}))
	}
	client := hcloud.NewClient(opts...)
	return func(ctx context.Context) error {
		key, _, err := client.SSHKey.Create(ctx, hcloud.SSHKeyCreateOpts{
			Name: "key", PublicKey: "ssh-ed25519 AAAA", Labels: map[string]string{"env": "test", "owner": "jo"},
		})
		if err == nil && key.ID == 0 {
			err = errors.New("no id")
		}
		return err
	}
}

func makeStripe(_ testing.TB, baseURL string, rt http.RoundTripper) call {
	cfg := &stripe.BackendConfig{URL: &baseURL}
	if rt != nil {
		cfg.HTTPClient = &http.Client{Transport: rt}
	}
	backends := &stripe.Backends{API: stripe.GetBackendWithConfig(stripe.APIBackend, cfg)}
	client := stripe.NewClient("sk_test_1", stripe.WithBackends(backends))
	return func(ctx context.Context) error {
		customer, err := client.V1Customers.Create(ctx, &stripe.CustomerCreateParams{
			Name: stripe.String("Jo"), Email: stripe.String("jo@example.com"),
			Phone: stripe.String("13900001111"), Description: stripe.String("XKQPW"),
		})
		if err == nil && customer.ID == "" {
			err = errors.New("no id")
		}
		return err
	}
}

func makeOpenAI(_ testing.TB, baseURL string, rt http.RoundTripper) call {
	opts := []option.RequestOption{option.WithBaseURL(baseURL), option.WithAPIKey("secret")}
	if rt != nil {
		opts = append(opts, option.WithHTTPClient(&http.Client{Transport: rt}))
	}
	client := openai.NewClient(opts...)
	return func(ctx context.Context) error {
		answer, err := client.Embeddings.New(ctx, openai.EmbeddingNewParams{
			Input:      openai.EmbeddingNewParamsInputUnion{OfString: param.NewOpt("XKQPW")},
			Model:      openai.EmbeddingModelTextEmbedding3Small,
			Dimensions: param.NewOpt(int64(2)), User: param.NewOpt("13900001111"),
		})
		if err == nil && len(answer.Data) != 1 {
			err = errors.New("no embedding")
		}
		return err
	}
}
