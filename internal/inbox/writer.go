package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"throughline/internal/sqlite"
)

// writer is the only connection that writes, with its prepared statements. It
// belongs to one goroutine. No statement has a context: a group's transaction
// is not one caller's to end.
type writer struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	added bool // the transaction has made an entry wait
}

// tune doubles how many entries a second are stored when there are many and
// their keys come in no order: 64 MiB of pages stay in memory, and 8,000 are
// written to the log before they are folded into the file, where most of them
// then go only once.
const tune = `PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8000`

// restAfter is how long nothing comes until the pages in memory are given back.
const restAfter = 10 * time.Second

// rest gives back the memory of pages that are not in use. It is no harm when that
// fails.
func (w *writer) rest() { _, _ = w.conn.ExecContext(context.Background(), `PRAGMA shrink_memory`) }

func openWriter(ctx context.Context, file *sqlite.DB) (*writer, error) {
	conn, err := file.Writer.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, tune); err != nil {
		return nil, errors.Join(fmt.Errorf("tune: %w", err), conn.Close())
	}
	return &writer{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

// transact runs f in a transaction, which is rolled back when f fails.
func (w *writer) transact(f func() error) error {
	if _, err := w.exec(`BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	err := f()
	if err == nil {
		if _, err = w.exec(`COMMIT`); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// SQLite may have rolled back by itself, and says so as an error. Were the
	// transaction still open, the next could not begin.
	_, _ = w.exec(`ROLLBACK`)
	return err
}

// stmt prepares a statement once.
func (w *writer) stmt(query string) (*sql.Stmt, error) {
	if s, ok := w.stmts[query]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	w.stmts[query] = s
	return s, nil
}

func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(query) //nolint:sqlclosecheck // kept until the writer closes
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// affected is how many rows a statement changed.
func (w *writer) affected(query string, args ...any) (int64, error) {
	res, err := w.exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// row scans the only row into dest, or returns ErrNotFound.
func (w *writer) row(query string, args []any, dest ...any) error {
	s, err := w.stmt(query) //nolint:sqlclosecheck // kept until the writer closes
	if err != nil {
		return err
	}
	return notFound(s.QueryRowContext(context.Background(), args...).Scan(dest...))
}

func (w *writer) close() error {
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}
