package otelopenplatform

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"

	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	openplatform "github.com/ebaas/openplatform-go"
)

// The values of error.type for a failure without a code and an HTTP status.
const (
	invalidRequest  = "invalid_request"  // it breaks a rule, and nothing was sent
	invalidResponse = "invalid_response" // it is not an envelope, or has not the documented data
	timedOut        = "timeout"
	notResolved     = "name_not_resolved"
	notTrusted      = "certificate_not_trusted"
	notConnected    = "not_connected"     // nothing was sent, for another reason
	connectionLost  = "connection_failed" // something may have been sent
)

// errorTypeOf returns the error.type of a call or an attempt that ended with err, "" if it did
// not fail. A cancellation by the caller is not a failure.
func errorTypeOf(ctx context.Context, err error) string {
	if err == nil || errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled) {
		return ""
	}
	var (
		rejection *openplatform.APIError
		response  *openplatform.ResponseError
		transport *openplatform.TransportError
		request   *openplatform.ValidationError
	)
	switch {
	case errors.As(err, &rejection):
		return codeType(rejection)
	case errors.As(err, &response) && response.HTTPStatus >= http.StatusBadRequest:
		return strconv.Itoa(response.HTTPStatus)
	case response != nil:
		return invalidResponse
	case errors.As(err, &transport):
		return transportType(transport)
	case errors.As(err, &request):
		return invalidRequest
	default:
		return semconv.ErrorTypeOther.Value.AsString()
	}
}

func transportType(err *openplatform.TransportError) string {
	switch {
	case err.Timeout():
		return timedOut
	case errors.As(err, new(*net.DNSError)):
		return notResolved
	case isCertificate(err):
		return notTrusted
	case err.NotSent:
		return notConnected
	default:
		return connectionLost
	}
}

func isCertificate(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(x509.CertificateInvalidError)) || errors.As(err, new(x509.SystemRootsError))
}

// codeType returns a documented code as it is. Undocumented codes are unlimited, so they share the
// response's HTTP status, or a value for each class.
func codeType(err *openplatform.APIError) string {
	if slices.Contains(documented, err.Code) {
		return string(err.Code)
	}
	if err.HTTPStatus >= http.StatusBadRequest {
		return strconv.Itoa(err.HTTPStatus)
	}
	class := codeClass(err.Code)
	if slices.Contains(classes, class) {
		return class + "xxx"
	}
	return class
}

var (
	documented = openplatform.Codes()
	classes    = []string{"400", "401", "403", "404", "429"}
)

// codeClass returns the class of a code, as package openplatform has sentinels for it; "4xx"
// for the other classes that are rejections; "other" for a code of no class, and "" for no code.
func codeClass(code openplatform.Code) string {
	if code == "" || code == openplatform.CodeOK {
		return string(code)
	}
	_, err := strconv.ParseUint(string(code), 10, 64)
	if err != nil || len(code) < len("400") {
		return "other"
	}
	switch class := string(code[:len("400")]); {
	case slices.Contains(classes, class):
		return class
	case class[0] == '4', class[0] == '5':
		return class[:1] + "xx"
	default:
		return "other"
	}
}
