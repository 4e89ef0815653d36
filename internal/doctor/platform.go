package doctor

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"image"
	_ "image/gif"  // to name the type of a picture that is not a JPEG
	_ "image/jpeg" // what the platform sends
	_ "image/png"  // likewise
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/internal/mask"
)

// An asked is one of the operations that the checks of responses use.
type asked struct {
	operation string
	probe     probe
	ours      []string // its parameters
}

var operations = []asked{
	{"GetImgCode", askPicture, nil},
	{"CheckToken", askToken, []string{"token"}},
	{"GetServiceTicket", askTicket, []string{"access_token", "token"}},
}

func (x *examination) paths(ctx context.Context) finding {
	var gone []string
	trouble := ""
	for _, o := range operations {
		a := x.answer(ctx, o.probe)
		if a.isNotFound() {
			gone = append(gone, o.operation+": "+a.String())
		} else if a.envelope == nil || a.wantsCaller(o.ours...) {
			trouble = cmp.Or(trouble, o.operation+": "+a.String())
		}
	}
	switch {
	case len(gone) > 0:
		return refuted(strings.Join(gone, "; "))
	case trouble != "":
		return unclear(trouble)
	default:
		return holds("three operations exist")
	}
}

func (x *examination) noSignature(ctx context.Context) finding {
	for _, o := range operations {
		a := x.answer(ctx, o.probe)
		// GetImgCode has no parameters that could be wrong: a refusal is about the caller.
		isRefused := o.probe == askPicture && (a.class() == 401 || a.class() == 403 || a.envelope == nil && a.status == http.StatusUnauthorized)
		if name := a.missingParameter(); a.wantsCaller(o.ours...) && name != "" {
			return refuted(fmt.Sprintf("%s: it wants the parameter %s (%s)", o.operation, x.foreign(name), a))
		}
		if isRefused || a.wantsCaller(o.ours...) {
			return refuted(o.operation + ": " + a.String())
		}
	}
	if a := x.answer(ctx, askPicture); a.succeeded() {
		return holds("GetImgCode: " + a.String())
	}
	if a := x.answer(ctx, askEmpty); a.succeeded() {
		return holds("GetImgCode with an empty body: " + a.String())
	}
	return unclear("GetImgCode: " + x.answer(ctx, askPicture).String())
}

func (x *examination) envelope(ctx context.Context) finding {
	var wrong []string
	seen := 0
	for _, o := range append(slices.Clone(operations), asked{operation: "CheckToken without a token", probe: askNoToken}) {
		a := x.answer(ctx, o.probe)
		switch {
		case a.envelope != nil:
			seen++
			for _, w := range a.envelope.wrong(a.succeeded()) {
				wrong = append(wrong, o.operation+": "+w)
			}
		case x.mayBeGateways(ctx, a):
		default:
			wrong = append(wrong, o.operation+": "+a.String())
		}
	}
	switch {
	case len(wrong) > 0:
		return refuted(strings.Join(wrong, "; "))
	case seen == 0:
		return unclear("GetImgCode: " + x.answer(ctx, askPicture).String())
	default:
		return holds(fmt.Sprintf("%d responses have code, msg and data as documented%s", seen, x.otherFields(ctx)))
	}
}

// mayBeGateways reports whether a response without an envelope may come from a gateway: then it says nothing about the
// platform. A gateway that passes GetImgCode passes the other operations too.
func (x *examination) mayBeGateways(ctx context.Context, a *answer) bool {
	isGeneral := a.failed != "" || a.isBusy() || a.isRedirect() || a.isNotFound() || a.isEncoded()
	return isGeneral || a.status >= http.StatusBadRequest && x.answer(ctx, askPicture).envelope == nil
}

// isEncoded reports whether the body is compressed in a way that was not requested.
func (a *answer) isEncoded() bool {
	return a.failed == "" && a.header.Get("Content-Encoding") != "" && !strings.EqualFold(a.header.Get("Content-Encoding"), "identity")
}

// wrong says how an envelope differs from the documented one, except its request_id.
func (e *envelope) wrong(succeeded bool) (all []string) {
	if e.kinds["code"] != "a string" {
		all = append(all, "code is "+e.kinds["code"])
	}
	if kind := e.kinds["msg"]; kind != "a string" && kind != "null" && kind != absent {
		all = append(all, "msg is "+kind)
	}
	if kind := e.kinds["data"]; !succeeded && kind != "null" && kind != absent {
		all = append(all, "data of a failure is "+kind)
	}
	if e.marked {
		all = append(all, "it begins with a byte order mark")
	}
	return all
}

// otherFields names the undocumented fields, which the SDK ignores.
func (x *examination) otherFields(ctx context.Context) string {
	others := x.answer(ctx, askPicture).envelope
	if others == nil || len(others.others) == 0 {
		return ""
	}
	return ", and undocumented fields: " + x.foreign(strings.Join(others.others, ", "))
}

func (x *examination) ownRequestIDs(ctx context.Context) finding {
	const maxLength = 64 // as documented
	answers := []*answer{x.answer(ctx, askPicture), x.send(ctx, askPicture), x.send(ctx, askPicture)}
	seen := map[string]bool{}
	for _, a := range answers {
		switch {
		case a.envelope == nil:
			return unclear(a.String())
		case a.envelope.kinds["request_id"] != "a string":
			return refuted("the request_id is " + a.envelope.kinds["request_id"])
		case a.envelope.requestID == "" || utf8.RuneCountInString(a.envelope.requestID) > maxLength:
			return refuted(fmt.Sprintf("a request_id has %d characters", utf8.RuneCountInString(a.envelope.requestID)))
		case seen[a.envelope.requestID]:
			return refuted("two responses have the same request_id")
		}
		seen[a.envelope.requestID] = true
	}
	return holds(fmt.Sprintf("%d responses, %d ids, of %d characters", len(answers), len(seen), utf8.RuneCountInString(answers[0].envelope.requestID)))
}

func (x *examination) failuresAt200(ctx context.Context) finding {
	a := x.answer(ctx, askToken)
	switch {
	case a.failed != "" || a.envelope == nil || a.code() == openplatform.CodeOK:
		return unclear("CheckToken of an invented token: " + a.String())
	case a.status == http.StatusOK:
		return holds("CheckToken of an invented token: " + a.String())
	default:
		return refuted("CheckToken of an invented token: " + a.String())
	}
}

func (x *examination) contentType(ctx context.Context) finding {
	seen := ""
	for _, o := range operations {
		a := x.answer(ctx, o.probe)
		if a.isEncoded() {
			return refuted(fmt.Sprintf("%s: compressed with %s, which was not requested", o.operation, x.foreign(a.header.Get("Content-Encoding"))))
		}
		if a.envelope == nil {
			continue
		}
		said := a.header.Get("Content-Type")
		if wrong := wrongType(a.mediaType(), said, a.body); wrong != "" {
			return refuted(o.operation + ": " + x.foreign(wrong))
		}
		seen = said
	}
	if seen == "" {
		return unclear("GetImgCode: " + x.answer(ctx, askPicture).String())
	}
	return holds(x.foreign(seen))
}

func wrongType(mediaType, said string, body []byte) string {
	switch {
	case said == "":
		return "there is no Content-Type"
	case mediaType != typeJSON:
		return "the Content-Type is " + said
	case !utf8.Valid(body):
		return "the body is not UTF-8 (" + said + ")"
	default:
		return ""
	}
}

func (x *examination) emptyObject(ctx context.Context) finding {
	object, empty := x.answer(ctx, askPicture), x.answer(ctx, askEmpty)
	found := fmt.Sprintf("GetImgCode with {}: %s; with an empty body: %s", object, empty)
	switch {
	case object.succeeded():
		return holds(found)
	case empty.succeeded():
		return refuted(found)
	default:
		return unclear(found)
	}
}

func (x *examination) picture(ctx context.Context) finding {
	a := x.answer(ctx, askPicture)
	if !a.succeeded() {
		a = x.answer(ctx, askEmpty)
	}
	if !a.succeeded() {
		return unclear("GetImgCode: " + a.String())
	}
	var data openplatform.ImgCode
	if err := json.Unmarshal(a.envelope.data, &data); err != nil {
		return refuted("data is not img and img_code_id, both strings")
	}
	if data.Img == "" || data.ImgCodeID == "" {
		return refuted("img or img_code_id is missing")
	}
	content, mediaType, err := data.Picture()
	if err != nil {
		return refuted(x.foreign(strings.TrimPrefix(err.Error(), "openplatform: ")))
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		return refuted("the picture, called " + x.foreign(mediaType) + ", cannot be decoded")
	}
	found := fmt.Sprintf("a %s of %d×%d pixels and %.1f KiB, called %s; its id has %d characters",
		strings.ToUpper(format), config.Width, config.Height, float64(len(content))/1024, mediaType, utf8.RuneCountInString(data.ImgCodeID))
	if format != "jpeg" {
		return refuted(found)
	}
	return holds(found)
}

func (x *examination) jsonBody(ctx context.Context) finding {
	a := x.answer(ctx, askTicket)
	found := "GetServiceTicket with invented tokens: " + a.String()
	isUnread := slices.Contains([]string{"access_token", "token"}, a.missingParameter()) || a.code() == openplatform.CodeMalformedRequest ||
		a.failed == "" && a.status == http.StatusUnsupportedMediaType
	switch {
	case isUnread:
		return refuted(found + x.readsForms(ctx))
	case a.trouble() != "":
		return unclear(found)
	case a.class() == 401:
		return holds(found + ", so it has read them")
	default:
		return unclear(found)
	}
}

// readsForms says whether the platform reads the same parameters from a form.
func (x *examination) readsForms(ctx context.Context) string {
	if a := x.answer(ctx, askForm); a.class() == 401 {
		return "; it reads an HTML form: " + a.String()
	}
	return "; it does not read a form either"
}

// An expectation is the documented code for the mistake in a probe.
type expectation struct {
	what  string
	probe probe
	codes []openplatform.Code // the first is the documented one
}

var expectations = []expectation{
	{"CheckToken of an invented token", askToken, []openplatform.Code{openplatform.CodeInvalidToken}},
	{"CheckToken without a token", askNoToken, []openplatform.Code{openplatform.CodeMissingParameter}},
	// It is not documented which of the two it checks first.
	{"GetServiceTicket with invented tokens", askTicket, []openplatform.Code{openplatform.CodeInvalidAccessToken, openplatform.CodeInvalidToken}},
}

var madeUpClient = expectation{"GetAccessToken with an invented client_id", askClient, []openplatform.Code{openplatform.CodeInvalidClientID}}

func (x *examination) documentedCodes(ctx context.Context) finding {
	all := expectations
	if x.Tries {
		all = append(slices.Clone(all), madeUpClient)
	}
	var wrong, right []string
	trouble := ""
	for _, e := range all {
		a := x.answer(ctx, e.probe)
		isUnread := e.probe == askTicket && x.statuses["json_body"] == Refuted
		switch {
		case slices.Contains(e.codes, a.code()):
			right = append(right, string(a.code()))
		case isUnread || a.trouble() != "":
			trouble = cmp.Or(trouble, e.what+": "+a.String())
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %s, not code %s", e.what, a, e.codes[0]))
		}
	}
	switch {
	case len(wrong) > 0:
		return refuted(strings.Join(wrong, "; "))
	case len(right) == 0:
		return unclear(trouble)
	default:
		return holds("codes " + strings.Join(right, ", ") + " are as the pages say")
	}
}

func (x *examination) unknownPaths(ctx context.Context) finding {
	a := x.answer(ctx, askUnknown)
	switch {
	case a.code() == openplatform.CodeUnknownAPI:
		return holds(a.String())
	case a.wantsCaller(), a.failed != "", a.isBusy(), a.isRedirect(), x.answer(ctx, askPicture).envelope == nil:
		return unclear(a.String())
	default:
		return refuted(a.String())
	}
}

func (x *examination) otherMethods(ctx context.Context) finding {
	return ok("GetImgCode by GET: " + x.answer(ctx, askOtherVerb).String())
}

func (x *examination) once(ctx context.Context) finding {
	first, second := x.send(ctx, askToken), x.send(ctx, askToken)
	switch {
	case first.envelope == nil || second.envelope == nil:
		return unclear(cmp.Or(first.trouble(), second.trouble()))
	case first.code() == openplatform.CodeDuplicateRequest:
		return refuted("a request that was sent once was refused as a duplicate: " + first.String())
	case second.code() == openplatform.CodeDuplicateRequest:
		return unclear("the platform refuses a repeated read: " + second.String())
	case x.statuses["request_ids"] != Holds:
		return unclear("responses cannot be distinguished by their request_id")
	case first.envelope.requestID == second.envelope.requestID, first.header.Get("Age") != "", second.header.Get("Age") != "":
		return refuted("a response to CheckToken came from a cache, not from the platform")
	default:
		return holds("the same read twice got two responses; a gateway that repeats requests only after a failure cannot be detected")
	}
}

// sdk checks whether a call of the SDK succeeds.
func (x *examination) sdk(ctx context.Context) finding {
	resp, err := x.client.GetImgCode(ctx)
	if err != nil {
		return bad(err.Error(), "See the lines above.") // the SDK's errors hold no secret
	}
	return ok("GetImgCode: code " + string(resp.Code) + " " + mask.Cut(x.foreign(resp.Msg), 40))
}
