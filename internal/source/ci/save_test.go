package ci_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source/ci"
)

const no = delivery.NotSaid

// TestWorkerBodies reads what a GitLab worker sent.
func TestWorkerBodies(t *testing.T) {
	job := func(name string, attempt int, started, finished string, duration, e2e, up int64) delivery.Job {
		return delivery.Job{
			Name: name, Status: delivery.RunSuccess, Attempt: attempt, E2E: true,
			StartedAt:  instant(t, "2026-11-18T"+started+"+03:00"),
			FinishedAt: instant(t, "2026-11-18T"+finished+"+03:00"),
			Duration:   duration, DurationE2E: e2e, Up: up, UpWithoutPull: no, Pull: no,
		}
	}
	failed := job("e2e", 1, "10:01:06.000", "10:01:56.000", 50_000, no, no)
	failed.Status = delivery.RunFailed
	pulled := job("e2e", 1, "12:31:10.000", "12:32:49.000", 99_000, 6000, 60_000)
	pulled.Pull, pulled.UpWithoutPull = 25_000, 35_000
	bare := func(started, finished string) []delivery.Job {
		return []delivery.Job{job("e2e", 1, started, finished, 99_000, no, no)}
	}
	run := func(id, branch, created string, duration, e2e, build int64, jobs ...delivery.Job) delivery.Run {
		return delivery.Run{
			Project: "shop/web", ID: id, Status: delivery.RunUnknown, Branch: branch, Attempt: 1,
			CreatedAt: instant(t, "2026-11-18T"+created+"+03:00"), Duration: duration, DurationE2E: e2e,
			Jobs: jobs, Builds: []delivery.Build{{Name: "build-e2e", Duration: build}},
		}
	}
	two := run("700002", "feature/x", "09:30:00", 363_000, 262_000, 80_000,
		job("e2e 1/2", 1, "09:31:41.000", "09:35:01.900", 200_000, 125_000, 30_000),
		job("e2e 2/2", 1, "09:31:43.000", "09:36:03.100", 260_000, 205_000, 31_000))
	two.Builds = append(two.Builds, delivery.Build{Name: "build-app", Duration: 95_000})
	restarted := run("700003", "master", "10:00:00", 260_000, 120_000, 60_000,
		job("e2e", 2, "10:02:20.000", "10:04:20.000", 120_000, 90_000, 20_000), failed)
	restarted.HasRestarts = true
	retried := run("700007", "master", "12:00:00", 175_000, 100_000, 61_000,
		job("e2e 2", 1, "12:01:15.000", "12:02:55.400", 100_000, 70_000, 20_000))
	untold := run("700006", "master", "11:30:00", 169_000, 99_000, 61_000, bare("11:31:10.000", "11:32:49.000")...)

	want := map[string]delivery.Run{
		"01": run("700001", "master", "09:00:00", 198_000, 125_000, 64_000,
			job("e2e", 1, "09:01:12.500", "09:03:18.200", 125_000, 70_000, 42_000)),
		"02": two,
		"03": restarted,
		"04": run("700005", "main", "11:00:00", 169_000, 99_000, 61_000,
			job("e2e", 1, "11:01:10.000", "11:02:49.000", 99_000, 70_000, 20_000)),
		"05": retried,
		"06": untold,
		"07": run("700008", "master", "12:30:00", 169_000, 99_000, 61_000, pulled),
		"08": run("700008", "master", "12:30:00", 169_000, 99_000, 61_000, bare("12:31:10.000", "12:32:49.000")...),
		"09": retried,
		"10": untold,
	}
	for number, want := range want {
		t.Run(number, func(t *testing.T) {
			sent, err := os.ReadFile(filepath.Join("testdata", "gitlab-worker", number+"-save_metrics.json"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ci.ParseSaveMetrics(sent)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "run", got, want)
			equal(t, "read back", again(t, got), want)
		})
	}
}

const saved = `{"pipeline_id": 35, "project": "shop/web", "created_at": "2026-11-18T09:00:00Z", "ref": "main",
	"duration": 198, "duration_e2e": 125, "has_restarts": false, "jobs": [], "jobs_failed": [], "builds": []}`

func TestSaveMetricsTakes(t *testing.T) {
	created := func(s string) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "created", run.CreatedAt.String(), s) }
	}
	id := func(s string) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "id", run.ID, s) }
	}
	branch := func(s string) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "branch", run.Branch, s) }
	}
	duration := func(ms int64) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "duration", run.Duration, ms) }
	}
	e2e := func(ms int64) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "e2e", run.DurationE2E, ms) }
	}
	builds := func(want ...delivery.Build) func(*testing.T, delivery.Run) {
		return func(t *testing.T, run delivery.Run) { equal(t, "builds", run.Builds, want) }
	}
	for _, c := range []struct {
		field, value string
		want         func(*testing.T, delivery.Run)
	}{
		{"pipeline_id", `0`, id("0")},
		{"pipeline_id", `"35"`, id("35")},
		{"pipeline_id", `"0035"`, id("35")},
		{"pipeline_id", `2147483648`, id("2147483648")},
		{"pipeline_id", `9223372036854775807`, id("9223372036854775807")},
		{"pipeline_id", `"18446744073709551615"`, id("18446744073709551615")},
		{"created_at", `"2026-11-18T14:11:24.029+07:00"`, created("2026-11-18T07:11:24.029Z")},
		{"created_at", `"2026-11-18T14:11:24.029+0700"`, created("2026-11-18T07:11:24.029Z")},
		{"created_at", `"2026-11-18T14:11:24-07:00"`, created("2026-11-18T21:11:24.000Z")},
		{"created_at", `"2026-11-18T14:11:24.1Z"`, created("2026-11-18T14:11:24.100Z")},
		{"created_at", `"2026-11-18T14:11:24.123456789Z"`, created("2026-11-18T14:11:24.123Z")},
		{"created_at", `"2026-11-18t14:11:24z"`, created("2026-11-18T14:11:24.000Z")},
		{"created_at", `"2026-11-18 14:11:24+00:00"`, created("2026-11-18T14:11:24.000Z")},
		{"created_at", `"1970-01-01T00:00:00.001Z"`, created("1970-01-01T00:00:00.001Z")},
		{"created_at", `"2200-12-31T23:59:59Z"`, created("2200-12-31T23:59:59.000Z")},
		{"ref", `"refs/heads/feature/x"`, branch("feature/x")},
		{"ref", `"refs/heads/refs/heads/x"`, branch("x")},
		{"ref", `"refs/tags/v1"`, branch("refs/tags/v1")},
		{"ref", `"ветка"`, branch("ветка")},
		{"ref", `null`, branch("")},
		{"duration", `97.6`, duration(97_600)},
		{"duration", `97.0004`, duration(97_000)},
		{"duration", `1.5e2`, duration(150_000)},
		{"duration", `"97"`, duration(97_000)},
		{"duration", `"97.25"`, duration(97_250)},
		{"duration", `0`, duration(0)},
		{"duration", `10000000000`, duration(10_000_000_000_000)},
		{"duration", `null`, duration(no)},
		{"duration_e2e", `null`, e2e(no)},
		{"duration_e2e", `"12.5"`, e2e(12_500)},
		{
			"builds", `[{"b": 1, "a": 2.5}, {}, {"c": "3", "a": null}]`,
			builds(delivery.Build{Name: "b", Duration: 1000}, delivery.Build{Name: "a", Duration: 2500},
				delivery.Build{Name: "c", Duration: 3000}, delivery.Build{Name: "a", Duration: no}),
		},
		{"has_restarts", `true`, func(t *testing.T, run delivery.Run) { equal(t, "restarts", run.HasRestarts, true) }},
		{"sha", `"0A1B2C3"`, func(t *testing.T, run delivery.Run) { equal(t, "sha", run.SHA, "0a1b2c3") }},
		{"started_at", `"2026-11-18T09:00:01Z"`, func(t *testing.T, run delivery.Run) {
			equal(t, "started", run.StartedAt, instant(t, "2026-11-18T09:00:01Z"))
		}},
		{"finished_at", `"2026-11-18T09:05:00Z"`, func(t *testing.T, run delivery.Run) {
			equal(t, "finished", run.FinishedAt, instant(t, "2026-11-18T09:05:00Z"))
			equal(t, "duration", run.Duration, int64(198_000))
		}},
		{"project", `"🚀"`, func(t *testing.T, run delivery.Run) { equal(t, "project", run.Project, "🚀") }},
		{"other", `{"a": 1, "a": [[[]]]}`, id("35")},
		{"build", `"not read beside builds"`, builds()},
		{
			"jobs", `[{"name": "e2e", "duration": null, "e2e": null, "started_at": null, "id": {}}]`,
			func(t *testing.T, run delivery.Run) {
				equal(t, "jobs", run.Jobs, []delivery.Job{{
					Name: "e2e", Status: delivery.RunSuccess, Attempt: 1, E2E: true,
					Duration: no, DurationE2E: no, Up: no, UpWithoutPull: no, Pull: no,
				}})
			},
		},
		{"jobs", list(`{"name": "e2e", "duration": 1}`, 2000), func(t *testing.T, run delivery.Run) {
			equal(t, "jobs", len(run.Jobs), 2000)
		}},
	} {
		t.Run(c.field+" "+c.value[:min(40, len(c.value))], func(t *testing.T) {
			run, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{c.field: c.value})))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status", run.Status, delivery.RunUnknown)
			c.want(t, run)
		})
	}
}

func TestSaveMetricsOneBuild(t *testing.T) {
	for _, c := range []struct {
		build, builds string
		want          int64
	}{{"64", "-", 64_000}, {`"64"`, "null", 64_000}, {"null", "-", no}} {
		run, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{"builds": c.builds, "build": c.build})))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "builds", run.Builds, []delivery.Build{{Name: "build-e2e", Duration: c.want}})
	}
}

// TestSaveMetricsAttempts has a job that passed the third time and one that never
// did.
func TestSaveMetricsAttempts(t *testing.T) {
	run, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{
		"jobs": `[{"name": "a", "duration": 3}, {"name": "c", "duration": 4}]`,
		"jobs_failed": `[{"name": "a", "duration": 2, "started_at": "2026-11-18T09:02:00Z"},
			{"name": "b", "duration": 9, "started_at": "2026-11-18T09:01:30Z"},
			{"name": "a", "duration": 1, "started_at": "2026-11-18T09:01:00Z"}]`,
	})))
	if err != nil {
		t.Fatal(err)
	}
	type told struct {
		name     string
		attempt  int
		status   delivery.RunStatus
		duration int64
	}
	var got []told
	for _, job := range run.Jobs {
		got = append(got, told{job.Name, job.Attempt, job.Status, job.Duration})
	}
	equal(t, "jobs", got, []told{
		{"a", 3, delivery.RunSuccess, 3000},
		{"c", 1, delivery.RunSuccess, 4000},
		{"a", 1, delivery.RunFailed, 1000},
		{"b", 1, delivery.RunFailed, 9000},
		{"a", 2, delivery.RunFailed, 2000},
	})
	equal(t, "status", run.Status, delivery.RunUnknown)
}

func TestSaveMetricsRefuses(t *testing.T) {
	long := strconv.Quote(strings.Repeat("n", 401))
	for _, c := range []struct{ field, value, path string }{
		{"pipeline_id", `null`, "$.pipeline_id"},
		{"pipeline_id", `-1`, "$.pipeline_id"},
		{"pipeline_id", `3.5`, "$.pipeline_id"},
		{"pipeline_id", `35e0`, "$.pipeline_id"},
		{"pipeline_id", `18446744073709551616`, "$.pipeline_id"},
		{"pipeline_id", `"0x23"`, "$.pipeline_id"},
		{"pipeline_id", `""`, "$.pipeline_id"},
		{"pipeline_id", `true`, "$.pipeline_id"},
		{"project", `null`, "$.project"},
		{"project", `5`, "$.project"},
		{"project", `" "`, "$.project"},
		{"project", `"a\u0000"`, "$.project"},
		{"project", long, "$.project"},
		{"ref", `5`, "$.ref"},
		{"ref", long, "$.ref"},
		{"created_at", `null`, "$.created_at"},
		{"created_at", `1763456400`, "$.created_at"},
		{"created_at", `""`, "$.created_at"},
		{"created_at", `"2026-11-18T09:00:00"`, "$.created_at"},
		{"created_at", `"2026-11-18T9:00:00Z"`, "$.created_at"},
		{"created_at", `"2026-11-18T09:00:00,5Z"`, "$.created_at"},
		{"created_at", `"2026-11-18T09:00:00.Z"`, "$.created_at"},
		{"created_at", `"2026-11-18T09:00:00.1234567890Z"`, "$.created_at"},
		{"created_at", `"2026-02-30T09:00:00Z"`, "$.created_at"},
		{"created_at", `"2026-11-18T09:00:00+99:00"`, "$.created_at"},
		{"created_at", `"1970-01-01T00:00:00Z"`, "$.created_at"},
		{"created_at", `"1969-12-31T23:59:59Z"`, "$.created_at"},
		{"created_at", `"0001-01-01T00:00:00Z"`, "$.created_at"},
		{"created_at", `"2201-01-01T00:00:00Z"`, "$.created_at"},
		{"started_at", `"yesterday"`, "$.started_at"},
		{"finished_at", `"2026-11-18T08:59:59Z"`, "$.finished_at"},
		{"duration", `-1`, "$.duration"},
		{"duration", `"-1"`, "$.duration"},
		{"duration", `10000000000.1`, "$.duration"},
		{"duration", `1e400`, "$.duration"},
		{"duration", `1e999999999`, "$.duration"},
		{"duration", `"1e2"`, "$.duration"},
		{"duration", `"NaN"`, "$.duration"},
		{"duration", `"inf"`, "$.duration"},
		{"duration", `" 5"`, "$.duration"},
		{"duration", `""`, "$.duration"},
		{"duration", `[]`, "$.duration"},
		{"duration", `NaN`, "$"},
		{"duration", `-Infinity`, "$"},
		{"duration_e2e", `true`, "$.duration_e2e"},
		{"has_restarts", `null`, "$.has_restarts"},
		{"has_restarts", `"true"`, "$.has_restarts"},
		{"has_restarts", `1`, "$.has_restarts"},
		{"sha", `"not hex"`, "$.sha"},
		{"sha", `"abcdef"`, "$.sha"},
		{"jobs", `null`, "$.jobs"},
		{"jobs", `{}`, "$.jobs"},
		{"jobs", `[1, {"name": "a"}, {"duration": 5}, {"name": "", "duration": -2}]`, "$.jobs[0]\n$.jobs[1].duration\n$.jobs[2].name\n$.jobs[3].duration\n$.jobs[3].name"},
		{"jobs", `[{"name": "a", "duration": 1, "up": "x", "e2e": -1, "pull": [], "up_without_pull": false}]`, "$.jobs[0].e2e\n$.jobs[0].pull\n$.jobs[0].up\n$.jobs[0].up_without_pull"},
		{"jobs", `[{"name": "a", "duration": 1, "started_at": "2026-11-18T09:00:01Z", "finished_at": "2026-11-18T09:00:00Z"}]`, "$.jobs[0].finished_at"},
		{"jobs", `[{"name": "a", "name": "b", "duration": 1}]`, "$.jobs[0].name"},
		{"jobs", list(`{}`, 2001), "$.jobs"},
		{"jobs_failed", `null`, "$.jobs_failed"},
		{"jobs_failed", `[{"name": ` + long + `, "duration": 1}]`, "$.jobs_failed[0].name"},
		{"builds", `{"a": 1}`, "$.builds"},
		{"builds", `[5]`, "$.builds[0]"},
		{"builds", `[{"build-e2e": "x"}, {"": 1}]`, "$.builds[0][\"build-e2e\"]\n$.builds[1][\"\"]"},
		{"builds", `[{"a": 1, "a": 1}]`, "$.builds[0].a"},
		{"builds", list(`{"a": 1, "b": 2}`, 1001), "$.builds"},
		{"builds", list(`{}`, 2001), "$.builds"},
		{"builds", `-`, "$.builds"},
		{"builds", `null`, "$.builds"},
	} {
		t.Run(c.field+" "+c.value[:min(60, len(c.value))], func(t *testing.T) {
			run, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{c.field: c.value})))
			equal(t, "paths", paths(t, err), c.path)
			equal(t, "run", run, delivery.Run{})
		})
	}
}

func TestSaveMetricsRequires(t *testing.T) {
	_, err := ci.ParseSaveMetrics([]byte(`{}`))
	want := "$.builds: is required, or build\n$.created_at: is required\n$.duration: is required\n" +
		"$.duration_e2e: is required\n$.has_restarts: is required\n$.jobs: is required\n$.jobs_failed: is required\n" +
		"$.pipeline_id: is required\n$.project: is required\n$.ref: is required"
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestSaveMetricsTooManyJobsTogether(t *testing.T) {
	half := list(`{"name": "e2e", "duration": 1}`, 1001)
	_, err := ci.ParseSaveMetrics([]byte(body(t, saved, map[string]string{"jobs": half, "jobs_failed": half})))
	equal(t, "paths", paths(t, err), "$.jobs_failed")
}
