package delivery

import (
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// A clone is a copy of a caller's transport, kept while it is used.
type clone struct {
	transport weak.Pointer[http.Transport]
	native    bool // it has none of the caller's TLSNextProto entries
}

// clones has the clone of each transport: clients with the same transport share its connections. It
// has weak pointers only, because a clone often refers to its original through a caller's function.
var clones = struct {
	sync.Mutex
	of map[weak.Pointer[http.Transport]]clone
}{of: map[weak.Pointer[http.Transport]]clone{}}

func cloneOf(t *http.Transport) (transport *http.Transport, native bool) {
	clones.Lock()
	defer clones.Unlock()
	key := weak.Make(t)
	if known, ok := clones.of[key]; ok {
		if transport := known.transport.Value(); transport != nil {
			return transport, known.native
		}
	}
	fresh := t.Clone()
	isNative := len(fresh.TLSNextProto) == 0
	rememberClone(key, fresh, isNative)
	return fresh, isNative
}

// rememberClone requires that clones is locked.
func rememberClone(key weak.Pointer[http.Transport], fresh *http.Transport, native bool) {
	c := clone{weak.Make(fresh), native}
	clones.of[key] = c
	runtime.AddCleanup(fresh, func(key weak.Pointer[http.Transport]) { forgetClone(key, c) }, key)
}

// replaceClone makes future clients of a transport share fresh instead of old.
func replaceClone(old, fresh *http.Transport) {
	clones.Lock()
	defer clones.Unlock()
	for key, c := range clones.of {
		if c.transport == weak.Make(old) {
			rememberClone(key, fresh, c.native)
		}
	}
}

// forgetClone removes c, unless it was replaced.
func forgetClone(key weak.Pointer[http.Transport], c clone) {
	clones.Lock()
	defer clones.Unlock()
	if clones.of[key] == c {
		delete(clones.of, key)
	}
}
