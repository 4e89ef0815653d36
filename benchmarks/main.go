// Benchmarks measures what a call costs when many run at once, and what the SDK adds to
// it, beside net/http, resty and the SDKs of other services. It prints tables, writes
// them into docs/performance.md and docs/performance.zh-CN.md and draws the charts:
//
//	go -C benchmarks run .
//
// It is a module of its own, so that what it compares with is no dependency of the SDK.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

const (
	command = "go -C benchmarks run ."

	page        = "../docs/performance.md"
	chinesePage = "../docs/performance.zh-CN.md"
	raw         = "../docs/performance.txt"
	callsChart  = "../docs/performance.svg"
	memoryChart = "../docs/performance-memory.svg"
)

func main() {
	count := flag.Int("count", 6, "measure everything this often; below 6 there is no confidence interval")
	quick := flag.Bool("quick", false, "take a short look: one round of fewer calls, and no file is written")
	draw := flag.Bool("draw", false, "measure nothing: write the pages again from "+raw)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *count, *quick, *draw); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) //nolint:gocritic // there is nothing left to stop
	}
}

func run(ctx context.Context, count int, quick, draw bool) error {
	output, err := os.ReadFile(raw)
	if !draw {
		output, err = measureAll(ctx, count, quick)
	}
	if err != nil {
		return err
	}
	r, err := parse(bytes.NewReader(output))
	if err != nil {
		return err
	}
	sections, err := r.sections()
	if err != nil {
		return err
	}
	for _, s := range sections {
		fmt.Printf("\n%s:\n\n%s\n", s.name, s.english)
	}
	if quick {
		return nil
	}
	files, err := r.files()
	if err != nil {
		return err
	}
	files[raw] = output
	for path, content := range files {
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // they are there to be read
			return err
		}
	}
	return nil
}
