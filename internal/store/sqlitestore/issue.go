package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// Issue returns the issue that has the key, or had it before.
func (s *Store) Issue(ctx context.Context, keyOrAlias string) (delivery.IssueDetail, error) {
	var d delivery.IssueDetail
	err := s.read(ctx, func(tx *sql.Tx) error {
		var pk int64
		err := tx.QueryRowContext(ctx, issueByKeySQL, keyOrAlias).Scan(&pk)
		if errors.Is(err, sql.ErrNoRows) {
			return delivery.ErrNotFound
		}
		if err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, issueSQL, pk)
		if err := each(rows, err, func(rows *sql.Rows) error { return scanIssue(rows, &d.Issue, &d.Full) }); err != nil {
			return err
		}
		rows, err = tx.QueryContext(ctx, issueEventsSQL, pk)
		return each(rows, err, func(rows *sql.Rows) error {
			e, err := scanEvent(rows)
			d.Events = append(d.Events, e)
			return err
		})
	})
	if err != nil {
		return delivery.IssueDetail{}, fmt.Errorf("issue %q: %w", keyOrAlias, err)
	}
	return d, nil
}

// scanIssue reads the columns that every statement on issues begins with, and
// those that follow into more.
func scanIssue(rows *sql.Rows, i *delivery.Issue, more ...any) error {
	former, err := scanFormer(rows, i, more...)
	for _, key := range former {
		if !slices.Contains(i.Aliases, key) {
			i.Aliases = append(i.Aliases, key)
		}
	}
	return err
}

// scanFormer is scanIssue with the keys that the store remembers apart from those
// that the source told.
func scanFormer(rows *sql.Rows, i *delivery.Issue, more ...any) ([]string, error) {
	var text, former string
	dest := []any{
		&i.ID, &i.Key, &i.Connection, &i.Queue, &i.Title, &i.Version, &i.CreatedAt, &i.UpdatedAt, &i.ResolvedAt,
		&i.StatusStartedAt, &text, &former,
	}
	if err := rows.Scan(append(dest, more...)...); err != nil {
		return nil, err
	}
	if err := delivery.DecodeDetails([]byte(text), i); err != nil || former == "[]" {
		return nil, err
	}
	var keys []string
	if err := json.Unmarshal([]byte(former), &keys); err != nil {
		return nil, fmt.Errorf("stored keys of %s: %w", i.Key, err)
	}
	return keys, nil
}

// scanEvent reads the columns that every statement on events begins with, and
// those that follow into more.
func scanEvent(rows *sql.Rows, more ...any) (delivery.Event, error) {
	var e delivery.Event
	var t delivery.Transition
	var fields sql.NullString
	var transition bool
	dest := []any{
		&e.ID, &e.Ordinal, &e.At, &e.Type, &e.Transport, &e.Moved, &fields,
		&e.Actor.ID, &e.Actor.Key, &e.Actor.Name, &transition,
		&t.From.ID, &t.From.Key, &t.From.Name, &t.FromStartedAt,
		&t.To.ID, &t.To.Key, &t.To.Name, &t.ToStartedAt,
	}
	if err := rows.Scan(append(dest, more...)...); err != nil {
		return e, err
	}
	if transition {
		e.Transition = &t
	}
	if !fields.Valid {
		return e, nil
	}
	if err := json.Unmarshal([]byte(fields.String), &e.Fields); err != nil {
		return e, fmt.Errorf("stored fields of event %s: %w", e.ID, err)
	}
	return e, nil
}
