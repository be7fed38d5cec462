package delivery

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
)

// pulled is a whole run with these jobs.
func pulled(attempt int, status RunStatus, updatedAt Instant, jobs ...Job) Run {
	r := toldRun(attempt, status, updatedAt)
	r.Part, r.Jobs = false, jobs
	r.Clock()
	return r
}

func aJob(id string, status RunStatus, from, to Instant) Job {
	return Job{ID: id, Name: "job " + id, Status: status, CreatedAt: 1000, StartedAt: from, FinishedAt: to, Duration: NotSaid}
}

// shape is what a test looks at of a run.
func shape(r Run) string {
	s := fmt.Sprintf("%d %s at %d, %d–%d", r.Attempt, r.Status, r.UpdatedAt, r.StartedAt, r.FinishedAt)
	for _, j := range r.Jobs {
		s += fmt.Sprintf(" | %s %s", j.ID, j.Status)
	}
	return s
}

func TestMergeRunParts(t *testing.T) {
	job := func(id string, status RunStatus, from, to Instant) Run { return toldJob(1, aJob(id, status, from, to)) }
	for name, c := range map[string]struct {
		parts []Run
		want  string
	}{
		"an update":                     {[]Run{toldRun(1, RunWaiting, 10)}, "1 waiting at 10, 0–0"},
		"an update of the same instant": {[]Run{toldRun(1, RunRunning, 10), toldRun(1, RunWaiting, 10)}, "1 running at 10, 0–0"},
		"an earlier end":                {[]Run{toldRun(1, RunRunning, 10), toldRun(1, RunFailed, 9)}, "1 failed at 9, 0–0"},
		"a later start":                 {[]Run{toldRun(1, RunFailed, 9), toldRun(1, RunRunning, 10)}, "1 failed at 9, 0–0"},
		"another end":                   {[]Run{toldRun(1, RunFailed, 9), toldRun(1, RunSuccess, 9)}, "1 success at 9, 0–0"},
		"jobs that wait":                {[]Run{job("1", RunWaiting, 5, 0), job("2", RunWaiting, 0, 0)}, "1 waiting at 0, 0–0 | 1 waiting | 2 waiting"},
		"a job that runs":               {[]Run{job("1", RunWaiting, 0, 0), job("2", RunRunning, 5, 0)}, "1 running at 0, 5–0 | 2 running | 1 waiting"},
		"a job that has ended":          {[]Run{job("1", RunFailed, 5, 6), job("2", RunWaiting, 0, 0)}, "1 running at 0, 5–0 | 1 failed | 2 waiting"},
		"jobs that failed":              {[]Run{job("1", RunFailed, 5, 6), job("2", RunCancelled, 5, 7)}, "1 failed at 0, 5–7 | 1 failed | 2 cancelled"},
		"jobs that were cancelled":      {[]Run{job("1", RunSuccess, 5, 6), job("2", RunCancelled, 5, 7)}, "1 cancelled at 0, 5–7 | 1 success | 2 cancelled"},
		"jobs that succeeded":           {[]Run{job("1", RunSkipped, 5, 6), job("2", RunSuccess, 6, 7)}, "1 success at 0, 6–7 | 1 skipped | 2 success"},
		"jobs that were skipped":        {[]Run{job("1", RunSkipped, 5, 6)}, "1 skipped at 0, 0–0 | 1 skipped"},
		"a job that ends unknown":       {[]Run{job("1", RunUnknown, 5, 6)}, "1 unknown at 0, 5–6 | 1 unknown"},
		"an update of a run of jobs":    {[]Run{job("1", RunSuccess, 5, 6), toldRun(1, RunRunning, 10)}, "1 running at 10, 5–0 | 1 success"},
		"a job of two ends":             {[]Run{job("1", RunFailed, 5, 7), job("1", RunSuccess, 5, 6)}, "1 failed at 0, 5–7 | 1 failed"},
		"a job that ended at once":      {[]Run{job("1", RunFailed, 5, 7), job("1", RunSuccess, 5, 7)}, "1 success at 0, 5–7 | 1 success"},
		"jobs without an ID": {
			[]Run{
				toldJob(1, Job{Name: "b", Status: RunRunning, StartedAt: 5}), toldJob(1, Job{Name: "a", Status: RunWaiting}),
				toldJob(1, Job{Name: "b", Status: RunSuccess, StartedAt: 5, FinishedAt: 8}),
			},
			"1 running at 0, 5–0 |  success |  waiting",
		},
		"another attempt": {[]Run{job("1", RunSuccess, 5, 6), toldRun(2, RunWaiting, 3)}, "2 waiting at 3, 5–0"},
		"a job of another attempt": {
			[]Run{toldRun(1, RunFailed, 9), job("1", RunFailed, 5, 6), toldJob(2, aJob("2", RunRunning, 20, 0))},
			"2 running at 0, 5–0 | 2 running",
		},
	} {
		if got := shape(told(c.parts...)); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestMergeRunFields(t *testing.T) {
	bare := Run{Part: true, Project: "acme/shop", ID: "7", Status: RunRunning, UpdatedAt: 3000, Attempt: 1}
	got := told(toldJob(1, aJob("1", RunRunning, 1500, 0)), bare)
	if got.Branch != "main" || got.SHA != "abc" || got.Workflow != "ci" || got.CreatedAt != 1000 || got.UpdatedAt != 3000 {
		t.Errorf("an update that says little: %+v", got)
	}
	full := toldRun(1, RunSuccess, 2000)
	full.DefaultBranch, full.Labels, full.Builds = "main", map[string]string{"a": "b"}, []Build{{"web", 5}}
	got = told(full, bare)
	if got.Title != "Add a cart" || got.DefaultBranch != "main" || got.Labels["a"] != "b" || len(got.Builds) != 1 || got.AttemptAt != 1000 {
		t.Errorf("an earlier update: %+v", got)
	}
	again := bare
	again.Attempt = 2
	got = told(full, again)
	if got.Title != "Add a cart" || got.Number != 12 || got.Actor != "ada" || got.CreatedAt != 1000 || got.Labels["a"] != "b" {
		t.Errorf("another attempt says no less: %+v", got)
	}
	if got.AttemptAt != 0 || len(got.Builds) != 0 || got.Status != RunRunning {
		t.Errorf("of the attempt before: %+v", got)
	}
	if got := told(full, toldJob(1, aJob("1", RunRunning, 1500, 0))); got.CreatedAt != 1000 || got.Status != RunSuccess {
		t.Errorf("a job says when the run was created: %+v", got)
	}
	fork := toldRun(1, RunRunning, 2000)
	fork.Branch = "ada:main"
	jobs := []Run{toldJob(1, aJob("1", RunRunning, 1500, 0)), toldJob(2, aJob("2", RunRunning, 3500, 0)), toldJob(2, aJob("2", RunSuccess, 3500, 4500))}
	for n, parts := range [][]Run{{fork, jobs[0], jobs[1], jobs[2]}, {jobs[0], jobs[1], fork, jobs[2]}, {jobs[1], jobs[2], jobs[0], fork}} {
		if got := told(parts...); got.Branch != "ada:main" {
			t.Errorf("%d: the branch of a fork is %q", n, got.Branch)
		}
	}
}

func TestMergeRunWithoutClock(t *testing.T) {
	run := func(status RunStatus, change func(r *Run)) Run {
		r := Run{Project: "acme/shop", ID: "7", Status: status, Attempt: 1, CreatedAt: 1000, Duration: NotSaid, DurationE2E: NotSaid}
		if change != nil {
			change(&r)
		}
		return r
	}
	rich := run(RunFailed, func(r *Run) {
		r.SHA, r.Duration, r.DurationE2E, r.StartedAt, r.Jobs = "abc", 500, 50, 1100, []Job{{Name: "test"}}
	})
	bare := run(RunUnknown, func(r *Run) { r.Branch, r.Duration, r.Builds = "main", 600, []Build{{"web", 5}} })
	both := rich
	both.Branch, both.Duration, both.Builds = "main", 600, bare.Builds
	again := run(RunRunning, func(r *Run) { r.Attempt = 2 })
	for name, c := range map[string]struct{ stored, said, want Run }{
		"it goes on":                {run(RunRunning, nil), run(RunSuccess, nil), run(RunSuccess, nil)},
		"what it was, once more":    {rich, run(RunRunning, nil), rich},
		"another end":               {rich, run(RunSuccess, nil), run(RunSuccess, nil)},
		"what does not know an end": {rich, bare, both},
		"of two that do not":        {bare, run(RunUnknown, nil), run(RunUnknown, nil)},
		"another attempt":           {rich, again, again},
	} {
		if got := MergeRun(c.stored, c.said); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestMergeRunWhole(t *testing.T) {
	waits, runs, ends := aJob("1", RunWaiting, 0, 0), aJob("1", RunRunning, 1500, 0), aJob("1", RunSuccess, 1500, 2500)
	other := aJob("2", RunRunning, 1600, 0)
	for name, c := range map[string]struct {
		stored, said Run
		want         string
	}{
		"nothing stored":              {Run{}, pulled(1, RunRunning, 10, other, runs), "1 running at 10, 1500–0 | 2 running | 1 running"},
		"behind":                      {told(toldRun(1, RunRunning, 11)), pulled(1, RunFailed, 10, runs), "1 running at 11, 0–0"},
		"of an older attempt":         {told(toldRun(2, RunRunning, 11)), pulled(1, RunFailed, 99, ends), "2 running at 11, 0–0"},
		"a job told since":            {told(toldRun(1, RunRunning, 10), toldJob(1, ends)), pulled(1, RunRunning, 10, runs), "1 running at 10, 1500–0 | 1 success"},
		"a new job told since":        {told(toldRun(1, RunRunning, 10), toldJob(1, other)), pulled(1, RunRunning, 10, runs), "1 running at 10, 1500–0 | 1 running | 2 running"},
		"the end told since":          {told(toldRun(1, RunFailed, 10), toldJob(1, ends)), pulled(1, RunRunning, 10, runs), "1 failed at 10, 1500–2500 | 1 success"},
		"only jobs told":              {told(toldJob(1, ends), toldJob(1, other)), pulled(1, RunRunning, 10, waits), "1 running at 10, 1500–0 | 1 success | 2 running"},
		"all jobs told have ended":    {told(toldJob(1, ends)), pulled(1, RunRunning, 10, ends, other), "1 running at 10, 1500–0 | 1 success | 2 running"},
		"jobs that got lost":          {told(toldRun(1, RunFailed, 10), toldJob(1, runs)), pulled(1, RunFailed, 10, other, ends), "1 failed at 10, 1500–2500 | 2 running | 1 success"},
		"later, a job told since":     {told(toldRun(1, RunRunning, 10), toldJob(1, ends), toldJob(1, other)), pulled(1, RunRunning, 11, waits), "1 running at 11, 1500–0 | 1 success"},
		"later, ended, another end":   {told(toldRun(1, RunRunning, 10), toldJob(1, ends)), pulled(1, RunFailed, 11, aJob("1", RunFailed, 1500, 2400)), "1 failed at 11, 1500–2400 | 1 failed"},
		"later, runs again":           {told(toldRun(1, RunFailed, 10)), pulled(1, RunRunning, 11, runs), "1 running at 11, 1500–0 | 1 running"},
		"without a clock":             {pulled(1, RunFailed, 0, ends), pulled(1, RunRunning, 0, waits), "1 failed at 0, 1500–2500 | 1 success"},
		"another attempt":             {told(toldRun(1, RunFailed, 10), toldJob(1, ends)), pulled(2, RunRunning, 30_000, aJob("3", RunRunning, 20_500, 0)), "2 running at 30000, 1500–0 | 3 running"},
		"jobs without an ID are said": {pulled(1, RunRunning, 10, Job{Name: "a", Status: RunSuccess}), pulled(1, RunRunning, 10, Job{Name: "a", Status: RunRunning}), "1 running at 10, 0–0 |  running"},
	} {
		t.Run(name, func(t *testing.T) {
			got := MergeRun(c.stored, c.said)
			if s := shape(got); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
			if again := MergeRun(got, c.said); !reflect.DeepEqual(again, got) {
				t.Errorf("once more: %+v, want %+v", again, got)
			}
		})
	}
}

// TestMergeRunPullAnywhere: a pull of what was so at some time, stored at any later
// one, leaves what the parts alone come to.
func TestMergeRunPullAnywhere(t *testing.T) {
	parts := recorded()
	want := told(parts...)
	for read := 1; read <= len(parts); read++ {
		whole := told(parts[:read]...)
		if !whole.UpdatedAt.Known() {
			continue // no pull has a run without
		}
		for stored := 0; stored <= len(parts); stored++ {
			got := told(slices.Insert(slices.Clone(parts), stored, whole)...)
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("read after %d, stored after %d of %d:\ngot  %+v\nwant %+v", read, stored, len(parts), got, want)
			}
		}
	}
}
