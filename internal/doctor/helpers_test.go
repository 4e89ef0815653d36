package doctor_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/doctor"
	"github.com/ebaas/openplatform-go/sandbox"
)

// An authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string, by *authority) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-1000 * time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a := &authority{template, key}
	if by == nil {
		by = a
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, &key.PublicKey, by.key)
	require.NoError(t, err)
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue makes a certificate for 127.0.0.1 and platform.test, changed by change, followed by others.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate), followers ...*authority) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "the platform"},
		NotBefore: time.Now().Add(-500 * time.Hour), NotAfter: time.Now().Add(500 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"platform.test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	signer, signerKey := template, key
	if a != nil {
		signer, signerKey = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	require.NoError(t, err)
	chain := [][]byte{der}
	for _, f := range followers {
		chain = append(chain, f.certificate.Raw)
	}
	return tls.Certificate{Certificate: chain, PrivateKey: key}
}

// A platform is a server, and what the doctor has to be told of it.
type platform struct {
	server  *httptest.Server
	sandbox *sandbox.Sandbox
	options doctor.Options
}

// startPlatform starts a sandbox behind wrap and changes its server, all of which may be nil.
func startPlatform(t *testing.T, wrap func(http.Handler) http.Handler, change func(*httptest.Server), opts ...sandbox.Option) *platform {
	t.Helper()
	sb := sandbox.New(opts...)
	t.Cleanup(sb.Close)
	handler := http.Handler(sb)
	if wrap != nil {
		handler = wrap(sb)
	}
	trusted := newAuthority(t, "an authority that is trusted", nil)
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are broken off are what this is about
	server.TLS = &tls.Config{Certificates: []tls.Certificate{trusted.issue(t, nil)}, MinVersion: tls.VersionTLS12}
	if change != nil {
		change(server)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return &platform{server, sb, doctor.Options{
		Environment: openplatform.Test, BaseURL: server.URL, Roots: trusted.pool(), Timeout: 5 * time.Second,
	}}
}

// everything has the doctor do all that it can.
func (p *platform) everything(t *testing.T) doctor.Options {
	t.Helper()
	o := p.options
	o.Tries, o.SSO, o.Limits, o.Slow = true, true, true, 50*time.Millisecond
	o.ClientID, o.ClientSecret = sandbox.DemoClientID, sandbox.DemoClientSecret
	return o
}

func examine(t *testing.T, o doctor.Options) *doctor.Result {
	t.Helper()
	result, err := doctor.Run(t.Context(), o)
	require.NoError(t, err)
	return result
}

// names returns the checks that came to a status.
func names(r *doctor.Result, status doctor.Status) []string {
	found := []string{}
	for _, line := range r.Lines {
		if line.Status == status {
			found = append(found, line.Check)
		}
	}
	return found
}

func line(t *testing.T, r *doctor.Result, check string) doctor.Line {
	t.Helper()
	for _, line := range r.Lines {
		if line.Check == check {
			return line
		}
	}
	require.FailNow(t, "no check is called "+check)
	return doctor.Line{}
}

// text is all that a result says.
func text(r *doctor.Result) string {
	var out strings.Builder
	_ = r.WriteReport(&out, true) // a Builder takes all
	return out.String()
}
