package delivery_test

import (
	"math/rand/v2"
	"testing"

	"throughline/internal/delivery"
)

// madeUp are issues that go through statuses by chance, many of them reopened.
func madeUp(r *rand.Rand, n int) issues {
	keys := []string{"open", "ready", "progress", "review", "paused", "closed", "rejected", "closed"}
	out := make(issues, n)
	for i := range out {
		at := day("2026-02-01") + delivery.Instant(r.Int64N(60*24))*hour
		out[i] = lived{queue: "DEV", resolution: []string{"", "duplicate", "fixed"}[r.IntN(3)]}
		for range 1 + r.IntN(8) {
			out[i].life = append(out[i].life, keys[r.IntN(len(keys))]+"@"+at.Time().Format("2006-01-02 15:04"))
			at += delivery.Instant(r.Int64N(10*24)) * hour
		}
	}
	return out
}

// What one panel counts is what the others do.
func TestPanelsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 40 {
		all := madeUp(r, 60)
		for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
			q := flowQuery(leavingOut, func(q *delivery.FlowQuery) {
				q.Clock, q.Now = clock, day("2026-05-01")
				q.Unit = []delivery.Unit{delivery.Day, delivery.Week, delivery.Month}[r.IntN(3)]
			})
			throughput, histogram := asked(t, delivery.ThroughputOf, all, q), asked(t, delivery.CycleTimeHistogramOf, all, q)
			same(t, "finished and left out of cycle time", histogram.Sample.N+histogram.Left(), throughput.N)
			inBins := 0
			for _, b := range histogram.Bins {
				inBins += b.Count
			}
			same(t, "in bins", inBins, histogram.Sample.N)
			control := asked(t, delivery.ControlChartOf, all, q)
			same(t, "control chart", control.Sample, histogram.Sample)
			efficiency := asked(t, delivery.FlowEfficiencyOf, all, q)
			same(t, "efficiency", efficiency.N+efficiency.Excluded[delivery.NoTime], histogram.Sample.N)
			if rate := efficiency.Shares.Rate(); rate != nil && (*rate < 0 || *rate > 1) {
				t.Errorf("efficiency of %v", *rate)
			}
			lead := asked(t, delivery.LeadTimeTrendOf, all, q)
			same(t, "lead time", lead.Sample.N+lead.Excluded[delivery.ExcludedResolution], throughput.N)
			sameFlow(t, all, q)
		}
	}
}

// sameFlow compares the cumulative flow with the states of all issues at each of its
// instants.
func sameFlow(t *testing.T, all issues, q delivery.FlowQuery) {
	t.Helper()
	flow := asked(t, delivery.CumulativeFlowOf, all, q)
	got := map[string][]int{"closed": flow.Closed}
	for _, s := range flow.Statuses {
		got[s.Key] = s.Issues
	}
	want := map[string][]int{"closed": make([]int, len(flow.Buckets))}
	meaning := delivery.Meaning{Types: types()}
	class := meaning.Classes("tracker", "DEV")
	for _, i := range all {
		for b := range flow.Buckets {
			end := min(flow.Buckets[b].End, q.Now)
			status, since := i.before(end, class)
			switch {
			case status == "":
			case class(status, 0) != delivery.Closed:
				if want[status] == nil {
					want[status] = make([]int, len(flow.Buckets))
				}
				want[status][b]++
			case since >= q.From:
				want["closed"][b]++
			}
		}
	}
	same(t, "cumulative flow", got, want)
	sum := 0
	for _, s := range flow.Statuses {
		sum += s.Issues[len(s.Issues)-1]
	}
	same(t, "open", flow.Open, sum)
}

// before is the status of an issue before an instant, and since when it has been
// closed if it has.
func (i lived) before(end delivery.Instant, class delivery.Classes) (status string, closedSince delivery.Instant) {
	for _, step := range i.life {
		key, at := step[:len(step)-len("@2026-01-01 00:00")], day(step[len(step)-len("2026-01-01 00:00"):])
		if at >= end {
			break
		}
		if status = key; class(key, at) != delivery.Closed {
			closedSince = 0
		} else if closedSince == 0 {
			closedSince = at
		}
	}
	return status, closedSince
}
