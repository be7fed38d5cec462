package chtest_test

import (
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/store/clickhousestore/chtest"
)

func benchConn(b *testing.B) driver.Conn {
	b.Helper()
	options, err := clickhouse.ParseDSN(chtest.Open(b))
	if err != nil {
		b.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return conn
}

func BenchmarkStart(b *testing.B) {
	chtest.Open(b) // builds the command
	for b.Loop() {
		chtest.Start(b, b.TempDir(), "127.0.0.1:0").Stop()
	}
}

func BenchmarkQuery(b *testing.B) {
	conn := benchConn(b)
	for b.Loop() {
		var one uint8
		if err := conn.QueryRow(b.Context(), "SELECT 1").Scan(&one); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRows writes and reads a million rows of five numbers.
func BenchmarkRows(b *testing.B) {
	const rows = 1_000_000
	conn := benchConn(b)
	if err := conn.Exec(b.Context(), "CREATE TABLE rows (a Int64, b Int64, c Int64, d Int64, e Int64) ENGINE = MergeTree ORDER BY a"); err != nil {
		b.Fatal(err)
	}
	b.Run("insert", func(b *testing.B) {
		for b.Loop() {
			if err := conn.Exec(b.Context(), "TRUNCATE TABLE rows"); err != nil {
				b.Fatal(err)
			}
			batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO rows")
			if err != nil {
				b.Fatal(err)
			}
			for i := range int64(rows) {
				if err := batch.Append(i, i, i, i, i); err != nil {
					b.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			found, err := conn.Query(b.Context(), "SELECT a, b, c, d, e FROM rows")
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			var v [5]int64
			for ; found.Next(); n++ {
				if err := found.Scan(&v[0], &v[1], &v[2], &v[3], &v[4]); err != nil {
					b.Fatal(err)
				}
			}
			if err := found.Err(); err != nil || n != rows {
				b.Fatalf("%d rows, %v", n, err)
			}
		}
		b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
