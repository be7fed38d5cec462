package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestHelp(t *testing.T) {
	code, stdout, stderr := cli(t, nil, "--help")
	expect(t, code, exitDone, stdout, "Usage: throughline [command] [flags]")
	for _, c := range commands() {
		expect(t, code, exitDone, stdout, c.name, c.summary)
		for _, flag := range []string{"--help", "-h"} {
			code, help, stderr := cli(t, nil, c.name, flag)
			expect(t, code, exitDone, help, "throughline "+c.name, c.summary)
			if stderr != "" {
				t.Errorf("%s %s complains: %s", c.name, flag, stderr)
			}
		}
	}
	if stderr != "" {
		t.Errorf("it complains: %s", stderr)
	}
	code, stdout, _ = cli(t, nil, "sync", "--help")
	expect(t, code, exitDone, stdout, "--connection NAME")
}

func TestWrongCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"srve"}, `there is no command "srve"; see throughline --help`},
		{[]string{"--addr", ":1"}, "serve: flag provided but not defined: -addr; see throughline serve --help"},
		{[]string{"serve", "now"}, `serve: unknown argument "now"; see throughline serve --help`},
		{[]string{"sync", "tracker"}, `sync: unknown argument "tracker"`},
		{[]string{"sync", "--connection"}, "sync: flag needs an argument: -connection"},
		{[]string{"demo", "-x"}, "demo: flag provided but not defined: -x"},
		{[]string{"healthcheck", "x"}, `healthcheck: unknown argument "x"`},
		{[]string{"version", "--short"}, "version: flag provided but not defined: -short"},
	} {
		code, stdout, stderr := cli(t, dataDir(t), c.args...)
		expect(t, code, exitUsage, stderr, "throughline: "+c.want)
		if stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: more than one message: %s%s", c.args, stdout, stderr)
		}
	}
}

func TestVersion(t *testing.T) {
	code, stdout, _ := cli(t, nil, "version")
	expect(t, code, exitDone, stdout, "throughline dev", runtime.Version())
}

func TestWrongConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "provision.yaml")
	text := "connections:\n  - {name: a, kind: tracker, secrets: {token: \"${NO_SUCH}\"}}\ncharts: []\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := append(dataDir(t), "THROUGHLINE_ADRR=:1", "THROUGHLINE_LOG_LEVEL=loud", "THROUGHLINE_SECRET_KEY=tell-nobody", "THROUGHLINE_PROVISION="+file)
	for _, command := range []string{"serve", "sync"} {
		code, _, stderr := cli(t, environ, command)
		expect(t, code, exitUsage, stderr, "the configuration cannot be used:\n",
			"\n  THROUGHLINE_ADRR: unknown variable", "\n  THROUGHLINE_LOG_LEVEL: ", "\n  THROUGHLINE_SECRET_KEY: ",
			"\n  "+file+": line 2: ", "NO_SUCH", "\n  "+file+`: line 3: unknown key "charts"`)
		if strings.Contains(stderr, "tell-nobody") {
			t.Errorf("it tells a secret: %s", stderr)
		}
	}
	if _, err := os.Stat(strings.TrimPrefix(environ[0], "THROUGHLINE_DATA_DIR=")); !os.IsNotExist(err) {
		t.Errorf("the data directory was made: %v", err)
	}
}

func TestNoProvisioningFile(t *testing.T) {
	code, _, stderr := cli(t, append(dataDir(t), "THROUGHLINE_PROVISION=/no/such.yaml"), "serve")
	expect(t, code, exitUsage, stderr, "THROUGHLINE_PROVISION: open /no/such.yaml: no such file or directory")
}

func TestUnusableDataDir(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := cli(t, []string{"THROUGHLINE_DATA_DIR=" + filepath.Join(file, "data")}, "serve")
	expect(t, code, exitError, stderr, "data directory: ", "not a directory")
}

func TestArguments(t *testing.T) {
	var got program
	var role string
	file := command{
		name: "file", summary: "does it", args: []argument{{name: "FILE", usage: "what to write"}, {name: "TO", usage: "where to"}},
		define: func(flags *flag.FlagSet) action {
			flags.StringVar(&role, "role", "", "the `ROLE`")
			return func(_ context.Context, p program) error { got = p; return nil }
		},
	}
	group := command{name: "group", summary: "several", sub: []command{file}}
	for _, c := range []struct {
		args    []string
		want    []string
		role    string
		problem string
	}{
		{args: []string{"file", "a", "b"}, want: []string{"a", "b"}},
		{args: []string{"file", "--role", "x", "a", "b"}, want: []string{"a", "b"}, role: "x"},
		{args: []string{"file", "a", "--role=x", "b"}, want: []string{"a", "b"}, role: "x"},
		{args: []string{"file", "a", "b", "-role", "x"}, want: []string{"a", "b"}, role: "x"},
		{args: []string{"file", "--", "--a", "b"}, want: []string{"--a", "b"}},
		{args: []string{"file", "-", "b"}, want: []string{"-", "b"}},
		{args: []string{"file"}, problem: "group file: FILE is missing: what to write; see throughline group file --help"},
		{args: []string{"file", "a"}, problem: "group file: TO is missing: where to"},
		{args: []string{"file", "a", "b", "c"}, problem: `group file: unknown argument "c"`},
		{args: []string{"file", "a", "-x"}, problem: "group file: flag provided but not defined: -x"},
		{args: nil, problem: "group: say what to do; see throughline group --help"},
		{args: []string{"fill"}, problem: `group: there is no "fill"; see throughline group --help`},
	} {
		got, role = program{}, ""
		err := runCommand(t.Context(), group, "", c.args, program{stdin: strings.NewReader("in")})
		var usage *usageError
		switch {
		case c.problem == "" && (err != nil || !slices.Equal(got.args, c.want) || role != c.role || got.stdin == nil):
			t.Errorf("%q: %v, %q, role %q", c.args, err, got.args, role)
		case c.problem != "" && (!errors.As(err, &usage) || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%q: %v, want %q", c.args, err, c.problem)
		}
	}
	var help strings.Builder
	if err := runCommand(t.Context(), group, "", []string{"file", "--help"}, program{stdout: &help}); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, 0, help.String(), "Usage: throughline group file [flags] FILE TO\n", "\n  FILE\n      what to write\n", "\n  --role ROLE\n")
	help.Reset()
	if err := runCommand(t.Context(), group, "", []string{"-h"}, program{stdout: &help}); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, 0, help.String(), "throughline group: several", "file FILE TO")
}
