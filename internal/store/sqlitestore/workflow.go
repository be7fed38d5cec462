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
		return w.retarget(ctx, &generation{workflows: wf, types: w.target().types})
	})
	if err != nil {
		return fmt.Errorf("set workflow: %w", err)
	}
	return nil
}

// retarget makes the inputs of g those that flow is to be derived with.
func (w *writer) retarget(ctx context.Context, g *generation) error {
	if same, err := sameInputs(g, w.target()); same || err != nil {
		return err
	}
	w.changed = true
	used, err := statusesUsed(ctx, w.tx, boundaries(append(slices.Clone(w.generations), g)))
	if err != nil {
		return err
	}
	filling := w.filling()
	switch {
	case sameClasses(used, g, w.current()):
		// Any other meaning that was being worked in is given up.
		if _, err = w.exec(dropFillingSQL); err == nil {
			err = w.replaceInputs(w.current().id, g)
		}
	case filling != nil && sameClasses(used, g, filling):
		err = w.replaceInputs(filling.id, g)
	default:
		if _, err = w.exec(dropFillingSQL); err == nil {
			err = w.open(g)
		}
	}
	if err != nil {
		return err
	}
	return w.loadGenerations()
}

func sameInputs(a, b *generation) (bool, error) {
	aw, at, err := a.storedJSON()
	if err != nil {
		return false, err
	}
	bw, bt, err := b.storedJSON()
	return aw == bw && at == bt, err
}

// boundaries are the instants at which any of the generations goes over to
// another version.
func boundaries(generations []*generation) []delivery.Instant {
	var all []delivery.Instant
	for _, g := range generations {
		all = append(all, g.workflows.Boundaries()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// statusUse is a status found in a queue of a connection, by the stays that
// began between two boundaries.
type statusUse struct {
	connection, queue, key string
	since                  delivery.Instant // an instant between the boundaries
	issues, visits         int
}

// statusesUsed counts the statuses in use, in no order.
func statusesUsed(ctx context.Context, tx *sql.Tx, boundaries []delivery.Instant) ([]statusUse, error) {
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
	out := make([]statusUse, 0, len(used))
	for k, c := range used {
		out = append(out, statusUse{
			terms[0][k.connection].key, terms[1][k.queue].key, terms[2][k.status].key, k.since, c.issues, c.visits,
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

func sameClasses(used []statusUse, a, b *generation) bool {
	for _, u := range used {
		if a.classes(u.connection, u.queue)(u.key, u.since) != b.classes(u.connection, u.queue)(u.key, u.since) {
			return false
		}
	}
	return true
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
	known := w.target().types[connection]
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
	return w.retarget(w.ctx, &generation{workflows: t.workflows, types: t.types.with(connection, types)})
}
