package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/delivery"
)

const reachAdvice = "The platform may be reachable only from its own network. Ask the operators of this machine's network how to reach it: " +
	"a name server, a VPN, a proxy in HTTPS_PROXY, an open port."

func (x *examination) nameResolution(ctx context.Context) finding {
	host, _, whose := x.target()
	if isAddress(host) {
		return ok(fmt.Sprintf("%s host is an address: %s", whose, host))
	}
	lookup := x.Network.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	found, err := lookup(ctx, host)
	if err != nil {
		x.block()
		var dns *net.DNSError
		why := x.reason(ctx, err)
		if errors.As(err, &dns) {
			why = dns.Err // without the name server's address
		}
		return bad(fmt.Sprintf("%s name %s does not resolve: %s", whose, host, why), reachAdvice)
	}
	var all []string
	for _, address := range found {
		all = append(all, address.Unmap().String())
	}
	return ok(fmt.Sprintf("%s name %s is %s", whose, host, strings.Join(all, ", ")))
}

func (x *examination) tcp(ctx context.Context) finding {
	host, port, whose := x.target()
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	conn, err := x.dial(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return bad(fmt.Sprintf("no connection to %s port %s: %s", whose, port, x.reason(ctx, err)), reachAdvice)
	}
	_ = conn.Close()
	return ok(whose + " port " + port + " accepts connections")
}

func (x *examination) proxy(ctx context.Context) finding {
	if x.proxyURL == nil {
		return ok("none in effect (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)")
	}
	found := fmt.Sprintf("%s://%s is in effect", x.proxyURL.Scheme, x.proxyURL.Host)
	if x.proxyURL.User != nil {
		found += ", with a login"
	}
	switch status := x.proxyStatus(ctx); {
	case status == http.StatusProxyAuthRequired:
		x.block()
		return bad(found+", and it refuses the login (HTTP 407)", "Put user and password into the proxy's URL in HTTPS_PROXY, or exclude this host with NO_PROXY.")
	case status != 0 && status != http.StatusOK:
		x.block()
		return bad(fmt.Sprintf("%s, and it refuses (HTTP %d)", found, status), "Ask the operators of the proxy to allow this host, or exclude it with NO_PROXY.")
	default:
		return ok(found)
	}
}

// proxyStatus returns the HTTP status of the proxy's refusal, 0 if it does not refuse.
func (x *examination) proxyStatus(ctx context.Context) int {
	if x.base.Scheme == "https" {
		_, _ = x.look(ctx, 0, 0)
		return int(x.proxySaid.Load())
	}
	if a := x.answer(ctx, askPicture); a.failed == "" && a.status == http.StatusProxyAuthRequired {
		return a.status
	}
	return 0
}

// look makes a TLS handshake with a version between lowest and highest; 0 is the SDK's limit. It sends no request.
func (x *examination) look(ctx context.Context, lowest, highest uint16) (*tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	seen := make(chan tls.ConnectionState, 1) // net/http may still dial after the request has ended
	t := x.newTransport()
	defer t.CloseIdleConnections()
	t.TLSClientConfig = &tls.Config{
		MinVersion: cmp.Or(lowest, tls.VersionTLS12), MaxVersion: highest,
		InsecureSkipVerify: true, //nolint:gosec // the certificate is checked afterwards, and the handshake is aborted
		VerifyConnection: func(state tls.ConnectionState) error {
			seen <- state
			return errors.New("seen enough")
		},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.base.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := t.RoundTrip(req)
	if err == nil { // VerifyConnection prevents it
		_ = resp.Body.Close()
	}
	select {
	case state := <-seen:
		return &state, nil
	default:
		return nil, fmt.Errorf("%w", errNoHandshake{x.reason(ctx, err), delivery.Explain(err).Dial})
	}
}

// errNoHandshake says why there was no handshake.
type errNoHandshake struct {
	why  string
	dial bool // there was no connection
}

func (e errNoHandshake) Error() string { return e.why }

func (x *examination) https(ctx context.Context) finding {
	if x.base.Scheme == "http" {
		return x.plainly()
	}
	state, err := x.look(ctx, 0, 0)
	if err != nil {
		return x.noHTTPS(ctx, err)
	}
	x.peer, x.chain = state.PeerCertificates[0], len(state.PeerCertificates)
	x.names = append(x.names, x.peer.DNSNames...)
	if wrong, advice := distrust(state.PeerCertificates, x.Roots, x.base.Hostname(), time.Now()); wrong != "" {
		x.block()
		return refuted(x.foreign(wrong)).advise(advice)
	}
	return holds(tls.VersionName(state.Version) + ", with a trusted certificate")
}

// plainly is the https check for a base URL with http.
func (x *examination) plainly() finding {
	f := unclear("the base URL is http, so TLS was not checked")
	if ip, err := netip.ParseAddr(x.base.Hostname()); err == nil && ip.IsLoopback() {
		return f
	}
	return f.advise("Passwords are sent unencrypted: use plain http for loopback only.")
}

const (
	plainAdvice = "If there is no other way, pass the http:// address to WithBaseURL; passwords are then sent unencrypted."
	oldAdvice   = "The SDK needs TLS 1.2 or later. Ask the operators of the server to enable it."
)

// noHTTPS finds out why no handshake succeeds.
func (x *examination) noHTTPS(ctx context.Context, err error) finding {
	x.block()
	if port, a := x.overHTTP(ctx); a != nil {
		return refuted(fmt.Sprintf("port %s speaks plain http: its response is %s", port, a)).advise(plainAdvice)
	}
	if old := x.versions(ctx, tls.VersionTLS10, tls.VersionTLS11); len(old) > 0 {
		return refuted("nothing newer than " + old[len(old)-1] + ": " + err.Error()).advise(oldAdvice)
	}
	var e errNoHandshake
	if errors.As(err, &e) && e.dial || x.proxyURL != nil {
		return unclear(err.Error())
	}
	return refuted("no TLS handshake succeeds: " + err.Error()).advise(oldAdvice)
}

// overHTTP sends a request over plain http, to the same port or to port 80. It returns nil if there is no envelope: a page
// saying that the port is for https does not count.
func (x *examination) overHTTP(ctx context.Context) (port string, a *answer) {
	ports := []string{portOf(x.base)}
	if x.base.Port() == "" {
		ports = append(ports, "80")
	}
	for _, port := range ports {
		address := *x.base
		address.Scheme, address.Host = "http", net.JoinHostPort(x.base.Hostname(), port)
		a := x.sendTo(ctx, address.String(), askPicture)
		if a.envelope != nil {
			return port, a
		}
	}
	return "", nil
}

func (x *examination) certificate(_ context.Context) finding {
	if x.peer == nil {
		return skipped("there is none")
	}
	left := time.Until(x.peer.NotAfter)
	found := fmt.Sprintf("for %s, issued by %s, in a chain of %d, until %s (%d days)", x.foreign(namesOf(x.peer)), x.foreign(whoIs(x.peer.Issuer)),
		x.chain, x.peer.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24))
	if left < 14*24*time.Hour {
		return bad(found, "Tell the operators of the server: after this date all calls fail.")
	}
	return ok(found)
}

func (x *examination) tlsVersions(ctx context.Context) finding {
	if x.peer == nil {
		return skipped("there is no TLS")
	}
	return ok("it speaks " + strings.Join(x.versions(ctx, tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13), ", "))
}

// versions returns the names of the TLS versions that the server supports.
func (x *examination) versions(ctx context.Context, all ...uint16) (spoken []string) {
	for _, version := range all {
		if _, err := x.look(ctx, version, version); err == nil {
			spoken = append(spoken, tls.VersionName(version))
		}
	}
	return spoken
}

const (
	silentAdvice = "The server does not respond. Ask the operators of the platform, and of devices in between, " +
		"and give them the time of this run."
	certificateAdvice = "Add your certificate to TLSClientConfig.Certificates of a DefaultTransport, and pass that to WithHTTPClient."
)

// firstAnswer checks whether there is a response. Without one, no other check is possible.
func (x *examination) firstAnswer(ctx context.Context) finding {
	a := x.answer(ctx, askPicture)
	found := "GetImgCode: " + a.String()
	switch {
	case a.failed != "":
		x.block()
		if x.askedBack.Load() {
			return bad(found+"; the server asked for a client certificate", certificateAdvice)
		}
		return bad(found, silentAdvice)
	case a.isBusy():
		if a.envelope == nil && a.status != http.StatusInternalServerError { // from a gateway, like all responses now
			x.block()
		}
		return bad(found, "The platform, or a gateway before it, has a failure or is overloaded. Try again later. If it continues, send this report to the platform's support.")
	case a.envelope == nil && !a.isRedirect():
		return bad(found, "The response is not from the platform's API. Check the address and the proxy.")
	default:
		return ok(found)
	}
}

func (x *examination) protocol(ctx context.Context) finding {
	return ok(x.answer(ctx, askPicture).protocol + serverIn(x.answer(ctx, askPicture).header))
}

// serverIn returns the server program in a header if it is well known: other texts may be names of machines.
func serverIn(h http.Header) string {
	product, _, _ := strings.Cut(strings.ToLower(h.Get("Server")), "/")
	for _, known := range []string{"nginx", "openresty", "tengine", "apache", "apache-coyote", "haproxy", "envoy", "istio-envoy", "kong", "jetty", "cloudflare"} {
		if product == known {
			return ", from " + known
		}
	}
	return ""
}

func (x *examination) noRedirects(ctx context.Context) finding {
	for _, p := range []probe{askPicture, askToken, askTicket} {
		if a := x.answer(ctx, p); a.isRedirect() {
			return refuted(fmt.Sprintf("HTTP %d leads %s", a.status, x.whereTo(a.header.Get("Location"))))
		}
	}
	return holds("three operations respond without a redirect")
}

// whereTo says where a redirect leads.
func (x *examination) whereTo(location string) string {
	to, err := x.base.Parse(location)
	switch {
	case err != nil || location == "":
		return "nowhere"
	case to.Host != x.base.Host:
		x.names = append(x.names, to.Hostname())
		return x.foreign("to another host, over " + to.Scheme + ": " + to.Host)
	case to.Scheme != x.base.Scheme:
		return "to the same host, over " + to.Scheme
	default:
		return x.foreign("to another path of the same host: " + to.Path)
	}
}

func (x *examination) clock(ctx context.Context) finding {
	a := x.answer(ctx, askPicture)
	date, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		return unclear("the response has no Date")
	}
	// A Date is truncated to the second.
	ahead := date.Add(time.Second / 2).Sub(a.sent.Add(a.took / 2)).Round(time.Second)
	switch {
	case ahead > time.Minute:
		return refuted(fmt.Sprintf("its clock is %v ahead of this machine's", ahead))
	case ahead < -time.Minute:
		return refuted(fmt.Sprintf("its clock is %v behind this machine's", -ahead))
	default:
		return holds(fmt.Sprintf("they differ by %v at most", ahead.Abs()+time.Second))
	}
}

// ownIdleTimeout is the idle timeout of the SDK's transport.
var ownIdleTimeout = openplatform.DefaultTransport().IdleConnTimeout

func (x *examination) keepAlive(ctx context.Context) finding {
	first, second := x.answer(ctx, askPicture), x.send(ctx, askToken)
	switch {
	case second.failed != "":
		return unclear(second.String())
	case !second.reused && (first.envelope == nil || second.envelope == nil):
		return unclear("a connection may be closed after an error page: " + second.String())
	case !second.reused:
		return refuted("a second request needed a new connection")
	case x.Slow == 0 || x.last == nil:
		return holds("a second request used the first one's connection; -slow measures how long an idle one stays open")
	}
	begin := time.Now()
	select {
	case <-x.last.ended:
		lived := time.Since(begin).Round(100 * time.Millisecond)
		if lived < ownIdleTimeout {
			return refuted(fmt.Sprintf("an idle connection was closed after %v; the SDK keeps one for %v", lived, ownIdleTimeout))
		}
		return holds(fmt.Sprintf("an idle connection was closed after %v", lived))
	case <-time.After(x.Slow):
		return holds(fmt.Sprintf("an idle connection was still open after %v", x.Slow))
	case <-ctx.Done():
		return unclear("interrupted")
	}
}

func (x *examination) compression(ctx context.Context) finding {
	a := x.answer(ctx, askGzip)
	if a.failed != "" {
		return bad(a.String(), "There is no response to a request that allows compression: check what a gateway does with Accept-Encoding: gzip.")
	}
	return ok("after a request for gzip, the response is " + cmp.Or(x.foreign(a.header.Get("Content-Encoding")), "not compressed"))
}
