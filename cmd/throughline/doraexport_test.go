package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/doraexport"
	"throughline/internal/secret"
)

// doraLines are the samples of dora-exporter's families in a scrape, sorted.
func doraLines(t *testing.T, s *site) (lines []string, text string) {
	t.Helper()
	status, text := s.get("/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", status, text)
	}
	for line := range strings.Lines(text) {
		for _, f := range doraexport.Families() {
			if strings.HasPrefix(line, f.Name+"{") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	slices.Sort(lines)
	return lines, text
}

// deployedTo is the text of a sample of shop in production.
func deployedTo(family, team, status, value string) string {
	return fmt.Sprintf(`%s{environment="production",redeployment="false",repo="shop",status=%q,team=%q} %s`, family, status, team, value)
}

// TestDoraMetrics: what is pushed shows on /metrics, goes on from what was taken over,
// and is the same after a restart.
func TestDoraMetrics(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": `
tokens:
  - {name: ci, scopes: [ingest], token: ` + pushToken + `}
teams:
  - {name: core, github_repositories: [acme/shop]}
`})
	environ := append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml"))
	s := launch(t, environ, "serve")
	p := pushTo(t, s.url)
	deploy := func(id, status, finished string) {
		t.Helper()
		body, err := json.Marshal(map[string]any{
			"id": id, "repository": "acme/shop", "environment": "production", "status": status, "finished_at": finished, "sha": "abcdef0",
			"commits": []any{map[string]string{"sha": "abcdef0", "authored_at": "2026-03-02T09:00:00Z"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if status, err := p.post(push{path: "/api/v1/deployments", body: string(body)}); err != nil || status != http.StatusOK {
			t.Fatalf("%d %v", status, err)
		}
	}
	shows := func(want ...string) {
		t.Helper()
		want = slices.Sorted(slices.Values(want))
		var got []string
		defer func() {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("samples (-want +got):\n%s", d)
			}
		}()
		eventually(t, "samples", func() bool {
			got, _ = doraLines(t, s)
			return cmp.Equal(want, got)
		}, s.log)
	}
	deploy("1", "success", "2026-03-02T10:00:00Z")
	deploy("1", "success", "2026-03-02T10:00:00Z")
	deploy("2", "failure", "2026-03-02T09:30:00Z")
	first := []string{
		deployedTo("github_deployments_total", "core", "success", "1"), deployedTo("github_deployments_total", "core", "failure", "1"),
		deployedTo("github_deployments_duration", "core", "success", "3600"), deployedTo("github_deployments_duration", "core", "failure", "1800"),
		deployedTo("github_deployments_duration_sum", "core", "success", "3600"), deployedTo("github_deployments_duration_sum", "core", "failure", "1800"),
	}
	shows(first...)
	_, text := doraLines(t, s)
	for _, want := range []string{
		"# HELP github_deployments_total The amount of successful deployments.\n# TYPE github_deployments_total counter\n",
		"# HELP github_deployments_duration The last deployments duration\n# TYPE github_deployments_duration gauge\n",
		"# HELP github_deployments_duration_sum The last deployments duration sum\n# TYPE github_deployments_duration_sum gauge\n",
		"throughline_facts_written_total{connection=\"ci\",kind=\"deployments\"} 3\n",
		"throughline_inbox_entries{connection=\"ci\",state=\"done\"} 3\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	s.stop()
	takeOver(t, environ, 120, "shop", "production", "core", "success", "false")
	s = launch(t, environ, "serve")
	first[0] = deployedTo("github_deployments_total", "core", "success", "120")
	shows(first...)
	p = pushTo(t, s.url)
	deploy("3", "success", "2027-03-02T10:00:00Z")
	first[0] = deployedTo("github_deployments_total", "core", "success", "121")
	first[2] = deployedTo("github_deployments_duration", "core", "success", "3.15396e+07")
	first[4] = deployedTo("github_deployments_duration_sum", "core", "success", "3.15432e+07")
	shows(first...)
	s.stop()
	s = launch(t, environ, "serve")
	shows(first...)
}

// TestJiraOnMetrics: incidents that are over and tickets, by both generations of paths,
// each once, in two scrapes whose increase dashboards take.
func TestJiraOnMetrics(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": `
connections:
  - {name: desk, kind: jira, secrets: {webhook_secret: ` + hookSecret + `}}
teams:
  - {name: pay, jira_projects: [PAY]}
`})
	s := launch(t, append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml")), "serve")
	tell := func(path, key, fields string) {
		t.Helper()
		body := fmt.Sprintf(`{"event": "x", "issue": {"key": %q, "fields": {"project": {"key": "PAY"}, %s}}}`, key, fields)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Webhook-Secret", hookSecret)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil || res.StatusCode/100 != 2 {
			t.Fatalf("%s is answered %d %v", path, res.StatusCode, err)
		}
	}
	const (
		done = `"created": "2026-03-02T10:00:00.000+0300", "resolutiondate": "2026-03-02T11:00:00+03:00", "issuetype": {"name": "Incident"},
			"status": {"name": "Done", "statusCategory": {"key": "done"}}`
		open  = `"created": 1772438400000, "issuetype": {"name": "Incident"}, "status": {"name": "Open", "statusCategory": {"key": "new"}}`
		story = `"created": 1772438400000, "issuetype": {"name": "Story"}, "status": {"name": "Done", "statusCategory": {"key": "done"}}`
	)
	tell("/api/jira", "PAY-1", done)
	tell("/api/jira", "PAY-1", done)
	tell("/api/jira", "PAY-2", open)
	tell("/api/jira", "PAY-3", story)
	tell("/api/jira/tickets/new", "PAY-4", story)
	tell("/api/jira/tickets/close", "PAY-4", story)
	want := []string{
		`jira_closed_tickets{project="PAY",type="Story"} 1`, `jira_incidents_duration_sum{project="PAY",team="pay"} 3600`,
		`jira_incidents{project="PAY",team="pay"} 1`, `jira_new_tickets{project="PAY",type="Story"} 1`,
	}
	shows := func() {
		t.Helper()
		var got []string
		defer func() {
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}()
		eventually(t, "samples", func() bool { got, _ = doraLines(t, s); return cmp.Equal(want, got) }, s.log)
	}
	shows()
	tell("/api/jira/incidents/rca", "PAY-5", done+`, "customfield_10792": [{"value": "pay"}, {"value": "till"}]`)
	want = append(want[:1:1], `jira_incidents_duration_sum{project="PAY",team="pay"} 7200`, `jira_incidents_duration_sum{project="PAY",team="till"} 3600`,
		`jira_incidents{project="PAY",team="pay"} 2`, `jira_incidents{project="PAY",team="till"} 1`, want[3])
	shows()
}

// TestIncidentsLinked: an incident that names a deployment is answered with it.
func TestIncidentsLinked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plant(t, dir, map[string]string{"provision.yaml": "tokens:\n  - {name: ci, scopes: [ingest, read], token: " + pushToken + "}\n"})
	s := launch(t, append(dataDir(t), "THROUGHLINE_PROVISION="+filepath.Join(dir, "provision.yaml")), "serve")
	p := pushTo(t, s.url)
	for path, body := range map[string]string{
		"/api/v1/deployments": `{"id":"d1","service":"shop","environment":"production","sha":"abcdef0","finished_at":"2026-03-02T10:00:00Z"}`,
		"/api/v1/incidents":   `{"id":"i1","service":"shop","title":"Down","started_at":"2026-03-02T10:10:00Z","resolved_at":"2026-03-02T10:40:00Z","deployment":"d1"}`,
	} {
		if status, err := p.post(push{path: path, body: body}); err != nil || status != http.StatusOK {
			t.Fatalf("%d %v", status, err)
		}
	}
	var list struct {
		Items []struct {
			ID            string
			TimeToRestore int `json:"time_to_restore"`
			Links         []struct {
				Service, Confidence string
				Group               string `json:"group_id"`
			}
		}
	}
	eventually(t, "the link", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v1/incidents?from=2026-03-01&to=2026-03-03", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+pushToken)
		res, err := p.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(res.Body).Decode(&list)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d %v", res.StatusCode, err)
		}
		return len(list.Items) == 1 && len(list.Items[0].Links) == 1
	}, s.log)
	if i := list.Items[0]; i.ID != "i1" || i.TimeToRestore != 1800 || i.Links[0].Service != "shop" || i.Links[0].Confidence != "confirmed" || i.Links[0].Group == "" {
		t.Errorf("%+v", i)
	}
}

// takeOver stores what a predecessor had counted of deployments.
func takeOver(t *testing.T, environ []string, value float64, labels ...string) {
	t.Helper()
	box, err := secret.NewBox(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := control.Open(context.Background(), filepath.Join(dirOf(environ), "control.db"), box)
	if err != nil {
		t.Fatal(err)
	}
	counters := []control.Counter{{Family: "github_deployments_total", Labels: labels, Taken: value}}
	if err := db.TakeOverCounters(t.Context(), counters, moment); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
