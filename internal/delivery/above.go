package delivery

import (
	"bytes"
	"errors"
	"io"
	"net/http"
)

// An ending is the result of reading a body.
type ending struct{ err error }

func (e ending) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

// Above returns a RoundTripper above the caller's wrappers, which are above a [Transport]. It
// gives them a request with a readable body. The Transport delivers at most once, whatever the
// wrappers do.
func Above(wrappers http.RoundTripper) http.RoundTripper { return above{wrappers} }

type above struct{ next http.RoundTripper }

func (w above) RoundTrip(req *http.Request) (*http.Response, error) {
	a := attemptOf(req)
	if a == nil || a.wrapped {
		return nil, errors.New("openplatform: a request is sent once, and within its call")
	}
	a.wrapped = true
	visible := *req
	visible.GetBody, visible.ContentLength = nil, int64(len(a.content))
	visible.Body = io.NopCloser(bytes.NewReader(a.content))
	resp, err := w.next.RoundTrip(&visible)
	if err != nil {
		if resp != nil && resp.Body != nil {
			_ = resp.Body.Close()
		}
		return nil, err
	}
	if resp == nil {
		return nil, nil
	}
	a.body, a.bodyErr = readAll(resp)
	return resp, nil
}
