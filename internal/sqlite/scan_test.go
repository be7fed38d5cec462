package sqlite_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/sqlite"
)

const schema = `-- +goose Up
CREATE TABLE numbers (n INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT;
`

func open(t *testing.T) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "a b?%.db"), "NORMAL",
		fstest.MapFS{"00001_numbers.sql": {Data: []byte(schema)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for n := range 100 {
		if _, err := db.Writer.ExecContext(t.Context(), "INSERT INTO numbers VALUES (?, ?)", n, []byte{byte(n), 1}); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestScan(t *testing.T) {
	db := open(t)
	var got []int64
	err := sqlite.Scan(t.Context(), db.Reader, func(r sqlite.Row) error {
		got = append(got, r.Int(0), int64(r.Bytes(1)[0]), r.Int(2))
		return nil
	}, "SELECT scan_rows(?1, n, b, -n) FROM numbers WHERE n >= ?2 AND n < ?3", 5, 8)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{5, 5, -5, 6, 6, -6, 7, 7, -7}, got); diff != "" {
		t.Error(diff)
	}
	var texts []string
	err = sqlite.Scan(t.Context(), db.Reader, func(r sqlite.Row) error {
		texts = append(texts, r.Text(0), r.Text(1))
		return nil
	}, "SELECT scan_rows(?1, 'number ' || n, '') FROM numbers WHERE n >= ?2 AND n < ?3", 5, 8)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"number 5", "", "number 6", "", "number 7", ""}, texts); diff != "" {
		t.Error(diff)
	}
	none := func(sqlite.Row) error { t.Error("a row of none"); return nil }
	if err := sqlite.Scan(t.Context(), db.Reader, none, "SELECT scan_rows(?1, n) FROM numbers WHERE n < 0"); err != nil {
		t.Error(err)
	}
}

func TestScanWithinScan(t *testing.T) {
	db := open(t)
	sum := int64(0)
	err := sqlite.Scan(t.Context(), db.Reader, func(outer sqlite.Row) error {
		first := outer.Int(0)
		return sqlite.Scan(t.Context(), db.Reader, func(inner sqlite.Row) error {
			sum += first * inner.Int(0)
			return nil
		}, "SELECT scan_rows(?1, n) FROM numbers WHERE n <= 3")
	}, "SELECT scan_rows(?1, n) FROM numbers WHERE n <= 4")
	if err != nil || sum != (1+2+3)*(1+2+3+4) {
		t.Errorf("sum %d, %v", sum, err)
	}
}

func TestScanStops(t *testing.T) {
	db := open(t)
	stop := errors.New("enough")
	rows := 0
	err := sqlite.Scan(t.Context(), db.Reader, func(sqlite.Row) error {
		if rows++; rows == 3 {
			return stop
		}
		return nil
	}, "SELECT scan_rows(?1, n) FROM numbers")
	if !errors.Is(err, stop) || rows != 3 {
		t.Errorf("%d rows, %v", rows, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows = 0
	// Without the cancellation it would read ten billion rows.
	err = sqlite.Scan(ctx, db.Reader, func(sqlite.Row) error {
		if rows++; rows == 1 {
			cancel()
		}
		return nil
	}, "SELECT scan_rows(?1, a.n) FROM numbers a, numbers b, numbers c, numbers d, numbers e")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}

	if _, err := db.Reader.ExecContext(t.Context(), "SELECT scan_rows(0, n) FROM numbers"); err == nil {
		t.Error("a query outside of Scan is no error")
	}
}

func TestScanPanics(t *testing.T) {
	db := open(t)
	db.Reader.SetMaxOpenConns(1) // so that what comes after meets the same one
	panicked := func() (r any) {
		defer func() { r = recover() }()
		err := sqlite.Scan(t.Context(), db.Reader, func(sqlite.Row) error { panic("at the first row") },
			"SELECT scan_rows(?1, n) FROM numbers")
		t.Errorf("no panic, but %v", err)
		return nil
	}()
	if panicked != "at the first row" {
		t.Errorf("panicked with %v", panicked)
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReaderCannotWrite(t *testing.T) {
	db := open(t)
	if _, err := db.Reader.ExecContext(t.Context(), "DELETE FROM numbers"); err == nil {
		t.Error("the reader wrote")
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
