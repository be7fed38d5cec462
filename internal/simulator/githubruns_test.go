package simulator_test

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
)

const shopRuns = "/repos/example-org/web-shop/actions/runs"

// runsOf are the runs of a repository, by the truth.
func runsOf(g *simulator.GitHub, repo string) []simulator.RunTruth {
	var out []simulator.RunTruth
	for _, r := range g.Runs() {
		if r.Repository == repo {
			out = append(out, r)
		}
	}
	return out
}

func TestGitHubRunsAreTrue(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	truth := runsOf(g, "web-shop")
	var first ghRuns
	fetchInto(t, g, shopRuns+"?per_page=100", &first)
	if first.TotalCount != len(truth) || len(first.WorkflowRuns) != 100 {
		t.Fatalf("%d of %d runs, want %d", len(first.WorkflowRuns), first.TotalCount, len(truth))
	}
	for i, run := range first.WorkflowRuns {
		want := truth[len(truth)-1-i]
		if run.ID != want.ID || run.Name != want.Workflow || run.RunNumber != want.Number || run.Status != want.Status || run.RunAttempt != want.Attempt {
			t.Fatalf("run %d is %+v, want %+v", i, run, want)
		}
		if !run.CreatedAt.Equal(want.CreatedAt.Time()) || !run.RunStartedAt.Equal(want.AttemptAt.Time()) || run.UpdatedAt.Before(run.RunStartedAt) {
			t.Errorf("times of %+v", run)
		}
		if (run.Conclusion == nil) != (want.Conclusion == "") || run.Conclusion != nil && *run.Conclusion != want.Conclusion {
			t.Errorf("conclusion of %+v, want %q", run, want.Conclusion)
		}
		if run.Event == "pull_request" != (len(run.PullRequests) == 1) || len(run.HeadSHA) != 40 || run.Actor.Login == "" || run.Repository.FullName != "example-org/web-shop" {
			t.Errorf("run %+v", run)
		}
		if !strings.HasSuffix(run.HTMLURL, "/example-org/web-shop/actions/runs/"+strconv.FormatInt(run.ID, 10)) || run.Path == "" || run.DisplayTitle == "" {
			t.Errorf("run %+v", run)
		}
		var alone ghRun
		if i%20 == 0 {
			fetchInto(t, g, shopRuns+"/"+strconv.FormatInt(run.ID, 10), &alone)
			if alone.ID != run.ID || alone.UpdatedAt != run.UpdatedAt {
				t.Errorf("alone it is %+v", alone)
			}
		}
	}
}

func TestGitHubFilters(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	truth := runsOf(g, "web-shop")
	at := func(s string) delivery.Instant {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return delivery.InstantOf(v)
	}
	type runTruth = simulator.RunTruth
	edge := truth[len(truth)/2].CreatedAt
	for _, tc := range []struct {
		query string
		want  func(runTruth) bool
	}{
		{"created=2026-10-01..2026-10-31", func(r runTruth) bool {
			return r.CreatedAt >= at("2026-10-01T00:00:00Z") && r.CreatedAt < at("2026-11-01T00:00:00Z")
		}},
		{"created=>=2026-11-10", func(r runTruth) bool { return r.CreatedAt >= at("2026-11-10T00:00:00Z") }},
		{"created=>2026-11-10", func(r runTruth) bool { return r.CreatedAt >= at("2026-11-11T00:00:00Z") }},
		{"created=<=2026-08-10", func(r runTruth) bool { return r.CreatedAt < at("2026-08-11T00:00:00Z") }},
		{"created=<2026-08-10", func(r runTruth) bool { return r.CreatedAt < at("2026-08-10T00:00:00Z") }},
		{"created=2026-11-12", func(r runTruth) bool {
			return r.CreatedAt >= at("2026-11-12T00:00:00Z") && r.CreatedAt < at("2026-11-13T00:00:00Z")
		}},
		{"created=" + url.QueryEscape("2026-11-12T12:00:00+03:00..2026-11-12T15:00:00+03:00"), func(r runTruth) bool {
			return r.CreatedAt >= at("2026-11-12T09:00:00Z") && r.CreatedAt <= at("2026-11-12T12:00:00Z")
		}},
		{"created=*.." + stampText(edge), func(r runTruth) bool { return r.CreatedAt <= edge }},
		{"created=" + stampText(edge) + "..*", func(r runTruth) bool { return r.CreatedAt >= edge }},
		{"created=" + stampText(edge) + ".." + stampText(edge), func(r runTruth) bool { return r.CreatedAt == edge }},
		{"branch=main", func(r runTruth) bool { return r.Branch == "main" }},
		{"event=schedule", func(r runTruth) bool { return r.Event == "schedule" }},
		{"status=failure", func(r runTruth) bool { return r.Conclusion == "failure" }},
		{"status=in_progress", func(r runTruth) bool { return r.Status == "in_progress" }},
		{"status=completed&branch=main&event=push", func(r runTruth) bool { return r.Status == "completed" && r.Default && r.Event == "push" }},
		{"branch=" + url.QueryEscape(truth[40].Branch), func(r runTruth) bool { return r.Branch == truth[40].Branch }},
	} {
		want := 0
		for _, r := range truth {
			if tc.want(r) {
				want++
			}
		}
		var got ghRuns
		fetchInto(t, g, shopRuns+"?per_page=1&"+tc.query, &got)
		if got.TotalCount != want || want == 0 {
			t.Errorf("%s finds %d, want %d", tc.query, got.TotalCount, want)
		}
	}
}

func stampText(t delivery.Instant) string { return t.Time().UTC().Format("2006-01-02T15:04:05Z") }

// A search gives no more than 1,000 runs; all of them are there without one.
func TestGitHubPages(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	truth := runsOf(g, "web-shop")
	for _, tc := range []struct {
		query string
		want  int
	}{{"", len(truth)}, {"&created=%3E%3D2026-01-01", 1000}, {"&created=%3E%3D2026-10-20", -1}} {
		path, seen, pages, total := shopRuns+"?per_page=100"+tc.query, map[int64]bool{}, 0, 0
		for path != "" {
			var got ghRuns
			a := fetchInto(t, g, path, &got)
			for _, r := range got.WorkflowRuns {
				seen[r.ID] = true
			}
			path, total, pages = a.link("next"), got.TotalCount, pages+1
		}
		want := tc.want
		if want < 0 {
			want = total
		}
		if len(seen) != want || pages != (want+99)/100 || total < want {
			t.Errorf("%q: %d runs on %d pages of %d, want %d", tc.query, len(seen), pages, total, want)
		}
	}
	var beyond ghRuns
	a := fetchInto(t, g, shopRuns+"?per_page=100&page=11&created=%3E%3D2026-01-01", &beyond)
	if len(beyond.WorkflowRuns) != 0 || a.link("next") != "" || a.link("prev") == "" {
		t.Errorf("beyond the end: %d runs, Link %q", len(beyond.WorkflowRuns), a.header.Get("Link"))
	}
	var usual, most ghRuns
	fetchInto(t, g, shopRuns, &usual)
	fetchInto(t, g, shopRuns+"?per_page=500&page=0", &most)
	if len(usual.WorkflowRuns) != 30 || len(most.WorkflowRuns) != 100 || usual.WorkflowRuns[0].ID != most.WorkflowRuns[0].ID {
		t.Errorf("%d by default, %d at most", len(usual.WorkflowRuns), len(most.WorkflowRuns))
	}
}

func TestGitHubJobs(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	ids := map[int64]bool{}
	seen := map[string]int{}
	for i, run := range runsOf(g, "payments") {
		if i%5 != 0 && run.Attempt == 1 && run.Status == "completed" {
			continue
		}
		path := fmt.Sprintf("/repos/example-org/payments/actions/runs/%d/jobs", run.ID)
		var latest, all ghJobs
		fetchInto(t, g, path+"?per_page=100", &latest)
		fetchInto(t, g, path+"?per_page=100&filter=all", &all)
		if latest.TotalCount != len(run.Jobs) || len(latest.Jobs) != len(run.Jobs) || all.TotalCount < latest.TotalCount {
			t.Fatalf("%d and %d jobs of %+v", latest.TotalCount, all.TotalCount, run)
		}
		if run.Attempt > 1 && all.TotalCount <= latest.TotalCount {
			t.Errorf("no jobs of the attempts before: %+v", run)
		}
		for k, j := range latest.Jobs {
			want := run.Jobs[k]
			if j.Name != want.Name || j.RunAttempt != run.Attempt || j.RunID != run.ID || j.WorkflowName != run.Workflow || j.HeadBranch != run.Branch || len(j.Labels) == 0 {
				t.Fatalf("job %+v, want %+v", j, want)
			}
			if j.Conclusion != nil && (j.CompletedAt == nil || *j.CompletedAt != stampText(want.FinishedAt) || *j.Conclusion != want.Conclusion) {
				t.Errorf("end of %+v, want %+v", j, want)
			}
			if want.StartedAt.Known() != (j.RunnerName != "") || want.StartedAt.Known() != (len(j.Steps) > 0) {
				t.Errorf("runner and steps of %+v, want %+v", j, want)
			}
			if j.Conclusion != nil && *j.Conclusion == "failure" && (*j.Steps[2].Conclusion != "failure" || *j.Steps[0].Conclusion != "success") {
				t.Errorf("steps of %+v", j)
			}
			seen[want.Conclusion]++
		}
		for _, j := range all.Jobs {
			if ids[j.ID] {
				t.Errorf("job %d is there twice", j.ID)
			}
			ids[j.ID] = true
		}
	}
	for _, c := range []string{"success", "failure", "cancelled", "skipped"} {
		if seen[c] == 0 {
			t.Errorf("no job is %s: %v", c, seen)
		}
	}
	var page ghJobs
	run := runsOf(g, "web-shop")[0]
	a := fetchInto(t, g, shopRuns+fmt.Sprintf("/%d/jobs?per_page=2", run.ID), &page)
	if len(page.Jobs) != 2 || page.TotalCount <= 2 || a.link("next") == "" {
		t.Errorf("a page of jobs: %+v, Link %q", page, a.header.Get("Link"))
	}
}
