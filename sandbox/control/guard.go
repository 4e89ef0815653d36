package control

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// guard keeps web pages of other origins out.
type guard struct {
	hosts   []string
	origins []string
}

func newGuard(hosts, origins []string) (guard, error) {
	g := guard{origins: origins}
	for _, host := range hosts {
		if host == "" || strings.ContainsAny(host, "/:*@ ") {
			return guard{}, fmt.Errorf("%q is not a host name: use a name without scheme and port, such as sandbox.example.com", host)
		}
		g.hosts = append(g.hosts, strings.ToLower(host))
	}
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme == "" || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return guard{}, fmt.Errorf("%q is not an origin: use scheme, host and port, such as http://localhost:5173", origin)
		}
	}
	return g, nil
}

// check returns an error if a request is refused. Otherwise it sets the CORS headers.
func (g guard) check(w http.ResponseWriter, r *http.Request, isPage bool) error {
	if !g.knowsHost(r.Host) {
		return refusef(http.StatusForbidden, "the host %.80q is unknown: start the sandbox with -host and this name", hostOf(r.Host))
	}
	origin := r.Header.Get("Origin")
	if slices.Contains(g.origins, origin) {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Add("Vary", "Origin")
		return nil
	}
	if sameOrigin(r, origin) || isPage && r.Header.Get("Sec-Fetch-Mode") == "navigate" {
		return nil
	}
	return refusef(http.StatusForbidden, "a page of another origin (%.80q) may not use this sandbox: start it with -origin and this origin", origin)
}

// sameOrigin reports whether a request comes from this page, or not from a web page. Sec-Fetch-Site has priority over
// Origin: no page can forge it, and it is right behind the proxy of a development server, which changes the Host.
func sameOrigin(r *http.Request, origin string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		u, err := url.Parse(origin)
		return origin == "" || err == nil && u.Host == r.Host
	default:
		return false
	}
}

// knowsHost reports whether a Host is allowed. IP addresses and localhost cannot be redirected by DNS.
func (g guard) knowsHost(host string) bool {
	name := hostOf(host)
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(g.hosts, name)
}

// hostOf returns a Host without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// preflight responds to a CORS preflight request that check has allowed.
func (guard) preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
	header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
