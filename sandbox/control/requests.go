package control

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ebaas/openplatform-go/sandbox"
)

func requestRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/requests", handle: listRequests, query: []string{
			"operation", "code", "mobile", "request_id", "call_id", "carried_out", "plain", "after", "before", "limit",
		}},
		{method: http.MethodGet, path: "/requests/{id}", handle: getRequest, query: []string{"plain"}},
	}
}

// request is a recorded request in the format of the API.
type request struct {
	ID         int64             `json:"id"`
	RequestID  string            `json:"request_id"`
	Operation  string            `json:"operation"`
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	Mobile     string            `json:"mobile"`
	CallID     string            `json:"call_id"`
	Params     map[string]string `json:"params"`
	At         time.Time         `json:"at"`
	Done       bool              `json:"done"`
	Code       string            `json:"code"`
	HTTPStatus int               `json:"http_status"`
	CarriedOut bool              `json:"carried_out"`
	FaultID    int64             `json:"fault_id"`
	DurationMS float64           `json:"duration_ms"`
}

// shown returns a request; secrets are masked unless plain.
func shown(r sandbox.Request, plain bool) request {
	out := request{
		ID: r.ID, RequestID: r.RequestID, Operation: r.Operation, Method: r.Method, Path: r.Path,
		Mobile: r.Mobile, CallID: r.CallID, Params: r.Params, At: r.At, Done: r.Done, Code: r.Code, HTTPStatus: r.HTTPStatus,
		CarriedOut: r.CarriedOut, FaultID: r.FaultID, DurationMS: float64(r.Duration.Microseconds()) / 1000,
	}
	if plain {
		return out
	}
	out.Mobile = maskMobile(r.Mobile)
	out.Params = make(map[string]string, len(r.Params))
	for name, value := range r.Params {
		out.Params[name] = maskParam(name, value)
	}
	return out
}

func maskParam(name, value string) string {
	switch name {
	case "sms_type", "img_code_id":
		return value
	case "mobile":
		return maskMobile(value)
	default:
		return "***"
	}
}

// maskMobile masks a phone number: 139****1111.
func maskMobile(mobile string) string {
	if mobile == "" {
		return ""
	}
	const first, last = 3, 4
	if utf8.RuneCountInString(mobile) < first+last+4 {
		return "***"
	}
	runes := []rune(mobile)
	return string(runes[:first]) + strings.Repeat("*", 4) + string(runes[len(runes)-last:])
}

type requestList struct {
	Requests []request `json:"requests"`
	LastID   int64     `json:"last_id"`
}

func listRequests(c *call) (any, error) {
	s, err := c.span()
	operation, err2 := oneOf(c, "operation", sandbox.Operations())
	carriedOut, asked, err3 := c.flag("carried_out")
	plain, _, err4 := c.flag("plain")
	if err := firstError(err, err2, err3, err4); err != nil {
		return nil, err
	}
	f := sandbox.RequestFilter{
		Operation: operation, Code: c.query.Get("code"), Mobile: c.query.Get("mobile"),
		RequestID: c.query.Get("request_id"), CallID: c.query.Get("call_id"),
		After: s.after, Before: s.before, Limit: s.limit,
	}
	if asked {
		f.CarriedOut = &carriedOut
	}
	found, lastID := listed(c, func() []sandbox.Request { return c.sandbox.ListRequests(f) }, func(r sandbox.Request) int64 { return r.ID })
	out := requestList{Requests: make([]request, 0, len(found)), LastID: lastID}
	for _, r := range found {
		out.Requests = append(out.Requests, shown(r, plain))
	}
	return out, nil
}

func getRequest(c *call) (any, error) {
	id, err := c.pathID()
	plain, _, err2 := c.flag("plain")
	if err := firstError(err, err2); err != nil {
		return nil, err
	}
	r, ok := c.sandbox.FindRequest(id)
	if !ok {
		return nil, refusef(http.StatusNotFound, "no request has this id, or it was removed because it is old")
	}
	return shown(r, plain), nil
}
