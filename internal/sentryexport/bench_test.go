package sentryexport_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// BenchmarkScrape is of 300 projects with three environments each and 10,000 groups.
func BenchmarkScrape(b *testing.B) {
	f := &facts{}
	names := []string{"production", "staging", "qa"}
	for i := range 300 {
		f.projects = append(f.projects, delivery.ErrorProject{
			Connection: "sentry", ID: fmt.Sprint("project-", i), Place: i, Environments: names, KeysAt: 1, GroupsAt: 1,
			Keys: []delivery.KeyLimit{{Count: 60, Window: 60}}, Month: delivery.EventTotals{At: 1, Accepted: int64(i)},
		})
	}
	for i := range 10_000 {
		f.groups = append(f.groups, group("sentry", fmt.Sprint(i), fmt.Sprint("project-", i%300), names[i%3], time.Duration(i)*2*time.Minute, 5))
	}
	e := exporter(b, f, all())
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Write(io.Discard, now); err != nil {
			b.Fatal(err)
		}
	}
}
