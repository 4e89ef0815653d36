// Package redistest runs Redis servers during a test: one server, a cluster, or a master with a
// replica and Sentinels.
package redistest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Server is a redis-server on the loopback interface, which keeps nothing on disk.
type Server struct {
	Addr string

	tb     testing.TB
	config string
	cmd    *exec.Cmd
	leash  *leash
}

// Start starts a server with additional lines of configuration.
func Start(tb testing.TB, lines ...string) *Server {
	tb.Helper()
	const tries = 5 // somebody else may take the port between the look at it and its use
	for range tries {
		s := &Server{tb: tb, Addr: freeAddr(tb)}
		s.configure(lines)
		if s.start() {
			tb.Cleanup(s.Kill)
			return s
		}
		s.Kill()
	}
	tb.Fatal("redis-server does not start")
	return nil
}

// Port returns the server's port.
func (s *Server) Port() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}

func (s *Server) configure(lines []string) {
	s.tb.Helper()
	dir := s.tb.TempDir()
	s.config = filepath.Join(dir, "redis.conf")
	lines = append([]string{
		"bind 127.0.0.1", "port " + s.Port(), "dir " + dir, "logfile " + filepath.Join(dir, "log"), `save ""`, "appendonly no",
	}, lines...)
	if err := os.WriteFile(s.config, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		s.tb.Fatal(err)
	}
}

// start starts the process, and reports whether it answers.
func (s *Server) start() bool {
	s.tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatal("redis-server is not installed, and this test is about the real one: apt-get install redis-server")
	}
	s.cmd = exec.Command(program, s.config) //nolint:gosec,noctx // the server that was looked for; Kill ends it
	if s.sentinel() {
		s.cmd.Args = append(s.cmd.Args, "--sentinel")
	}
	if err := s.cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	s.leash = newLeash(s.tb, s.cmd.Process.Pid)
	return s.answers()
}

func (s *Server) sentinel() bool {
	text, _ := os.ReadFile(s.config)
	return strings.Contains(string(text), "sentinel monitor")
}

func (s *Server) answers() bool {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if answer, err := s.Do("INFO", "server"); err == nil && strings.Contains(answer, "process_id:"+strconv.Itoa(s.cmd.Process.Pid)+"\r") {
			return true
		}
	}
	return false
}

// Kill ends the server like a crash. Killing it again does nothing.
func (s *Server) Kill() {
	if s.leash == nil {
		return
	}
	s.leash.pull()
	s.leash = nil
	_ = s.cmd.Wait() // the error of a killed process is expected
}

// Restart starts the server again after Kill, on its old port, with nothing in it.
func (s *Server) Restart() {
	s.tb.Helper()
	if !s.start() {
		s.tb.Fatal("redis-server does not start again")
	}
}

// MustDo sends a command and returns the response, which must not be an error.
func (s *Server) MustDo(args ...string) (answer string) {
	s.tb.Helper()
	answer, err := s.Do(args...)
	if err != nil {
		s.tb.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return answer
}

// Do does a command over a connection of its own, and returns an answer of one value.
func (s *Server) Do(args ...string) (answer string, err error) {
	conn, err := net.DialTimeout("tcp", s.Addr, 5*time.Second) //nolint:noctx // it has a timeout
	if err != nil {
		return "", err
	}
	defer conn.Close() //nolint:errcheck // it has served its purpose
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	command := fmt.Sprintf("*%d\r\n", len(args))
	for _, arg := range args {
		command += fmt.Sprintf("$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := io.WriteString(conn, command); err != nil {
		return "", err
	}
	return readAnswer(bufio.NewReader(conn))
}

func readAnswer(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSuffix(line, "\r\n")
	kind, rest := line[0], line[1:]
	switch kind {
	case '-':
		return "", fmt.Errorf("the server says %s", rest)
	case '$':
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return "", err
		}
		text := make([]byte, n)
		_, err = io.ReadFull(r, text)
		return string(text), err
	default:
		return rest, nil
	}
}

// A leash kills a process when it is pulled, and when this process ends, however it does.
type leash struct {
	held io.Closer
	cmd  *exec.Cmd
}

func newLeash(tb testing.TB, pid int) *leash {
	tb.Helper()
	cmd := exec.Command("sh", "-c", "cat; kill -9 "+strconv.Itoa(pid)) //nolint:gosec,noctx // a number; pull ends it
	held, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return &leash{held: held, cmd: cmd}
}

// pull returns when the process was killed. It must not have been waited for yet: its id could be
// another's.
func (l *leash) pull() {
	_ = l.held.Close()
	_ = l.cmd.Wait()
}

// freeAddr picks a port that nobody listens on, below those that the system gives to whoever asks
// for any.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)) //nolint:gosec // a port needs no secrecy
		if listener, err := net.Listen("tcp", addr); err == nil {   //nolint:noctx // it does not wait
			_ = listener.Close()
			return addr
		}
	}
	tb.Fatal("no port is free")
	return ""
}
