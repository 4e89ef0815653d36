package openplatform

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// Operation describes one operation of the platform, for [Do]. The operations that the SDK
// knows are methods of [Client].
type Operation struct {
	// Name is the operation's name in errors, logs and traces, at most 64 characters.
	Name string
	// Method is GET or POST.
	Method string
	// Path begins with a slash and follows the base URL. It has no query.
	Path string
	// Repeatable says that a second delivery is safe. If it is false, the request is sent at
	// most once per call.
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

// Do calls an operation that this version of the SDK has no method for. in is a struct or a
// map that encodes as a JSON object, or nil for no parameters. It is sent as the body of a
// POST, or as the query of a GET, where the values must be strings or numbers. The data of
// the response is decoded into T: for bool it must be true, as for the SDK's own operations;
// for struct{} it must be null; a pointer, slice, map or interface also accepts null; any
// other T needs a value of its type.
//
// Do has two limits. It does not know the operation's rules, so it validates nothing. It
// does not know which values are secret: in a message of the platform it masks phone
// numbers and e-mail addresses only, and it prints in, Data and op.Path whole. Do not put
// secrets into op.Path.
func Do[T any](ctx context.Context, c *Client, op Operation, in any) (*Response[T], error) {
	if rule := op.brokenRule(); rule != "" {
		return nil, setupError(op.Name, rule)
	}
	return call[T](ctx, c, op, in)
}

// call makes one call. Every operation uses it.
func call[T any](ctx context.Context, client *Client, op Operation, in any) (*Response[T], error) {
	c := client.inside()
	if ctx == nil || c == nil {
		return nil, setupError(op.Name, "ctx must not be nil, the client must come from NewClient")
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

// exchange sends a request, with the retries that are safe, and returns the response: an
// envelope with code 000.
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
