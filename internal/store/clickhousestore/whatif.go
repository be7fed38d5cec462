package clickhousestore

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// WhatIf derives flow by the workflows of a supposition beside the stored one,
// without storing it.
func (s *Store) WhatIf(ctx context.Context, q delivery.FlowQuery, then delivery.Supposition) (delivery.FlowChange, error) {
	if err := then.Workflows.Validate(); err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	var out delivery.FlowChange
	err := s.read(ctx, func(st *state) error {
		now := q
		if q.Workflows != nil && len(st.generations) > 1 {
			now.Workflows = &st.current().meaning.Workflows
		}
		supposed := &delivery.Meaning{Workflows: then.Workflows, Types: st.target().meaning.Types}
		c := delivery.NewComparison(now, &then)
		if err := s.lives(ctx, st, &q.Filter, supposed, c.Add); err != nil {
			return err
		}
		out = c.Finish()
		return s.nameFlips(ctx, st, out.Items)
	})
	if err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	return out, nil
}

// lives calls f for the issues of a filter, but for its range.
func (s *Store) lives(ctx context.Context, st *state, filter *delivery.Filter, supposed *delivery.Meaning, f func(*delivery.ComparedIssue)) error {
	a := filtered(st, filter)
	var statuses []string
	var starts []int64
	var periods []delivery.Period
	return scanRows(ctx, s.conn, s.sql("lives", a), func(rows driver.Rows) error {
		var i delivery.ComparedIssue
		var connection string
		var reopened uint32
		b := &i.Before
		err := rows.Scan(&i.ID, &connection, &i.Queue, &i.Type, &i.Resolution, (*int64)(&b.CreatedAt), (*int64)(&b.FirstActiveAt), (*int64)(&b.ClosedAt),
			&reopened, &statuses, &starts)
		if err != nil {
			return err
		}
		b.ReopenCount = int(reopened)
		periods = periodsOf(statuses, starts, periods)
		i.After = delivery.FlowOf(b.CreatedAt, periods, supposed.Classes(connection, i.Queue))
		f(&i)
		return nil
	}, a.args...)
}

func (s *Store) nameFlips(ctx context.Context, st *state, flips []delivery.FlowFlip) error {
	ids := make([]int64, len(flips))
	for i := range flips {
		ids[i] = flips[i].ID
	}
	issues, err := s.listed(ctx, st, ids)
	for i := range flips {
		f, issue := &flips[i], issues[flips[i].ID]
		f.Key, f.Title, f.Queue = issue.Key, issue.Title, issue.Queue
		f.StatusKey, f.Status = issue.Status.Key, issue.Status.Name
	}
	return err
}
