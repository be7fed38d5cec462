package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// Lives calls f with the issues that a query is about.
func (s *Store) Lives(ctx context.Context, q delivery.FlowQuery, f func(delivery.Lives) error) error {
	err := s.read(ctx, func(tx *sql.Tx) error {
		l, err := s.readLives(ctx, tx, &q)
		if err != nil {
			return err
		}
		return f(l)
	})
	if err != nil {
		return fmt.Errorf("lives of issues: %w", err)
	}
	return nil
}

// lives are the issues that a transaction sees.
type lives struct {
	tx                                      *sql.Tx
	query                                   *delivery.FlowQuery
	stored                                  *generation    // that answers come from
	filling                                 *generation    // nil unless another one is worked in
	held                                    *snapshot      // of the same state; nil when it is to be read
	status, conn, queue, kinds, resolutions map[int64]term // kinds of issues
}

func (s *Store) readLives(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery) (*lives, error) {
	l := lives{tx: tx, query: q}
	rows, err := tx.QueryContext(ctx, generationsSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		g, err := scanGeneration(rows.Scan)
		if l.stored == nil {
			l.stored = g
		} else {
			l.filling = g
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, t := range []struct {
		kind string
		into *map[int64]term
	}{{statusTerm, &l.status}, {connectionTerm, &l.conn}, {queueTerm, &l.queue}, {typeTerm, &l.kinds}, {resolutionTerm, &l.resolutions}} {
		if *t.into, err = readTerms(ctx, tx, t.kind); err != nil {
			return nil, err
		}
	}
	var version int64
	if err := tx.QueryRowContext(ctx, versionSQL).Scan(&version); err != nil {
		return nil, err
	}
	l.held, err = s.held.at(ctx, tx, version, l.stored.id)
	return &l, err
}

// types are those of statuses that a workflow set now would meet.
func (ls *lives) types() delivery.StatusTypes {
	if ls.filling != nil {
		return ls.filling.Types
	}
	return ls.stored.Types
}

// Each calls f for the lives wanted.
func (ls *lives) Each(ctx context.Context, want delivery.LivesWanted, f func(*delivery.Life)) error {
	var inForce *delivery.Workflows
	if ls.filling != nil {
		inForce = &ls.stored.Workflows // numbers must not be by both
	}
	r := delivery.NewLifeReader(ls.query, want, &ls.stored.Meaning, inForce, ls.types())
	var l delivery.Life
	stays := func(s stay) {
		l.Stays = append(l.Stays, delivery.Stay{Status: ls.status[s.status].key, Start: s.start, End: s.end})
	}
	return ls.rows(ctx, &r.Read, func(row *heldRow, periods []byte) error {
		l = delivery.Life{
			ID: row.issue, Place: delivery.Place{Connection: ls.conn[int64(row.connection)].key, Queue: ls.queue[int64(row.queue)].key},
			Type: ls.kinds[int64(row.typ)].key, Resolution: ls.resolutions[int64(row.resolution)].key,
			Flow: delivery.Flow{
				CreatedAt: delivery.Instant(row.createdAt), FirstActiveAt: delivery.Instant(row.firstActiveAt),
				ClosedAt: delivery.Instant(row.closedAt), ReopenCount: int(row.reopens),
			},
			Stays: l.Stays[:0],
		}
		if r.Read.Stays {
			if err := eachStay(periods, stays); err != nil {
				return err
			}
		}
		if r.Complete(&l) {
			f(&l)
		}
		return nil
	})
}

// rows calls f for the issues wanted, with their stays where these are.
func (ls *lives) rows(ctx context.Context, want *delivery.LivesWanted, f func(row *heldRow, stays []byte) error) error {
	if ls.held != nil {
		return ls.held.each(ctx, ls, want, f)
	}
	statement := flowsSQL
	if want.Stays {
		statement = livesSQL
	}
	args := append(filterArgs(&ls.query.Filter), ms(want.CreatedBefore), want.Open, ms(want.ClosedFrom), ms(want.ClosedTo))
	return sqlite.Scan(ctx, ls.tx, func(row sqlite.Row) error {
		r, err := heldRowOf(row)
		if err != nil {
			return err
		}
		var stays []byte
		if want.Stays {
			stays = row.Bytes(9)
		}
		return f(&r, stays)
	}, statement, args...)
}

// Marks are what a panel says of issues.
func (ls *lives) Marks(ctx context.Context, ids []int64) (map[int64]delivery.Mark, error) {
	out := make(map[int64]delivery.Mark, len(ids))
	ids = slices.Sorted(slices.Values(ids))
	rows, err := ls.tx.QueryContext(ctx, pointsSQL, jsonList(ids))
	err = each(rows, err, func(rows *sql.Rows) error {
		var pk int64
		var m delivery.Mark
		err := rows.Scan(&pk, &m.Key, &m.Title, &m.TypeKey, &m.Type)
		out[pk] = m
		return err
	})
	return out, err
}

// Statuses say what the statuses of stays are called and mean.
func (ls *lives) Statuses(ctx context.Context) (*delivery.StatusBook, error) {
	known, err := readDictionaries(ctx, ls.tx)
	if err != nil {
		return nil, err
	}
	b := delivery.StatusBook{Known: known, Names: make(map[string]string, len(ls.status)), Meaning: &ls.stored.Meaning}
	if ls.query.Supposed != nil {
		b.Meaning = &delivery.Meaning{Workflows: *ls.query.Supposed, Types: ls.types()}
	}
	for _, t := range ls.status {
		b.Names[t.key] = t.name
	}
	return &b, nil
}

// Tagged are the times in which issues bore tags that block them.
func (ls *lives) Tagged(ctx context.Context) (map[int64][]delivery.TagStay, error) {
	out := map[int64][]delivery.TagStay{}
	rows, err := ls.tx.QueryContext(ctx, taggedSQL)
	err = each(rows, err, func(rows *sql.Rows) error {
		var pk int64
		var text string
		if err := rows.Scan(&pk, &text); err != nil {
			return err
		}
		stays, err := delivery.DecodeTagged(text)
		out[pk] = stays
		return err
	})
	return out, err
}
