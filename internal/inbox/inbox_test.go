package inbox

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// testNow is the moment at which tests begin.
var testNow = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

type testDB struct {
	*DB
	ctx   context.Context
	clock time.Time
}

func openTest(t *testing.T) *testDB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "inbox.db"))
}

func openAt(t *testing.T, path string) *testDB {
	t.Helper()
	db, err := Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	test := &testDB{DB: db, ctx: t.Context(), clock: testNow}
	db.now = func() time.Time { return test.clock }
	return test
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("error %v, want %v", got, want)
	}
}

func equal(t *testing.T, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// run is an entry with a key, or none.
func run(key, body string) Entry {
	return Entry{Connection: "gitlab", Kind: "runs", Token: "ci", Key: key, Body: []byte(body)}
}

// put stores an entry that must be fresh.
func (db *testDB) put(t *testing.T, e Entry) (id int64) {
	t.Helper()
	id, fresh, err := db.Put(db.ctx, e)
	must(t, err)
	if !fresh {
		t.Fatalf("%q is not fresh", e.Key)
	}
	return id
}

func (db *testDB) entry(t *testing.T, id int64) Entry {
	t.Helper()
	e, err := db.Entry(db.ctx, id)
	must(t, err)
	return e
}

func (db *testDB) counts(t *testing.T) map[string]map[State]int {
	t.Helper()
	counts, err := db.Counts(db.ctx)
	must(t, err)
	return counts
}

func ids(entries []Entry) []int64 {
	var out []int64
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

func TestOpenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inbox.db")
	first, err := Open(t.Context(), path)
	must(t, err)
	id, _, err := first.Put(t.Context(), run("a", "body"))
	must(t, err)
	must(t, first.Close())
	must(t, first.Close())

	second := openAt(t, path)
	must(t, second.Ping(second.ctx))
	if body := string(second.entry(t, id).Body); body != "body" {
		t.Errorf("body %q", body)
	}
	again, fresh, err := second.Put(second.ctx, run("a", "other"))
	must(t, err)
	if again != id || fresh {
		t.Errorf("entry %d, fresh %v", again, fresh)
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "nowhere", "inbox.db")); err == nil {
		t.Error("opened a file in a folder that does not exist")
	}
}

// A process that is killed does not show whether commits are synced.
func TestSynced(t *testing.T) {
	db := openTest(t)
	const full = 2
	var mode string
	var synchronous, cache, log int
	must(t, db.write(db.ctx, func(w *writer) error {
		return errors.Join(w.row(`PRAGMA journal_mode`, nil, &mode), w.row(`PRAGMA synchronous`, nil, &synchronous),
			w.row(`PRAGMA cache_size`, nil, &cache), w.row(`PRAGMA wal_autocheckpoint`, nil, &log))
	}))
	if mode != "wal" || synchronous != full {
		t.Errorf("journal_mode %s, synchronous %d", mode, synchronous)
	}
	if cache != -65536 || log != 8000 {
		t.Errorf("cache_size %d, wal_autocheckpoint %d", cache, log)
	}
}

func TestClosed(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "inbox.db"))
	must(t, err)
	must(t, db.Close())
	_, _, err = db.Put(t.Context(), run("a", ""))
	wantError(t, err, ErrClosed)
}
