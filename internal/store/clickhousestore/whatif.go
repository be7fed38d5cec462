package clickhousestore

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/delivery"
)

// WhatIf derives flow by wf beside the stored one, without storing it.
func (s *Store) WhatIf(ctx context.Context, q delivery.FlowQuery, wf delivery.Workflows) (delivery.FlowChange, error) {
	if err := wf.Validate(); err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	var out delivery.FlowChange
	err := s.read(ctx, func(st *state) error {
		supposed := &delivery.Meaning{Workflows: wf, Types: st.target().meaning.Types}
		var before, after []delivery.FinishedIssue
		err := s.lives(ctx, st, &q.Filter, supposed, func(l *life) {
			out.Compare(&q, l.ID, l.Queue, l.before, l.after)
			before = l.finished(before, &q.Filter, l.before)
			after = l.finished(after, &q.Filter, l.after)
		})
		if err != nil {
			return err
		}
		now, then := q, q
		then.Workflows = &wf
		if q.Workflows != nil && len(st.generations) > 1 {
			now.Workflows = &st.current().meaning.Workflows
		}
		out.Before, out.After = now.Measure(slices.Values(before)), then.Measure(slices.Values(after))
		out.Finish()
		return s.nameFlips(ctx, st, out.Items)
	})
	if err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	return out, nil
}

// life is an issue with its flow as it is and as it would be.
type life struct {
	delivery.FinishedIssue // but for the instants
	before, after          delivery.Flow
}

// lives calls f for the issues of a filter, but for its range.
func (s *Store) lives(ctx context.Context, st *state, filter *delivery.Filter, supposed *delivery.Meaning, f func(*life)) error {
	a := filtered(st, filter)
	var statuses []string
	var starts []int64
	var periods []delivery.Period
	return scanRows(ctx, s.conn, s.sql("lives", a), func(rows driver.Rows) error {
		var l life
		var connection string
		var reopened uint32
		b := &l.before
		err := rows.Scan(&l.ID, &connection, &l.Queue, &l.Resolution, (*int64)(&b.CreatedAt), (*int64)(&b.FirstActiveAt), (*int64)(&b.ClosedAt),
			&reopened, &statuses, &starts)
		if err != nil {
			return err
		}
		b.ReopenCount = int(reopened)
		periods = periodsOf(statuses, starts, periods)
		l.after = delivery.FlowOf(b.CreatedAt, periods, supposed.Classes(connection, l.Queue))
		f(&l)
		return nil
	}, a.args...)
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
