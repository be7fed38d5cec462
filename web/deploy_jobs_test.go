package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
	"throughline/internal/source/github"
)

// deploying is a site with runs and a connection hub to GitHub, whose deployment rules
// are a JSON list.
func deploying(t *testing.T, rules string, runs ...delivery.Run) *site {
	t.Helper()
	s := signedIn(t, func(c *Config) { c.Kinds = append(c.Kinds, github.Kind()) })
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none}
tokens:
  - {name: reader, scopes: [read], token: reads-and-nothing-else}
`)
	s.addRuns(runs...)
	s.setRules(rules)
	return s
}

func (s *site) setRules(rules string) {
	s.t.Helper()
	hub, err := s.db.Connection(s.t.Context(), "hub")
	if errors.Is(err, control.ErrNotFound) {
		hub, err = control.Connection{Name: "hub", Kind: "github", Every: time.Hour}, nil
	}
	hub.Settings = source.Settings{"deployment_rules": json.RawMessage(rules)}
	if err == nil {
		_, err = s.db.SaveConnection(s.t.Context(), hub, map[string]string{"webhook_secret": hookSecret})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// deployRuns are few enough to compute the failure rate by hand.
func deployRuns() []delivery.Run {
	const success, failed, cancelled = delivery.RunSuccess, delivery.RunFailed, delivery.RunCancelled
	hub := func(r *delivery.Run) { r.Connection = "hub" }
	release := func(r *delivery.Run) { r.Workflow = "Release" }
	return []delivery.Run{
		aRun("1", hub, createdAt("2026-03-03T20:30:00Z"), ran("deploy api", success, 9), ran("deploy web", failed, 9), ran("test", failed, 9)),
		aRun("2", hub, ran("deploy api", cancelled, 9), ran("deploy web", success, 9), ran("deploy docs", delivery.RunSkipped, 0)),
		aRun("3", hub, standing(delivery.RunRunning), ran("deploy api", failed, 9), ran("deploy web", delivery.RunRunning, 0)),
		aRun("4", hub, ran("deploy api", success, 9), ran("deploy web", success, 9), ran("deploy docs", delivery.RunUnknown, 0)),
		aRun("5", hub, release, standing(failed), ran("ship", success, 9)),
		aRun("6", hub, func(r *delivery.Run) { r.Branch = "feature" }, ran("deploy api", failed, 9)),
		aRun("7", ran("deploy api", failed, 9)), // of a connection without rules
	}
}

// By jobs 1 of 2 and 2 of 5, of which the second day has the failed run by its
// workflow, too: 4 of 8, whose interval by Wilson is 0.2152 to 0.7848.
func TestDeployJobsByHand(t *testing.T) {
	const both, jobs = `["job:deploy*=production", "workflow:Release=production"]`, `["job:deploy*=production"]`
	s := deploying(t, both, deployRuns()...)
	tests := []struct {
		name, rules, query string
		n                  int
		headline           map[string]string
		csv                string
	}{
		{
			"by jobs and workflows", both, "", 8,
			map[string]string{"rate": "0.5", "low": "0.215216", "high": "0.784784", "failed": "3", "cancelled": "1", "count": "8"},
			"bucket,rate,count,partial\n2026-03-03,0.5,2,false\n2026-03-04,0.5,6,true\n",
		}, {
			"by jobs", jobs, "", 7, // the rules that are changed count at once
			map[string]string{"rate": "0.428571", "low": "0.15822", "high": "0.749542", "failed": "2", "cancelled": "1", "count": "7"},
			"bucket,rate,count,partial\n2026-03-03,0.5,2,false\n2026-03-04,0.4,5,true\n",
		}, {
			"of any branch", jobs, "&branch=*", 8,
			map[string]string{"rate": "0.5", "low": "0.215216", "high": "0.784784", "failed": "3", "cancelled": "1", "count": "8"},
			"bucket,rate,count,partial\n2026-03-03,0.5,2,false\n2026-03-04,0.5,6,true\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.setRules(tt.rules)
			p := read[panelAnswer](s, "/api/v1/panels/job-failure-rate"+twoDays+tt.query)
			headline := map[string]string{}
			for name, v := range p.Headline {
				headline[name] = rounded(number(v))
			}
			if diff := cmp.Diff(tt.headline, headline); diff != "" {
				t.Errorf("headline (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(map[string]int{"skipped": 1, "unfinished": 1, "not_said": 1}, p.Excluded); diff != "" || p.N != tt.n {
				t.Errorf("n is %d, want %d; excluded (-want +got)\n%s", p.N, tt.n, diff)
			}
			res := s.api(http.MethodGet, "/api/v1/panels/job-failure-rate.csv"+twoDays+tt.query, readToken)
			if diff := cmp.Diff(tt.csv, rounded(res.body)); diff != "" {
				t.Errorf("CSV (-want +got)\n%s", diff)
			}
			checkAgainstCSV(t, &p, res.body)
			for i, few := range []bool{true, false} {
				if got := p.Series[0].Points[i]["low_n"]; got != few {
					t.Errorf("bucket %d of few: %v", i, got)
				}
			}
		})
	}
}

func TestDeployJobsPanel(t *testing.T) {
	s := deploying(t, `["job:deploy*=production"]`, deployRuns()...)
	p, _ := panelBySlug("job-failure-rate")
	for _, lang := range []string{"en", "ru"} {
		checkChartPanel(t, s, p, "bucket=day&lang="+lang+"&range=2d", lang)
	}
	d := s.page("/panels/job-failure-rate" + twoDays)
	want(t, d, ".sentence", "3 of 7 deployment jobs failed or were cancelled: 42.9 %, and with so many the true rate is probably between 16 % and 75 %.")
	wantCells(t, d, "thead th", "Day", "Failure rate", "Jobs", "Note")
	want(t, d, ".left-out", "1 was skipped.")
	if n := d.Find("a[href*='/runs']").Length(); n != 0 {
		t.Errorf("%d links to lists of runs, which are not what is counted", n)
	}
}

func TestEmptyDeployJobs(t *testing.T) {
	s := deploying(t, `["release=production"]`)
	empty := func(query, text, fix string) {
		t.Helper()
		d := s.page("/panels/job-failure-rate?range=30d" + query)
		want(t, d, ".nothing p", text)
		if got := d.Find(".nothing a").AttrOr("href", ""); got != fix {
			t.Errorf("%q is mended at %s", text, got)
		}
	}
	const hub = "/settings/connections/hub"
	empty("", "No CI run has been received yet", "/settings/tokens")
	s.addRuns(deployRuns()...)
	empty("", "No rule of a connection takes a job or a workflow for a deployment", hub)
	empty("&lang=ru", "Ни одно правило подключений не считает", hub)
	s.setRules(`["job:publish=production"]`)
	empty("", "None of the 6 runs in this period has a job", hub)
	s.setRules(`["job:deploy docs=production"]`)
	empty("", "There are 2 deployment jobs in this period, and none ended", "")
	s.setRules(`["job:deploy*=production"]`)
	empty("&branch=other", "Nothing matches this filter", "/pipelines?range=30d")
	s.setRules(`[]`)
	s.demote("viewer")
	empty("", "No rule of a connection takes", "")

	s = withRuns(t, aRun("1"))
	empty("", "No rule of a connection takes", "/settings/connections")
}
