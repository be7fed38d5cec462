package github

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// received is the run of a hook.
func received(t *testing.T, r source.Receiver, event string, body []byte) delivery.Run {
	t.Helper()
	p, err := r.Receive(source.Hook{Event: event, Body: body})
	if err != nil || len(p.Items) != 1 || p.Listed {
		t.Fatalf("%+v, %v", p, err)
	}
	b := delivery.Batch{Connection: "gh"}
	p.Items[0].Add(&b)
	if len(b.Runs) != 1 || p.Items[0].ID != b.Runs[0].ID {
		t.Fatalf("%+v", b.Runs)
	}
	return b.Runs[0]
}

func at(t *testing.T, text string) delivery.Instant {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return delivery.InstantOf(moment)
}

func TestReceiveRun(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	got := received(t, r, "workflow_run", recorded(t, "workflow_run.completed.json"))
	want := delivery.Run{
		Connection: "gh", Project: "octo-org/octo-repo", ID: "289782451", Workflow: "test", Number: 163, Status: delivery.RunSuccess,
		Event: "repository_dispatch", Actor: "Codertocat", Branch: "master", SHA: "3484a3fb816e0859fd6e1cea078d76385ff50625", URL: "https://github.com/octo-org/octo-repo/actions/runs/289782451", Title: "ci(action): update actions/setup-node digest to 8c91899",
		DefaultBranch: "master", CreatedAt: at(t, "2020-10-05T16:33:24Z"), FinishedAt: at(t, "2020-10-05T16:33:49Z"), UpdatedAt: at(t, "2020-10-05T16:33:49Z"),
		Attempt: 1, Duration: -1, DurationE2E: -1, Part: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := received(t, r, "workflow_run", recorded(t, "workflow_run.requested.json")); got.Status != delivery.RunWaiting {
		t.Errorf("requested: %s", got.Status)
	}
}

func TestReceiveJob(t *testing.T) {
	r := receiver(t, source.Settings{"e2e_jobs": []byte(`"lint*"`), "default_branches": []byte(`"main"`)}, hookSecret)
	got := received(t, r, "workflow_job", recorded(t, "workflow_job.completed.success.with-organization.json"))
	created := at(t, "2021-08-05T10:33:58Z")
	want := delivery.Run{
		Connection: "gh", Project: "Codertocat/Hello-World", ID: "2202229078", Workflow: "CodeQL", Branch: "main",
		SHA: "3484a3fb816e0859fd6e1cea078d76385ff50625", CreatedAt: created, Attempt: 1, Duration: -1, DurationE2E: -1, Part: true,
		Jobs: []delivery.Job{{
			ID: "289782451", Name: "linters", Status: delivery.RunSuccess, Attempt: 1, Runner: "GitHub Actions 5", E2E: true,
			URL: "https://github.com/octo-org/octo-repo/runs/1291536064", CreatedAt: created,
			StartedAt: at(t, "2021-08-05T10:34:58Z"), FinishedAt: at(t, "2021-08-05T10:38:16Z"),
			Duration: 198_000, DurationE2E: -1, Up: -1, UpWithoutPull: -1, Pull: -1,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	queued := received(t, r, "workflow_job", recorded(t, "workflow_job.queued.json")).Jobs[0]
	if queued.Status != delivery.RunWaiting || queued.StartedAt != 0 || queued.Duration != -1 {
		t.Errorf("queued: %+v", queued)
	}
	running := received(t, r, "workflow_job", recorded(t, "workflow_job.in_progress.json")).Jobs[0]
	if running.Status != delivery.RunRunning || running.StartedAt == 0 || running.FinishedAt != 0 {
		t.Errorf("in progress: %+v", running)
	}
}

func TestReceiveSaysAllThatIsWrong(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	for name, c := range map[string]struct{ event, body, want string }{
		"empty run": {"workflow_run", `{}`, "$.workflow_run: workflow_run is missing\n$.repository: repository is missing"},
		"empty job": {"workflow_job", `{"workflow_job":[],"repository":{}}`, "$.workflow_job: workflow_job is not an object\n$.repository.full_name: full_name is missing"},
		"types": {
			"workflow_run",
			`{"workflow_run":{"id":"x","name":[],"status":"queued","created_at":"1970-01-01T00:00:00Z","html_url":"javascript:alert(1)","head_branch":"` + strings.Repeat("b", 1001) + `"},"repository":{"full_name":"a/../b"}}`,
			"$.repository.full_name: full_name is not a repository like acme/pay\n$.workflow_run.created_at: created_at is not a time like 2026-01-31T12:00:00Z\n" +
				"$.workflow_run.head_branch: head_branch is too long: 1001 bytes, and at most 1000 are kept\n" +
				"$.workflow_run.html_url: html_url is not an address that begins with http:// or https://\n" +
				"$.workflow_run.id: id is no count\n$.workflow_run.name: name is not a text",
		},
		"job ends before": {
			"workflow_job",
			`{"workflow_job":{"id":1,"run_id":2,"name":"a","status":"completed","conclusion":"success","created_at":"2026-01-01T00:00:00Z","started_at":"2026-01-01T00:00:02Z","completed_at":"2026-01-01T00:00:01Z"},"repository":{"full_name":"a/b"}}`,
			"$.workflow_job.completed_at: completed_at is a time before that of what came first",
		},
		"no JSON": {"workflow_run", `{`, "$: is not a JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.Receive(source.Hook{Event: c.event, Body: []byte(c.body)})
			var bad *source.BodyError
			if !errors.As(err, &bad) || !sameLines(err.Error(), c.want) {
				t.Errorf("got\n%v", err)
			}
		})
	}
}

func TestReceiveMakesNothingOfOthers(t *testing.T) {
	r := receiver(t, source.Settings{"exclude": []byte(`"octo-repo"`)}, hookSecret)
	for event, file := range map[string]string{"ping": "ping.json", "workflow_run": "workflow_run.completed.json"} {
		if p, err := r.Receive(source.Hook{Event: event, Body: recorded(t, file)}); err != nil || len(p.Items) != 0 {
			t.Errorf("%s: %+v, %v", event, p, err)
		}
	}
}

// sameLines compares what the errors say, in any order.
func sameLines(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.Lines(a+"\n")), slices.Sorted(strings.Lines(b+"\n")))
}

// FuzzReceive never fails but with a path, and makes only runs that can be stored.
func FuzzReceive(f *testing.F) {
	for _, name := range []string{"workflow_run.completed.json", "workflow_job.queued.json", "ping.json"} {
		f.Add(recorded(f, name))
	}
	f.Add([]byte(`{"workflow_run":null,"repository":7}`))
	r := receiver(f, source.Settings{"e2e_jobs": []byte(`"*e2e*"`)}, hookSecret)
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, event := range []string{eventRun, eventJob, "push"} {
			if _, err := r.Hook(header(event, "application/json", ""), body); err != nil {
				continue
			}
			p, err := r.Receive(source.Hook{Event: event, Body: body})
			var bad *source.BodyError
			if err != nil && (!errors.As(err, &bad) || !strings.HasPrefix(bad.Path, "$")) {
				t.Fatalf("%s: %v", event, err)
			}
			for _, item := range p.Items {
				b := delivery.Batch{Connection: "gh"}
				item.Add(&b)
				if err := b.Runs[0].Validate(); err != nil || b.Runs[0].Attempt < 1 || !b.Runs[0].CreatedAt.Known() || !b.Runs[0].Part {
					t.Fatalf("%s: %+v, %v", event, b.Runs[0], err)
				}
			}
		}
	})
}

func TestStatuses(t *testing.T) {
	for said, want := range map[[2]string]delivery.RunStatus{
		{"queued", ""}: delivery.RunWaiting, {"waiting", ""}: delivery.RunWaiting, {"pending", ""}: delivery.RunWaiting,
		{"requested", ""}: delivery.RunWaiting, {"in_progress", ""}: delivery.RunRunning,
		{"completed", "success"}: delivery.RunSuccess, {"completed", "failure"}: delivery.RunFailed,
		{"completed", "timed_out"}: delivery.RunFailed, {"completed", "startup_failure"}: delivery.RunFailed,
		{"completed", "action_required"}: delivery.RunWaiting, {"completed", "cancelled"}: delivery.RunCancelled,
		{"completed", "skipped"}: delivery.RunSkipped, {"completed", "neutral"}: delivery.RunSkipped,
		{"completed", "stale"}: delivery.RunSkipped, {"completed", "new"}: delivery.RunUnknown,
		{"completed", ""}: delivery.RunUnknown, {"new", ""}: delivery.RunUnknown,
	} {
		if got := statusOf(said[0], said[1]); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}

func TestForksHaveBranchesOfTheirOwn(t *testing.T) {
	r := receiver(t, nil, hookSecret)
	body := `{"workflow_run":{"id":1,"status":"queued","created_at":"2026-01-01T00:00:00Z","head_branch":"main",
		"repository":{"id":1},"head_repository":{"id":2,"owner":{"login":"ann"}}},"repository":{"full_name":"a/b","default_branch":"main"}}`
	if got := received(t, r, "workflow_run", []byte(body)); got.Branch != "ann:main" {
		t.Errorf("branch %q", got.Branch)
	}
}
