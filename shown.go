package openplatform

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// secretsOf returns what of params must not be printed.
func secretsOf(params []param) []mask.Secret {
	var secrets []mask.Secret
	for _, p := range params {
		if p.mask != nil && p.mask(p.value) != p.value {
			secrets = append(secrets, mask.Secret{Value: p.value, Mask: p.mask})
		}
	}
	return secrets
}

// shown is how a field prints.
func (p param) shown() string {
	if p.mask == nil {
		return mask.Cut(mask.Plain(p.value), maxMsg)
	}
	return mask.Cut(mask.Plain(p.mask(p.value)), maxMsg)
}

// printParams is what a documented type prints under every verb.
func printParams(w io.Writer, params []param) { _, _ = io.WriteString(w, paramsText(params)) }

func paramsText(params []param) string {
	fields := make([]string, len(params))
	for i, p := range params {
		fields[i] = p.name + ":" + p.shown()
	}
	return "{" + strings.Join(fields, " ") + "}"
}

// logParams is what a documented type logs.
func logParams(params []param) slog.Value {
	attrs := make([]slog.Attr, len(params))
	for i, p := range params {
		attrs[i] = slog.String(p.name, p.shown())
	}
	return slog.GroupValue(attrs...)
}

// maskedPrefix begins the JSON of every request, so that Do can find it.
const maskedPrefix = "masked {"

// maskedJSON is the JSON of a request: one string, for the many loggers that print JSON.
// To read it back as a request fails, so that nothing passes a masked phone number on.
func maskedJSON(params []param) ([]byte, error) { return json.Marshal("masked " + paramsText(params)) }

// shownText is a text of the platform's as it is printed: without what the params hold.
func shownText(s string, params []param, limit int) string {
	if s == "" || s == msgOK {
		return s
	}
	return mask.Cut(mask.Text(s, secretsOf(params)), limit)
}

func shownRequestID(id string, params []param) string {
	return mask.Cut(mask.RequestID(id, secretsOf(params)), maxRequestID)
}

// shownCode leaves a code of the documented form alone, whatever else the request said:
// programs and people tell failures by it.
func shownCode(code Code, params []param) Code {
	switch class := code.class(); {
	case class != 0 && len(code) <= len(CodeInvalidToken):
		return code
	case 400 <= class && class <= 599: // of digits: among contacts it would be a phone number
		return Code(mask.Cut(mask.Secrets(string(code), secretsOf(params)), maxCode))
	default:
		return Code(shownText(string(code), params, maxCode))
	}
}

const maxErrorText = 1000 // bytes

// errorText puts an error on one line. If it is too long, what happened gives way
// first, the operation and the request id last.
func errorText(operation, what, details string) string {
	head := cutBytes("openplatform: "+mask.Plain(operation), maxErrorText/4) + ": "
	tail := " (" + cutBytes(mask.Plain(details), maxErrorText/2) + ")"
	return head + cutBytes(mask.Plain(what), maxErrorText-len(head)-len(tail)) + tail
}

func cutBytes(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len("…")], "") + "…"
}

func printError(f fmt.State, err error) { _, _ = io.WriteString(f, err.Error()) }
