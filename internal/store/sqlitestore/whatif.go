package sqlitestore

import (
	"context"
	"database/sql"
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
	err := s.read(ctx, func(tx *sql.Tx) error {
		lives, err := s.readLives(ctx, tx, &q)
		if err != nil {
			return err
		}
		now, err := inForce(ctx, tx, &q)
		if err != nil {
			return err
		}
		c := delivery.NewComparison(*now, &then)
		supposed := &delivery.Meaning{Workflows: then.Workflows, Types: lives.types()}
		if err := lives.Each(ctx, delivery.AllLives(), func(l *delivery.Life) { c.Add(l, l.FlowBy(supposed.Classes(l.Connection, l.Queue))) }); err != nil {
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
