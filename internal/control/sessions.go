package control

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
)

// Sessions keeps the browser's sessions. The session manager must be set to
// hash tokens in its store.
type Sessions struct{ db *DB }

var _ scs.CtxStore = (*Sessions)(nil)

// SessionStore is the store to give to the session manager.
func (db *DB) SessionStore() *Sessions { return &Sessions{db} }

// PruneSessions removes the sessions that have expired.
func (db *DB) PruneSessions(ctx context.Context, now time.Time) error {
	if _, err := db.sql.Writer.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, millis(now)); err != nil {
		return fmt.Errorf("prune sessions: %w", db.sql.Explain(err))
	}
	return nil
}

// FindCtx is the data of a session that has not expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) (data []byte, found bool, err error) {
	err = s.db.sql.Reader.QueryRowContext(ctx, `SELECT data FROM sessions WHERE token = ? AND expires_at > ?`,
		token, millis(s.db.now())).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("find session: %w", err)
	}
	return data, true, nil
}

// CommitCtx stores a session until expiry.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := s.db.sql.Writer.ExecContext(ctx, `INSERT OR REPLACE INTO sessions (token, data, expires_at) VALUES (?, ?, ?)`,
		token, data, millis(expiry))
	if err != nil {
		return fmt.Errorf("store session: %w", s.db.sql.Explain(err))
	}
	return nil
}

// DeleteCtx removes a session; one that is not there is no error.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	if _, err := s.db.sql.Writer.ExecContext(ctx, `DELETE FROM sessions WHERE token = ?`, token); err != nil {
		return fmt.Errorf("delete session: %w", s.db.sql.Explain(err))
	}
	return nil
}

// Find is FindCtx without a context, which the session manager never calls.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context, which the session manager never calls.
func (s *Sessions) Commit(token string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expiry)
}

// Delete is DeleteCtx without a context, which the session manager never calls.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }
