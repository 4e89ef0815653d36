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

// waitUntilReady returns when the sandbox at a URL is ready, or says why that takes too long.
func waitUntilReady(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no address of a sandbox: give -wait one such as http://127.0.0.1:8081", address)
	}
	client := &http.Client{Transport: &http.Transport{
		// A sandbox makes its own certificate, and is told nothing here.
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
			last = err // not the one that says that the time is up
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
		return fmt.Errorf("something else answered there, with HTTP status %d", response.StatusCode)
	}
	if answer.Status != "ok" {
		return fmt.Errorf("it answered HTTP status %d: %s", response.StatusCode, answer.Msg)
	}
	return nil
}
