package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

type actorKey struct{}

// WithActor names the user on whose behalf ctx is used. Changes are written to
// the audit log with it; without one they are the program's own.
func WithActor(ctx context.Context, userID int64) context.Context {
	return context.WithValue(ctx, actorKey{}, userID)
}

type commandKey struct{}

// WithCommand names the subcommand that changes things without a user.
func WithCommand(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, commandKey{}, name)
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
	_, err := db.auditEntry(ctx, tx, action, object, before, after)
	return err
}

// auditEntry is audit, and returns the id of the entry.
func (db *DB) auditEntry(ctx context.Context, tx *sql.Tx, action, object string, before, after any) (id int64, err error) {
	var texts [2]any
	for i, v := range []any{before, after} {
		if v == nil {
			continue
		}
		text, err := toJSON(v)
		if err != nil {
			return 0, err
		}
		texts[i] = text
	}
	by := actor(ctx)
	command, _ := ctx.Value(commandKey{}).(string)
	err = tx.QueryRowContext(ctx, `INSERT INTO audit_log (at, user_id, email, action, object, before, after)
		VALUES (?, ?, coalesce((SELECT email FROM users WHERE id = ?), ?), ?, ?, ?, ?) RETURNING id`,
		millis(db.now()), by, by, command, action, object, texts[0], texts[1]).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("audit log: %w", err)
	}
	return id, nil
}

// AuditEntry is one change of settings or users.
type AuditEntry struct {
	ID     int64
	At     time.Time
	UserID int64           // 0: the program itself, its command line or provisioning file
	Email  string          // of the user then; for the program its command or ""
	Action string          // user.invite, calendar.save
	Object string          // kind/name: user/ann@example.com, workflow
	Before json.RawMessage // null when there was none
	After  json.RawMessage
}

// ByProgram is the AuditQuery.User of what no user did.
const ByProgram int64 = -1

// AuditQuery chooses entries; zero values choose all.
type AuditQuery struct {
	User   int64
	Kind   string // of the object: user, token, connection …
	Before int64  // entries older than the one with this id
	Limit  int    // 100 unless given
}

// auditKind is the part of an object before its name.
const auditKind = `substr(object, 1, instr(object || '/', '/') - 1)`

// Audit lists changes, the newest first.
func (db *DB) Audit(ctx context.Context, q AuditQuery) ([]AuditEntry, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	out, err := list(ctx, db.sql.Reader, scanAudit, `SELECT id, at, coalesce(user_id, 0), email, action, object, before, after FROM audit_log
		WHERE (?1 = 0 OR coalesce(user_id, -1) = ?1) AND (?2 = '' OR `+auditKind+` = ?2) AND (?3 = 0 OR id < ?3)
		ORDER BY id DESC LIMIT ?4`, q.User, q.Kind, q.Before, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return out, nil
}

func scanAudit(row scanner) (e AuditEntry, err error) {
	var at int64
	var before, after []byte
	err = row.Scan(&e.ID, &at, &e.UserID, &e.Email, &e.Action, &e.Object, &before, &after)
	e.At, e.Before, e.After = fromMillis(at), before, after
	return e, err
}

// AuditActor is somebody whose changes the log holds; a removed user too.
type AuditActor struct {
	ID    int64 // ByProgram for the program
	Email string
}

// AuditActors are all whose changes the log holds.
func (db *DB) AuditActors(ctx context.Context) ([]AuditActor, error) {
	out, err := list(ctx, db.sql.Reader, func(row scanner) (a AuditActor, err error) {
		return a, row.Scan(&a.ID, &a.Email)
	}, `SELECT coalesce(user_id, -1) AS who, max(email) FROM audit_log GROUP BY who ORDER BY 2, 1`)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return out, nil
}

// AuditKinds are the kinds of objects that the log holds changes of.
func (db *DB) AuditKinds(ctx context.Context) ([]string, error) {
	out, err := list(ctx, db.sql.Reader, func(row scanner) (kind string, err error) {
		return kind, row.Scan(&kind)
	}, `SELECT DISTINCT `+auditKind+` FROM audit_log ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return out, nil
}
