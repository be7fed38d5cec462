package clickhousestore

import (
	"strings"
	"testing"
)

// all are the statements of the schema at an address.
func all(t *testing.T, address string) []string {
	t.Helper()
	a, err := ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	migrations, err := migrationsFor(&a)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i, m := range migrations {
		if m.version != int64(i+1) {
			t.Errorf("migration %d comes as number %d", m.version, i+1)
		}
		out = append(out, m.statements...)
	}
	return out
}

var tables = []string{
	"state", "numbers", "keys", "terms", "statuses", "people", "drop_in", "issues", "flow", "run_numbers", "runs", "facts", "dora_touched", "dora_services", "dora_chunks",
	"series", "points", "series_hours", "point_hours",
}

// Every statement may run again, and in a cluster runs on every host: each table
// is a replicated one there, under a Distributed one by whose key an issue's rows
// are on one host.
func TestSchema(t *testing.T) {
	single, cluster := all(t, "http://h/facts"), all(t, "clickhouse://h1,h2/facts?cluster=main")
	for _, statement := range append(single, cluster...) {
		column := strings.HasPrefix(statement, "ALTER TABLE ") && strings.Contains(statement, " ADD COLUMN IF NOT EXISTS ")
		if !column && !strings.HasPrefix(statement, "CREATE TABLE IF NOT EXISTS ") && !strings.HasPrefix(statement, "CREATE OR REPLACE VIEW ") {
			t.Errorf("not to be repeated: %s", statement)
		}
	}
	for _, statement := range single {
		if strings.Contains(statement, "CLUSTER") || strings.Contains(statement, "_local") || strings.Contains(statement, "Replicated") {
			t.Errorf("on a single server: %s", statement)
		}
	}
	for _, statement := range cluster {
		if !strings.Contains(statement, " ON CLUSTER `main`") {
			t.Errorf("not on every host: %s", statement)
		}
	}
	const columns = 1 // added to a table and the one over it
	if len(cluster) != len(single)+len(tables)+columns {
		t.Errorf("%d statements in a cluster, %d on a single server", len(cluster), len(single))
	}
	text := strings.Join(cluster, "\n")
	for _, table := range tables {
		for _, part := range []string{
			"CREATE TABLE IF NOT EXISTS " + table + "_local ON CLUSTER `main` (",
			"CREATE TABLE IF NOT EXISTS " + table + " ON CLUSTER `main` AS " + table + "_local ENGINE = Distributed(`main`, `facts`, " + table + "_local, ",
		} {
			if !strings.Contains(text, part) {
				t.Errorf("%q is missing", part)
			}
		}
	}
	if n := strings.Count(text, "ENGINE = ReplicatedReplacingMergeTree("); n != len(tables) {
		t.Errorf("%d replicated tables, want %d", n, len(tables))
	}
	for _, key := range []string{"issues_local, issue)", "flow_local, issue)", "series_local, id)", "points_local, series)", "series_hours_local, series)"} {
		if !strings.Contains(text, key) {
			t.Errorf("%q is missing: what is joined has to be on one host", key)
		}
	}
}
