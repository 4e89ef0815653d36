package delivery

import (
	"net/http"
	"runtime"
	"sync"
	"weak"
)

// A clone is a copy of a caller's transport, as long as anybody uses it.
type clone struct {
	transport weak.Pointer[http.Transport]
	native    bool // it has no TLSNextProto entries of the caller's
}

// clones has the clone of each transport: those who share a transport share its connections.
// It holds neither: a clone often leads back to its original, by a function of the caller's.
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

// rememberClone needs clones to be locked.
func rememberClone(key weak.Pointer[http.Transport], fresh *http.Transport, native bool) {
	c := clone{weak.Make(fresh), native}
	clones.of[key] = c
	runtime.AddCleanup(fresh, func(key weak.Pointer[http.Transport]) { forgetClone(key, c) }, key)
}

// replaceClone has those who will share a transport share fresh instead of old.
func replaceClone(old, fresh *http.Transport) {
	clones.Lock()
	defer clones.Unlock()
	for key, c := range clones.of {
		if c.transport == weak.Make(old) {
			rememberClone(key, fresh, c.native)
		}
	}
}

// forgetClone forgets c, unless another one has taken its place.
func forgetClone(key weak.Pointer[http.Transport], c clone) {
	clones.Lock()
	defer clones.Unlock()
	if clones.of[key] == c {
		delete(clones.of, key)
	}
}
