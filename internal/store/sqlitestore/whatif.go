package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// WhatIf derives flow by wf beside the stored one, without storing it.
func (s *Store) WhatIf(ctx context.Context, q delivery.FlowQuery, wf delivery.Workflows) (delivery.FlowChange, error) {
	if err := wf.Validate(); err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	var out delivery.FlowChange
	err := s.read(ctx, func(tx *sql.Tx) error {
		lives, err := readLives(ctx, tx, &wf)
		if err != nil {
			return err
		}
		var before, after []delivery.FinishedIssue
		err = lives.each(ctx, tx, &q.Filter, func(l *life) {
			out.Compare(&q, l.pk, l.Queue, l.before, l.after)
			before = l.finished(before, &q.Filter, l.before)
			after = l.finished(after, &q.Filter, l.after)
		})
		if err != nil {
			return err
		}
		then := q
		then.Workflows = &wf
		now, err := inForce(ctx, tx, &q)
		if err != nil {
			return err
		}
		out.Before, out.After = now.Measure(slices.Values(before)), then.Measure(slices.Values(after))
		out.Finish()
		return nameFlips(ctx, tx, out.Items)
	})
	if err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	return out, nil
}

// lives reads issues with their flow as it is and as it would be.
type lives struct {
	supposed                         *delivery.Meaning
	status, conn, queue, resolutions map[int64]term
	periods                          []delivery.Period // of the issue being read
}

// life is an issue being read.
type life struct {
	delivery.FinishedIssue // but for the instants
	pk                     int64
	before, after          delivery.Flow
}

func readLives(ctx context.Context, tx *sql.Tx, wf *delivery.Workflows) (*lives, error) {
	types, err := targetTypes(ctx, tx)
	if err != nil {
		return nil, err
	}
	l := &lives{supposed: &delivery.Meaning{Workflows: *wf, Types: types}}
	for _, t := range []struct {
		kind string
		into *map[int64]term
	}{{statusTerm, &l.status}, {connectionTerm, &l.conn}, {queueTerm, &l.queue}, {resolutionTerm, &l.resolutions}} {
		if *t.into, err = readTerms(ctx, tx, t.kind); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// targetTypes are the types of statuses that a workflow set now would meet.
func targetTypes(ctx context.Context, tx *sql.Tx) (delivery.StatusTypes, error) {
	var newest *generation
	rows, err := tx.QueryContext(ctx, generationsSQL)
	err = each(rows, err, func(rows *sql.Rows) (err error) {
		newest, err = scanGeneration(rows.Scan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newest.Types, nil
}

// each calls f for the issues of a filter, but for its range.
func (ls *lives) each(ctx context.Context, tx *sql.Tx, filter *delivery.Filter, f func(*life)) error {
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		l := life{pk: row.Int(0)}
		l.ID, l.Queue, l.Resolution = l.pk, ls.queue[row.Int(2)].key, ls.resolutions[row.Int(3)].key
		l.before = delivery.Flow{
			CreatedAt: delivery.Instant(row.Int(4)), FirstActiveAt: delivery.Instant(row.Int(5)),
			ClosedAt: delivery.Instant(row.Int(6)), ReopenCount: int(row.Int(7)),
		}
		ls.periods = ls.periods[:0]
		err := eachStay(row.Bytes(8), func(s stay) {
			status := delivery.Ref{Key: ls.status[s.status].key}
			ls.periods = append(ls.periods, delivery.Period{Status: status, Start: s.start, End: s.end})
		})
		if err != nil {
			return err
		}
		class := ls.supposed.Classes(ls.conn[row.Int(1)].key, l.Queue)
		l.after = delivery.FlowOf(l.before.CreatedAt, ls.periods, class)
		f(&l)
		return nil
	}, livesSQL, filterArgs(filter)...)
}

// finished adds the issue to others when its flow ends in the filter's range.
func (l *life) finished(others []delivery.FinishedIssue, filter *delivery.Filter, flow delivery.Flow) []delivery.FinishedIssue {
	if !flow.IsClosed() || flow.ClosedAt < filter.From || flow.ClosedAt >= filter.To {
		return others
	}
	i := l.FinishedIssue
	i.FirstActiveAt, i.ClosedAt = flow.FirstActiveAt, flow.ClosedAt
	return append(others, i)
}

func nameFlips(ctx context.Context, tx *sql.Tx, flips []delivery.FlowFlip) error {
	pks := make([]int64, len(flips))
	for i := range flips {
		pks[i] = flips[i].ID
	}
	issues, err := listed(ctx, tx, pks)
	for i := range flips {
		f, issue := &flips[i], issues[flips[i].ID]
		f.Key, f.Title, f.Queue = issue.Key, issue.Title, issue.Queue
		f.StatusKey, f.Status = issue.Status.Key, issue.Status.Name
	}
	return err
}
