// Command chserve serves ClickHouse's engine over HTTP to one client at a time
// or many, for tests and for trying things by hand. It is not a server to keep
// data in: an engine that falls takes it down, and one user may do everything.
//
//	go run ./internal/store/clickhousestore/chtest/chserve -addr 127.0.0.1:18123 -path DIR
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

type options struct {
	addr, path, lib, user, password string
	untilEOF                        bool
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:18123", "address to listen on; port 0 takes a free one")
	flag.StringVar(&o.path, "path", "", "folder of the data; a temporary one when empty")
	flag.StringVar(&o.lib, "lib", "", "libchdb.so; $CHDB_LIB or what .ci/chdb fetched when empty")
	flag.StringVar(&o.user, "user", "default", "the only user")
	flag.StringVar(&o.password, "password", "", "its password")
	flag.BoolVar(&o.untilEOF, "until-eof", false, "end when standard input does: with the process that started this one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if o.untilEOF {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "chserve:", err)
		os.Exit(1)
	}
}

// run prints the address when clients can come, and returns when ctx ends.
func run(ctx context.Context, o options) error {
	lib, err := findLibrary(o.lib)
	if err != nil {
		return err
	}
	path, err := filepath.Abs(o.path)
	if err != nil {
		return err
	}
	if o.path == "" {
		if path, err = os.MkdirTemp("", "chserve-"); err != nil {
			return err
		}
		defer removeAll(path)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	engine, err := openEngine(lib, path)
	if err != nil {
		return err
	}
	web := &http.Server{
		Handler:           (&server{engine, o.user, o.password}).routes(),
		ReadHeaderTimeout: 10 * time.Second,
		// Settings and a statement of a client are in the URL.
		MaxHeaderBytes: 16 << 20,
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	fmt.Println(listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return web.Close()
}

// removeAll tries again: the engine may be writing still.
func removeAll(path string) {
	for range 5 {
		if os.RemoveAll(path) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// findLibrary returns the first of the library given, that of the environment
// and the one that .ci/chdb fetched.
func findLibrary(given string) (string, error) {
	if lib := first(given, os.Getenv("CHDB_LIB")); lib != "" {
		if _, err := os.Stat(lib); err != nil {
			return "", fmt.Errorf("ClickHouse's engine: %w", err)
		}
		return lib, nil
	}
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("no libchdb.so: name it by -lib or CHDB_LIB")
		}
	}
	lib := filepath.Join(folder, ".ci", "engine", "libchdb.so")
	if _, err := os.Stat(lib); err != nil {
		return "", fmt.Errorf("no ClickHouse engine for tests: run .ci/chdb once, which fetches it to %s, or set CHDB_LIB", lib)
	}
	return lib, nil
}
