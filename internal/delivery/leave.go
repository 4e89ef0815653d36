package delivery

import (
	"net/http"
	"time"
)

// graceToEnd is the time for a request to end after its ctx. Net/http needs much less.
const graceToEnd = time.Second

type exchanged struct {
	resp     *http.Response
	err      error
	panicked any
}

// exchangeOrLeave is exchange for a net/http that may never return: before Go 1.27, a peer that
// exceeds a stream's HTTP/2 flow control window makes net/http lock a mutex twice, and everything
// that uses the connection hangs, even after its ctx has ended. Then the call abandons the request,
// and the client its connections.
func (t *Transport) exchangeOrLeave(a *Attempt, native *http.Transport, req *http.Request) (*http.Response, error) {
	done := make(chan exchanged, 1)
	go func() {
		var x exchanged
		defer func() {
			x.panicked = recover() // of a caller's hook: it must reach the caller
			done <- x
		}()
		x.resp, x.err = a.exchange(native, req) //nolint:bodyclose // exchange has closed it
	}()
	select {
	case x := <-done:
		return x.passOn()
	case <-a.Done():
	}
	grace := time.NewTimer(graceToEnd)
	defer grace.Stop()
	select {
	case x := <-done:
		return x.passOn()
	case <-grace.C:
		a.connected.Store(true) // nothing is certain about a request that may still run
		if fresh := native.Clone(); t.native.CompareAndSwap(native, fresh) {
			replaceClone(native, fresh)
		}
		return nil, a.Err()
	}
}

func (x exchanged) passOn() (*http.Response, error) {
	if x.panicked != nil {
		panic(x.panicked)
	}
	return x.resp, x.err
}
