// Package sqlitestore is the delivery.Store in a SQLite file.
//
// Raw facts (issues, aliases, events, statuses) are kept as the source said
// them. Periods and flow are derived from them when they are written, in the
// same transaction. Flow depends on the classes of statuses; it is kept per
// generation, so that a changed workflow is worked in beside the one in force.
// Durations are measured when a query asks for them.
package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
	"throughline/migrations"
)

var _ delivery.Store = (*Store)(nil)

// Store is a delivery.Store in one SQLite file.
type Store struct {
	db *sqlite.DB
	// names belongs to whoever holds the writer's only connection.
	names *dictionary
	// series likewise; nil until it is read.
	series    *seriesCache
	held      held
	lastTouch int64
}

// Open opens or creates the file at path.
func Open(ctx context.Context, path string) (*Store, error) {
	db, err := sqlite.Open(ctx, path, "NORMAL", migrations.SQLite())
	if err != nil {
		return nil, err
	}
	return &Store{db: db, names: newDictionary()}, nil
}

// Ping reports whether the file can still be read.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Identity tells this file from every other one; a copy has the same.
func (s *Store) Identity(ctx context.Context) (string, error) {
	var id string
	if err := s.db.Reader.QueryRowContext(ctx, identitySQL).Scan(&id); err != nil {
		return "", fmt.Errorf("store identity: %w", err)
	}
	return id, nil
}

// Version changes whenever an answer may have changed.
func (s *Store) Version(ctx context.Context) (int64, error) {
	var v int64
	if err := s.db.Reader.QueryRowContext(ctx, versionSQL).Scan(&v); err != nil {
		return 0, fmt.Errorf("store version: %w", err)
	}
	return v, nil
}

// read runs f in a transaction that sees one state of the store.
func (s *Store) read(ctx context.Context, f func(tx *sql.Tx) error) (err error) {
	tx, err := s.db.Reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ignoreDone(tx.Rollback())) }()
	return f(tx)
}

// ignoreDone drops the error of a rollback of what has already ended.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}
