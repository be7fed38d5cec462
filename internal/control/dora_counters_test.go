package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCounters(t *testing.T) {
	db := openTest(t)
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	shop, odd := []string{"shop", "production"}, []string{"a\"b\\c", "", "Команда"}
	show := func(counters ...Counter) {
		t.Helper()
		if err := db.ShowCounters(t.Context(), counters); err != nil {
			t.Fatal(err)
		}
	}
	take := func(at time.Time, counters ...Counter) {
		t.Helper()
		if err := db.TakeOverCounters(t.Context(), counters, at); err != nil {
			t.Fatal(err)
		}
	}
	show(Counter{Family: "total", Labels: shop, Shown: 4})
	show(Counter{Family: "total", Labels: shop, Shown: 3}, Counter{Family: "total", Labels: odd, Shown: 0.5})
	take(at, Counter{Family: "total", Labels: shop, Taken: 2}, Counter{Family: "sum", Labels: shop, Taken: 1e9})
	take(at.Add(time.Hour), Counter{Family: "sum", Labels: shop, Taken: 7})
	show()
	got, err := db.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Counter{
		{Family: "sum", Labels: shop, Taken: 7, TakenAt: at.Add(time.Hour), Shown: 1e9},
		{Family: "total", Labels: odd, Shown: 0.5},
		{Family: "total", Labels: shop, Taken: 2, TakenAt: at, Shown: 4},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
