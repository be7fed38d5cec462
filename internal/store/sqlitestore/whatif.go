package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// WhatIf derives flow by the workflows of a supposition beside the stored one,
// without storing it.
func (s *Store) WhatIf(ctx context.Context, q delivery.FlowQuery, then delivery.Supposition) (delivery.FlowChange, error) {
	if err := then.Workflows.Validate(); err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	var out delivery.FlowChange
	err := s.read(ctx, func(tx *sql.Tx) error {
		lives, err := readLives(ctx, tx, &then.Workflows)
		if err != nil {
			return err
		}
		now, err := inForce(ctx, tx, &q)
		if err != nil {
			return err
		}
		c := delivery.NewComparison(*now, &then)
		if err := lives.each(ctx, tx, &q.Filter, c.Add); err != nil {
			return err
		}
		out = c.Finish()
		return nameFlips(ctx, tx, out.Items)
	})
	if err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	return out, nil
}

// lives reads issues with their flow as it is and as it would be.
type lives struct {
	supposed                                *delivery.Meaning
	status, conn, queue, types, resolutions map[int64]term
	periods                                 []delivery.Period // of the issue being read
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
	}{{statusTerm, &l.status}, {connectionTerm, &l.conn}, {queueTerm, &l.queue}, {typeTerm, &l.types}, {resolutionTerm, &l.resolutions}} {
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
func (ls *lives) each(ctx context.Context, tx *sql.Tx, filter *delivery.Filter, f func(*delivery.ComparedIssue)) error {
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		i := delivery.ComparedIssue{
			ID: row.Int(0), Queue: ls.queue[row.Int(2)].key, Type: ls.types[row.Int(3)].key, Resolution: ls.resolutions[row.Int(4)].key,
			Before: delivery.Flow{
				CreatedAt: delivery.Instant(row.Int(5)), FirstActiveAt: delivery.Instant(row.Int(6)),
				ClosedAt: delivery.Instant(row.Int(7)), ReopenCount: int(row.Int(8)),
			},
		}
		ls.periods = ls.periods[:0]
		err := eachStay(row.Bytes(9), func(s stay) {
			status := delivery.Ref{Key: ls.status[s.status].key}
			ls.periods = append(ls.periods, delivery.Period{Status: status, Start: s.start, End: s.end})
		})
		if err != nil {
			return err
		}
		class := ls.supposed.Classes(ls.conn[row.Int(1)].key, i.Queue)
		i.After = delivery.FlowOf(i.Before.CreatedAt, ls.periods, class)
		f(&i)
		return nil
	}, livesSQL, filterArgs(filter)...)
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
