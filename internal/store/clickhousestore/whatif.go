package clickhousestore

import (
	"context"
	"fmt"

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
		issues := &lives{s, st, &q}
		err := issues.Each(ctx, delivery.AllLives(), func(l *delivery.Life) { c.Add(l, l.FlowBy(supposed.Classes(l.Connection, l.Queue))) })
		if err != nil {
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
