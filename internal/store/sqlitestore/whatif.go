package sqlitestore

import (
	"context"
	"database/sql"
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
	err := s.read(ctx, func(tx *sql.Tx) error {
		lives, err := readLives(ctx, tx, &q)
		if err != nil {
			return err
		}
		supposed := &delivery.Meaning{Workflows: wf, Types: lives.types()}
		var before, after []delivery.FinishedIssue
		err = lives.Each(ctx, delivery.AllLives(), func(l *delivery.Life) {
			then := l.FlowBy(supposed.Classes(l.Connection, l.Queue))
			out.Compare(&q, l.ID, l.Queue, l.Flow, then)
			before = l.Finished(before, &q.Filter, l.Flow)
			after = l.Finished(after, &q.Filter, then)
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
