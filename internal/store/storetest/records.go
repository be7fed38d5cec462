package storetest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"throughline/internal/delivery"
)

// testRecords compares what is behind the panels of a made-up company with the
// panels, mark by mark.
func testRecords(t *testing.T, s *store) {
	records := company(500)
	s.write(t, records...)
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		q := ask(func(q *delivery.FlowQuery) {
			q.Filter = delivery.Filter{
				From: at("2025-09-01"), To: at("2026-02-01"), Clock: clock, Queues: []string{"DEV", "WEB"}, Unit: delivery.Month,
			}
			q.Now = at("2027-01-01")
			excluding(q, "duplicate")
		})
		s.recordsOfCycleTime(t, q)
		s.recordsOfTrend(t, q)
		s.recordsOfStatuses(t, q)
		s.recordsInOrder(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time"})
		s.recordsInOrder(t, delivery.RecordsQuery{FlowQuery: q, Panel: "time-in-status", Status: "review"})
	}
}

// measured are the percentiles of records, and whether they all have values.
func measured(t *testing.T, r delivery.Records) delivery.Percentiles {
	t.Helper()
	var seconds []int64
	for _, i := range r.Items {
		if i.Value == nil || i.Reason != "" {
			t.Errorf("%s has value %v and is left out for %q", i.Key, i.Value, i.Reason)
			continue
		}
		seconds = append(seconds, int64(*i.Value))
	}
	return delivery.PercentilesOf(seconds)
}

func (s *store) recordsOfCycleTime(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	panel := s.cycleTime(t, q)
	got := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time", Sort: delivery.OldestFirst})
	same(t, "sample", got.Sample, panel.Sample)
	same(t, "total", got.Total, panel.Sample.N)
	same(t, "percentiles", measured(t, got), panel.Percentiles)
	listed := map[string]delivery.ListedIssue{}
	for _, i := range s.list(t, delivery.IssueQuery{Filter: q.Filter, State: delivery.ListClosed}) {
		listed[i.Key] = i
	}
	for i, point := range panel.Points {
		r := got.Items[i]
		same(t, "point", []any{r.Key, r.Title, r.ClosedAt, int64(*r.Value)}, []any{point.Key, point.Title, point.ClosedAt, point.Seconds})
		same(t, "listed", r.ListedIssue, listed[r.Key], cmpopts.EquateEmpty())
	}

	left := 0
	for _, reason := range []string{delivery.NeverActive, delivery.ExcludedResolution} {
		out := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time", Excluded: reason})
		same(t, reason+": sample", out.Sample, panel.Sample)
		same(t, reason, []int{out.Total, len(out.Items)}, []int{panel.Excluded[reason], panel.Excluded[reason]})
		for _, i := range out.Items {
			if i.Value != nil || i.Reason != reason || (i.Resolution.Key == "duplicate") != (reason == delivery.ExcludedResolution) {
				t.Errorf("%s, %s: value %v, left out for %q", i.Key, i.Resolution.Key, i.Value, i.Reason)
			}
		}
		left += out.Total
	}
	if left == 0 || panel.Left() != left {
		t.Errorf("left out: %d of %d", left, panel.Left())
	}
	any := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time", Excluded: delivery.AnyReason, Limit: 1})
	same(t, "for any reason", []int{any.Total, len(any.Items)}, []int{left, 1})
}

func (s *store) recordsOfTrend(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	panel := s.trend(t, q)
	sum := 0
	for _, b := range panel.Buckets {
		r := delivery.RecordsQuery{FlowQuery: q, Panel: "cycle-time-trend"}
		r.From, r.To = b.Start, b.End
		got := s.records(t, r)
		same(t, b.Label.String(), got.N, b.N)
		same(t, b.Label.String()+": percentiles", measured(t, got), b.Percentiles)
		sum += got.Total
	}
	same(t, "all buckets", sum, panel.Sample.N)
}

func (s *store) recordsOfStatuses(t *testing.T, q delivery.FlowQuery) {
	t.Helper()
	panel := s.timeInStatus(t, q)
	if len(panel.Statuses) != 7 {
		t.Fatalf("%d statuses", len(panel.Statuses))
	}
	for _, st := range panel.Statuses {
		r := delivery.RecordsQuery{FlowQuery: q, Panel: "time-in-status", Status: st.Key}
		got := s.records(t, r)
		same(t, st.Key, []int{got.N, got.Total}, []int{st.N, st.N})
		same(t, st.Key+": percentiles", measured(t, got), st.Percentiles)
		r.Excluded = delivery.AnyReason
		same(t, st.Key+": left out", s.records(t, r).Total, 0)
	}
	none := s.records(t, delivery.RecordsQuery{FlowQuery: q, Panel: "time-in-status", Status: "nowhere"})
	same(t, "a status that is nowhere", []int{none.Total, none.N, len(none.Items)}, []int{0, 0, 0})
}

// recordsInOrder asks for every order, whole and page by page.
func (s *store) recordsInOrder(t *testing.T, q delivery.RecordsQuery) {
	t.Helper()
	closed := func(r delivery.Record) delivery.Instant {
		if r.ClosedAt.Known() {
			return r.ClosedAt
		}
		return at("2100-01-01") // last
	}
	for sort, ordered := range map[string]func(a, b delivery.Record) bool{
		"":                     func(a, b delivery.Record) bool { return *a.Value >= *b.Value },
		delivery.LongestFirst:  func(a, b delivery.Record) bool { return *a.Value >= *b.Value },
		delivery.ShortestFirst: func(a, b delivery.Record) bool { return *a.Value <= *b.Value },
		delivery.NewestFirst:   func(a, b delivery.Record) bool { return a.ClosedAt >= b.ClosedAt },
		delivery.OldestFirst:   func(a, b delivery.Record) bool { return closed(a) <= closed(b) },
		delivery.ByKey:         func(a, b delivery.Record) bool { return delivery.CompareKeys(a.Key, b.Key) < 0 },
	} {
		q.Sort, q.Offset, q.Limit = sort, 0, 0
		all := s.records(t, q)
		if all.Total < 20 {
			t.Fatalf("%d records", all.Total)
		}
		for i := range all.Items[1:] {
			if !ordered(all.Items[i], all.Items[i+1]) {
				t.Errorf("sort %q: record %d is out of order", sort, i)
			}
		}
		var pages []delivery.Record
		for q.Limit = 7; q.Offset <= all.Total; q.Offset += q.Limit {
			page := s.records(t, q)
			same(t, "total of a page", page.Total, all.Total)
			pages = append(pages, page.Items...)
		}
		same(t, "pages by "+sort, names(pages), names(all.Items))
		q.Offset = all.Total + 1
		same(t, "behind the last", len(s.records(t, q).Items), 0)
	}
}

func names(records []delivery.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, r.Key)
	}
	return out
}

func testRecordsRefused(t *testing.T, s *store) {
	for _, q := range []delivery.RecordsQuery{
		{Panel: "nothing"}, {Panel: "time-in-status"}, {Panel: "cycle-time", Sort: "title"}, {Panel: "cycle-time", Excluded: "bored"},
	} {
		q.FlowQuery = ask()
		var wrong *delivery.FilterError
		if _, err := s.Records(t.Context(), q); !errors.As(err, &wrong) {
			t.Errorf("%s, sorted by %q, left out for %q: %v", q.Panel, q.Sort, q.Excluded, err)
		}
	}
	for _, panel := range []string{"cycle-time", "cycle-time-trend"} {
		got := s.records(t, delivery.RecordsQuery{FlowQuery: ask(), Panel: panel, Sort: delivery.ByKey})
		same(t, "of an empty store", []int{got.Total, len(got.Items), got.N}, []int{0, 0, 0})
	}
	s.write(t, issue("1", "DEV-1", "open@2026-03-01", "inProgress@2026-03-02", "closed@2026-03-04"))
	future := ask(func(q *delivery.FlowQuery) { q.Now = at("2026-02-01") })
	got := s.records(t, delivery.RecordsQuery{FlowQuery: future, Panel: "time-in-status", Status: "open"})
	same(t, "of a range to come", got.Total, 0)
	if slices.Contains(names(got.Items), "DEV-1") {
		t.Error("listed")
	}
}
