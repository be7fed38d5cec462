package sqlite_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/sqlite"
)

func versions(n int) fstest.MapFS {
	all := fstest.MapFS{"00001_numbers.sql": {Data: []byte(schema)}}
	if n > 1 {
		all["00002_more.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE more (n INTEGER) STRICT;\n")}
	}
	return all
}

// filesIn is what a directory holds, byte by byte.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func mustOpen(t *testing.T, path string, n int) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), path, "NORMAL", versions(n))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestOpenRefusesNewer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.db")
	if err := mustOpen(t, path, 2).Close(); err != nil {
		t.Fatal(err)
	}
	before := filesIn(t, dir)
	_, err := sqlite.Open(t.Context(), path, "NORMAL", versions(1))
	var newer *sqlite.NewerError
	if !errors.As(err, &newer) || *newer != (sqlite.NewerError{Path: path, Has: 2, Knows: 1}) {
		t.Errorf("error %v", err)
	}
	if d := cmp.Diff(before, filesIn(t, dir)); d != "" {
		t.Errorf("files changed:\n%s", d)
	}
	if err := mustOpen(t, path, 2).Close(); err != nil {
		t.Error(err)
	}
}

// A file is verified and copied as it is now, beside its user and after, and
// nothing of that shows.
func TestVerifyAndCopy(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a.db")
	db := mustOpen(t, path, 1)
	if _, err := db.Writer.ExecContext(t.Context(), "INSERT INTO numbers VALUES (7, x'01')"); err != nil {
		t.Fatal(err)
	}
	check := func(name string, copying func(to string) error) {
		t.Helper()
		before := filesIn(t, dir)
		if v, err := sqlite.Verify(t.Context(), path, versions(1)); v != 1 || err != nil {
			t.Errorf("%s: version %d, %v", name, v, err)
		}
		to := filepath.Join(other, name)
		if err := copying(to); err != nil {
			t.Fatal(err)
		}
		delete(before, "a.db-shm") // who reads where is written there
		after := filesIn(t, dir)
		delete(after, "a.db-shm")
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("%s: files changed:\n%s", name, d)
		}
		copied, err := sql.Open("sqlite", to)
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := copied.QueryRowContext(t.Context(), "SELECT n FROM numbers").Scan(&n); n != 7 || err != nil {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		if err := copied.Close(); err != nil {
			t.Error(err)
		}
	}
	check("peek-in-use", func(to string) error { return sqlite.Peek(t.Context(), path, to) })
	check("snapshot-in-use", func(to string) error { return sqlite.Snapshot(t.Context(), path, to) })
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check("peek", func(to string) error { return sqlite.Peek(t.Context(), path, to) })
	check("snapshot", func(to string) error { return sqlite.Snapshot(t.Context(), path, to) })
	if err := sqlite.Snapshot(t.Context(), filepath.Join(dir, "none.db"), filepath.Join(other, "none")); err == nil {
		t.Error("a file that is not there was copied")
	}
	if names := filesIn(t, dir); len(names) != 1 {
		t.Errorf("files left behind: %d", len(names))
	}
}

func TestVerifyDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := mustOpen(t, path, 1)
	if _, err := db.Writer.ExecContext(t.Context(), `INSERT INTO numbers WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 5000)
		SELECT n, randomblob(50) FROM c`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(text) / 2; i < len(text)/2+4096; i++ {
		text[i] = 0xff
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Verify(t.Context(), path, versions(1))
	var damaged *sqlite.DamagedError
	if !errors.As(err, &damaged) || damaged.Path != path || damaged.Fault == "" {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Verify(t.Context(), path, versions(1)); !errors.As(err, &damaged) {
		t.Errorf("any file is a database: %v", err)
	}
}

func TestFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	db := mustOpen(t, path, 1)
	defer func() { _ = db.Close() }()
	exec := func(query string) error {
		_, err := db.Writer.ExecContext(t.Context(), query)
		return db.Explain(err)
	}
	if err := exec("PRAGMA max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	err := exec("INSERT INTO numbers VALUES (1, zeroblob(1000000))")
	var disk *sqlite.DiskError
	if !errors.As(err, &disk) || !disk.NoSpace() || disk.Dir != filepath.Dir(path) || !strings.Contains(err.Error(), "is full: free some space there; what was stored is safe. Then a server that runs goes on by itself, and one that could not start has to be started again (") {
		t.Errorf("error %v", err)
	}
	if err := exec("INSERT INTO numbers VALUES (2, x'02')"); err != nil {
		t.Errorf("what fits is refused: %v", err)
	}
	if err := exec("PRAGMA max_page_count = 20000"); err != nil {
		t.Fatal(err)
	}
	if err := exec("INSERT INTO numbers VALUES (1, zeroblob(1000000))"); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if _, err := sqlite.Verify(t.Context(), path, versions(1)); err != nil {
		t.Error(err)
	}
}
