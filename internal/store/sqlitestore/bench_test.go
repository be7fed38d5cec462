package sqlitestore_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/sqlitestore"
	"throughline/internal/store/storetest"
)

const (
	benchIssues = 100_000
	benchBatch  = 100
)

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
	storetest.FillLarge(b, s, benchIssues, 1000)
	return s
}

func BenchmarkPanels(b *testing.B) {
	s := benchStore(b)
	storetest.BenchPanels(b, s, storetest.LargeQuery)
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
			q := delivery.RecordsQuery{FlowQuery: storetest.LargeQuery(delivery.Business), Panel: c.panel, Status: c.status, Sort: c.sort, Limit: 50}
			for b.Loop() {
				if got, err := s.Records(b.Context(), q); err != nil || got.Total < benchIssues*9/10 || len(got.Items) != 50 {
					b.Fatal(got.Total, err)
				}
			}
		})
	}
}

// BenchmarkWhatIf supposes that an active status is closed, for all time or for
// the last year, or together with it other hours, under which every issue is measured
// anew, and a type less.
func BenchmarkWhatIf(b *testing.B) {
	s := benchStore(b)
	supposed := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: []string{"testing", "released", "closed"}}}
	always := delivery.OneWorkflow(supposed)
	for name, then := range map[string]delivery.Supposition{
		"always": {Workflows: always},
		"last year": {Workflows: delivery.Workflows{Versions: []delivery.WorkflowVersion{
			{}, {From: storetest.LargeStart + storetest.LargeSpan*2/3, Workflow: supposed},
		}}},
		"all at once": {Workflows: always, Calendar: storetest.RoundTheClock(), Without: []string{"bug"}},
	} {
		b.Run(name, func(b *testing.B) {
			q := storetest.LargeQuery(delivery.Business)
			for b.Loop() {
				got, err := s.WhatIf(b.Context(), q, then)
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
		batch := delivery.Batch{Connection: "tracker", Statuses: storetest.LargeStatuses}
		for range benchBatch {
			batch.Issues = append(batch.Issues, storetest.LargeRecord(r, n*10+1, 1_000_000, 26))
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
