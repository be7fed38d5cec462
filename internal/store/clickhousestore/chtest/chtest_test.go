package chtest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/store/clickhousestore/chtest"
)

// open returns a connection to a database of the test's own.
func open(t *testing.T, change ...func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	return connect(t, chtest.Open(t), change...)
}

func connect(t *testing.T, dsn string, change ...func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(options)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func exec(t *testing.T, conn driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func count(t *testing.T, conn driver.Conn, table string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBatch(t *testing.T) {
	conn := open(t)
	exec(t, conn, "CREATE TABLE rows (id Int64, name LowCardinality(String)) ENGINE = MergeTree ORDER BY id")
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO rows (id, name)")
	if err != nil {
		t.Fatal(err)
	}
	const rows = 100_000
	for i := range int64(rows) {
		if err := batch.Append(i, "name"); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, conn, "rows"); n != rows {
		t.Errorf("%d rows, want %d", n, rows)
	}
}
