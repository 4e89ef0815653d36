package control

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	maxSpaces    = 100
	maxSpaceName = 32
	// spaceLifetime is how long a space is kept after its last request.
	spaceLifetime = 30 * time.Minute
)

func isSpaceName(name string) bool {
	return name != "" && len(name) <= maxSpaceName && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// space is a separate platform.
type space struct {
	name    string
	sandbox *sandbox.Sandbox

	all    *spaces
	busy   int       // running requests; guarded by all.mu
	usedAt time.Time // when the last one ended; guarded by all.mu
}

// spaces holds the named spaces, and the one without a name, which always exists.
type spaces struct {
	config  Config
	unnamed *space

	mu      sync.Mutex
	named   map[string]*space
	sweptAt time.Time // when unused spaces were last removed
	closed  bool
}

func newSpaces(c Config) (*spaces, error) {
	all := &spaces{config: c, named: make(map[string]*space)}
	unnamed, err := all.make("")
	all.unnamed = unnamed
	return all, err
}

func (all *spaces) make(name string) (*space, error) {
	s, err := all.config.newSandbox()
	if err != nil {
		return nil, err
	}
	if all.config.OnSpace != nil {
		all.config.OnSpace(name, s)
	}
	return &space{name: name, sandbox: s, all: all}, nil
}

// enter returns the space of this name for one request, which must leave it. It creates the space if necessary.
func (all *spaces) enter(name string) (*space, error) {
	if name == "" {
		return all.unnamed, nil
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.named[name] == nil || time.Since(all.sweptAt) >= time.Minute {
		all.forgetUnused()
	}
	if s := all.named[name]; s != nil {
		s.busy++
		return s, nil
	}
	if all.closed {
		return nil, refusef(http.StatusServiceUnavailable, "the sandbox is closing")
	}
	if len(all.named) == maxSpaces {
		return nil, refusef(http.StatusServiceUnavailable,
			"there are %d spaces, which is the maximum: remove one with DELETE /_sandbox/spaces/NAME, "+
				"or wait until one was not used for %v", maxSpaces, spaceLifetime)
	}
	s, err := all.make(name)
	if err != nil {
		return nil, err
	}
	s.busy = 1
	all.named[name] = s
	return s, nil
}

func (s *space) leave() {
	if s.name == "" {
		return
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	s.busy--
	s.usedAt = time.Now()
}

// forgetUnused requires all.mu.
func (all *spaces) forgetUnused() {
	all.sweptAt = time.Now()
	for name, s := range all.named {
		if s.busy == 0 && time.Since(s.usedAt) >= spaceLifetime {
			all.forget(name)
		}
	}
}

// forget requires all.mu.
func (all *spaces) forget(name string) {
	all.named[name].sandbox.Close()
	delete(all.named, name)
}

// remove removes a space, and reports whether there was one.
func (all *spaces) remove(name string) bool {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.named[name] == nil {
		return false
	}
	all.forget(name)
	return true
}

// spaceInfo is a space in a list.
type spaceInfo struct {
	Name   string    `json:"name"`
	UsedAt time.Time `json:"used_at"`
}

func (all *spaces) list() []spaceInfo {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.forgetUnused()
	found := make([]spaceInfo, 0, len(all.named))
	for _, s := range all.named {
		used := s.usedAt
		if s.busy > 0 {
			used = time.Now()
		}
		found = append(found, spaceInfo{Name: s.name, UsedAt: used})
	}
	slices.SortFunc(found, func(a, b spaceInfo) int { return cmp.Compare(a.Name, b.Name) })
	return found
}

func (all *spaces) close() {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.closed = true
	all.unnamed.sandbox.Close()
	for _, s := range all.named {
		s.sandbox.Close()
	}
}

// places limit how many requests do something at the same time.
type places chan struct{}

const (
	maxPolls   = 1000
	maxStreams = 200
)

// take takes a place and reports whether there was one.
func (p places) take() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) leave() { <-p }
