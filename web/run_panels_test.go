package web

import (
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// took makes a run take so many seconds, of which e2e takes some, after it waited
// for a runner; −1 is not said.
func took(seconds, e2e, queue int64) func(*delivery.Run) {
	millis := func(seconds int64) int64 { return max(seconds*1000, delivery.NotSaid) }
	return func(r *delivery.Run) {
		r.Duration, r.DurationE2E, r.StartedAt = millis(seconds), millis(e2e), 0
		if queue >= 0 {
			r.StartedAt = r.CreatedAt + delivery.Instant(millis(queue))
		}
	}
}

// createdAt moves a run, and what was told of it, to another day.
func createdAt(moment string) func(*delivery.Run) {
	t, err := time.Parse(time.RFC3339, moment)
	if err != nil {
		panic(err)
	}
	return func(r *delivery.Run) { r.CreatedAt = delivery.InstantOf(t) }
}

func standing(status delivery.RunStatus) func(*delivery.Run) {
	return func(r *delivery.Run) { r.Status = status }
}

// withBuilds gives a run builds of so many seconds by name.
func withBuilds(seconds map[string]int64) func(*delivery.Run) {
	return func(r *delivery.Run) {
		for _, name := range slices.Sorted(maps.Keys(seconds)) {
			r.Builds = append(r.Builds, delivery.Build{Name: name, Duration: max(seconds[name]*1000, delivery.NotSaid)})
		}
	}
}

// ran gives a run a job of so many seconds.
func ran(name string, status delivery.RunStatus, seconds int64) func(*delivery.Run) {
	return func(r *delivery.Run) {
		j := aJob(name, status, "09:00:30", "")
		j.Duration = seconds * 1000
		r.Jobs = append(r.Jobs, j)
	}
}

// knownRuns are few enough to compute their figures by hand. Of two days in Moscow
// the first has run 1 only, which began half an hour before its end; before them
// there are runs 11 to 13.
func knownRuns() []delivery.Run {
	restarted := func(r *delivery.Run) { r.HasRestarts, r.Attempt = true, 2 }
	elsewhere := func(r *delivery.Run) { r.Project, r.Workflow = "acme/api", "Nightly" }
	aside := func(r *delivery.Run) { r.Branch = "feature" }
	const success, failed = delivery.RunSuccess, delivery.RunFailed
	return []delivery.Run{
		aRun("1", createdAt("2026-03-03T20:30:00Z"), took(600, 120, 10), withBuilds(map[string]int64{"web": 60, "api": 20}),
			ran("lint", success, 30), ran("test", success, 100), ran("smoke", success, 400)),
		aRun("2", createdAt("2026-03-03T21:30:00Z"), took(1200, 300, 20), standing(failed), withBuilds(map[string]int64{"web": 80}),
			ran("lint", success, 50), ran("test", failed, 200)),
		aRun("3", took(1800, -1, 60), withBuilds(map[string]int64{"web": 100, "api": 40, "docs": -1}),
			ran("lint", success, 70), ran("test", success, 300), ran("deploy", delivery.RunSkipped, 0)),
		aRun("4", took(2500, 600, 90), restarted),
		aRun("5", took(50, 5, 5), standing(delivery.RunCancelled), withBuilds(map[string]int64{"web": 5})),
		aRun("6", took(-1, -1, 3), standing(delivery.RunRunning)),
		aRun("7", took(-1, -1, -1), standing(delivery.RunUnknown)),
		aRun("8", took(300, -1, 30), elsewhere),
		aRun("9", took(90_000, -1, 3600), aside),
		aRun("11", createdAt("2026-03-02T09:00:00Z"), took(600, -1, 20)),
		aRun("12", createdAt("2026-03-02T10:00:00Z"), took(800, -1, 40)),
		aRun("13", createdAt("2026-03-02T11:00:00Z"), took(1000, -1, 60), standing(failed)),
	}
}

// twoDays is the range of the runs whose figures are computed by hand.
const twoDays = "?range=2d&bucket=day"

// Quantiles are R7 by hand: of {300, 480, 900, 1800, 1900} p80 is 1800 + 0.2 × 100.
func TestRunPanelsByHand(t *testing.T) {
	s := withRuns(t, knownRuns()...)
	left := map[string]int{"cancelled": 1, "unfinished": 1, "not_said": 1}
	tests := []struct {
		slug     string
		n        int
		excluded map[string]int
		headline map[string]string
		csv      string
	}{
		{
			"pipeline-duration", 5, left,
			map[string]string{"p50": "900", "p80": "1820", "p95": "1880", "count": "5"},
			"bucket,p50,p80,p95,count,partial\n2026-03-03,480,480,480,1,false\n2026-03-04,1350,1840,1885,4,true\n",
		}, {
			"pipeline-duration-e2e", 2,
			map[string]int{"cancelled": 1, "unfinished": 1, "not_said": 3, "restarted": 1},
			map[string]string{"p50": "210", "p80": "264", "p95": "291", "count": "2"},
			"bucket,p50,p80,p95,count,partial\n2026-03-03,120,120,120,1,false\n2026-03-04,300,300,300,1,true\n",
		}, {
			"pipeline-duration-total", 5, left,
			map[string]string{"p50": "1200", "p80": "1940", "p95": "2360", "count": "5"},
			"bucket,p50,p80,p95,count,partial\n2026-03-03,600,600,600,1,false\n2026-03-04,1500,2080,2395,4,true\n",
		}, {
			"queue-time", 5, left,
			map[string]string{"p50": "30", "p80": "66", "p95": "84", "count": "5"},
			"bucket,p50,p80,p95,count,partial\n2026-03-03,10,10,10,1,false\n2026-03-04,45,72,85.5,4,true\n",
		}, {
			"build-duration", 5,
			map[string]int{"cancelled": 1, "not_said": 1},
			map[string]string{"p50": "60", "p80": "84", "p95": "96", "count": "5"},
			"bucket,p50,p80,p95,count,partial\n2026-03-03,40,52,58,2,false\n2026-03-04,80,92,98,3,true\n",
		}, {
			"pipeline-success", 5, left,
			map[string]string{"rate": "0.8", "count": "5"},
			"bucket,rate,count,partial\n2026-03-03,1,1,false\n2026-03-04,0.75,4,true\n",
		}, {
			"pipeline-count", 8,
			map[string]int{},
			map[string]string{
				"success": "4", "failed": "1", "cancelled": "1", "skipped": "0", "unknown": "1", "unfinished": "1", "restarted": "1", "count": "8",
			},
			"bucket,success,failed,cancelled,unknown,unfinished,count,restarted,partial\n2026-03-03,1,0,0,0,0,1,0,false\n2026-03-04,3,1,1,1,1,7,1,true\n",
		}, {
			"pipeline-jobs", 7,
			map[string]int{"cancelled": 1},
			map[string]string{"count": "7"},
			"name,n,p50,p80,p95,total,failed\nsmoke,1,400,400,400,400,0\ntest,3,200,260,290,600,1\nlint,3,50,62,68,150,0\n",
		}, {
			"pipeline-jobs-total", 7,
			map[string]int{"cancelled": 1},
			map[string]string{"count": "7"},
			"name,n,p50,p80,p95,total,failed\ntest,3,200,260,290,600,1\nsmoke,1,400,400,400,400,0\nlint,3,50,62,68,150,0\n",
		}, {
			"build-times", 5,
			map[string]int{"cancelled": 1, "not_said": 1},
			map[string]string{"count": "5"},
			"name,n,p50,p80,p95,total\nweb,3,80,92,98,240\napi,2,30,36,39,60\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.slug, func(t *testing.T) {
			p := read[panelAnswer](s, "/api/v1/panels/"+tt.slug+twoDays)
			headline := map[string]string{}
			for name, v := range p.Headline {
				headline[name] = number(v)
			}
			if diff := cmp.Diff(tt.headline, headline); diff != "" {
				t.Errorf("headline (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.excluded, p.Excluded); diff != "" || p.N != tt.n {
				t.Errorf("n is %d, want %d; excluded (-want +got)\n%s", p.N, tt.n, diff)
			}
			res := s.api(http.MethodGet, "/api/v1/panels/"+tt.slug+".csv"+twoDays, readToken)
			if diff := cmp.Diff(tt.csv, rounded(res.body)); diff != "" || res.header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Errorf("CSV (-want +got)\n%s", diff)
			}
			checkAgainstCSV(t, &p, res.body)
		})
	}
}

// rounded is a table whose numbers have lost what binary fractions add to them.
func rounded(text string) string {
	return regexp.MustCompile(`\d+\.\d{6,}`).ReplaceAllStringFunc(text, func(digits string) string {
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return digits
		}
		return strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64)
	})
}

// checkAgainstCSV: each series of the JSON is a column of the CSV.
func checkAgainstCSV(t *testing.T, p *panelAnswer, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range p.Series {
		column := slices.Index(rows[0], series.Name)
		if column < 0 || len(series.Points) != len(rows)-1 {
			t.Fatalf("%s has %d points and column %d", series.Name, len(series.Points), column)
		}
		for i, point := range series.Points {
			v, _ := point["value"].(float64)
			if got := rows[i+1][column]; got != number(&v) {
				t.Errorf("%s of row %d is %s, want %s", series.Name, i, got, number(&v))
			}
		}
	}
}

// The figures against those of the two days before: of {600, 800, 1000} p50 is 800
// and p80 920, and too few to be called better or worse.
func TestPipelinesHeadline(t *testing.T) {
	s := withRuns(t, knownRuns()...)
	d := s.page("/panels/pipelines-headline" + twoDays)
	wantCells(t, d, ".figure h2", "Median pipeline", "80 % take at most", "Success rate", "Queue, 80 % wait at most", "Runs")
	wantCells(t, d, ".figure .value", "15 min", "30.3 min", "80 %", "1.1 min", "8")
	wantCells(t, d, ".figure .was", "13.3 min, 1 Mar – 2 Mar 2026", "15.3 min, 1 Mar – 2 Mar 2026", "66.7 %, 1 Mar – 2 Mar 2026", "52 s, 1 Mar – 2 Mar 2026", "3, 1 Mar – 2 Mar 2026")
	want(t, d, ".figure:nth-child(1)", "of 5 runs")
	want(t, d, ".figure:nth-child(5)", "1 started again")
	for selector, href := range map[string]string{
		".figure:nth-child(1) a": "/runs?bucket=day&range=2d&status=unknown&status=success&status=failed",
		".figure:nth-child(5) a": "/runs?bucket=day&range=2d&restarts=true",
	} {
		if got := d.Find(selector).AttrOr("href", ""); got != href {
			t.Errorf("%s leads to %s", selector, got)
		}
	}
	ru := s.page("/panels/pipelines-headline" + twoDays + "&lang=ru")
	wantCells(t, ru, ".figure .value", "15 мин", "30,3 мин", "80 %", "1,1 мин", "8")
	bad := s.get("/panels/pipelines-headline?restarts=maybe")
	if bad.status != http.StatusBadRequest {
		t.Errorf("a filter that cannot be used: %d", bad.status)
	}
}

// What narrows runs narrows what is computed from them.
func TestRunPanelFilters(t *testing.T) {
	s := withRuns(t, knownRuns()...)
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none}
teams:
  - {name: API, github_repositories: [acme/a*]}
  - {name: Shop, ci_projects: [acme/shop]}
tokens:
  - {name: reader, scopes: [read], token: reads-and-nothing-else}
`)
	for query, want := range map[string]string{
		"":                              "n=5 p50=900",
		"&project=acme/api":             "n=1 p50=300",
		"&repository=acme/api":          "n=1 p50=300",
		"&workflow=CI":                  "n=4 p50=1350",
		"&workflow=CI&workflow=Nightly": "n=5 p50=900",
		"&branch=feature":               "n=1 p50=90000",
		"&branch=*":                     "n=6 p50=1350",
		"&branch=main&branch=feature":   "n=6 p50=1350",
		"&restarts=true":                "n=1 p50=1900",
		"&restarts=false":               "n=4 p50=690",
		"&team=API":                     "n=1 p50=300",
		"&team=API&team=Shop":           "n=5 p50=900",
		"&team=API&project=acme/shop":   "n=0 p50=none",
		"&connection=ci":                "n=5 p50=900",
		"&connection=github":            "n=0 p50=none",
	} {
		p := read[panelAnswer](s, "/api/v1/panels/pipeline-duration"+twoDays+query)
		if got := fmt.Sprintf("n=%d p50=%s", p.N, number(p.Headline["p50"])); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string][]string{
		"queue=DEV":                    {"queue", "narrows"},
		"type=bug":                     {"type", "narrows"},
		"clock=business":               {"clock", "round the clock"},
		"restarts=maybe":               {"restarts", "not true or false"},
		"restarts=true&restarts=false": {"restarts", "more than once"},
		"status=failed":                {"status", "no such filter"},
		"team=Nobody":                  {"team", "no such team"},
		"project=%00":                  {"project", "not a name"},
		"bucket=year":                  {"bucket", "not day, week, month or auto"},
		"range=soon":                   {"range", "not a number of days"},
	} {
		for _, path := range []string{"/api/v1/panels/build-times", "/api/v1/panels/pipeline-count.csv"} {
			res := s.api(http.MethodGet, path+"?"+query, readToken)
			if res.status != http.StatusBadRequest || !strings.Contains(res.body, `"path":"`+want[0]+`"`) || !strings.Contains(res.body, want[1]) {
				t.Errorf("%s?%s answers %d: %s", path, query, res.status, res.body)
			}
		}
		page := s.get("/pipelines?" + query)
		if page.status != http.StatusBadRequest || page.doc.Find("[data-slot]").Length() != 0 {
			t.Errorf("/pipelines?%s answers %d with %d panels", query, page.status, page.doc.Find("[data-slot]").Length())
		}
		wantText := want[0] + ": "
		if got := textOf(page.doc, ".banner.bad"); !strings.Contains(got, wantText) {
			t.Errorf("/pipelines?%s says %q", query, got)
		}
	}
}

func TestPipelinesPageIsSlots(t *testing.T) {
	s := withRuns(t, knownRuns()...)
	d := s.page("/pipelines?project=acme%2Fshop&range=30d&restarts=false&branch=*")
	want(t, d, "h1", "Pipelines")
	var slugs []string
	for _, slot := range d.Find("[data-slot]").EachIter() {
		slug, query, _ := strings.Cut(slot.AttrOr("hx-get", ""), "?")
		slugs = append(slugs, strings.TrimPrefix(slug, "/panels/"))
		if query != "branch=%2A&project=acme%2Fshop&range=30d&restarts=false" {
			t.Errorf("%s asks with %s", slug, query)
		}
	}
	all := []string{"pipelines-headline"}
	for _, p := range panels() {
		if p.page == "/pipelines" {
			all = append(all, p.slug)
		}
	}
	if diff := cmp.Diff(all, slugs); diff != "" {
		t.Errorf("panels (-want +got)\n%s", diff)
	}
	checked := map[string]string{}
	for _, e := range d.Find("form.filters input:checked").EachIter() {
		checked[e.AttrOr("value", "")] = e.AttrOr("name", "")
	}
	if diff := cmp.Diff(map[string]string{"acme/shop": "project", "*": "branch"}, checked); diff != "" {
		t.Errorf("ticked (-want +got)\n%s", diff)
	}
	if got := d.Find("select[name=restarts] option[selected]").AttrOr("value", ""); got != "false" {
		t.Errorf("restarts is %q", got)
	}
	if s.page("/pipelines").Find("a.reset").Length() != 0 || d.Find("a.reset").AttrOr("href", "") != "/pipelines" {
		t.Error("the way back to the default is there when it is the default, or not when it is not")
	}
}

// Every run panel is drawn with the sentence, table and links that programs get.
func TestRunChartPanels(t *testing.T) {
	s := withRuns(t, knownRuns()...)
	for _, lang := range []string{"en", "ru"} {
		for _, p := range panels() {
			if p.of == delivery.OfRuns && p.parts != deployJobs { // it needs rules
				t.Run(p.slug+" "+lang, func(t *testing.T) { checkChartPanel(t, s, p, "bucket=day&lang="+lang+"&range=2d", lang) })
			}
		}
	}
}
