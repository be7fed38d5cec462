package control

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"throughline/internal/secret"
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
	return openAt(t, filepath.Join(t.TempDir(), "control.db"), testBox(t, 1))
}

func testBox(t *testing.T, fill byte) *secret.Box {
	t.Helper()
	key := make([]byte, secret.KeySize)
	key[0] = fill
	box, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func openAt(t *testing.T, path string, box *secret.Box) *testDB {
	t.Helper()
	db, err := Open(t.Context(), path, box)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
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

// wantField checks that an error concerns a field, with a code.
func wantField(t *testing.T, err error, field, code string) {
	t.Helper()
	for _, e := range flatten(err) {
		var f *FieldError
		if errors.As(e, &f) && f.Field == field && f.Code == code {
			return
		}
	}
	t.Errorf("error %v, want one of %s (%s)", err, field, code)
}

type auditEntry struct {
	user           *int64
	action, object string
	before, after  *string
}

func (db *testDB) auditLog(t *testing.T) []auditEntry {
	t.Helper()
	log, err := list(db.ctx, db.sql.Reader, func(row scanner) (e auditEntry, err error) {
		return e, row.Scan(&e.user, &e.action, &e.object, &e.before, &e.after)
	}, `SELECT user_id, action, object, before, after FROM audit_log ORDER BY id`)
	must(t, err)
	return log
}

func TestOpenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	first, err := Open(t.Context(), path, testBox(t, 1))
	must(t, err)
	must(t, first.EnsureAdmin(t.Context(), "a@example.com", "long enough 1"))
	must(t, first.Close())
	second := openAt(t, path, testBox(t, 1))
	must(t, second.Ping(second.ctx))
	has, err := second.HasUsers(second.ctx)
	must(t, err)
	if !has {
		t.Error("the user is gone")
	}
}

func TestOpenFails(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "nowhere", "control.db"), testBox(t, 1)); err == nil {
		t.Error("opened a file in a folder that does not exist")
	}
}
