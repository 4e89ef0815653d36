package faults

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// TestGateways puts the gateways that people run between the SDK and the sandbox. A platform is reached through one or
// several of them, and most of what a caller sees fail is made by them. Each row of the table is held against what is
// expected of it: what the error is, what it says, and how often the sandbox's ledger has the call.
func TestGateways(t *testing.T) {
	authority, stranger := newGatewayAuthority(t), newGatewayAuthority(t)
	elsewhere, visits := gatewayElsewhere(t)
	cases := slices.Concat(
		gatewayUpstreamCases(authority),
		gatewayGzipCases(),
		gatewayRefusalCases(),
		gatewayRedirectCases(elsewhere),
		gatewayResendCases(),
		gatewayStopCases(authority),
		gatewayTLSCases(authority, stranger),
	)
	var rows [][]string
	for _, c := range cases {
		for _, e := range c.calls {
			t.Run(strings.Join([]string{c.gateway.name, c.name, e.call.name}, "/"), func(t *testing.T) {
				rows = append(rows, c.run(t, authority, e))
			})
		}
	}
	for _, c := range gatewayCrowds(authority) {
		t.Run(c.gateway.name+"/"+c.name, func(t *testing.T) {
			rows = append(rows, c.run(t, authority))
		})
	}
	assert.Zero(t, visits.Load(), "no redirect may be followed")
	rows = mergeGatewayRows(mergeGatewayRows(rows, 2), 0)
	header := []string{"gateway", "case", "call", "error", "what it says", "outcome", "attempts", "deliveries", "carried out"}
	report(t, "gateways", "Deliveries and carried out are from the sandbox's ledger.", "送达和执行取自沙箱的台账。",
		append([][]string{header}, rows...), 1, 5, 6, 7)
}

// mergeGatewayRows makes one row of those that differ in this column alone.
func mergeGatewayRows(rows [][]string, column int) [][]string {
	var merged [][]string
	for _, row := range rows {
		same := slices.IndexFunc(merged, func(other []string) bool {
			return slices.Equal(other[:column], row[:column]) && slices.Equal(other[column+1:], row[column+1:])
		})
		if same < 0 {
			merged = append(merged, row)
			continue
		}
		merged[same][column] += ", " + row[column]
	}
	return merged
}

// A gatewayCase is one thing that goes wrong at one gateway, or behind it, and the calls that meet it.
type gatewayCase struct {
	gateway gatewayKind
	name    string
	setup   gatewaySetup
	fault   *sandbox.Fault // of the call's own operation
	calls   []gatewayExpectation
	// during is done to the gateway while the sandbox has the call.
	during func(*gatewayProcess)
	// control makes sure that the gateway does what the case is about.
	control func(t *testing.T, url string)
}

type gatewayExpectation struct {
	call gatewayCall
	want gatewayWant
}

// A gatewayCall is one operation. It stands for its kind: a POST that changes something, a GET that does, and one that
// may be repeated.
type gatewayCall struct {
	name string
	// prepare gets from the sandbox, past the gateway, what call number n needs in order to succeed.
	prepare func(t testing.TB, sb *sandbox.Server, n int) gatewayDo
}

type gatewayDo func(context.Context, *openplatform.Client) error

var (
	gatewaySms     = gatewayCall{"SendSmsCode", prepareGatewaySms}
	gatewayLogout  = gatewayCall{"Logout", prepareGatewayLogout}
	gatewayPicture = gatewayCall{"GetImgCode", prepareGatewayPicture}
	// gatewayLongLogout is a Logout that does not fit in what the gateways of its cases read of a request.
	gatewayLongLogout = gatewayCall{"Logout", prepareGatewayLongLogout}
)

// gatewayLongToken is in characters. The request still leaves in one write: a second one may meet a connection that is
// closed, and hide the answer.
const gatewayLongToken = 3600

func prepareGatewaySms(t testing.TB, sb *sandbox.Server, n int) gatewayDo {
	t.Helper()
	picture, err := sb.Client.GetImgCode(t.Context())
	require.NoError(t, err)
	req := &openplatform.SendSmsCodeRequest{
		Mobile:    fmt.Sprintf("139%08d", n),
		ImgCodeID: picture.Data.ImgCodeID,
		ImgCode:   sb.SolveImgCode(picture.Data.ImgCodeID),
		SmsType:   openplatform.SmsTypeRegister,
	}
	return func(ctx context.Context, client *openplatform.Client) error {
		_, err := client.SendSmsCode(ctx, req)
		return err
	}
}

func prepareGatewayLogout(t testing.TB, sb *sandbox.Server, _ int) gatewayDo {
	t.Helper()
	sb.AddAccount(sandbox.Account{Username: "zhangsan", Password: "correct-horse"}) // does nothing if it is there
	login, err := sb.Client.Login(t.Context(), &openplatform.LoginRequest{Account: "zhangsan", Password: "correct-horse"})
	require.NoError(t, err)
	return logoutThroughGateway(login.Data.Token)
}

func prepareGatewayLongLogout(testing.TB, *sandbox.Server, int) gatewayDo {
	return logoutThroughGateway(strings.Repeat("t", gatewayLongToken))
}

func logoutThroughGateway(token string) gatewayDo {
	return func(ctx context.Context, client *openplatform.Client) error {
		_, err := client.Logout(ctx, &openplatform.LogoutRequest{Token: token})
		return err
	}
}

func prepareGatewayPicture(testing.TB, *sandbox.Server, int) gatewayDo {
	return func(ctx context.Context, client *openplatform.Client) error {
		_, err := client.GetImgCode(ctx)
		return err
	}
}

// run makes one call in its own small world and returns its row.
func (c gatewayCase) run(t *testing.T, authority *gatewayAuthority, e gatewayExpectation) []string {
	t.Helper()
	sb := sandbox.Start(t)
	call := e.call.prepare(t, sb, 0)
	world := newGatewayWorld(t, c.gateway, c.setup, sb, authority)
	if c.fault != nil {
		fault := *c.fault
		fault.Operation = e.call.name
		sb.Order(fault)
	}
	if c.control != nil {
		c.control(t, world.url)
	}
	if c.setup.warm {
		world.warmUp(t)
	}
	const id = "the call"
	interrupted := make(chan struct{})
	go func() {
		defer close(interrupted)
		if c.during != nil && gatewayReached(sb, id) {
			c.during(world.process)
		}
	}()
	got := world.call(t.Context(), world.transport, id, call)
	<-interrupted
	got.deliveries, got.carriedOut = gatewayLedger(sb, id)

	e.want.hold(t, got)
	return []string{
		c.gateway.name, c.name, e.call.name, gatewayErrorType(got.err), gatewaySays(got.err),
		openplatform.OutcomeOf(got.err).String(),
		strconv.Itoa(got.attempts), strconv.Itoa(got.deliveries), strconv.Itoa(got.carriedOut),
	}
}

// A gatewayWorld is a gateway with the sandbox behind it.
type gatewayWorld struct {
	process   *gatewayProcess
	url       string
	http2     bool
	roots     *x509.CertPool
	transport *http.Transport
	dials     atomic.Int64
}

func newGatewayWorld(
	t *testing.T, kind gatewayKind, setup gatewaySetup, sb *sandbox.Server, authority *gatewayAuthority,
) *gatewayWorld {
	t.Helper()
	server := strings.TrimPrefix(sb.URL, "http://")
	if setup.nobody {
		server = freePort(t)
	}
	scheme := "http"
	if setup.cert != nil {
		scheme = "https"
	}
	w := &gatewayWorld{
		process: startGateway(t, kind, setup, slices.Repeat([]string{server}, max(setup.servers, 1))),
		http2:   setup.HTTP2,
		roots:   authority.pool(),
	}
	w.url = cmp.Or(setup.scheme, scheme) + "://" + w.process.addr
	w.transport = w.newTransport(t)
	return w
}

func (w *gatewayWorld) newTransport(t *testing.T) *http.Transport {
	t.Helper()
	transport := openplatform.DefaultTransport()
	transport.TLSClientConfig.RootCAs = w.roots
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		w.dials.Add(1)
		return dial(ctx, network, addr)
	}
	t.Cleanup(func() { closeIdle(t, transport) })
	return transport
}

// A gatewayResult is what a call came to.
type gatewayResult struct {
	err                              error
	attempts, deliveries, carriedOut int
}

// call makes a call that the ledger will know by id. Its client is its own, the connections are those of the calls
// before it over the same transport: a RoundTripper that sets the id would take from the SDK what it can prove.
func (w *gatewayWorld) call(ctx context.Context, transport *http.Transport, id string, do gatewayDo) gatewayResult {
	end := new(gatewayCallEnd)
	client, err := openplatform.NewClient(openplatform.Test,
		openplatform.WithBaseURL(w.url),
		openplatform.WithHTTPClient(&http.Client{Transport: transport}),
		openplatform.WithHeader(sandbox.CallIDHeader, id),
		openplatform.WithObserver(end),
	)
	if err != nil {
		return gatewayResult{err: err}
	}
	err = do(ctx, client)
	return gatewayResult{err: err, attempts: end.Attempts}
}

// warmUp makes another request over the connection that the call will have.
func (w *gatewayWorld) warmUp(t *testing.T) {
	t.Helper()
	var protocol string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		TLSHandshakeDone: func(state tls.ConnectionState, _ error) { protocol = state.NegotiatedProtocol },
	})
	nowhere := openplatform.Operation{Name: "Nowhere", Method: http.MethodGet, Path: "/"}
	got := w.call(ctx, w.transport, "the warm-up", func(ctx context.Context, c *openplatform.Client) error {
		_, err := openplatform.Do[bool](ctx, c, nowhere, nil)
		return err
	})
	require.ErrorIs(t, got.err, openplatform.ErrUnknownAPI)
	assert.Equal(t, w.http2, protocol == "h2", "the gateway speaks %q", protocol)
}

// A gatewayCallEnd is an observer that remembers the end of the one call it sees.
type gatewayCallEnd struct{ openplatform.CallEnd }

func (e *gatewayCallEnd) ObserveCall(
	ctx context.Context, _ openplatform.CallStart,
) (context.Context, func(openplatform.CallEnd)) {
	return ctx, func(end openplatform.CallEnd) { e.CallEnd = end }
}

func (e *gatewayCallEnd) ObserveAttempt(
	ctx context.Context, _ openplatform.AttemptStart,
) (context.Context, func(openplatform.AttemptEnd)) {
	return ctx, nil
}

// gatewayReached waits for the sandbox to have carried the call out.
func gatewayReached(sb *sandbox.Server, id string) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, carriedOut := gatewayLedger(sb, id); carriedOut > 0 {
			return true
		}
	}
	return false
}

func gatewayLedger(sb *sandbox.Server, id string) (deliveries, carriedOut int) {
	for _, entry := range sb.Ledger() {
		if entry.CallID != id {
			continue
		}
		deliveries++
		if entry.CarriedOut {
			carriedOut++
		}
	}
	return deliveries, carriedOut
}

func gatewayErrorType(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "*openplatform.")
}

// gatewaySays is what an error says beyond the other columns, without what differs from run to run.
func gatewaySays(err error) string {
	var (
		response *openplatform.ResponseError
		rejected *openplatform.APIError
	)
	switch {
	case err == nil:
		return ""
	case errors.As(err, &response):
		return fmt.Sprintf("HTTP %d: %s", response.HTTPStatus, cmp.Or(response.Title, response.Reason))
	case errors.As(err, &rejected):
		return "code " + string(rejected.Code)
	}
	_, text, _ := strings.Cut(strings.TrimPrefix(err.Error(), "openplatform: "), ": ")
	text, _, _ = strings.Cut(text, " (attempts")
	text, _, _ = strings.Cut(text, ": current time")
	text, _, _ = strings.Cut(text, " (possibly because")
	return text
}

// gatewayElsewhere is where redirects lead. Nobody should come.
func gatewayElsewhere(t *testing.T) (url string, visits *atomic.Int64) {
	t.Helper()
	visits = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(server.Close)
	return server.URL, visits
}

// gatewayGzips makes sure that the gateway does compress.
func gatewayGzips(t *testing.T, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/oauth/api/account/logout", http.NoBody)
	require.NoError(t, err)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
}

// gatewaySpeaksTLS11 makes sure that it is the version, and nothing else, that keeps the SDK out.
func gatewaySpeaksTLS11(t *testing.T, url string) {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{
		MinVersion: tls.VersionTLS11, InsecureSkipVerify: true, //nolint:gosec // what is asked is whether it is as bad as that
	})
	require.NoError(t, err)
	defer conn.Close() //nolint:errcheck // the handshake was all
	assert.EqualValues(t, tls.VersionTLS11, conn.ConnectionState().Version)
}
