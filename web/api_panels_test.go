package web

import (
	"encoding/csv"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// panelAnswer is a panel as a program reads it.
type panelAnswer struct {
	Panel, Unit, Definition, Summary string
	Filter                           map[string]any
	AsOf                             string `json:"as_of"`
	N                                int
	Excluded                         map[string]int
	Series                           []struct {
		Name   string
		Points []map[string]any
	}
	Headline map[string]*float64
}

func (p *panelAnswer) series(t *testing.T, name string) []map[string]any {
	t.Helper()
	for _, s := range p.Series {
		if s.Name == name {
			return s.Points
		}
	}
	t.Fatalf("%s has no series %s", p.Panel, name)
	return nil
}

// listed is what a program needs to know of an issue to compute cycle times.
type listed struct {
	Key           string
	Title         string
	TypeKey       string `json:"type_key"`
	ResolutionKey string `json:"resolution_key"`
	ClosedAt      string `json:"closed_at"`
	FirstActiveAt string `json:"first_active_at"`
	CycleTime     *struct {
		Seconds  int64
		Business int64 `json:"business_seconds"`
	} `json:"cycle_time"`
}

// everyIssue follows a list to its end.
func everyIssue(s *site, query string) []listed {
	var all []listed
	cursor := ""
	for {
		page := read[apiList[listed]](s, "/api/v1/issues?limit=37&"+query+"&cursor="+url.QueryEscape(cursor))
		all = append(all, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			return all
		}
	}
}

// quantile is R7, written anew.
func quantile(values []float64, p float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	at := p * float64(len(sorted)-1)
	low, high := sorted[int(math.Floor(at))], sorted[int(math.Ceil(at))]
	v := low + (at-math.Floor(at))*(high-low)
	return &v
}

func near(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) <= 1e-9*math.Max(1, math.Abs(*a))
}

func checkQuantiles(t *testing.T, what string, got map[string]*float64, values []float64) {
	t.Helper()
	for name, p := range map[string]float64{"p50": .5, "p85": .85, "p95": .95} {
		if want := quantile(values, p); !near(got[name], want) {
			t.Errorf("%s: %s is %v, want %v", what, name, number(got[name]), number(want))
		}
	}
}

func number(v *float64) string {
	if v == nil {
		return "none"
	}
	return strconv.FormatFloat(*v, 'f', -1, 64)
}

// cycleTimes sorts issues closed in a range as the definition of cycle time
// says, and measures them by a clock.
func cycleTimes(issues []listed, clock string) (counted []listed, values []float64, excluded map[string]int) {
	excluded = map[string]int{}
	for _, i := range issues {
		switch {
		case i.ResolutionKey == "duplicate":
			excluded["excluded_resolution"]++
		case i.FirstActiveAt == "":
			excluded["never_active"]++
		default:
			v := i.CycleTime.Seconds
			if clock == "business" {
				v = i.CycleTime.Business
			}
			counted, values = append(counted, i), append(values, float64(v))
		}
	}
	return counted, values, excluded
}

// What the panels show can be recomputed from the list of issues.
func TestPanelsRecomputedFromIssues(t *testing.T) {
	s := inCompany(t, 400, nil)
	moscow, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		"range=90d&clock=elapsed", "range=90d&clock=business", "range=6m&bucket=month&queue=DEV&clock=business",
		"from=2026-01-10&to=2026-02-20&bucket=day&type=bug&type=task&clock=elapsed", "range=1d&clock=elapsed",
	} {
		t.Run(query, func(t *testing.T) {
			clock := query[strings.LastIndex(query, "=")+1:]
			list, _, _ := strings.Cut(query, "&clock=")
			counted, values, excluded := cycleTimes(everyIssue(s, "state=closed&"+list), clock)

			scatter := read[panelAnswer](s, "/api/v1/panels/cycle-time?"+query)
			if scatter.N != len(values) {
				t.Fatalf("n is %d, want %d", scatter.N, len(values))
			}
			if diff := cmp.Diff(excluded, scatter.Excluded); diff != "" {
				t.Errorf("excluded (-want +got)\n%s", diff)
			}
			checkQuantiles(t, "headline", scatter.Headline, values)
			if got := number(scatter.Headline["count"]); got != strconv.Itoa(len(values)) {
				t.Errorf("count is %s, want %d", got, len(values))
			}
			checkMarks(t, scatter.series(t, "issues"), counted, values)

			trend := read[panelAnswer](s, "/api/v1/panels/cycle-time-trend?"+query)
			checkQuantiles(t, "headline of the trend", trend.Headline, values)
			checkTrend(t, &trend, counted, values, moscow)
		})
	}
}

func checkMarks(t *testing.T, points []map[string]any, issues []listed, values []float64) {
	t.Helper()
	want := map[string]map[string]any{}
	for i, issue := range issues {
		want[issue.Key] = map[string]any{
			"t": issue.ClosedAt, "value": values[i], "key": issue.Key, "title": issue.Title, "type_key": issue.TypeKey,
			"type": map[string]string{"task": "Task", "bug": "Bug", "story": "Story"}[issue.TypeKey],
		}
	}
	got := map[string]map[string]any{}
	for _, p := range points {
		got[p["key"].(string)] = p
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("marks (-want +got)\n%s", diff)
	}
}

// checkTrend sorts issues into the buckets that the panel names.
func checkTrend(t *testing.T, trend *panelAnswer, issues []listed, values []float64, zone *time.Location) {
	t.Helper()
	unit := trend.Filter["bucket"]
	inBucket := map[string][]float64{}
	for i, issue := range issues {
		at, err := time.Parse(time.RFC3339Nano, issue.ClosedAt)
		if err != nil {
			t.Fatal(err)
		}
		y, m, d := at.In(zone).Date()
		switch unit {
		case "week":
			d -= (int(at.In(zone).Weekday()) + 6) % 7
		case "month":
			d = 1
		}
		label := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		inBucket[label] = append(inBucket[label], values[i])
	}
	enough := map[string]int{"p50": 3, "p85": 20, "p95": 30}
	for name, p := range map[string]float64{"p50": .5, "p85": .85, "p95": .95} {
		for _, point := range trend.series(t, name) {
			in := inBucket[point["bucket"].(string)]
			var got *float64
			if v, ok := point["value"].(float64); ok {
				got = &v
			}
			if want := quantile(in, p); !near(want, got) || point["n"] != float64(len(in)) || point["low_n"] != (len(in) < enough[name]) {
				t.Errorf("%s of %s: %v, want %s of %d", name, point["bucket"], point, number(want), len(in))
			}
		}
	}
	total := 0
	for _, point := range trend.series(t, "count") {
		total += int(point["value"].(float64))
	}
	if total != len(values) {
		t.Errorf("the buckets hold %d, want %d", total, len(values))
	}
}

func TestTimeInStatusRecomputedFromIssues(t *testing.T) {
	s := inCompany(t, 120, nil)
	for _, clock := range []string{"elapsed", "business"} {
		t.Run(clock, func(t *testing.T) {
			panel := read[panelAnswer](s, "/api/v1/panels/time-in-status?range=60d&clock="+clock)
			values := map[string][]float64{}
			open := everyIssue(s, "state=open&range=60d")
			for _, i := range open {
				full := read[struct {
					Totals map[string]delivery.StatusTotal `json:"totals_by_status_key"`
				}](s, "/api/v1/issues/"+i.Key+"?as_of="+panel.AsOf)
				for key, total := range full.Totals {
					v := total.DurationSeconds
					if clock == "business" {
						v = total.BusinessSeconds
					}
					values[key] = append(values[key], float64(v))
				}
			}
			if panel.N != len(open) || number(panel.Headline["count"]) != strconv.Itoa(len(open)) {
				t.Errorf("n is %d, want %d", panel.N, len(open))
			}
			for name, p := range map[string]float64{"p50": .5, "p85": .85} {
				var order []string
				for _, point := range panel.series(t, name) {
					key := point["x"].(string)
					order = append(order, key+" "+point["class"].(string))
					got := point["value"].(float64)
					if want := quantile(values[key], p); !near(want, &got) || point["n"] != float64(len(values[key])) {
						t.Errorf("%s of %s: %v, want %s of %d", name, key, point, number(want), len(values[key]))
					}
				}
				want := []string{"open waiting", "inProgress active", "testing active", "closed closed"}
				if diff := cmp.Diff(want, order); diff != "" {
					t.Errorf("order of %s (-want +got)\n%s", name, diff)
				}
			}
		})
	}
}

func TestAPIPanelForm(t *testing.T) {
	s := newSite(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	s.addIssues()
	got := read[map[string]any](s, "/api/v1/panels/cycle-time?queue=DEV&range=30d")
	delete(got, "definition")
	want := map[string]any{
		"panel": "cycle-time", "title": "Cycle time of finished issues", "unit": "seconds", "method": "R7", "definition_version": 1.0,
		"filter": map[string]any{
			"connection": []any{}, "queue": []any{"DEV"}, "type": []any{}, "team": []any{}, "from": "2026-02-03T00:00:00.000Z", "to": "2026-03-05T00:00:00.000Z",
			"bucket": "day", "clock": "elapsed", "timezone": "UTC",
		},
		"as_of": "2026-03-04T12:00:00.000Z", "n": 1.0, "excluded": map[string]any{},
		"series": []any{map[string]any{"name": "issues", "points": []any{map[string]any{
			"t": "2026-03-02T12:00:00.000Z", "value": 691200.0, "key": "DEV-1", "title": "Issue 1", "type_key": "task", "type": "Task",
		}}}},
		"headline": map[string]any{"p50": 691200.0, "p85": 691200.0, "p95": 691200.0, "count": 1.0},
		"summary":  "1 issue finished, too few for percentiles; the slowest, DEV-1, took 8 days.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("cycle-time (-want +got)\n%s", diff)
	}

	trend := read[panelAnswer](s, "/api/v1/panels/cycle-time-trend?range=14d&bucket=week&lang=ru")
	wantPoints := []map[string]any{
		{"t": "2026-02-16T00:00:00.000Z", "bucket": "2026-02-16", "value": nil, "n": 0.0, "partial": true, "low_n": true},
		{"t": "2026-02-23T00:00:00.000Z", "bucket": "2026-02-23", "value": nil, "n": 0.0, "partial": false, "low_n": true},
		{"t": "2026-03-02T00:00:00.000Z", "bucket": "2026-03-02", "value": 691200.0, "n": 2.0, "partial": true, "low_n": true},
	}
	if diff := cmp.Diff(wantPoints, trend.series(t, "p50")); diff != "" {
		t.Errorf("p50 of the trend (-want +got)\n%s", diff)
	}
	if want := "Половина задач уложилась в 8 дней; по отдельным отрезкам задач слишком мало, чтобы говорить о динамике."; trend.Summary != want {
		t.Errorf("summary %q, want %q", trend.Summary, want)
	}

	none := read[panelAnswer](s, "/api/v1/panels/cycle-time?queue=NONE")
	if none.N != 0 || none.Headline["p50"] != nil || number(none.Headline["count"]) != "0" || none.Series[0].Points == nil {
		t.Errorf("of nothing: %+v", none)
	}
}

func TestAPIPanelList(t *testing.T) {
	s := newSite(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	first := read[apiList[apiPanelEntry]](s, "/api/v1/panels?limit=2&lang=ru")
	rest := read[apiList[apiPanelEntry]](s, "/api/v1/panels?cursor="+first.NextCursor)
	var got []string
	for _, p := range append(first.Items, rest.Items...) {
		got = append(got, p.Panel+" "+p.Page+" "+p.Unit)
		if p.Definition == "" || p.Title == "" {
			t.Errorf("%s without texts", p.Panel)
		}
	}
	if diff := cmp.Diff([]string{
		"cycle-time /flow seconds", "cycle-time-trend /flow seconds", "cycle-time-histogram /flow seconds", "control-chart /flow seconds",
		"aging /flow seconds", "throughput /flow issues", "forecast /flow issues", "cumulative-flow /flow issues",
		"lead-time-trend /flow seconds", "time-in-status /flow seconds", "flow-efficiency /flow ratio", "blocked-time /flow seconds",
		"pipeline-duration /pipelines seconds", "pipeline-duration-e2e /pipelines seconds", "pipeline-duration-total /pipelines seconds",
		"pipeline-success /pipelines ratio", "pipeline-count /pipelines runs", "queue-time /pipelines seconds", "build-duration /pipelines seconds",
		"pipeline-jobs /pipelines seconds", "pipeline-jobs-total /pipelines seconds", "build-times /pipelines seconds",
		"job-failure-rate /pipelines ratio",
		"deployment-frequency /dora deployments", "change-lead-time /dora seconds", "lead-time-stages /dora seconds",
		"change-fail-rate /dora ratio", "recovery-time /dora seconds", "rework-rate /dora ratio",
		"incidents /dora incidents", "tickets /dora tickets",
		"errors-open /errors groups", "errors-events /errors events", "errors-resolve-time /errors seconds",
		"errors-by-release /errors groups", "crash-free /errors ratio", "rate-limits /errors ratio", "series /series value",
	}, got); diff != "" {
		t.Error(diff)
	}
	if first.Items[0].Title != "Время цикла завершённых задач" || rest.NextCursor != "" {
		t.Errorf("%q, then %q", first.Items[0].Title, rest.NextCursor)
	}
	for _, slug := range []string{"nothing", "cycle-time.gif", "cycle-time.", "flow-headline", "flow-headline.svg"} {
		if res := s.api(http.MethodGet, "/api/v1/panels/"+slug, readToken); res.status != http.StatusNotFound {
			t.Errorf("%s: %d", slug, res.status)
		}
	}
}

func TestAPIPanelCSV(t *testing.T) {
	s := inCompany(t, 60, nil)
	tests := []struct{ slug, header string }{
		{"cycle-time", "closed_at,key,title,type_key,type,seconds"},
		{"cycle-time-trend", "bucket,p50,p85,p95,count,partial"},
		{"time-in-status", "status_key,status,class,n,p50,p85"},
	}
	for _, tt := range tests {
		t.Run(tt.slug, func(t *testing.T) {
			res := s.api(http.MethodGet, "/api/v1/panels/"+tt.slug+".csv?clock=business", readToken)
			rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
			if err != nil || res.status != http.StatusOK || res.header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Fatalf("%d, %v", res.status, err)
			}
			if got := strings.Join(rows[0], ","); got != tt.header {
				t.Errorf("header %s, want %s", got, tt.header)
			}
			p := read[panelAnswer](s, "/api/v1/panels/"+tt.slug+"?clock=business")
			if len(rows)-1 != len(p.Series[0].Points) {
				t.Errorf("%d rows, want %d", len(rows)-1, len(p.Series[0].Points))
			}
			for i, point := range p.Series[0].Points {
				column := slices.Index(rows[0], map[bool]string{true: "seconds", false: "p50"}[tt.slug == "cycle-time"])
				want := ""
				if v, ok := point["value"].(float64); ok {
					want = strconv.FormatFloat(v, 'f', -1, 64)
				}
				if rows[i+1][column] != want {
					t.Errorf("row %d: %s, want %s", i, rows[i+1][column], want)
				}
			}
		})
	}
}

func TestAPIIssueLists(t *testing.T) {
	s := inCompany(t, 250, nil)
	from, to := testNow.AddDate(0, 0, -60), testNow
	span := fmt.Sprintf("from=%s&to=%s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	want := map[string][]string{}
	for _, record := range company(250).Issues {
		created := record.CreatedAt.Time()
		closed := record.Status.Key == "closed"
		if !created.Before(from) && created.Before(to) {
			want["state="] = append(want["state="], record.Key)
		}
		if closedAt := record.UpdatedAt.Time(); closed && !closedAt.Before(from) && closedAt.Before(to) {
			want["state=closed"] = append(want["state=closed"], record.Key)
		}
	}
	for state, keys := range want {
		var got []string
		for _, i := range everyIssue(s, state+"&"+span) {
			got = append(got, i.Key)
		}
		slices.Sort(got)
		slices.Sort(keys)
		if diff := cmp.Diff(keys, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", state, diff)
		}
		res := s.api(http.MethodGet, "/api/v1/issues.csv?"+state+"&"+span, readToken)
		rows, err := csv.NewReader(strings.NewReader(res.body)).ReadAll()
		if err != nil || len(rows) != len(keys)+1 {
			t.Fatalf("%s as CSV: %d rows, %v", state, len(rows), err)
		}
		var fromCSV []string
		for _, row := range rows[1:] {
			fromCSV = append(fromCSV, row[slices.Index(rows[0], "key")])
		}
		slices.Sort(fromCSV)
		if diff := cmp.Diff(keys, fromCSV); diff != "" {
			t.Errorf("%s as CSV (-want +got)\n%s", state, diff)
		}
	}
}

func TestAPIIssue(t *testing.T) {
	s := newSite(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	s.addIssues()
	got := read[map[string]any](s, "/api/v1/issues/DEV-1")
	want := map[string]any{
		"key": "DEV-1", "id": "1", "connection": "tracker", "queue": "DEV", "url": nil, "comments": 0.0, "custom_fields": map[string]any{},
		"status_key": "closed", "created_at": "2026-02-12T12:00:00.000Z", "closed_at": "2026-03-02T12:00:00.000Z", "first_active_at": "2026-02-22T12:00:00.000Z",
		"lead_time":  map[string]any{"seconds": 1555200.0, "business_seconds": 12.0 * 9 * 3600},
		"cycle_time": map[string]any{"seconds": 691200.0, "business_seconds": 5.0*9*3600 + 3*3600},
		"age":        nil, "wip_age": nil, "is_closed": true, "reopen_count": 0.0, "anomalies": []any{},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if periods := got["periods"].([]any); len(periods) != 3 {
		t.Errorf("%d periods", len(periods))
	}
	open := read[map[string]any](s, "/api/v1/issues/DEV-1?as_of=2026-02-23T12:00:00Z")
	if open["status_key"] != "inProgress" || open["is_closed"] != false || open["closed_at"] != nil {
		t.Errorf("as of the 23rd: %v %v %v", open["status_key"], open["is_closed"], open["closed_at"])
	}
	for path, wrong := range map[string]string{"/api/v1/issues/DEV-99": "key", "/api/v1/issues/DEV-1?as_of=2026-01-01T00:00:00Z": "as_of"} {
		res := s.api(http.MethodGet, path, readToken)
		if e := errorOf(t, res).Error; res.status != http.StatusNotFound || e.Path != wrong || e.Message == "" {
			t.Errorf("%s: %d %+v", path, res.status, e)
		}
	}
	list := read[apiList[map[string]any]](s, "/api/v1/issues?queue=DEV&range=30d")
	for _, name := range []string{"periods", "totals_by_status_key", "anomalies"} {
		if _, ok := list.Items[0][name]; ok {
			t.Errorf("a listed issue holds %s", name)
		}
	}
}

// Spreadsheets run what begins like a formula.
func TestCSVText(t *testing.T) {
	for text, want := range map[string]string{"=1+1": "'=1+1", "+7": "'+7", "@a": "'@a", "-1": "'-1", "a=b": "a=b", "": "", "Ёж": "Ёж"} {
		if got := csvText(text); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
}
