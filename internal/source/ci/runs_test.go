package ci_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

const pushed = `{"id": "35", "project": "shop/web", "status": "success", "created_at": "2026-11-18T09:00:00Z"}`

// parseOne reads a body of one run.
func parseOne(t *testing.T, body string) (delivery.Run, error) {
	t.Helper()
	items, batch, err := ci.ParseRuns([]byte(body))
	if err != nil || batch || len(items) != 1 {
		t.Fatalf("%d items, batch %v, error %v", len(items), batch, err)
	}
	return items[0].Run, items[0].Err
}

// fullRun is what testdata/run.json says.
func fullRun(t *testing.T) delivery.Run {
	return delivery.Run{
		Project: "shop/web", ID: "4711", Workflow: "test", Number: 815, Title: "Sell <more> & faster",
		Status: delivery.RunFailed, Event: "push", Actor: "ada", Branch: "feature/x", DefaultBranch: "main",
		SHA: "0123456789abcdef0123456789abcdef01234567", URL: "https://ci.example/shop/web/4711",
		CreatedAt:  instant(t, "2026-11-18T06:00:00.000Z"),
		StartedAt:  instant(t, "2026-11-18T06:00:02.500Z"),
		FinishedAt: instant(t, "2026-11-18T06:05:00.000Z"),
		UpdatedAt:  instant(t, "2026-11-18T06:05:01.000Z"),
		Attempt:    2, HasRestarts: true, Duration: 298_250, DurationE2E: 120_001,
		Labels: map[string]string{"runner size": "large", "empty": ""},
		Jobs: []delivery.Job{
			{
				ID: "9", Name: "e2e", Status: delivery.RunFailed, Attempt: 2,
				URL: "https://ci.example/jobs/9", Runner: "runner-1", E2E: true,
				CreatedAt:  instant(t, "2026-11-18T06:00:00.000Z"),
				StartedAt:  instant(t, "2026-11-18T06:01:00.000Z"),
				FinishedAt: instant(t, "2026-11-18T06:03:00.001Z"),
				Duration:   120_000, DurationE2E: 70_000, Up: 42_500, UpWithoutPull: 17_500, Pull: 25_000,
			},
			{
				Name: "lint", Status: delivery.RunUnknown, Attempt: 1,
				Duration: no, DurationE2E: no, Up: no, UpWithoutPull: no, Pull: no,
			},
		},
		Builds: []delivery.Build{{Name: "app", Duration: 64_000}, {Name: "e2e", Duration: no}},
	}
}

func TestFullRun(t *testing.T) {
	sent, err := os.ReadFile("testdata/run.json")
	if err != nil {
		t.Fatal(err)
	}
	run, err := parseOne(t, string(sent))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "run", run, fullRun(t))
	equal(t, "read back", again(t, run), run)
}

func TestLeastRun(t *testing.T) {
	run, err := parseOne(t, pushed)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "run", run, delivery.Run{
		Project: "shop/web", ID: "35", Status: delivery.RunSuccess, Attempt: 1,
		CreatedAt: instant(t, "2026-11-18T09:00:00Z"), Duration: no, DurationE2E: no,
	})
	encoded, err := json.Marshal(ci.EncodeRun(run))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "encoded", string(encoded), `{"id":"35","project":"shop/web","workflow":"","number":null,"title":"",`+
		`"status":"success","conclusion":"success","event":"","actor":"","branch":"","default_branch":"","sha":"","url":"",`+
		`"created_at":"2026-11-18T09:00:00.000Z","started_at":null,"finished_at":null,"updated_at":null,`+
		`"attempt":1,"has_restarts":false,"duration":null,"duration_e2e":null,"labels":{},"jobs":[],"builds":[]}`)
	equal(t, "read back", again(t, run), run)
}

func TestRunsTake(t *testing.T) {
	job := `"name": "a", "e2e": true, "started_at": "2026-11-18T09:01:00Z", "finished_at": "2026-11-18T09:02:00Z"`
	late := `"name": "b", "e2e": true, "started_at": "2026-11-18T09:01:30Z", "finished_at": "2026-11-18T09:03:00.5Z"`
	for _, c := range []struct {
		field, value string
		got          func(delivery.Run) any
		want         any
	}{
		{"id", `0`, func(r delivery.Run) any { return r.ID }, "0"},
		{"id", `18446744073709551615`, func(r delivery.Run) any { return r.ID }, "18446744073709551615"},
		{"id", `"a/1"`, func(r delivery.Run) any { return r.ID }, "a/1"},
		{"branch", `"refs/heads/main"`, func(r delivery.Run) any { return r.Branch }, "main"},
		{"default_branch", `"refs/heads/main"`, func(r delivery.Run) any { return r.DefaultBranch }, "main"},
		{"sha", `"ABCDEF0"`, func(r delivery.Run) any { return r.SHA }, "abcdef0"},
		{"sha", `""`, func(r delivery.Run) any { return r.SHA }, ""},
		{"url", `""`, func(r delivery.Run) any { return r.URL }, ""},
		{"url", `"http://ci"`, func(r delivery.Run) any { return r.URL }, "http://ci"},
		{"title", `"` + strings.Repeat("t", 2000) + `"`, func(r delivery.Run) any { return len(r.Title) }, 2000},
		{"number", `null`, func(r delivery.Run) any { return r.Number }, int64(0)},
		{"number", `9223372036854775807`, func(r delivery.Run) any { return r.Number }, int64(9223372036854775807)},
		{"attempt", `null`, func(r delivery.Run) any { return r.Attempt }, 1},
		{"attempt", `3`, func(r delivery.Run) any { return r.HasRestarts }, true},
		{"jobs", `[{"name": "a", "attempt": 2}]`, func(r delivery.Run) any { return r.HasRestarts }, true},
		{"has_restarts", `true`, func(r delivery.Run) any { return r.HasRestarts }, true},
		{"queue_time", `1.5`, func(r delivery.Run) any { return r.StartedAt }, instant(t, "2026-11-18T09:00:01.5Z")},
		{"jobs", `[{` + late + `}, {` + job + `}]`, func(r delivery.Run) any { return r.StartedAt }, instant(t, "2026-11-18T09:01:00Z")},
		{"jobs", `[{` + job + `, "status": "skipped"}]`, func(r delivery.Run) any { return r.StartedAt }, delivery.Instant(0)},
		{"queue_time", `null`, func(r delivery.Run) any { return r.StartedAt }, delivery.Instant(0)},
		{"connection", `"other"`, func(r delivery.Run) any { return r.Connection }, "other"},
		{"run", `5`, func(r delivery.Run) any { return r.ID }, "35"},
		{"jobs", `[{"name": "a", "e2e": 12.5}]`, func(r delivery.Run) any { return r.Jobs[0].DurationE2E }, int64(12_500)},
		{"jobs", `[{"name": "a", "conclusion": "timed_out"}]`, func(r delivery.Run) any { return r.Jobs[0].Status }, delivery.RunFailed},
		{"status", `-`, func(r delivery.Run) any { return r.Status }, delivery.RunUnknown},
		{"status", `null`, func(r delivery.Run) any { return r.Status }, delivery.RunUnknown},
		{"status", `"canceled"`, func(r delivery.Run) any { return r.Status }, delivery.RunCancelled},
		{"status", `"in_progress"`, func(r delivery.Run) any { return r.Status }, delivery.RunRunning},
		{"status", `"waiting"`, func(r delivery.Run) any { return r.Status }, delivery.RunWaiting},
		{"status", `"running"`, func(r delivery.Run) any { return r.Status }, delivery.RunRunning},
		{"status", `"cancelled"`, func(r delivery.Run) any { return r.Status }, delivery.RunCancelled},
		{"status", `"skipped"`, func(r delivery.Run) any { return r.Status }, delivery.RunSkipped},
		{"status", `"unknown"`, func(r delivery.Run) any { return r.Status }, delivery.RunUnknown},
		{"finished_at", `"2026-11-18T09:00:00Z"`, func(r delivery.Run) any { return r.Duration }, int64(0)},
		{"finished_at", `"2026-11-18T09:00:12.3456Z"`, func(r delivery.Run) any { return r.Duration }, int64(12_345)},
		{"duration", `0.0004`, func(r delivery.Run) any { return r.Duration }, int64(0)},
		{"duration", `0.0006`, func(r delivery.Run) any { return r.Duration }, int64(1)},
		{"duration", `null`, func(r delivery.Run) any { return r.Duration }, no},
		{"jobs", `[{` + job + `}]`, func(r delivery.Run) any { return r.Jobs[0].Duration }, int64(60_000)},
		{"jobs", `[{` + job + `, "duration": null}]`, func(r delivery.Run) any { return r.Jobs[0].Duration }, no},
		{"jobs", `[{` + late + `}, {` + job + `}]`, func(r delivery.Run) any { return r.DurationE2E }, int64(120_500)},
		{"jobs", `[{` + job + `}, {"name": "c", "e2e": true}]`, func(r delivery.Run) any { return r.DurationE2E }, int64(60_000)},
		{"jobs", `[{` + job + `}, {"name": "c", "e2e": true, "started_at": "2026-11-18T09:01:00Z"}]`, func(r delivery.Run) any { return r.DurationE2E }, no},
		{"jobs", `[{"name": "a", "started_at": "2026-11-18T09:01:00Z", "finished_at": "2026-11-18T09:02:00Z"}]`, func(r delivery.Run) any { return r.DurationE2E }, no},
		{"jobs", `[{"name": "a", "id": 5}]`, func(r delivery.Run) any { return r.Jobs[0].ID }, "5"},
		{"jobs", `[{"name": "a", "id": ""}]`, func(r delivery.Run) any { return r.Jobs[0].ID }, ""},
		{"jobs", `null`, func(r delivery.Run) any { return r.Jobs }, []delivery.Job(nil)},
		{"builds", `{"b": 1.5, "a": null}`, func(r delivery.Run) any { return r.Builds }, []delivery.Build{{Name: "b", Duration: 1500}, {Name: "a", Duration: no}}},
		{"builds", `{}`, func(r delivery.Run) any { return r.Builds }, []delivery.Build(nil)},
		{"labels", `null`, func(r delivery.Run) any { return r.Labels }, map[string]string(nil)},
		{"labels", `{}`, func(r delivery.Run) any { return r.Labels }, map[string]string(nil)},
		{"labels", `{"a": ""}`, func(r delivery.Run) any { return r.Labels }, map[string]string{"a": ""}},
	} {
		t.Run(c.field+" "+c.value[:min(60, len(c.value))], func(t *testing.T) {
			run, err := parseOne(t, body(t, pushed, map[string]string{c.field: c.value}))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, c.field, c.got(run), c.want)
			run.Connection = "" // is told by no encoding
			equal(t, "read back", again(t, run), run)
		})
	}
}

func TestRunsRefuse(t *testing.T) {
	long := `"` + strings.Repeat("n", 401) + `"`
	members := func(n int, value string) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`"m%d": %s`, i, value))
		}
		return "{" + strings.Join(all, ",") + "}"
	}
	for _, c := range []struct{ field, value, path string }{
		{"id", `null`, "$.id"},
		{"id", `-`, "$.id"},
		{"id", `""`, "$.id"},
		{"id", `1.5`, "$.id"},
		{"id", `-1`, "$.id"},
		{"id", `false`, "$.id"},
		{"id", long, "$.id"},
		{"project", `-`, "$.project"},
		{"project", `"\t"`, "$.project"},
		{"status", `"ok"`, "$.status"},
		{"conclusion", `"passed"`, "$.conclusion"},
		{"conclusion", `"failure"`, "$.conclusion"}, // status says success
		{"conclusion", `"running"`, "$.conclusion"},
		{"queue_time", `-1`, "$.queue_time"},
		{"queue_time", `"1"`, "$.queue_time"},
		{"status", `"Success"`, "$.status"},
		{"status", `""`, "$.status"},
		{"status", `1`, "$.status"},
		{"created_at", `-`, "$.created_at"},
		{"created_at", `"2026-11-18"`, "$.created_at"},
		{"updated_at", `""`, "$.updated_at"},
		{"finished_at", `"2026-11-18T08:59:59.999Z"`, "$.finished_at"},
		{"workflow", long, "$.workflow"},
		{"event", `{}`, "$.event"},
		{"actor", `1`, "$.actor"},
		{"title", `"` + strings.Repeat("t", 2001) + `"`, "$.title"},
		{"number", `-1`, "$.number"},
		{"number", `"5"`, "$.number"},
		{"number", `9223372036854775808`, "$.number"},
		{"attempt", `0`, "$.attempt"},
		{"attempt", `1.5`, "$.attempt"},
		{"has_restarts", `"no"`, "$.has_restarts"},
		{"duration", `"5"`, "$.duration"},
		{"duration", `-0.1`, "$.duration"},
		{"duration_e2e", `1e99`, "$.duration_e2e"},
		{"sha", `"abcdefg"`, "$.sha"},
		{"sha", `"` + strings.Repeat("a", 65) + `"`, "$.sha"},
		{"url", `"javascript:alert(1)"`, "$.url"},
		{"url", `"https://"`, "$.url"},
		{"url", `"ci.example/1"`, "$.url"},
		{"url", `"http://[::1"`, "$.url"},
		{"labels", `[]`, "$.labels"},
		{"labels", `{"a": 1, "b c": null, "": "x"}`, "$.labels.a\n$.labels[\"\"]\n$.labels[\"b c\"]"},
		{"labels", `{"a": ` + long + `}`, "$.labels.a"},
		{"labels", `{"` + strings.Repeat("k", 101) + `": ""}`, "$.labels." + strings.Repeat("k", 101)},
		{"labels", members(51, `""`), "$.labels"},
		{"labels", `{"a": "1", "a": "2", "a": "3"}`, "$.labels.a"},
		{"jobs", `{}`, "$.jobs"},
		{"jobs", list(`{"name":"a"}`, 2001), "$.jobs"},
		{
			"jobs", `[{}, 5, {"name": "a", "status": "ok", "attempt": 0, "e2e": "70", "url": "x", "runner": 1, "id": 0.5}]`,
			"$.jobs[0].name\n$.jobs[1]\n$.jobs[2].attempt\n$.jobs[2].e2e\n$.jobs[2].id\n$.jobs[2].runner\n$.jobs[2].status\n$.jobs[2].url",
		},
		{"jobs", `[{"name": "a", "created_at": "2026-11-18T09:00:01Z", "finished_at": "2026-11-18T09:00:00Z"}]`, "$.jobs[0].finished_at"},
		{"jobs", `[{"name": "a", "started_at": "2026-11-18T09:00:01Z", "finished_at": "2026-11-18T09:00:00Z"}]`, "$.jobs[0].finished_at"},
		{"builds", `5`, "$.builds"},
		{
			"builds", `[{"name": "a"}, {"duration": 5}, {"name": "a", "duration": "5"}, {"app": 5}]`,
			"$.builds[0].duration\n$.builds[1].name\n$.builds[2].duration\n$.builds[3].app\n$.builds[3].duration\n$.builds[3].name",
		},
		{"builds", `{"a": "5", " ": 5, "b": 1, "b": 2}`, "$.builds.a\n$.builds.b\n$.builds[\" \"]"},
		{"builds", list(`{}`, 2001), "$.builds"},
		{"builds", members(2001, "1"), "$.builds"},
	} {
		t.Run(c.field+" "+c.value[:min(60, len(c.value))], func(t *testing.T) {
			run, err := parseOne(t, body(t, pushed, map[string]string{c.field: c.value}))
			equal(t, "paths", paths(t, err), c.path)
			id := "35" // by which its sender knows what is wrong
			if strings.Contains(c.path, "$.id") {
				id = ""
			}
			equal(t, "run", run, delivery.Run{ID: id})
		})
	}
}

func TestOutcome(t *testing.T) {
	for _, c := range []struct {
		changes map[string]string
		want    delivery.RunStatus
		path    string
	}{
		{map[string]string{"conclusion": `"failure"`}, delivery.RunFailed, ""},
		{map[string]string{"conclusion": `"success"`, "status": `"completed"`}, delivery.RunSuccess, ""},
		{map[string]string{"conclusion": `"cancelled"`, "status": `"cancelled"`}, delivery.RunCancelled, ""},
		{map[string]string{"conclusion": `null`}, delivery.RunRunning, ""},
		{map[string]string{"conclusion": `null`, "duration": `5`}, delivery.RunUnknown, ""},
		{map[string]string{"conclusion": `null`, "finished_at": `"2026-11-18T09:00:12Z"`}, delivery.RunUnknown, ""},
		{map[string]string{"conclusion": `null`, "status": `"queued"`}, delivery.RunWaiting, ""},
		{map[string]string{"conclusion": `"success"`, "status": `"running"`}, "", "$.conclusion"},
		{map[string]string{"conclusion": `"success"`, "status": `"failed"`}, "", "$.conclusion"},
	} {
		if c.changes["status"] == "" {
			c.changes["status"] = "-"
		}
		run, err := parseOne(t, body(t, pushed, c.changes))
		equal(t, "paths", paths(t, err), c.path)
		equal(t, fmt.Sprint(c.changes), run.Status, c.want)
	}
}

func TestUnknownNames(t *testing.T) {
	for name, message := range map[string]string{
		"finishedAt":   `is not a known field, did you mean "finished_at"?`,
		"Started-At":   `is not a known field, did you mean "started_at"?`,
		"porject":      `is not a known field, did you mean "project"?`,
		"brnch":        `is not a known field, did you mean "branch"?`,
		"sah":          `is not a known field, did you mean "sha"?`,
		"stat":         `is not a known field`,
		"job":          `is not a known field, did you mean "jobs"?`,
		"duration e2e": `is not a known field, did you mean "duration_e2e"?`,
		"pipeline_id":  `is not a known field`,
		"conclusions":  `is not a known field, did you mean "conclusion"?`,
		"":             `is not a known field`,
	} {
		_, err := parseOne(t, body(t, pushed, map[string]string{name: "null"}))
		field, ok := errors.AsType[*ci.FieldError](err)
		if !ok || field.Message != message {
			t.Errorf("%q: got %v, want %s", name, field, message)
		}
	}
	long := strings.Repeat("й", 500)
	_, err := parseOne(t, body(t, pushed, map[string]string{long: "null"}))
	equal(t, "path", paths(t, err), `$["`+strings.Repeat("й", 200)+`…"]`)
	_, err = parseOne(t, body(t, pushed, map[string]string{"jobs": `[{"name": "a", "pul": 5}]`}))
	equal(t, "job", err.Error(), `$.jobs[0].pul: is not a known field, did you mean "pull"?`)
}

func TestBatch(t *testing.T) {
	wrong := body(t, pushed, map[string]string{"jobs": `[{"name": 5}]`, "status": `"-"`})
	items, batch, err := ci.ParseRuns([]byte("[" + pushed + "," + wrong + ", null, " + pushed + "]"))
	if err != nil || !batch || len(items) != 4 {
		t.Fatalf("%d items, batch %v, error %v", len(items), batch, err)
	}
	for i, want := range []string{"", "$[1].jobs[0].name\n$[1].status", "$[2]", ""} {
		equal(t, "paths", paths(t, items[i].Err), want)
	}
	equal(t, "id", items[3].Run.ID, "35")
}

func TestBatchSizes(t *testing.T) {
	for n, want := range map[int]string{0: "$", 1: "", 1000: "", 1001: "$"} {
		items, batch, err := ci.ParseRuns([]byte(list(pushed, n)))
		equal(t, "paths", paths(t, err), want)
		equal(t, "batch", batch, true)
		if want == "" {
			equal(t, "items", len(items), n)
		}
	}
}

// TestManyErrorsOfOneRun tells the rest at the path of its run.
func TestManyErrorsOfOneRun(t *testing.T) {
	run := body(t, pushed, map[string]string{"jobs": list("{}", 102)})
	items, _, err := ci.ParseRuns([]byte("[" + pushed + "," + run + "]"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, _ := errors.AsType[ci.Errors](items[1].Err)
	equal(t, "number", len(wrong), 100)
	equal(t, "last", wrong[99].Error(), "$[1]: has 3 more errors")
}

func TestNaturalKey(t *testing.T) {
	key := func(project, id string) string {
		return ci.NaturalKey(delivery.Run{Connection: "any", Project: project, ID: id})
	}
	equal(t, "key", key("shop/web", "35"), `"shop/web"#35`)
	if a, b := key("a", `b"#c`), key(`a"#b`, "c"); a == b {
		t.Errorf("two runs have the key %s", a)
	}
}
