package delivery

import (
	"net/http"
	"time"
)

// graceToEnd is how long a request has to end after its ctx has. Net/http takes far less.
const graceToEnd = time.Second

type exchanged struct {
	resp     *http.Response
	err      error
	panicked any
}

// exchangeOrLeave is exchange where net/http may never return: before Go 1.27, a peer that
// overflows a stream's HTTP/2 flow control window makes it lock a mutex twice, and from then
// on whatever touches that connection hangs, whatever its ctx says. The call leaves such a
// request behind, and the client its connections.
func (t *Transport) exchangeOrLeave(a *Attempt, native *http.Transport, req *http.Request) (*http.Response, error) {
	done := make(chan exchanged, 1)
	go func() {
		var x exchanged
		defer func() {
			x.panicked = recover() // of a hook of the caller's, whom it is to reach
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
		a.connected.Store(true) // nothing is proven of what may still go on
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
