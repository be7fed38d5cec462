package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"throughline/internal/delivery"
)

// writer is one write transaction.
type writer struct {
	ctx   context.Context
	tx    *sql.Tx
	stmts map[string]*sql.Stmt
	names *dictionary
	own   *Store
	// seen are names met in this transaction that may be newer than the
	// stored ones.
	seen        map[int64]seenName
	generations []*generation // the current one first, then the one being filled
	changed     bool
	issues      []int64 // whose flow or history changed
	version     int64   // that it makes, 0 when it changes nothing
}

// update runs f in a write transaction, and raises the version if f changed
// anything. What f wrote is undone when it fails or panics.
func (s *Store) update(ctx context.Context, f func(w *writer) error) (err error) {
	conn, err := s.db.Writer.Conn(ctx) // waits for other writers
	if err != nil {
		return err
	}
	defer func() { err = s.db.Explain(errors.Join(err, conn.Close())) }()
	// The statements are small and many: the context is looked at between
	// them, since watching it costs a goroutine each.
	w := &writer{ctx: context.WithoutCancel(ctx), stmts: map[string]*sql.Stmt{}, names: s.names, own: s, seen: map[int64]seenName{}}
	if w.tx, err = conn.BeginTx(w.ctx, nil); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed {
			s.names, s.series = newDictionary(), nil // they hold what is undone
			err = errors.Join(err, ignoreDone(w.tx.Rollback()))
		}
	}()
	if err := w.run(f); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.version > 0 {
		s.held.wrote(w.version, w.issues)
	}
	if err := w.tx.Commit(); err != nil {
		s.held.unwrote(w.version)
		return err
	}
	committed = true
	return nil
}

func (w *writer) run(f func(w *writer) error) error {
	if err := w.loadGenerations(); err != nil {
		return err
	}
	if err := f(w); err != nil || !w.changed {
		return err
	}
	if err := w.storeNames(); err != nil {
		return err
	}
	_, err := w.row(raiseVersionSQL, nil, []any{&w.version})
	return err
}

// stmt prepares a statement once; the end of the transaction closes it.
func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.tx.PrepareContext(w.ctx, query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	w.stmts[query] = s
	return s, nil
}

func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(query) //nolint:sqlclosecheck // kept for the transaction
	if err != nil {
		return nil, err
	}
	return s.ExecContext(w.ctx, args...)
}

// insert returns the new row's id.
func (w *writer) insert(query string, args ...any) (int64, error) {
	res, err := w.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// affected returns how many rows the statement changed.
func (w *writer) affected(query string, args ...any) (int64, error) {
	res, err := w.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the first row into dest; ok is false when there is none.
func (w *writer) row(query string, args, dest []any) (ok bool, err error) {
	s, err := w.stmt(query) //nolint:sqlclosecheck // kept for the transaction
	if err != nil {
		return false, err
	}
	err = s.QueryRowContext(w.ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// rows calls scan for each row.
func (w *writer) rows(scan func(*sql.Rows) error, query string, args ...any) error {
	s, err := w.stmt(query) //nolint:sqlclosecheck // kept for the transaction
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(w.ctx, args...)
	return each(rows, err, scan)
}

// each calls scan for each of rows and closes them. err is what asking for
// them returned.
func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // closed below, unless scan panics
	for err == nil && rows.Next() {
		err = scan(rows)
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// ms is an instant as it is stored.
func ms(i delivery.Instant) int64 { return int64(i) }
