package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
)

// SetWorkflow makes wf the meaning of statuses. It is in force at once when it
// changes the class of no stored status; else Rebuild has work.
func (s *Store) SetWorkflow(ctx context.Context, wf delivery.Workflow) error {
	err := s.update(ctx, func(w *writer) error {
		return w.retarget(ctx, &generation{workflow: wf, types: w.target().types})
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
	used, err := statusesUsed(w.tx.QueryContext(ctx, statusesUsedSQL))
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

// statusUse is a status found in a queue of a connection.
type statusUse struct {
	connection, queue, key string
	issues, visits         int
}

func statusesUsed(rows *sql.Rows, err error) ([]statusUse, error) {
	var out []statusUse
	err = each(rows, err, func(rows *sql.Rows) error {
		var u statusUse
		err := rows.Scan(&u.connection, &u.queue, &u.key, &u.issues, &u.visits)
		out = append(out, u)
		return err
	})
	return out, err
}

func sameClasses(used []statusUse, a, b *generation) bool {
	for _, u := range used {
		if a.classes(u.connection, u.queue)(u.key) != b.classes(u.connection, u.queue)(u.key) {
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
	return w.retarget(w.ctx, &generation{workflow: t.workflow, types: t.types.with(connection, types)})
}
