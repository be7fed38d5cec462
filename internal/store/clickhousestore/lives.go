package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// Lives calls f with the issues that a query is about.
func (s *Store) Lives(ctx context.Context, q delivery.FlowQuery, f func(delivery.Lives) error) error {
	if err := s.read(ctx, func(st *state) error { return f(&lives{s, st, &q}) }); err != nil {
		return fmt.Errorf("lives of issues: %w", err)
	}
	return nil
}

// lives are the issues of a state.
type lives struct {
	store *Store
	state *state
	query *delivery.FlowQuery
}

// livesAsked is what lives.sql is made from.
type livesAsked struct {
	*asked
	delivery.LivesWanted
}

// Each calls f for the lives wanted.
func (ls *lives) Each(ctx context.Context, want delivery.LivesWanted, f func(*delivery.Life)) error {
	var inForce *delivery.Workflows
	if len(ls.state.generations) > 1 {
		inForce = &ls.state.current().meaning.Workflows // numbers must not be by both
	}
	r := delivery.NewLifeReader(ls.query, want, nil, inForce, ls.state.target().meaning.Types)
	a := filtered(ls.state, &ls.query.Filter)
	a.bind("created_before", int64(r.Read.CreatedBefore))
	a.bind("closed_from", int64(r.Read.ClosedFrom))
	a.bind("closed_to", int64(r.Read.ClosedTo))
	var row lifeRow
	return scanRows(ctx, ls.store.conn, ls.store.sql("lives", livesAsked{a, r.Read}), func(rows driver.Rows) error {
		if err := row.scan(rows, r.Read.Stays); err != nil {
			return err
		}
		if r.Complete(&row.Life) {
			f(&row.Life)
		}
		return nil
	}, a.args...)
}

// lifeRow is a row of lives.sql.
type lifeRow struct {
	delivery.Life
	statuses []string
	starts   []int64
	classes  []uint8
}

func (r *lifeRow) scan(rows driver.Rows, stays bool) error {
	var reopened uint32
	dest := []any{
		&r.ID, &r.Connection, &r.Queue, &r.Type, &r.Resolution, (*int64)(&r.CreatedAt), (*int64)(&r.FirstActiveAt), (*int64)(&r.ClosedAt), &reopened,
	}
	if stays {
		dest = append(dest, &r.statuses, &r.starts, &r.classes)
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	r.ReopenCount, r.Stays = int(reopened), r.Stays[:0]
	if !stays {
		return nil
	}
	for i, key := range r.statuses {
		stay := delivery.Stay{Status: key, Class: delivery.Class(r.classes[i]), Start: delivery.Instant(r.starts[i])}
		if i+1 < len(r.starts) {
			stay.End = delivery.Instant(r.starts[i+1])
		}
		r.Stays = append(r.Stays, stay)
	}
	return nil
}

// Marks are what a panel says of issues.
func (ls *lives) Marks(ctx context.Context, ids []int64) (map[int64]delivery.Mark, error) {
	out := make(map[int64]delivery.Mark, len(ids))
	err := inChunks(ids, func(ids []int64) error {
		return scanRows(ctx, ls.store.conn, ls.store.sql("names", nil), func(rows driver.Rows) error {
			var issue int64
			var m delivery.Mark
			err := rows.Scan(&issue, &m.Key, &m.Title, &m.TypeKey)
			m.Type = ls.state.name(typeTerm, m.TypeKey)
			out[issue] = m
			return err
		}, clickhouse.Named("issues", ids))
	})
	return out, err
}

// Tagged are the times in which issues bore tags that block them.
func (ls *lives) Tagged(ctx context.Context) (map[int64][]delivery.TagStay, error) {
	out := map[int64][]delivery.TagStay{}
	err := scanRows(ctx, ls.store.conn, ls.store.sql("tagged", nil), func(rows driver.Rows) error {
		var issue int64
		var text string
		if err := rows.Scan(&issue, &text); err != nil {
			return err
		}
		stays, err := delivery.DecodeTagged(text)
		out[issue] = stays
		return err
	})
	return out, err
}

// Statuses say what the statuses of stays are called and mean.
func (ls *lives) Statuses(context.Context) (*delivery.StatusBook, error) {
	b := delivery.StatusBook{Known: ls.state.known, Names: ls.state.names(statusTerm), Meaning: ls.state.meaning()}
	if ls.query.Supposed != nil {
		b.Meaning = &delivery.Meaning{Workflows: *ls.query.Supposed, Types: ls.state.target().meaning.Types}
	}
	return &b, nil
}
