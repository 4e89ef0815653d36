package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// flags are the flags of a command. Each can also be an environment variable.
type flags struct {
	*flag.FlagSet

	command string // such as openplatform sandbox
	prefix  string // of the variables
}

func newFlags(command, prefix string) flags {
	f := flags{FlagSet: flag.NewFlagSet(command, flag.ContinueOnError), command: command, prefix: prefix}
	f.SetOutput(io.Discard) // errors are printed once, as sentences
	f.Usage = func() {}
	return f
}

// variable returns the environment variable of a flag: OPENPLATFORM_SANDBOX_TLS_CERT for -tls-cert.
func (f flags) variable(name string) string {
	return f.prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// parse reads the arguments, and the variables of the other flags.
func (f flags) parse(args []string, getenv func(string) string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w; %s -h lists the flags", err, f.command)
	}
	if f.NArg() > 0 {
		// The argument is not quoted: it may be a secret.
		return fmt.Errorf("unexpected argument: only flags are allowed; %s -h lists them", f.command)
	}
	given := make(map[string]bool)
	f.Visit(func(g *flag.Flag) { given[g.Name] = true })
	var errs []error
	f.VisitAll(func(g *flag.Flag) {
		value := getenv(f.variable(g.Name))
		if given[g.Name] || value == "" {
			return
		}
		if err := f.Set(g.Name, value); err != nil {
			errs = append(errs, fmt.Errorf("%s=%s: %w", f.variable(g.Name), value, err))
		}
	})
	return errors.Join(errs...)
}

// printFlags prints the flags and their variables.
func (f flags) printFlags(w io.Writer) {
	f.VisitAll(func(g *flag.Flag) {
		value, text := flag.UnquoteUsage(g)
		printf(w, "  %s\n        %s", strings.TrimSpace("-"+g.Name+" "+value), text)
		if g.DefValue != "" && g.DefValue != "false" {
			printf(w, " (default %s)", g.DefValue)
		}
		printf(w, "\n        $%s\n", f.variable(g.Name))
	})
}

// names is a flag that can be repeated, or has commas.
type names []string

func (n *names) String() string { return strings.Join(*n, ",") }

// Set adds names to the list.
func (n *names) Set(value string) error {
	for _, name := range strings.Split(value, ",") {
		*n = append(*n, strings.TrimSpace(name))
	}
	return nil
}
