package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// agent is a StatsD server: it keeps the lines it is sent.
type agent struct {
	conn net.PacketConn
	text screen
	done chan struct{}
}

func newAgent(t *testing.T, network, addr string) *agent {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		packet := make([]byte, 64<<10)
		for {
			n, _, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = a.text.Write(append(bytes.TrimRight(packet[:n], "\n"), '\n'))
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-a.done })
	return a
}

// lines are what came until a line with the text did, sorted, and with the
// numbers of seconds as N.
func (a *agent) lines(t *testing.T, until string) []string {
	t.Helper()
	eventually(t, "metric "+until, func() bool { return strings.Contains(a.text.String(), until) }, &a.text)
	number := regexp.MustCompile(`:[0-9.]+\|h`)
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(a.text.String()), "\n") {
		if !strings.Contains(line, ":0|h") {
			line = number.ReplaceAllString(line, ":N|h")
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// TestStatsd: what a sync sends, line by line.
func TestStatsd(t *testing.T) {
	statsd := newAgent(t, "udp", "127.0.0.1:0")
	made, server := company(t, simulator.Options{Issues: 40})
	before := time.Now()
	code, stdout, stderr := cli(t, append(connected(t, server.URL), "THROUGHLINE_STATSD_ADDR="+statsd.conn.LocalAddr().String(), "THROUGHLINE_STATSD_TAGS=env:test,team:x"), "sync")
	took := time.Since(before)
	expect(t, code, exitDone, stdout+stderr, "tracker: done in ", ": 40 read, 40 new")
	lines := statsd.lines(t, "last_update_timestamp")

	const tags = "|#env:test,team:x"
	count := func(line string) (n int) {
		for _, l := range lines {
			if l == line+tags {
				n++
			}
		}
		return n
	}
	requests := made.Faults().Requests
	for line, want := range map[string]int{
		"tracker_exporter_etl_upload_status:1|g":                 1,
		"tracker_exporter_etl_duration_seconds:N|h":              1,
		"tracker_exporter_export_and_transform_time_seconds:N|h": 1,
		"tracker_exporter_comments_fetch_seconds:0|h":            1,
		"tracker_exporter_issue_transform_time_seconds:N|h":      40,
		"tracker_exporter_issues_search_time_seconds:N|h":        requests(simulator.Search),
		"tracker_exporter_issue_prefetch_seconds:N|h":            requests(simulator.Changelog),
	} {
		if got := count(line); got != want || want == 0 {
			t.Errorf("%d lines %s%s, want %d", got, line, tags, want)
		}
	}
	if sum := total(t, lines, "tracker_exporter_issues_total_processed_count", "|c"+tags); sum != 40 {
		t.Errorf("%v issues were processed", sum)
	}
	still := total(t, lines, "tracker_exporter_issues_without_metrics", "|c"+tags)
	if still < 0 || still >= 40 {
		t.Errorf("%v issues never changed their status", still)
	}
	at := total(t, lines, "tracker_exporter_last_update_timestamp", "|g"+tags)
	if int64(at) < before.Unix() || int64(at) > time.Now().Unix() {
		t.Errorf("last update at %v", at)
	}
	pages := count("tracker_exporter_upload_to_storage_time_seconds:N|h")
	if pages == 0 || len(lines) != 1+1+1+1+1+40+requests(simulator.Search)+requests(simulator.Changelog)+3*pages {
		t.Errorf("%d lines with %d pages:\n%s", len(lines), pages, strings.Join(lines, "\n"))
	}
	// Seconds, not milliseconds.
	for _, name := range []string{"etl_duration_seconds", "export_and_transform_time_seconds", "upload_to_storage_time_seconds"} {
		if sum := total(t, strings.Split(statsd.text.String(), "\n"), "tracker_exporter_"+name, "|h"+tags); sum <= 0 || sum > took.Seconds() {
			t.Errorf("%s adds up to %v in %v", name, sum, took)
		}
	}
}

// total adds up the values of a metric.
func total(t *testing.T, lines []string, name, after string) (sum float64) {
	t.Helper()
	found := false
	for _, line := range lines {
		text, ok := strings.CutPrefix(line, name+":")
		if text, ok2 := strings.CutSuffix(text, after); ok && ok2 {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Error(err)
			}
			sum, found = sum+v, true
		}
	}
	if !found {
		t.Errorf("no %s in\n%s", name, strings.Join(lines, "\n"))
	}
	return sum
}

// A sync that fails says so, by a socket, under a name of one's own.
func TestStatsdOfAFailedSync(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	statsd := newAgent(t, "unixgram", socket)
	_, server := company(t, simulator.Options{Issues: 5, Token: "another"})
	code, stdout, stderr := cli(t, append(connected(t, server.URL), "THROUGHLINE_STATSD_ADDR=unix://"+socket, "THROUGHLINE_STATSD_PREFIX=mine"), "sync")
	expect(t, code, exitError, stdout+stderr, "tracker: paused in ")
	lines := strings.Join(statsd.lines(t, "mine_etl_upload_status"), "\n")
	want := "mine_comments_fetch_seconds:0|h\nmine_etl_duration_seconds:N|h\nmine_etl_upload_status:2|g\nmine_export_and_transform_time_seconds:N|h"
	if lines != want {
		t.Errorf("got\n%s\nwant\n%s", lines, want)
	}
}

// Nobody who listens is no reason to fail.
func TestStatsdOutOfReach(t *testing.T) {
	_, server := company(t, simulator.Options{Issues: 5})
	code, stdout, stderr := cli(t, append(connected(t, server.URL), "THROUGHLINE_STATSD_ADDR=nowhere.invalid:8125"), "sync")
	expect(t, code, exitDone, stdout+stderr, "tracker: done in ", `level=WARN msg="metrics are lost on their way to StatsD"`)
	if n := strings.Count(stderr, "metrics are lost on"); n != 1 {
		t.Errorf("it is told %d times", n)
	}
}

// TestMetrics: what is scraped after a sync.
func TestMetrics(t *testing.T) {
	t.Parallel()
	made, server := company(t, simulator.Options{Issues: 40})
	s := launch(t, connected(t, server.URL), "serve")
	s.logged(`msg="sync ended" connection=tracker .*state=done`)
	s.get("/api/v1/issues/SECRET-1?queue=" + canaryQuery)
	s.get("/nowhere/" + canaryQuery)
	status, text := s.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", status, text)
	}
	for _, want := range []string{
		`throughline_build_info{commit="`,
		`throughline_fact_store_up 1`,
		`throughline_rebuild_pending 0`,
		`throughline_sync_running{connection="tracker"} 0`,
		`throughline_connection_paused{connection="tracker"} 0`,
		`throughline_sync_duration_seconds_count{connection="tracker",outcome="done"} 1`,
		`throughline_sync_problems_total{connection="tracker"} 0`,
		`throughline_issues_written_total{connection="tracker",kind="inserted"} 40`,
		`throughline_issues_written_total{connection="tracker",kind="gone"} 0`,
		`throughline_store_rows_total{table="issues"} 40`,
		`throughline_store_write_duration_seconds_count{result="ok"} `,
		fmt.Sprintf(`throughline_source_request_duration_seconds_count{connection="tracker"} %d`, made.Faults().Requests("")),
		`throughline_http_requests_total{method="GET",route="/api/v1/issues/{key}",status="401"} 1`,
		`throughline_http_requests_total{method="GET",route="unmatched",status="404"} 1`,
		`go_goroutines `, `process_resident_memory_bytes `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	found := regexp.MustCompile(`throughline_sync_last_success_timestamp_seconds\{connection="tracker"\} (\S+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatal(text)
	}
	at, err := strconv.ParseFloat(found[1], 64)
	if err != nil || time.Since(time.Unix(int64(at), 0)) > time.Hour {
		t.Errorf("last success at %s", found[1])
	}
	for _, secret := range []string{canaryQuery, "SECRET-1", "tell-nobody"} {
		if strings.Contains(text, secret) {
			t.Errorf("it tells %q", secret)
		}
	}
	if status, again := s.get("/metrics/"); status != http.StatusOK || !strings.Contains(again, `route="/metrics"`) {
		t.Errorf("/metrics/ answers %d", status)
	}
}

// A restart forgets what was counted, not when a sync last succeeded.
func TestMetricsAfterARestart(t *testing.T) {
	_, server := company(t, simulator.Options{Issues: 5})
	environ := append(connected(t, server.URL), "THROUGHLINE_METRICS_USER=prom", "THROUGHLINE_METRICS_PASSWORD=tell-nobody-else")
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr)
	s := launch(t, environ, "serve")
	if status, _ := s.get("/metrics"); status != http.StatusUnauthorized {
		t.Errorf("without a password it answers %d", status)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("prom", "tell-nobody-else")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil || res.StatusCode != http.StatusOK || !regexp.MustCompile(`last_success_timestamp_seconds\{connection="tracker"\} 1\.[0-9]+e\+09`).Match(text) {
		t.Errorf("it answers %d, %v:\n%s", res.StatusCode, err, text)
	}
	if strings.Contains(s.log.String(), "tell-nobody") {
		t.Errorf("the log tells the password:\n%s", s.log)
	}
}

// fakeSentry keeps the envelopes it is sent.
func fakeSentry(t *testing.T) (dsn string, envelopes func() string) {
	t.Helper()
	var mu sync.Mutex
	var seen bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		_, _ = io.Copy(&seen, r.Body)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "://", "://0123456789abcdef@", 1) + "/7", func() string {
		mu.Lock()
		defer mu.Unlock()
		return seen.String()
	}
}

// TestErrorsAreReported: what the program logs as an error goes to Sentry, and
// is there when it has stopped.
func TestErrorsAreReported(t *testing.T) {
	dsn, envelopes := fakeSentry(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "provision.yaml")
	plant(t, dir, map[string]string{"provision.yaml": "tokens: []\n"})
	s := spawn(t, buildProgram(t), append(dataDir(t), "THROUGHLINE_SENTRY_DSN="+dsn, "THROUGHLINE_PROVISION="+file, "CI_TOKEN=tell-nobody"), "serve")
	plant(t, dir, map[string]string{"provision.yaml": "tokens: [{name: ci, scopes: [tell-nobody], token: \"${CI_TOKEN}\"}]\n"})
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.logged(`level=ERROR msg="provisioning file refused`)
	if code := s.stop(); code != exitDone {
		t.Errorf("exit code is %d", code)
	}
	text := envelopes()
	for _, want := range []string{`"message":"provisioning file refused, what was in force stays"`, `"level":"error"`, `"environment":"production"`, `"release":"throughline@`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
	for _, secret := range []string{"tell-nobody", "server_name", file, "THROUGHLINE_"} {
		if strings.Contains(text, secret) {
			t.Errorf("it tells %q: %s", secret, text)
		}
	}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if !json.Valid([]byte(line)) {
			t.Errorf("no JSON: %s", line)
		}
	}
}

// What ends the program is reported before it does.
func TestTheEndIsReported(t *testing.T) {
	dsn, envelopes := fakeSentry(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	environ := append(dataDir(t), "THROUGHLINE_SENTRY_DSN="+dsn, "THROUGHLINE_ADDR="+l.Addr().String())
	code, _, stderr := cli(t, environ, "serve")
	expect(t, code, exitError, stderr, "another program listens on")
	expect(t, code, exitError, envelopes(), `"message":"the program ended"`, "another program listens on [address]")
	if strings.Contains(stderr, "0123456789abcdef") {
		t.Errorf("the DSN shows:\n%s", stderr)
	}
}

// What is wrong with the variables is told together, before anything is sent.
func TestMonitoringVariables(t *testing.T) {
	code, _, stderr := cli(t, append(dataDir(t), "THROUGHLINE_STATSD_ADDR=8125", "THROUGHLINE_SENTRY_DSN=https://canary@example.com/x", "THROUGHLINE_METRICS_PASSWORD=canary"), "serve")
	expect(t, code, exitUsage, stderr, "THROUGHLINE_STATSD_ADDR: ", "THROUGHLINE_SENTRY_DSN: ", "THROUGHLINE_METRICS_USER: missing")
	if strings.Contains(stderr, "canary") {
		t.Errorf("a secret shows:\n%s", stderr)
	}
}
