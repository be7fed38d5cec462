package clickhousestore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/store/clickhousestore/chtest"
)

// A statement that takes longer than its caller may wait is told as such, and
// ends on the server too.
func TestSlowStatementEnds(t *testing.T) {
	address, err := ParseAddress(chtest.Open(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	const slow = "SELECT sleepEachRow(1) FROM numbers(600) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"
	err = s.explain(ctx, scanRows(ctx, s.conn, slow, func(driver.Rows) error { return nil }))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	for running := uint64(1); running > 0; {
		err := s.conn.QueryRow(t.Context(), "SELECT count() FROM system.processes WHERE query LIKE 'SELECT sleepEachRow%'").Scan(&running)
		if err != nil {
			t.Fatal(err)
		}
	}
}
