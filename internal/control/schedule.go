package control

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Due are the connections to pull from now: neither paused nor being pulled
// from, the one that has waited longest first. Those of the kinds of the built-in
// ones only receive.
func (db *DB) Due(ctx context.Context, now time.Time) ([]Connection, error) {
	due, err := list(ctx, db.sql.Reader, scanConnection, selectConnection+`
		WHERE c.paused_at = 0 AND c.next_run_at <= ? AND c.kind NOT IN ('ci', 'series')
		  AND NOT EXISTS (SELECT 1 FROM syncs s WHERE s.connection_id = c.id AND s.state = 'running')
		ORDER BY c.next_run_at, c.id`, millis(now))
	if err != nil {
		return nil, fmt.Errorf("due connections: %w", err)
	}
	return due, nil
}

// RunNow makes a connection due. A paused one is resumed: who asks for a sync
// wants it tried. Errors: ErrNotFound, ErrPushed.
func (db *DB) RunNow(ctx context.Context, name string, now time.Time) error {
	return db.resume(ctx, name, now)
}

// RunBy makes a connection due by an instant, unless it is paused or its last sync
// failed: then it keeps its own time. A sync under way does not do: what is wanted may
// have come too late for it.
func (db *DB) RunBy(ctx context.Context, id int64, at time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE connections SET next_run_at = CASE
				WHEN EXISTS (SELECT 1 FROM syncs s WHERE s.connection_id = connections.id AND s.state = 'running' AND s.started_at >= next_run_at)
				THEN ?1 ELSE min(next_run_at, ?1) END
			WHERE id = ?2 AND paused_at = 0 AND failures = 0
			  AND (SELECT state FROM syncs WHERE connection_id = ?2 ORDER BY id DESC LIMIT 1) IS NOT 'failed'`, millis(at), id)
		if err != nil {
			return fmt.Errorf("run connection %d by an instant: %w", id, err)
		}
		return nil
	})
}

// Resume ends a pause and makes the connection due. Errors: ErrNotFound, ErrPushed.
func (db *DB) Resume(ctx context.Context, name string, now time.Time) error {
	return db.resume(ctx, name, now)
}

func (db *DB) resume(ctx context.Context, name string, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		c, err := connectionBy(ctx, tx, "name", name)
		if err != nil {
			return err
		}
		if c.Pushed() {
			return fmt.Errorf("connection %s: %w", name, ErrPushed)
		}
		_, err = tx.ExecContext(ctx, `UPDATE connections
			SET next_run_at = ?, failures = 0, paused_code = '', paused_message = '', paused_at = 0 WHERE id = ?`, millis(now), c.ID)
		if err != nil {
			return fmt.Errorf("resume connection %s: %w", name, err)
		}
		return nil
	})
}

// Pause stops pulling until Resume or a change of the connection. Errors:
// ErrNotFound, ErrPushed.
func (db *DB) Pause(ctx context.Context, id int64, code, message string, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		c, err := connectionBy(ctx, tx, "id", id)
		if err != nil {
			return err
		}
		if c.Pushed() {
			return fmt.Errorf("connection %s: %w", c.Name, ErrPushed)
		}
		return pauseWhere(ctx, tx, "id = ?", id, code, message, now)
	})
}

// PauseAfter is Pause because of how a sync went. It does nothing when the
// connection was changed since that sync began: what was wrong may be mended.
func (db *DB) PauseAfter(ctx context.Context, syncID int64, code, message string, now time.Time) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		return pauseWhere(ctx, tx, "(id, revision) = (SELECT connection_id, revision FROM syncs WHERE id = ?)", syncID, code, message, now)
	})
}

func pauseWhere(ctx context.Context, tx *sql.Tx, which string, id int64, code, message string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE connections SET paused_code = ?, paused_message = ?, paused_at = ? WHERE "+which,
		code, cut(message, maxText), millis(now), id)
	if err != nil {
		return fmt.Errorf("pause a connection: %w", err)
	}
	return nil
}
