package clickhousestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/sqlitestore"
	"throughline/internal/store/storetest"
)

// benchSizes are numbers of issues, with seven transitions each: those of
// BENCH_ISSUES, else a hundred thousand.
func benchSizes(b *testing.B) []int {
	b.Helper()
	text := os.Getenv("BENCH_ISSUES")
	if text == "" {
		return []int{100_000}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return []int{n}
}

// benchBatch is how many issues are written at once, by a copy or a long sync.
const benchBatch = 10_000

// BenchmarkStores compares both stores, with the same issues and in one run: how
// many facts (issues and transitions) a second they take, and how long each
// panel takes over all of them and over the last 13 weeks.
func BenchmarkStores(b *testing.B) {
	for _, n := range benchSizes(b) {
		sqlite, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "facts.db"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = sqlite.Close() })
		clickhouse := open(b, chtest.Open(b))
		b.Cleanup(func() { _ = clickhouse.Close() })
		for _, s := range []struct {
			name  string
			store delivery.Store
		}{{"clickhouse", clickhouse}, {"sqlite", sqlite}} {
			took := storetest.FillLarge(b, s.store, n, benchBatch)
			b.Run(fmt.Sprintf("%s/%d/write", s.name, n), func(b *testing.B) {
				b.ReportMetric(float64(n*8)/took.Seconds(), "facts/s")
				b.ReportMetric(0, "ns/op")
			})
			b.Run(fmt.Sprintf("%s/%d/all", s.name, n), func(b *testing.B) { storetest.BenchPanels(b, s.store, storetest.LargeQuery) })
			b.Run(fmt.Sprintf("%s/%d/13weeks", s.name, n), func(b *testing.B) { storetest.BenchPanels(b, s.store, storetest.LastWeeks) })
		}
	}
}
