package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"throughline/internal/simulator"
	"throughline/internal/sqlite"
)

// limitFiles lets a process write no file longer than this.
func limitFiles(t *testing.T, pid int, most uint64) {
	t.Helper()
	const fileSize = 1 // RLIMIT_FSIZE
	limit := syscall.Rlimit{Cur: most, Max: ^uint64(0)}
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if err != 0 {
		t.Fatal(err)
	}
}

// TestDiskTakesNoMore: while nothing more can be written, the log says where and
// what to do, reading goes on, and when there is room the sync goes on by itself.
func TestDiskTakesNoMore(t *testing.T) {
	t.Parallel() // mostly waits
	_, api := company(t, simulator.Options{Issues: 200})
	environ := append(connected(t, api.URL), "THROUGHLINE_ADMIN_EMAIL=lead@example.com", "THROUGHLINE_ADMIN_PASSWORD=tell-nobody-of-it")
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	const token = "token-of-the-full-disk-test-0123456789"
	plant(t, filepath.Dir(file), map[string]string{filepath.Base(file): read(t, file) + "tokens: [{name: t, scopes: [read], token: " + token + "}]\n"})
	s := spawn(t, buildProgram(t), environ, "serve")
	limitFiles(t, s.cmd.Process.Pid, 550_000)
	s.logged(`msg="page not written, trying again" connection=tracker error="[^"]*` + dirOf(environ) + ` cannot be written to: see that its disk works`)
	for _, path := range []string{"/healthz", "/readyz", "/login"} {
		if status, body := s.get(path); status != 200 {
			t.Errorf("%s answers %d %s", path, status, body)
		}
	}
	if status := s.status(token); status != 200 {
		t.Errorf("the API answers %d", status)
	}
	limitFiles(t, s.cmd.Process.Pid, ^uint64(0))
	s.logged(`msg="sync ended" connection=tracker sync=1 state=done .*inserted=200 `)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d", code)
	}
	for _, d := range databases(sqliteStore) {
		if _, err := sqlite.Verify(t.Context(), filepath.Join(dirOf(environ), d.name), d.migrations); err != nil {
			t.Error(err)
		}
	}
}
