package main

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The guards hold on any machine, however slow or busy: none is about time.

func TestCallersShareConnections(t *testing.T) {
	const (
		callers = 128
		calls   = 5 * callers
	)
	tests := []struct {
		name     string
		protocol protocol
		alone    int // calls made one after the other, before all the others
		most     int64
	}{
		{"HTTP/1.1", tlsHTTP1, 0, 2 * callers},
		// net/http dials for each call that finds no connection, and closes all but one of
		// those when it learns that they speak HTTP/2.
		{"HTTP/2 from a cold start", tlsHTTP2, 0, 2 * callers},
		{"HTTP/2 once connected", tlsHTTP2, 1, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			baseURL, opened := tt.protocol.serve(t, together(tt.alone, callers, answer(sdk.body, 0)))
			call := sdk.make(t, baseURL, nil)
			round := func(callers, calls int) {
				_, failures := perform(callers, calls, call)
				require.NoError(t, errors.Join(failures...))
			}
			round(1, tt.alone)
			round(callers, calls)
			assert.LessOrEqual(t, opened.Swap(0), tt.most, "connections opened at first")
			round(callers, calls)
			assert.Zero(t, opened.Load(), "connections opened as calls go on")
		})
	}
}

// together serves the first requests at once, and holds the n after them until all of
// these have arrived: however slow the machine, that many calls are under way at a time.
func together(first, n int, next http.HandlerFunc) http.HandlerFunc {
	var received atomic.Int64
	var held sync.WaitGroup
	held.Add(n)
	return func(w http.ResponseWriter, r *http.Request) {
		if i := received.Add(1); int64(first) < i && i <= int64(first+n) {
			held.Done()
			held.Wait()
		}
		next(w, r)
	}
}

func TestImportCost(t *testing.T) {
	byHand, err := build(t.Context(), "resty")
	require.NoError(t, err)
	ours, err := build(t.Context(), "openplatform")
	require.NoError(t, err)

	assert.LessOrEqual(t, float64(ours.bytes-byHand.bytes)/1e6, 0.3, "MB more than resty's own %d bytes", byHand.bytes)
	allowed := append(paths(byHand), "github.com/ebaas/openplatform-go")
	for _, path := range paths(ours) {
		assert.Contains(t, allowed, path)
	}
}

func paths(b binary) []string {
	var all []string
	for _, m := range b.modules {
		all = append(all, m.Path)
	}
	return slices.Compact(all)
}
