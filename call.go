package openplatform

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// An Operation is one operation of the platform. The SDK's own are methods of
// [Client]; [Do] takes any other.
type Operation struct {
	// Name says in errors, logs and traces which operation it was. At most 64
	// characters.
	Name string
	// Method is GET or POST: the platform speaks no other.
	Method string
	// Path begins with a slash and follows the base URL. It has no query.
	Path string
	// Repeatable says that a second delivery does no harm. The zero value is the
	// careful one: what is not repeatable leaves this process at most once a call.
	Repeatable bool
}

func (op Operation) brokenRule() string {
	switch _, err := url.ParseRequestURI(op.Path); {
	case op.Name == "" || op.Name != mask.Cut(mask.Plain(op.Name), maxRequestID):
		return "the operation's name must be 1 to 64 printable characters"
	case op.Method != http.MethodGet && op.Method != http.MethodPost:
		return "the operation's method must be GET or POST"
	case err != nil || op.Path[0] != '/' || strings.ContainsAny(op.Path, "?#"):
		return "the operation's path must begin with a slash, be escaped, and have no query"
	}
	return ""
}

func (op Operation) isComposite() bool { return op.Method == "" }

// Do calls an operation that this version of the SDK has no method for. in is a
// struct or a map that encodes as a JSON object, nil if there is nothing to ask: it
// becomes the body of a POST, or the query of a GET, where its values must be
// strings or numbers. The answer's data is decoded into T: bool wants true, as the
// platform's own operations do; struct{} wants null; a pointer, slice, map or
// interface takes null too; anything else wants its own type.
//
// Do keeps the SDK's promises but for two. It cannot know the operation's rules, so
// nothing is validated. It cannot know which values are secret, so of a message of
// the platform only phone numbers and e-mail addresses are masked, and in, the Data
// of the response and op.Path print as they are. Keep secrets out of op.Path.
func Do[T any](ctx context.Context, c *Client, op Operation, in any) (*Response[T], error) {
	if rule := op.brokenRule(); rule != "" {
		return nil, setupError(op.Name, rule)
	}
	return call[T](ctx, c, op, in)
}

// call is the one path that every operation takes.
func call[T any](ctx context.Context, client *Client, op Operation, in any) (*Response[T], error) {
	c := client.inside()
	if ctx == nil || c == nil {
		return nil, setupError(op.Name, "the ctx must not be nil, the client must come from NewClient")
	}
	ctx, span := c.startCall(ctx, op)
	a, way, err := c.exchange(ctx, op, in)
	var resp *Response[T]
	if err == nil {
		if resp, err = openAnswer[T](a); err != nil {
			way.stopped = StopNotRepeatable
		}
	}
	span.end(a, way, err)
	return resp, err
}

// exchange sends a request, as often as it takes and is safe, and returns the
// platform's answer to it: an envelope with code 000.
func (c *core) exchange(ctx context.Context, op Operation, in any) (a answer, way course, err error) {
	m, err := encode(c, op, in)
	if err != nil {
		return a, way, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := ctx.Err(); err != nil {
		way.stopped = StopDeadline
		return a, way, &TransportError{Operation: op.Name, NotSent: true, Reason: endOf(err), Cause: err}
	}
	c.quota.Deposit()
	return c.deliver(ctx, m)
}
