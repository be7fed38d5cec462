package dropin

import (
	"fmt"
	"iter"
	"runtime"
	"testing"
	"time"

	"throughline/internal/store/storetest"
)

// BenchmarkWrite writes 100,000 issues of 7 transitions and 26 changed fields each:
// into empty tables, unchanged, with other titles, after a change of working
// hours, and with every row of every table different.
func BenchmarkWrite(b *testing.B) {
	const size = 100_000
	db, hours := openBase(b), storetest.LargeCalendar("08:00-10:00")
	for _, c := range []struct {
		name   string
		change func(*Record)
	}{
		{"empty", func(*Record) {}},
		{"unchanged", func(*Record) {}},
		{"titles", func(r *Record) { r.Title = "Another" }},
		{"hours", func(r *Record) { // in all rows of metrics, and those of issues
			r.Title, r.Calendar = "Another", hours
		}},
		{"everything", func(r *Record) {
			r.Queue = "OPS" // in all rows of issues and changelog
			for i := range r.History.Periods {
				r.History.Periods[i].Status.Name += " again"
			}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				times := map[string]time.Duration{}
				w := newWriter(b, db, func(o *Options) {
					o.Inserted = func(table string, _ int, took time.Duration) { times["insert "+table] += took }
					o.Deduplicated = func(table string, took time.Duration) { times["remove "+table] += took }
				})
				peak := watchHeap()
				stats, err := w.Write(b.Context(), companies(size, c.change))
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(peak()>>20), "MiB-heap")
				b.ReportMetric(float64(stats.Inserted), "inserted")
				b.ReportMetric(float64(stats.Removed), "removed")
				b.Log(fmt.Sprint(times))
			}
		})
	}
}

// companies are made as they are asked for, of 24 months and in the order of their
// creation.
func companies(n int, change func(*Record)) iter.Seq2[Record, error] {
	templates := manyRecords(24)
	return func(yield func(Record, error) bool) {
		for i := range n {
			r := templates[(n-1-i)*len(templates)/n]
			r.ID, r.Key = fmt.Sprint(i), fmt.Sprintf("DEV-%d", i)
			r.History.Periods = append(r.History.Periods[:0:0], r.History.Periods...)
			change(&r)
			if !yield(r, nil) {
				return
			}
		}
	}
}

// watchHeap returns what gives the most that the heap has held in use.
func watchHeap() func() uint64 {
	done, out := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				out <- most
				return
			case <-tick.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
	}()
	return func() uint64 {
		close(done)
		return <-out
	}
}
