package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkInMemory measures what a contender adds: nothing lies below it but a
// RoundTripper that answers at once.
func BenchmarkInMemory(b *testing.B) {
	for _, c := range slices.Concat(withoutPool(), observed) {
		b.Run(c.name, func(b *testing.B) {
			call := c.make(b, "http://localhost", atOnce(c.body))
			require.NoError(b, call(b.Context()))
			b.ReportAllocs()
			for b.Loop() {
				if err := call(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkInMemoryCallers is the same by many callers at once: it shows what they
// share within a contender, which is what they wait for here.
func BenchmarkInMemoryCallers(b *testing.B) {
	for _, callers := range []int{16, 128, 512} {
		for _, c := range withoutPool() {
			b.Run(fmt.Sprintf("%d/%s", callers, c.name), func(b *testing.B) {
				measure(b, callers, c.make(b, "http://localhost", atOnce(c.body)))
			})
		}
	}
}

// withoutPool leaves out the contender that differs from net/http in its pool alone.
func withoutPool() []contender {
	return slices.DeleteFunc(slices.Clone(contenders), func(c contender) bool { return c.name == tuned })
}

// BenchmarkLoopback measures a whole call over a socket to a server in the same process
// that answers at once. Allocations are those of both sides.
func BenchmarkLoopback(b *testing.B) {
	overSockets(b, 0, 1)
}

// BenchmarkWaiting is what many callers get from a server that takes 2 ms to answer, as
// one behind a network does: here a pool that is too small shows.
func BenchmarkWaiting(b *testing.B) {
	overSockets(b, 2*time.Millisecond, 1, 16, 128, 512)
}

func overSockets(b *testing.B, wait time.Duration, callers ...int) {
	b.Helper()
	for _, p := range protocols {
		for _, n := range callers {
			for _, c := range contenders {
				b.Run(fmt.Sprintf("%s/%d/%s", p.name, n, c.name), func(b *testing.B) {
					baseURL, opened := p.serve(b, answer(c.body, wait))
					call := c.make(b, baseURL, nil)
					// The pool fills, and handshakes happen, before the clock runs.
					perform(n, min(3*n, b.N), call)
					atFirst := opened.Swap(0)
					measure(b, n, call)
					b.ReportMetric(float64(atFirst), "conns-at-first")
					b.ReportMetric(float64(opened.Load()), "conns-later")
				})
			}
		}
	}
}

// measure reports calls that fail, rather than failing: a contender may have a timeout
// that it does not keep when it opens thousands of connections on a busy machine.
func measure(b *testing.B, callers int, call call) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	took, failures := perform(callers, b.N, call)
	b.StopTimer()
	if len(failures) > 0 {
		b.Log(failures[0])
	}
	slices.Sort(took)
	percentile := func(p int) float64 { return float64(took[(len(took)-1)*p/100]) }
	b.ReportMetric(percentile(50), "p50-ns")
	b.ReportMetric(percentile(99), "p99-ns")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	b.ReportMetric(float64(len(failures)), "failed")
}

// perform has callers make n calls between them, and returns how long each took and the
// errors of those that failed.
func perform(callers, n int, call call) (took []time.Duration, failures []error) {
	took = make([]time.Duration, n)
	var next atomic.Int64
	var failing sync.Mutex
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				start := time.Now()
				err := call(context.Background())
				took[i] = time.Since(start)
				if err != nil {
					failing.Lock()
					failures = append(failures, err)
					failing.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return took, failures
}
