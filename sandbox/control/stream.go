package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/sandbox"
)

const (
	// heartbeat is the interval of a stream's keep-alive comments.
	heartbeat = 15 * time.Second
	// breath is the pause between two batches of events, so that a page gets many events in portions.
	breath = 50 * time.Millisecond
)

// stream is one client that reads events.
type stream struct {
	*call

	types []sandbox.EventType // the requested ones
	after int64               // the id of the last event
}

// eventTypes are the types that can be requested. EventMissed is always sent.
var eventTypes = []sandbox.EventType{sandbox.EventSMS, sandbox.EventEmail, sandbox.EventRequest, sandbox.EventChanged}

func streamEvents(c *call) (any, error) {
	s, err := c.newStream()
	if err != nil {
		return nil, err
	}
	if !c.handler.streams.take() {
		return nil, refusef(http.StatusServiceUnavailable, "%d streams are open already", maxStreams)
	}
	defer c.handler.streams.leave()
	setHeaders(c.w.Header())
	c.w.Header().Set("Content-Type", "text/event-stream")
	if !s.write(": a stream of events\nretry: 1000\n\n") {
		return nil, errAnswered
	}
	for c.r.Method != http.MethodHead && s.next() {
	}
	return nil, errAnswered
}

func (c *call) newStream() (*stream, error) {
	s := &stream{call: c, types: eventTypes, after: c.sandbox.LastID()}
	if c.query.Has("types") {
		s.types = nil
		for _, name := range strings.Split(c.query.Get("types"), ",") {
			if !slices.Contains(eventTypes, sandbox.EventType(name)) {
				return nil, badRequest("types must be a comma-separated list of %s", joined(eventTypes))
			}
			s.types = append(s.types, sandbox.EventType(name))
		}
	}
	from := c.r.Header.Get("Last-Event-ID")
	if from == "" {
		from = c.query.Get("after")
	}
	if from == "" {
		return s, nil
	}
	after, err := parseID(from)
	s.after = after
	return s, err
}

// next sends new events, or a keep-alive comment, and reports whether the stream continues.
func (s *stream) next() bool {
	gone := s.r.Context()
	ctx, cancel := context.WithTimeout(gone, heartbeat)
	defer cancel()
	events, err := s.sandbox.NextEvents(ctx, s.after)
	switch {
	case gone.Err() != nil || errors.Is(err, sandbox.ErrClosed):
		return false
	case err != nil: // an id without data moves the position from which the client continues
		return s.write(fmt.Sprintf(": nothing new\nid: %d\n\n", s.after))
	}
	var out strings.Builder
	for _, e := range events {
		s.after = e.ID
		if e.Type == sandbox.EventMissed || slices.Contains(s.types, e.Type) {
			fmt.Fprintf(&out, "id: %d\nevent: %s\ndata: %s\n\n", e.ID, e.Type, s.data(e))
		}
	}
	if out.Len() > 0 && !s.write(out.String()) {
		return false
	}
	select {
	case <-time.After(breath):
		return true
	case <-gone.Done():
		return false
	}
}

func (s *stream) data(e sandbox.Event) []byte {
	var value any
	switch e.Type {
	case sandbox.EventSMS:
		value = e.SMS
	case sandbox.EventEmail:
		value = s.email(*e.Mail)
	case sandbox.EventRequest:
		value = shown(*e.Request, false)
	case sandbox.EventChanged:
		value = map[string]sandbox.Change{"what": e.Change}
	case sandbox.EventMissed:
		value = struct{}{}
	}
	data, err := json.Marshal(value)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return data
}

// write reports whether the client still reads.
func (s *stream) write(text string) bool {
	limitWrite(s.w, writeTimeout)
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return http.NewResponseController(s.w).Flush() == nil
}
