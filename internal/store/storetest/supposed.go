package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// testSupposed compares what panels and records are by a supposed workflow with what
// they are once it is in force, and what-if with both.
func testSupposed(t *testing.T, s *store) {
	records := company(300)
	s.hold(t, records)
	before := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: []string{"duplicate"}})
	s.setWorkflows(t, before)
	s.rebuild(t)
	next := overTime()
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		q := companyQuery(clock, &before)
		q.Now, q.Queues = at("2026-02-10 11:00"), []string{"DEV", "OPS"}
		now := s.everyPanel(t, q)
		version := s.version(t)

		supposed := q
		supposed.Supposed = &next
		got := s.everyPanel(t, supposed)
		page := s.supposedRecords(t, supposed)
		what := s.whatIf(t, q, delivery.Supposition{Workflows: next})
		s.samePanels(t, "supposed", recorded{records, before}, supposed)
		supposed.Supposed = &before
		same(t, "what is in force, supposed", s.everyPanel(t, supposed), now, near())
		same(t, "version", s.version(t), version)

		s.setWorkflows(t, next)
		s.rebuild(t)
		then := q
		then.Workflows = &next
		want := s.everyPanel(t, then)
		for slug := range want {
			same(t, string(clock)+": "+slug, got[slug], want[slug], near())
		}
		same(t, "records", page, s.supposedRecords(t, then))
		same(t, "what if", what.After.Percentiles, s.cycleTime(t, then).Percentiles)

		s.setWorkflows(t, before)
		s.rebuild(t)
		for slug := range want {
			if cmp.Equal(got[slug], now[slug]) {
				t.Errorf("%s would not change", slug)
			}
		}
	}
}

// everyPanel is what each panel of flow shows.
func (s *store) everyPanel(t *testing.T, q delivery.FlowQuery) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, p := range flowPanels() {
		d, err := p.load(t.Context(), s, q)
		if err != nil {
			t.Fatalf("%s: %v", p.slug, err)
		}
		out[p.slug] = plainPanel(d)
	}
	return out
}

// supposedRecords are pages of records of several panels.
func (s *store) supposedRecords(t *testing.T, q delivery.FlowQuery) map[string]delivery.Records {
	t.Helper()
	out := map[string]delivery.Records{}
	for panel, status := range map[string]string{
		"cycle-time": "", "cycle-time-trend": "", "throughput": "", "aging": "", "time-in-status": "ready", "cumulative-flow": "open",
	} {
		r := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: panel, Status: status, Sort: delivery.ByKey, Limit: 20})
		if r.Total == 0 {
			t.Errorf("%s: no records", panel)
		}
		out[panel] = r
	}
	return out
}
