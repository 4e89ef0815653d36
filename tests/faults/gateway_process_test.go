package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"github.com/stretchr/testify/require"
)

// A gatewayKind is a program that stands between the SDK and the platform.
type gatewayKind struct {
	name     string
	template string
	args     []string // the path of its configuration follows
	// ready is a file that holds this text once the gateway has its port.
	ready, holds string
}

var (
	nginx = gatewayKind{
		name: "nginx", template: "nginx.conf", args: []string{"-c"}, ready: "nginx.pid", holds: "\n",
	}
	haproxy = gatewayKind{
		name: "haproxy", template: "haproxy.cfg", args: []string{"-W", "-db", "-f"}, ready: "log", holds: "Loading success.",
	}
)

// program finds the gateway's executable, which Debian puts where only root looks by default.
func (k gatewayKind) program(t testing.TB) string {
	t.Helper()
	for _, name := range []string{k.name, "/usr/sbin/" + k.name} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.FailNow(t, k.name+" is not installed, and this test is about the real one: apt-get install nginx-light haproxy")
	return ""
}

// A gatewaySetup is what a case adds to a gateway's configuration, and how the gateway is spoken to.
type gatewaySetup struct {
	Global   string // in nginx's main section, in haproxy's global
	Shared   string // in nginx's http, in haproxy's defaults
	Lines    string // in nginx's server, in haproxy's listen
	Upstream string // in nginx's upstream; after haproxy's bind
	HTTP2    bool

	cert    *gatewayCert // nil for plain http
	scheme  string       // what the client speaks, if that is not what the gateway expects
	nobody  bool         // nobody listens where the gateway expects the platform
	servers int          // how often the platform stands in the gateway's list, 0 for once
	warm    bool         // another request goes over the same connection before
}

// A gatewayProcess is a gateway that runs, in the foreground, for the length of a test.
type gatewayProcess struct {
	addr   string
	dir    string
	cmd    *exec.Cmd
	exited chan struct{}
}

func startGateway(t testing.TB, kind gatewayKind, setup gatewaySetup, servers []string) *gatewayProcess {
	t.Helper()
	program := kind.program(t)
	const tries = 5 // somebody else may take the port between the look at it and its use
	for range tries {
		p := &gatewayProcess{addr: freePort(t), dir: t.TempDir(), exited: make(chan struct{})}
		config := p.configure(t, kind, setup, servers)
		p.cmd = exec.Command(program, append(kind.args, config)...) //nolint:gosec // the gateway that was looked for
		p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}     // its workers are to be killed with it
		p.start(t)
		if p.listens(kind) {
			return p
		}
	}
	require.FailNow(t, kind.name+" does not start")
	return nil
}

func (p *gatewayProcess) configure(t testing.TB, kind gatewayKind, setup gatewaySetup, servers []string) (path string) {
	t.Helper()
	certificate := ""
	if setup.cert != nil {
		certificate = filepath.Join(p.dir, "gateway.pem")
		require.NoError(t, os.WriteFile(certificate, setup.cert.issue(t), 0o600))
	}
	path = filepath.Join(p.dir, kind.template)
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close() //nolint:errcheck // a file that was not written is one the gateway will not start with
	err = template.Must(template.ParseFiles("testdata/"+kind.template)).Execute(file, struct {
		gatewaySetup
		Addr, Dir, Certificate string
		Servers                []string
	}{setup, p.addr, p.dir, certificate, servers})
	require.NoError(t, err)
	return path
}

func (p *gatewayProcess) start(t testing.TB) {
	t.Helper()
	log, err := os.Create(filepath.Join(p.dir, "log"))
	require.NoError(t, err)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // how it ended is in its log
		_ = log.Close()
	}()
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("log of %s:\n%s", p.cmd.Path, text)
		}
	})
}

// listens waits for the gateway to say that it has the port, which is more than that somebody accepts connections.
func (p *gatewayProcess) listens(kind gatewayKind) bool {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.exited:
			return false
		default:
		}
		text, err := os.ReadFile(filepath.Join(p.dir, kind.ready))
		if err != nil || !strings.Contains(string(text), kind.holds) {
			continue
		}
		if conn, err := net.Dial("tcp", p.addr); err == nil {
			_ = conn.Close()
			return true
		}
	}
	return false
}

// reload has new workers take over from the old ones, which end the calls they have.
func (p *gatewayProcess) reload() {
	if filepath.Base(p.cmd.Path) == nginx.name {
		_ = p.cmd.Process.Signal(syscall.SIGHUP)
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGUSR2)
}

// stop ends the gateway at once, with the calls it has, but in order: it closes its connections.
func (p *gatewayProcess) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		p.kill()
	}
}

// kill ends the gateway and its workers as a crash does.
func (p *gatewayProcess) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
}

// A gatewayAuthority signs certificates.
type gatewayAuthority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newGatewayAuthority(t testing.TB) *gatewayAuthority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "authority of the test"},
		NotBefore:    time.Now().Add(-48 * time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IsCA:         true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &gatewayAuthority{certificate: certificate, key: key}
}

func (a *gatewayAuthority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// A gatewayCert is a certificate to be issued. The zero value of its fields is a good one.
type gatewayCert struct {
	authority *gatewayAuthority
	address   string // the IP address that it is for, 127.0.0.1 by default
	expired   bool
}

// issue returns the certificate and its key in one file, as haproxy wants them and nginx takes them.
func (c gatewayCert) issue(t testing.TB) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		NotBefore:    c.authority.certificate.NotBefore,
		NotAfter:     c.authority.certificate.NotAfter,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if c.address != "" {
		template.IPAddresses = []net.IP{net.ParseIP(c.address)}
	}
	if c.expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	certificate, err := x509.CreateCertificate(rand.Reader, template, c.authority.certificate, &key.PublicKey, c.authority.key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})...,
	)
}
