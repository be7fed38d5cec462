package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// heap is a SeriesStore in memory, for what the language makes of points.
type heap struct {
	delivery.SeriesStore
	series []delivery.StoredSeries
	points map[int64][]delivery.SeriesValue
	asked  []delivery.PointQuery
}

func (h *heap) add(metric string, tags []delivery.Tag, points ...delivery.SeriesValue) {
	key := delivery.SeriesKey{Metric: metric, Tags: tags}
	if h.points == nil {
		h.points = map[int64][]delivery.SeriesValue{}
	}
	h.series = append(h.series, delivery.StoredSeries{SeriesKey: key, ID: key.ID()})
	h.points[key.ID()] = points
}

func (h *heap) SeriesOf(_ context.Context, metric string) ([]delivery.StoredSeries, error) {
	return slices.DeleteFunc(slices.Clone(h.series), func(s delivery.StoredSeries) bool { return s.Metric != metric }), nil
}

func (h *heap) ReadPoints(_ context.Context, q delivery.PointQuery) iter.Seq2[delivery.SeriesPoint, error] {
	h.asked = append(h.asked, q)
	return func(yield func(delivery.SeriesPoint, error) bool) {
		fold := delivery.NewFoldPoints(&q, func(p delivery.SeriesPoint) bool { return yield(p, nil) })
		for _, id := range q.Series {
			for _, p := range h.points[id] {
				if p.At >= q.From && p.At < q.To && !fold.Point(id, p.At, p.Value) {
					return
				}
			}
		}
		fold.End()
	}
}

func tags(pairs ...string) (out []delivery.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, delivery.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return out
}

const second, minute = delivery.Instant(1000), delivery.Instant(60_000)

func every(step delivery.Instant, values ...float64) (out []delivery.SeriesValue) {
	for i, v := range values {
		out = append(out, delivery.SeriesValue{At: 600*minute + delivery.Instant(i)*step, Value: v})
	}
	return out
}

func newHeap() *heap {
	h := &heap{}
	h.add("ci.time", tags("host", "a", "suite", "unit"), every(30*second, 10, 20, 30, 40)...)
	h.add("ci.time", tags("host", "b", "suite", "unit"), every(30*second, 1, 2, 3, 4)...)
	h.add("ci.time", tags("host", "b", "suite", "e2e"), every(minute, 100, 200)...)
	h.add("count", nil, every(10*second, 5, 25, 20, 40)...)
	return h
}

// shown is an answer, a line for each series.
func shown(a *delivery.SeriesAnswer) []string {
	out := []string{}
	for _, o := range a.Outputs {
		for _, s := range o.Series {
			text := o.ID + ": " + s.String()
			if len(s.Aggregated) > 0 {
				text += " over " + strings.Join(s.Aggregated, " ")
			}
			for _, p := range s.Points {
				text += fmt.Sprintf(" %d=%.6g", (p.At-600*minute)/second, p.Value)
			}
			out = append(out, text)
		}
	}
	return out
}

func TestSeriesQuery(t *testing.T) {
	for query, want := range map[string][]string{
		`fetch('ci.time', suite='e2e')`:                                      {"ci.time: ci.time{host=b, suite=e2e} 0=100 60=200"},
		`fetch("ci.time", host='a').downsample('1m', 'avg')`:                 {"ci.time: ci.time{host=a, suite=unit} 0=15 60=35"},
		`fetch('ci.time', "host"='a').downsample('1m', 'p75')`:               {"ci.time: ci.time{host=a, suite=unit} 0=17.5 60=37.5"},
		`fetch('ci.time', suite='unit').downsample('2m','sum').sum_by()`:     {"ci.time: ci.time over host suite 0=110"},
		`fetch('ci.time').downsample('1m','max').avg_by('suite')`:            {"ci.time: ci.time{suite=e2e} over host 0=100 60=200", "ci.time: ci.time{suite=unit} over host 0=11 60=22"},
		`fetch('ci.time').downsample('1m','max').p50_by('host', 'host')`:     {"ci.time: ci.time{host=a} over suite 0=20 60=40", "ci.time: ci.time{host=b} over suite 0=51 60=102"},
		`fetch('ci.time').sum_by('host').downsample('1m','last')`:            {"ci.time: ci.time{host=a} over suite 0=20 60=40", "ci.time: ci.time{host=b} over suite 0=2 60=4"},
		`fetch('ci.time', suite!='unit')`:                                    {"ci.time: ci.time{host=b, suite=e2e} 0=100 60=200"},
		`fetch('ci.time', host=~'a|x', suite=~'un.*')`:                       {"ci.time: ci.time{host=a, suite=unit} 0=10 30=20 60=30 90=40"},
		`fetch('ci.time', suite!~'u.*', rack='')`:                            {"ci.time: ci.time{host=b, suite=e2e} 0=100 60=200"},
		`fetch('ci.time', suite=~'uni')`:                                     {},
		`fetch('count').rate()`:                                              {"count: count 10=2 20=2 30=2"},
		`a = fetch('count'); b=a.downsample('1m','count') ; output(a, b)`:    {"a: count 0=5 10=25 20=20 30=40", "b: count 0=4"},
		"a=fetch('count')\n\nb = a\n  .downsample('1m',\n 'min')\noutput(b)": {"b: count 0=5"},
		"a=fetch('count') # all of it\na":                                    {"a: count 0=5 10=25 20=20 30=40"},
		`output(fetch('count').downsample('30s','first'))`:                   {"count: count 0=5 30=40"},
		`fetch('count').downsample('auto','avg')`:                            {"count: count 0=5 10=25 20=20 30=40"},
		`fetch('ci.time', suite='unit').count_by().max_by()`:                 {"ci.time: ci.time over host suite 0=2 30=2 60=2 90=2"},
		`fetch('nothing')`: {},
		`a=fetch('ci.time',host='a',suite='unit').min_by('host');output(a);a`: {"a: ci.time{host=a} over suite 0=10 30=20 60=30 90=40", "a: ci.time{host=a} over suite 0=10 30=20 60=30 90=40"},
	} {
		program, err := delivery.ParseSeriesQuery(query)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		answer, err := program.Run(t.Context(), newHeap(), 600*minute, 660*minute)
		if err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if d := cmp.Diff(want, shown(&answer)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
}

func TestSeriesQueryErrors(t *testing.T) {
	for query, want := range map[string]string{
		"":                            "column 1: the query is empty: begin with fetch('name')",
		"fetch":                       "column 6: the query ends where \"(\" should be",
		"fetch()":                     "column 7: \")\" where the name of a metric in quotes should be",
		"fetch('')":                   "column 7: a metric has a name",
		"fetch('a'":                   "column 10: the query ends where \")\" should be",
		"fetch('a)":                   "column 7: a quote that is not closed",
		"fetch('a') fetch('b')":       "column 12: \"fetch\" where a semicolon or a new line should be",
		"fetch('время', хост=5.5, b)": "column 27: \")\" where =, !=, =~ or !~ should be",
		"fetch('a', b=~'(\\pL{500}|.)(\\pL{500}|.)')": "column 15: the regular expression comes to too much: make it simpler",
		"fetch('a').rate('1m')":                       "column 17: \"1m\" where \")\" should be",
		"fetch('a', b=~'(')":                          "column 15: not a regular expression: missing closing ): `(`",
		"fetch('a').downsample('1x', 'avg')":          "column 23: \"1x\" is not an interval like 30s, 1m, 1h, 1d or auto",
		"fetch('a').downsample('0m', 'avg')":          "column 23: \"0m\" is not an interval like 30s, 1m, 1h, 1d or auto",
		"fetch('a').downsample('1m', 'mean')":         "column 29: \"mean\" is not avg, sum, min, max, count, first, last, median or a percentile like p95",
		"fetch('a').downsample('1m', 'p101')":         "column 29: \"p101\" is not avg, sum, min, max, count, first, last, median or a percentile like p95",
		"fetch('a').downsample('1m')":                 "column 12: write .downsample('1m', 'avg'): an interval and what a bucket's value is",
		"fetch('a').first_by()":                       "column 12: there is no .first_by()",
		"b.rate()":                                    "column 1: nothing is called b",
		"a=fetch('a')":                                "column 13: nothing is put out",
		"fetch=fetch('a')":                            "column 1: fetch cannot be a name of yours",
		"a=fetch('a')\nb=a.\noutput(b)":               "line 2, column 5: a new line or semicolon where downsample, rate or sum_by should be",
		"fetch('a')\n.downsample('1m' 'avg')":         "line 2, column 18: \"avg\" where \")\" should be",
		"a=fetch('a')\noutput(a, c)":                  "line 2, column 11: nothing is called c",
		"fetch('a') | rate":                           "column 12: \"|\" has no meaning here",
		"'a'":                                         "column 1: \"a\" where fetch or a name should be",
		strings.Repeat("fetch('a');", 21):             "column 221: more than 20 times fetch",
		strings.Repeat("x", 5000):                     "column 1: the query is longer than 4000 bytes",
		"fetch('a')" + strings.Repeat(".rate()", 21):  "column 152: more than 20 steps",
	} {
		_, err := delivery.ParseSeriesQuery(query)
		var wrong *delivery.QueryError
		if !errors.As(err, &wrong) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v\nwant %s", query, err, want)
		}
	}
}

func TestSeriesQueryLimits(t *testing.T) {
	h := newHeap()
	run := func(query string, from, to delivery.Instant) error {
		t.Helper()
		program, err := delivery.ParseSeriesQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = program.Run(t.Context(), h, from, to)
		return err
	}
	for i := range 20_001 {
		h.add("many", tags("i", fmt.Sprint(i)))
	}
	if err := run("fetch('many')", 1, minute); err == nil || !strings.HasPrefix(err.Error(), "column 1: 20001 series are asked for, more than 20000") {
		t.Error(err)
	}
	points := make([]delivery.SeriesValue, 1_000_001)
	for i := range points {
		points[i].At = delivery.Instant(i + 1)
	}
	h.add("long", nil, points...)
	if err := run("fetch('long')", 1, 600*minute); err == nil || !strings.HasPrefix(err.Error(), "column 1: more than 1000000 points: ask for a shorter time, or add .downsample(") {
		t.Error(err)
	}
	h.add("half", nil, points[:400_000]...)
	if err := run("a=fetch('half')\nb=a.rate()\nc=b.rate()\noutput(c)", 1, 600*minute); err == nil || !strings.HasPrefix(err.Error(), "line 3, column 3: more than 1000000 points") {
		t.Error(err)
	}
	if err := run("a=fetch('half')\noutput(a, a, a)", 1, 600*minute); err == nil || !strings.HasPrefix(err.Error(), "line 1") && !strings.HasPrefix(err.Error(), "line 2") && !strings.HasPrefix(err.Error(), "column 3") {
		t.Error(err)
	}
	if err := run("fetch('count').downsample('1s','avg')", 1, 30*365*24*60*minute); err != nil {
		t.Error(err)
	}
	h.add("huge", nil, every(second, math.MaxFloat64, math.MaxFloat64, 1)...)
	program, err := delivery.ParseSeriesQuery("fetch('huge').downsample('2s','sum')")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := program.Run(t.Context(), h, 600*minute, 660*minute)
	if len(answer.Hints) != 1 || answer.Hints[0].String() != "some values up to 1970-01-01T10:00:00.000Z are too large to be numbers: they are left out" {
		t.Error(answer.Hints)
	}
	if d := cmp.Diff([]string{"huge: huge 2=1"}, shown(&answer)); d != "" || err != nil {
		t.Error(d, err)
	}
}

// TestSeriesRollUpsRead: what is long, or of many series, is read from roll-ups.
func TestSeriesRollUpsRead(t *testing.T) {
	const day = 24 * 60 * minute
	for _, c := range []struct {
		step string
		days delivery.Instant
		want bool
	}{{"'1h','avg'", 30, false}, {"'1h','avg'", 40, true}, {"'1d','max'", 40, true}, {"'1h','p95'", 40, false}, {"'30m','avg'", 40, false}, {"'90m','avg'", 40, false}} {
		h := newHeap()
		program, err := delivery.ParseSeriesQuery("fetch('count').downsample(" + c.step + ")")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := program.Run(t.Context(), h, day, day+c.days*day-1); err != nil {
			t.Fatal(err)
		}
		if len(h.asked) != 1 || h.asked[0].Hourly != c.want {
			t.Errorf("%s over %d days: %+v", c.step, c.days, h.asked)
		}
	}
}

func FuzzSeriesQuery(f *testing.F) {
	for _, s := range []string{"fetch('a', b=~'c.*').downsample('1m','p95').sum_by('b')", "a=fetch('x');b=a.rate()\noutput(a,b)", "fetch(\"a\\\"\", 'b'!='\\\\') # c"} {
		f.Add(s)
	}
	h := newHeap()
	f.Fuzz(func(t *testing.T, text string) {
		program, err := delivery.ParseSeriesQuery(text)
		if err != nil {
			var wrong *delivery.QueryError
			if !errors.As(err, &wrong) || wrong.Line < 1 || wrong.Column < 1 || wrong.Message == "" || wrong.Code == "" {
				t.Errorf("%q: %#v", text, err)
			}
			return
		}
		if _, err := program.Run(t.Context(), h, 600*minute, 601*minute); err != nil && !errors.As(err, new(*delivery.QueryError)) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func TestRetention(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "=720h/9600h",
		"raw 7d":                              "=168h/9600h",
		"raw 30d|hourly 13m":                  "=720h/9360h",
		"raw 2w hourly 60d|ci.* raw 1d":       "ci.=24h/1440h =336h/1440h",
		"raw 500d":                            "=12000h/12000h",
		"a* hourly 90d|a.b* raw 3d|hourly 1m": "a.b=72h/720h a=720h/2160h =720h/720h",
	} {
		r, err := delivery.ParseRetention(items(text))
		var got []string
		for _, k := range r {
			got = append(got, fmt.Sprintf("%s=%gh/%gh", k.Prefix, k.Raw.Hours(), k.Hourly.Hours()))
		}
		if strings.Join(got, " ") != want || err != nil {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"30d": `"30d": not like`, "raw": `"raw": not like`, "raw x": `"raw x": "x" is not a number of days`, "raw 5": `"raw 5": "5" is not`,
		"raw 0d": `is not a number`, "raw 1d raw 2d": "there twice", "cooked 1d": `"cooked" is neither`, "raw 30d hourly 7d": "hourly is shorter than raw",
		"a* raw 1d|a* raw 2d": "a* is there twice", "raw 9999999d": "is not a number",
	} {
		if _, err := delivery.ParseRetention(items(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
	a, _ := delivery.ParseRetention([]string{"raw 10d hourly 20d", "x* raw 1d"})
	b, _ := delivery.ParseRetention([]string{"raw 5d hourly 30d"})
	if d := cmp.Diff("[{x 120h0m0s 720h0m0s} { 240h0m0s 720h0m0s}]", fmt.Sprint(a.Join(b))); d != "" {
		t.Error(d)
	}
}

func items(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "|")
}
