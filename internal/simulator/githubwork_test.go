package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

const shop = "/repos/example-org/web-shop"

// query sends a query of the GraphQL API about the web shop.
func query(t *testing.T, g *simulator.GitHub, operation string, vars map[string]any, into any) int {
	t.Helper()
	all := map[string]any{"owner": "example-org", "name": "web-shop"}
	for name, v := range vars {
		all[name] = v
	}
	body, err := json.Marshal(map[string]any{"operationName": operation, "query": "query " + operation + "{rateLimit{cost}}", "variables": all})
	if err != nil {
		t.Fatal(err)
	}
	rec := httptest.NewRecorder()
	g.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body))))
	if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil {
		t.Fatalf("%s answers %s", operation, rec.Body)
	}
	return rec.Code
}

type ghErrors []struct {
	Type, Message string
}

type ghPulls struct {
	Errors ghErrors
	Data   struct {
		Repository *struct {
			PullRequests struct {
				TotalCount int
				PageInfo   struct {
					HasNextPage bool
					EndCursor   *string
				}
				Nodes []struct {
					Number    int
					UpdatedAt time.Time
					MergedAt  time.Time
					Commits   struct {
						Nodes []struct {
							Commit struct {
								OID          string
								AuthoredDate time.Time
							}
						}
					}
				}
			}
		}
		RateLimit struct{ Limit, Remaining, Cost int }
	}
}

func TestGitHubPullRequests(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	seen := map[int]bool{}
	var last time.Time
	var after any
	for {
		var got ghPulls
		query(t, g, "ThroughlineChanges", map[string]any{"first": 50, "after": after}, &got)
		page := got.Data.Repository.PullRequests
		for _, p := range page.Nodes {
			if seen[p.Number] || !last.IsZero() && p.UpdatedAt.After(last) || len(p.Commits.Nodes) == 0 {
				t.Fatalf("%+v after %s", p, last)
			}
			for _, c := range p.Commits.Nodes {
				if c.Commit.AuthoredDate.After(p.MergedAt) || len(c.Commit.OID) != 40 {
					t.Errorf("a commit of %d is %+v", p.Number, c.Commit)
				}
			}
			seen[p.Number], last = true, p.UpdatedAt
		}
		if r := got.Data.RateLimit; r.Limit != 5000 || r.Cost != 1 || r.Remaining >= r.Limit {
			t.Errorf("rate limit %+v", r)
		}
		if !page.PageInfo.HasNextPage {
			if page.TotalCount != len(seen) || len(seen) < 100 {
				t.Errorf("%d of %d pull requests", len(seen), page.TotalCount)
			}
			break
		}
		after = *page.PageInfo.EndCursor
	}
	var list []struct{ Number int }
	fetchInto(t, g, shop+"/pulls?state=closed&per_page=100", &list)
	for _, p := range list {
		if !seen[p.Number] {
			t.Errorf("%d is in one list only", p.Number)
		}
	}
}

func TestGraphQLRefuses(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	for name, c := range map[string]struct {
		operation string
		vars      map[string]any
		kind      string
	}{
		"another repository": {"ThroughlineChanges", map[string]any{"name": "nothing"}, "NOT_FOUND"},
		"too many at once":   {"ThroughlineChanges", map[string]any{"first": 101}, "EXCESSIVE_PAGINATION"},
		"another query":      {"Viewer", nil, ""},
	} {
		var got ghPulls
		if status := query(t, g, c.operation, c.vars, &got); status != http.StatusOK || len(got.Errors) != 1 || got.Errors[0].Type != c.kind {
			t.Errorf("%s: %d, %+v", name, status, got.Errors)
		}
	}
	for range 5000 {
		var got ghPulls
		if query(t, g, "ThroughlineHeads", nil, &got); len(got.Errors) > 0 {
			if got.Errors[0].Type != "RATE_LIMITED" {
				t.Errorf("%+v", got.Errors)
			}
			return
		}
	}
	t.Error("there is no limit")
}

func TestGitHubLimitsNowAndThen(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	g.Faults().Inject(simulator.Fault{Kind: simulator.GraphQL, Secondary: true, RetryAfter: time.Minute})
	var refused struct{ Message string }
	if status := query(t, g, "ThroughlineChanges", nil, &refused); status != http.StatusForbidden || !strings.Contains(refused.Message, "secondary rate limit") {
		t.Errorf("%d %s", status, refused.Message)
	}
	var got ghPulls
	if status := query(t, g, "ThroughlineChanges", nil, &got); status != http.StatusOK || got.Data.Repository == nil {
		t.Errorf("then %d", status)
	}
}

type ghDeployment struct {
	ID                    int64
	SHA, Environment      string
	Task, NodeID          string
	ProductionEnvironment bool
	CreatedAt, UpdatedAt  time.Time
}

// allDeployments of a repository, the latest first.
func allDeployments(t *testing.T, g *simulator.GitHub, repo string) []ghDeployment {
	t.Helper()
	var out []ghDeployment
	for page := 1; ; page++ {
		var list []ghDeployment
		fetchInto(t, g, "/repos/example-org/"+repo+"/deployments?per_page=100&page="+strconv.Itoa(page), &list)
		if len(list) == 0 {
			return out
		}
		out = append(out, list...)
	}
}

func TestGitHubDeployments(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	regions := map[string]map[string]time.Time{}
	rollbacks := 0
	for _, d := range allDeployments(t, g, "web-shop") {
		if d.ProductionEnvironment != (d.Environment != "staging") || len(d.SHA) != 40 || d.UpdatedAt.Before(d.CreatedAt) {
			t.Errorf("%+v", d)
		}
		if d.Task == "deploy:rollback" {
			rollbacks++
			continue
		}
		if regions[d.SHA] == nil {
			regions[d.SHA] = map[string]time.Time{}
		}
		regions[d.SHA][d.Environment] = d.CreatedAt
	}
	everywhere := 0
	for sha, in := range regions {
		eu, asia := in["production-eu"], in["production-asia"]
		if len(in) == 4 {
			everywhere++
			if apart := asia.Sub(eu); apart <= 0 || apart > 10*time.Minute {
				t.Errorf("%s in two regions, %s apart", sha, apart)
			}
		}
	}
	if everywhere < 50 || rollbacks < 3 {
		t.Errorf("%d deployments to all regions, %d rollbacks", everywhere, rollbacks)
	}
}

func TestGitHubForgetsWhatWasPushedOver(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	gone := 0
	all := allDeployments(t, g, "payments")
	for i, d := range all {
		a := fetch(t, g, "/repos/example-org/payments/commits/"+d.SHA)
		if a.status == http.StatusOK {
			continue
		}
		gone++
		if a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", d.SHA, a.status)
		}
		if a := fetch(t, g, "/repos/example-org/payments/compare/"+all[(i+5)%len(all)].SHA+"..."+d.SHA); a.status != http.StatusNotFound {
			t.Errorf("compared with %s: %d", d.SHA, a.status)
		}
	}
	if gone == 0 || gone > len(all)/10 {
		t.Errorf("%d of %d deployments are of commits that are gone", gone, len(all))
	}
}

func TestGitHubCompares(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	var list []struct{ SHA string }
	fetchInto(t, g, shop+"/commits?per_page=10", &list)
	type compared struct {
		Status       string
		TotalCommits int
		Commits      []struct{ SHA string }
	}
	for name, c := range map[string]struct {
		base, head int
		want       string
		commits    int
	}{"ahead": {5, 2, "ahead", 3}, "behind": {2, 5, "behind", 0}, "itself": {3, 3, "identical", 0}} {
		var got compared
		fetchInto(t, g, shop+"/compare/"+list[c.base].SHA+"..."+list[c.head].SHA, &got)
		if got.Status != c.want || got.TotalCommits != c.commits || len(got.Commits) != c.commits {
			t.Errorf("%s: %+v", name, got)
		}
		if c.commits > 0 && got.Commits[c.commits-1].SHA != list[c.head].SHA {
			t.Errorf("%s: the last one is %+v", name, got.Commits)
		}
	}
}

func TestJiraTellsOfIncidents(t *testing.T) {
	_, g := forgeAt(simulator.Options{}, simulator.GitHubOptions{})
	open, withCause := map[string]time.Time{}, 0
	var last time.Time
	for _, h := range g.JiraHooks() {
		var body struct {
			Issue struct {
				Key    string
				Fields struct {
					Summary, Created, Description string
					IssueType, Project            struct{ Name, Key string }
					Status                        struct {
						StatusCategory struct{ Key string }
					}
				}
			}
		}
		if err := json.Unmarshal(h.Body, &body); err != nil {
			t.Fatal(err)
		}
		f := body.Issue.Fields
		created, err := time.Parse("2006-01-02T15:04:05.000-0700", f.Created)
		if err != nil || h.At.Before(last) || created.After(h.At) {
			t.Errorf("at %s: %s", h.At, h.Body)
		}
		last = h.At
		if f.IssueType.Name != "Incident" {
			continue
		}
		if strings.HasPrefix(f.Description, "root cause: ") {
			withCause++
		}
		if f.Status.StatusCategory.Key == "new" {
			open[body.Issue.Key] = h.At
			continue
		}
		if at, ok := open[body.Issue.Key]; !ok || !h.At.After(at) {
			t.Errorf("%s is resolved and was not opened before", body.Issue.Key)
		}
	}
	if n := len(g.Incidents()); len(open) != n || n < 10 || withCause == 0 {
		t.Errorf("%d incidents, %d opened, %d with a cause", n, len(open), withCause)
	}
}
