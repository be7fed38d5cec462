package clickhousestore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// writer works out what a batch changes. Nothing is written until it is known.
type writer struct {
	s   *Store
	ctx context.Context
	st  *state // the one that the batch makes

	changed bool
	quiet   bool // no answer is another
	flows   flowColumns
	learned map[termKey]term
	stored  map[string]*issueRow // of the batch's connection, by id
	numbers map[string]int64     // given anew
	keys    []keyRow
	put     map[int64]*issueRow // the last one of each issue counts
	order   []int64             // of put
	terms   []termKey           // of learned, in order
	dict    []delivery.Status
	people  []personRow
	runs    runWriter
	facts   factWriter
	derived derivedWriter
}

type keyRow struct {
	key   string
	issue int64
}

// update runs f with what it may change, then writes what it changed. What is
// written first changes no answer; the state's row, the last one, makes it count.
func (s *Store) update(ctx context.Context, f func(w *writer) error) error {
	if _, err := s.open(ctx); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	st, err := s.refresh(ctx)
	if err != nil {
		return s.explain(ctx, err)
	}
	w := &writer{
		s: s, ctx: ctx, st: st.clone(), learned: map[termKey]term{}, stored: map[string]*issueRow{},
		numbers: map[string]int64{}, put: map[int64]*issueRow{}, runs: newRunWriter(), facts: newFactWriter(),
	}
	w.st.written++
	if err := f(w); err != nil {
		return s.explain(ctx, err)
	}
	if !w.changed {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.stale = true // until all of it is there
	if err := w.write(); err != nil {
		return s.explain(ctx, err)
	}
	s.stale = false
	s.state.Store(w.st)
	return nil
}

// refresh is the state to write from: the one in memory, unless a write failed
// or somebody else has written.
func (s *Store) refresh(ctx context.Context) (*state, error) {
	st := s.state.Load()
	if !s.stale {
		var row uint64
		if err := s.conn.QueryRow(ctx, s.sql("newest_state", nil)).Scan(&row); err != nil {
			return nil, fmt.Errorf("newest state: %w", err)
		}
		if row == st.row {
			return st, nil
		}
	}
	now, err := s.readState(ctx, s.conn)
	if err != nil {
		return nil, err
	}
	if now.identity != st.identity {
		// Its cursors were not looked at.
		return nil, fmt.Errorf("the database %s was replaced by another one: start the program again", s.address.database)
	}
	st = now
	s.state.Store(st)
	s.stale = false
	return st, nil
}

// Write stores a batch.
func (s *Store) Write(ctx context.Context, b delivery.Batch) (delivery.Written, error) {
	var out delivery.Written
	n, err := s.writePoints(ctx, b.Points) // before the mark
	if err == nil {
		err = s.writeSealed(ctx, b.Sealed, &out)
	}
	if err == nil && !b.OnlySeries() {
		err = s.writeFacts(ctx, &b, &out)
	}
	if err != nil {
		return delivery.Written{}, fmt.Errorf("write: %w", err)
	}
	out.Inserted += n
	return out, nil
}

// writeFacts stores all of a batch but what is of series.
func (s *Store) writeFacts(ctx context.Context, b *delivery.Batch, out *delivery.Written) error {
	return s.update(ctx, func(w *writer) error {
		if err := w.statuses(b.Connection, b.Statuses); err != nil {
			return fmt.Errorf("statuses: %w", err)
		}
		if err := w.meet(b.Connection, b.People); err != nil {
			return err
		}
		if err := w.learnAll(b.Names); err != nil {
			return fmt.Errorf("names: %w", err)
		}
		if err := w.readStored(b.Connection, b); err != nil {
			return err
		}
		for i := range b.Issues {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := w.record(b.Connection, &b.Issues[i], out); err != nil {
				return fmt.Errorf("issue %s: %w", b.Issues[i].Key, err)
			}
		}
		w.gone(b.Gone, out)
		if err := w.takeRuns(b.Connection, b.Runs, out); err != nil {
			return err
		}
		if err := w.takeFacts(b, out); err != nil {
			return err
		}
		w.mark(b.Mark)
		return nil
	})
}

// record works one issue with its events into what is stored.
func (w *writer) record(connection string, rec *delivery.IssueRecord, out *delivery.Written) error {
	row, err := newIssueRow(connection, rec)
	if err != nil {
		return err
	}
	old := w.stored[rec.ID]
	if old != nil && !rec.Replace {
		// A tail is full only if what it is appended to was, and no tail
		// leaves it as it was.
		row.full = old.full && (rec.Full || len(rec.Events) == 0)
	}
	events, err := row.changelog(old, rec)
	if err != nil {
		return err
	}
	if err := row.derive(&rec.Issue, events); err != nil {
		return err
	}
	row.remember(old, slices.Concat(rec.Aliases, rec.Former))
	switch {
	case old != nil && row.same(old):
		out.Unchanged++
		return nil
	case old != nil:
		row.issue = old.issue
		out.Updated++
	default:
		row.issue = w.number(rec.ID)
		out.Inserted++
	}
	w.name(rec, row)
	w.store(rec.ID, row, old)
	return nil
}

// number is that of an issue that is new: one that it was given before, should
// that write have been cut off, or the next one.
func (w *writer) number(id string) int64 {
	if n, ok := w.numbers[id]; ok {
		return n
	}
	w.st.issues++
	w.numbers[id] = w.st.issues
	return w.st.issues
}

// store takes a row to be written.
func (w *writer) store(id string, row, old *issueRow) {
	w.changed = true
	w.stored[id] = row
	if w.put[row.issue] == nil {
		w.order = append(w.order, row.issue)
	}
	w.put[row.issue] = row
	for _, key := range append([]string{row.key}, row.former...) {
		if old == nil || key != old.key && !slices.Contains(old.former, key) {
			w.keys = append(w.keys, keyRow{key, row.issue})
		}
	}
}

// gone keeps the facts of issues that the source no longer has, and drops what
// answers are made from.
func (w *writer) gone(ids []string, out *delivery.Written) {
	for _, id := range ids {
		old := w.stored[id]
		if old == nil || old.gone {
			continue
		}
		row := *old
		row.gone = true
		out.Gone++
		w.store(id, &row, old)
	}
}

// mark keeps a batch's mark, which no answer depends on.
func (w *writer) mark(mark string) {
	if mark == w.st.mark {
		return
	}
	w.st.mark = mark
	w.quiet = !w.changed
	w.changed = true
}

// learnAll takes names that another store has learned.
func (w *writer) learnAll(names []delivery.Name) error {
	for _, n := range names {
		if err := n.Validate(); err != nil {
			return err
		}
		w.learn(string(n.Kind), delivery.Ref{Key: n.Key, Name: n.Name}, n.At)
	}
	w.changed = w.changed || len(w.learned) > 0
	return nil
}

// name remembers the newest names of what a record names.
func (w *writer) name(rec *delivery.IssueRecord, row *issueRow) {
	w.learn(queueTerm, delivery.Ref{Key: rec.Queue}, rec.UpdatedAt)
	w.learn(typeTerm, rec.Type, rec.UpdatedAt)
	w.learn(statusTerm, rec.Status, rec.UpdatedAt)
	w.learn(resolutionTerm, rec.Resolution, rec.UpdatedAt)
	for _, p := range row.periods {
		w.learn(statusTerm, p.Status, p.Start)
	}
}

func (w *writer) learn(kind string, r delivery.Ref, at delivery.Instant) {
	if r.Key == "" {
		return
	}
	k := termKey{kind, r.Key}
	old, met := w.learned[k]
	if !met {
		old, met = w.st.terms[k]
	}
	// Names of the same instant are ordered somehow.
	newer := r.Name != "" && cmp.Or(cmp.Compare(at, old.seen), cmp.Compare(r.Name, old.name)) > 0
	if met && !newer {
		return
	}
	if _, again := w.learned[k]; !again {
		w.terms = append(w.terms, k)
	}
	if newer {
		old = term{r.Name, at}
	}
	w.learned[k] = old
}
