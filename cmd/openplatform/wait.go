package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	waitTimeout = 30 * time.Second
	waitPause   = 50 * time.Millisecond
)

// waitUntilReady waits until the sandbox at a URL is ready, with a time limit.
func waitUntilReady(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is not the address of a sandbox: use -wait with one such as http://127.0.0.1:8081", address)
	}
	client := &http.Client{Transport: &http.Transport{
		// A sandbox has a self-signed certificate, and no secret is sent here.
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // as said
		DisableKeepAlives: true,
	}}
	within, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	health := strings.TrimSuffix(address, "/") + "/_sandbox/healthz"
	var last error
	for {
		if err := askHealth(within, client, health); err == nil {
			return nil
		} else if within.Err() == nil {
			last = err // not the error of the timeout
		}
		select {
		case <-time.After(waitPause):
		case <-within.Done():
			if ctx.Err() != nil {
				return errors.New("interrupted")
			}
			return fmt.Errorf("no sandbox was ready at %s within %v: %w", address, waitTimeout, last)
		}
	}
}

func askHealth(ctx context.Context, client *http.Client, health string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, health, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Status, Msg string }
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("this is not a sandbox: HTTP status %d", response.StatusCode)
	}
	if answer.Status != "ok" {
		return fmt.Errorf("HTTP status %d: %s", response.StatusCode, answer.Msg)
	}
	return nil
}
