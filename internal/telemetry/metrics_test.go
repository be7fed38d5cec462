package telemetry

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen is a StatsD server; lines waits for n lines.
func listen(t *testing.T) (addr string, lines func(n int) []string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.LocalAddr().String(), func(n int) (out []string) {
		t.Helper()
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, 64<<10)
		for len(out) < n {
			size, _, err := conn.ReadFrom(packet)
			if err != nil {
				t.Fatalf("%v after %q", err, out)
			}
			out = append(out, strings.Split(strings.TrimSpace(string(packet[:size])), "\n")...)
		}
		slices.Sort(out)
		return out
	}
}

// scraped is what m answers to a scrape, without the metrics of Go and the
// process.
func scraped(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("a scrape answers %d: %s", w.Code, w.Body)
	}
	var out []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, namespace) && !strings.Contains(line, "_bucket{") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}

func newMetrics(t *testing.T, o Options) *Metrics {
	t.Helper()
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func expect(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

var (
	donePage = Page{
		Connection: "a", Kind: ExporterKind, Offered: map[string]int{"issues": 3}, Written: map[string]int{"inserted": 2, "gone": 1},
		Problems: 1, NoHistory: 1, Processed: 2, Took: 1500 * time.Millisecond,
	}
	doneSync = Sync{
		Connection: "a", Kind: ExporterKind, Outcome: "done", EndedAt: time.Unix(1_800_000_000, 5e8), Took: 90 * time.Second, Waited: time.Minute,
	}
)

// TestExporterLines: names, units, types and tags of every metric that
// tracker-exporter documents.
func TestExporterLines(t *testing.T) {
	addr, lines := listen(t)
	m := newMetrics(t, Options{Statsd: Statsd{Addr: addr, Prefix: "tracker_exporter", Tags: []string{"env:prod", "team:x"}}})
	m.Inserted("agile", "issues", 7, 250*time.Millisecond)
	m.Deduplicated("agile", "issues", 2*time.Second)
	m.Mapped(ExporterKind, 250*time.Microsecond)
	m.PageWritten(donePage)
	m.SyncEnded(doneSync)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(lines(12), "\n")
	want := `tracker_exporter_clickhouse_deduplicate_time_seconds:2|h|#env:prod,team:x,database:agile,table:issues
tracker_exporter_clickhouse_insert_time_seconds:0.25|h|#env:prod,team:x,database:agile,table:issues
tracker_exporter_clickhouse_inserted_rows:7|c|#env:prod,team:x,database:agile,table:issues
tracker_exporter_comments_fetch_seconds:0|h|#env:prod,team:x
tracker_exporter_etl_duration_seconds:90|h|#env:prod,team:x
tracker_exporter_etl_upload_status:1|g|#env:prod,team:x
tracker_exporter_export_and_transform_time_seconds:60|h|#env:prod,team:x
tracker_exporter_issue_transform_time_seconds:0.00025|h|#env:prod,team:x
tracker_exporter_issues_total_processed_count:2|c|#env:prod,team:x
tracker_exporter_issues_without_metrics:1|c|#env:prod,team:x
tracker_exporter_last_update_timestamp:1800000000|g|#env:prod,team:x
tracker_exporter_upload_to_storage_time_seconds:1.5|h|#env:prod,team:x`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestOutcomes: what the gauges say of each way a sync can end.
func TestOutcomes(t *testing.T) {
	for outcome, want := range map[string]string{
		"done":        "etl_upload_status:1|g last_update_timestamp:1800000000|g",
		"problems":    "etl_upload_status:2|g last_update_timestamp:1800000000|g",
		"failed":      "etl_upload_status:2|g",
		"paused":      "etl_upload_status:2|g",
		"interrupted": "",
	} {
		t.Run(outcome, func(t *testing.T) {
			addr, lines := listen(t)
			m := newMetrics(t, Options{Statsd: Statsd{Addr: addr, Prefix: "x"}})
			s := doneSync
			s.Outcome = outcome
			m.SyncEnded(s)
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
			var gauges []string
			for _, line := range lines(3 + len(strings.Fields(want))) {
				if strings.HasSuffix(line, "|g") {
					gauges = append(gauges, strings.TrimPrefix(line, "x_"))
				}
			}
			if got := strings.Join(gauges, " "); got != want {
				t.Errorf("got %s", got)
			}
			expect(t, scraped(t, m), `throughline_sync_duration_seconds_sum{connection="a",outcome="`+outcome+`"} 90`)
		})
	}
}

// Other kinds of connections are no business of tracker-exporter's names.
func TestOtherKindsAreNotExported(t *testing.T) {
	addr, lines := listen(t)
	m := newMetrics(t, Options{Statsd: Statsd{Addr: addr, Prefix: "x"}})
	s, p := doneSync, donePage
	s.Kind, p.Kind = "github", "github"
	m.SyncEnded(s)
	m.PageWritten(p)
	m.Mapped("github", time.Second)
	m.Deduplicated("d", "t", time.Second)
	if got := lines(1); len(got) != 1 || got[0] != "x_clickhouse_deduplicate_time_seconds:1|h|#database:d,table:t" {
		t.Errorf("sent %q", got)
	}
	expect(t, scraped(t, m), `throughline_sync_duration_seconds_count{connection="a",outcome="done"} 1`)
}

func TestScrape(t *testing.T) {
	m := newMetrics(t, Options{Version: "1.2.3", Commit: "abc"})
	m.PageWritten(donePage)
	failed := donePage
	failed.Err = errors.New("disk full")
	m.PageWritten(failed)
	m.Inserted("agile", "issues", 7, 250*time.Millisecond)
	m.PanelLoaded("cycle-time", time.Second, nil)
	m.PanelLoaded("cycle-time", time.Second, context.Canceled)
	m.PanelLoaded("cycle-time", time.Second, context.DeadlineExceeded)
	for _, method := range []string{"GET", "BREW", "PROPFIND"} {
		m.Answered("/issues/{key}", method, 404, time.Second)
	}
	pending := true
	m.Watch(func(context.Context) State {
		return State{StoreUp: true, Rebuilding: &pending, Connections: []Connection{
			{Name: "a", Syncing: true, LastSuccess: time.UnixMilli(1_800_000_000_500)}, {Name: "b", Paused: true},
		}}
	})
	expect(t, scraped(t, m),
		`throughline_build_info{commit="abc",goversion="go1.`, `version="1.2.3"} 1`,
		`throughline_issues_written_total{connection="a",kind="gone"} 1`, `throughline_issues_written_total{connection="a",kind="inserted"} 2`,
		`throughline_sync_problems_total{connection="a"} 1`, `throughline_store_rows_total{table="issues"} 3`,
		`throughline_store_write_duration_seconds_count{result="failed"} 1`, `throughline_store_write_duration_seconds_sum{result="ok"} 1.5`,
		`throughline_clickhouse_inserted_rows_total{database="agile",table="issues"} 7`,
		`throughline_clickhouse_insert_duration_seconds_sum{database="agile",table="issues"} 0.25`,
		`throughline_panel_query_duration_seconds_count{panel="cycle-time",result="canceled"} 1`,
		`throughline_panel_query_duration_seconds_count{panel="cycle-time",result="failed"} 1`,
		`throughline_panel_query_duration_seconds_count{panel="cycle-time",result="ok"} 1`,
		`throughline_http_requests_total{method="GET",route="/issues/{key}",status="404"} 1`,
		`throughline_http_requests_total{method="other",route="/issues/{key}",status="404"} 2`,
		"throughline_fact_store_up 1\n", "throughline_rebuild_pending 1\n",
		`throughline_sync_running{connection="a"} 1`, `throughline_connection_paused{connection="b"} 1`,
		`throughline_sync_last_success_timestamp_seconds{connection="a"} 1.8000000005e+09`, `throughline_sync_last_success_timestamp_seconds{connection="b"} 0`,
	)
}

// A store that is out of reach leaves a scrape what is known.
func TestScrapeWithoutAStore(t *testing.T) {
	m := newMetrics(t, Options{})
	m.Watch(func(context.Context) State { return State{} })
	text := scraped(t, m)
	expect(t, text, "throughline_fact_store_up 0\n")
	if strings.Contains(text, "rebuild_pending") {
		t.Error("it says what is not known")
	}
}

// Nothing that is measured needs to know whether anybody measures.
func TestNobodyMeasures(t *testing.T) {
	var m *Metrics
	m.Inserted("d", "t", 1, time.Second)
	m.Deduplicated("d", "t", time.Second)
	m.PageWritten(donePage)
	m.SyncEnded(doneSync)
	m.Mapped(ExporterKind, time.Second)
	m.Answered("/", "GET", 200, time.Second)
	m.PanelLoaded("p", time.Second, nil)
	if m.Transport("a", http.DefaultTransport, nil) != http.DefaultTransport {
		t.Error("a transport is wrapped for nothing")
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func TestTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		case "/broken":
			w.WriteHeader(http.StatusBadGateway)
		case "/gone":
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, "answer")
	}))
	defer server.Close()
	addr, lines := listen(t)
	m := newMetrics(t, Options{Statsd: Statsd{Addr: addr, Prefix: "x"}})
	client := &http.Client{Transport: m.Transport("a", server.Client().Transport, func(r *http.Request) Operation {
		return map[string]Operation{"/search": Search, "/record": Record}[r.URL.Path]
	})}
	for _, path := range []string{"/search", "/record", "/other", "/busy", "/broken", "/gone"} {
		res, err := client.Get(server.URL + path)
		if err != nil {
			if path != "/gone" {
				t.Error(err)
			}
			continue
		}
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "answer" {
			t.Errorf("%s: %q, %v", path, body, err)
		}
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Do(req); err == nil {
		t.Error("no error")
	}
	client.CloseIdleConnections()
	text := scraped(t, m)
	expect(t, text, `throughline_source_request_duration_seconds_count{connection="a"} 7`,
		`throughline_source_request_failures_total{connection="a",reason="429"} 1`,
		`throughline_source_request_failures_total{connection="a",reason="5xx"} 1`,
		`throughline_source_request_failures_total{connection="a",reason="network"} 1`)
	if n := strings.Count(text, "throughline_source_request_failures_total{"); n != 3 {
		t.Errorf("%d reasons in\n%s", n, text)
	}
	got := lines(2)
	if len(got) != 2 || !strings.HasPrefix(got[0], "x_issue_prefetch_seconds:0.") || !strings.HasPrefix(got[1], "x_issues_search_time_seconds:0.") {
		t.Errorf("sent %q", got)
	}
}

// A receiver that comes later, or again, gets what comes then; that something
// is lost is told once.
func TestReceiverComesLater(t *testing.T) {
	reserved, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := reserved.LocalAddr().String()
	if err := reserved.Close(); err != nil {
		t.Fatal(err)
	}
	d := &datagrams{addr: addr}
	defer func() { _ = d.Close() }()
	told := 0
	tell := seldom(func(error) { told++ })
	failures := 0
	for range 100 {
		if _, err := d.Write([]byte("x")); err != nil {
			failures++
			tell(err)
		}
	}
	if failures == 0 || told != 1 {
		t.Errorf("%d failures, told %d times", failures, told)
	}
	late, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = late.Close() }()
	for range 3 { // the first may still tell of what was lost
		_, _ = d.Write([]byte("late"))
	}
	packet := make([]byte, 10)
	if err := late.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, _, err := late.ReadFrom(packet); err != nil || string(packet[:n]) != "late" {
		t.Errorf("%q, %v", packet[:n], err)
	}
}
