package advice

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// A Problem is an [Advice] as problem details (RFC 9457). Its type is about:blank, so Title is
// the text of Status. Programs tell problems apart by Name.
type Problem struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Status      int    `json:"status"`
	Detail      string `json:"detail"` // the sentence
	Name        string `json:"name"`
	Whose       Whose  `json:"whose"`
	Action      Action `json:"action"`
	WaitSeconds int    `json:"wait_seconds"`
	Operation   string `json:"operation,omitempty"`
	Field       string `json:"field,omitempty"`
	RequestID   string `json:"request_id,omitempty"`
	PlatformMsg string `json:"platform_msg,omitempty"`
}

// Problem returns the advice as problem details, with the sentence in language.
func (a Advice) Problem(language Language) Problem {
	status := cmp.Or(a.Status, http.StatusInternalServerError)
	return Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: a.Sentence.In(language),
		Name: a.Name, Whose: a.Whose, Action: a.Action, WaitSeconds: a.WaitSeconds(),
		Operation: a.Operation, Field: a.Field, RequestID: a.RequestID, PlatformMsg: a.PlatformMsg,
	}
}

// WriteProblem writes the advice as a response with problem details, with the sentence in
// language, and with Retry-After if Wait is not 0.
func (a Advice) WriteProblem(w http.ResponseWriter, language Language) {
	p := a.Problem(language)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", string(language))
	h.Set("Cache-Control", "no-store")
	if p.WaitSeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(p.WaitSeconds))
	}
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client has gone
}

// WaitSeconds returns Wait in seconds, rounded up.
func (a Advice) WaitSeconds() int {
	whole := a.Wait.Truncate(time.Second)
	if whole < a.Wait {
		return int(whole/time.Second) + 1
	}
	return int(whole / time.Second)
}
