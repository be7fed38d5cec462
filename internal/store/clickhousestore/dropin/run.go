package dropin

import (
	"context"
	"fmt"
	"iter"
	"time"
)

const (
	groupBytes = 8 << 20 // of texts in the rows that are inserted together
	keysBytes  = 100 << 10
)

// run is one Write under way.
type run struct {
	*Writer
	maker
	stats Stats
	seen  map[string]bool // keys of issues

	// What may have stale rows, in statements of bounded length; changelog
	// rows stay where no changelog was given to replace them.
	stale, staleChanges keys
}

// group are rows that are inserted together.
type group struct{ issues, metrics, changes *frame }

func (w *Writer) newGroup() *group {
	return &group{newFrame(kinds(w.issues.columns)), newFrame(kinds(w.metrics.columns)), newFrame(kinds(w.changelog.columns))}
}

func (g *group) reset() {
	g.issues.reset()
	g.metrics.reset()
	g.changes.reset()
}

func (g *group) bytes() int { return g.issues.bytes + g.metrics.bytes + g.changes.bytes }

// collect makes rows of records and hands them on in groups.
func (r *run) collect(ctx context.Context, records iter.Seq2[Record, error], empty <-chan *group, full chan<- *group) error {
	hand := func(g *group) error {
		select {
		case full <- g:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	var g *group
	for rec, err := range records {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if g == nil {
			select {
			case g = <-empty:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		r.take(g, &rec)
		if g.bytes() >= groupBytes {
			if err := hand(g); err != nil {
				return err
			}
			g = nil
		}
	}
	if g != nil {
		return hand(g)
	}
	return nil
}

// take makes the rows of a record, and notes which rows it makes stale.
func (r *run) take(g *group, rec *Record) {
	if rec.Key == "" || !rec.Gone && r.seen[rec.Key] {
		return
	}
	former := rec.formerKeys()
	r.stale.add(append([]string{rec.Key}, former...)...)
	if rec.Gone || rec.Full {
		r.staleChanges.add(append([]string{rec.Key}, former...)...)
	}
	if rec.Gone {
		r.stats.Gone++
		return
	}
	r.seen[rec.Key] = true
	r.stats.Issues++
	r.issue(g.issues, rec)
	n := r.maker.metrics(g.metrics, rec)
	r.stats.Metrics += n
	if n == 0 {
		r.stats.WithoutMetrics++
	}
	before := g.changes.rows
	r.changes(g.changes, rec)
	r.stats.Changes += g.changes.rows - before
}

// insert sends a group.
func (r *run) insert(ctx context.Context, g *group) error {
	for _, s := range []struct {
		table *table
		frame *frame
	}{{r.Writer.issues, g.issues}, {r.Writer.metrics, g.metrics}, {r.changelog, g.changes}} {
		if s.frame.rows == 0 {
			continue
		}
		began := time.Now()
		if err := r.send(ctx, s.table, s.frame); err != nil {
			return fmt.Errorf("insert into table %s: %w", s.table.name, err)
		}
		r.opts.Inserted(s.table.name, s.frame.rows, time.Since(began))
	}
	return nil
}

func (w *Writer) send(ctx context.Context, t *table, f *frame) error {
	batch, err := w.conn.PrepareBatch(ctx, t.sql)
	if err != nil {
		return err
	}
	for i := range f.cells {
		if err := f.cells[i].into(batch.Column(i), t.types[i]); err != nil {
			_ = batch.Abort() // the first error is the one that tells
			return fmt.Errorf("column %s: %w", t.columns[i].name, err)
		}
	}
	return batch.Send()
}
