package main

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
)

// A limiter lets everybody do something once in a while, and burst times at once.
type limiter struct {
	burst int
	while time.Duration
	mu    sync.Mutex
	next  map[string]time.Time // when somebody will have waited for all that he did
}

// mostKept bounds the memory.
const mostKept = 100_000

func newLimiter(burst int, while time.Duration) *limiter {
	return &limiter{burst: burst, while: while, next: map[string]time.Time{}}
}

// take returns 0 and counts, or how long somebody has to wait. Nobody in particular never waits.
func (l *limiter) take(somebody string) (wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if len(l.next) >= mostKept {
		maps.DeleteFunc(l.next, func(_ string, next time.Time) bool { return next.Before(now) })
	}
	ahead := max(0, l.next[somebody].Sub(now))
	wait = ahead - time.Duration(l.burst-1)*l.while
	switch {
	case somebody == "":
		return 0
	case wait > 0 || len(l.next) >= mostKept:
		return max(wait, time.Second)
	}
	l.next[somebody] = now.Add(ahead + l.while)
	return 0
}

// giveBack takes back what take counted.
func (l *limiter) giveBack(somebody string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next[somebody] = l.next[somebody].Add(-l.while)
}

// tooOften answers who does something too often, as somebody.
func (s *service) tooOften(w http.ResponseWriter, r *http.Request, l *limiter, page, somebody string) bool {
	wait := l.take(strings.ToLower(somebody))
	if wait > 0 {
		a := s.adviser.Of(&openplatform.APIError{Code: "429"})
		a.Wait = wait
		s.show(w, r, page, view{Advice: a, Wait: a.WaitSeconds()})
	}
	return wait > 0
}

// limitByIP answers 429 to an address that makes too many requests. header is what your proxy writes
// the address in, "" if there is none.
func (s *service) limitByIP(l *limiter, header string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, _, _ := strings.Cut(r.Header.Get(header), ",")
		if header == "" {
			address = r.RemoteAddr[:strings.LastIndexByte(r.RemoteAddr, ':')]
		}
		if !s.tooOften(w, r, l, "unavailable", address) {
			next.ServeHTTP(w, r)
		}
	})
}
