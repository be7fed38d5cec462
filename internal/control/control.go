// Package control is what the program needs to run itself: users, sessions,
// connections with their credentials, syncs, tokens, calendars and the
// workflow, in a SQLite database of its own; and the provisioning file that
// declares some of them. It holds no facts.
package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"throughline/internal/secret"
	"throughline/internal/sqlite"
	"throughline/migrations"
)

// DB is the control database. It may be used by several goroutines.
type DB struct {
	sql         *sqlite.DB
	box         *secret.Box
	hashes      chan struct{} // one slot for each password hash at work
	cache       definitions
	token       *sql.Stmt // reads the token of a hash
	tokens      hashCache[Token]
	embeds      hashCache[Embed]
	connections connectionCache
	now         func() time.Time // stamps creation and the audit log only
}

// Open opens or creates the database at path. Credentials are sealed with box.
func Open(ctx context.Context, path string, box *secret.Box) (*DB, error) {
	file, err := sqlite.Open(ctx, path, "NORMAL", migrations.Control())
	if err != nil {
		return nil, fmt.Errorf("control database: %w", err)
	}
	token, err := file.Reader.PrepareContext(ctx, selectToken+` WHERE hash = ?`)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control database: %w", err), file.Close())
	}
	return &DB{sql: file, box: box, hashes: make(chan struct{}, maxHashes), token: token, now: time.Now}, nil
}

// Close closes the database.
func (db *DB) Close() error { return errors.Join(db.token.Close(), db.sql.Close()) }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.sql.Ping(ctx) }

// tx runs f in a writing transaction, which is rolled back when f fails.
func (db *DB) tx(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := db.sql.Writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", db.sql.Explain(err))
	}
	defer db.tokens.forget()
	defer db.embeds.forget()
	defer db.connections.forget()
	if err := f(tx); err != nil {
		if rerr := tx.Rollback(); rerr != nil && !errors.Is(rerr, sql.ErrTxDone) {
			return errors.Join(db.sql.Explain(err), rerr)
		}
		return db.sql.Explain(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", db.sql.Explain(err))
	}
	return nil
}

// querier is a transaction or a pool of connections.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// list reads all rows of a query with scan.
func list[T any](ctx context.Context, q querier, scan func(row scanner) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

// notFound turns the driver's word for "no such row" into ours.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// millis is t as it is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// fromMillis is the time stored as ms.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// toJSON encodes what only holds texts, numbers and raw JSON that was read
// from JSON before.
func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode %T: %w", v, err)
	}
	return string(b), nil
}
