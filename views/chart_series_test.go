package views

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// lines is a panel of custom series with these points each, a minute apart from noon;
// "-" is none.
func lines(t *testing.T, values map[string][]any, names ...string) delivery.PanelData {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	noon := day(t, "2026-02-25")
	d := delivery.PanelData{
		Slug: "series", Of: delivery.OfSeries, Shape: delivery.Lines, Quantity: delivery.Values, Zone: zone, Day: 24 * time.Hour,
		Filter: delivery.Filter{From: noon - 3_600_000, To: noon + 86_400_000, Queries: []string{"fetch('x')"}, Unit: delivery.Day, Clock: delivery.Elapsed},
		Sample: delivery.Sample{AsOf: noon + 3_600_000},
	}
	for _, name := range names {
		s := delivery.Series{Name: name}
		for i, v := range values[name] {
			if number, ok := v.(float64); ok {
				s.Points = append(s.Points, delivery.Point{T: noon + delivery.Instant(i)*60_000, Value: &number})
				d.N++
			}
		}
		d.Series = append(d.Series, s)
		d.Notes.Labels = append(d.Notes.Labels, name)
	}
	return d
}

// twoLines is a panel of a line with gaps and one beside it, with what happened.
func twoLines(t *testing.T) delivery.PanelData {
	t.Helper()
	d := lines(t, map[string][]any{
		"x{host=a}": {1.0, 2.0, 1.5, "-", "-", "-", "-", 7.25e-7, "-", "-", "-", "-", 3.0, 2.0},
		"x{host=b}": {20.0, 1234567.5},
	}, "x{host=a}", "x{host=b}")
	d.Notes.Labels = []string{"a", "b{c}"}
	d.Markers = []delivery.Marker{
		{At: day(t, "2026-02-25"), Kind: delivery.DeploymentMarker, Name: "pay 1.0"},
		{At: day(t, "2026-02-25") + 5, Kind: delivery.IncidentMarker, Name: "It is slow"},
	}
	return d
}

func TestSeriesMarkersInWords(t *testing.T) {
	d := twoLines(t)
	if got := changes(&d, i18n.For("ru")); !cmp.Equal(got, []string{"Пунктиром показан 1 деплой в продакшен", "Красным показан 1 инцидент"}) {
		t.Errorf("markers are told as %q", got)
	}
}

// What a metric is called means nothing to a table.
func TestSeriesTable(t *testing.T) {
	names := []string{"type_key", "partial", "count", "key"}
	d := lines(t, map[string][]any{"type_key": {1.0}, "partial": {"-", 0.000123456789}, "count": {1234.5678}, "key": {-1e20, 2e15}}, names...)
	columns, rows, total := shownTable(d, i18n.For("ru"))
	want := [][]string{
		{"25.02.2026 15:01", "–", "0,000123457", "–", "2e+15"},
		{"25.02.2026 15:00", "1", "–", "1\u00a0234,57", "-1e+20"},
	}
	if diff := cmp.Diff(want, rows); diff != "" || total != 2 || len(columns) != 5 {
		t.Errorf("table (-want +got)\n%s", diff)
	}
	for i, name := range names {
		if got := columnTitle(t.Context(), d, columns[i+1]); got != name {
			t.Errorf("a series called %s is shown as %s", name, got)
		}
	}
	_, cells := TableOf(d)
	if got := PlainCell(cells[1][2]) + " " + PlainCell(cells[0][4]); got != "0.000123456789 -1e+20" {
		t.Errorf("for machines it is %s", got)
	}
}

func TestSeriesAxis(t *testing.T) {
	for name, tt := range map[string]struct {
		values []any
		zero   bool
	}{
		"near zero": {[]any{1.0, 100.0}, true}, "far from it": {[]any{90.0, 100.0}, false}, "below": {[]any{-1.0, 100.0}, false},
		"all zero": {[]any{0.0, 0.0}, true}, "one": {[]any{5.0}, false},
	} {
		if got := fromZero(lines(t, map[string][]any{"x": tt.values}, "x")); got != tt.zero {
			t.Errorf("%s: from zero %v", name, got)
		}
	}
}

func TestSeriesSummary(t *testing.T) {
	number := func(v float64) *float64 { return &v }
	one := lines(t, map[string][]any{"x": {1.0, 3.0}}, "x")
	one.Headline = []delivery.Figure{{Name: "last", Value: number(3)}, {Name: "min", Value: number(1)}, {Name: "max", Value: number(3)}, {Name: "mean", Value: number(2)}}
	one.Notes.Means = 5 * time.Minute
	two := lines(t, map[string][]any{"a": {1.0, 3.0}, "b": {9.0, 2.0}}, "a", "b")
	long := lines(t, map[string][]any{"a": {1.0, 4.33333}, "b": {9.0, 2.0}}, "a", "b")
	large := lines(t, map[string][]any{"a": {1.0, 1052.33}, "b": {9.0, 2.0}}, "a", "b")
	none := lines(t, nil)
	empty := lines(t, nil)
	empty.Filter.Queries = nil
	for _, tt := range []struct {
		d    delivery.PanelData
		lang string
		want string
	}{
		{one, "en", "x: 3 at the end, from 1 to 3, 2 on average. Shown as means of 5 minutes."},
		{one, "ru", "x: в конце 3, от 1 до 3, в среднем 2. Показаны средние за 5 минут."},
		{two, "en", "2 series; the highest at its end is a with 3."},
		{two, "ru", "2 серии; выше всех в конце a: 3."},
		{long, "en", "2 series; the highest at its end is a with 4.33."},
		{large, "en", "2 series; the highest at its end is a with 1,052."},
		{none, "en", "No points in this period."},
		{empty, "ru", "Нет запроса."},
	} {
		if got := Summary(tt.d, i18n.For(tt.lang)); strings.ReplaceAll(got, "\u00a0", " ") != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	one.Notes.Hints = []delivery.SeriesHint{{Code: "rolled", Last: day(t, "2026-02-25")}}
	if got := SeriesNotes(one, i18n.For("ru")); !cmp.Equal(got, []string{"До 25.02.2026 15:00 хранятся только часовые значения"}) {
		t.Errorf("notes %q", got)
	}
}
