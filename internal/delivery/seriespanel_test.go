package delivery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// points is a SeriesStore of what it holds.
type points struct {
	SeriesStore
	series []StoredSeries
	values map[int64][]SeriesPoint
}

func (p *points) add(metric string, tags []Tag, first, step Instant, values ...float64) {
	key := SeriesKey{Metric: metric, Tags: tags}
	p.series = append(p.series, StoredSeries{SeriesKey: key, ID: key.ID()})
	for i, v := range values {
		p.values[key.ID()] = append(p.values[key.ID()], SeriesPoint{Series: key.ID(), At: first + Instant(i)*step, Value: v})
	}
}

func (p *points) SeriesOf(_ context.Context, metric string) ([]StoredSeries, error) {
	out := slices.DeleteFunc(slices.Clone(p.series), func(s StoredSeries) bool { return s.Metric != metric })
	slices.SortFunc(out, func(a, b StoredSeries) int { return a.Compare(&b.SeriesKey) })
	return out, nil
}

func (p *points) ReadPoints(_ context.Context, q PointQuery) iter.Seq2[SeriesPoint, error] {
	return func(yield func(SeriesPoint, error) bool) {
		fold := NewFoldPoints(&q, func(p SeriesPoint) bool { return yield(p, nil) })
		for _, id := range q.Series {
			for _, v := range p.values[id] {
				if v.At >= q.From && v.At < q.To && !fold.Point(id, v.At, v.Value) {
					return
				}
			}
		}
		fold.End()
	}
}

const aMinute = Instant(60_000)

// aWeek asks for a week that ends a day after now.
func aWeek(queries ...string) SeriesAsked {
	now := InstantOf(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	return SeriesAsked{Filter: Filter{From: now - 6*msPerDay, To: now + msPerDay, Queries: queries}, Zone: time.UTC, Now: now}
}

func twoHosts() *points {
	q, s := aWeek(), &points{values: map[int64][]SeriesPoint{}}
	first := q.Now - 59*aMinute
	s.add("ci.time", []Tag{{"host", "a"}, {"suite", "unit"}}, first, aMinute, slices.Repeat([]float64{1, 3}, 40)...) // the last 20 are yet to come
	s.add("ci.time", []Tag{{"host", "b"}, {"suite", "unit"}}, first, aMinute, slices.Repeat([]float64{10}, 60)...)
	s.add("infinite", nil, first, aMinute, math.MaxFloat64, math.MaxFloat64, 1)
	return s
}

// shownSeries are the panel's series, each in a line: name (label) n=points last.
func shownSeries(d PanelData) []string {
	var out []string
	for i, s := range d.Series {
		last := *s.Points[len(s.Points)-1].Value
		out = append(out, fmt.Sprintf("%s (%s) n=%d %g", s.Name, d.Notes.Labels[i], len(s.Points), last))
	}
	return out
}

func TestSeriesPanel(t *testing.T) {
	tests := []struct {
		name    string
		queries []string
		want    []string
		means   time.Duration
	}{
		{"means where nothing is cut", []string{"fetch('ci.time')"}, []string{
			"ci.time{host=a, suite=unit} (a) n=3 3", "ci.time{host=b, suite=unit} (b) n=3 10",
		}, 30 * time.Minute},
		{"as it is asked", []string{"fetch('ci.time', host='a').downsample('10m', 'sum')"}, []string{"ci.time{host=a, suite=unit} (ci.time) n=7 3"}, 0},
		{"a sum of means is cut behind it", []string{"fetch('ci.time').sum_by()"}, []string{"ci.time (ci.time) n=3 13"}, 30 * time.Minute},
		{"only what is put out", []string{"a = fetch('ci.time'); b = a.downsample('1h', 'max'); c = a.rate()\noutput(b)"}, []string{
			"b{host=a, suite=unit} (a) n=2 3", "b{host=b, suite=unit} (b) n=2 10",
		}, 0},
		{"queries with names of their own", []string{"fetch('ci.time', host='a')", "x = fetch('ci.time', host='b'); output(x)"}, []string{
			"ci.time{host=a, suite=unit} (ci.time{host=a, suite=unit}) n=3 3", "x{host=b, suite=unit} (x{host=b, suite=unit}) n=3 10",
		}, 30 * time.Minute},
		{"queries with the same name", []string{"fetch('ci.time', host='a').downsample('1h', 'avg')", "fetch('ci.time', host='a').downsample('1h', 'max')"}, []string{
			"A: ci.time{host=a, suite=unit} (A: ci.time{host=a, suite=unit}) n=2 3", "B: ci.time{host=a, suite=unit} (B: ci.time{host=a, suite=unit}) n=2 3",
		}, 0},
		{"one query with the same name", []string{"output(fetch('ci.time', host='b').max_by(), fetch('ci.time', host='b').min_by())"}, []string{
			"ci.time (ci.time) n=3 10", "ci.time (2) (ci.time (2)) n=3 10",
		}, 30 * time.Minute},
		{"what is no number is not drawn", []string{"fetch('infinite').downsample('1m', 'sum')", "fetch('infinite').downsample('1w', 'sum')"}, []string{
			"infinite (infinite) n=3 1",
		}, 0},
		{"no query", nil, nil, 0},
		{"nothing found", []string{"fetch('nope')"}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := SeriesPanel(t.Context(), twoHosts(), aWeek(tt.queries...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, shownSeries(d)); diff != "" {
				t.Errorf("series (-want +got)\n%s", diff)
			}
			if d.Notes.Means != tt.means {
				t.Errorf("means of %s, want %s", d.Notes.Means, tt.means)
			}
			n := 0
			for _, s := range d.Series {
				n += len(s.Points)
			}
			if d.N != n || *d.Figure("count") != float64(n) || d.Series == nil || (d.Figure("mean") != nil) != (len(d.Series) == 1 && !strings.Contains(tt.queries[0], "infinite")) {
				t.Errorf("n %d of %d, headline %v", d.N, n, d.Headline)
			}
		})
	}
}

func TestSeriesPanelFigures(t *testing.T) {
	d, err := SeriesPanel(t.Context(), twoHosts(), aWeek("fetch('ci.time', host='a').downsample('1m', 'avg')"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"count": 60, "last": 3, "min": 1, "max": 3, "mean": 2} {
		if got := d.Figure(name); got == nil || *got != want {
			t.Errorf("%s is %v, want %g", name, got, want)
		}
	}
}

func TestSeriesPanelBounds(t *testing.T) {
	q, s := aWeek("fetch('many').downsample('1d', 'avg')"), &points{values: map[int64][]SeriesPoint{}}
	for i := range 60 {
		s.add("many", []Tag{{"host", fmt.Sprintf("%02d", i)}}, q.From, aMinute, 1)
	}
	d, err := SeriesPanel(t.Context(), s, q)
	if err != nil || len(d.Series) != 50 || d.Excluded[SeriesBeyond] != 10 || d.Series[49].Name != "many{host=49}" || d.N != 50 {
		t.Errorf("%d series, %v left out, %v", len(d.Series), d.Excluded, err)
	}
	for i := range 3 {
		s.add("long", []Tag{{"host", fmt.Sprint(i)}}, q.From, 10_000, make([]float64, 50_000)...)
	}
	s.add("deep", nil, q.From, 1, make([]float64, 1_000_001)...)
	var wrong *FilterError
	if _, err := SeriesPanel(t.Context(), s, aWeek("fetch('long').downsample('10s', 'avg')")); !errors.As(err, &wrong) || wrong.Param != "q" || wrong.Code != "series_points" {
		t.Errorf("150,000 points: %v", err)
	}
	if _, err := SeriesPanel(t.Context(), s, aWeek("fetch('many')", "fetch('deep').rate()")); !errors.As(err, &wrong) || wrong.Query == nil || wrong.Query.Query != 1 || wrong.Query.Code != "many_points" {
		t.Errorf("a million points: %v", err)
	}
	past := aWeek("fetch('many')")
	past.From, past.To = past.Now+msPerDay, past.Now+2*msPerDay
	if d, err := SeriesPanel(t.Context(), s, past); err != nil || d.N != 0 {
		t.Errorf("of days to come: %d points, %v", d.N, err)
	}
}

func TestSeriesMarkers(t *testing.T) {
	d := PanelData{Filter: Filter{From: 100, To: 200}}
	data := &DoraData{Groups: []Group{
		{Service: "pay", Version: "2", FinishedAt: 150, Succeeded: true},
		{Service: "pay", Version: "3", FinishedAt: 250, Succeeded: true},
		{Service: "pay", Version: "4", FinishedAt: 160},
	}, Incidents: []LinkedIncident{{Title: "slow", StartedAt: 120}, {Title: "old", StartedAt: 20}}}
	d.Mark(data)
	if diff := cmp.Diff([]Marker{{120, IncidentMarker, "slow"}, {150, DeploymentMarker, "pay 2"}}, d.Markers); diff != "" {
		t.Errorf("markers (-want +got)\n%s", diff)
	}
	d.Markers = nil
	data.Incidents = slices.Repeat([]LinkedIncident{{StartedAt: 120}}, 100)
	if d.Mark(data); len(d.Markers) != 0 || d.Notes.Unmarked != 101 {
		t.Errorf("of 101 there are %d markers, and %d are told of", len(d.Markers), d.Notes.Unmarked)
	}
}

func TestSeriesFilter(t *testing.T) {
	now := InstantOf(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	f, err := ParseFilter(url.Values{"q": {"fetch('b')\r\n", "", "fetch('a')", "fetch('b')"}, "service": {"pay"}, "range": {"7d"}}, OfSeries, time.UTC, now)
	if err != nil || !slices.Equal(f.Queries, []string{"fetch('b')", "fetch('a')"}) || !slices.Equal(f.Services, []string{"pay"}) {
		t.Errorf("%q, %v", f.Queries, err)
	}
	many := make([]string, 9)
	for i := range many {
		many[i] = fmt.Sprintf("fetch('%d')", i)
	}
	for text, q := range map[string]url.Values{
		"q: query 2, line 2, column 1: \")\" where": {"q": {"fetch('a')", "a=fetch('b')\n)"}},
		"q: more than 8 queries":                    {"q": many},
		"clock: series are measured":                {"clock": {"business"}},
		"project: narrows":                          {"project": {"x"}},
		"q: query 1, column 1: the query is longer": {"q": {strings.Repeat("x", MaxSeriesQuery+1)}},
	} {
		if _, err := ParseFilter(q, OfSeries, time.UTC, now); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v, want %q", q, err, text)
		}
	}
}

// TestSeriesPanelHighest: of too many series those that are highest at the end are
// drawn, and a query that finds nothing beside one that does is named.
func TestSeriesPanelHighest(t *testing.T) {
	s := twoHosts()
	q := aWeek("fetch('sixty')", "fetch('nope')")
	for i := range 60 {
		s.add("sixty", []Tag{{"n", fmt.Sprint(i)}}, q.From, 10_000, 100, float64(i))
	}
	d, err := SeriesPanel(t.Context(), s, q)
	if err != nil || len(d.Series) != 50 || d.Excluded[SeriesBeyond] != 10 {
		t.Fatalf("%d series, %v, %v", len(d.Series), d.Excluded, err)
	}
	for _, one := range d.Series {
		if len(one.Name) == len("A: sixty{n=0}") {
			t.Errorf("%s is drawn", one.Name)
		}
	}
	if diff := cmp.Diff([]string{"B"}, d.Notes.Nothing); diff != "" || d.Notes.Means == 0 {
		t.Error(diff, d.Notes.Means)
	}
}
