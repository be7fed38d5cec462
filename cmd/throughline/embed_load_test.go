package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// What BenchmarkEmbeds puts on a server.
const (
	embedRate   = 200 // views a second
	embedSynced = 6_000
)

// viewed are the charts that are looked at, and as what: of twenty views, one is of an
// SVG and one of a PNG.
func viewed() (declared string, paths []string) {
	declared = "embeds:\n"
	for i, embed := range []string{
		"panel: cycle-time, filter: {range: 36m, clock: business}", "panel: cycle-time, filter: {queue: PAY, range: 90d}",
		"panel: cycle-time-trend, filter: {range: 12m, clock: business}", "panel: time-in-status, filter: {range: 90d}",
		"panel: cycle-time-trend, filter: {queue: [OPS, DEV], range: 180d}",
	} {
		token := fmt.Sprintf("embed-of-a-chart-%03d", i)
		declared += fmt.Sprintf("  - {name: chart %d, %s, frame_ancestors: [\"*\"], lang: en, token: %s}\n", i, embed, token)
		for range 18 {
			paths = append(paths, "/embed/"+token)
		}
		paths = append(paths, "/embed/"+token+".svg", "/embed/"+token+".png")
	}
	return declared, paths
}

// BenchmarkEmbeds is a wiki that everybody reads: 200 views a second of the charts of a
// server that knows 100,000 issues, while a first sync of 6,000 more runs, which is
// timed with and without them. Views come whether or not those before were answered.
//
//	go test -run '^$' -bench Embeds -benchtime 1x -timeout 20m ./cmd/throughline
func BenchmarkEmbeds(b *testing.B) {
	binary := loadBinary(b)
	declared, paths := viewed()
	for b.Loop() {
		alone := syncFor(b, binary, declared, func(context.Context, *process) {})
		var r readings
		var first, highest float64
		both := syncFor(b, binary, declared, func(ctx context.Context, p *process) {
			var cold readings
			for _, path := range slices.Compact(slices.Clone(paths)) {
				view(ctx, p.url, path, &cold)
			}
			for _, one := range cold.all {
				first = max(first, one.whole.Seconds()*1000)
			}
			views(ctx, p, paths, &r)
			highest = p.memory("VmHWM")
		})
		b.ReportMetric(alone.Seconds(), "s/sync-alone")
		b.ReportMetric(both.Seconds(), "s/sync-viewed")
		b.ReportMetric(first, "ms/slowest-cold")
		b.ReportMetric(highest, "MiB/highest")
		_, _ = fmt.Fprintf(os.Stdout, "%s\n", r.table())
	}
}

// syncFor is how long a first sync takes while something else goes on.
func syncFor(b *testing.B, binary, declared string, meanwhile func(context.Context, *process)) time.Duration {
	b.Helper()
	api := httptest.NewServer(simulator.New(7, time.Now(), simulator.Options{Issues: embedSynced, Latency: 20 * time.Millisecond}).Tracker())
	defer api.Close()
	p := startLoaded(b, binary, loadedDir(b), api.URL, declared)
	defer p.end()
	began := time.Now()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Minute)
	var other sync.WaitGroup
	other.Go(func() { meanwhile(ctx, p) })
	for !strings.Contains(p.log.String(), `msg="sync ended"`) && ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(began)
	cancel()
	other.Wait()
	return took
}

// views looks at charts, as many a second as it should, until the context ends.
func views(ctx context.Context, p *process, paths []string, r *readings) {
	tick := time.NewTicker(time.Second / embedRate)
	defer tick.Stop()
	var open sync.WaitGroup
	defer open.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			open.Go(func() { view(context.WithoutCancel(ctx), p.url, paths[i*7%len(paths)], r) })
		}
	}
}

var viewer = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

// view looks at one chart, as browsers do who know nothing of it yet.
func view(ctx context.Context, base, path string, r *readings) {
	began := time.Now()
	one := reading{route: "page"}
	if _, ext, ok := strings.Cut(path, "."); ok {
		one.route = ext
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		panic(err) // the address is ours
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := viewer.Do(req)
	if err == nil {
		one.first = time.Since(began)
		_, err = io.Copy(io.Discard, res.Body)
		if cerr := res.Body.Close(); err == nil {
			err = cerr
		}
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s", res.Status)
		}
	}
	if one.whole = time.Since(began); err != nil {
		one.fault = err.Error()
	}
	r.add(one)
}
