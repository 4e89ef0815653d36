package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

const sandboxUsage = `openplatform sandbox runs a local server that behaves like the open platform. Its SMS and e-mails are printed here and
shown on its page; nothing is really sent. See docs/sandbox.md. Ctrl-C ends it.

Each flag can also be an environment variable; a flag has priority.

`

// sandboxOptions are the flags of openplatform sandbox.
type sandboxOptions struct {
	addr             string
	hosts, origins   names
	label            string
	httpStatus       bool
	oneAccessToken   bool
	imgCode, smsCode string
	seed             string
	tls              bool
	tlsCert, tlsKey  string
	wait             string
}

func (o *sandboxOptions) flags() flags {
	f := newFlags("openplatform sandbox", "OPENPLATFORM_SANDBOX_")
	f.StringVar(&o.addr, "addr", "127.0.0.1:8081", "listen on `HOST:PORT`; port 0 means any free port; an empty host means all addresses of this machine")
	f.Var(&o.hosts, "host", "also accept this host `NAME`, in addition to localhost and IP addresses; separate several with commas, or repeat the flag")
	f.Var(&o.origins, "origin", "allow pages of this `ORIGIN`, such as http://localhost:5173 (CORS); several as for -host")
	f.StringVar(&o.label, "label", "", "`NAME` to show on its page")
	f.BoolVar(&o.httpStatus, "http-status", false, "failures have the HTTP status of their code, not 200")
	f.BoolVar(&o.oneAccessToken, "one-access-token", false, "a new access token makes the client's last one invalid")
	f.StringVar(&o.imgCode, "img-code", "", "the `CODE` of every picture, four capital letters and digits, for tests")
	f.StringVar(&o.smsCode, "sms-code", "", "the `CODE` of every SMS, four characters")
	f.StringVar(&o.seed, "seed", "", "JSON `FILE` with the accounts, clients, special_numbers and faults of each new space")
	f.BoolVar(&o.tls, "tls", false, "use https with a new self-signed certificate")
	f.StringVar(&o.tlsCert, "tls-cert", "", "use https with the certificate in this PEM `FILE`")
	f.StringVar(&o.tlsKey, "tls-key", "", "the key of -tls-cert, in this PEM `FILE`")
	f.StringVar(&o.wait, "wait", "", "do not start: wait until the sandbox at this `URL` is ready, at most 30 seconds")
	return f
}

func runSandbox(ctx context.Context, env environment, args []string) (exit int) {
	var o sandboxOptions
	f := o.flags()
	err := f.parse(args, env.getenv)
	switch {
	case errors.Is(err, flag.ErrHelp):
		printf(env.stdout, sandboxUsage)
		f.printFlags(env.stdout)
		return exitOK
	case err != nil:
		printf(env.stderr, "openplatform sandbox: %v\n", err)
		return exitUsage
	case o.wait != "":
		err = waitUntilReady(ctx, o.wait)
	default:
		err = serveSandbox(ctx, env, o)
	}
	if err != nil {
		printf(env.stderr, "openplatform sandbox: %v\n", err)
		return exitError
	}
	return exitOK
}

// serveSandbox serves until ctx ends.
func serveSandbox(ctx context.Context, env environment, o sandboxOptions) error {
	p := newPrinter(env.stdout)
	config, err := o.config()
	if err != nil {
		return err
	}
	config.OnSpace = p.follow
	handler, err := control.New(config)
	if err != nil {
		return err
	}
	defer p.wait()
	defer handler.Close()
	listener, err := o.listen()
	if err != nil {
		return err
	}
	if !isLoopback(listener.Addr()) {
		printf(env.stderr, warning, listener.Addr())
	}
	printf(env.stdout, greeting, openplatform.Version, o.url(listener.Addr()))
	return serveUntil(ctx, control.NewServer(handler), listener, handler.Close)
}

const warning = `
  WARNING: this sandbox listens on %v, where other computers may reach it.
  Everyone who can connect can read every SMS code, use every account and change everything. Its password hashes are
  easy to break. Do not use real phone numbers or passwords.

`

const greeting = `openplatform sandbox %s
  page       %[2]s/
  base URL   %[2]s               for an SDK; %[2]s/spaces/NAME is a separate platform
  API        %[2]s/_sandbox/     api/sandbox.yaml describes it
`

// endTimeout is the time limit for running requests at the end.
const endTimeout = 3 * time.Second

// serveUntil serves until ctx ends, and then waits for running requests. endWaits ends those that wait.
func serveUntil(ctx context.Context, server *http.Server, listener net.Listener, endWaits func()) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	endWaits()
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if server.Shutdown(within) != nil {
		_ = server.Close() // abort the remaining requests
	}
	return nil
}

func (o *sandboxOptions) config() (control.Config, error) {
	c := control.Config{
		Label: o.label, Hosts: o.hosts, Origins: o.origins,
		HTTPStatus: o.httpStatus, OneAccessToken: o.oneAccessToken, ImgCode: o.imgCode, SmsCode: o.smsCode,
	}
	if host, _, err := net.SplitHostPort(o.addr); err == nil && isName(host) {
		c.Hosts = append(c.Hosts, host)
	}
	if o.seed == "" {
		return c, nil
	}
	data, err := os.ReadFile(o.seed)
	if err != nil {
		return c, fmt.Errorf("the seed file cannot be read: %w", err)
	}
	if c.Seed, err = control.ParseSeed(data); err != nil {
		return c, fmt.Errorf("the seed file %s: %w", o.seed, err)
	}
	return c, nil
}

// isName reports whether a host is a name: not an IP address and not empty.
func isName(host string) bool {
	_, err := netip.ParseAddr(host)
	return host != "" && err != nil
}

func (o *sandboxOptions) listen() (net.Listener, error) {
	certificate, err := o.certificate()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.addr) //nolint:noctx // it does not block
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the port of %s is in use: stop the program there, or choose another port with -addr; port 0 means any free port", o.addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with -addr", o.addr)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %q: %w; -addr must be HOST:PORT, such as 127.0.0.1:8081", o.addr, err)
	case certificate == nil:
		return listener, nil
	default:
		return tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		}), nil
	}
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// url returns the sandbox's address for this machine.
func (o *sandboxOptions) url(addr net.Addr) string {
	scheme := "http"
	if o.speaksTLS() {
		scheme = "https"
	}
	host, port, _ := net.SplitHostPort(o.addr)
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	if tcp, ok := addr.(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
