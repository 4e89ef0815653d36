package doctor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/delivery"
	"github.com/ebaas/openplatform-go/internal/mask"
)

// A probe is a request that changes nothing.
type probe struct {
	method, path, body string
	contentType        string
	encoding           string // of Accept-Encoding, "" for net/http's default
	padding            int    // bytes of a meaningless header
}

// The published paths that the checks use, and one that does not exist.
const (
	pathImgCode = "/oauth/api/account/getImgCode"
	pathCheck   = "/oauth/checkToken"
	pathAccess  = "/oauth/getAccessToken"
	pathTicket  = "/oauth/getServiceTicket"
	pathUnknown = "/oauth/api/account/openplatformDoctor"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// Invented tokens, which the platform never issued.
const (
	madeUp       = "openplatform-doctor-made-this-up"
	madeUpTicket = `{"access_token":"` + madeUp + `","token":"` + madeUp + `"}`
)

var (
	askPicture   = probe{method: http.MethodPost, path: pathImgCode, body: "{}", contentType: typeJSON}
	askEmpty     = probe{method: http.MethodPost, path: pathImgCode}
	askGzip      = probe{method: http.MethodPost, path: pathImgCode, body: "{}", contentType: typeJSON, encoding: "gzip"}
	askOtherVerb = probe{method: http.MethodGet, path: pathImgCode}
	askToken     = probe{method: http.MethodGet, path: pathCheck + "?token=" + madeUp}
	askNoToken   = probe{method: http.MethodGet, path: pathCheck}
	askTicket    = probe{method: http.MethodPost, path: pathTicket, body: madeUpTicket, contentType: typeJSON}
	askForm      = probe{
		method: http.MethodPost, path: pathTicket,
		body: "access_token=" + madeUp + "&token=" + madeUp, contentType: typeForm,
	}
	askClient  = probe{method: http.MethodGet, path: pathAccess + "?client_id=" + madeUp + "&client_secret=" + madeUp}
	askUnknown = probe{method: http.MethodPost, path: pathUnknown, body: "{}", contentType: typeJSON}
)

// An answer is the response to a probe.
type answer struct {
	failed string // why there is none, else ""

	status   int
	header   http.Header
	body     []byte
	protocol string
	title    string // of an HTML page, masked
	msg      string // of the envelope, masked
	reused   bool   // the connection
	sent     time.Time
	took     time.Duration

	envelope *envelope // nil if the body is not an envelope
	problem  string    // then what is wrong with it
}

// answer returns the response to a probe, which is sent once for all checks.
func (x *examination) answer(ctx context.Context, p probe) *answer {
	if x.answers[p] == nil {
		x.answers[p] = x.send(ctx, p)
	}
	return x.answers[p]
}

// send sends a probe, to the base URL.
func (x *examination) send(ctx context.Context, p probe) *answer {
	return x.sendTo(ctx, x.base.String(), p)
}

func (x *examination) sendTo(ctx context.Context, base string, p probe) *answer {
	ctx, cancel := context.WithTimeout(ctx, x.Timeout)
	defer cancel()
	a := &answer{sent: time.Now()}
	req, err := http.NewRequestWithContext(x.trace(ctx, &a.reused), p.method, base+p.path, strings.NewReader(p.body))
	if err != nil {
		return &answer{failed: "the request cannot be made"}
	}
	p.setHeader(req.Header)
	resp, err := x.transport.RoundTrip(req) // unlike a Client, it follows no redirect
	a.took = time.Since(a.sent)
	if err != nil {
		a.failed = x.reason(ctx, err)
		return a
	}
	defer func() { _ = resp.Body.Close() }()
	a.status, a.header, a.protocol = resp.StatusCode, resp.Header, resp.Proto
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, delivery.MaxBody+1)); err != nil {
		a.failed = "the response ended early: " + x.reason(ctx, err)
		return a
	}
	a.read(x)
	return a
}

func (p probe) setHeader(h http.Header) {
	h.Set("User-Agent", userAgent+" openplatform-go/"+openplatform.Version)
	h.Set("Accept", typeJSON)
	if p.contentType != "" {
		h.Set("Content-Type", p.contentType)
	}
	if p.encoding != "" {
		h.Set("Accept-Encoding", p.encoding)
	}
	if p.padding > 0 {
		h.Set("X-Openplatform-Doctor", strings.Repeat("x", p.padding))
	}
}

var titleElement = regexp.MustCompile(`(?is)<(?:title|h1)\b[^>]*>(.*?)</(?:title|h1)`)

// read reads the body.
func (a *answer) read(x *examination) {
	a.envelope, a.problem = readEnvelope(a.body)
	if a.envelope != nil {
		a.msg = x.foreign(a.envelope.msg)
		return
	}
	if match := titleElement.FindSubmatch(a.body); match != nil {
		a.title = x.foreign(string(match[1]))
	}
}

// String describes the response in a few words.
func (a *answer) String() string {
	switch {
	case a.failed != "":
		return "no response (" + a.failed + ")"
	case a.isRedirect():
		return fmt.Sprintf("HTTP %d, a redirect", a.status)
	case a.envelope != nil && a.msg == "":
		return fmt.Sprintf("HTTP %d, code %s", a.status, a.code())
	case a.envelope != nil:
		return fmt.Sprintf("HTTP %d, code %s %s", a.status, a.code(), a.msg)
	case a.title != "":
		return fmt.Sprintf("HTTP %d, a page with the title %q", a.status, a.title)
	default:
		return fmt.Sprintf("HTTP %d, %s, no envelope: %s", a.status, cmp.Or(a.mediaType(), "no Content-Type"), a.problem)
	}
}

// code returns the envelope's code, "" if there is none.
func (a *answer) code() openplatform.Code {
	if a.envelope == nil {
		return ""
	}
	return openplatform.Code(a.envelope.code)
}

func (a *answer) mediaType() string {
	t, _, _ := mime.ParseMediaType(a.header.Get("Content-Type"))
	return mask.Cut(mask.Plain(t), 40)
}

func (a *answer) succeeded() bool { return a.code() == openplatform.CodeOK && a.status/100 == 2 }

func (a *answer) isRedirect() bool { return a.failed == "" && delivery.IsRedirect(a.status) }

func (a *answer) isNotFound() bool {
	return a.code() == openplatform.CodeUnknownAPI || a.envelope == nil && a.status == http.StatusNotFound
}

func (a *answer) isBusy() bool {
	return a.failed == "" && (a.status == http.StatusTooManyRequests || a.status >= 500 || a.class() == 429 || a.class()/100 == 5)
}

// class returns the class of the code, 0 if it has none.
func (a *answer) class() int {
	c := string(a.code())
	if len(c) < 3 || strings.Trim(c, "0123456789") != "" {
		return 0
	}
	return int(c[0]-'0')*100 + int(c[1]-'0')*10 + int(c[2]-'0')
}

// aboutCaller are the codes that refuse the caller, not the request.
var aboutCaller = []openplatform.Code{
	openplatform.CodeInvalidAppID, openplatform.CodeInvalidSignature, openplatform.CodeAPINotPermitted, openplatform.CodeInvalidTimestamp,
}

// missing matches the name in 参数[x]不能为空, the documented message of code 400.
var missing = regexp.MustCompile(`参数\[([^\]]*)\]`)

// missingParameter returns the parameter that is missing according to the response, "" for none.
func (a *answer) missingParameter() string {
	if a.code() != openplatform.CodeMissingParameter {
		return ""
	}
	if match := missing.FindStringSubmatch(a.msg); match != nil {
		return match[1]
	}
	return "?"
}

// wantsCaller reports whether the platform asks for the caller's identity: a signature or an app id. ours are the
// operation's parameters.
func (a *answer) wantsCaller(ours ...string) bool {
	name := a.missingParameter()
	return slices.Contains(aboutCaller, a.code()) || name != "" && name != "?" && !slices.Contains(ours, name)
}

// trouble says why a response gives no information about the check, "" if it may.
func (a *answer) trouble() string {
	switch {
	case a.failed != "", a.isBusy(), a.envelope == nil:
		return a.String()
	case a.wantsCaller("access_token", "token", "client_id", "client_secret"):
		return a.String() + ": it asks for the caller's identity, so the check cannot tell more"
	case a.isNotFound(), a.code() == openplatform.CodeDuplicateRequest:
		return a.String()
	default:
		return ""
	}
}

// An envelope is the form that each response of the platform should have.
type envelope struct {
	requestID, code, msg string
	kinds                map[string]string // of each of the four fields: what kind of JSON it is
	data                 json.RawMessage
	others               []string // names of other fields
	marked               bool     // it begins with a byte order mark
}

var envelopeFields = []string{"request_id", "code", "msg", "data"}

const absent = "absent"

// readEnvelope returns the envelope in a body, or what is wrong.
func readEnvelope(body []byte) (*envelope, string) {
	e := &envelope{kinds: map[string]string{}}
	body, e.marked = bytes.CutPrefix(body, []byte("\uFEFF"))
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, "the body is empty"
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		if errors.As(err, new(*json.UnmarshalTypeError)) {
			return nil, "the body is not a JSON object"
		}
		return nil, "the body is not JSON"
	}
	for _, name := range envelopeFields {
		e.kinds[name] = kindOf(fields[name])
	}
	if kind := e.kinds["code"]; kind != "a string" && kind != "a number" {
		return nil, "its code is " + kind
	}
	e.requestID, e.code, e.msg, e.data = textOf(fields["request_id"]), textOf(fields["code"]), textOf(fields["msg"]), fields["data"]
	for name := range fields {
		if !slices.Contains(envelopeFields, name) {
			e.others = append(e.others, name)
		}
	}
	slices.Sort(e.others)
	return e, ""
}

// kindOf returns the kind of a JSON value.
func kindOf(raw json.RawMessage) string {
	if len(raw) == 0 {
		return absent
	}
	switch raw[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	default:
		return "a number"
	}
}

// textOf returns a JSON string decoded, or another value as it is written.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// requestIDs returns the request ids of the first responses: the platform's support asks for them.
func (x *examination) requestIDs() map[string]string {
	ids := map[string]string{}
	for name, p := range map[string]probe{"GetImgCode": askPicture, "CheckToken": askToken, "GetServiceTicket": askTicket} {
		if a := x.answers[p]; a != nil && a.envelope != nil && a.envelope.requestID != "" {
			ids[name] = mask.Cut(mask.RequestID(a.envelope.requestID, x.secrets), 64)
		}
	}
	return ids
}
