package ci_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

// TestCollectorRows reads what the command in docs/from-pipeline-metrics-collector.md
// makes of a database of pipeline-metrics-collector: of a usual row, of one whose job
// passed at the third attempt, of one with little in it, of one without a time and of
// one without an id.
func TestCollectorRows(t *testing.T) {
	items, batch, err := ci.ParseRuns(collectorRows(t))
	if err != nil || !batch || len(items) != 5 {
		t.Fatalf("%d items, batch %v, error %v", len(items), batch, err)
	}
	for i, want := range []string{"", "", "", "$[3].created_at", "$[4].id"} {
		equal(t, "what is wrong", paths(t, items[i].Err), want)
	}
	at := instant(t, "2026-11-18T06:00:00.029Z")
	flaky := `тесты "e2e" 1/2`
	job := func(name string, status delivery.RunStatus, attempt int, duration int64) delivery.Job {
		return delivery.Job{
			Name: name, Status: status, Attempt: attempt, E2E: true, Duration: duration,
			DurationE2E: no, Up: no, Pull: no, UpWithoutPull: no,
		}
	}
	usual, passed := job("e2e", delivery.RunSuccess, 1, 125_000), job(flaky, delivery.RunSuccess, 3, 200_000)
	usual.DurationE2E, usual.Up, usual.Pull, usual.UpWithoutPull = 70_000, 42_000, 25_000, 17_000
	passed.DurationE2E = 125_000
	for i, want := range []delivery.Run{
		{
			ID: "700001", Project: "shop/web", Branch: "master", CreatedAt: at, Duration: 198_000, DurationE2E: 125_000,
			Jobs: []delivery.Job{usual}, Builds: []delivery.Build{{Name: "build-e2e", Duration: 64_000}},
		},
		{
			ID: "700002", Project: "магазин/сайт", CreatedAt: at, HasRestarts: true, Duration: 480_000, DurationE2E: 300_000,
			Jobs: []delivery.Job{
				passed, job("lint", delivery.RunSuccess, 1, 3_000),
				job(flaky, delivery.RunFailed, 1, 33_000), job(flaky, delivery.RunFailed, 2, 34_000),
			},
			Builds: []delivery.Build{{Name: "build-e2e", Duration: 61_000}, {Name: "build-app", Duration: no}},
		},
		{ID: "700003", Project: "shop/web", CreatedAt: instant(t, "2026-11-18T23:59:59.999Z"), Duration: no, DurationE2E: no},
	} {
		want.Status, want.DefaultBranch, want.Attempt = delivery.RunUnknown, "master", 1
		equal(t, "run "+want.ID, items[i].Run, want)
	}
}

// TestCollectorDocument: the command names every field that its rows above have.
func TestCollectorDocument(t *testing.T) {
	document, err := os.ReadFile("../../../docs/from-pipeline-metrics-collector.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(collectorRows(t), &rows); err != nil {
		t.Fatal(err)
	}
	objects := rows
	for _, name := range []string{"jobs", "builds"} {
		objects = append(objects, rows[0][name].([]any)[0].(map[string]any))
	}
	for _, object := range objects {
		for field := range object {
			if !strings.Contains(string(document), "'"+field+"', ") {
				t.Errorf("the document does not name %q", field)
			}
		}
	}
}

func collectorRows(t *testing.T) []byte {
	t.Helper()
	rows, err := os.ReadFile("testdata/collector-rows.json")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
