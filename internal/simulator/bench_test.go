package simulator_test

import (
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"throughline/internal/simulator"
)

func BenchmarkNew(b *testing.B) {
	for _, size := range []struct {
		name string
		o    simulator.Options
	}{
		{"1500", simulator.Options{}},
		{"100000x7", simulator.Options{Issues: 100_000, EventsPerIssue: 7}},
		{"100000x26", simulator.Options{Issues: 100_000, EventsPerIssue: 26}},
	} {
		b.Run(size.name, func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				c := simulator.New(7, now, size.o)
				runtime.GC()
				runtime.ReadMemStats(&after)
				runtime.KeepAlive(c)
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
		})
	}
}

func benchRequest(b *testing.B, c *simulator.Company, method, path, body string) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		rec := httptest.NewRecorder()
		rec.Body = nil
		c.Tracker().ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
		if rec.Code != 200 {
			b.Fatalf("status %d", rec.Code)
		}
	}
}

func BenchmarkChangelog26(b *testing.B) {
	c := simulator.New(7, now, simulator.Options{EventsPerIssue: 26})
	benchRequest(b, c, "GET", "/v3/issues/PAY-30/changelog?perPage=100", "")
}

func BenchmarkSearch100(b *testing.B) {
	c := simulator.New(7, now, simulator.Options{})
	benchRequest(b, c, "POST", "/v3/issues/_search?perPage=100", `{"query":"Updated: > now()-300d \"Sort By\": Updated ASC"}`)
}

func BenchmarkSearch100Of100000(b *testing.B) {
	c := simulator.New(7, now, simulator.Options{Issues: 100_000, EventsPerIssue: 7})
	benchRequest(b, c, "POST", "/v3/issues/_search?perPage=100", `{"query":"Updated: > now()-300d \"Sort By\": Updated ASC"}`)
}
