package tracker

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// BenchmarkFirstPull pulls 3,000 issues with 26 events each, full changelog,
// over a real network with 20 ms latency.
func BenchmarkFirstPull(b *testing.B) {
	const issues, events = 3000, 26
	f := generate(issues, events)
	f.latency = 20 * time.Millisecond
	for b.Loop() {
		r := rigOf(f)
		base := r.server(b)
		began, before := time.Now(), total(f)
		pullFrom(b, r, base)
		b.ReportMetric(issues/time.Since(began).Seconds(), "issues/s")
		b.ReportMetric(float64(total(f)-before)/issues, "requests/issue")
		if n := len(r.memory.Facts().Issues); n != issues {
			b.Fatalf("%d issues stored", n)
		}
	}
}

// BenchmarkPullAgain pulls 3,000 issues that have not changed, all of them
// within the overlap of two pulls.
func BenchmarkPullAgain(b *testing.B) {
	const issues, events = 3000, 26
	f := generate(issues, events)
	for _, i := range f.issues {
		i.updated = testStart
	}
	r := rigOf(f)
	base := r.server(b)
	pullFrom(b, r, base)
	for b.Loop() {
		r.cursor = nil
		before := total(f)
		pullFrom(b, r, base)
		b.ReportMetric(float64(total(f)-before)/issues, "requests/issue")
		if n := len(r.written()); n != 0 {
			b.Fatalf("%d issues written again", n)
		}
	}
}

func total(f *fake) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, c := range f.count {
		n += c
	}
	return n
}

// pullFrom is rig.pull from another address.
func pullFrom(t testing.TB, r *rig, base string) {
	t.Helper()
	r.pages = nil
	for page, err := range r.open(t, base).Pull(t.Context(), r.cursor) {
		if err != nil {
			t.Fatal(err)
		}
		r.memory.Write(page.Batch)
		r.cursor = page.Cursor
		r.pages = append(r.pages, page)
	}
}

// BenchmarkFirstPullOfCompany is BenchmarkFirstPull against the simulator.
func BenchmarkFirstPullOfCompany(b *testing.B) {
	c := simulator.New(1, testNow, simulator.Options{Issues: 3000, EventsPerIssue: 26, Latency: 20 * time.Millisecond})
	issues := float64(len(c.Issues()))
	server := httptest.NewServer(c.Tracker())
	defer server.Close()
	for b.Loop() {
		r := companyRig(c, nil)
		r.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
		began := time.Now()
		c.Faults().ResetCounts()
		pullFrom(b, r, server.URL)
		b.ReportMetric(issues/time.Since(began).Seconds(), "issues/s")
		b.ReportMetric(float64(c.Faults().Requests(""))/issues, "requests/issue")
		r.client.CloseIdleConnections()
	}
}
