package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// faultJSON is a Fault in JSON, with the names of the control API.
type faultJSON struct {
	Operation  Operation         `json:"operation,omitempty"`
	Times      int               `json:"times,omitempty"`
	Share      int               `json:"share,omitempty"`
	After      bool              `json:"after,omitempty"`
	Delay      Duration          `json:"delay,omitzero"`
	MaxDelay   Duration          `json:"max_delay,omitzero"`
	Drop       bool              `json:"drop,omitempty"`
	Preset     Preset            `json:"preset,omitempty"`
	Code       string            `json:"code,omitempty"`
	Msg        string            `json:"msg,omitempty"`
	HTTPStatus int               `json:"http_status,omitempty"`
	Header     map[string]string `json:"header,omitempty"`
	Body       string            `json:"body,omitempty"`
	BodyBase64 []byte            `json:"body_base64,omitempty"`
}

// MarshalJSON implements json.Marshaler with the format of the control API: {"operation": "SendSmsCode", "delay": "2s",
// "drop": true}. Several values of a header are joined with commas (RFC 9110).
func (f Fault) MarshalJSON() ([]byte, error) {
	out := faultJSON{
		Operation: f.Operation, Times: max(f.Times, 0), Share: f.Share, After: f.After,
		Delay: Duration(f.Delay), MaxDelay: Duration(f.MaxDelay),
		Drop: f.Drop, Preset: f.Preset, Code: f.Code, Msg: f.Msg, HTTPStatus: f.HTTPStatus, Body: f.Body,
	}
	if !utf8.ValidString(f.Body) {
		out.Body, out.BodyBase64 = "", []byte(f.Body)
	}
	if len(f.Header) > 0 {
		out.Header = make(map[string]string, len(f.Header))
	}
	for name, values := range f.Header {
		out.Header[name] = strings.Join(values, ", ")
	}
	return json.Marshal(out)
}

// UnmarshalJSON implements json.Unmarshaler for the same format. An unknown field is an error.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var in faultJSON
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		return err
	}
	*f = Fault{
		Operation: in.Operation, Times: in.Times, Share: in.Share, After: in.After,
		Delay: time.Duration(in.Delay), MaxDelay: time.Duration(in.MaxDelay),
		Drop: in.Drop, Preset: in.Preset, Code: in.Code, Msg: in.Msg, HTTPStatus: in.HTTPStatus, Body: in.Body,
	}
	if len(in.BodyBase64) > 0 {
		f.Body = string(in.BodyBase64)
	}
	if len(in.Header) > 0 {
		f.Header = make(http.Header, len(in.Header))
	}
	for name, value := range in.Header {
		f.Header.Set(name, value)
	}
	return nil
}

// Duration is a time.Duration that is a string in JSON, such as 1m30s.
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler with the format of time.Duration.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler with time.ParseDuration.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Duration(parsed)
	return err
}
