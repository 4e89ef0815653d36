// Command release makes a release of this project, and what a release needs. CONTRIBUTING.md says how it is used.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
)

const usage = `go -C release run . COMMAND

commands:
  make              make a release of the current commit in dist/release
  licences          compare THIRD_PARTY_LICENSES with what is linked; with -write, write it
  prepare VERSION   write a new version into every file that names it
  tags              print the tags of a release, one for each module that others import
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1) //nolint:gocritic // the process ends, and with it what stop would undo
	}
}

func run(ctx context.Context, args []string) error {
	r, err := open("..")
	if err != nil {
		return err
	}
	switch strings.Join(args, " ") {
	case "make":
		return r.release(ctx)
	case "licences":
		_, err := r.checkLicences(ctx)
		return err
	case "licences -write":
		return r.writeLicences(ctx)
	case "tags":
		for _, tag := range r.tags() {
			fmt.Println(tag)
		}
		return nil
	}
	if len(args) == 2 && args[0] == "prepare" {
		return r.prepare(args[1])
	}
	fmt.Fprint(os.Stderr, usage)
	return errors.New("there is no such command")
}
