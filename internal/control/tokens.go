package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"throughline/internal/secret"
)

// Token is what a program shows to be let in.
type Token struct {
	ID          int64
	Name        string
	Scopes      []string
	Connection  string // that its pushes go to, "" for the usual one
	Provisioned bool
}

// Scopes are what a token can be good for.
func Scopes() []string { return []string{"ingest", "read", "metrics"} }

// minToken is the least number of characters of a token that somebody chose.
const minToken = 16

const selectToken = `SELECT id, name, scopes, connection, provisioned, last_used_at FROM api_tokens`

func scanToken(row scanner) (t Token, lastUsed time.Time, err error) {
	var scopes []byte
	var used int64
	if err = row.Scan(&t.ID, &t.Name, &scopes, &t.Connection, &t.Provisioned, &used); err != nil {
		return Token{}, time.Time{}, err
	}
	return t, fromMillis(used), json.Unmarshal(scopes, &t.Scopes)
}

// TokenFor is the token with this value, or ErrNotFound. It notes, at most once
// a minute, that the token was used.
func (db *DB) TokenFor(ctx context.Context, value string) (Token, error) {
	t, used, err := scanToken(db.sql.Reader.QueryRowContext(ctx, selectToken+` WHERE hash = ?`, secret.HashToken(value)))
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", notFound(err))
	}
	if now := db.now(); now.Sub(used) >= time.Minute {
		_, err := db.sql.Writer.ExecContext(ctx, `UPDATE api_tokens SET last_used_at = ? WHERE id = ?`, millis(now), t.ID)
		if err != nil {
			return Token{}, errors.Join(fmt.Errorf("note use of token %s", t.Name), err)
		}
	}
	return t, nil
}
