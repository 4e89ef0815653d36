package faults

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
)

// A gatewayWant is what a call must come to.
type gatewayWant struct {
	failure string // the error's type, "" for success
	outcome openplatform.Outcome
	says    []string // parts of the error's text
	is      error    // what errors.Is must find, if anything
	as      any      // what errors.As must find, if anything

	attempts   int // of the SDK
	deliveries int // to the sandbox
	carriedOut int
}

func (w gatewayWant) hold(t *testing.T, got gatewayResult) {
	t.Helper()
	err, outcome := got.err, openplatform.OutcomeOf(got.err)
	assert.Equal(t, w.failure, gatewayErrorType(err), "%v", err)
	assert.Equal(t, w.outcome, outcome, "%v", err)
	assert.Equal(t, w.attempts, got.attempts, "attempts: %v", err)
	assert.Equal(t, w.deliveries, got.deliveries, "deliveries: %v", err)
	assert.Equal(t, w.carriedOut, got.carriedOut, "carried out: %v", err)
	if outcome == openplatform.OutcomeNotSent {
		assert.Zero(t, got.deliveries, "not sent is a promise")
	}
	if err == nil {
		return
	}
	for _, part := range w.says {
		assert.Contains(t, err.Error(), part)
	}
	assert.NotContains(t, err.Error(), strings.Repeat("t", 20), "the token is a secret")
	if w.is != nil {
		assert.ErrorIs(t, err, w.is)
	}
	if w.as != nil {
		assert.ErrorAs(t, err, w.as)
	}
}

const (
	gatewayAPIError       = "APIError"
	gatewayResponseError  = "ResponseError"
	gatewayTransportError = "TransportError"
)

var (
	gatewaySuccess = gatewayWant{outcome: openplatform.OutcomeSucceeded, attempts: 1, deliveries: 1, carriedOut: 1}
	// gatewayCutShort is an answer that breaks off.
	gatewayCutShort = gatewayWant{
		failure: gatewayResponseError, says: []string{"the body ended early", "HTTP 200"},
		attempts: 1, deliveries: 1, carriedOut: 1,
	}
	// gatewayHungUp is a connection that ends before the answer to a call that the sandbox has.
	gatewayHungUp = gatewayWant{failure: gatewayTransportError, attempts: 1, deliveries: 1, carriedOut: 1}
	// gatewayNoConnection is what TLS prevented.
	gatewayNoConnection = gatewayWant{failure: gatewayTransportError, outcome: openplatform.OutcomeNotSent, attempts: 1}
)

// gatewayStatus is an answer of the gateway's own, made without the platform.
func gatewayStatus(status int) gatewayWant {
	return gatewayWant{
		failure: gatewayResponseError, outcome: openplatform.OutcomeUnknown,
		says: []string{fmt.Sprintf("HTTP %d,", status)}, is: gatewayClass(status),
		attempts: 1,
	}
}

// gatewayPage is gatewayStatus with a page, whose title begins with the status.
func gatewayPage(title string) gatewayWant {
	status, _ := strconv.Atoi(title[:3])
	w := gatewayStatus(status)
	w.says = append(w.says, fmt.Sprintf("page title %q", title))
	return w
}

func gatewayClass(status int) error {
	switch {
	case status == http.StatusBadRequest:
		return openplatform.ErrInvalidArgument
	case status == http.StatusNotFound:
		return openplatform.ErrNotFound
	case status == http.StatusTooManyRequests:
		return openplatform.ErrRateLimited
	case status >= http.StatusInternalServerError:
		return openplatform.ErrPlatform
	}
	return nil
}

// gatewayRejected is the platform's own no.
func gatewayRejected(code openplatform.Code) gatewayWant {
	return gatewayWant{
		failure: gatewayAPIError, outcome: openplatform.OutcomeRejected, says: []string{"code " + string(code)},
		attempts: 1, deliveries: 1,
	}
}

// carried is w of a call that the platform carried out nevertheless.
func (w gatewayWant) carried() gatewayWant {
	w.deliveries, w.carriedOut = 1, 1
	return w
}

// delivered is w of a call that reached the platform that often, and was carried out that often.
func (w gatewayWant) delivered(deliveries, carriedOut int) gatewayWant {
	w.deliveries, w.carriedOut = deliveries, carriedOut
	return w
}

// times is w after n attempts, each of which came to the same.
func (w gatewayWant) times(n int) gatewayWant {
	w.attempts, w.deliveries, w.carriedOut = n*w.attempts, n*w.deliveries, n*w.carriedOut
	return w
}

// inVain is w of a call that is attempted twice again, when nobody is there any more.
func (w gatewayWant) inVain() gatewayWant {
	w.attempts = 3
	return w
}

func (w gatewayWant) saying(texts ...string) gatewayWant {
	w.says = append(slices.Clone(w.says), texts...)
	return w
}

func (w gatewayWant) unwrappingTo(target any) gatewayWant {
	w.as = target
	return w
}

// gatewayMutations expects w of both kinds of call that change something.
func gatewayMutations(w gatewayWant) []gatewayExpectation {
	return []gatewayExpectation{{gatewaySms, w}, {gatewayLogout, w}}
}

// gatewayAll expects w of each attempt of every kind of call, and three of the one that may be repeated.
func gatewayAll(w gatewayWant) []gatewayExpectation {
	return append(gatewayMutations(w), gatewayExpectation{gatewayPicture, w.times(3)})
}

// gatewayAllOnce expects w of every kind of call, and no repetition of any.
func gatewayAllOnce(w gatewayWant) []gatewayExpectation {
	return append(gatewayMutations(w), gatewayExpectation{gatewayPicture, w})
}

func gatewayUpstreamCases(authority *gatewayAuthority) []gatewayCase {
	lost := &sandbox.Fault{After: true, Drop: true}
	cutShort := &sandbox.Fault{
		After: true, Body: `{"request_id":"`,
		Header: http.Header{"Content-Length": {"1000"}, "Content-Type": {"application/json"}},
	}
	slow := &sandbox.Fault{After: true, Delay: 5 * time.Second}
	overHTTP2 := gatewaySetup{cert: &gatewayCert{authority: authority}, HTTP2: true, warm: true}
	badGateway, gatewayTimeout := gatewayPage("502 Bad Gateway"), gatewayPage("504 Gateway Time-out")
	return []gatewayCase{
		{gateway: nginx, name: "nothing wrong", calls: gatewayAllOnce(gatewaySuccess)},
		{gateway: haproxy, name: "nothing wrong", calls: gatewayAllOnce(gatewaySuccess)},
		{gateway: nginx, name: "upstream down", setup: gatewaySetup{nobody: true}, calls: gatewayAll(badGateway)},
		{
			gateway: haproxy, name: "upstream down",
			setup: gatewaySetup{nobody: true, Shared: "timeout connect 100ms"}, calls: gatewayAll(gatewayStatus(503)),
		},
		{gateway: nginx, name: "upstream lost before its response", fault: lost, calls: gatewayAll(badGateway.carried())},
		{
			gateway: haproxy, name: "upstream lost before its response", fault: lost,
			calls: gatewayAll(gatewayStatus(502).carried()),
		},
		{gateway: nginx, name: "upstream lost in mid-response", fault: cutShort, calls: gatewayAll(gatewayCutShort)},
		{gateway: haproxy, name: "upstream lost in mid-response", fault: cutShort, calls: gatewayAll(gatewayCutShort)},
		{
			gateway: nginx, name: "upstream lost in mid-response, HTTP/2", setup: overHTTP2, fault: cutShort,
			calls: gatewayMutations(gatewayCutShort),
		},
		{
			gateway: haproxy, name: "upstream lost in mid-response, HTTP/2", setup: overHTTP2, fault: cutShort,
			calls: gatewayMutations(gatewayCutShort),
		},
		{
			gateway: nginx, name: "upstream slower than the gateway waits", fault: slow,
			setup: gatewaySetup{Lines: "proxy_read_timeout 200ms;"}, calls: gatewayAll(gatewayTimeout.carried()),
		},
		{
			gateway: haproxy, name: "upstream slower than the gateway waits", fault: slow,
			setup: gatewaySetup{Shared: "timeout server 200ms"}, calls: gatewayAll(gatewayStatus(504).carried()),
		},
	}
}

func gatewayGzipCases() []gatewayCase {
	const nginxGzip = "gzip on; gzip_types application/json;"
	const haproxyGzip = "compression algo gzip\n\tcompression type application/json text/html"
	maintenance := &sandbox.Fault{
		Body:   "<html><head><title>Down for maintenance</title></head><body>" + strings.Repeat("Come back later. ", 50),
		Header: http.Header{"Content-Type": {"text/html"}},
	}
	page := gatewayStatus(200).saying(`page title "Down for maintenance"`).delivered(1, 0)
	return []gatewayCase{
		{
			gateway: nginx, name: "gzip on", setup: gatewaySetup{Lines: nginxGzip},
			calls: gatewayAllOnce(gatewaySuccess), control: gatewayGzips,
		},
		{
			gateway: haproxy, name: "gzip on", setup: gatewaySetup{Lines: haproxyGzip},
			calls: gatewayAllOnce(gatewaySuccess), control: gatewayGzips,
		},
		{
			gateway: nginx, name: "gzip on, its own page",
			setup: gatewaySetup{Lines: nginxGzip + " location /oauth/ { return 404; }"},
			calls: gatewayAllOnce(gatewayPage("404 Not Found")), control: gatewayGzips,
		},
		{
			gateway: nginx, name: "gzip on, HTML with status 200", setup: gatewaySetup{Lines: nginxGzip}, fault: maintenance,
			calls: []gatewayExpectation{{gatewayLogout, page}}, control: gatewayGzips,
		},
		{
			gateway: haproxy, name: "gzip on, HTML with status 200",
			setup: gatewaySetup{Lines: haproxyGzip}, fault: maintenance,
			calls: []gatewayExpectation{{gatewayLogout, page}}, control: gatewayGzips,
		},
	}
}

// gatewayRefusalCases are requests that the gateway answers by itself: the SDK cannot know that, so they are unknown.
func gatewayRefusalCases() []gatewayCase {
	nginxLimit := func(rate, more string) gatewaySetup {
		return gatewaySetup{
			Shared: "limit_req_zone $server_addr zone=one:1m rate=" + rate + ";",
			Lines:  "limit_req zone=one; " + more, warm: true,
		}
	}
	// A request that haproxy lets through counts, one that it refuses does not.
	haproxyLimit := func(period, more string) gatewaySetup {
		return gatewaySetup{
			Lines: "stick-table type ip size 1k expire 5m store http_req_rate(" + period + ")\n" +
				"\thttp-request deny deny_status " + more + " if { src,table_http_req_rate(platform) gt 0 }\n" +
				"\thttp-request track-sc0 src",
			warm: true,
		}
	}
	secondTry := gatewaySuccess
	secondTry.attempts = 2
	const nginx429 = "limit_req_status 429; add_header Retry-After "
	return []gatewayCase{
		{
			gateway: nginx, name: "413: body too large", setup: gatewaySetup{Lines: "client_max_body_size 10;"},
			calls: []gatewayExpectation{{gatewaySms, gatewayPage("413 Request Entity Too Large")}},
		},
		{
			gateway: haproxy, name: "413: body too large",
			setup: gatewaySetup{Lines: "http-request deny deny_status 413 if { req.body_size gt 10 }"},
			calls: []gatewayExpectation{{gatewaySms, gatewayStatus(413)}},
		},
		{
			gateway: nginx, name: "414: URI too long", setup: gatewaySetup{Shared: "large_client_header_buffers 2 1k;"},
			calls: []gatewayExpectation{{gatewayLongLogout, gatewayPage("414 Request-URI Too Large")}},
		},
		{
			gateway: haproxy, name: "URI too long (haproxy has no 414)",
			setup: gatewaySetup{Global: "tune.bufsize 4096\n\ttune.maxrewrite 1024"},
			calls: []gatewayExpectation{{gatewayLongLogout, gatewayStatus(400)}},
		},
		{
			gateway: nginx, name: "limit_req, its default 503", setup: nginxLimit("1r/m", ""),
			calls: gatewayAll(gatewayPage("503 Service Temporarily Unavailable")),
		},
		{
			gateway: haproxy, name: "stick-table deny 503",
			setup: haproxyLimit("60s", "503"), calls: gatewayAll(gatewayStatus(503)),
		},
		{
			gateway: nginx, name: "limit_req 429, Retry-After 1 in vain", setup: nginxLimit("1r/m", nginx429+"1 always;"),
			calls: gatewayAll(gatewayPage("429 Too Many Requests")),
		},
		{
			gateway: haproxy, name: "stick-table deny 429, Retry-After 1 in vain",
			setup: haproxyLimit("60s", "429 hdr Retry-After 1"),
			calls: gatewayAll(gatewayStatus(429)),
		},
		{
			gateway: nginx, name: "limit_req 429, Retry-After 2 that helps", setup: nginxLimit("30r/m", nginx429+"2 always;"),
			calls: []gatewayExpectation{{gatewayPicture, secondTry}},
		},
		{
			gateway: haproxy, name: "stick-table deny 429, Retry-After 2 that helps",
			setup: haproxyLimit("1s", "429 hdr Retry-After 2"),
			calls: []gatewayExpectation{{gatewayPicture, secondTry}},
		},
		{
			gateway: nginx, name: "limit_req 429, Retry-After 60", setup: nginxLimit("1r/m", nginx429+"60 always;"),
			calls: []gatewayExpectation{{gatewayPicture, gatewayPage("429 Too Many Requests")}},
		},
		{
			gateway: haproxy, name: "stick-table deny 429, Retry-After 60",
			setup: haproxyLimit("60s", "429 hdr Retry-After 60"),
			calls: []gatewayExpectation{{gatewayPicture, gatewayStatus(429)}},
		},
	}
}

func gatewayRedirectCases(elsewhere string) []gatewayCase {
	redirect := func(status int) gatewayWant {
		return gatewayStatus(status).saying("a redirect, which the client does not follow")
	}
	return []gatewayCase{
		{
			gateway: nginx, name: "308 to another host",
			setup: gatewaySetup{Lines: "return 308 " + elsewhere + "$request_uri;"},
			calls: gatewayAllOnce(redirect(308)),
		},
		{
			gateway: haproxy, name: "308 to another host",
			setup: gatewaySetup{Lines: "http-request redirect prefix " + elsewhere + " code 308"},
			calls: gatewayAllOnce(redirect(308)),
		},
		{
			gateway: nginx, name: "301 to another host",
			setup: gatewaySetup{Lines: "return 301 " + elsewhere + "$request_uri;"},
			calls: gatewayAllOnce(redirect(301)),
		},
		{
			gateway: haproxy, name: "301 to another host",
			setup: gatewaySetup{Lines: "http-request redirect prefix " + elsewhere + " code 301"},
			calls: gatewayAllOnce(redirect(301)),
		},
	}
}

// gatewayResendCases are requests that the gateway itself sends to the platform again. The SDK sends them once, and no
// client can prevent it: only the gateway's configuration can. The answer that comes back is that to the second
// delivery, which the platform refuses because it has carried out the first.
func gatewayResendCases() []gatewayCase {
	lost := &sandbox.Fault{After: true, Drop: true, Times: 1}
	cutShort := &sandbox.Fault{
		After: true, Times: 1, Body: `{"request_id":"`,
		Header: http.Header{"Content-Length": {"1000"}, "Content-Type": {"application/json"}},
	}
	twice := gatewayRejected(openplatform.CodeInvalidToken).delivered(2, 1)
	twiceSms := gatewayRejected(openplatform.Code(sandbox.CodeImgCodeGone)).delivered(2, 1)
	badGateway := gatewayPage("502 Bad Gateway").carried()
	const keptUpstream = "keepalive 4;"
	const keptLines = `proxy_http_version 1.1; proxy_set_header Connection "";`
	return []gatewayCase{
		{
			gateway: nginx, name: "two upstreams, the first lost before its response",
			setup: gatewaySetup{servers: 2}, fault: lost,
			calls: []gatewayExpectation{{gatewaySms, badGateway}, {gatewayLogout, twice}},
		},
		{
			gateway: nginx, name: "two upstreams, the first lost, proxy_next_upstream off", fault: lost,
			setup: gatewaySetup{servers: 2, Lines: "proxy_next_upstream off;"}, calls: gatewayMutations(badGateway),
		},
		{
			gateway: nginx, name: "two upstreams, the first lost, proxy_next_upstream error non_idempotent", fault: lost,
			setup: gatewaySetup{servers: 2, Lines: "proxy_next_upstream error non_idempotent;"},
			calls: []gatewayExpectation{{gatewaySms, twiceSms}},
		},
		{
			gateway: nginx, name: "two upstreams, the first lost in mid-response",
			setup: gatewaySetup{servers: 2}, fault: cutShort,
			calls: gatewayMutations(gatewayCutShort),
		},
		{
			gateway: nginx, name: "one upstream, a kept connection lost", fault: lost,
			setup: gatewaySetup{Upstream: keptUpstream, Lines: keptLines, warm: true},
			calls: []gatewayExpectation{{gatewaySms, badGateway}, {gatewayLogout, twice}},
		},
		{
			gateway: nginx, name: "one upstream, a kept connection lost, proxy_next_upstream off", fault: lost,
			setup: gatewaySetup{Upstream: keptUpstream, Lines: keptLines + " proxy_next_upstream off;", warm: true},
			calls: gatewayMutations(badGateway),
		},
		{
			gateway: haproxy, name: "two upstreams, the first lost before its response",
			setup: gatewaySetup{servers: 2}, fault: lost,
			calls: gatewayMutations(gatewayStatus(502).carried()),
		},
		{
			gateway: haproxy, name: "two upstreams, the first lost, retry-on all-retryable-errors", fault: lost,
			setup: gatewaySetup{servers: 2, Lines: "retry-on all-retryable-errors"},
			calls: []gatewayExpectation{{gatewaySms, twiceSms}, {gatewayLogout, twice}},
		},
		{
			gateway: haproxy, name: "two upstreams, the first lost in mid-response",
			setup: gatewaySetup{servers: 2}, fault: cutShort,
			calls: gatewayMutations(gatewayCutShort),
		},
		{
			// It hangs up without an answer, to have the client send the request again. net/http would do so with a GET.
			gateway: haproxy, name: "one upstream, a kept connection lost", fault: lost,
			setup: gatewaySetup{warm: true}, calls: gatewayMutations(gatewayHungUp),
		},
	}
}

func gatewayStopCases(authority *gatewayAuthority) []gatewayCase {
	slow := &sandbox.Fault{After: true, Delay: 5 * time.Second}
	overHTTP2 := gatewaySetup{cert: &gatewayCert{authority: authority}, HTTP2: true, warm: true}
	hungUp := append(gatewayMutations(gatewayHungUp), gatewayExpectation{gatewayPicture, gatewayHungUp.inVain()})
	var cases []gatewayCase
	for _, ending := range []struct {
		name string
		end  func(*gatewayProcess)
	}{{"stopped", (*gatewayProcess).stop}, {"killed", (*gatewayProcess).kill}} {
		for _, kind := range []gatewayKind{nginx, haproxy} {
			cases = append(cases,
				gatewayCase{
					gateway: kind, name: "gateway " + ending.name + " during the call", fault: slow,
					calls: hungUp, during: ending.end,
				},
				gatewayCase{
					gateway: kind, name: "gateway " + ending.name + " during the call, HTTP/2", setup: overHTTP2, fault: slow,
					calls: gatewayMutations(gatewayHungUp), during: ending.end,
				})
		}
	}
	return cases
}

func gatewayTLSCases(authority, stranger *gatewayAuthority) []gatewayCase {
	good := &gatewayCert{authority: authority}
	untrusted := func(target any) []gatewayExpectation {
		return gatewayAllOnce(gatewayNoConnection.saying("the server's certificate is not trusted").unwrappingTo(target))
	}
	plain := gatewayNoConnection.saying("the server speaks http, not https")
	oldTLS := map[string]gatewaySetup{
		nginx.name:   {cert: good, Lines: "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;"},
		haproxy.name: {cert: good, Upstream: "ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers DEFAULT:@SECLEVEL=0"},
	}
	var cases []gatewayCase
	for _, kind := range []gatewayKind{nginx, haproxy} {
		cases = append(cases,
			gatewayCase{
				gateway: kind, name: "certificate for another host",
				setup: gatewaySetup{cert: &gatewayCert{authority: authority, address: "127.0.0.2"}},
				calls: untrusted(new(x509.HostnameError)),
			},
			gatewayCase{
				gateway: kind, name: "certificate expired",
				setup: gatewaySetup{cert: &gatewayCert{authority: authority, expired: true}},
				calls: untrusted(new(x509.CertificateInvalidError)),
			},
			gatewayCase{
				gateway: kind, name: "certificate of an unknown authority",
				setup: gatewaySetup{cert: &gatewayCert{authority: stranger}}, calls: untrusted(new(x509.UnknownAuthorityError)),
			},
			gatewayCase{
				gateway: kind, name: "TLS 1.1 only", setup: oldTLS[kind.name], control: gatewaySpeaksTLS11,
				calls: gatewayAll(gatewayNoConnection),
			},
			gatewayCase{
				gateway: kind, name: "https to a port that speaks http",
				setup: gatewaySetup{scheme: "https"}, calls: gatewayAll(plain),
			})
	}
	noTLS := gatewaySetup{cert: good, scheme: "http"}
	return append(cases,
		gatewayCase{
			gateway: nginx, name: "http to a port that speaks https", setup: noTLS,
			calls: gatewayMutations(gatewayPage("400 The plain HTTP request was sent to HTTPS port")),
		},
		gatewayCase{
			gateway: haproxy, name: "http to a port that speaks https", setup: noTLS,
			calls: gatewayMutations(gatewayHungUp.delivered(0, 0)),
		})
}
