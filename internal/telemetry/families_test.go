package telemetry

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestExpose: the metrics of another program, under its names, with its helps and types.
func TestExpose(t *testing.T) {
	m := newMetrics(t, Options{})
	samples := []Sample{
		{"jira_incidents", []string{"PAY", "a \"quoted\"\n team"}, 2},
		{"jira_incidents_duration_sum", []string{"PAY", "Core"}, 90.5},
		{"not_ours", nil, 1},
	}
	m.Expose([]Family{
		{Name: "jira_incidents", Help: "The amount of incidents.", Counter: true, Labels: []string{"project", "team"}},
		{Name: "jira_incidents_duration_sum", Help: "The amount of incidents.", Labels: []string{"project", "team"}},
	}, func() []Sample { return samples })
	scrape := func() (int, string) {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
		return w.Code, w.Body.String()
	}
	status, text := scrape()
	if status != http.StatusOK || strings.Contains(text, "not_ours") {
		t.Errorf("%d %s", status, text)
	}
	expect(t, text, `# HELP jira_incidents The amount of incidents.
# TYPE jira_incidents counter
jira_incidents{project="PAY",team="a \"quoted\"\n team"} 2
# HELP jira_incidents_duration_sum The amount of incidents.
# TYPE jira_incidents_duration_sum gauge
jira_incidents_duration_sum{project="PAY",team="Core"} 90.5
`)
	samples = nil
	if _, text = scrape(); strings.Contains(text, "jira_") {
		t.Errorf("without samples: %s", text)
	}
}

func TestFacts(t *testing.T) {
	m := newMetrics(t, Options{})
	m.FactsWritten("gh", map[string]int{"deployments": 2, "runs": 0})
	m.FactsWritten("gh", map[string]int{"deployments": 1})
	m.ServiceDerived(time.Unix(1_800_000_000, 5e8))
	expect(t, scraped(t, m), `throughline_facts_written_total{connection="gh",kind="deployments"} 3`,
		"throughline_services_derived_total 1", "throughline_services_derived_last_timestamp_seconds 1.8000000005e+09")
	if text := scraped(t, m); strings.Contains(text, `"runs"`) {
		t.Errorf("none of a kind: %s", text)
	}
	var none *Metrics
	none.FactsWritten("gh", map[string]int{"deployments": 1})
	none.ServiceDerived(time.Now())
}
