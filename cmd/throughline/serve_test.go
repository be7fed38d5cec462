package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"throughline/internal/config"
	"throughline/internal/simulator"
)

func TestServe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	environ := dataDir(t)
	s := launch(t, environ, "serve")
	defer s.stop()
	link := s.logged(`msg="set-up: [^"]*" url="(http://127\.0\.0\.1:\d+)(/setup\?token=\S+)"`)
	if link[1] != s.url {
		t.Errorf("the link leads to %s, the site is %s", link[1], s.url)
	}
	if status, _ := s.get(link[2]); status != 200 {
		t.Errorf("%s answers %d", link[2], status)
	}
	for path, want := range map[string]string{"/healthz": `"ok"`, "/readyz": `"ready"`} {
		if status, body := s.get(path); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	dir := strings.TrimPrefix(environ[0], "THROUGHLINE_DATA_DIR=")
	for name, mode := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "secret.key": 0o600, "control.db": 0o600, "facts.db": 0o600} {
		info, err := os.Stat(dir + "/" + name)
		if err != nil || info.Mode() != mode {
			t.Errorf("%q: %v, %v", name, info, err)
		}
	}

	alive := append(environ, "THROUGHLINE_ADDR="+strings.TrimPrefix(s.url, "http://"))
	code, stdout, stderr := cli(t, alive, "healthcheck")
	expect(t, code, exitDone, stdout+stderr, "alive\n")
	for _, command := range []string{"serve", "sync"} {
		code, _, stderr := cli(t, alive, command)
		expect(t, code, exitError, stderr, "in use by another throughline, process "+fmt.Sprint(os.Getpid()))
	}

	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d: %s", code, s.log)
	}
	expect(t, exitDone, exitDone, s.log.String(), "msg=starting", "msg=stopping", "msg=stopped")
	code, _, stderr = cli(t, alive, "healthcheck")
	expect(t, code, exitError, stderr, s.url+"/healthz does not answer")
	if code, _, stderr := cli(t, environ, "sync"); code != exitDone {
		t.Errorf("the directory is still locked: %d %s", code, stderr)
	}
}

func TestServeAdminFromEnvironment(t *testing.T) {
	s := launch(t, append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD=tell-nobody-of-it"), "serve")
	if status, _ := s.get("/login"); status != 200 {
		t.Errorf("/login answers %d", status)
	}
	for _, text := range []string{"/setup?token=", "tell-nobody"} {
		if strings.Contains(s.log.String(), text) {
			t.Errorf("the log holds %q:\n%s", text, s.log)
		}
	}
	expect(t, exitDone, exitDone, s.log.String(), "admin_email=lead@example.com")
}

func TestServeBaseURL(t *testing.T) {
	s := launch(t, append(dataDir(t), "THROUGHLINE_BASE_URL=https://example.com/flow/"), "serve")
	link := s.logged(`url="https://example\.com/flow(/setup\?token=\S+)"`)
	if status, _ := s.get("/flow" + link[1]); status != 200 {
		t.Errorf("set-up answers %d", status)
	}
	if status, _ := s.get("/healthz"); status != 200 {
		t.Errorf("/healthz answers %d", status)
	}
}

func TestServeAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, command := range []string{"serve", "demo"} {
		code, _, stderr := cli(t, append(dataDir(t), "THROUGHLINE_ADDR="+l.Addr().String()), command)
		expect(t, code, exitError, stderr, "another program listens on "+l.Addr().String(), "THROUGHLINE_ADDR")
	}
}

// TestServeStopsInSync: a stop in the middle of a sync keeps what was read, and
// the next start goes on by itself.
func TestServeStopsInSync(t *testing.T) {
	t.Parallel() // mostly waits
	c, server := company(t, simulator.Options{Issues: 120})
	environ := connected(t, server.URL)
	s := launch(t, environ, "serve")
	eventually(t, "a part of the sync", func() bool { return c.Faults().Requests("") > 25 }, s.log)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d: %s", code, s.log)
	}
	expect(t, exitDone, exitDone, s.log.String(), `msg="sync ended" connection=tracker sync=1 state=interrupted`, "msg=stopped")

	again := launch(t, environ, "serve")
	again.logged(`msg="sync ended" connection=tracker sync=2 state=done`)
	if strings.Contains(s.log.String()+again.log.String(), "tell-nobody") {
		t.Error("the log tells the token")
	}
}

// Credentials that another key sealed pause their connection, in plain words,
// until the key is back.
func TestServeWithAnotherKey(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 5, Token: "tell-nobody"})
	environ := connected(t, api.URL)
	if code, stdout, stderr := cli(t, environ, "sync"); code != exitDone {
		t.Fatal(stdout, stderr)
	}
	dir := strings.TrimPrefix(environ[0], "THROUGHLINE_DATA_DIR=")
	key := dir + "/secret.key"
	if err := os.Rename(key, key+".old"); err != nil {
		t.Fatal(err)
	}
	environ = slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "THROUGHLINE_PROVISION=") })
	s := launch(t, environ, "serve")
	s.logged(`level=WARN msg="credentials were sealed with another secret key[^"]*" connection=tracker`)
	s.logged("msg=listening")
	s.stop()
	if strings.Contains(s.log.String(), "sync started") {
		t.Errorf("a sync was tried without credentials:\n%s", s.log)
	}
	if err := os.Rename(key+".old", key); err != nil {
		t.Fatal(err)
	}
	launch(t, environ, "serve").logged(`msg="sync ended" connection=tracker .*state=done`)
}

// Who is reached from elsewhere is told once to say under which address.
func TestWarnsOfNoBaseURL(t *testing.T) {
	base, err := url.Parse("https://example.com")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		addr  string
		base  *url.URL
		warns int
	}{
		{":8080", nil, 1},
		{"0.0.0.0:80", nil, 1},
		{"tools.lan:80", nil, 1},
		{":8080", base, 0},
		{"127.0.0.1:8080", nil, 0},
		{"[::1]:8080", nil, 0},
		{"localhost:8080", nil, 0},
	} {
		var log bytes.Buffer
		logStart(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), config.Config{Addr: tt.addr, BaseURL: tt.base})
		if n := strings.Count(log.String(), "set THROUGHLINE_BASE_URL to the address that people see"); n != tt.warns {
			t.Errorf("%s, %v: %d warnings, want %d:\n%s", tt.addr, tt.base, n, tt.warns, &log)
		}
	}
}
