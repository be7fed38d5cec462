package sqlitestore_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/store/sqlitestore"
)

const (
	benchIssues      = 100_000
	benchTransitions = 7 // per issue
	benchBatch       = 100
)

var benchStart = delivery.InstantOf(time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC))

const (
	benchHour = 3_600_000
	benchSpan = 3 * 365 * 24 * benchHour
)

// benchPath are the statuses that an issue of the data set goes through.
var benchPath = []string{"open", "inProgress", "review", "inProgress", "review", "testing", "released", "closed"}

var benchStatuses = []delivery.Status{
	{Key: "open", Name: "Open", Type: "new", Order: 1},
	{Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 2},
	{Key: "review", Name: "Review", Type: "inProgress", Order: 3},
	{Key: "testing", Name: "Testing", Type: "inProgress", Order: 4},
	{Key: "released", Name: "Released", Type: "done", Order: 5},
	{Key: "closed", Name: "Closed", Type: "done", Order: 6},
}

// benchRecord is the n-th issue of the data set, with a changelog of so many
// events, or of transitions only when events is 0.
func benchRecord(r *rand.Rand, n, events int) delivery.IssueRecord {
	created := benchStart + delivery.Instant(r.Int64N(benchSpan))
	rec := delivery.IssueRecord{Replace: true, Full: events > 0, Fingerprint: uint64(n) + 1}
	i := &rec.Issue
	i.ID, i.Queue = fmt.Sprintf("%024x", n), []string{"PAY", "OPS", "DEV", "WEB"}[n%4]
	i.Key = fmt.Sprintf("%s-%d", i.Queue, n)
	i.Title = fmt.Sprintf("Something that has to be done, number %d", n)
	i.Type = [...]delivery.Ref{{ID: "1", Key: "task", Name: "Task"}, {ID: "2", Key: "bug", Name: "Bug"}, {ID: "3", Key: "story", Name: "Story"}}[n%3]
	i.Priority = delivery.Ref{ID: "3", Key: "normal", Name: "Normal"}
	i.Assignee = delivery.Ref{ID: fmt.Sprint(n % 40), Name: fmt.Sprintf("Person %d", n%40)}
	i.Author = delivery.Ref{ID: fmt.Sprint(n % 37), Name: fmt.Sprintf("Person %d", n%37)}
	i.Tags, i.URL = []string{"backend", "quarter"}, "https://tracker.example.com/"+i.Key
	i.CreatedAt = created
	at := created
	status := func(k int) delivery.Ref {
		return delivery.Ref{ID: fmt.Sprint(k), Key: benchPath[k], Name: benchPath[k]}
	}
	steps := benchTransitions
	if n%10 == 0 {
		steps = 5 // still open
	}
	for k := range benchTransitions {
		at += delivery.Instant(r.Int64N(40 * benchHour))
		if k < steps {
			rec.Events = append(rec.Events, benchEvent(n, len(rec.Events), at, "IssueWorkflow"))
			rec.Events[len(rec.Events)-1].Transition = &delivery.Transition{From: status(k), To: status(k + 1), ToStartedAt: at}
		}
		for len(rec.Events) < (k+1)*events/benchTransitions {
			at += delivery.Instant(r.Int64N(benchHour))
			rec.Events = append(rec.Events, benchEvent(n, len(rec.Events), at, "IssueUpdated"))
		}
	}
	i.Status, i.UpdatedAt = status(steps), at
	if steps == benchTransitions {
		i.Resolution, i.ResolvedAt = delivery.Ref{ID: "1", Key: "fixed", Name: "Fixed"}, at
	}
	return rec
}

func benchEvent(issue, n int, at delivery.Instant, typ string) delivery.Event {
	return delivery.Event{
		ID: fmt.Sprintf("%016x%08x", issue, n), Ordinal: n, At: at, Type: typ, Transport: "front",
		Actor: delivery.Ref{ID: fmt.Sprint(issue % 40), Name: fmt.Sprintf("Person %d", issue%40)},
		Fields: []delivery.FieldChange{{
			Field: "description", From: json.RawMessage(`"What it was before somebody thought about it"`),
			To: json.RawMessage(`"What it is since then, in a few words more"`),
		}},
	}
}

// benchSet is the data set of the query benchmarks, made once.
var benchSet = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("BENCH_DIR")
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "throughline-bench"); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "facts.db"), nil
})

func benchStore(b *testing.B) *sqlitestore.Store {
	b.Helper()
	path, err := benchSet()
	if err != nil {
		b.Fatal(err)
	}
	_, missing := os.Stat(path)
	s, err := sqlitestore.Open(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	if missing == nil {
		return s
	}
	r := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < benchIssues; n += 1000 {
		batch := delivery.Batch{Connection: "tracker", Statuses: benchStatuses}
		for k := n; k < n+1000; k++ {
			rec := benchRecord(r, k, 0)
			for e := range rec.Events {
				rec.Events[e].Fields = nil
			}
			batch.Issues = append(batch.Issues, rec)
		}
		if _, err := s.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func benchCalendar(hours string) *delivery.Calendar {
	shift, err := delivery.ParseShift(hours)
	if err != nil {
		panic(err)
	}
	v := delivery.CalendarVersion{Zone: time.UTC}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = []delivery.Shift{shift}
	}
	return delivery.NewCalendar(v)
}

func benchQuery(clock delivery.Clock) delivery.FlowQuery {
	return delivery.FlowQuery{
		Filter: delivery.Filter{
			From: benchStart, To: benchStart + 2*benchSpan, Unit: delivery.Month, Clock: clock,
		},
		Calendar: benchCalendar("09:00-18:00"),
		Now:      benchStart + benchSpan + 100*24*benchHour,
	}
}

func BenchmarkPanels(b *testing.B) {
	s := benchStore(b)
	for _, clock := range []delivery.Clock{delivery.Elapsed, delivery.Business} {
		b.Run("CycleTime/"+string(clock), func(b *testing.B) {
			q := benchQuery(clock)
			for b.Loop() {
				if got, err := s.CycleTime(b.Context(), q); err != nil || got.Sample.N != benchIssues*9/10 {
					b.Fatal(got.Sample.N, err)
				}
			}
		})
		b.Run("CycleTimeTrend/"+string(clock), func(b *testing.B) {
			q := benchQuery(clock)
			for b.Loop() {
				if got, err := s.CycleTimeTrend(b.Context(), q); err != nil || got.Sample.N != benchIssues*9/10 {
					b.Fatal(got.Sample.N, err)
				}
			}
		})
		b.Run("TimeInStatus/"+string(clock), func(b *testing.B) {
			q := benchQuery(clock)
			for b.Loop() {
				if got, err := s.TimeInStatus(b.Context(), q); err != nil || got.N != benchIssues {
					b.Fatal(got.N, err)
				}
			}
		})
	}
	b.Run("StatusesInUse", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.StatusesInUse(b.Context()); err != nil || len(got) == 0 {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("Facets", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.Facets(b.Context()); err != nil || len(got.Queues) != 4 {
				b.Fatal(got, err)
			}
		}
	})
}

// BenchmarkRecords asks for the first page behind each panel.
func BenchmarkRecords(b *testing.B) {
	s := benchStore(b)
	for _, c := range []struct{ panel, status, sort string }{
		{"cycle-time", "", delivery.LongestFirst}, {"cycle-time", "", delivery.ByKey}, {"time-in-status", "review", delivery.LongestFirst},
	} {
		b.Run(c.panel+"/"+c.sort, func(b *testing.B) {
			q := delivery.RecordsQuery{FlowQuery: benchQuery(delivery.Business), Panel: c.panel, Status: c.status, Sort: c.sort, Limit: 50}
			for b.Loop() {
				if got, err := s.Records(b.Context(), q); err != nil || got.Total < benchIssues*9/10 || len(got.Items) != 50 {
					b.Fatal(got.Total, err)
				}
			}
		})
	}
}

// BenchmarkWhatIf supposes that an active status is closed, for all time or for
// the last year.
func BenchmarkWhatIf(b *testing.B) {
	s := benchStore(b)
	supposed := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"testing", "released", "closed"}}}
	for name, w := range map[string]delivery.Workflows{
		"always": delivery.OneWorkflow(supposed),
		"last year": {Versions: []delivery.WorkflowVersion{
			{}, {From: benchStart + benchSpan*2/3, Workflow: supposed},
		}},
	} {
		b.Run(name, func(b *testing.B) {
			q := benchQuery(delivery.Business)
			for b.Loop() {
				got, err := s.WhatIf(b.Context(), q, w)
				if err != nil || got.Remeasured == 0 || len(got.Items) != delivery.MaxFlips {
					b.Fatal(got.Remeasured, err)
				}
			}
		})
	}
}

// BenchmarkWrite writes issues with 26 events each, and reports how many a
// second.
func BenchmarkWrite(b *testing.B) {
	s, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "facts.db"))
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	n := 0
	for b.Loop() {
		b.StopTimer()
		batch := delivery.Batch{Connection: "tracker", Statuses: benchStatuses}
		for range benchBatch {
			batch.Issues = append(batch.Issues, benchRecord(r, n*10+1, 26))
			n++
		}
		b.StartTimer()
		if _, err := s.Write(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "issues/s")
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRebuild changes the class of a status that every issue has been in.
func BenchmarkRebuild(b *testing.B) {
	s := benchStore(b)
	active := []string{"inProgress", "review", "testing"}
	for n := 0; b.Loop(); n++ {
		w := delivery.Workflow{StatusLists: delivery.StatusLists{Active: active[n%2:]}}
		if err := s.SetWorkflow(b.Context(), delivery.OneWorkflow(w)); err != nil {
			b.Fatal(err)
		}
		if err := s.Rebuild(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
	}
}
