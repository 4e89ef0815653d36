package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

func (o *sandboxOptions) speaksTLS() bool { return o.tls || o.tlsCert != "" }

// certificate returns the certificate for TLS, or nil.
func (o *sandboxOptions) certificate() (*tls.Certificate, error) {
	switch {
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return nil, errors.New("-tls-cert needs -tls-key, and -tls-key needs -tls-cert; or use -tls for a self-signed certificate")
	case o.tlsCert != "":
		given, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
		if err != nil {
			return nil, fmt.Errorf("the certificate in %s with the key in %s: %w", o.tlsCert, o.tlsKey, err)
		}
		return &given, nil
	case o.tls:
		return makeCertificate(o.hosts)
	default:
		return nil, nil
	}
}

// makeCertificate returns a self-signed certificate for loopback and these names, valid for a year.
func makeCertificate(hosts []string) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "openplatform sandbox"},
		NotBefore:    time.Now().Add(-time.Hour), // machines' clocks differ
		NotAfter:     time.Now().AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IsCA:         true, BasicConstraintsValid: true,
		DNSNames:    append([]string{"localhost"}, hosts...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}, nil
}
