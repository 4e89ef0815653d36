package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/stretchr/testify/require"

	openplatform "github.com/ebaas/openplatform-go"
	"github.com/ebaas/openplatform-go/redistokens"
)

const (
	processes  = 8
	goroutines = 50
	patience   = 10 * time.Second // of a caller
	// Each goroutine thinks between two calls: eight hundred calls a second keep no machine busy.
	leastThought, mostThought = 250 * time.Millisecond, 750 * time.Millisecond

	orders = "OPENPLATFORM_FLEET_ORDERS" // in the environment of a process
)

// TestMain is the beginning of a process of the fleet too.
func TestMain(m *testing.M) {
	text := os.Getenv(orders)
	if text == "" {
		os.Exit(m.Run())
	}
	var job job
	err := json.Unmarshal([]byte(text), &job)
	if err == nil {
		err = job.run(os.Stdin, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A job is what a process is to do.
type job struct {
	Process  int
	Platform string   // its URL
	Redis    []string // its addresses, or those of the Sentinels
	Master   string   // what the Sentinels call it
}

// A tally is how the calls went that a process began in one phase.
type tally struct {
	Calls, Failures int
	Rejected        int // failures: each token that a call was given had been ended
	Longest         time.Duration
	Texts           map[string]int // of errors, and of what the log says of the store
}

func (t *tally) add(took time.Duration, err error) {
	t.Calls++
	t.Longest = max(t.Longest, took)
	if err != nil {
		t.Failures++
		t.Texts[err.Error()]++
	}
	if errors.Is(err, openplatform.ErrInvalidAccessToken) {
		t.Rejected++
	}
}

func (t *tally) merge(other *tally) {
	t.Calls += other.Calls
	t.Failures += other.Failures
	t.Rejected += other.Rejected
	t.Longest = max(t.Longest, other.Longest)
	for text, n := range other.Texts {
		t.Texts[text] += n
	}
}

func newTally() *tally { return &tally{Texts: map[string]int{}} }

// run makes calls until there is nothing more to be read from control. Each line of it is the number
// of a new phase. It writes a tally for each phase.
func (j *job) run(control io.Reader, result io.Writer) error {
	logging.Disable()
	book := &book{tallies: []*tally{newTally()}}
	client, err := openplatform.NewClient(openplatform.Test, openplatform.WithBaseURL(j.Platform),
		openplatform.WithHeader(processHeader, strconv.Itoa(j.Process)), openplatform.WithLogger(book.logger()))
	if err != nil {
		return err
	}
	source, err := client.AccessTokenSource("shop", "s3cr3t",
		openplatform.WithTokenStore(redistokens.New(redis.NewUniversalClient(&redis.UniversalOptions{Addrs: j.Redis, MasterName: j.Master}))))
	if err != nil {
		return err
	}
	over := make(chan struct{})
	var callers sync.WaitGroup
	for range goroutines {
		callers.Go(func() {
			for {
				select {
				case <-over:
					return
				case <-time.After(leastThought + rand.N(mostThought-leastThought)): //nolint:gosec // it is a pause
				}
				phase, start := book.phase(), time.Now()
				err := call(client, source)
				book.enter(phase, time.Since(start), err)
			}
		})
	}
	for lines := bufio.NewScanner(control); lines.Scan(); {
		book.turn()
	}
	close(over)
	callers.Wait()
	return json.NewEncoder(result).Encode(book.tallies)
}

// A book is a process's tallies, the last one that of the phase that is on.
type book struct {
	mu      sync.Mutex
	tallies []*tally
}

// phase returns the number of the phase that is on.
func (b *book) phase() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tallies) - 1
}

func (b *book) turn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tallies = append(b.tallies, newTally())
}

// enter notes a call of the phase in which it began, or of the one in which Redis broke while it
// was under way.
func (b *book) enter(began int, took time.Duration, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if kindOf(began) == up && began < len(b.tallies)-1 {
		began++
	}
	b.tallies[began].add(took, err)
}

// logger returns a logger that counts what is said of the store.
func (b *book) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

// Write takes a line of the log. That of a call that has failed is no news.
func (b *book) Write(line []byte) (int, error) {
	if text := strings.TrimSpace(string(line)); strings.Contains(text, "token store") {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.tallies[len(b.tallies)-1].Texts[text]++
	}
	return len(line), nil
}

func call(client *openplatform.Client, source *openplatform.AccessTokenSource) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return source.Use(ctx, func(token string) error {
		_, err := client.GetServiceTicket(ctx, &openplatform.GetServiceTicketRequest{AccessToken: token, Token: "user"})
		return err
	})
}

// A process is one of the fleet, as the test sees it. It ends when the test does, however that is:
// its control is then closed.
type process struct {
	cmd     *exec.Cmd
	control io.WriteCloser
	result  io.Reader
}

func startProcess(t *testing.T, j job) *process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	program, err := os.Executable()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(program)} //nolint:gosec // this test's own program
	p.cmd.Env = append(os.Environ(), orders+"="+string(text))
	p.cmd.Stderr = os.Stderr
	p.control, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	p.result, err = p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // unless it has ended
		_ = p.cmd.Wait()
	})
	return p
}

func (p *process) turn(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(p.control, "\n")
	require.NoError(t, err)
}

// end returns the process's tallies.
func (p *process) end(t *testing.T) (tallies []*tally) {
	t.Helper()
	require.NoError(t, p.control.Close())
	require.NoError(t, json.NewDecoder(p.result).Decode(&tallies))
	require.NoError(t, p.cmd.Wait())
	return tallies
}
