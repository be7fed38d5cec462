package dropin

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	groupBytes = 12 << 20  // of texts in the rows that are inserted together
	maxLives   = 20_000    // issues in them
	keysBytes  = 100 << 10 // of keys in a statement
)

// run is one Write under way.
type run struct {
	*Writer
	maker
	stats Stats
	tell  sync.Mutex      // held by whoever calls a function of the options
	seen  map[string]bool // keys of issues

	// By table: keys of issues of which other rows are there than should be, and
	// those that no issue has any more.
	stale  [3]keys
	former [3][]string
}

// The tables in the order of Writer.tables.
const (
	issues = iota
	metrics
	changes
)

// group are rows that are inserted together.
type group struct {
	frames [3]*frame
	lives  []life
}

func (w *Writer) newGroup() *group {
	g := &group{}
	for i, t := range w.tables() {
		g.frames[i] = newFrame(kinds(t.columns))
	}
	return g
}

func (g *group) reset() {
	clear(g.lives)
	g.lives = g.lives[:0]
	for _, f := range g.frames {
		f.reset()
	}
}

func (g *group) full() bool {
	n := 0
	for _, f := range g.frames {
		n += f.bytes
	}
	return n >= groupBytes || len(g.lives) >= maxLives
}

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
		if g.full() {
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
	if rec.Gone {
		former = append(former, rec.Key)
	}
	r.former[issues] = append(r.former[issues], former...)
	r.former[metrics] = append(r.former[metrics], former...)
	if rec.Gone || rec.Full { // else nothing would replace what is there
		r.former[changes] = append(r.former[changes], former...)
	}
	if rec.Gone {
		r.stats.Gone++
		return
	}
	r.seen[rec.Key] = true
	r.stats.Issues++
	l := life{key: rec.Key, full: rec.Full}
	for i, f := range g.frames {
		l.rows[i].from = f.rows
	}
	r.issue(g.frames[issues], rec)
	if r.maker.metrics(g.frames[metrics], rec) == 0 {
		r.stats.WithoutMetrics++
	}
	r.changes(g.frames[changes], rec)
	for i, f := range g.frames {
		l.rows[i].to = f.rows
	}
	r.stats.Metrics += l.rows[metrics].to - l.rows[metrics].from
	r.stats.Changes += l.rows[changes].to - l.rows[changes].from
	g.lives = append(g.lives, l)
}

// insert sends what the tables lack of a group, to all of them at the same time.
func (r *run) insert(ctx context.Context, g *group) error {
	work, within := errgroup.WithContext(ctx)
	for i, t := range r.tables() {
		work.Go(func() error { return r.insertInto(within, g, i, t) })
	}
	err := work.Wait()
	for _, f := range g.frames {
		r.stats.Inserted += f.sent
	}
	return err
}

func (r *run) insertInto(ctx context.Context, g *group, which int, t *table) error {
	f := g.frames[which]
	if err := r.compare(ctx, g, which, t, f, &r.stale[which]); err != nil {
		return err
	}
	if f.rows == 0 {
		return nil
	}
	began := time.Now()
	if err := r.send(ctx, t, f); err != nil {
		return fmt.Errorf("insert into table %s: %w", t.name, err)
	}
	f.sent = f.rows
	r.tell.Lock()
	defer r.tell.Unlock()
	r.opts.Inserted(t.name, f.rows, time.Since(began))
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
