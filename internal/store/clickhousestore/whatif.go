package clickhousestore

import (
	"context"
	"fmt"
	"slices"

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
		lives := &lives{s, st, &q}
		err := lives.Each(ctx, delivery.AllLives(), func(l *delivery.Life) {
			then := l.FlowBy(supposed.Classes(l.Connection, l.Queue))
			out.Compare(&q, l.ID, l.Queue, l.Flow, then)
			before = l.Finished(before, &q.Filter, l.Flow)
			after = l.Finished(after, &q.Filter, then)
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
