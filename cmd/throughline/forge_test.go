package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
	"throughline/internal/source"
	"throughline/internal/source/github"
	"throughline/internal/source/sourcetest"
)

// pulledForge is what a connection pulls from the made-up GitHub.
func pulledForge(t *testing.T, api http.Handler, now time.Time) (facts sourcetest.Facts, problems []source.Problem, sent int) {
	t.Helper()
	var memory sourcetest.Memory
	transport := &sourcetest.Transport{Handler: api}
	src, err := github.Kind().New(source.Config{
		Connection: "gh", Known: &memory, Now: func() time.Time { return now }, Secrets: map[string]string{"token": "t"},
		Settings: source.Settings{
			"base_url": json.RawMessage(`"` + sourcetest.Address + `"`), "organizations": json.RawMessage(`["` + simulator.Organization + `"]`),
			"initial_range": json.RawMessage(`"90d"`), "deployment_rules": json.RawMessage(`["release=stores","tag:v*=tags"]`),
		},
	}, transport.Client())
	if err != nil {
		t.Fatal(err)
	}
	for page, err := range src.Pull(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		memory.Write(page.Batch)
		problems = append(problems, page.Problems...)
	}
	return memory.Facts(), problems, transport.Sent()
}

// TestTheMadeUpGitHubIsPulled by both APIs, which tell the same.
func TestTheMadeUpGitHubIsPulled(t *testing.T) {
	now := time.Date(2026, 9, 16, 15, 0, 0, 0, time.UTC)
	company := simulator.New(11, now, simulator.Options{Issues: -1})
	forge := company.GitHub(simulator.GitHubOptions{Days: 90, Limit: 1_000_000})
	facts, problems, _ := pulledForge(t, forge.Handler(), now)
	if len(problems) > 0 {
		t.Errorf("problems %+v", problems)
	}
	rest, _, _ := pulledForge(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/graphql" {
			http.NotFound(w, r)
			return
		}
		forge.Handler().ServeHTTP(w, r)
	}), now)
	facts.Runs, rest.Runs = nil, nil
	if diff := cmp.Diff(facts, rest); diff != "" {
		t.Errorf("by GraphQL (-), by REST (+):\n%.3000s", diff)
	}
	seen := map[string]int{}
	regions := map[string]map[string]bool{}
	for i := range facts.Deployments {
		d := &facts.Deployments[i]
		seen[d.Environment]++
		seen[string(d.Status)]++
		if d.Range != nil {
			seen["range"]++
		}
		if d.Range != nil && d.Range.Behind {
			seen["behind"]++
		}
		if d.Range != nil && d.Range.Cut {
			seen["cut"]++
		}
		if !d.HeadStart.Known() {
			seen["unknown"]++
		} else if d.HeadStart > d.CreatedAt {
			t.Errorf("begun after it was deployed: %+v", d)
		}
		if strings.HasPrefix(d.Environment, "production-") {
			if regions[d.SHA] == nil {
				regions[d.SHA] = map[string]bool{}
			}
			regions[d.SHA][d.Environment] = true
		}
	}
	for i := range facts.Changes {
		c := &facts.Changes[i]
		switch {
		case c.Number == 0:
			seen["direct"]++
		case c.Bot:
			seen["bot"]++
		case strings.HasPrefix(c.Title, "Revert "):
			seen["revert"]++
		case slices.Contains(c.Labels, "hotfix"):
			seen["hotfix"]++
		}
		if c.Number > 0 && (len(c.Commits) == 0 || c.MergeSHA == "" || len(c.Paths) == 0) {
			t.Errorf("not complete: %+v", c)
		}
		if c.ReviewedAt.Known() && (c.ReviewedAt < c.CreatedAt || c.ApprovedAt > c.MergedAt) {
			t.Errorf("reviewed at odd times: %+v", c)
		}
	}
	t.Logf("%d deployments, %d changes: %v, %d incidents", len(facts.Deployments), len(facts.Changes), seen, len(forge.Incidents()))
	for _, what := range []string{
		"production", "production-eu", "staging", "stores", "tags", string(delivery.DeploySuccess), string(delivery.DeployFailure),
		"range", "behind", "cut", "unknown", "direct", "bot", "revert", "hotfix",
	} {
		if seen[what] == 0 {
			t.Errorf("there is no %s: %v", what, seen)
		}
	}
	if n := len(regions); n < 20 {
		t.Errorf("%d commits in regions", n)
	}
	for sha, in := range regions {
		if len(in) == 3 {
			break
		}
		_ = sha
	}
	incidents := forge.Incidents()
	if len(incidents) < 5 || len(forge.JiraHooks()) < 2*len(incidents)-3 {
		t.Errorf("%d incidents, %d hooks", len(incidents), len(forge.JiraHooks()))
	}
}
