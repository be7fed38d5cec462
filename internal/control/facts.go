package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// synced holds for connections whose cursor a sync has moved: one that was
// imported says where to begin, whatever the store.
const synced = `cursor IS NOT start`

// FactsIdentity is the identity of the fact store that the cursors belong to,
// "" when none was remembered.
func (db *DB) FactsIdentity(ctx context.Context) (string, error) {
	var identity string
	err := db.sql.Reader.QueryRowContext(ctx, `SELECT identity FROM facts`).Scan(&identity)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("identity of the facts: %w", err)
	}
	return identity, nil
}

// BindFacts remembers the fact store that the cursors belong to. With restart
// they belonged to another: connections that were synced begin from their start,
// at once, and their names are returned. No sync may be under way.
func (db *DB) BindFacts(ctx context.Context, identity string, restart bool, now time.Time) (restarted []string, err error) {
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO facts (one, identity) VALUES (1, ?)`, identity); err != nil {
			return err
		}
		if !restart {
			return nil
		}
		name := func(row scanner) (name string, err error) { err = row.Scan(&name); return name, err }
		if restarted, err = list(ctx, tx, name, `SELECT name FROM connections WHERE `+synced+` ORDER BY name`); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE connections SET cursor = start, next_run_at = min(next_run_at, ?), failures = 0
			WHERE `+synced, millis(now))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("remember whose facts they are: %w", err)
	}
	return restarted, nil
}

// HasCursors reports whether anything of any connection was synced.
func (db *DB) HasCursors(ctx context.Context) (has bool, err error) {
	err = db.sql.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM connections WHERE `+synced+`)`).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("look for cursors: %w", err)
	}
	return has, nil
}
