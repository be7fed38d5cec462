package sqlitestore_test

import (
	"path/filepath"
	"testing"

	"throughline/internal/store/storetest"
)

// BenchmarkRuns asks about 100,000 runs of 8 jobs, and reports how many a second
// were written.
func BenchmarkRuns(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "facts.db"))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	took := storetest.FillLargeRuns(b, s, 100_000, 1000)
	b.Logf("%.0f runs/s written", 100_000/took.Seconds())
	storetest.BenchRuns(b, s)
}

// BenchmarkDora asks about 10,000 deployments with 100,000 changes.
func BenchmarkDora(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "facts.db"))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	wrote, derived := storetest.FillLargeDora(b, s, 10_000)
	b.Logf("written in %s, derived in %s", wrote, derived)
	storetest.BenchDora(b, s)
}

// BenchmarkErrors asks about 10,000 error groups and a year of hourly counts.
func BenchmarkErrors(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "facts.db"))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	storetest.FillLargeErrors(b, s, 10_000)
	storetest.BenchErrors(b, s)
}
