package auth

import (
	"context"
	"maps"
	"net/http"
	"strings"
)

// A Carrier says where a request carries its token.
type Carrier struct {
	read      func(*http.Request) (token string, err error)
	remove    func(http.Header) // removes the token from a copy of the header; may be nil
	challenge string            // WWW-Authenticate
}

// Cookie takes the token from a cookie.
func Cookie(name string) Carrier {
	return Carrier{
		read: func(r *http.Request) (string, error) {
			cookie, err := r.Cookie(name)
			if err != nil { // there is none
				return "", nil //nolint:nilerr // as documented of Request.Cookie
			}
			return cookie.Value, nil
		},
		remove: func(h http.Header) { removeCookie(h, name) },
	}
}

// Bearer takes the token from the header "Authorization: Bearer TOKEN".
func Bearer() Carrier {
	return Carrier{
		read: func(r *http.Request) (string, error) {
			scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			if !strings.EqualFold(scheme, "Bearer") {
				return "", nil
			}
			return strings.TrimSpace(token), nil
		},
		remove:    func(h http.Header) { h.Del("Authorization") },
		challenge: "Bearer",
	}
}

// Func takes the token from read, for example from your session store. read returns "" for a
// request without a token. If it returns an error, the response is 503. remove may be nil; it
// removes the token from the header of the request that is passed on.
func Func(read func(*http.Request) (token string, err error), remove func(http.Header)) Carrier {
	return Carrier{read: read, remove: remove}
}

// strip returns a copy of r with ctx and without the token. It does not change r's header.
func (c Carrier) strip(ctx context.Context, r *http.Request) *http.Request {
	stripped := r.WithContext(ctx)
	if c.remove != nil {
		stripped.Header = maps.Clone(r.Header)
		c.remove(stripped.Header)
	}
	return stripped
}

// removeCookie removes a cookie from a header. It does not change the header's values in place.
func removeCookie(h http.Header, name string) {
	others := make([]string, 0, 8) // enough for most, without an allocation
	for _, line := range h["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			part = strings.TrimSpace(part)
			if key, _, _ := strings.Cut(part, "="); part != "" && strings.TrimSpace(key) != name {
				others = append(others, part)
			}
		}
	}
	if len(others) == 0 {
		h.Del("Cookie")
		return
	}
	h["Cookie"] = []string{strings.Join(others, "; ")}
}
