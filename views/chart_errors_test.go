package views

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// errorsData starts a panel of errors of the weeks of the other tests.
func errorsData(t *testing.T, slug string, shape delivery.Shape, of delivery.Quantity, n int, figures ...delivery.Figure) delivery.PanelData {
	t.Helper()
	q := flowQuery(t, delivery.Elapsed)
	return delivery.PanelData{
		Slug: slug, Of: delivery.OfErrors, Shape: shape, Quantity: of, Filter: q.Filter, Zone: q.Calendar.Zone(), Day: 24 * 3600e9,
		Sample: delivery.Sample{N: n, AsOf: q.Now}, Headline: figures,
	}
}

func value(v float64) *float64 { return &v }

// row is a series of bars over projects.
func row(name string, values map[string]float64, order ...string) delivery.Series {
	s := delivery.Series{Name: name}
	for _, x := range order {
		n := 40
		s.Points = append(s.Points, delivery.Point{X: x, Value: value(values[x]), N: &n, Category: &delivery.Category{Name: x}})
	}
	return s
}

func openPanel(t *testing.T) delivery.PanelData {
	d := errorsData(t, "errors-open", delivery.Bars, delivery.GroupCounts, 10, delivery.Figure{Name: "1h", Value: value(1)}, delivery.Figure{Name: "24h", Value: value(2)},
		delivery.Figure{Name: "14d", Value: value(3)}, delivery.Figure{Name: "older", Value: value(4)})
	for i, age := range delivery.ErrorAges() {
		d.Series = append(d.Series, row(string(age), map[string]float64{"pay": float64(i), delivery.OtherProjects: 1}, "pay", delivery.OtherProjects))
	}
	return d
}

func limitsPanel(t *testing.T) delivery.PanelData {
	d := errorsData(t, "rate-limits", delivery.Bars, delivery.Rates, 1, delivery.Figure{Name: "max", Value: value(0.8)})
	for _, s := range []struct {
		name string
		v    float64
	}{{"mean", 0.25}, {"peak", 0.8}, {"limit", 5.5}, {"accepted_rate", 1.25}} {
		d.Series = append(d.Series, row(s.name, map[string]float64{"pay": s.v}, "pay"))
	}
	return d
}

// weeks is a series over the five weeks.
func weeks(t *testing.T, d *delivery.PanelData, name string, values ...float64) {
	t.Helper()
	like := trend(t, delivery.Elapsed, nil)
	s := delivery.Series{Name: name}
	for i, point := range like.Series[0].Points {
		n := 50
		point.Value, point.N = nil, &n
		if i < len(values) {
			point.Value = value(values[i])
		}
		s.Points = append(s.Points, point)
	}
	d.Series = append(d.Series, s)
}

func eventsPanel(t *testing.T) delivery.PanelData {
	d := errorsData(t, "errors-events", delivery.Stack, delivery.EventTally, 200, delivery.Figure{Name: "accepted", Value: value(1200)},
		delivery.Figure{Name: "filtered", Value: value(20)}, delivery.Figure{Name: "rate_limited", Value: value(7)})
	weeks(t, &d, "accepted", 10, 20)
	weeks(t, &d, "rate_limited", 1, 2)
	weeks(t, &d, "count", 11, 22)
	d.Markers = []delivery.Marker{{At: day(t, "2026-02-04"), Kind: delivery.DeploymentMarker, Name: "pay v1"}, {At: day(t, "2026-02-05"), Kind: "workflow"}}
	return d
}

func crashPanel(t *testing.T) delivery.PanelData {
	d := errorsData(t, "crash-free", delivery.Trend, delivery.Rates, 200, delivery.Figure{Name: "rate", Value: value(0.9964)})
	weeks(t, &d, "rate", 0.9961, 0.9972)
	weeks(t, &d, "count", 50, 50)
	return d
}

func TestErrorChartGolden(t *testing.T) {
	for name, c := range map[string]struct {
		data delivery.PanelData
		lang string
	}{
		"errors_open": {openPanel(t), "en"}, "rate_limits": {limitsPanel(t), "ru"}, "errors_events": {eventsPanel(t), "en"}, "crash_free": {crashPanel(t), "ru"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(ChartOf(c.data, i18n.For(c.lang), ChartSpec{Lists: []string{"/a", "/b"}}), "", " ")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", "chart_"+name+".json")
			if *update {
				if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestErrorTables(t *testing.T) {
	table := func(d delivery.PanelData, lang string) string {
		_, rows, _ := shownTable(d, i18n.For(lang))
		var out []string
		for _, row := range rows {
			out = append(out, plainSpaces(strings.Join(row, " | ")))
		}
		return strings.Join(out, "\n")
	}
	if got := table(openPanel(t), "ru"); got != "pay | 0 | 1 | 2 | 3 | 40\nостальные | 1 | 1 | 1 | 1 | 40" {
		t.Errorf("open groups: %s", got)
	}
	if got := table(limitsPanel(t), "en"); got != "pay | 25 % | 80 % | 5.5 | 1.25 | 40" {
		t.Errorf("limits: %s", got)
	}
	if got := table(crashPanel(t), "en"); !strings.HasPrefix(got, "2 Feb 2026 | 99.61 % | 50 |") {
		t.Errorf("crash-free: %s", got)
	}
}

func TestErrorSummaries(t *testing.T) {
	p := i18n.For("en")
	for want, d := range map[string]delivery.PanelData{
		"10 error groups are open; 3 first seen in the last 24 hours, 4 more than 14 days ago.": openPanel(t),
		"In its busiest hour pay used 80 % of its limit.":                                       limitsPanel(t),
		"1,200 events were accepted, 20 were filtered and 7 rate limited.":                      eventsPanel(t),
		"99.64 % of 200 sessions went without a crash.":                                         crashPanel(t),
		"Nothing counts in this period.":                                                        errorsData(t, "crash-free", delivery.Trend, delivery.Rates, 0),
	} {
		if got := plainSpaces(Summary(d, p)); got != want {
			t.Errorf("%s: %q, want %q", d.Slug, got, want)
		}
	}
}

// Deployments are lines with names while there are few, and told one by one while a
// bucket has few.
func TestDeploymentLines(t *testing.T) {
	d := eventsPanel(t)
	lines := chartLines(&d, i18n.For("en"))
	if len(lines) != 2 || !lines[0].Event || lines[0].Label != "pay v1" || plainSpaces(lines[0].Text) != "Deployment of pay v1, 4 Feb 2026" || lines[1].Event {
		t.Errorf("lines: %+v", lines)
	}
	d.Markers = nil
	for range 9 {
		d.Markers = append(d.Markers, delivery.Marker{At: day(t, "2026-02-04"), Kind: delivery.DeploymentMarker, Name: "pay"})
	}
	lines = chartLines(&d, i18n.For("en"))
	if len(lines) != 9 || lines[0].Hidden || lines[0].Label != "" || lines[3].Text == "" || lines[4].Text != "and more deployments" || lines[5].Text != "" {
		t.Errorf("lines of many: %+v", lines)
	}
	d.Markers = []delivery.Marker{{At: d.Filter.From, Kind: delivery.DeploymentsMarker, Name: "61"}, {At: day(t, "2026-02-10"), Kind: delivery.DeploymentsMarker, Name: "3"}}
	if got := changes(&d, i18n.For("en")); len(got) != 1 || plainSpaces(got[0]) != "64 deployments to production are too many to draw as lines" {
		t.Errorf("under the chart: %q", got)
	}
	if lines = chartLines(&d, i18n.For("ru")); !lines[0].Hidden || lines[0].Text != "61 деплой" || lines[1].Text != "3 деплоя" {
		t.Errorf("lines of buckets: %+v", lines)
	}
}

func TestErrorLinks(t *testing.T) {
	p := Panel{Slug: "errors-open", Of: delivery.OfErrors, Query: "range=30d&bucket=week&environment=prod"}
	lists := p.Lists(t.Context(), openPanel(t))
	if len(lists) != 2 || lists[0] != "/errors/groups?environment=prod&project=pay&range=30d&state=open" || strings.Contains(lists[1], "project") {
		t.Errorf("rows lead to %q", lists)
	}
	p.Slug = "crash-free"
	if lists := p.Lists(t.Context(), crashPanel(t)); len(lists) != 5 || !strings.Contains(lists[0], "state=seen") || listed(crashPanel(t)) {
		t.Errorf("sessions lead to %q", lists)
	}
	p.Slug = "errors-events"
	lists = p.Lists(t.Context(), eventsPanel(t))
	if len(lists) != 5 || lists[1] != "/errors/groups?environment=prod&from=2026-02-09&state=seen&to=2026-02-15" {
		t.Errorf("buckets lead to %q", lists)
	}
	if got := string(p.rows(t.Context(), ".csv")); got != "/api/v1/error-groups.csv?environment=prod&range=30d&state=seen" {
		t.Errorf("rows are %s", got)
	}
}

func TestShare(t *testing.T) {
	for rate, want := range map[float64]string{1: "100 %", 0.5: "50 %", 0.9951: "99.51 %", 0.99951: "99.951 %", 0.999996: "99.9996 %", 0: "0 %"} {
		if got := plainSpaces(Share(i18n.For("en"), rate)); got != want {
			t.Errorf("%v is %s, want %s", rate, got, want)
		}
	}
}
