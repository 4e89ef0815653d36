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

const sandboxUsage = `openplatform sandbox runs a fake of the open platform on this machine. The SMS and e-mails that it "sends" are printed
here, and shown on its page; docs/sandbox.md tells how to use it. Ctrl-C ends it.

Each flag can be given as an environment variable too; a flag counts for more.

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
	f.StringVar(&o.addr, "addr", "127.0.0.1:8081", "listen on `HOST:PORT`; port 0 takes a free one; an empty host is every address of this machine")
	f.Var(&o.hosts, "host", "be reached by this `NAME` too, beside localhost and IP addresses; several with commas, or the flag several times")
	f.Var(&o.origins, "origin", "let pages of this `ORIGIN`, such as http://localhost:5173, use it (CORS); several as with -host")
	f.StringVar(&o.label, "label", "", "`NAME` it on its page, to tell it from others")
	f.BoolVar(&o.httpStatus, "http-status", false, "failures come with the HTTP status that their code begins with, not with 200")
	f.BoolVar(&o.oneAccessToken, "one-access-token", false, "a new access token ends the last one of the same client")
	f.StringVar(&o.imgCode, "img-code", "", "the `ANSWER` of every picture, four capital letters and digits, for tests that cannot read it")
	f.StringVar(&o.smsCode, "sms-code", "", "the `CODE` of every SMS, four characters")
	f.StringVar(&o.seed, "seed", "", "JSON `FILE` with the accounts, clients, special_numbers and faults that each space has from the start")
	f.BoolVar(&o.tls, "tls", false, "speak https, with a certificate made at the start, which nobody trusts")
	f.StringVar(&o.tlsCert, "tls-cert", "", "speak https, with the certificate in this PEM `FILE`")
	f.StringVar(&o.tlsKey, "tls-key", "", "the key of -tls-cert, in this PEM `FILE`")
	f.StringVar(&o.wait, "wait", "", "start nothing: wait until the sandbox at this `URL` is ready, for 30 seconds at most")
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
  Whoever does can read every SMS code, take every account and change everything. It keeps passwords in a way that is
  quick to break. It is no place for real phone numbers, passwords or people.

`

const greeting = `openplatform sandbox %s
  page       %[2]s/
  base URL   %[2]s               for an SDK; %[2]s/spaces/NAME is a platform of its own
  API        %[2]s/_sandbox/     api/sandbox.yaml describes it
`

// endTimeout is how long requests under way have to end.
const endTimeout = 3 * time.Second

// serveUntil serves until ctx ends, and then lets requests end. endWaits ends those that wait for something.
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
		_ = server.Close() // what has not ended by now is broken off
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

// isName reports whether a host is neither an IP address nor empty.
func isName(host string) bool {
	_, err := netip.ParseAddr(host)
	return host != "" && err != nil
}

func (o *sandboxOptions) listen() (net.Listener, error) {
	certificate, err := o.certificate()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", o.addr) //nolint:noctx // it does not wait for anything
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the port of %s is taken: end what listens there, or choose another with -addr; port 0 takes a free one", o.addr)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s: choose a port above 1023 with -addr", o.addr)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %q: %w; -addr is HOST:PORT, such as 127.0.0.1:8081", o.addr, err)
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

// url is where this machine reaches the sandbox.
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
