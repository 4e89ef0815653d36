package control

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

// Config configures a Handler. The zero Config is valid.
type Config struct {
	Label   string   // shown on the page, to distinguish sandboxes
	Hosts   []string // host names without a port, in addition to localhost and IP addresses
	Origins []string // origins whose pages may use it, such as http://localhost:5173

	HTTPStatus     bool   // as sandbox.WithHTTPStatus
	OneAccessToken bool   // as sandbox.WithOneAccessToken
	ImgCode        string // as sandbox.WithImgCode, unless empty
	SmsCode        string // as sandbox.WithSmsCode, unless empty
	Seed           Seed   // the initial state of each space

	// OnSpace, if set, is called with each new space, also the one without a name. The sandbox is closed when the space is
	// removed.
	OnSpace func(name string, s *sandbox.Sandbox)
}

// memory is the limit of a space, in bytes.
const memory = 64 << 20

// newSandbox returns the sandbox of a new space.
func (c Config) newSandbox() (*sandbox.Sandbox, error) {
	options := []sandbox.Option{sandbox.WithMemory(memory)}
	if c.HTTPStatus {
		options = append(options, sandbox.WithHTTPStatus())
	}
	if c.OneAccessToken {
		options = append(options, sandbox.WithOneAccessToken())
	}
	s := sandbox.New(options...)
	if err := errors.Join(s.FixImgCode(c.ImgCode), s.FixSmsCode(c.SmsCode)); err != nil {
		return nil, err
	}
	return s, c.Seed.plant(s)
}

// Handler serves sandboxes. Make one with New.
type Handler struct {
	config  Config
	guard   guard
	spaces  *spaces
	polls   places
	streams places
	states  places // exports and imports
}

// New returns a Handler. It fails if the Config is invalid; the error says why.
func New(c Config) (*Handler, error) {
	g, err := newGuard(c.Hosts, c.Origins)
	if err != nil {
		return nil, err
	}
	all, err := newSpaces(c)
	if err != nil {
		return nil, err
	}
	return &Handler{
		config: c, guard: g, spaces: all,
		polls: make(places, maxPolls), streams: make(places, maxStreams), states: make(places, 1),
	}, nil
}

// Close ends all waits in all spaces, so that a server can shut down. Closing again does nothing.
func (h *Handler) Close() { h.spaces.close() }

// NewServer returns a server with time limits for headers and idle connections.
func NewServer(h *Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    128 << 10,                  // enough for the longest query
		ErrorLog:          log.New(io.Discard, "", 0), // clients that abort are expected
	}
}

// ServeHTTP serves the operations, the API and the page.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	space, path, err := splitSpace(r.URL.Path)
	isPage := err == nil && isPagePath(r.Method, path)
	switch guarded := h.guard.check(w, r, isPage); {
	case guarded != nil:
		refuse(w, guarded)
	case r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		h.guard.preflight(w, r)
	case err != nil:
		refuse(w, err)
	case isPage:
		servePage(w, r, path)
	case strings.HasPrefix(path, apiPrefix):
		h.serveAPI(w, r, space)
	default:
		h.serveOperation(w, r, space)
	}
}

func (h *Handler) serveOperation(w http.ResponseWriter, r *http.Request, name string) {
	if name == "" {
		h.spaces.unnamed.sandbox.ServeHTTP(w, r)
		return
	}
	s, err := h.spaces.enter(name)
	if err != nil {
		refuse(w, err)
		return
	}
	defer s.leave()
	s.sandbox.ServeHTTP(w, withoutPrefix(r, basePath(name)))
}

// withoutPrefix returns r without the path of its space.
func withoutPrefix(r *http.Request, prefix string) *http.Request {
	inner := *r
	u := *r.URL
	u.Path, u.RawPath = strings.TrimPrefix(u.Path, prefix), strings.TrimPrefix(u.RawPath, prefix)
	inner.URL = &u
	return &inner
}

// basePath returns the path before /oauth/ and /_sandbox/ in a space.
func basePath(space string) string {
	if space == "" {
		return ""
	}
	return spacesPrefix + space
}

const spacesPrefix = "/spaces/"

// splitSpace returns the space of a path, and the path within it.
func splitSpace(path string) (space, rest string, err error) {
	below, ok := strings.CutPrefix(path, spacesPrefix)
	if !ok {
		return "", path, nil
	}
	name, rest, _ := strings.Cut(below, "/")
	if !isSpaceName(name) {
		return "", "", &refusal{http.StatusNotFound, fmt.Sprintf("%.40q is not a valid name of a space: use 1 to 32 of a-z, 0-9 and -", name)}
	}
	return name, "/" + rest, nil
}
