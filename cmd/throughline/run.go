package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Exit codes.
const (
	exitDone  = 0
	exitError = 1 // it went wrong
	exitUsage = 2 // the command line, a variable or the provisioning file is wrong
)

// program is what a command runs with.
type program struct {
	environ        []string
	stdout, stderr io.Writer
}

// action carries out a command.
type action func(ctx context.Context, p program) error

type command struct {
	name    string
	summary string
	// define declares the command's flags and returns what to do once they
	// are read.
	define func(flags *flag.FlagSet) action
}

// usageError is a mistake of whoever started the program.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errReported ends the program with exitError when all has been said already.
var errReported = errors.New("reported")

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args, environ []string, _ io.Reader, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args[1:], program{environ: environ, stdout: stdout, stderr: stderr})
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitError
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		say(stderr, "throughline: stopped before it was ready\n")
		return exitError
	case errors.As(err, &usage):
		say(stderr, "throughline: %v\n", err)
		return exitUsage
	}
	say(stderr, "throughline: %v\n", err)
	return exitError
}

func dispatch(ctx context.Context, args []string, p program) error {
	cmd := commands()[0]
	if len(args) > 0 && isHelp(args[0]) {
		printHelp(p.stdout)
		return nil
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		i := slices.IndexFunc(commands(), func(c command) bool { return c.name == args[0] })
		if i < 0 {
			return &usageError{fmt.Errorf("there is no command %q; see throughline --help", args[0])}
		}
		cmd, args = commands()[i], args[1:]
	}
	flags := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	act := cmd.define(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		printCommandHelp(p.stdout, cmd, flags)
		return nil
	case err != nil:
		return &usageError{fmt.Errorf("%s: %w; see throughline %s --help", cmd.name, err, cmd.name)}
	case flags.NArg() > 0:
		return &usageError{fmt.Errorf("%s: unknown argument %q; see throughline %s --help", cmd.name, flags.Arg(0), cmd.name)}
	}
	return act(ctx, p)
}

func isHelp(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help", "help"}, arg) }

func printHelp(w io.Writer) {
	say(w, "Throughline shows how work flows, from the issue to the deployment.\n\nUsage: throughline [command] [flags]\n\n")
	for _, c := range commands() {
		say(w, "  %-12s %s\n", c.name, c.summary)
	}
	say(w, "\nthroughline COMMAND --help says more. Settings come from THROUGHLINE_* variables; see README.md.\n"+
		"Exit codes: 0 done, 1 it went wrong, 2 the command line or a setting is wrong.\n")
}

func printCommandHelp(w io.Writer, c command, flags *flag.FlagSet) {
	say(w, "throughline %s: %s\n", c.name, c.summary)
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		say(w, "\n  --%s %s\n      %s\n", f.Name, value, usage)
	})
}

// say writes a line for people. A terminal that went away is no reason to stop.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}
