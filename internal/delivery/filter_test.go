package delivery_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func TestParseFilter(t *testing.T) {
	moscow := zone(t, "Europe/Moscow")
	now := at(t, "2026-03-31T22:30:00Z") // 1 April 01:30 in Moscow
	for query, want := range map[string]delivery.Filter{
		"":                                     {From: at(t, "2026-01-01T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Week, Clock: delivery.Elapsed},
		"range=1d":                             {From: at(t, "2026-03-31T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed},
		"range=2w&bucket=month&clock=business": {From: at(t, "2026-03-18T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Month, Clock: delivery.Business},
		"range=1m&bucket=auto":                 {From: at(t, "2026-03-01T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed},
		"from=2026-03-01&to=2026-03-02":        {From: at(t, "2026-02-28T21:00:00Z"), To: at(t, "2026-03-02T21:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed},
		"from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00%2B01:00": {From: at(t, "2026-03-01T00:00:00Z"), To: at(t, "2026-03-01T23:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed},
		"range=1d&items=10000": {From: at(t, "2026-03-31T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed, Items: 10_000},
		"range=1d&definition=2025-12-31": {
			From: at(t, "2026-03-31T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Day, Clock: delivery.Elapsed,
			Definition: delivery.Date{Year: 2025, Month: time.December, Day: 31},
		},
		"from=2024-01-01": {From: at(t, "2023-12-31T21:00:00Z"), To: at(t, "2026-04-01T21:00:00Z"), Unit: delivery.Month, Clock: delivery.Elapsed},
		"to=2026-03-01&queue=B&queue=A&queue=B&type=bug&connection=t": {
			Queues: []string{"A", "B"}, Types: []string{"bug"}, Connections: []string{"t"},
			From: at(t, "2025-12-01T21:00:00Z"), To: at(t, "2026-03-01T21:00:00Z"), Unit: delivery.Week, Clock: delivery.Elapsed,
		},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := delivery.ParseFilter(q, delivery.OfIssues, moscow, now)
		if err != nil {
			t.Errorf("%q: %v", query, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got)\n%s", query, diff)
		}
	}
}

func TestParseFilterNamesAllThatIsWrong(t *testing.T) {
	q := url.Values{"quue": {"A"}, "range": {"90x"}, "bucket": {"year"}, "clock": {"wall"}, "limit": {"3"}}
	_, err := delivery.ParseFilter(q, delivery.OfIssues, time.UTC, at(t, "2026-03-31T22:30:00Z"), "limit")
	want := []string{
		`bucket: not day, week, month or auto: "year"`, `clock: not elapsed or business: "wall"`, "quue: no such filter",
		`range: not a number of days, weeks or months like 90d, 13w or 6m: "90x"`,
	}
	if err == nil || err.Error() != strings.Join(want, "\n") {
		t.Errorf("got %v", err)
	}
}

func TestParseFilterNamesBothDays(t *testing.T) {
	_, err := delivery.ParseFilter(url.Values{"from": {"x"}, "to": {"y"}}, delivery.OfIssues, time.UTC, at(t, "2026-03-31T22:30:00Z"))
	want := `from: not a day like 2026-01-31 or an RFC 3339 time since 1970: "x"` + "\n" +
		`to: not a day like 2026-01-31 or an RFC 3339 time since 1970: "y"`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for _, query := range []string{
		"range=0d", "range=d", "range=", "range=99999d", "range=-5d", "range=90d&from=2026-01-01", "from=2026-02-30", "from=yesterday", "to=2026-13-01",
		"from=2026-03-02&to=2026-03-01", "from=0001-01-01", "range=9999m", "range=60000w", "clock=elapsed&clock=business", "from=1800-01-01T00:00:00Z", "from=1970-01-01&to=9999-01-01",
		"items=0", "items=10001", "items=-1", "items=many", "items=1.5", "items=99999999999", "items=3&items=4",
		"definition=soon", "definition=2026-02-30", "definition=0001-01-01", "definition=2026-01-01T00:00:00Z", "definition=2026-01-01&definition=2026-01-02",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if query == "range=" {
			continue // an empty field of a form is no filter
		}
		if f, err := delivery.ParseFilter(q, delivery.OfIssues, time.UTC, at(t, "2026-03-31T22:30:00Z")); err == nil {
			t.Errorf("%q: accepted as %s to %s", query, f.From, f.To)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("range=90d&queue=A", int64(1774996200000))
	f.Add("from=2026-03-01&to=2026-03-02T00:00:00Z&bucket=week", int64(1774996200000))
	f.Fuzz(func(t *testing.T, query string, now int64) {
		q, err := url.ParseQuery(query)
		if err != nil || now < 1e12 || now > 4e12 {
			return
		}
		filter, err := delivery.ParseFilter(q, delivery.OfIssues, time.UTC, delivery.Instant(now))
		if err != nil {
			return
		}
		if filter.From >= filter.To || filter.Unit == "" || filter.Clock == "" {
			t.Fatalf("%q: %+v", query, filter)
		}
		if n := len(delivery.Buckets(filter.From, filter.To, filter.Unit, time.UTC, delivery.Instant(now))); n == 0 || n > 36601 {
			t.Fatalf("%q: %d buckets", query, n)
		}
	})
}

func TestBuckets(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	now := at(t, "2024-04-03T10:00:00Z")
	got := delivery.Buckets(at(t, "2024-03-26T23:00:00Z"), at(t, "2024-04-03T22:00:00Z"), delivery.Week, berlin, now)
	want := []delivery.Bucket{
		{Label: delivery.Date{Year: 2024, Month: 3, Day: 25}, Start: at(t, "2024-03-26T23:00:00Z"), End: at(t, "2024-03-31T22:00:00Z"), Partial: true},
		{Label: delivery.Date{Year: 2024, Month: 4, Day: 1}, Start: at(t, "2024-03-31T22:00:00Z"), End: at(t, "2024-04-03T22:00:00Z"), Partial: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("weeks (-want +got)\n%s", diff)
	}
	months := delivery.Buckets(at(t, "2023-12-31T23:00:00Z"), at(t, "2024-03-31T22:00:00Z"), delivery.Month, berlin, now)
	if len(months) != 3 || months[2].Partial || months[2].Label.String() != "2024-03-01" || months[2].Start != months[1].End {
		t.Errorf("months %+v", months)
	}
	if days := delivery.Buckets(now, now, delivery.Day, berlin, now); len(days) != 0 {
		t.Errorf("an empty range has buckets %+v", days)
	}
}

func TestThinPoints(t *testing.T) {
	var points []delivery.CycleTimePoint
	var seconds []int64
	for i := range int64(9000) {
		seconds = append(seconds, i)
		points = append(points, delivery.CycleTimePoint{ID: i, Seconds: i, ClosedAt: t0 + delivery.Instant(9000-i)})
	}
	p := delivery.PercentilesOf(seconds)
	reversed := make([]delivery.CycleTimePoint, 0, len(points))
	for i := range points {
		reversed = append(reversed, points[len(points)-1-i])
	}
	thin := delivery.ThinPoints(points, p.P95, delivery.MaxPoints)
	above := 0
	for i, point := range thin {
		if float64(point.Seconds) > *p.P95 {
			above++
		}
		if i > 0 && point.ClosedAt < thin[i-1].ClosedAt {
			t.Fatal("not ordered by the end")
		}
	}
	if len(thin) != 5000 || above != 450 {
		t.Errorf("%d points, %d of 450 above p95", len(thin), above)
	}
	if diff := cmp.Diff(thin, delivery.ThinPoints(reversed, p.P95, delivery.MaxPoints)); diff != "" {
		t.Error("another order of the same points, another sample")
	}
}
