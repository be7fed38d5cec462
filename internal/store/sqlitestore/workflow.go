package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// SetWorkflow makes wf the meaning of statuses. It is in force at once when it
// changes the class of no stored stay; else Rebuild has work.
func (s *Store) SetWorkflow(ctx context.Context, wf delivery.Workflows) error {
	if err := wf.Validate(); err != nil {
		return fmt.Errorf("set workflow: %w", err)
	}
	err := s.update(ctx, func(w *writer) error {
		return w.retarget(ctx, &delivery.Meaning{Workflows: wf, Types: w.target().Types})
	})
	if err != nil {
		return fmt.Errorf("set workflow: %w", err)
	}
	return nil
}

// retarget makes m what flow is to be derived with.
func (w *writer) retarget(ctx context.Context, m *delivery.Meaning) error {
	if same, err := m.Same(&w.target().Meaning); same || err != nil {
		return err
	}
	w.changed = true
	meanings := []*delivery.Meaning{m}
	for _, g := range w.generations {
		meanings = append(meanings, &g.Meaning)
	}
	used, err := statusesUsed(ctx, w.tx, delivery.Boundaries(meanings...))
	if err != nil {
		return err
	}
	filling := w.filling()
	switch {
	case delivery.SameClasses(used, m, &w.current().Meaning):
		// Any other meaning that was being worked in is given up.
		if _, err = w.exec(dropFillingSQL); err == nil {
			err = w.replaceInputs(w.current().id, m)
		}
	case filling != nil && delivery.SameClasses(used, m, &filling.Meaning):
		err = w.replaceInputs(filling.id, m)
	default:
		if _, err = w.exec(dropFillingSQL); err == nil {
			err = w.open(m)
		}
	}
	if err != nil {
		return err
	}
	return w.loadGenerations()
}

// statusesUsed counts the statuses in use, in no order.
func statusesUsed(ctx context.Context, tx *sql.Tx, boundaries []delivery.Instant) ([]delivery.StatusUse, error) {
	type triple struct {
		connection, queue, status int64
		since                     delivery.Instant
	}
	type counts struct{ issues, visits int }
	used := map[triple]*counts{}
	err := sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		connection, queue := row.Int(0), row.Int(1)
		return eachStay(row.Bytes(2), func(s stay) {
			k := triple{connection, queue, s.status, since(boundaries, s.start)}
			c := used[k]
			if c == nil {
				c = &counts{}
				used[k] = c
			}
			c.visits++
			if s.end == 0 {
				c.issues++
			}
		})
	}, statusesUsedSQL)
	if err != nil {
		return nil, err
	}
	var terms [3]map[int64]term
	for i, kind := range []string{connectionTerm, queueTerm, statusTerm} {
		if terms[i], err = readTerms(ctx, tx, kind); err != nil {
			return nil, err
		}
	}
	out := make([]delivery.StatusUse, 0, len(used))
	for k, c := range used {
		out = append(out, delivery.StatusUse{
			Connection: terms[0][k.connection].key, Queue: terms[1][k.queue].key, Key: terms[2][k.status].key,
			Since: k.since, Issues: c.issues, Visits: c.visits,
		})
	}
	return out, nil
}

// since is the last boundary at or before an instant, or an instant before all.
func since(boundaries []delivery.Instant, at delivery.Instant) delivery.Instant {
	n, found := slices.BinarySearch(boundaries, at)
	switch {
	case found:
		return at
	case n == 0:
		return -forever
	}
	return boundaries[n-1]
}

// statuses stores a dictionary. A type that gives a status found in the data
// another class is worked in like a changed workflow.
func (w *writer) statuses(connection string, statuses []delivery.Status) error {
	if len(statuses) == 0 {
		return nil
	}
	conn, err := w.term(connectionTerm, connection)
	if err != nil {
		return err
	}
	known := w.target().Types[connection]
	types := map[string]string{}
	for _, st := range statuses {
		n, err := w.affected(putStatusSQL, conn, st.Key, st.Name, st.Type, st.Order)
		if err != nil {
			return err
		}
		w.changed = w.changed || n > 0
		if known[st.Key] != st.Type {
			types[st.Key] = st.Type
		}
	}
	if len(types) == 0 {
		return nil
	}
	t := w.target()
	return w.retarget(w.ctx, &delivery.Meaning{Workflows: t.Workflows, Types: t.Types.With(connection, types)})
}
