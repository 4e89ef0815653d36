package openplatform

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/ebaas/openplatform-go/internal/mask"
)

// secretsOf returns the params that must not be printed.
func secretsOf(params []param) []mask.Secret {
	var secrets []mask.Secret
	for _, p := range params {
		if p.mask != nil && p.mask(p.value) != p.value {
			secrets = append(secrets, mask.Secret{Value: p.value, Mask: p.mask})
		}
	}
	return secrets
}

// shown returns the field as it is printed.
func (p param) shown() string {
	if p.mask == nil {
		return mask.Cut(mask.Plain(p.value), maxMsg)
	}
	return mask.Cut(mask.Plain(p.mask(p.value)), maxMsg)
}

// printParams prints a documented type, for every verb.
func printParams(w io.Writer, params []param) { _, _ = io.WriteString(w, paramsText(params)) }

func paramsText(params []param) string {
	fields := make([]string, len(params))
	for i, p := range params {
		fields[i] = p.name + ":" + p.shown()
	}
	return "{" + strings.Join(fields, " ") + "}"
}

// logParams returns a documented type as it is logged.
func logParams(params []param) slog.Value {
	attrs := make([]slog.Attr, len(params))
	for i, p := range params {
		attrs[i] = slog.String(p.name, p.shown())
	}
	return slog.GroupValue(attrs...)
}

// maskedPrefix begins the JSON of every request, so that Do can find it.
const maskedPrefix = "masked {"

// maskedJSON returns the JSON of a request: one string, for loggers that print JSON. It cannot
// be decoded into a request, so a masked phone number is never used as a real one.
func maskedJSON(params []param) ([]byte, error) { return json.Marshal("masked " + paramsText(params)) }

// shownText returns a text of the platform as it is printed, with the secrets of params masked.
func shownText(s string, params []param, limit int) string {
	if s == "" || s == msgOK {
		return s
	}
	return mask.Cut(mask.Text(s, secretsOf(params)), limit)
}

func shownRequestID(id string, params []param) string {
	return mask.Cut(mask.RequestID(id, secretsOf(params)), maxRequestID)
}

// shownCode does not mask a code of the documented form, because programs and people need it
// to tell failures apart.
func shownCode(code Code, params []param) Code {
	switch class := code.class(); {
	case class != 0 && len(code) <= len(CodeInvalidToken):
		return code
	case 400 <= class && class <= 599: // digits, which would be masked like a phone number
		return Code(mask.Cut(mask.Secrets(string(code), secretsOf(params)), maxCode))
	default:
		return Code(shownText(string(code), params, maxCode))
	}
}

const maxErrorText = 1000 // bytes

// errorText writes an error on one line. If it is too long, the description is cut first, the
// operation and the request id last.
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
