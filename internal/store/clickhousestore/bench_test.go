package clickhousestore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
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
// many facts (issues and transitions) a second they take, how long each panel
// takes over all of them and over the last 13 weeks, what they take on disk, and
// the most memory that this process had meanwhile.
func BenchmarkStores(b *testing.B) {
	for _, n := range benchSizes(b) {
		file, dsn := filepath.Join(b.TempDir(), "facts.db"), chtest.Open(b)
		sqlite, err := sqlitestore.Open(b.Context(), file)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = sqlite.Close() })
		clickhouse := open(b, dsn)
		b.Cleanup(func() { _ = clickhouse.Close() })
		for _, s := range []struct {
			name  string
			store delivery.Store
			disk  func() float64
		}{
			{"sqlite", sqlite, func() float64 { return sizeOfFiles(b, file) }},
			{"clickhouse", clickhouse, func() float64 { return sizeOfDatabase(b, dsn) }},
		} {
			var took time.Duration
			resident(b)
			b.Run(fmt.Sprintf("%s/%d/write", s.name, n), func(b *testing.B) {
				if took == 0 {
					took = storetest.FillLarge(b, s.store, n, benchBatch)
				}
				b.ReportMetric(float64(n*8)/took.Seconds(), "facts/s")
				b.ReportMetric(s.disk(), "MiB-disk")
				b.ReportMetric(resident(b), "MiB-resident")
				b.ReportMetric(0, "ns/op")
			})
			b.Run(fmt.Sprintf("%s/%d/all", s.name, n), func(b *testing.B) { storetest.BenchPanels(b, s.store, storetest.LargeQuery) })
			b.Run(fmt.Sprintf("%s/%d/13weeks", s.name, n), func(b *testing.B) { storetest.BenchPanels(b, s.store, storetest.LastWeeks) })
			b.Run(fmt.Sprintf("%s/%d/oddities", s.name, n), func(b *testing.B) { storetest.BenchOddities(b, s.store, n) })
			b.Run(fmt.Sprintf("%s/%d/panels", s.name, n), func(b *testing.B) {
				b.ReportMetric(resident(b), "MiB-resident")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// resident is the most memory that this process had since the last call, in MiB.
func resident(b *testing.B) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	var kib float64
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscan(after, &kib); err != nil {
		b.Fatal(err)
	}
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}

// sizeOfFiles is that of a database's file and of those beside it, in MiB.
func sizeOfFiles(b *testing.B, file string) (mib float64) {
	b.Helper()
	files, err := filepath.Glob(file + "*")
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			b.Fatal(err)
		}
		mib += float64(info.Size()) / (1 << 20)
	}
	return mib
}

func sizeOfDatabase(b *testing.B, dsn string) float64 {
	b.Helper()
	address, err := clickhousestore.ParseAddress(dsn)
	if err != nil {
		b.Fatal(err)
	}
	found, err := clickhousestore.Probe(b.Context(), address)
	if err != nil {
		b.Fatal(err)
	}
	return float64(found.Bytes) / (1 << 20)
}
