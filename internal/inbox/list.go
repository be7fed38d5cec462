package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Query asks for entries, newest first. Texts that are "" ask for all.
type Query struct {
	Connection, Token, Kind string
	State                   State
	Before                  int64 // id of the last entry of the page before, 0 for the first
	Limit                   int   // 0: 100
}

// List answers a Query, without bodies.
func (db *DB) List(ctx context.Context, q Query) (entries []Entry, err error) {
	query, args := q.sql()
	rows, err := db.sql.Reader.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list entries: %w", err)
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// sql has only the conditions that are asked for: no index is of use to one
// that may be switched off.
func (q Query) sql() (query string, args []any) {
	query = `SELECT ` + columns + ` FROM entries WHERE TRUE`
	for _, c := range []struct{ column, value string }{
		{"connection", q.Connection}, {"token", q.Token}, {"kind", q.Kind}, {"state", string(q.State)},
	} {
		if c.value != "" {
			query += ` AND ` + c.column + ` = ?`
			args = append(args, c.value)
		}
	}
	if q.Before > 0 {
		query += ` AND id < ?`
		args = append(args, q.Before)
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	return query + ` ORDER BY id DESC LIMIT ?`, append(args, q.Limit)
}

// Entry is the entry with this id, with its body, or ErrNotFound.
func (db *DB) Entry(ctx context.Context, id int64) (Entry, error) {
	e, err := db.scanWithBody(db.sql.Reader.QueryRowContext(ctx, `SELECT `+columns+`, body
		FROM entries LEFT JOIN bodies ON entry_id = id WHERE id = ?`, id))
	if err != nil {
		return Entry{}, fmt.Errorf("entry %d: %w", id, err)
	}
	return e, nil
}

// scanWithBody reads columns and a body, which is NULL when it is pruned.
func (db *DB) scanWithBody(row scanner) (Entry, error) {
	var packed sql.Null[[]byte]
	e, err := scan(row, &packed)
	if err != nil || !packed.Valid {
		return e, err
	}
	e.Body, err = db.codec.unpack(packed.V)
	return e, err
}

// Counts is how many entries there are, by connection and state; states of
// which there are none may be left out.
func (db *DB) Counts(ctx context.Context) (counts map[string]map[State]int, err error) {
	rows, err := db.sql.Reader.QueryContext(ctx, `SELECT connection, state, n FROM counts WHERE n > 0`)
	if err != nil {
		return nil, fmt.Errorf("count entries: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts = map[string]map[State]int{}
	for rows.Next() {
		var connection string
		var state State
		var n int
		if err := rows.Scan(&connection, &state, &n); err != nil {
			return nil, fmt.Errorf("count entries: %w", err)
		}
		if counts[connection] == nil {
			counts[connection] = map[State]int{}
		}
		counts[connection][state] = n
	}
	return counts, rows.Err()
}

// Has reports whether an entry of this natural key was put, also one whose body
// is no longer kept.
func (db *DB) Has(ctx context.Context, kind, connection, key string) (there bool, err error) {
	err = db.sql.Reader.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM entries WHERE kind = ? AND connection = ? AND key = ? AND key != '')`,
		kind, connection, key).Scan(&there)
	if err != nil {
		return false, fmt.Errorf("look for an entry: %w", err)
	}
	return there, nil
}
