package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"throughline/internal/secret"
	"throughline/internal/sqlite"
)

// Token is what a program shows to be let in. Its JSON is what the audit log
// says of it.
type Token struct {
	ID          int64     `json:"-"`
	Name        string    `json:"name"`
	Scopes      []string  `json:"scopes"`
	Connection  string    `json:"connection,omitempty"` // that its pushes go to, "" for the usual one
	Provisioned bool      `json:"provisioned,omitempty"`
	CreatedAt   time.Time `json:"-"`
	LastUsedAt  time.Time `json:"-"` // to the minute; zero for never
}

// Scopes are what a token can be good for.
func Scopes() []string { return []string{"ingest", "read", "metrics"} }

// minToken is the least number of characters of a token that somebody chose.
const minToken = 16

const selectToken = `SELECT id, name, scopes, connection, provisioned, created_at, last_used_at FROM api_tokens`

func scanToken(row scanner) (Token, error) {
	var t Token
	var scopes []byte
	var created, used int64
	if err := row.Scan(&t.ID, &t.Name, &scopes, &t.Connection, &t.Provisioned, &created, &used); err != nil {
		return Token{}, err
	}
	t.CreatedAt, t.LastUsedAt = fromMillis(created), fromMillis(used)
	return t, json.Unmarshal(scopes, &t.Scopes)
}

// Tokens are all tokens by name.
func (db *DB) Tokens(ctx context.Context) ([]Token, error) {
	out, err := list(ctx, db.sql.Reader, scanToken, selectToken+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return out, nil
}

// Token is the token with this id, or ErrNotFound.
func (db *DB) Token(ctx context.Context, id int64) (Token, error) {
	return tokenBy(ctx, db.sql.Reader, id)
}

func tokenBy(ctx context.Context, q querier, id int64) (Token, error) {
	t, err := scanToken(q.QueryRowContext(ctx, selectToken+` WHERE id = ?`, id))
	if err != nil {
		return Token{}, fmt.Errorf("token %d: %w", id, notFound(err))
	}
	return t, nil
}

// maxTokenName bounds the name of a token, in characters.
const maxTokenName = 60

// CreateToken makes a token of the name, scopes and connection of t and returns
// its value, which is not kept. Errors: *FieldError, joined.
func (db *DB) CreateToken(ctx context.Context, t Token) (value string, err error) {
	t.Name = strings.TrimSpace(t.Name)
	if err := validateToken(t); err != nil {
		return "", err
	}
	scopes, err := toJSON(sorted(t.Scopes, strings.Compare))
	if err != nil {
		return "", err
	}
	value = secret.NewToken()
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := checkNewToken(ctx, tx, t); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO api_tokens (name, hash, scopes, connection, created_at) VALUES (?, ?, ?, ?, ?)`,
			t.Name, secret.HashToken(value), scopes, t.Connection, millis(db.now()))
		if err != nil {
			return fmt.Errorf("store token %s: %w", t.Name, err)
		}
		return db.audit(ctx, tx, "token.create", "token/"+t.Name, nil, Token{Name: t.Name, Scopes: t.Scopes, Connection: t.Connection})
	})
	if err != nil {
		return "", err
	}
	return value, nil
}

func validateToken(t Token) error {
	var errs []error
	switch n := utf8.RuneCountInString(t.Name); {
	case n == 0:
		errs = append(errs, &FieldError{"name", "required", "give it a name"})
	case n > maxTokenName || !utf8.ValidString(t.Name) || strings.ContainsFunc(t.Name, unicode.IsControl):
		errs = append(errs, &FieldError{"name", "text", fmt.Sprintf("a name has up to %d characters", maxTokenName)})
	}
	if len(t.Scopes) == 0 {
		errs = append(errs, &FieldError{"scopes", "required", "choose what it is good for"})
	}
	for _, scope := range t.Scopes {
		if !slices.Contains(Scopes(), scope) {
			errs = append(errs, &FieldError{"scopes", "invalid", "not one of " + strings.Join(Scopes(), ", ")})
		}
	}
	return errors.Join(errs...)
}

// checkNewToken checks what depends on what else is stored.
func checkNewToken(ctx context.Context, tx *sql.Tx, t Token) error {
	var taken bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM api_tokens WHERE name = ?)`, t.Name).Scan(&taken); err != nil {
		return fmt.Errorf("look for tokens: %w", err)
	}
	if taken {
		return &FieldError{"name", "duplicate", "another token has this name"}
	}
	if t.Connection == "" || slices.Contains(reservedNames, t.Connection) {
		return nil
	}
	_, err := connectionBy(ctx, tx, "name", t.Connection)
	if errors.Is(err, ErrNotFound) {
		return &FieldError{"connection", "invalid", "there is no such connection"}
	}
	return err
}

// DeleteToken revokes a token. Errors: ErrNotFound, ErrProvisioned.
func (db *DB) DeleteToken(ctx context.Context, id int64) error {
	return db.tx(ctx, func(tx *sql.Tx) error {
		t, err := tokenBy(ctx, tx, id)
		if err != nil {
			return err
		}
		if t.Provisioned {
			return ErrProvisioned
		}
		return db.dropToken(ctx, tx, t)
	})
}

func (db *DB) dropToken(ctx context.Context, tx *sql.Tx, t Token) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM api_tokens WHERE id = ?`, t.ID); err != nil {
		return fmt.Errorf("revoke token %s: %w", t.Name, err)
	}
	return db.audit(ctx, tx, "token.delete", "token/"+t.Name, t, nil)
}

// TokenFor is the token with this value, or ErrNotFound. It notes, at most once
// a minute, that the token was used.
func (db *DB) TokenFor(ctx context.Context, value string) (Token, error) {
	hash := secret.HashToken(value)
	t, found, seen := db.tokens.of(hash)
	if !found {
		var err error
		if t, err = scanToken(db.token.QueryRowContext(ctx, hash)); err != nil {
			return Token{}, fmt.Errorf("token: %w", notFound(err))
		}
	}
	now := db.now()
	used := now.Sub(t.LastUsedAt) >= time.Minute
	if used {
		_, err := db.sql.Writer.ExecContext(ctx, `UPDATE api_tokens SET last_used_at = ? WHERE id = ?`, millis(now), t.ID)
		// A full disk keeps nobody from reading.
		if _, full := errors.AsType[*sqlite.DiskError](db.sql.Explain(err)); err != nil && !full {
			return Token{}, errors.Join(fmt.Errorf("note use of token %s", t.Name), err)
		}
		t.LastUsedAt = fromMillis(millis(now))
	}
	if used || !found {
		db.tokens.add(hash, t, seen)
	}
	return t, nil
}
