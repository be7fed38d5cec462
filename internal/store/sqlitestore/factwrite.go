package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"

	"throughline/internal/delivery"
)

// facts stores the deployments, changes, incidents, tickets and facts of errors of a
// batch.
func (w *writer) facts(ctx context.Context, b *delivery.Batch, out *delivery.Written) error {
	said, err := b.Facts()
	if err != nil {
		return err
	}
	touched := map[delivery.Touched]bool{}
	for i := range said {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.fact(&said[i], touched, out); err != nil {
			return err
		}
	}
	for t := range touched {
		if _, err := w.exec(touchSQL, t.Kind, t.Key, rand.Int64()); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) fact(said *delivery.SaidFact, touched map[delivery.Touched]bool, out *delivery.Written) error {
	var row delivery.FactRow
	found, err := w.row(factSQL, []any{said.Number}, factColumns(&row))
	if err != nil {
		return err
	}
	stored := &row
	if !found {
		stored = nil
	}
	merged, err := said.Merge(stored)
	if err != nil {
		return err
	}
	switch {
	case found && merged == row:
		out.Unchanged++
		return nil
	case found:
		out.Updated++
	default:
		out.Inserted++
	}
	w.changed = true
	for _, t := range said.Touches(stored, &merged) {
		touched[t] = true
	}
	_, err = w.exec(putFactSQL, merged.Number, merged.Kind, merged.Connection, merged.ID, merged.Repository, merged.Service,
		merged.Environment, merged.Project, ms(merged.At), ms(merged.Until), merged.Flag, ms(merged.State), merged.Body,
		delivery.Key(merged.Repository), delivery.Key(merged.Service), delivery.Key(merged.Environment))
	if err != nil {
		return fmt.Errorf("%s %s: %w", merged.Kind, merged.ID, err)
	}
	return nil
}

// factColumns are what every statement on facts begins with.
func factColumns(r *delivery.FactRow) []any {
	return []any{
		&r.Number, &r.Kind, &r.Connection, &r.ID, &r.Repository, &r.Service, &r.Environment, &r.Project,
		&r.At, &r.Until, &r.Flag, &r.State, &r.Body,
	}
}

// eachFact calls f for the rows of a statement on facts.
func eachFact(rows *sql.Rows, err error, f func(*delivery.FactRow) error) error {
	return each(rows, err, func(rows *sql.Rows) error {
		var r delivery.FactRow
		if err := rows.Scan(factColumns(&r)...); err != nil {
			return err
		}
		return f(&r)
	})
}

// DoraTouched are keys whose facts changed.
func (s *Store) DoraTouched(ctx context.Context) ([]delivery.Touched, error) {
	var out []delivery.Touched
	rows, err := s.db.Reader.QueryContext(ctx, touchedSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var t delivery.Touched
		err := rows.Scan(&t.Kind, &t.Key, &t.Number)
		out = append(out, t)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("touched keys: %w", err)
	}
	return out, nil
}

// DoraSettled forgets keys that have not changed again.
func (s *Store) DoraSettled(ctx context.Context, keys []delivery.Touched) error {
	if len(keys) == 0 {
		return nil
	}
	return s.update(ctx, func(w *writer) error {
		for _, t := range keys {
			if _, err := w.exec(settleSQL, t.Kind, t.Key, t.Number); err != nil {
				return fmt.Errorf("settle %s %s: %w", t.Kind, t.Key, err)
			}
		}
		return nil
	})
}
