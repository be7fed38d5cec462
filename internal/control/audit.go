package control

import (
	"context"
	"database/sql"
	"fmt"
)

type actorKey struct{}

// WithActor names the user on whose behalf ctx is used. Changes are written to
// the audit log with it; without one they are the program's own.
func WithActor(ctx context.Context, userID int64) context.Context {
	return context.WithValue(ctx, actorKey{}, userID)
}

// actor is the user named by WithActor, or nil.
func actor(ctx context.Context) any {
	if id, ok := ctx.Value(actorKey{}).(int64); ok && id != 0 {
		return id
	}
	return nil
}

// audit writes down a change within its transaction. before and after are
// encoded as JSON, nil for none, and must not hold secrets.
func (db *DB) audit(ctx context.Context, tx *sql.Tx, action, object string, before, after any) error {
	var texts [2]any
	for i, v := range []any{before, after} {
		if v == nil {
			continue
		}
		text, err := toJSON(v)
		if err != nil {
			return err
		}
		texts[i] = text
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO audit_log (at, user_id, action, object, before, after) VALUES (?, ?, ?, ?, ?, ?)`,
		millis(db.now()), actor(ctx), action, object, texts[0], texts[1])
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}
