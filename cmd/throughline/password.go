package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPasswordLine bounds what is read in search of a line's end.
const maxPasswordLine = 4096

// readPassword asks twice on a terminal, without showing what is typed, and
// else takes the first line of the input.
func readPassword(ctx context.Context, p program) (string, error) {
	if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return askPassword(ctx, p, int(f.Fd()))
	}
	line, err := bufio.NewReader(io.LimitReader(p.stdin, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	if line == "" {
		return "", &usageError{errors.New("no password: type one at a terminal, or give it as a line of standard input")}
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func askPassword(ctx context.Context, p program, fd int) (string, error) {
	first, err := askOnce(ctx, p, fd, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := askOnce(ctx, p, fd, "Again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", &usageError{errors.New("the passwords differ")}
	}
	return first, nil
}

// askOnce reads a line that is not shown. When ctx ends it gives the terminal
// back as it was.
func askOnce(ctx context.Context, p program, fd int, prompt string) (string, error) {
	state, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	say(p.stderr, "%s", prompt)
	type typed struct {
		line []byte
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		done <- typed{line, err}
	}()
	select {
	case t := <-done:
		say(p.stderr, "\n")
		if t.err != nil {
			return "", fmt.Errorf("read the password: %w", t.err)
		}
		return string(t.line), nil
	case <-ctx.Done():
		say(p.stderr, "\n")
		return "", errors.Join(ctx.Err(), term.Restore(fd, state))
	}
}
