package chtest_test

import (
	"database/sql"
	"testing"
	"testing/fstest"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"

	"throughline/internal/store/clickhousestore/chtest"
)

// openSQL is the same server for database/sql.
func openSQL(t *testing.T) *sql.DB {
	t.Helper()
	options, err := clickhouse.ParseDSN(chtest.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	db := clickhouse.OpenDB(options)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestMigrations runs goose up, again, and down.
func TestMigrations(t *testing.T) {
	db := openSQL(t)
	files := fstest.MapFS{
		"00001_rows.sql": {Data: []byte("-- +goose Up\nCREATE TABLE IF NOT EXISTS rows (id Int64) ENGINE = MergeTree ORDER BY id;\n-- +goose Down\nDROP TABLE IF EXISTS rows;\n")},
		"00002_name.sql": {Data: []byte("-- +goose Up\nALTER TABLE rows ADD COLUMN IF NOT EXISTS name LowCardinality(String);\n-- +goose Down\nALTER TABLE rows DROP COLUMN IF EXISTS name;\n")},
	}
	provider, err := goose.NewProvider(goose.DialectClickHouse, db, files)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 0} {
		done, err := provider.Up(t.Context())
		if err != nil || len(done) != want {
			t.Fatalf("%d migrations, %v, want %d", len(done), err, want)
		}
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO rows (id, name) VALUES (?, ?)", int64(1), "it's"); err != nil {
		t.Fatal(err)
	}
	if version, err := provider.GetDBVersion(t.Context()); err != nil || version != 2 {
		t.Errorf("version %d, %v", version, err)
	}
	if _, err := provider.Down(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSQL(t *testing.T) {
	db := openSQL(t)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE rows (id Int64, labels Array(LowCardinality(String)), maybe Nullable(Int64)) ENGINE = MergeTree ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	insert, err := tx.PrepareContext(t.Context(), "INSERT INTO rows")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = insert.Close() }()
	for i := range int64(1000) {
		if _, err := insert.ExecContext(t.Context(), i, []string{"a", "b"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	var (
		n      uint64
		labels []string
		maybe  sql.NullInt64
	)
	if err := db.QueryRowContext(t.Context(), "SELECT count(), any(labels), any(maybe) FROM rows WHERE id < ?", 500).Scan(&n, &labels, &maybe); err != nil {
		t.Fatal(err)
	}
	if n != 500 || maybe.Valid || !cmp.Equal(labels, []string{"a", "b"}) {
		t.Errorf("%d rows, %v, %v", n, labels, maybe)
	}
}
