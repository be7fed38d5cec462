package views

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// moscow is an instant by the clock of the calendar of the tests.
func moscow(t *testing.T, s string) delivery.Instant {
	t.Helper()
	var i delivery.Instant
	if err := i.UnmarshalJSON([]byte(`"` + s + `+03:00"`)); err != nil {
		t.Fatal(err)
	}
	return i
}

// A bucket's address is in days, but for the moments at which the range cuts it.
func TestListsOfBuckets(t *testing.T) {
	d := trend(t, delivery.Elapsed, []int64{1}, []int64{2}, []int64{3}, []int64{4})
	p := Panel{Slug: "cycle-time-trend", Query: "range=90d&queue=A%26B&clock=elapsed"}
	var got []string
	for _, list := range p.Lists(t.Context(), d) {
		u, err := url.Parse(list)
		if err != nil || u.Path != "/issues" {
			t.Fatal(list, err)
		}
		q := u.Query()
		if q.Get("queue") != "A&B" || q.Get("panel") != p.Slug || q.Has("range") {
			t.Errorf("it leads to %v", q)
		}
		got = append(got, q.Get("from")+" "+q.Get("to"))
	}
	want := []string{
		"2026-02-02T12:00:00.000Z 2026-02-08", "2026-02-09 2026-02-15", "2026-02-16 2026-02-22", "2026-02-23 2026-03-01", "2026-03-02 2026-03-02T12:00:00.000Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	rows := p.Lists(t.Context(), bars(t, delivery.Elapsed))
	if len(rows) != 2 || !strings.Contains(rows[0], "status=open") || !strings.Contains(rows[0], "range=90d") {
		t.Errorf("rows lead to %v", rows)
	}
}

// The period before is laid over this one: each bucket gets the median of the
// one that its middle falls into.
func TestMedianBefore(t *testing.T) {
	now := trend(t, delivery.Elapsed, []int64{1, 1}, []int64{1}, []int64{1}, []int64{1})
	before := trend(t, delivery.Elapsed, []int64{10}, []int64{20}, nil, []int64{40})
	var got []float64
	for _, point := range MedianBefore(now, before) {
		v := -1.0
		if point.Value != nil {
			v = *point.Value / 3600
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]float64{10, 20, -1, 40, -1}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if BeforeCounts(now, nil) || BeforeCounts(now, &before) {
		t.Error("a handful is compared unasked")
	}
	chart := ChartOf(now, i18n.For("en"), ChartSpec{Before: &before})
	columns, rows, _ := shownTable(now, i18n.For("en"))
	columns, rows = withBefore(now, &before, i18n.For("en"), columns, rows)
	if last := len(columns) - 1; columns[last].Name != "before" || plainSpaces(rows[1][last]) != "20 h" || rows[2][last] != "–" {
		t.Errorf("the table says %v", rows)
	}
	if chart.Meta.Before {
		t.Error("the line is shown unasked")
	}
}

func TestChartLines(t *testing.T) {
	d := trend(t, delivery.Elapsed, []int64{1}, []int64{1}, []int64{1}, []int64{1})
	d.Markers = []delivery.Marker{
		{At: moscow(t, "2026-02-26T12:00:00"), Kind: "workflow"},
		{At: moscow(t, "2026-02-09T00:00:00"), Kind: "workflow"},
		{At: moscow(t, "2026-02-09T00:00:00"), Kind: "calendar", Name: "night"},
		{At: moscow(t, "2026-01-01T00:00:00"), Kind: "workflow"},
		{At: moscow(t, "2026-03-09T00:00:00"), Kind: "workflow"},
	}
	p := i18n.For("en")
	want := []chartLine{
		{At: 1, Label: "workflow, calendar", Text: "Workflow changed on 9 Feb 2026\nCalendar “night” changed on 9 Feb 2026"},
		{At: 3.5, Label: "workflow", Text: "Workflow changed on 26 Feb 2026"},
	}
	got := chartLines(&d, p)
	for i := range got {
		got[i].Text = plainSpaces(got[i].Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	columns, rows, _ := shownTable(d, p)
	withChanges(d, p, columns, rows)
	if note := plainSpaces(rows[1][5]); note != "Workflow changed on 9 Feb 2026; Calendar “night” changed on 9 Feb 2026" {
		t.Errorf("the table notes %q", note)
	}
	if ru := changes(&d, i18n.For("ru")); len(ru) != 3 || ru[1] != "Календарь «night» изменён 09.02.2026" {
		t.Errorf("in Russian: %q", ru)
	}
	m := marks(t, delivery.Elapsed, 1, 2, 3)
	m.Markers = d.Markers[:1]
	if got := chartLines(&m, p); len(got) != 1 || got[0].At != float64(wall(d.Markers[0].At, m.Zone)) {
		t.Errorf("on the scatter: %v", got)
	}
}
