package storetest

import (
	"context"
	"errors"
	"testing"

	"throughline/internal/delivery"
)

func testCancelled(t *testing.T, s *store) {
	s.write(t, issue("1", "DEV-1", "open@2026-03-02"))
	facts := s.dump(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"write": func() error {
			_, err := s.Write(ctx, delivery.Batch{Connection: tracker, Issues: []delivery.IssueRecord{issue("2", "DEV-2", "open@2026-03-02")}})
			return err
		},
		"states": func() error { _, err := s.IssueStates(ctx, tracker, []string{"1"}); return err },
		"set workflow": func() error {
			return s.SetWorkflow(ctx, delivery.OneWorkflow(closedLists("open")))
		},
		"rebuild":        func() error { return s.Rebuild(ctx, nil) },
		"rebuilding":     func() error { _, err := s.Rebuilding(ctx); return err },
		"version":        func() error { _, err := s.Version(ctx); return err },
		"issue":          func() error { _, err := s.Issue(ctx, "DEV-1"); return err },
		"facets":         func() error { _, err := s.Facets(ctx); return err },
		"statuses":       func() error { _, err := s.StatusesInUse(ctx); return err },
		"cycle time":     func() error { _, err := s.CycleTime(ctx, ask()); return err },
		"trend":          func() error { _, err := s.CycleTimeTrend(ctx, ask()); return err },
		"time in status": func() error { _, err := s.TimeInStatus(ctx, ask()); return err },
		"records": func() error {
			_, err := s.Records(ctx, delivery.RecordsQuery{FlowQuery: ask(), Panel: "cycle-time"})
			return err
		},
		"what if": func() error { _, err := s.WhatIf(ctx, ask(), delivery.Supposition{}); return err },
		"ping":    func() error { return s.Ping(ctx) },
		"issues": func() error {
			for _, err := range s.Issues(ctx, delivery.IssueQuery{Filter: ask().Filter}) {
				return err
			}
			return nil
		},
		"ids": func() error {
			for _, err := range s.IssueIDs(ctx, tracker) {
				return err
			}
			return nil
		},
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want cancelled", name, err)
		}
	}
	same(t, "facts", s.dump(t), facts)
}
