package github

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

// shop is a company with all sorts of deployments.
func shop() *fake {
	f := &fake{}
	d := history(12)
	d.direct("direct1", ago(50*time.Minute))
	d.deploy(9100, "direct1", "production", ago(40*time.Minute), "queued", "in_progress", "success")
	d.deploy(9101, "m0011", "production", ago(30*time.Minute), "success")                  // a rollback
	d.deploy(9102, "m0012", "staging", ago(29*time.Minute), "in_progress", "failure")      // failed
	d.deploy(9103, "gone", "eu-production", ago(28*time.Minute), "success")                // of a branch that was pushed over
	d.deploy(9104, "direct1", "eu-production", ago(20*time.Minute), "success", "inactive") // after that
	f.add(1, "acme/pay", run(1, time.Hour)).dora = d
	return f
}

func TestDoraConformance(t *testing.T) {
	for name, noGraph := range map[string]bool{"GraphQL": false, "REST": true} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Case{
				Kind: Kind(), Address: "base_url", Now: testNow,
				Settings: source.Settings{"repositories": json.RawMessage(`["acme/pay"]`), "deployment_rules": json.RawMessage(`["merge:main=staging"]`)},
				Secrets:  map[string]string{"token": "ghp_secret"},
				Serve: func() http.Handler {
					f := shop()
					f.noGraph = noGraph
					return f
				},
				Runs: 1, Problems: 1, // the commit that is gone
			})
		})
	}
}

func (r *rig) deployment(t *testing.T, id string) delivery.Deployment {
	t.Helper()
	for _, d := range r.memory.Facts().Deployments {
		if d.ID == id {
			return d
		}
	}
	t.Fatalf("deployment %s is not stored", id)
	return delivery.Deployment{}
}

func (r *rig) change(t *testing.T, id string) delivery.Change {
	t.Helper()
	for _, c := range r.memory.Facts().Changes {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("change %s is not stored", id)
	return delivery.Change{}
}

// TestRESTAnswersTheSame: both APIs come to the same facts.
func TestRESTAnswersTheSame(t *testing.T) {
	r, rest := newRig(shop(), "acme/pay"), newRig(shop(), "acme/pay")
	rest.fake.noGraph = true
	r.mustPull(t)
	rest.mustPull(t)
	if diff := cmp.Diff(r.memory.Facts(), rest.memory.Facts()); diff != "" {
		t.Errorf("by GraphQL (-), by REST (+):\n%s", diff)
	}
	if n := strings.Count(fmt.Sprint(r.fake.asked), "/compare/"); n != 1 { // of the commit that is gone
		t.Errorf("compared %d times by request: %q", n, r.fake.asked)
	}
}

func TestPullOfDeployments(t *testing.T) {
	r := newRig(shop(), "acme/pay")
	r.mustPull(t)
	at := func(d time.Duration) delivery.Instant { return delivery.InstantOf(ago(d)) }
	rangeOf := func(id string) string {
		d := r.deployment(t, id)
		if d.Range == nil {
			return "none"
		}
		out := d.Range.Base + ":"
		for _, c := range d.Range.Commits {
			out += " " + c.SHA
		}
		return fmt.Sprint(out, " ", d.Range.Behind, " ", d.Range.Cut)
	}
	for id, want := range map[string]string{
		"9000": "none", "9001": "m0001: m0002 false false", "9100": "m0012: direct1 false false", "9101": "direct1: true false",
		"9102": "none", "9103": "none", "9104": "gone: false true",
	} {
		if got := rangeOf(id); got != want {
			t.Errorf("range of %s: %s, want %s", id, got, want)
		}
	}
	d := r.deployment(t, "9100")
	if d.Status != delivery.DeploySuccess || d.FinishedAt != at(37*time.Minute) || d.StartedAt != at(38*time.Minute) || len(d.States) != 3 ||
		d.HeadStart != at(50*time.Minute) || d.Environment != "production" || d.Creator != "ann" || d.ToldAt != 0 {
		t.Errorf("%+v", d)
	}
	if d := r.deployment(t, "9011"); d.HeadStart != at(11*time.Hour) || !d.Production {
		t.Errorf("of a squashed pull request: %+v", d)
	}
	if d := r.deployment(t, "9103"); d.HeadStart != 0 {
		t.Errorf("of an unknown commit: %+v", d)
	}
	if d := r.deployment(t, "9104"); d.Status != delivery.DeploySuccess || len(d.States) != 2 {
		t.Errorf("replaced: %+v", d)
	}
	if len(r.problems) != 1 || r.problems[0].ID != "github.commit" || r.problems[0].Args[1] != "gone" {
		t.Errorf("problems %+v", r.problems)
	}
	c := r.change(t, "12")
	if c.Title != "Pay 12" || c.Author != "ann" || c.ReviewedAt != at(7*time.Hour) || c.ApprovedAt != at(7*time.Hour) ||
		c.MergedAt != at(6*time.Hour) || c.MergeSHA != "m0012" || len(c.Commits) != 2 || c.Commits[0].AuthoredAt != at(11*time.Hour) ||
		!slices.Equal(c.Paths, []string{"pay/main.go"}) || !slices.Equal(c.Labels, []string{"pay"}) || c.Base != "main" || c.Head != "work" {
		t.Errorf("%+v", c)
	}
	if c := r.change(t, "direct1"); c.Number != 0 || c.MergedAt != at(50*time.Minute) || c.Title != "Quick" || len(c.Commits) != 1 {
		t.Errorf("pushed without a pull request: %+v", c)
	}
	if n := len(r.memory.Facts().Changes); n != 13 {
		t.Errorf("%d changes", n)
	}
}

// TestBackfillTakesFewRequests: a thousand pull requests, each deployed.
func TestBackfillTakesFewRequests(t *testing.T) {
	f := &fake{}
	f.add(1, "acme/pay").dora = history(1000)
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	facts := r.memory.Facts()
	if len(facts.Changes) != 1000 || len(facts.Deployments) != 1000 {
		t.Errorf("%d changes, %d deployments", len(facts.Changes), len(facts.Deployments))
	}
	for i := range facts.Deployments {
		if d := &facts.Deployments[i]; !d.HeadStart.Known() || d.ID != "9000" && (d.Range == nil || len(d.Range.Commits) != 1) {
			t.Fatalf("not complete: %+v", d)
		}
	}
	if n := r.transport.Sent(); n > 60 {
		t.Errorf("%d requests", n)
	}
	r.later(time.Hour)
	r.mustPull(t)
	if f.answered[http.StatusOK] != 0 {
		t.Errorf("without news: %v to %q", f.answered, f.asked)
	}
}

func TestPullAsksFewerAtOnceWhenGitHubIsSlow(t *testing.T) {
	for name, slow := range map[string]any{
		"a timeout":      fields{"errors": []any{fields{"message": "Something went wrong while executing your query. This may be the result of a timeout"}}},
		"and no answers": fields{"data": nil, "errors": []any{fields{"message": "timeout"}}},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{}
			f.add(1, "acme/pay").dora = history(30)
			n := 0
			f.graph = func(operation string) any {
				if n++; operation == "ThroughlineChanges" && n <= 2 {
					return slow
				}
				return nil
			}
			r := newRig(f, "acme/pay")
			r.mustPull(t)
			if got := len(r.memory.Facts().Changes); got != 30 || len(r.problems) != 0 {
				t.Errorf("%d changes, problems %v", got, r.problems)
			}
			if posts := strings.Count(fmt.Sprint(f.asked), "POST /graphql"); posts < 5 { // two in vain, three of ten
				t.Errorf("%d queries", posts)
			}
		})
	}
}

// TestPartialErrors complete by REST what GraphQL did not say.
func TestPartialErrors(t *testing.T) {
	f := shop()
	d := f.repos["acme/pay"].dora
	f.graph = func(operation string) any {
		if operation != "ThroughlineChanges" {
			return nil
		}
		lacking := d.pulls[3].graph()
		lacking["reviews"] = nil
		return fields{
			"data":   fields{"repository": fields{"pullRequests": fields{"pageInfo": fields{"hasNextPage": false}, "nodes": []any{d.pulls[2].graph(), lacking}}}},
			"errors": []any{fields{"type": "FORBIDDEN", "message": "Resource not accessible", "path": []any{"repository", "pullRequests", "nodes", 1, "reviews"}}},
		}
	}
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if c := r.change(t, "4"); !c.ApprovedAt.Known() || len(c.Commits) != 2 {
		t.Errorf("%+v", c)
	}
	r.change(t, "3")
}

func TestManyCommitsOfAPullRequest(t *testing.T) {
	f := shop()
	p := f.repos["acme/pay"].dora.pulls[11]
	for i := range 130 {
		p.commits = append(p.commits, &fakeCommit{sha: fmt.Sprintf("many%d", i), message: "More", author: "ann", at: ago(time.Duration(300-i) * time.Hour), pull: p})
	}
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if c := r.change(t, "12"); len(c.Commits) != 132 {
		t.Errorf("%d commits", len(c.Commits))
	}
	if d := r.deployment(t, "9011"); d.HeadStart != delivery.InstantOf(ago(300*time.Hour)) {
		t.Errorf("began %d", d.HeadStart)
	}
}

// TestGraphQLIsExhausted: runs are read on, and the pull goes on later.
func TestGraphQLIsExhausted(t *testing.T) {
	f := shop()
	f.repos["acme/pay"].runs = runs(1, 5, hours, 20*24*hours)
	f.graph = func(string) any {
		return fields{"errors": []any{fields{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}}}
	}
	r := newRig(f, "acme/pay")
	err := r.pull(t, -1)
	if _, ok := limitOf(err); !ok {
		t.Errorf("the pull ended with %v", err)
	}
	if r.count() != 5 || len(r.memory.Facts().Changes) != 0 {
		t.Errorf("%d runs, %d changes", r.count(), len(r.memory.Facts().Changes))
	}
	f.graph = nil
	r.mustPull(t)
	if n := len(r.memory.Facts().Changes); n != 13 {
		t.Errorf("%d changes", n)
	}
}

// TestAPartThatFailsHoldsUpNoOther is a token that may not read deployments.
func TestAPartThatFailsHoldsUpNoOther(t *testing.T) {
	r := newRig(shop(), "acme/pay")
	r.transport.Fault = func(_ int, req *http.Request) (*http.Response, error) {
		if strings.Contains(req.URL.Path, "/deployments") {
			return sourcetest.Answer(403, `{"message":"Resource not accessible"}`)(0, req)
		}
		return nil, nil //nolint:nilnil // the request goes through
	}
	r.mustPull(t)
	if n := len(r.memory.Facts().Changes); n != 13 || r.count() != 1 {
		t.Errorf("%d changes, %d runs", n, r.count())
	}
	if len(r.problems) != 1 || r.problems[0].ID != "github.dora" {
		t.Errorf("problems %+v", r.problems)
	}
	r.transport.Fault = nil
	r.mustPull(t)
	if d := r.deployment(t, "9100"); d.Range == nil || !d.HeadStart.Known() {
		t.Errorf("later: %+v", d)
	}
}

// TestOnlyWhatHooksNamed completes what hooks told of, and lists nothing.
func TestOnlyWhatHooksNamed(t *testing.T) {
	for name, noGraph := range map[string]bool{"GraphQL": false, "REST": true} {
		t.Run(name, func(t *testing.T) {
			f := shop()
			f.noGraph = noGraph
			r := newRig(f)
			r.settings, r.secrets = map[string]any{}, map[string]string{"token": "ghp_secret", "webhook_secret": "x"}
			told := func(id, sha string, hours int, states ...delivery.DeploymentStatus) delivery.Deployment {
				d := delivery.Deployment{Connection: "gh", Repository: "acme/pay", ID: id, SHA: sha, Environment: "production", Part: true}
				d.CreatedAt = delivery.InstantOf(ago(time.Duration(hours) * time.Hour))
				for i, s := range states {
					d.States = append(d.States, delivery.DeploymentState{Status: s, At: d.CreatedAt + delivery.Instant(i)*1000})
				}
				return d
			}
			r.memory.Write(delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{
				told("9007", "m0008", 40, delivery.DeploySuccess), told("9009", "m0010", 20, delivery.DeploySuccess),
				told("9010", "m0011", 10, delivery.DeployRunning), told("77", "nobody", 9, delivery.DeployFailure),
			}, Changes: []delivery.Change{{Connection: "gh", Repository: "acme/pay", ID: "10", Number: 10, Part: true}}})
			r.mustPull(t)
			d := r.deployment(t, "9009")
			if d.Range == nil || len(d.Range.Commits) != 2 || !d.HeadStart.Known() {
				t.Errorf("%+v", d)
			}
			if d := r.deployment(t, "9010"); d.Status != delivery.DeploySuccess || !d.HeadStart.Known() {
				t.Errorf("it went on: %+v", d)
			}
			if d := r.deployment(t, "77"); d.HeadStart != 0 {
				t.Errorf("an unknown commit began at %d", d.HeadStart)
			}
			if len(r.problems) != 1 || r.problems[0].ID != "github.commit" {
				t.Errorf("problems %+v", r.problems)
			}
			if c := r.change(t, "10"); len(c.Commits) != 2 || c.MergeSHA != "m0010" {
				t.Errorf("%+v", c)
			}
			facts := r.memory.Facts()
			if len(facts.Deployments) != 4 || len(facts.Changes) != 1 {
				t.Errorf("%d deployments, %d changes", len(facts.Deployments), len(facts.Changes))
			}
		})
	}
}

// TestHooksOfOtherRepositories are completed, too, and those of one that cannot be
// looked up.
func TestHooksOfOtherRepositories(t *testing.T) {
	f := shop()
	f.add(2, "acme/web").dora = history(3)
	r := newRig(f, "acme/pay", "acme/web")
	r.transport.Fault = func(_ int, req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/repos/acme/web" {
			return sourcetest.Answer(404, `{"message":"Not Found"}`)(0, req)
		}
		return nil, nil //nolint:nilnil // the request goes through
	}
	r.memory.Write(delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{{
		Connection: "gh", Repository: "acme/web", ID: "9002", SHA: "m0003", Environment: "production", Part: true,
		States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: delivery.InstantOf(testNow)}},
	}}})
	r.mustPull(t)
	for _, d := range r.memory.Facts().Deployments {
		if d.Repository == "acme/web" && !d.HeadStart.Known() {
			t.Errorf("%+v", d)
		}
	}
}

// TestNumbered takes the number that is the pull request's own.
func TestNumbered(t *testing.T) {
	for message, want := range map[string]int64{
		"fix #5: pay (#110)":                               110,
		`Revert "feat (#101)" (#115)`:                      115,
		"Merge pull request #12 from acme/fix\n\nfix (#7)": 12,
		"colour #333":                                      0,
		"Pay\n\nas in (#3)":                                0,
		"":                                                 0,
		"Back to (#99999999999)":                           0,
		"Merge pull request #8 from acme/revert-7 (oh (#77))": 8,
	} {
		if got := numbered(message); got != want {
			t.Errorf("%q is of %d, want %d", message, got, want)
		}
	}
}

// TestHeadWithoutPulls falls back to what a commit's message says.
func TestHeadWithoutPulls(t *testing.T) {
	f := shop()
	f.noGraph = true
	d := f.repos["acme/pay"].dora
	d.commits[1].pull = nil                                // m0012: "Pay 12 (#12)"
	d.direct("issue", ago(10*time.Minute))                 //
	d.commits[0].message = "Close the issue (#4000)"       // which is no pull request
	d.deploy(9200, "issue", "staging", ago(5*time.Minute)) //
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	if d := r.deployment(t, "9011"); d.HeadStart != delivery.InstantOf(ago(11*time.Hour)) {
		t.Errorf("by its message: %+v", d)
	}
	if d := r.deployment(t, "9200"); d.HeadStart != delivery.InstantOf(ago(10*time.Minute)) || d.Status != "" {
		t.Errorf("of an issue: %+v", d)
	}
}

func TestReleasesAndTagsByRule(t *testing.T) {
	for name, noGraph := range map[string]bool{"GraphQL": false, "REST": true} {
		t.Run(name, func(t *testing.T) {
			f := shop()
			f.noGraph = noGraph
			d := f.repos["acme/pay"].dora
			d.tags = []*fakeCommit{{name: "v2", sha: "m0010", at: ago(18 * time.Hour)}, {name: "v1", sha: "m0009", at: ago(24 * time.Hour)}, {name: "test", sha: "m0008", at: ago(30 * time.Hour)}}
			d.releases = []any{
				fields{"id": 71, "tag_name": "v2", "name": "Two", "prerelease": false, "created_at": stamp(ago(15 * time.Hour)), "published_at": stamp(ago(14 * time.Hour)), "html_url": "https://github.com/r/2"},
				fields{"id": 70, "tag_name": "v1", "name": "One", "prerelease": true, "created_at": stamp(ago(20 * time.Hour)), "published_at": stamp(ago(20 * time.Hour)), "html_url": "https://github.com/r/1"},
			}
			r := newRig(f, "acme/pay")
			r.settings["deployment_rules"] = []string{"release=live", "tag:v*=tags", "merge:main=main"}
			r.mustPull(t)
			one := r.deployment(t, "release:71")
			if one.SHA != "m0010" || one.Environment != "live" || one.Version != "v2" || one.FinishedAt != delivery.InstantOf(ago(14*time.Hour)) || !one.HeadStart.Known() {
				t.Errorf("%+v", one)
			}
			two := r.deployment(t, "tag:v2")
			if two.SHA != "m0010" || two.Range == nil || two.Range.Base != "m0009" || len(two.Range.Commits) != 1 {
				t.Errorf("%+v", two)
			}
			if d := r.deployment(t, "merge:12"); d.SHA != "m0012" || d.Range == nil || d.Range.Base != "m0011" {
				t.Errorf("%+v", d)
			}
			n := 0
			for _, d := range r.memory.Facts().Deployments {
				if d.Rule != "" {
					n++
				}
			}
			if n != 1+2+12 {
				t.Errorf("%d by rules", n)
			}
		})
	}
}

// TestNewsIsTaken: a pull after the first one takes what is new, and what a hook lost.
func TestNewsIsTaken(t *testing.T) {
	f := shop()
	d := f.repos["acme/pay"].dora
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	r.later(2 * time.Hour)
	now := r.now
	p := &fakePull{number: 13, title: "Bump", author: "dependabot[bot]", updated: now, merged: now, merge: "m0013", base: "main"}
	p.commits = []*fakeCommit{{sha: "bump", message: "Bump", author: "dependabot[bot]", at: now.Add(-time.Hour), pull: p}}
	d.pulls = append(d.pulls, p)
	d.commits = append([]*fakeCommit{{sha: "m0013", message: "Bump (#13)", author: "ann", at: now, pull: p, parents: []string{d.commits[0].sha}}}, d.commits...)
	d.deploy(9300, "m0013", "production", now, "in_progress", "success")
	// Another deployment's success was told by a hook; that it ran was not.
	told := d.deployments[len(d.deployments)-1]
	r.memory.Write(delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{{
		Connection: "gh", Repository: "acme/pay", ID: "9300", SHA: "m0013", Environment: "production", Part: true, UpdatedAt: delivery.InstantOf(told.updated),
		States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: delivery.InstantOf(told.updated), ToldAt: delivery.InstantOf(told.updated)}},
	}}})
	r.later(10 * time.Minute)
	r.mustPull(t)
	one := r.deployment(t, "9300")
	if len(one.States) != 2 || one.StartedAt != delivery.InstantOf(now.Add(time.Minute)) || one.States[1].ToldAt == 0 ||
		one.Range == nil || one.Range.Base != "m0011" || one.HeadStart != delivery.InstantOf(now.Add(-time.Hour)) {
		t.Errorf("%+v", one)
	}
	if c := r.change(t, "13"); !c.Bot || c.Author != "dependabot[bot]" || !c.Commits[0].Bot {
		t.Errorf("of a bot: %+v", c)
	}
	if n := f.answered[http.StatusOK]; n > 14 {
		t.Errorf("%d requests for the news: %q", n, f.asked)
	}
}

// TestSecondaryLimit leaves GitHub alone for as long as it wants.
func TestSecondaryLimit(t *testing.T) {
	r := newRig(shop(), "acme/pay")
	r.transport.Fault = func(_ int, req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/graphql" {
			return sourcetest.Answer(403, `{"message":"You have exceeded a secondary rate limit."}`, "Retry-After", "90")(0, req)
		}
		return nil, nil //nolint:nilnil // the request goes through
	}
	at, ok := limitOf(r.pull(t, -1))
	if !ok || at.Sub(r.now) != 90*time.Second {
		t.Errorf("until %s, %v", at, ok)
	}
	r.transport.Fault = nil
	r.mustPull(t)
	if n := len(r.memory.Facts().Changes); n != 13 {
		t.Errorf("%d changes", n)
	}
}

// TestWhereGraphQLIs knows the addresses of GitHub and of a server of one's own.
func TestWhereGraphQLIs(t *testing.T) {
	for base, want := range map[string]string{
		"https://api.github.com":             "https://api.github.com/graphql",
		"https://github.example.com/api/v3/": "https://github.example.com/api/graphql",
	} {
		src, err := Kind().New(source.Config{
			Connection: "gh", Secrets: map[string]string{"token": "x"},
			Settings: settingsOf(t, map[string]any{"repositories": "acme/pay", "base_url": base}),
		}, http.DefaultClient)
		if err != nil {
			t.Fatal(err)
		}
		req, err := src.(*Source).client.build(t.Context(), request{method: http.MethodPost, path: "/graphql", graph: true, body: []byte("{}")}, "")
		if err != nil || req.URL.String() != want {
			t.Errorf("%s: %v, %v", base, req, err)
		}
	}
}

// TestBudgetsAreShown says what is left of both APIs.
func TestBudgetsAreShown(t *testing.T) {
	f := shop()
	f.headers = map[string]string{
		"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4321", "X-RateLimit-Reset": fmt.Sprint(testNow.Add(time.Hour).Unix()), "X-RateLimit-Resource": "core",
	}
	r := newRig(f, "acme/pay")
	r.mustPull(t)
	reset := delivery.InstantOf(testNow.Add(time.Hour))
	last := r.pages[len(r.pages)-1].Progress
	if last.REST != (source.Budget{Limit: 5000, Left: 4321, ResetAt: reset}) || last.GraphQL != (source.Budget{Limit: 5000, Left: 4900, ResetAt: reset}) {
		t.Errorf("%+v, %+v", last.REST, last.GraphQL)
	}
}

// TestBetween compares two commits of a history with a merge.
func TestBetween(t *testing.T) {
	tree := ancestry{}
	for _, c := range []struct {
		sha     string
		parents []string
	}{{"d", []string{"c"}}, {"c", []string{"b", "y"}}, {"y", []string{"x"}}, {"x", []string{"a"}}, {"b", []string{"a"}}, {"a", []string{"z"}}} {
		tree.add(delivery.Commit{SHA: c.sha}, false, c.parents)
	}
	for _, c := range []struct {
		base, head, want string
		behind, known    bool
	}{
		{"b", "d", "x y c d", false, true},
		{"a", "b", "b", false, true},
		{"b", "y", "x y", false, true},
		{"d", "x", "", true, true},
		{"d", "d", "", false, true},
		{"b", "gone", "", false, false},
		{"z", "a", "", false, false},
	} {
		got, known := tree.between(c.base, c.head)
		if known != c.known {
			t.Errorf("%s...%s is known: %v", c.base, c.head, known)
		}
		if !known {
			continue
		}
		var shas []string
		for _, one := range got.Commits {
			shas = append(shas, one.SHA)
		}
		if text := strings.Join(shas, " "); text != c.want || got.Behind != c.behind || got.Cut {
			t.Errorf("%s...%s: %q, behind %v", c.base, c.head, text, got.Behind)
		}
	}
	if _, known := (ancestry{"b": {parents: []string{"old"}}, "h": {order: 1, parents: []string{"older"}}}).between("b", "h"); known {
		t.Error("two histories that do not meet are compared")
	}
}
