package storetest

import (
	"bytes"
	"encoding/json"
	"testing"

	"throughline/internal/delivery"
)

// dump is every answer of the store, as text to compare. It holds nothing that
// depends on the order of writing.
func (s *store) dump(t *testing.T) string {
	t.Helper()
	answers := s.answers(t)
	for _, i := range s.list(t, delivery.IssueQuery{Filter: ask(everything).Filter}) {
		answers["issue "+i.ID] = s.issue(t, i.Key)
	}
	return text(t, answers)
}

// glance is dump without the changelogs, which are asked for one by one.
func (s *store) glance(t *testing.T) string {
	t.Helper()
	return text(t, s.answers(t))
}

func (s *store) answers(t *testing.T) map[string]any {
	t.Helper()
	facets, err := s.Facets(t.Context())
	if err != nil {
		t.Fatalf("facets: %v", err)
	}
	used, err := s.StatusesInUse(t.Context())
	if err != nil {
		t.Fatalf("statuses in use: %v", err)
	}
	answers := map[string]any{
		"facets": facets, "statuses": used, "ids": s.ids(t, tracker),
		"trend": plainTrend(s.trend(t, ask(everything))), "time in status": s.timeInStatus(t, ask(everything, business)),
		"cycle time": plainCycleTime(s.cycleTime(t, ask(everything, business))),
	}
	var ids []string
	for _, i := range s.list(t, delivery.IssueQuery{Filter: ask(everything).Filter}) {
		i.Cursor = ""
		answers["listed "+i.ID] = i
		ids = append(ids, i.ID)
	}
	answers["states"] = s.states(t, ids...)
	return answers
}

func text(t *testing.T, answers map[string]any) string {
	t.Helper()
	b, err := json.MarshalIndent(answers, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(b))
}

// plainCycleTime and plainTrend keep both numbers that are called N, which JSON
// would drop.
func plainCycleTime(c delivery.CycleTime) []any { return []any{c.Sample, c.Percentiles, c.Points} }

func plainTrend(c delivery.CycleTimeTrend) []any { return []any{c.Sample, c.Percentiles, c.Buckets} }
