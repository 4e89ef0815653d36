package doctor

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"
)

// distrust says why a certificate is not trusted and what to do, "" if it is trusted.
func distrust(chain []*x509.Certificate, roots *x509.CertPool, host string, now time.Time) (wrong, advice string) {
	leaf, intermediates := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: intermediates, CurrentTime: now})
	if err == nil {
		return "", ""
	}
	return explainDistrust(err, chain, host, now)
}

const (
	renewAdvice     = "Check this machine's clock. If it is right, ask the operators of the server to renew the certificate."
	serveAdvice     = "Ask the operators of the server for a certificate for this host, or use the name in the certificate."
	authorityAdvice = "If it belongs to the platform or to your own proxy: pass the authority's certificate with -ca FILE here, and in " +
		"RootCAs of a DefaultTransport, for WithHTTPClient, in your program. If not, this is not the platform."
	chainAdvice = "Ask the operators of the server to send the intermediate certificates too. If the platform has its own authority, " +
		"pass its certificate with -ca FILE here, and in RootCAs of a DefaultTransport in your program."
)

func explainDistrust(err error, chain []*x509.Certificate, host string, now time.Time) (wrong, advice string) {
	var (
		invalid   x509.CertificateInvalidError
		other     x509.HostnameError
		authority x509.UnknownAuthorityError
	)
	switch leaf := chain[0]; {
	case errors.As(err, &invalid):
		return explainInvalid(invalid, now)
	case errors.As(err, &other) && len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		return "the certificate names its host only as Common Name, which current programs ignore", serveAdvice
	case errors.As(err, &other):
		return fmt.Sprintf("the certificate is for another host: %s, not %s", namesOf(leaf), host), serveAdvice
	case errors.As(err, &authority) && isOwnIssuer(leaf):
		return "the certificate is self-signed", authorityAdvice
	case errors.As(err, &authority) && len(chain) == 1:
		return fmt.Sprintf("the certificate is signed by %s, which this machine does not know, and the server sent no intermediate certificate",
			whoIs(leaf.Issuer)), chainAdvice
	case errors.As(err, &authority):
		return "the certificate is signed by an unknown authority: " + whoIs(chain[len(chain)-1].Issuer), authorityAdvice
	default:
		return "the certificate is not trusted: " + err.Error(), ""
	}
}

func explainInvalid(err x509.CertificateInvalidError, now time.Time) (wrong, advice string) {
	switch {
	case err.Reason == x509.Expired && now.Before(err.Cert.NotBefore):
		return "the certificate is not valid before " + err.Cert.NotBefore.UTC().Format(time.DateTime), renewAdvice
	case err.Reason == x509.Expired:
		return "the certificate has expired, on " + err.Cert.NotAfter.UTC().Format(time.DateTime), renewAdvice
	case err.Reason == x509.IncompatibleUsage:
		return "the certificate is not for servers", serveAdvice
	default:
		return "the certificate is not trusted: " + err.Error(), ""
	}
}

// isOwnIssuer reports whether a certificate names itself as its issuer.
func isOwnIssuer(c *x509.Certificate) bool { return string(c.RawIssuer) == string(c.RawSubject) }

// namesOf returns the hosts of a certificate.
func namesOf(c *x509.Certificate) string {
	const enough = 3
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > enough {
		names = append(names[:enough], fmt.Sprintf("%d more", len(names)-enough))
	}
	if len(names) == 0 {
		return "no host"
	}
	return strings.Join(names, ", ")
}

// whoIs returns a readable name of an issuer.
func whoIs(n pkix.Name) string {
	for _, name := range append([]string{n.CommonName}, n.Organization...) {
		if name != "" {
			return name
		}
	}
	return "an authority without a name"
}
