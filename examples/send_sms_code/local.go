package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

// A localSandbox is the fake platform, served on this computer.
type localSandbox struct {
	*sandbox.Sandbox

	url  string
	stop func()
}

// startSandbox serves a sandbox on the loopback interface, where no other computer
// can reach it, on whatever port is free.
func startSandbox(ctx context.Context) (*localSandbox, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the sandbox could not be started: %w", err)
	}

	fake := sandbox.New()
	server := &http.Server{Handler: fake, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // always an error: that it was closed
	}()
	stop := func() {
		_ = server.Close()
		<-done
	}
	return &localSandbox{Sandbox: fake, url: "http://" + listener.Addr().String(), stop: stop}, nil
}
