package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ebaas/openplatform-go/internal/evidence"
)

// A pass runs some of the benchmarks of the package in a folder. How many calls are made
// over sockets is fixed, for a pool that is too small leaves thousands of closed
// connections behind; over TLS they are fewer, for such a pool takes seconds for each thousand.
type pass struct{ folder, benchmarks, calls, fewCalls string }

const (
	root = ".."
	mask = "../internal/mask"
)

var passes = []pass{
	{".", "^BenchmarkInMemory$", "300ms", "50ms"},
	{".", "^BenchmarkInMemoryCallers$", "20000x", "5000x"},
	{".", "^BenchmarkLoopback$", "3000x", "1000x"},
	{".", "^BenchmarkWaiting$/./^1$", "200x", "100x"},
	{".", "^BenchmarkWaiting$/./^16$", "2000x", "500x"},
	{".", "^BenchmarkWaiting$/^tls-http1$/^(128|512)$", "3000x", "1500x"},
	{".", "^BenchmarkWaiting$/^(http|tls-http2)$/^(128|512)$", "6000x", "2000x"},
	{root, "^BenchmarkLongMessage$", "50x", "5x"},
	{mask, "^BenchmarkSecrets$/^both$/^(409600|1048576)$", "10x", "2x"},
}

// measureAll returns the output of all benchmarks in the format that benchstat reads.
// All of them run before any runs again, so that what else the machine does in the
// meantime meets all contenders alike.
func measureAll(ctx context.Context, count int, quick bool) ([]byte, error) {
	var output bytes.Buffer
	out := io.MultiWriter(&output, os.Stderr)
	_, _ = fmt.Fprintf(out, "date: %s\ncommit: %s\ngo: %s\ncores: %d\n", time.Now().UTC().Format(time.DateOnly),
		cmp.Or(evidence.Commit(), "unknown"), strings.TrimPrefix(runtime.Version(), "go"), runtime.NumCPU())
	if err := measureImports(ctx, out); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "benchmarks")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is in the directory for temporary files
	tests := map[string]string{}
	for i, folder := range []string{".", root, mask} {
		tests[folder] = filepath.Join(dir, strconv.Itoa(i)+".test")
		if err := execute(ctx, os.Stderr, folder, "go", "test", "-c", "-o", tests[folder], "."); err != nil {
			return nil, err
		}
	}
	if quick {
		count = 1
	}
	for range count {
		for _, p := range passes {
			calls := p.calls
			if quick {
				calls = p.fewCalls
			}
			if err := execute(ctx, out, p.folder, tests[p.folder], "-test.run=^$", "-test.bench="+p.benchmarks, "-test.benchtime="+calls); err != nil {
				return nil, err
			}
		}
	}
	return output.Bytes(), nil
}

func execute(ctx context.Context, out io.Writer, folder, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the go command, and what it has built
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", filepath.Base(name), strings.Join(args, " "), err)
	}
	return nil
}

// measureImports prints what programs cost in the same format as the benchmarks.
func measureImports(ctx context.Context, out io.Writer) error {
	for _, name := range programs {
		b, err := build(ctx, name)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "BenchmarkImport/%s 1 %d bytes %d modules\n", name, b.bytes, len(b.modules))
	}
	return nil
}
