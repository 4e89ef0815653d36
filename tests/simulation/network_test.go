package simulation

import (
	"context"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A line is a connection as the client has it. The platform learns from it on whose behalf a request comes, with
// nothing added to the request.
type line struct {
	net.Conn
	owner  atomic.Pointer[attempt]
	closed chan struct{} // by the client
	once   sync.Once
}

func (l *line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Conn.Close()
}

const dialTimeout = 5 * time.Second // of the SDK's own transport, too

// dial makes a connection, or fails as networks do.
func (w *world) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	f, delay := w.drawDial()
	if f == dialHangs {
		delay = dialTimeout
	}
	if err := sleep(ctx, delay); err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	switch f {
	case dialRefused:
		w.add("network: refused")
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	case dialUnknownHost:
		w.add("network: no such host")
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "platform.test", IsNotFound: true}}
	case dialHangs:
		w.add("network: no connection within %v", dialTimeout)
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
	ours, theirs := net.Pipe()
	l := &line{Conn: ours, closed: make(chan struct{})}
	w.peers.Add(1)
	go (&peer{world: w, line: l, conn: theirs, dies: f == connectionDies}).serve()
	return l, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
