package doctor

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
	"time"
)

// distrust says why a certificate is not to be trusted and what to do, "" if it is.
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
	renewAdvice     = "See that this machine's clock is right; then have those who run the server renew the certificate."
	serveAdvice     = "Have those who run the server give it a certificate that fits, or use the name that it is for."
	authorityAdvice = "If it is the platform's, or that of a proxy of your own: give the authority's certificate with -ca FILE here, and to " +
		"RootCAs of a DefaultTransport, for WithHTTPClient, in your program. If not, somebody else answers."
	chainAdvice = "Have those who run the server send the intermediate certificates too. If it is an authority of the platform's own, " +
		"give its certificate with -ca FILE here, and to RootCAs of a DefaultTransport in your program."
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
		return "the certificate names its host in the old way alone (Common Name), which no program of today reads", serveAdvice
	case errors.As(err, &other):
		return fmt.Sprintf("the certificate is for another host: %s, not %s", namesOf(leaf), host), serveAdvice
	case errors.As(err, &authority) && isOwnIssuer(leaf):
		return "the certificate is self-signed", authorityAdvice
	case errors.As(err, &authority) && len(chain) == 1:
		return fmt.Sprintf("the certificate is signed by %s, which this machine does not know, and no intermediate certificate came with it",
			whoIs(leaf.Issuer)), chainAdvice
	case errors.As(err, &authority):
		return "the certificate is signed by an authority that this machine does not know: " + whoIs(chain[len(chain)-1].Issuer), authorityAdvice
	default:
		return "the certificate is not trusted: " + err.Error(), ""
	}
}

func explainInvalid(err x509.CertificateInvalidError, now time.Time) (wrong, advice string) {
	switch {
	case err.Reason == x509.Expired && now.Before(err.Cert.NotBefore):
		return "the certificate is not valid yet: it begins on " + err.Cert.NotBefore.UTC().Format(time.DateTime), renewAdvice
	case err.Reason == x509.Expired:
		return "the certificate has expired, on " + err.Cert.NotAfter.UTC().Format(time.DateTime), renewAdvice
	case err.Reason == x509.IncompatibleUsage:
		return "the certificate is not one for servers", serveAdvice
	default:
		return "the certificate is not trusted: " + err.Error(), ""
	}
}

// isOwnIssuer reports whether a certificate says that it signed itself.
func isOwnIssuer(c *x509.Certificate) bool { return string(c.RawIssuer) == string(c.RawSubject) }

// namesOf is what hosts a certificate is for.
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

// whoIs is how people call somebody whom a certificate names.
func whoIs(n pkix.Name) string {
	for _, name := range append([]string{n.CommonName}, n.Organization...) {
		if name != "" {
			return name
		}
	}
	return "somebody without a name"
}
