package simulator_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// said is all that the API says of a repository's runs.
func said(t *testing.T, g *simulator.GitHub) string {
	t.Helper()
	var out strings.Builder
	for path := shopRuns + "?per_page=100"; path != ""; {
		a := fetch(t, g, path)
		out.WriteString(a.body)
		path = a.link("next")
	}
	for i, run := range g.Runs() {
		if i%40 == 0 {
			out.WriteString(fetch(t, g, fmt.Sprintf("/repos/example-org/%s/actions/runs/%d/jobs?filter=all", run.Repository, run.ID)).body)
		}
	}
	return out.String()
}

// The same seed gives the same bytes, in whatever steps time passes.
func TestGitHubSameSeedSameBytes(t *testing.T) {
	later := now.Add(75 * time.Hour)
	one, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	one.Advance(later)
	whole := said(t, g)
	two, h := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	for range h.Deliveries(later, later.Add(96*time.Hour), "") {
		break // looking ahead changes nothing
	}
	for at := now; !at.After(later); at = at.Add(97 * time.Minute) {
		two.Advance(at)
		fetch(t, h, shopRuns)
	}
	two.Advance(later)
	if said(t, h) != whole {
		t.Error("steps change what happens")
	}
	other := simulator.New(8, now, simulator.Options{Issues: -1})
	other.Advance(later)
	if said(t, other.GitHub(simulator.GitHubOptions{})) == whole {
		t.Error("two seeds make the same runs")
	}
}

// New runs come, and what was under way ends.
func TestGitHubLivesOn(t *testing.T) {
	c, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	before := g.Runs()
	open := map[int64]bool{}
	for _, r := range before {
		if r.Status != "completed" {
			open[r.ID] = true
		}
	}
	if len(open) < 3 || len(open) > 20 {
		t.Errorf("%d runs are under way", len(open))
	}
	c.Advance(now.Add(24 * time.Hour * 5))
	after := g.Runs()
	if n := len(after) - len(before); n < 40 || n > 250 {
		t.Errorf("%d new runs in five days", n)
	}
	ended := 0
	for _, r := range after {
		if open[r.ID] && r.Status == "completed" {
			ended++
		}
	}
	if ended < len(open)-2 {
		t.Errorf("%d of %d have ended", ended, len(open))
	}
}

func TestGitHubDeliveries(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{URL: "https://ghe.example.com/"})
	from, to := now.Add(-30*time.Hour), now.Add(2*time.Hour)
	ids, counts := map[string]bool{}, map[string]int{}
	runs := map[int64]ghRun{}
	jobs := map[int64]ghJob{}
	last := from
	for d := range g.Deliveries(from, to, "hush") {
		if d.At.Before(last) || !d.At.Before(to) {
			t.Fatalf("%s %s at %s comes after %s", d.Event, d.Action, d.At, last)
		}
		last = d.At
		if ids[d.ID] || d.ID != d.Header.Get("X-GitHub-Delivery") || d.Event != d.Header.Get("X-GitHub-Event") || len(d.ID) != 36 {
			t.Fatalf("delivery %q: %v", d.ID, d.Header)
		}
		ids[d.ID] = true
		mac := hmac.New(sha256.New, []byte("hush"))
		mac.Write(d.Body)
		if d.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
			t.Fatalf("signature %v", d.Header)
		}
		var body struct {
			Action               string
			WorkflowRun          *ghRun
			WorkflowJob          *ghJob
			Workflow             struct{ ID int64 }
			Repository           ghRepo
			Organization, Sender ghAccount
		}
		decode(t, string(d.Body), &body)
		if body.Action != d.Action || body.Organization.Login != "example-org" || body.Sender.Login == "" || body.Repository.DefaultBranch == "" {
			t.Fatalf("body %.300s", d.Body)
		}
		counts[d.Event+" "+d.Action]++
		if j := body.WorkflowJob; j != nil {
			if j.Status != d.Action || !strings.HasPrefix(j.HTMLURL, "https://ghe.example.com/example-org/") {
				t.Fatalf("%s of job %+v", d.Action, j)
			}
			jobs[j.ID] = *j
			continue
		}
		r := body.WorkflowRun
		if want := map[string]string{"requested": "queued", "in_progress": "in_progress", "completed": "completed"}[d.Action]; r.Status != want || body.Workflow.ID != r.WorkflowID {
			t.Fatalf("%s of run %+v", d.Action, r)
		}
		if !r.UpdatedAt.Equal(d.At) {
			t.Errorf("%s at %s is of %s", d.Action, d.At, r.UpdatedAt)
		}
		runs[r.ID] = *r
	}
	for _, what := range []string{"workflow_run requested", "workflow_run in_progress", "workflow_run completed", "workflow_job queued", "workflow_job in_progress", "workflow_job completed"} {
		if counts[what] < 10 {
			t.Errorf("%d of %s: %v", counts[what], what, counts)
		}
	}
	agree(t, g, runs, jobs, from)
}

// agree compares what hooks said with what the API says, of runs that began
// and ended within.
func agree(t *testing.T, g *simulator.GitHub, runs map[int64]ghRun, jobs map[int64]ghJob, from time.Time) {
	t.Helper()
	compared := 0
	for _, truth := range g.Runs() {
		if truth.CreatedAt.Time().Before(from) || truth.Status != "completed" {
			continue
		}
		said, ok := runs[truth.ID]
		if !ok || said.Status == "completed" && *said.Conclusion != truth.Conclusion && said.RunAttempt == truth.Attempt {
			t.Errorf("hooks said %+v of %+v", said, truth)
		}
		var all ghJobs
		fetchInto(t, g, fmt.Sprintf("/repos/example-org/%s/actions/runs/%d/jobs?per_page=100", truth.Repository, truth.ID), &all)
		for i, j := range all.Jobs {
			if h := jobs[j.ID]; !truth.Jobs[i].Carried && (h.Status != "completed" || *h.Conclusion != *j.Conclusion || *h.CompletedAt != *j.CompletedAt) {
				t.Errorf("hooks said %+v of %+v", h, j)
			}
			compared++
		}
	}
	if compared < 30 {
		t.Errorf("%d jobs compared", compared)
	}
}

// Time passes while it is asked and hooks are made.
func TestGitHubAtOnce(t *testing.T) {
	c, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	var wait sync.WaitGroup
	for k := range 4 {
		wait.Go(func() {
			for i := range 6 {
				at := now.Add(time.Duration(i*4+k) * time.Hour)
				c.Advance(at)
				if a := fetch(t, g, shopRuns+"?per_page=5"); a.status != http.StatusOK {
					t.Errorf("status %d: %s", a.status, a.body)
				}
				for d := range g.Deliveries(at.Add(-time.Hour), at, "hush") {
					if len(d.Body) == 0 {
						t.Error("a hook without a body")
					}
				}
			}
		})
	}
	wait.Wait()
}
