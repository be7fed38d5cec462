package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// AnonymousViewing is the option that lets whoever is not signed in look.
const AnonymousViewing = "anonymous_viewing"

// Option reports whether an option is on. All are off until somebody sets them.
func (db *DB) Option(ctx context.Context, name string) (bool, error) {
	return option(ctx, db.sql.Reader, name)
}

func option(ctx context.Context, q querier, name string) (bool, error) {
	var value string
	err := q.QueryRowContext(ctx, `SELECT value FROM options WHERE name = ?`, name).Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("option %s: %w", name, err)
	}
	return value == "on", nil
}

// SetOption turns an option on or off.
func (db *DB) SetOption(ctx context.Context, name string, on bool) error {
	word := map[bool]string{true: "on", false: "off"}
	return db.tx(ctx, func(tx *sql.Tx) error {
		was, err := option(ctx, tx, name)
		if err != nil || was == on {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO options (name, value) VALUES (?, ?)`, name, word[on])
		if err != nil {
			return fmt.Errorf("set option %s: %w", name, err)
		}
		return db.audit(ctx, tx, "option.set", "option/"+name, map[string]string{"value": word[was]}, map[string]string{"value": word[on]})
	})
}
