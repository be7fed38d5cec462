package clickhousestore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Issues derived between two writes of others: few at first, then more, but
// never so many that a sync would wait long.
const (
	firstIssues = 1000
	mostIssues  = 50_000
)

// Rebuild fills the newest generation, puts it in force and removes the one
// before. It goes on from where it stopped, in another process too.
func (s *Store) Rebuild(ctx context.Context, progress func(done, total int)) error {
	for {
		more, err := s.rebuildStep(ctx)
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if !more {
			return nil
		}
		if st := s.state.Load(); progress != nil {
			total := int(st.issues)
			done := total
			if g := st.filling(); g != nil {
				done = min(int(g.next), total)
			}
			progress(done, total)
		}
	}
}

// Rebuilding reports whether Rebuild has work left.
func (s *Store) Rebuilding(ctx context.Context) (bool, error) {
	st, err := s.open(ctx)
	if err != nil {
		return false, fmt.Errorf("rebuilding: %w", err)
	}
	return st.filling() != nil || len(st.dropped) > 0 || st.untagged != allTagged, nil
}

// rebuildStep does a little of what is to be done and reports whether there
// may be more.
func (s *Store) rebuildStep(ctx context.Context) (more bool, err error) {
	waiting := false
	err = s.update(ctx, func(w *writer) error {
		if g := w.st.filling(); g != nil {
			more, w.changed = true, true
			return w.fill(g)
		}
		if w.st.untagged != allTagged {
			more, w.changed = true, true
			return w.tag()
		}
		if len(w.st.dropped) == 0 {
			return nil
		}
		more = true
		if waiting = !s.readers.none(w.st.dropped[0]); waiting {
			return nil
		}
		w.changed = true
		return w.drop()
	})
	if !waiting || err != nil {
		return more, err
	}
	select {
	case <-ctx.Done():
		return true, ctx.Err()
	case <-time.After(waitReaders):
		return true, nil
	}
}

// drop removes the rows of a generation that nobody reads.
func (w *writer) drop() error {
	on := ""
	if w.s.address.cluster != "" {
		on = " ON CLUSTER `" + w.s.address.cluster + "`"
	}
	statement := fmt.Sprintf("ALTER TABLE %s%s DROP PARTITION %d", localTable(&w.s.address, "flow"), on, w.st.dropped[0])
	if err := w.s.conn.Exec(w.ctx, statement); err != nil {
		return fmt.Errorf("remove former flow: %w", err)
	}
	w.st.dropped = w.st.dropped[1:]
	w.quiet = true
	return nil
}

// tag derives the tags of the next issues that were stored before tags were.
func (w *writer) tag() error {
	var issues []int64
	err := scanRows(w.ctx, w.s.conn, w.s.sql("untagged", nil), func(rows driver.Rows) error {
		var issue int64
		err := rows.Scan(&issue)
		issues = append(issues, issue)
		return err
	}, clickhouse.Named("next", w.st.untagged), clickhouse.Named("limit", firstIssues))
	if err != nil {
		return fmt.Errorf("issues without tags: %w", err)
	}
	w.quiet = true
	if len(issues) == 0 {
		w.st.untagged = allTagged
		return nil
	}
	w.st.untagged = issues[len(issues)-1] + 1
	return w.s.issueRows(w.ctx, issues, func(old *issueRow) error {
		row := *old
		var issue delivery.Issue
		if err := row.asTold(&issue); err != nil {
			return err
		}
		all, err := decodeEvents(row.key, row.events)
		if err != nil {
			return err
		}
		events, err := historyEvents(all)
		if err != nil {
			return err
		}
		if err := row.derive(&issue, events); err != nil {
			return err
		}
		if row.tagged != "" {
			w.quiet = false
			w.store(row.id, &row, old)
		}
		return nil
	})
}

// fill derives flow of the next issues, or puts the generation in force when
// there are none left.
func (w *writer) fill(g *generation) error {
	last := int64(0)
	var statuses []string
	var starts []int64
	var periods []delivery.Period
	err := scanRows(w.ctx, w.s.conn, w.s.sql("unfilled", nil), func(rows driver.Rows) error {
		var l flowLabels
		var created int64
		if err := rows.Scan(&l.issue, &l.connection, &l.queue, &l.typ, &l.resolution, &created, &statuses, &starts); err != nil {
			return err
		}
		last = l.issue
		periods = periodsOf(statuses, starts, periods)
		w.flows.add(g.id, l, delivery.Instant(created), periods, g.meaning.Classes(l.connection, l.queue))
		return nil
	}, clickhouse.Named("generation", w.st.current().id), clickhouse.Named("next", g.next), clickhouse.Named("limit", min(max(g.next, firstIssues), mostIssues)))
	if err != nil {
		return fmt.Errorf("periods: %w", err)
	}
	if last > 0 {
		g.next = last + 1
		w.quiet = true
		return nil
	}
	w.st.dropped = append(w.st.dropped, w.st.current().id)
	w.st.generations = slices.Clone(w.st.generations[1:])
	return nil
}
