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
	args           []string // the command's positional arguments, as many as it declares, or more of the last
	stdin          io.Reader
	stdout, stderr io.Writer
}

// action carries out a command.
type action func(ctx context.Context, p program) error

// command is a subcommand, or with sub a group of them.
type command struct {
	name    string
	summary string
	// args are the positional arguments, each of which must be given.
	args []argument
	// define declares the command's flags and returns what to do once they
	// are read.
	define func(flags *flag.FlagSet) action
	sub    []command
}

// argument is a positional argument: FILE, and what it is for.
type argument struct {
	name, usage string
	more        bool // the last one, of which there may be several
}

// placeholder is the argument in the usage of its command.
func (a argument) placeholder() string {
	if a.more {
		return a.name + "..."
	}
	return a.name
}

// usageError is a mistake of whoever started the program.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errReported ends the program with exitError when all has been said already.
var errReported = errors.New("reported")

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := dispatch(ctx, args[1:], program{environ: environ, stdin: stdin, stdout: stdout, stderr: stderr})
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
	if len(args) > 0 && isHelp(args[0]) {
		printHelp(p.stdout)
		return nil
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return runCommand(ctx, commands()[0], "", args, p)
	}
	cmd, ok := find(commands(), args[0])
	if !ok {
		return &usageError{fmt.Errorf("there is no command %q; see throughline --help", args[0])}
	}
	return runCommand(ctx, cmd, "", args[1:], p)
}

func find(all []command, name string) (command, bool) {
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	if i < 0 {
		return command{}, false
	}
	return all[i], true
}

// runCommand reads the arguments of a command and carries it out. group is what
// precedes its name on the command line, "" or with a space at its end.
func runCommand(ctx context.Context, cmd command, group string, args []string, p program) error {
	name := group + cmd.name
	if cmd.sub != nil {
		return runGroup(ctx, cmd, name, args, p)
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	act := cmd.define(flags)
	given, err := parse(flags, args)
	wrong := func(format string, args ...any) error {
		return &usageError{fmt.Errorf("%s: %w; see throughline %s --help", name, fmt.Errorf(format, args...), name)}
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		printCommandHelp(p.stdout, cmd, name, flags)
		return nil
	case err != nil:
		return wrong("%w", err)
	case len(given) > len(cmd.args) && (len(cmd.args) == 0 || !cmd.args[len(cmd.args)-1].more):
		return wrong("unknown argument %q", given[len(cmd.args)])
	case len(given) < len(cmd.args):
		return wrong("%s is missing: %s", cmd.args[len(given)].name, cmd.args[len(given)].usage)
	}
	p.args = given
	return act(ctx, p)
}

// runGroup carries out the subcommand that args begins with.
func runGroup(ctx context.Context, cmd command, name string, args []string, p program) error {
	if len(args) > 0 && isHelp(args[0]) {
		printGroupHelp(p.stdout, cmd, name)
		return nil
	}
	if len(args) == 0 {
		return &usageError{fmt.Errorf("%s: say what to do; see throughline %s --help", name, name)}
	}
	sub, ok := find(cmd.sub, args[0])
	if !ok {
		return &usageError{fmt.Errorf("%s: there is no %q; see throughline %s --help", name, args[0], name)}
	}
	return runCommand(ctx, sub, name+" ", args[1:], p)
}

// parse reads flags wherever they stand and returns the other arguments. What
// follows -- is no flag.
func parse(flags *flag.FlagSet, args []string) (given []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		read := args[:len(args)-len(rest)]
		if len(rest) == 0 || len(read) > 0 && read[len(read)-1] == "--" {
			return append(given, rest...), nil
		}
		given, args = append(given, rest[0]), rest[1:]
	}
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

func printCommandHelp(w io.Writer, c command, name string, flags *flag.FlagSet) {
	say(w, "throughline %s: %s\n", name, c.summary)
	usage := ""
	flags.VisitAll(func(*flag.Flag) { usage = " [flags]" })
	for _, a := range c.args {
		usage += " " + a.placeholder()
	}
	say(w, "\nUsage: throughline %s%s\n", name, usage)
	for _, a := range c.args {
		say(w, "\n  %s\n      %s\n", a.name, a.usage)
	}
	flags.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		if value != "" {
			value = " " + value
		}
		say(w, "\n  --%s%s\n      %s\n", f.Name, value, usage)
	})
}

func printGroupHelp(w io.Writer, c command, name string) {
	say(w, "throughline %s: %s\n\n", name, c.summary)
	for _, sub := range c.sub {
		usage := sub.name
		for _, a := range sub.args {
			usage += " " + a.name
		}
		say(w, "  %-14s %s\n", usage, sub.summary)
	}
	say(w, "\nthroughline %s COMMAND --help says more.\n", name)
}

// say writes a line for people. A terminal that went away is no reason to stop.
func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}
