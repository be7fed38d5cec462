package storetest

import (
	"slices"
	"testing"

	"throughline/internal/delivery"
)

// testRecordsOfLives compares what is behind the panels made from lives with the
// panels.
func testRecordsOfLives(t *testing.T, s *store) {
	s.hold(t, company(500))
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		q := companyQuery(clock, nil)
		q.Queues, q.Now = []string{"DEV", "OPS"}, at("2026-02-20 11:00")
		excluding(&q, "duplicate")
		s.recordsOfFinished(t, q)
		s.recordsOfAging(t, q)
		s.recordsOfBlocked(t, q)
		s.recordsOfFlow(t, q)
	}
	q := companyQuery(delivery.Business, nil)
	q.From = at("2026-01-15")
	s.recordsInOrder(t, delivery.RecordsQuery{FlowQuery: q, Panel: "throughput"})
	s.recordsInOrder(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cumulative-flow", Status: "open"})
}

// panel is what a panel made from lives shows.
func (s *store) panel(t *testing.T, slug string, q delivery.FlowQuery) delivery.PanelData {
	t.Helper()
	i := slices.IndexFunc(livesPanels, func(p livesPanel) bool { return p.slug == slug })
	d, err := livesPanels[i].load(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// behind are the records of a panel, compared with how many it says there are.
func (s *store) behind(t *testing.T, d delivery.PanelData, q delivery.FlowQuery, excluded string) delivery.Records {
	t.Helper()
	got := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: d.Slug, Excluded: excluded})
	want := d.N
	if excluded != "" {
		want = d.Excluded[excluded]
	}
	same(t, d.Slug+": sample", got.Sample, d.Sample)
	same(t, d.Slug+": total", []int{got.Total, len(got.Items)}, []int{want, want})
	for _, i := range got.Items {
		if i.Reason != excluded || (i.Value == nil) != (excluded != "") {
			t.Errorf("%s: %s has %v and is left out for %q", d.Slug, i.Key, i.Value, i.Reason)
		}
	}
	return got
}

func (s *store) recordsOfFinished(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	for slug, reasons := range map[string][]string{
		"lead-time-trend": {delivery.ExcludedResolution}, "throughput": nil, "forecast": {delivery.ExcludedResolution},
		"flow-efficiency":      {delivery.ExcludedResolution, delivery.NeverActive, delivery.NoTime},
		"cycle-time-histogram": {delivery.ExcludedResolution, delivery.NeverActive},
		"control-chart":        {delivery.ExcludedResolution, delivery.NeverActive},
	} {
		d := s.panel(t, slug, q)
		got := s.behind(t, d, q, "")
		if d.N < 40 {
			t.Errorf("%s: of %d", slug, d.N)
		}
		if p50 := d.Figure("p50"); slug == "lead-time-trend" || slug == "cycle-time-histogram" {
			same(t, slug+": p50", measured(t, got).P50, p50)
		}
		for _, reason := range reasons {
			s.behind(t, d, q, reason)
		}
	}
}

func (s *store) recordsOfAging(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	d := s.panel(t, "aging", q)
	got := s.behind(t, d, q, "")
	s.behind(t, d, q, delivery.NotStarted)
	inStatus, ages := map[string]int{}, map[string]float64{}
	for _, p := range d.Series[0].Points {
		inStatus[p.X]++
		ages[p.Key] = *p.Value
	}
	for _, i := range got.Items {
		same(t, "age of "+i.Key, *i.Value, ages[i.Key])
	}
	for key, n := range inStatus {
		column := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "aging", Status: key})
		same(t, "aging in "+key, []int{column.Total, column.N}, []int{n, n})
	}
}

func (s *store) recordsOfBlocked(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	d := s.panel(t, "blocked-time", q)
	same(t, "blocked statuses", len(d.Series[0].Points), 1)
	got := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "blocked-time", Status: "limbo"})
	same(t, "blocked", []int{got.Total, got.N, len(got.Items)}, []int{*d.Series[0].Points[0].N, got.Total, got.Total})
	same(t, "blocked: p50", measured(t, got).P50, d.Series[0].Points[0].Value)
	same(t, "blocked at least once", float64(got.Total), *d.Figure("issues"))
	none := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "blocked-time", Status: "review"})
	same(t, "not blocked", none.Total, 0)
}

// recordsOfFlow asks for the last bucket, and for one before.
func (s *store) recordsOfFlow(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	for _, to := range []string{"2026-03-01", "2025-12-01"} {
		q.To = at(to)
		d := s.panel(t, "cumulative-flow", q)
		for _, series := range d.Series {
			last := series.Points[len(series.Points)-1]
			got := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cumulative-flow", Status: series.Name})
			same(t, "in "+series.Name+" before "+to, []float64{float64(got.Total), float64(got.N)}, []float64{*last.Value, *last.Value})
			for _, i := range got.Items {
				if *i.Value < 0 {
					t.Errorf("%s: %v", i.Key, *i.Value)
				}
			}
		}
	}
}
