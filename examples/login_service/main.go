// Command login_service is a login backend to copy: registration, activation, login by password or
// SMS, password reset, and an account page. See docs/login-service.md.
//
//	go run ./examples/login_service
//
// starts it with its own sandbox; nothing leaves this computer. With OPENPLATFORM_ENV it uses a
// real platform.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/sandbox"
	"github.com/ebaas/openplatform-go/sandbox/control"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "login_service:", err)
		os.Exit(1)
	}
}

// A config holds the environment variables.
type config struct {
	addr                   string        // LOGIN_ADDR
	https                  bool          // LOGIN_HTTPS: people use https, through a proxy
	ipHeader               string        // LOGIN_IP_HEADER: the proxy's header with a person's address, such as X-Real-IP
	perMinute              int           // LOGIN_PER_MINUTE: requests per address
	cache                  time.Duration // LOGIN_CACHE: how long a session is cached
	smsEvery               time.Duration // LOGIN_SMS_EVERY: the minimum time between two SMS to a phone
	clientID, clientSecret string        // OPENPLATFORM_CLIENT_ID, OPENPLATFORM_CLIENT_SECRET
}

func setting(name, otherwise string) string { return cmp.Or(os.Getenv(name), otherwise) }

func readConfig() (config, error) {
	https, err1 := strconv.ParseBool(setting("LOGIN_HTTPS", "false"))
	perMinute, err2 := strconv.Atoi(setting("LOGIN_PER_MINUTE", "120"))
	cache, err3 := time.ParseDuration(setting("LOGIN_CACHE", "30s"))
	smsEvery, err4 := time.ParseDuration(setting("LOGIN_SMS_EVERY", "1m"))
	return config{
		addr: setting("LOGIN_ADDR", "127.0.0.1:8080"), https: https, ipHeader: os.Getenv("LOGIN_IP_HEADER"), perMinute: max(1, perMinute),
		cache: cache, smsEvery: smsEvery,
		clientID: os.Getenv("OPENPLATFORM_CLIENT_ID"), clientSecret: os.Getenv("OPENPLATFORM_CLIENT_SECRET"),
	}, errors.Join(err1, err2, err3, err4)
}

// run serves until ctx ends.
func run(ctx context.Context, stdout io.Writer, log *slog.Logger) error {
	c, err := readConfig()
	if err != nil {
		return err
	}
	client, stop, err := connect(ctx, &c, stdout, openplatform.WithLogger(log))
	if err != nil {
		return err
	}
	defer stop()
	handler, err := newHandler(client, c, log)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "login page  http://%s/\n", listener.Addr())
	return serve(ctx, &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // more than the timeouts of a call and of the middleware
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, listener)
}

// connect returns a client of the platform in OPENPLATFORM_ENV, or of a sandbox that stop ends.
func connect(ctx context.Context, c *config, stdout io.Writer, log openplatform.Option) (client *openplatform.Client, stop func(), err error) {
	if os.Getenv("OPENPLATFORM_ENV") != "" {
		client, err = openplatform.NewClientFromEnv(log)
		return client, func() {}, err
	}
	handler, err := control.New(control.Config{Label: "login_service"})
	if err != nil {
		return nil, nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", setting("SANDBOX_ADDR", "127.0.0.1:8081"))
	if err != nil {
		return nil, nil, err
	}
	server, url := control.NewServer(handler), "http://"+listener.Addr().String()
	go func() { _ = server.Serve(listener) }() // it always returns an error: that it was closed
	_, _ = fmt.Fprintf(stdout, "sandbox     %s/ (its page shows the SMS and e-mails that are \"sent\")\n", url)
	c.clientID, c.clientSecret = sandbox.DemoClientID, sandbox.DemoClientSecret
	client, err = openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(url), log)
	return client, func() { handler.Close(); _ = server.Close() }, err
}

// serve serves until ctx ends, and then until running requests have ended.
func serve(ctx context.Context, server *http.Server, listener net.Listener) error {
	answered := make(chan error, 1)
	defer context.AfterFunc(ctx, func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		answered <- server.Shutdown(last)
	})()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-answered
}
