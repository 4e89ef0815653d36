package simulation

import (
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"
)

// A history is what happened in a scenario. It is put into words only when somebody wants to read it.
type history struct {
	mu     sync.Mutex
	start  time.Time
	events []event
}

type event struct {
	at     time.Duration
	format string
	args   []any
}

func (h *history) add(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event{at: time.Since(h.start), format: format, args: args})
}

func (h *history) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b strings.Builder
	for _, e := range h.events {
		fmt.Fprintf(&b, "%16s  ", e.at)
		fmt.Fprintf(&b, e.format, e.args...)
		b.WriteByte('\n')
	}
	return b.String()
}

func (h *history) hash() uint64 {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(h.String()))
	return sum.Sum64()
}
