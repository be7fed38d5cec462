package chtest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// Who may ask the engine. The password has every character that has to be
// escaped somewhere.
const (
	user     = "throughline"
	password = "p@ss:w/rd? %&#'"
)

// process is a running chserve. It ends when this process does, however that
// comes: its standard input ends then.
type process struct {
	command *exec.Cmd
	alive   *os.File // our end of its standard input
	log     *os.File
	addr    string
}

// program is chserve, built once, as an open file that has no name any more and
// so leaves nothing behind.
var program = sync.OnceValues(func() (*os.File, error) {
	folder, err := os.MkdirTemp("", "chserve-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	file := filepath.Join(folder, "chserve")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", file, "throughline/internal/store/clickhousestore/chtest/chserve")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build chserve: %w\n%s", err, out)
	}
	return os.Open(file)
})

// start runs an engine over the folder, a temporary one when it is empty, and
// returns when it answers.
func start(folder, addr string) (*process, error) {
	binary, err := program()
	if err != nil {
		return nil, err
	}
	log, err := unnamed()
	if err != nil {
		return nil, err
	}
	in, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, outWriter, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	c := exec.CommandContext(context.Background(), fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), binary.Fd()),
		"-until-eof", "-addr", addr, "-path", folder, "-user", user, "-password", password)
	c.Args[0] = "chserve"
	c.Env = append(os.Environ(), "TZ=UTC")
	c.Stdin, c.Stdout, c.Stderr = in, outWriter, log
	err = c.Start()
	runtime.KeepAlive(binary)
	_, _ = in.Close(), outWriter.Close()
	if err != nil {
		return nil, fmt.Errorf("start chserve: %w", err)
	}
	p := &process{command: c, alive: alive, log: log}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.kill()
		return nil, errors.New(strings.TrimSpace("the engine does not start: " + p.said()))
	}
	p.addr = strings.TrimSpace(line)
	return p, nil
}

func unnamed() (*os.File, error) {
	file, err := os.CreateTemp("", "chserve-log-")
	if err != nil {
		return nil, err
	}
	return file, os.Remove(file.Name())
}

func (p *process) dsn(database string) string {
	u := url.URL{Scheme: "http", User: url.UserPassword(user, password), Host: p.addr, Path: "/" + database}
	return u.String()
}

// kill ends the process at once, in the middle of what it does, and waits until
// its folder and its port are free.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	_ = p.alive.Close()
}

// said is what the process wrote to its log.
func (p *process) said() string {
	var text bytes.Buffer
	_, _ = io.Copy(&text, io.NewSectionReader(p.log, 0, 64<<10))
	return text.String()
}

// tell shows a failed test what the engine wrote to its log.
func (p *process) tell(t testing.TB) {
	if text := p.said(); text != "" && t.Failed() {
		t.Logf("the engine's log:\n%s", text)
	}
}
