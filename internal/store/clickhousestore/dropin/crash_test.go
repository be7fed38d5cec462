package dropin

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/store/clickhousestore/chtest"
)

var errCrash = errors.New("crash")

// crashing is a connection over which the n-th call and all after it fail.
type crashing struct {
	driver.Conn
	left *atomic.Int64
}

func (c *crashing) crash() error {
	if c.left.Add(-1) < 0 {
		return errCrash
	}
	return nil
}

func (c *crashing) Exec(ctx context.Context, query string, args ...any) error {
	if err := c.crash(); err != nil {
		return err
	}
	return c.Conn.Exec(ctx, query, args...)
}

func (c *crashing) Query(ctx context.Context, query string, args ...any) (driver.Rows, error) {
	if err := c.crash(); err != nil {
		return nil, err
	}
	return c.Conn.Query(ctx, query, args...)
}

func (c *crashing) QueryRow(ctx context.Context, query string, args ...any) driver.Row {
	if err := c.crash(); err != nil {
		return failedRow{err}
	}
	return c.Conn.QueryRow(ctx, query, args...)
}

func (c *crashing) PrepareBatch(ctx context.Context, query string, opts ...driver.PrepareBatchOption) (driver.Batch, error) {
	if err := c.crash(); err != nil {
		return nil, err
	}
	b, err := c.Conn.PrepareBatch(ctx, query, opts...)
	return &crashingBatch{b, c}, err
}

type crashingBatch struct {
	driver.Batch
	conn *crashing
}

func (b *crashingBatch) Send() error {
	if err := b.conn.crash(); err != nil {
		return errors.Join(err, b.Abort())
	}
	return b.Batch.Send()
}

type failedRow struct{ err error }

func (r failedRow) Err() error           { return r.err }
func (r failedRow) Scan(...any) error    { return r.err }
func (r failedRow) ScanStruct(any) error { return r.err }

// manyRecords are enough to have partitions written anew when they change.
func manyRecords(n int) (out []Record) {
	for i := range n {
		out = append(out, company(i))
	}
	return out
}

// TestCrash lets a run end at each of its calls, and repeats it: the tables are
// as after an undisturbed run, and at no time is an issue missing.
func TestCrash(t *testing.T) {
	for name, extra := range map[string]int{"few": 0, "many": 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := append(successors(), manyRecords(extra)...)
			former := manyRecords(extra)
			for i := range former {
				former[i].Title, former[i].Status.Name = "before", "Other"
			}
			run := func(b base, calls int) (*Writer, error) {
				conn := &crashing{b.Conn, new(atomic.Int64)}
				conn.left.Store(int64(calls))
				w, err := openWriter(t, conn, b.name)
				if err == nil {
					_, err = w.Write(t.Context(), give(records...))
				}
				return w, err
			}
			start := func() base {
				b := openBase(t)
				predecessor(t, b)
				if extra > 0 {
					write(t, newWriter(t, b), former...)
				}
				return b
			}
			undisturbed := start()
			w, err := run(undisturbed, 1<<30)
			if err != nil {
				t.Fatal(err)
			}
			want := undisturbed.dump(t, w)
			b := start()
			for calls := 0; ; calls++ {
				_, err := run(b, calls)
				if err == nil {
					if calls < 20 {
						t.Errorf("it makes %d calls only", calls)
					}
					same(t, "in the end", b.dump(t, w), want)
					break
				}
				if !errors.Is(err, errCrash) {
					t.Fatalf("after %d calls: %v", calls, err)
				}
				for _, key := range []string{"DEV-1", "ANCIENT-1"} {
					same(t, fmt.Sprintf("%s after %d calls", key, calls), b.rows(t, "SELECT toString(count()) FROM issues_view WHERE issue_key = '"+key+"'"), []string{"1"})
				}
				if calls%4 == 1 && extra == 0 { // and from here, undisturbed
					again := start()
					if _, err := run(again, calls); !errors.Is(err, errCrash) {
						t.Fatalf("after %d calls: %v", calls, err)
					}
					if _, err := run(again, 1<<30); err != nil {
						t.Fatal(err)
					}
					same(t, fmt.Sprintf("repeated after %d calls", calls), again.dump(t, w), want)
				}
			}
		})
	}
}

// TestServerKilled kills the server as soon as rows are written anew: what they
// took the place of does not come back, and settings of tables are as before.
func TestServerKilled(t *testing.T) {
	folder := t.TempDir()
	server := chtest.Start(t, folder, "127.0.0.1:0")
	b := connect(t, server.DSN())
	w := newWriter(t, b)
	records := manyRecords(30)
	write(t, w, records...)
	b.exec(t, "ALTER TABLE "+w.metrics.name+" MODIFY SETTING old_parts_lifetime = 333")
	for i := range records {
		records[i].Title = "Another"
		records[i].Calendar = always()
		for k := range records[i].History.Periods {
			records[i].History.Periods[k].Status.Name += " again"
		}
	}
	stats := write(t, w, records...)
	if stats.Removed == 0 {
		t.Errorf("stats %+v", stats)
	}
	want := b.dump(t, w)
	server.Stop()
	server = chtest.Start(t, folder, server.Addr())
	b = connect(t, server.DSN())
	same(t, "after the start", b.dump(t, w), want)
	same(t, "settings", b.rows(t, "SELECT concat(name, ' ', extract(engine_full, 'old_parts_lifetime = \\\\d+')) FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'"),
		[]string{"issue_metrics old_parts_lifetime = 333", "issues ", "issues_changelog "})
}
