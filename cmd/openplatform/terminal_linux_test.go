package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebaas/openplatform-go/sandbox"
)

// openTerminal returns both ends of a terminal.
func openTerminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = person.Close() })
	ask := func(request uintptr, argument *int32) {
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(argument))) //nolint:gosec // as ioctl wants it
		require.Zero(t, errno)
	}
	var number, locked int32
	ask(syscall.TIOCSPTLCK, &locked)
	ask(syscall.TIOCGPTN, &number)
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// The program itself, at a terminal: what is secret does not show there.
func TestSecretsAreTypedUnseen(t *testing.T) {
	sb := sandbox.Start(t)
	person, terminal := openTerminal(t)
	var screen, stdout output
	go func() {
		buffer := make([]byte, 1024)
		for {
			n, err := person.Read(buffer)
			if err != nil {
				return
			}
			_, _ = screen.Write(buffer[:n])
		}
	}()
	program := exec.CommandContext(t.Context(), os.Args[0], "call", "GetAccessToken", "-base-url", sb.URL) //nolint:gosec // this very binary
	program.Env = append(os.Environ(), asProgram+"=1")
	program.Stdin, program.Stdout, program.Stderr = terminal, &stdout, terminal
	require.NoError(t, program.Start())
	typeAfter := func(question, text string) {
		require.Eventually(t, func() bool { return strings.HasSuffix(screen.String(), question) }, 10*time.Second, time.Millisecond, "%s", &screen)
		_, err := person.WriteString(text + "\n")
		require.NoError(t, err)
	}
	typeAfter("client_id: ", sandbox.DemoClientID)
	typeAfter("client_secret: ", sandbox.DemoClientSecret)
	require.NoError(t, program.Wait(), "%s%s", &screen, &stdout)
	assert.Contains(t, screen.String(), sandbox.DemoClientID)
	assert.NotContains(t, screen.String(), sandbox.DemoClientSecret)
	assert.Contains(t, stdout.String(), "succeeded")
}

// Ctrl-C while a secret is typed leaves a terminal that shows what is typed.
func TestATerminalIsLeftAsItWas(t *testing.T) {
	person, terminal := openTerminal(t)
	program := exec.CommandContext(t.Context(), os.Args[0], "call", "CheckToken", "-base-url", "http://127.0.0.1:1") //nolint:gosec // this very binary
	program.Env = append(os.Environ(), asProgram+"=1")
	program.Stdin, program.Stderr = terminal, terminal
	before := settings(t, terminal)
	require.NoError(t, program.Start())
	question := make([]byte, len("token: "))
	_, err := io.ReadFull(person, question)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return settings(t, terminal).Lflag&(syscall.ECHO|syscall.ICANON) == syscall.ICANON },
		10*time.Second, time.Millisecond, "it waits for the secret")
	require.NoError(t, program.Process.Signal(os.Interrupt))
	require.Error(t, program.Wait(), "it was interrupted")
	assert.Equal(t, before, settings(t, terminal))
}

func settings(t *testing.T, terminal *os.File) (s syscall.Termios) {
	t.Helper()
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, terminal.Fd(), syscall.TCGETS, uintptr(unsafe.Pointer(&s))) //nolint:gosec // as ioctl wants it
	require.Zero(t, errno)
	return s
}

// What everybody on the machine can read of a program: its command line, and those of what it starts.
func TestNoSecretIsInTheProcessList(t *testing.T) {
	arrived, finish := make(chan struct{}, 1), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-finish
	}))
	defer server.Close()
	defer close(finish)
	for _, args := range [][]string{
		{"call", "Login", "-account-file", writeFile(t, "13900001111")},
		{"doctor", "-sso", "-client-id", "shop", "-timeout", "1m"},
	} {
		program := exec.CommandContext(t.Context(), os.Args[0], append(args, "-base-url", server.URL)...) //nolint:gosec // this very binary
		program.Env = append(os.Environ(), asProgram+"=1", "OPENPLATFORM_CLIENT_SECRET=planted-secret", "OPENPLATFORM_TOKEN=planted-token")
		program.Stdin = strings.NewReader(`{"password": "planted-password"}`)
		require.NoError(t, program.Start())
		<-arrived
		processes := commandLines(t, program.Process.Pid)
		assert.Contains(t, processes, strings.Join(args, "\x00"), "the program is there")
		for _, secret := range []string{"planted-secret", "planted-token", "planted-password", "13900001111"} {
			assert.NotContains(t, processes, secret)
		}
		require.NoError(t, program.Process.Kill())
		_ = program.Wait() // it was killed
	}
}

// commandLines returns those of a process and of all that it started.
func commandLines(t *testing.T, pid int) string {
	t.Helper()
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) //nolint:gosec // of this test's program
	require.NoError(t, err)
	all := string(line)
	entries, err := os.ReadDir("/proc")
	require.NoError(t, err)
	for _, entry := range entries {
		status, _ := os.ReadFile("/proc/" + entry.Name() + "/status") // a process may have ended, and not all entries are one
		if child, err := strconv.Atoi(entry.Name()); err == nil && strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", pid)) {
			all += "\n" + commandLines(t, child)
		}
	}
	return all
}
