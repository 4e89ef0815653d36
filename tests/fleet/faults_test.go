package fleet

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/internal/redistest"
)

// A backend is a Redis that can be broken.
type backend interface {
	// address is how a process finds it: the name of the master is Sentinel's.
	address() (addrs []string, master string)
	faults() []fault
}

// A fault is something that goes wrong with Redis. strike begins it, and returns what ends it.
type fault struct {
	name, chinese string
	strike        func(t *testing.T) (mend func())
}

// A single is one server, behind a proxy.
type single struct {
	server *redistest.Server
	proxy  *toxiproxy.Proxy
}

func startSingle(t *testing.T) backend {
	t.Helper()
	s := &single{server: redistest.Start(t)}
	s.proxy = startProxy(t, s.server.Addr)
	return s
}

func (s *single) address() (addrs []string, master string) { return []string{s.proxy.Listen}, "" }

func (s *single) faults() []fault {
	return []fault{
		{"killed", "进程被杀", s.killed},
		{"hung (SIGSTOP)", "挂起（SIGSTOP）", s.hung},
		{"flushed, five times a second", "每秒清空五次", s.flushed},
		{"full (maxmemory, noeviction)", "内存已满（maxmemory，noeviction）", s.full},
		{"sending garbage", "返回乱码", s.garbage},
		{"slow, 200 to 600 ms a response", "响应慢，每次 200～600 ms", s.slow},
	}
}

func (s *single) killed(t *testing.T) func() {
	t.Helper()
	s.server.Kill()
	s.proxy.Stop() // or it would accept connections to nobody
	return func() {
		s.server.Restart()
		require.NoError(t, s.proxy.Start())
	}
}

func (s *single) hung(*testing.T) func() {
	s.server.Stop()
	return s.server.Continue
}

func (s *single) flushed(t *testing.T) func() {
	t.Helper()
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case <-time.After(200 * time.Millisecond):
			}
			for _, command := range []string{"FLUSHALL", "SCRIPT FLUSH"} {
				_, err := s.server.Do(strings.Fields(command)...)
				assert.NoError(t, err)
			}
		}
	}()
	return func() { close(over); <-done }
}

func (s *single) full(*testing.T) func() {
	s.server.MustDo("CONFIG", "SET", "maxmemory", "1")
	return func() { s.server.MustDo("CONFIG", "SET", "maxmemory", "0") }
}

func (s *single) garbage(t *testing.T) func() {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go talkNonsense(conn)
		}
	}()
	s.lead(t, listener.Addr().String())
	return func() {
		s.lead(t, s.server.Addr)
		_ = listener.Close()
	}
}

// talkNonsense answers each script with something else, once it has got rid of what go-redis says of itself.
func talkNonsense(conn net.Conn) {
	defer conn.Close() //nolint:errcheck // it has served its purpose
	answers := []string{"+OK\r\n", "*1\r\n:7\r\n", "$3\r\nabc\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x01\x02\r\n"}
	request := make([]byte, 1<<16)
	for {
		n, err := conn.Read(request)
		if err != nil {
			return
		}
		text := strings.Repeat("-ERR unknown command\r\n", bytes.Count(request[:n], []byte("*")))
		if bytes.Contains(request[:n], []byte("eval")) {
			text = answers[rand.IntN(len(answers))] //nolint:gosec // nonsense
		}
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
}

// lead has the proxy lead somewhere else, and ends its connections.
func (s *single) lead(t *testing.T, to string) {
	t.Helper()
	require.NoError(t, s.proxy.Update(&toxiproxy.Proxy{Listen: s.proxy.Listen, Upstream: to, Enabled: true}))
}

func (s *single) slow(t *testing.T) func() {
	t.Helper()
	_, err := s.proxy.Toxics.AddToxicJson(strings.NewReader(
		`{"name": "slow", "type": "latency", "stream": "downstream", "attributes": {"latency": 400, "jitter": 200}}`))
	require.NoError(t, err)
	return func() { require.NoError(t, s.proxy.Toxics.RemoveToxic(t.Context(), "slow")) }
}

// proxyPort is where the proxies' ports come from: below those that systems hand out by themselves, so that nobody is
// given the port of a proxy that is down.
var proxyPort atomic.Int64

func startProxy(t *testing.T, upstream string) *toxiproxy.Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, t.Name(), "", upstream)
	const firstPort, ports = 10_000, 10_000
	for range 100 {
		p.Listen = fmt.Sprintf("127.0.0.1:%d", firstPort+(int64(os.Getpid())+proxyPort.Add(1))%ports)
		if p.Start() == nil {
			t.Cleanup(p.Stop)
			return p
		}
	}
	require.Fail(t, "no port is free")
	return nil
}

// A replicated is a master with a replica, and Sentinels.
type replicated struct{ *redistest.Replicated }

func startReplicated(t *testing.T) backend {
	t.Helper()
	return replicated{redistest.StartReplicated(t)}
}

func (r replicated) address() (addrs []string, master string) {
	return r.Sentinels, redistest.MasterName
}

func (r replicated) faults() []fault {
	return []fault{{"failing over (Sentinel)", "主从切换（Sentinel）", r.failingOver}}
}

// failingOver ends when the replica is master.
func (r replicated) failingOver(*testing.T) func() {
	r.Master.Kill()
	return r.AwaitFailover
}
