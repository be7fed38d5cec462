package dropin

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"golang.org/x/sync/errgroup"

	"throughline/internal/delivery"
)

// Writer writes the tables. It is used by one at a time.
type Writer struct {
	conn   driver.Conn
	opts   Options
	ddl    ddl
	custom []customColumn

	issues, metrics, changelog *table
}

// Stats count what a Write did.
type Stats struct {
	Issues, Gone     int
	Metrics, Changes int // rows
	WithoutMetrics   int // issues that have been in one status only
	Inserted         int // rows that the tables lacked
	Removed          int // rows that were stale, but those that the server had merged by itself
	Version          delivery.Instant
}

// New makes the tables and views that are missing and adopts those that are
// there. What is in the way is an error that names it.
func New(ctx context.Context, conn driver.Conn, o Options) (*Writer, error) {
	w, err := newWriterOf(conn, o)
	if err != nil {
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		return nil, fmt.Errorf("drop-in tables in %s: %w", o.Database, err)
	}
	for i := range w.custom {
		c := &w.custom[i]
		typ := w.issues.found[c.name].typ
		c.kind = kindOf(typ)
		_, c.null = bare(typ)
	}
	for _, t := range w.tables() {
		t.sql = w.ddl.insert(t)
	}
	return w, nil
}

// Check reports what would keep New from making or adopting the tables, and
// changes nothing.
func Check(ctx context.Context, conn driver.Conn, o Options) error {
	w, err := newWriterOf(conn, o)
	if err != nil {
		return err
	}
	for _, t := range w.tables() {
		there, err := w.look(ctx, t)
		if err == nil {
			w.found(t, there.columns)
			err = t.settle()
		}
		if err != nil {
			return fmt.Errorf("drop-in tables in %s: %w", o.Database, err)
		}
	}
	return nil
}

func newWriterOf(conn driver.Conn, o Options) (*Writer, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("drop-in tables: %w", err)
	}
	o = o.withDefaults()
	custom, err := customColumns(o.Custom)
	if err != nil {
		return nil, fmt.Errorf("drop-in tables: %w", err)
	}
	w := &Writer{conn: conn, opts: o, ddl: ddl{o.Database, o.Cluster}, custom: custom}
	w.issues, w.metrics, w.changelog = tables(o, custom)
	return w, nil
}

func (w *Writer) tables() []*table { return []*table{w.issues, w.metrics, w.changelog} }

// Write makes the rows of the issues given those that the tables hold of them.
// Of issues given twice the first counts. New rows are inserted before older
// ones are removed, so that no issue is ever missing; after an error the same
// issues can be given again.
func (w *Writer) Write(ctx context.Context, records iter.Seq2[Record, error]) (Stats, error) {
	stats, err := w.write(ctx, records)
	if err != nil {
		return stats, fmt.Errorf("write drop-in tables in %s: %w", w.ddl.database, err)
	}
	return stats, nil
}

func (w *Writer) write(ctx context.Context, records iter.Seq2[Record, error]) (Stats, error) {
	version, err := w.nextVersion(ctx)
	if err != nil {
		return Stats{}, err
	}
	r := &run{
		Writer: w, seen: map[string]bool{}, stats: Stats{Version: version},
		maker: newMaker(version, delivery.InstantOf(w.opts.Now())),
	}
	r.current, r.maker.custom = w.opts.CurrentStatus, w.custom
	full, empty := make(chan *group), make(chan *group, 2)
	empty <- w.newGroup()
	empty <- w.newGroup()
	work, within := errgroup.WithContext(settings(ctx))
	work.Go(func() error {
		defer close(full)
		return r.collect(within, records, empty, full)
	})
	work.Go(func() error {
		for g := range full {
			if err := r.insert(within, g); err != nil {
				return err
			}
			g.reset()
			empty <- g
		}
		return nil
	})
	err = work.Wait()
	for _, t := range w.tables() {
		t.known = nil
	}
	if err != nil {
		return r.stats, err
	}
	// Not before all rows are in: what has no newer row would be gone.
	err = r.removeStale(settings(ctx))
	return r.stats, err
}

// settings of the statements: an insert may reach into any number of months, is
// done when it returns, and so is a removal.
func settings(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_partitions_per_insert_block": 0,
		"async_insert":                    0,
		"lightweight_deletes_sync":        1,
		"mutations_sync":                  1,
	}))
}

// lastVersion is what still fits into the type.
var lastVersion = delivery.InstantOf(time.Date(2290, 1, 1, 0, 0, 0, 0, time.UTC))

// nextVersion is now, or later when a row is as late. It also sees what the
// tables hold.
func (w *Writer) nextVersion(ctx context.Context) (delivery.Instant, error) {
	version := delivery.InstantOf(w.opts.Now())
	for _, t := range w.tables() {
		var last int64
		var rows uint64
		sql := fill(versionSQL, "{column}", quoted(versionColumn), "{table}", w.ddl.full(t.name))
		if err := w.conn.QueryRow(ctx, sql).Scan(&last, &rows); err != nil {
			return 0, fmt.Errorf("last version in table %s: %w", t.name, err)
		}
		if delivery.Instant(last) >= lastVersion {
			return 0, fmt.Errorf("table %s has a row of the version %s: nothing can come after it", t.name, delivery.Instant(last))
		}
		t.rows, t.asked, t.known = rows, false, nil
		version = max(version, delivery.Instant(last)+1)
	}
	return version, nil
}
