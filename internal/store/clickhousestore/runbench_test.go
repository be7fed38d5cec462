package clickhousestore_test

import (
	"testing"

	"throughline/internal/store/clickhousestore/chtest"
	"throughline/internal/store/storetest"
)

// BenchmarkRuns asks about 100,000 runs of 8 jobs, and reports how many a second
// were written.
func BenchmarkRuns(b *testing.B) {
	s := open(b, chtest.Open(b))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	took := storetest.FillLargeRuns(b, s, 100_000, 1000)
	b.Logf("%.0f runs/s written", 100_000/took.Seconds())
	storetest.BenchRuns(b, s)
}

// BenchmarkDora asks about 20,000 deployments with 200,000 changes.
func BenchmarkDora(b *testing.B) {
	s := open(b, chtest.Open(b))
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	wrote, derived := storetest.FillLargeDora(b, s, 20_000)
	b.Logf("written in %s, derived in %s", wrote, derived)
	storetest.BenchDora(b, s)
}
