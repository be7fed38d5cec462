package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"throughline/internal/simulator"
	"throughline/internal/store/clickhousestore/chtest"
)

// droppedIn is connected with tables in the shape of tracker-exporter's, in a
// database that is made for them.
func droppedIn(t *testing.T, api string) []string {
	t.Helper()
	environ := connected(t, api)
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	plant(t, filepath.Dir(file), map[string]string{"provision.yaml": strings.Replace(read(t, file), "initial_range: 200w",
		"initial_range: 200w, drop_in_database: agile, drop_in_metrics_table: metrics_of_issues", 1)})
	return environ
}

// counted asks a database for one number.
func counted(t *testing.T, conn driver.Conn, query string) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// TestDropIn: after each sync the tables hold what the facts do, each issue
// once, without FINAL too.
func TestDropIn(t *testing.T) {
	const issues = 60
	_, api := company(t, simulator.Options{Issues: issues})
	dsn := chtest.Open(t)
	environ := within(droppedIn(t, api.URL), dsn)
	code, stdout, stderr := cli(t, environ, "sync")
	expect(t, code, exitDone, stdout+stderr, " 60 new, ")
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Exec(t.Context(), "DROP DATABASE agile"); err == nil {
			_ = conn.Close()
		}
	})
	tables := func(what string) {
		t.Helper()
		for query, want := range map[string]uint64{
			"SELECT count() FROM agile.issues":                                                                                                      issues,
			"SELECT count() FROM agile.issues_view":                                                                                                 issues,
			"SELECT uniqExact(issue_key) FROM agile.issues":                                                                                         issues,
			"SELECT toUInt64(countIf(author LIKE '%@%') > 40) FROM agile.issues":                                                                    1,
			"SELECT toUInt64(count() - uniqExact(issue_key, status_name)) FROM agile.metrics_of_issues":                                             0,
			"SELECT toUInt64(count() > 100) FROM agile.metrics_of_issues_view":                                                                      1,
			"SELECT toUInt64(count() > 100) FROM agile.issues_changelog_view WHERE changed_field = 'status'":                                        1,
			"SELECT count() FROM agile.issues i LEFT JOIN current_issues c ON c.key = i.issue_key WHERE c.id = ''":                                  0,
			"SELECT count() FROM agile.issues i JOIN current_issues c ON c.key = i.issue_key WHERE i.is_closed != toUInt8(c.closed_at IS NOT NULL)": 0,
		} {
			if got := counted(t, conn, query); got != want {
				t.Errorf("%s: %s is %d, want %d", what, query, got, want)
			}
		}
	}
	tables("first")
	const newest = "SELECT toUInt64(toUnixTimestamp64Milli(max(version))) FROM agile.metrics_of_issues"
	written := counted(t, conn, newest)
	code, stdout, stderr = cli(t, environ, "sync", "--connection", "tracker")
	expect(t, code, exitDone, stdout+stderr, " 0 new, ")
	tables("again")
	if now := counted(t, conn, newest); now != written {
		t.Error("nothing has changed, and rows were written")
	}

	// Other working hours: all of it anew.
	file := strings.TrimPrefix(environ[1], "THROUGHLINE_PROVISION=")
	before := counted(t, conn, "SELECT sum(busdays_duration) FROM agile.metrics_of_issues")
	plant(t, filepath.Dir(file), map[string]string{"provision.yaml": read(t, file) +
		"calendars:\n  - {name: default, timezone: UTC, workdays: [mon, tue], hours: [\"09:00-10:00\"], holidays: none}\n"})
	code, stdout, stderr = cli(t, environ, "sync", "--connection", "tracker")
	expect(t, code, exitDone, stdout+stderr)
	tables("other hours")
	if after := counted(t, conn, "SELECT sum(busdays_duration) FROM agile.metrics_of_issues"); after == 0 || after*5 > before {
		t.Errorf("two hours a week make %d seconds of what were %d", after, before)
	}
}

// With facts in SQLite there is nothing that the tables could stand beside.
func TestDropInNeedsClickHouse(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 3})
	code, stdout, stderr := cli(t, droppedIn(t, api.URL), "sync")
	expect(t, code, exitUsage, stdout+stderr, "drop_in_database", "needs ClickHouse", "provision.yaml: line 5")
}
