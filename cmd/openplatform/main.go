// Command openplatform is the program of this project.
//
//	go run ./cmd/openplatform sandbox      run a local platform on this machine
//	go run ./cmd/openplatform doctor       check which assumptions hold
//	go run ./cmd/openplatform call         call one operation
//	go run ./cmd/openplatform img          show a picture code
//	go run ./cmd/openplatform version      print the program's version
//	go run ./cmd/openplatform sandbox -h   list its flags
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// command is one of the program's commands: openplatform NAME ARGUMENTS.
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, env environment, args []string) (exit int)
}

// commands are all commands. A new one needs an entry here and a file of its name.
var commands = []command{
	{name: "sandbox", summary: "run a local platform, with readable SMS and simulated faults", run: runSandbox},
	{name: "doctor", summary: "check the assumptions about a platform and the network", run: runDoctor},
	{name: "call", summary: "call one operation, once", run: runCall},
	{name: "img", summary: "show a picture code in the terminal", run: runImg},
	{name: "version", summary: "print the version of this program", run: runVersion},
}

// environment is what a command uses of its process.
type environment struct {
	stdout, stderr io.Writer
	getenv         func(name string) string
	stdin          io.Reader
	prompt         func(text string, hidden bool) (string, error) // nil without a terminal
}

// Exit statuses.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
	// As in shells: 128 and the signal's number.
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	prompt, restore := newPrompt(os.Stdin, os.Stderr)
	exit := run(ctx, environment{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, stdin: os.Stdin, prompt: prompt}, os.Args[1:])
	restore()
	os.Exit(exit)
}

func run(ctx context.Context, env environment, args []string) (exit int) {
	if len(args) == 0 {
		usage(env.stderr)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(env.stdout)
		return exitOK
	case "-version", "--version":
		return runVersion(ctx, env, args[1:])
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, env, args[1:])
		}
	}
	printf(env.stderr, "openplatform: unknown command %q; openplatform help lists the commands\n", args[0])
	return exitUsage
}

func usage(w io.Writer) {
	printf(w, "openplatform COMMAND [-h] [flags]\n\ncommands:\n")
	for _, c := range commands {
		printf(w, "  %-8s  %s\n", c.name, c.summary)
	}
}

// printf prints, and ignores errors: they mean that the terminal has gone.
func printf(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
