package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// A Failure says why a round trip failed, with a text and a cause that hold no URL: errors of
// net/http quote whole URLs, which may hold tokens.
type Failure struct {
	Reason      string
	Cause       error // nil if it must not be shown
	Dial        bool  // no connection could be made, to the server or to a proxy
	Certificate bool  // the server's certificate is not trusted
}

// Explain returns why a round trip failed with err.
func Explain(err error) Failure {
	f := Failure{Cause: safeCause(err), Dial: isDialError(err), Certificate: isCertificateError(err)}
	switch {
	case f.Dial:
		f.Reason = "could not connect: " + causeText(f.Cause)
	case f.Certificate:
		f.Reason = "the server's certificate is not trusted: " + causeText(f.Cause)
	case errors.Is(err, http.ErrSchemeMismatch):
		f.Reason = "the server speaks http, not https"
	case isTLSError(err):
		f.Reason = "TLS failed"
	case f.Cause == io.EOF: //nolint:errorlint // safeCause returns the sentinel itself
		f.Reason = "the connection was closed before an answer: EOF"
	case f.Cause != nil:
		f.Reason = "the connection failed: " + causeText(f.Cause)
	default:
		f.Reason = "the connection failed"
	}
	return f
}

func causeText(cause error) string {
	if cause == nil {
		return "unknown cause"
	}
	return cause.Error()
}

// isDialError reports whether err means that no connection could be made, to the platform or to a
// proxy.
func isDialError(err error) bool {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return true
	}
	for op := (*net.OpError)(nil); errors.As(err, &op); err = op.Err {
		if op.Op == "dial" {
			return true
		}
	}
	return false
}

func isCertificateError(err error) bool {
	var verification *tls.CertificateVerificationError
	return errors.As(err, &verification) || x509Cause(err) != nil
}

// isTLSError reports whether err is of crypto/tls, whose errors have no type of their
// own for a server that is too old or too new, nor for one that breaks the handshake off.
func isTLSError(err error) bool { return strings.Contains(err.Error(), "tls: ") }

func safeCause(err error) error {
	var (
		dns     *net.DNSError
		errno   syscall.Errno
		timeout net.Error
	)
	switch {
	case errors.As(err, &dns):
		return dns
	case errors.As(err, &errno):
		return errno
	case x509Cause(err) != nil:
		return x509Cause(err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.As(err, &timeout) && timeout.Timeout():
		return os.ErrDeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	default:
		return nil
	}
}

func x509Cause(err error) error {
	var (
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		certificate x509.CertificateInvalidError
		roots       x509.SystemRootsError
	)
	switch {
	case errors.As(err, &authority):
		return authority
	case errors.As(err, &hostname):
		return hostname
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &roots):
		return roots
	default:
		return nil
	}
}
