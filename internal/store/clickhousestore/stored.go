package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// readStored reads what is stored of the issues that a batch is about.
func (w *writer) readStored(connection string, b *delivery.Batch) error {
	asked := make(map[string]bool, len(b.Issues)+len(b.Gone))
	ids := make([]string, 0, len(b.Issues)+len(b.Gone))
	ask := func(id string) {
		if !asked[id] {
			asked[id] = true
			ids = append(ids, id)
		}
	}
	for i := range b.Issues {
		ask(b.Issues[i].ID)
	}
	for _, id := range b.Gone {
		ask(id)
	}
	numbers, err := w.s.numbers(w.ctx, connection, ids)
	if err != nil {
		return err
	}
	var issues []int64
	for id, n := range numbers {
		w.numbers[id] = n
		issues = append(issues, n)
	}
	return w.s.issueRows(w.ctx, issues, func(r *issueRow) error {
		w.stored[r.id] = r
		return nil
	})
}

// chunk bounds how many values a statement names.
const chunk = 10_000

// inChunks calls f with some of the values at a time.
func inChunks[T any](values []T, f func([]T) error) error {
	for len(values) > 0 {
		n := min(chunk, len(values))
		if err := f(values[:n]); err != nil {
			return err
		}
		values = values[n:]
	}
	return nil
}

// numbers are those of the issues that have one.
func (s *Store) numbers(ctx context.Context, connection string, ids []string) (map[string]int64, error) {
	out := make(map[string]int64, len(ids))
	err := inChunks(ids, func(ids []string) error {
		return scanRows(ctx, s.conn, s.sql("numbers", nil), func(rows driver.Rows) error {
			var id string
			var n int64
			err := rows.Scan(&id, &n)
			out[id] = n
			return err
		}, clickhouse.Named("connection", connection), clickhouse.Named("ids", ids))
	})
	if err != nil {
		return nil, fmt.Errorf("numbers of issues: %w", err)
	}
	return out, nil
}

// issueRows calls f for the rows of these issues, gone ones among them.
func (s *Store) issueRows(ctx context.Context, issues []int64, f func(*issueRow) error) error {
	err := inChunks(issues, func(issues []int64) error {
		return scanRows(ctx, s.conn, s.sql("issue_rows", nil), func(rows driver.Rows) error {
			r, err := scanIssueRow(rows, true)
			if err != nil {
				return err
			}
			return f(r)
		}, clickhouse.Named("issues", issues))
	})
	if err != nil {
		return fmt.Errorf("stored issues: %w", err)
	}
	return nil
}

// scanIssueRow reads the columns that every statement on issues begins with,
// with the changelog where it is asked for, and those that follow into more.
func scanIssueRow(rows driver.Rows, changelog bool, more ...any) (*issueRow, error) {
	var r issueRow
	dest := []any{
		&r.issue, &r.connection, &r.id, &r.key, &r.queue, &r.typ, &r.status, &r.resolution, &r.title, &r.version,
		(*int64)(&r.createdAt), (*int64)(&r.updatedAt), (*int64)(&r.resolvedAt), (*int64)(&r.startedAt), (*int64)(&r.movedAt),
		&r.movedBy.ID, &r.movedBy.Key, &r.movedBy.Name, &r.former, &r.details,
	}
	if changelog {
		dest = append(dest, &r.events, &r.eventCount, &r.lastEvent, &r.lastOrdinal, &r.full, &r.fingerprint, &r.gone, &r.tagged)
	}
	return &r, rows.Scan(append(dest, more...)...)
}
