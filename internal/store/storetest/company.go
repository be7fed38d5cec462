package storetest

import (
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"throughline/internal/delivery"
)

//go:embed testdata/*.json
var golden embed.FS

var update = flag.Bool("update", false, "write the golden results of storetest anew")

// company is a made-up company's issues, the same for the same n. No two of
// its instants are equal.
func company(n int) []delivery.IssueRecord {
	r := rand.New(rand.NewPCG(7, 8))
	instant := at("2025-06-01")
	later := func(limit int64) delivery.Instant { instant += delivery.Instant(1 + r.Int64N(limit)); return instant }
	var out []delivery.IssueRecord
	for k := range n {
		instant = at("2025-06-01") + delivery.Instant(r.Int64N(280*day))*1000 + delivery.Instant(k)
		queue := []string{"DEV", "OPS", "WEB"}[r.IntN(3)]
		rec := issue(fmt.Sprintf("%04d", k), fmt.Sprintf("%s-%d", queue, k))
		rec.Type = []delivery.Ref{{ID: "1", Key: "task", Name: "Task"}, {ID: "2", Key: "bug", Name: "Bug"}}[r.IntN(2)]
		rec.CreatedAt = instant
		rec.Status = status([]string{"open", "open", "ready", "limbo"}[r.IntN(4)])
		for e := range r.IntN(9) {
			to := []string{"open", "ready", "inProgress", "review", "closed", "closed", "rejected", "limbo"}[r.IntN(8)]
			if to == rec.Status.Key {
				to = "closed"
			}
			moment := later(15 * day * 1000)
			rec.Events = append(rec.Events, delivery.Event{
				ID: fmt.Sprintf("%04d-%02d", k, e), Ordinal: e, At: moment, Type: "IssueWorkflow",
				Actor:      delivery.Ref{ID: fmt.Sprint(r.IntN(12)), Name: "Somebody"},
				Transition: &delivery.Transition{From: rec.Status, To: status(to), ToStartedAt: moment},
			})
			rec.Status = status(to)
		}
		rec.UpdatedAt, rec.StatusStartedAt = instant, instant
		if rec.Status.Key == "closed" && r.IntN(3) == 0 {
			resolved([]string{"fixed", "duplicate"}[r.IntN(2)])(&rec)
		}
		rec.Fingerprint = uint64(instant)
		out = append(out, rec)
	}
	return out
}

// testCompany compares the panels with the same numbers computed one issue at a
// time by the rules of delivery, and with what they were before.
func testCompany(t *testing.T, s *store) {
	records := company(600)
	for batch := range slices.Chunk(records, 70) {
		s.write(t, batch...)
	}
	results := map[string]any{}
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		for _, queues := range [][]string{nil, {"DEV", "WEB"}} {
			q := ask(func(q *delivery.FlowQuery) {
				q.Filter = delivery.Filter{
					From: at("2025-09-01"), To: at("2026-02-01"), Clock: clock, Queues: queues, Unit: delivery.Month,
				}
				q.Now = at("2027-01-01")
				excluding(q, "duplicate")
			})
			name := fmt.Sprintf("%s, queues %v", clock, queues)
			cycle, in := s.cycleTime(t, q), s.timeInStatus(t, q)
			same(t, name+": cycle time", cycle.Percentiles, expectedCycleTime(records, &q), near())
			same(t, name+": time in status", byStatus(in), expectedTimeInStatus(records, &q), near())
			cycle.Points = nil
			results[name] = []any{plainCycleTime(cycle), plainTrend(s.trend(t, q)), in}
		}
	}
	compareGolden(t, "company.json", results)
}

func lives(records []delivery.IssueRecord, q *delivery.FlowQuery, f func(*delivery.IssueRecord, []delivery.Period, delivery.Classes)) {
	types := map[string]string{}
	for _, s := range dictionary {
		types[s.Key] = s.Type
	}
	queues, all := q.QueueKeys()
	for i := range records {
		rec := &records[i]
		if !all && !slices.Contains(queues, rec.Queue) {
			continue
		}
		periods := delivery.HistoryOf(&rec.Issue, rec.Events, math.MaxInt64).Periods
		f(rec, periods, q.Workflows.Classes(rec.Queue, types))
	}
}

func expectedCycleTime(records []delivery.IssueRecord, q *delivery.FlowQuery) delivery.Percentiles {
	var seconds []int64
	lives(records, q, func(rec *delivery.IssueRecord, periods []delivery.Period, class delivery.Classes) {
		f := delivery.FlowOf(rec.CreatedAt, periods, class)
		c := f.CycleTime(q.CalendarOf(rec.Queue))
		switch {
		case c == nil, f.ClosedAt < q.From, f.ClosedAt >= q.To, q.Workflows.Excludes(rec.Resolution.Key, f.ClosedAt):
		case q.Clock == delivery.Business:
			seconds = append(seconds, c.BusinessSeconds)
		default:
			seconds = append(seconds, c.Seconds)
		}
	})
	return delivery.PercentilesOf(seconds)
}

func expectedTimeInStatus(records []delivery.IssueRecord, q *delivery.FlowQuery) map[string]delivery.Percentiles {
	seconds := map[string][]int64{}
	lives(records, q, func(rec *delivery.IssueRecord, periods []delivery.Period, class delivery.Classes) {
		if !delivery.OpenDuring(periods, class, q.From, q.KnownTo(q.Now)) {
			return
		}
		f := delivery.FlowOf(rec.CreatedAt, periods, class)
		for key, total := range delivery.StatusTotals(periods, f.IsClosed(), q.Now, q.CalendarOf(rec.Queue)) {
			if q.Clock == delivery.Business {
				seconds[key] = append(seconds[key], total.BusinessSeconds)
			} else {
				seconds[key] = append(seconds[key], total.DurationSeconds)
			}
		}
	})
	out := map[string]delivery.Percentiles{}
	for key, all := range seconds {
		out[key] = delivery.PercentilesOf(all)
	}
	return out
}

func byStatus(in delivery.TimeInStatus) map[string]delivery.Percentiles {
	out := map[string]delivery.Percentiles{}
	for _, s := range in.Statuses {
		out[s.Key] = s.Percentiles
	}
	return out
}

// compareGolden compares results with a file of testdata, which -update writes
// when the tests of a store beside this package are run.
func compareGolden(t *testing.T, name string, results any) {
	t.Helper()
	got, err := json.MarshalIndent(results, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(filepath.Join("..", "storetest", "testdata", name), append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := golden.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	same(t, name, string(got)+"\n", string(want))
}
