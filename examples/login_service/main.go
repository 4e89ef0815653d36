// Command login_service is a login backend to copy: registration, login by password or SMS, reset,
// activation and a page for those who are logged in. docs/login-service.md tells how to use it.
//
//	go run ./examples/login_service
//
// starts it against a sandbox of its own, where nothing leaves this computer. With
// OPENPLATFORM_ENV it talks to a platform elsewhere.
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

// A config is what the environment says.
type config struct {
	addr                   string        // LOGIN_ADDR
	https                  bool          // LOGIN_HTTPS: people reach it by https, through a proxy
	ipHeader               string        // LOGIN_IP_HEADER: which that proxy sets to a person's address, such as X-Real-IP
	perMinute              int           // LOGIN_PER_MINUTE: requests of one address
	cache                  time.Duration // LOGIN_CACHE: how long an answer about a session is believed
	smsEvery               time.Duration // LOGIN_SMS_EVERY: how often a phone may get one
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
		WriteTimeout:      30 * time.Second, // more than a call takes, and than the middleware waits
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}, listener)
}

// connect returns a client of the platform that OPENPLATFORM_ENV names, or of a sandbox that stop ends.
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
	go func() { _ = server.Serve(listener) }() // always an error: the one that says it was closed
	_, _ = fmt.Fprintf(stdout, "sandbox     %s/ (its page shows the SMS and e-mails that are \"sent\")\n", url)
	c.clientID, c.clientSecret = sandbox.DemoClientID, sandbox.DemoClientSecret
	client, err = openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(url), log)
	return client, func() { handler.Close(); _ = server.Close() }, err
}

// serve serves until ctx ends, and then until what is under way has been answered.
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
