package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

const apiPrefix = "/_sandbox/"

const (
	maxBody      = 1 << 20
	bodyTimeout  = 10 * time.Second
	maxState     = 64 << 20
	stateTimeout = time.Minute
)

// route is one method of one path of the API.
type route struct {
	method string
	path   string   // below /_sandbox; a segment {…} matches anything
	query  []string // the names of its parameters
	status int      // of its success; 200 unless given

	// handle returns the body of the response, nil for an empty one. After it has responded itself, it returns errAnswered.
	handle func(c *call) (any, error)

	spaceless bool // does not need or create a space
	rootOnly  bool // only in the space without a name
	state     bool // reads or writes a whole state, which is large
}

var errAnswered = errors.New("answered already")

// routes are the API, in the order of api/sandbox.yaml. The first that matches is used.
var routes = slices.Concat(programRoutes(), messageRoutes(), platformRoutes(), requestRoutes(), troubleRoutes(), stateRoutes(), spaceRoutes())

// call is one request to the API.
type call struct {
	handler *Handler
	space   *space
	sandbox *sandbox.Sandbox

	w     http.ResponseWriter
	r     *http.Request
	id    string // the text for {…} in the path
	query url.Values
	body  []byte
}

// serveAPI serves the API of a space.
func (h *Handler) serveAPI(w http.ResponseWriter, r *http.Request, space string) {
	answer, status, timeout, err := h.callAPI(w, r, space)
	switch {
	case errors.Is(err, errAnswered):
	case err != nil:
		refuse(w, err)
	case answer == nil:
		setHeaders(w.Header())
		w.WriteHeader(http.StatusNoContent)
	default:
		writeJSON(w, status, answer, timeout)
	}
}

func (h *Handler) callAPI(w http.ResponseWriter, r *http.Request, name string) (answer any, status int, timeout time.Duration, err error) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), basePath(name)+strings.TrimSuffix(apiPrefix, "/"))
	found, id, err := findRoute(w, r.Method, path, name)
	if err != nil {
		return nil, 0, 0, err
	}
	c := &call{handler: h, w: w, r: r, id: id}
	limit, timeout := maxBody, bodyTimeout
	if found.state {
		if !h.states.take() {
			return nil, 0, 0, refusef(http.StatusServiceUnavailable, "another export or import is running: try again later")
		}
		defer h.states.leave()
		limit, timeout = maxState, stateTimeout
	}
	if err := c.readBody(limit, timeout); err != nil {
		return nil, 0, 0, err
	}
	if err := c.readQuery(found.query); err != nil {
		return nil, 0, 0, err
	}
	if !found.spaceless {
		if c.space, err = h.spaces.enter(name); err != nil {
			return nil, 0, 0, err
		}
		defer c.space.leave()
		c.sandbox = c.space.sandbox
	}
	answer, err = found.handle(c)
	if found.state && err == nil && answer != nil { // within its place: a state needs much memory
		writeJSON(w, http.StatusOK, answer, timeout)
		err = errAnswered
	}
	return answer, max(found.status, http.StatusOK), writeTimeout, err
}

// findRoute returns the route of an escaped path, and the text for {…}.
func findRoute(w http.ResponseWriter, method, path, space string) (found route, id string, err error) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var allowed []string
	for _, candidate := range routes {
		taken, fits := candidate.take(path)
		if !fits || candidate.rootOnly && space != "" {
			continue
		}
		if candidate.method == method {
			return candidate, taken, nil
		}
		allowed = append(allowed, candidate.method)
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return route{}, "", refusef(http.StatusMethodNotAllowed, "this path allows %s", strings.Join(allowed, " and "))
	}
	return route{}, "", refusef(http.StatusNotFound, "unknown path: api/sandbox.yaml lists all paths")
}

// take reports whether a path matches, and returns the text for {…}.
func (candidate route) take(path string) (id string, fits bool) {
	wanted, given := strings.Split(candidate.path, "/"), strings.Split(path, "/")
	if len(wanted) != len(given) {
		return "", false
	}
	for i, segment := range wanted {
		switch {
		case strings.HasPrefix(segment, "{"):
			taken, err := url.PathUnescape(given[i])
			if err != nil || taken == "" {
				return "", false
			}
			id = taken
		case segment != given[i]:
			return "", false
		}
	}
	return id, true
}

// readBody reads the body, also if the route does not use it: otherwise net/http would read it without a time limit.
func (c *call) readBody(limit int, timeout time.Duration) error {
	connection := http.NewResponseController(c.w)
	_ = connection.SetReadDeadline(time.Now().Add(timeout)) // without support, the limits of its server apply
	body, err := io.ReadAll(io.LimitReader(c.r.Body, int64(limit)+1))
	switch {
	case err != nil:
		return badRequest("the body was not complete within %v", timeout)
	case len(body) > limit:
		return refusef(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", limit)
	}
	// After a deadline, net/http would report the client as gone, which ends a wait.
	_ = connection.SetReadDeadline(time.Time{})
	c.body = body
	return nil
}

// readQuery refuses unknown parameters: a misspelled filter would match everything.
func (c *call) readQuery(names []string) error {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return badRequest("the query is invalid: %v", err)
	}
	for name, values := range query {
		switch {
		case !slices.Contains(names, name) && len(names) == 0:
			return badRequest("this path has no query parameters, but %.40q was given", name)
		case !slices.Contains(names, name):
			return badRequest("unknown query parameter %.40q; this path has %s", name, strings.Join(names, ", "))
		case len(values) > 1:
			return badRequest("the query parameter %s is given %d times", name, len(values))
		case values[0] == "":
			return badRequest("the query parameter %s is empty: omit it instead", name)
		}
	}
	c.query = query
	return nil
}

// decode reads the body as JSON into a pointer to a struct.
func (c *call) decode(into any) error {
	if err := decodeStrictly(c.body, into); err != nil {
		return badRequest("the body is not the JSON that this path expects: %v", err)
	}
	return nil
}

var errTrailing = errors.New("there is more data after the JSON")

// decodeStrictly reads one JSON object that has no unknown fields.
func decodeStrictly(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("it is empty")
		}
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errTrailing
	}
	return nil
}

// maxID is the highest integer that JavaScript represents exactly.
const maxID = 1<<53 - 1

func parseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 || id > maxID {
		return 0, badRequest("%.40q is no id: ids are whole numbers, as lists and events have them", text)
	}
	return id, nil
}

// pathID returns the {id} of the path.
func (c *call) pathID() (int64, error) { return parseID(c.id) }

// queryID returns a query parameter that is an id, 0 if absent.
func (c *call) queryID(name string) (int64, error) {
	if !c.query.Has(name) {
		return 0, nil
	}
	return parseID(c.query.Get(name))
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

func (c *call) limit() (int, error) {
	if !c.query.Has("limit") {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(c.query.Get("limit"))
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, badRequest("limit must be a whole number from 1 to %d", maxLimit)
	}
	return limit, nil
}

// span is the requested part of a list.
type span struct {
	after, before int64
	limit         int
}

func (c *call) span() (span, error) {
	after, err := c.queryID("after")
	before, err2 := c.queryID("before")
	limit, err3 := c.limit()
	return span{after, before, limit}, firstError(err, err2, err3)
}

// flag returns a query parameter that is true or false. ok says whether it is present.
func (c *call) flag(name string) (value, ok bool, err error) {
	switch c.query.Get(name) {
	case "":
		return false, false, nil
	case "true":
		return true, true, nil
	case "false":
		return false, true, nil
	default:
		return false, false, badRequest("%s is true or false", name)
	}
}

// oneOf returns a query parameter that has one of these values, or is absent.
func oneOf[T ~string](c *call, name string, values []T) (T, error) {
	value := T(c.query.Get(name))
	if value != "" && !slices.Contains(values, value) {
		return "", badRequest("%s is one of %s", name, joined(values))
	}
	return value, nil
}

func joined[T ~string](values []T) string {
	texts := make([]string, 0, len(values))
	for _, value := range values {
		texts = append(texts, string(value))
	}
	return strings.Join(texts, ", ")
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// maxWait is how long a request can wait for a message.
const maxWait = time.Minute

// await calls next with a time limit if the client asked to wait.
func (c *call) await(next func(ctx context.Context) error) error {
	if !c.query.Has("wait") {
		return nil
	}
	wait, err := time.ParseDuration(c.query.Get("wait"))
	if err != nil || wait < 0 || wait > maxWait {
		return badRequest("wait must be a duration such as 10s or 500ms, at most %v", maxWait)
	}
	if !c.handler.polls.take() {
		return refusef(http.StatusServiceUnavailable, "%d requests are waiting already", maxPolls)
	}
	defer c.handler.polls.leave()
	ctx, cancel := context.WithTimeout(c.r.Context(), wait)
	defer cancel()
	switch err := next(ctx); {
	case errors.Is(err, sandbox.ErrClosed):
		return refusef(http.StatusServiceUnavailable, "the sandbox is closing, or the space was removed")
	case c.r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the client has gone
	default:
		return nil // a message, or a timeout
	}
}
