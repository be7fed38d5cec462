package views

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

var update = flag.Bool("update", false, "write the golden files anew")

const hour = int64(3600)

// workdays is a calendar of eight hours from Monday to Friday, in Moscow.
func workdays(t *testing.T) *delivery.Calendar {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	v := delivery.CalendarVersion{Zone: zone}
	for d := time.Monday; d <= time.Friday; d++ {
		v.Week[d] = []delivery.Shift{{Start: 10 * 3600, End: 18 * 3600}}
	}
	return delivery.NewCalendar(v)
}

func day(t *testing.T, s string) delivery.Instant {
	t.Helper()
	d, err := time.Parse(time.RFC3339, s+"T12:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	return delivery.InstantOf(d)
}

func flowQuery(t *testing.T, clock delivery.Clock) delivery.FlowQuery {
	return delivery.FlowQuery{
		Filter:   delivery.Filter{From: day(t, "2026-02-02"), To: day(t, "2026-03-02"), Unit: delivery.Week, Clock: clock},
		Calendar: workdays(t), Now: day(t, "2026-02-25"),
	}
}

// marks is the panel of issues that took these hours, each of its own type.
func marks(t *testing.T, clock delivery.Clock, hours ...int64) delivery.PanelData {
	t.Helper()
	c := delivery.CycleTime{Sample: delivery.Sample{N: len(hours), AsOf: day(t, "2026-02-25")}}
	var seconds []int64
	for i, h := range hours {
		seconds = append(seconds, h*hour)
		c.Points = append(c.Points, delivery.CycleTimePoint{
			ClosedAt: day(t, fmt.Sprintf("2026-02-%02d", 3+i%20)), Seconds: h * hour,
			Key: fmt.Sprintf("DEV-%d", i+1), Title: "A title", TypeKey: fmt.Sprintf("t%d", i%9), Type: fmt.Sprintf("Type %d", i%9),
		})
	}
	c.Percentiles = delivery.PercentilesOf(seconds)
	return c.Panel(flowQuery(t, clock))
}

// trend is the panel of weeks with these hours each.
func trend(t *testing.T, clock delivery.Clock, weeks ...[]int64) delivery.PanelData {
	t.Helper()
	q := flowQuery(t, clock)
	c := delivery.CycleTimeTrend{Sample: delivery.Sample{AsOf: q.Now}}
	var all []int64
	for i, b := range delivery.Buckets(q.From, q.To, q.Unit, q.Calendar.Zone(), q.Now) {
		var seconds []int64
		if i < len(weeks) {
			for _, h := range weeks[i] {
				seconds = append(seconds, h*hour)
			}
		}
		all = append(all, seconds...)
		c.Buckets = append(c.Buckets, delivery.TrendBucket{Bucket: b, Percentiles: delivery.PercentilesOf(seconds)})
	}
	c.Percentiles = delivery.PercentilesOf(all)
	c.Sample.N = len(all)
	return c.Panel(q)
}

func bars(t *testing.T, clock delivery.Clock) delivery.PanelData {
	t.Helper()
	many := make([]int64, 0, 40)
	for h := range int64(40) {
		many = append(many, h*hour)
	}
	s := delivery.TimeInStatus{Sample: delivery.Sample{N: 40, AsOf: day(t, "2026-02-25")}, Statuses: []delivery.StatusTime{
		{Key: "open", Name: "Open", Class: delivery.Waiting, Percentiles: delivery.PercentilesOf([]int64{hour, 2 * hour})},
		{Key: "work", Name: "In progress", Class: delivery.Active, Percentiles: delivery.PercentilesOf(many)},
	}}
	return s.Panel(flowQuery(t, clock))
}

// The drawings of each shape, as charts.js gets them.
func TestChartGolden(t *testing.T) {
	thirteen := []int64{4, 9, 11, 20, 25, 30, 44, 52, 60, 61, 75, 88, 900}
	tests := map[string]struct {
		data delivery.PanelData
		lang string
	}{
		"marks":       {marks(t, delivery.Business, thirteen...), "en"},
		"marks_ru":    {marks(t, delivery.Elapsed, 3, 5), "ru"},
		"trend":       {trend(t, delivery.Business, []int64{8, 16, 24, 90}, nil, []int64{5}, thirteen), "en"},
		"bars":        {bars(t, delivery.Business), "ru"},
		"bars_hours":  {bars(t, delivery.Elapsed), "en"},
		"trend_empty": {trend(t, delivery.Elapsed), "en"},
		"series":      {twoLines(t), "en"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(ChartOf(tt.data, i18n.For(tt.lang), ChartSpec{Open: "/issues/"}), "", " ")
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

// All that is drawn is data: no text of a chart is a script, and types beyond
// the shapes at hand become one.
func TestScatterGroups(t *testing.T) {
	var hours []int64
	for i := range int64(30) {
		hours = append(hours, i)
	}
	d := marks(t, delivery.Elapsed, hours...)
	groups := markGroups(d.Series[0].Points, i18n.For("en"), nil)
	if len(groups) != len(markShapes) || groups[6].name != "other types" || len(groups[6].points) != 9 {
		t.Errorf("%d groups, the last %q of %d", len(groups), groups[len(groups)-1].name, len(groups[len(groups)-1].points))
	}
	total := 0
	for _, g := range groups {
		total += len(g.points)
	}
	if total != 30 {
		t.Errorf("%d marks drawn of 30", total)
	}
}

func TestAxisUnit(t *testing.T) {
	tests := []struct {
		name  string
		data  delivery.PanelData
		unit  string
		per   float64
		title string
	}{
		{"working days", marks(t, delivery.Business, 1, 16), "d", 8 * 3600, "working days"},
		{"days", marks(t, delivery.Elapsed, 1, 48), "d", 24 * 3600, "days"},
		{"hours", marks(t, delivery.Elapsed, 1, 47), "h", 3600, "hours"},
		{"minutes", marks(t, delivery.Business, 0, 1), "min", 60, "working minutes"},
		{"nothing", marks(t, delivery.Business, 0), "d", 8 * 3600, "working days"},
	}
	for _, tt := range tests {
		m := newMeta(tt.data, i18n.For("en"))
		if got := axisName(i18n.For("en"), tt.data, m); m.Unit != tt.unit || m.Per != tt.per || got != tt.title {
			t.Errorf("%s: %s of %v s, called %q", tt.name, m.Unit, m.Per, got)
		}
	}
}

func TestSummary(t *testing.T) {
	repeat := func(n int, h int64) []int64 {
		out := make([]int64, n)
		for i := range out {
			out[i] = h
		}
		return out
	}
	tests := []struct {
		name, lang string
		data       delivery.PanelData
		want       string
	}{
		{"none", "en", marks(t, delivery.Elapsed), "No issues to count in this period."},
		{"two", "en", marks(t, delivery.Elapsed, 24, 36), "2 issues finished, too few for percentiles; the slowest, DEV-2, took 1.5 days."},
		{"two", "ru", marks(t, delivery.Elapsed, 24, 120), "Завершены 2 задачи — для перцентилей мало; самая долгая, DEV-2, заняла 5 дней."},
		{"some", "en", marks(t, delivery.Business, 8, 20, 8), "Half of the 3 issues finished within 1 working day; the slowest, DEV-2, took 2.5 working days."},
		{"many", "en", marks(t, delivery.Business, append(repeat(30, 44), 200, 300, 161, 160)...), "85\u00a0% of issues finished within 5.5 working days; 3 took over 20 working days."},
		{"many", "ru", marks(t, delivery.Elapsed, append(repeat(30, 149), 800, 900)...), "85\u00a0% задач уложились в 6,2 дня; 2 заняли больше 30 дней."},
		{"one long", "en", marks(t, delivery.Elapsed, append(repeat(30, 5), 8000)...), "85\u00a0% of issues finished within 5 hours; the slowest, DEV-31, took 333 days."},
		{"trend", "en", trend(t, delivery.Business, []int64{8}, repeat(4, 16), []int64{9}, repeat(9, 80)), "In the week from 9 Feb 2026 half of the issues finished within 2 working days; over the whole period, within 10 working days."},
		{"trend of few", "en", trend(t, delivery.Business, []int64{4, 4}), "Half of the issues finished within 4 working hours; there are too few in any one bucket to see a trend."},
		{"bars", "en", bars(t, delivery.Elapsed), "Issues stay longest in “In progress”: half of them for 19.5 hours or more, 15\u00a0% for over 1.4 days."},
		{"bars", "ru", bars(t, delivery.Business), "Дольше всего задачи проводят в статусе «In progress»: половина — 2,4 рабочего дня и больше, 15\u00a0% — больше 4,1 рабочего дня."},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.lang, func(t *testing.T) {
			if got := plainSpaces(Summary(tt.data, i18n.For(tt.lang))); got != plainSpaces(tt.want) {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func plainSpaces(s string) string {
	return string(bytes.ReplaceAll([]byte(s), []byte("\u00a0"), []byte(" ")))
}

func TestLongTail(t *testing.T) {
	if LongTail(marks(t, delivery.Elapsed, 1, 2, 3)) {
		t.Error("three hours are a long tail of one")
	}
	if !LongTail(marks(t, delivery.Elapsed, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 400)) {
		t.Error("400 hours are no long tail of three")
	}
	if LongTail(marks(t, delivery.Elapsed)) || LongTail(marks(t, delivery.Elapsed, 0, 0)) {
		t.Error("nothing has a long tail")
	}
}

// What took no working time is said so.
func TestDurationOutsideHours(t *testing.T) {
	d := marks(t, delivery.Business, 0)
	if got := duration(&d, i18n.For("en"), 0); got != "0\u00a0h (outside working hours)" {
		t.Errorf("%q", got)
	}
	d = marks(t, delivery.Elapsed, 0)
	if got := plainSpaces(duration(&d, i18n.For("en"), 0)); got != "0 s" {
		t.Errorf("%q", got)
	}
}

// A type looks the same whatever else is shown.
func TestTypesKeepTheirMarks(t *testing.T) {
	p := i18n.For("en")
	points := func(types ...string) []delivery.Point {
		var out []delivery.Point
		for _, key := range types {
			out = append(out, delivery.Point{Mark: &delivery.Mark{TypeKey: key, Type: "Type " + key}})
		}
		return out
	}
	all := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, tt := range []struct {
		types []string
		shown []string
		want  string
	}{
		{all[:3], []string{"c", "c", "a"}, "[Type a 0 1][Type c 2 2]"},
		{all[:3], []string{"c"}, "[Type c 2 1]"},
		{all[:3], []string{"new", "c"}, "[Type c 2 1][Type new 3 1]"},
		{all[:7], []string{"g", "b"}, "[Type b 1 1][Type g 6 1]"},
		{all, []string{"h", "b", "g"}, "[Type b 1 1][other types 6 2]"},
		{all, []string{"h"}, "[Type h 6 1]"},
	} {
		got := ""
		for _, g := range markGroups(points(tt.shown...), p, tt.types) {
			got += fmt.Sprintf("[%s %d %d]", g.name, g.place, len(g.points))
		}
		if got != tt.want {
			t.Errorf("%v of %v: %s, want %s", tt.shown, tt.types, got, tt.want)
		}
	}
}
