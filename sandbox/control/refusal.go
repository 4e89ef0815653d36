package control

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// refusal is an error with its HTTP status.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refusef(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// badRequest returns the error for an invalid request.
func badRequest(format string, args ...any) error {
	return refusef(http.StatusBadRequest, format, args...)
}

// failure is the body of an error: the platform's envelope.
type failure struct {
	RequestID string `json:"request_id"`
	Code      string `json:"code"`
	Msg       string `json:"msg"`
	Data      any    `json:"data"`
}

// refuse responds with an error.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if r := (*refusal)(nil); errors.As(err, &r) {
		status = r.status
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, failure{RequestID: rand.Text(), Code: strconv.Itoa(status), Msg: err.Error()}, writeTimeout)
}

// writeTimeout is how long a client may take to read a response.
const writeTimeout = 10 * time.Second

// writeJSON responds with a value. It ignores write errors: they mean that the client has gone.
func writeJSON(w http.ResponseWriter, status int, value any, timeout time.Duration) {
	body, err := json.Marshal(value)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	setHeaders(w.Header())
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	limitWrite(w, timeout)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func limitWrite(w http.ResponseWriter, timeout time.Duration) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout)) // without support, the limits of its server apply
}

// setHeaders sets the headers of the page and the API: same origin only, no cache, no type guessing.
func setHeaders(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Content-Security-Policy", contentSecurityPolicy)
}

// contentSecurityPolicy allows only the page's own files, and no markup from text.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
