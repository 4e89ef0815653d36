package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A pass runs some of the benchmarks. How many calls are made over sockets is fixed, for
// a pool that is too small leaves thousands of closed connections behind.
type pass struct{ benchmarks, calls, fewCalls string }

var passes = []pass{
	{"^BenchmarkInMemory$", "300ms", "50ms"},
	{"^BenchmarkInMemoryCallers$", "20000x", "5000x"},
	{"^BenchmarkLoopback$", "5000x", "1000x"},
	{"^BenchmarkWaiting$/./^1$", "300x", "100x"},
	{"^BenchmarkWaiting$/./^16$", "2000x", "500x"},
	{"^BenchmarkWaiting$/./^(128|512)$", "6000x", "2000x"},
}

// measureAll returns the output of all benchmarks in the format that benchstat reads.
// All of them run before any runs again, so that what else the machine does in the
// meantime meets all contenders alike.
func measureAll(ctx context.Context, count int, quick bool) ([]byte, error) {
	var output bytes.Buffer
	out := io.MultiWriter(&output, os.Stderr)
	_, _ = fmt.Fprintf(out, "go: %s\ncores: %d\n", strings.TrimPrefix(runtime.Version(), "go"), runtime.NumCPU())
	if err := measureImports(ctx, out); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "benchmarks")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // it is in the directory for temporary files
	test := filepath.Join(dir, "benchmarks.test")
	if err := execute(ctx, os.Stderr, "go", "test", "-c", "-o", test, "."); err != nil {
		return nil, err
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
			if err := execute(ctx, out, test, "-test.run=^$", "-test.bench="+p.benchmarks, "-test.benchtime="+calls); err != nil {
				return nil, err
			}
		}
	}
	return output.Bytes(), nil
}

func execute(ctx context.Context, out io.Writer, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // the go command, and what it has built
	cmd.Stdout, cmd.Stderr = out, out
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
