package delivery_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// everyDay is worked from one hour to another of UTC.
func everyDay(from, to int) *delivery.Calendar {
	v := delivery.CalendarVersion{Zone: time.UTC}
	for d := range v.Week {
		v.Week[d] = []delivery.Shift{{Start: from * 3600, End: to * 3600}}
	}
	return delivery.NewCalendar(v)
}

// compared is an issue of 1 January 2026 that was active and closed at seconds of that
// day before, and would be after; 0 is never.
func compared(id int64, before, after [2]int64) (*delivery.Life, delivery.Flow) {
	midnight := delivery.InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	flow := func(at [2]int64) delivery.Flow {
		f := delivery.Flow{CreatedAt: midnight}
		if at[0] > 0 {
			f.FirstActiveAt = midnight + delivery.Instant(at[0]*1000)
		}
		if at[1] > 0 {
			f.ClosedAt = midnight + delivery.Instant(at[1]*1000)
		}
		return f
	}
	return &delivery.Life{ID: id, Place: delivery.Place{Queue: "DEV"}, Type: "task", Flow: flow(before)}, flow(after)
}

func january(clock delivery.Clock, w delivery.Workflows) delivery.FlowQuery {
	return delivery.FlowQuery{
		Filter: delivery.Filter{
			From: delivery.InstantOf(time.Date(2025, 12, 29, 0, 0, 0, 0, time.UTC)), To: delivery.InstantOf(time.Date(2026, 1, 14, 0, 0, 0, 0, time.UTC)), Clock: clock,
		},
		Calendar: everyDay(0, 24), Workflows: &w, Now: delivery.InstantOf(time.Date(2026, 1, 14, 0, 0, 0, 0, time.UTC)),
	}
}

func TestComparison(t *testing.T) {
	c := delivery.NewComparison(january(delivery.Elapsed, delivery.Workflows{}), &delivery.Supposition{})
	c.Add(compared(1, [2]int64{1, 5}, [2]int64{1, 5})) // the same
	c.Add(compared(2, [2]int64{1, 5}, [2]int64{1, 0}))
	c.Add(compared(3, [2]int64{1, 0}, [2]int64{1, 9}))
	c.Add(compared(4, [2]int64{1, 5}, [2]int64{3, 5}))
	c.Add(compared(5, [2]int64{1, 5}, [2]int64{0, 7}))
	c.Add(compared(6, [2]int64{1, 0}, [2]int64{2, 0})) // open for a second less
	c.Add(compared(7, [2]int64{1, 5}, [2]int64{2, 6})) // later, and as long
	c.Add(compared(8, [2]int64{0, 0}, [2]int64{1, 0}))
	c.Add(compared(9, [2]int64{1, 0}, [2]int64{0, 0}))
	got := c.Finish()
	if got.Opened != 1 || got.Closed != 1 || got.Remeasured != 4 || got.Started != 1 || got.Unstarted != 1 || got.InRange != 5 || got.LeftOut+got.Counted != 0 {
		t.Errorf("%+v", got)
	}
	var rows [][]int64
	for _, f := range got.Items {
		row := []int64{f.ID, -1, -1}
		if f.Before != nil {
			row[1] = *f.Before
		}
		if f.After != nil {
			row[2] = *f.After
		}
		rows = append(rows, row)
	}
	const age = 13*86400 - 1 // of what began with the first second
	if diff := cmp.Diff([][]int64{{9, age, -1}, {8, -1, age}, {6, age, age - 1}, {3, age, 8}, {5, 4, -1}, {7, 4, 4}, {4, 4, 2}, {2, 4, age}}, rows); diff != "" {
		t.Errorf("items (-want +got)\n%s", diff)
	}
	// Two complete weeks; five issues closed on the first Thursday before, and five after.
	if b, a := got.Before, got.After; b.Finished != 5 || *b.PerWeek != 2.5 || *b.LeadTime != 5 || b.InProgress != 3 || b.Sample.N != 5 ||
		a.Finished != 5 || *a.PerWeek != 2.5 || *a.LeadTime != 6 || a.InProgress != 3 || a.Excluded[delivery.NeverActive] != 1 {
		t.Errorf("before %+v, after %+v", b, a)
	}
}

// Of many issues the last closed are named.
func TestComparisonOfMany(t *testing.T) {
	c := delivery.NewComparison(january(delivery.Elapsed, delivery.Workflows{}), &delivery.Supposition{})
	for n := range int64(5000) {
		c.Add(compared(n+1, [2]int64{1, 0}, [2]int64{1, n*7919%5000 + 2}))
	}
	got := c.Finish()
	if got.Closed != 5000 || len(got.Items) != delivery.MaxFlips {
		t.Fatalf("closed %d, %d items", got.Closed, len(got.Items))
	}
	for i, f := range got.Items {
		if *f.After != int64(5000-i) {
			t.Errorf("item %d took %d s", i, *f.After)
		}
	}
}

// Resolutions that are left out, other hours and types that would not count, at once.
func TestComparisonOfAll(t *testing.T) {
	duplicates := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: []string{"duplicate"}})
	wontFix := delivery.OneWorkflow(delivery.Workflow{ExcludedResolutions: []string{"wontFix"}})
	c := delivery.NewComparison(january(delivery.Business, duplicates), &delivery.Supposition{
		Workflows: wontFix, Calendar: everyDay(0, 1), Without: []string{"bug"},
	})
	add := func(id int64, resolution, typ string, active, closed int64) {
		i, after := compared(id, [2]int64{active, closed}, [2]int64{active, closed})
		i.Resolution, i.Type = resolution, typ
		c.Add(i, after)
	}
	add(1, "fixed", "task", 1, 1801)        // in the hour: 1800 s either way
	add(2, "fixed", "task", 1800, 9000)     // 7200 s, of which 1800 in the hour
	add(3, "duplicate", "task", 3600, 7200) // counts now, with 0 s
	add(4, "wontFix", "task", 1, 7201)      // no longer
	add(5, "fixed", "bug", 1, 100)
	add(6, "", "bug", 1, 0)
	got := c.Finish()
	want := []int{0, 0, 1, 1, 1, 1}
	if diff := cmp.Diff(want, []int{got.Opened, got.Closed, got.LeftOut, got.Counted, got.Remeasured, got.Without}); diff != "" {
		t.Errorf("changed (-want +got)\n%s", diff)
	}
	if b := got.Before; b.Finished != 5 || b.Sample.N != 4 || b.Excluded[delivery.ExcludedResolution] != 1 || *b.P50 != 4500 || b.InProgress != 1 {
		t.Errorf("before %+v", b)
	}
	if a := got.After; a.Finished != 4 || a.Sample.N != 3 || a.Excluded[delivery.ExcludedResolution] != 1 || *a.P50 != 1800 || *a.LeadTime != 3600 || a.InProgress != 0 {
		t.Errorf("after %+v", a)
	}
	if f := got.Items[0]; f.ID != 2 || *f.Before != 7200 || *f.After != 1800 {
		t.Errorf("the last closed is %+v", f)
	}
}

// By the elapsed clock other hours change nothing.
func TestComparisonElapsed(t *testing.T) {
	c := delivery.NewComparison(january(delivery.Elapsed, delivery.Workflows{}), &delivery.Supposition{Calendar: everyDay(0, 1)})
	c.Add(compared(1, [2]int64{1, 7201}, [2]int64{1, 7201}))
	got := c.Finish()
	if got.Remeasured != 0 || *got.Before.P50 != 7200 || *got.After.P50 != 7200 || *got.After.LeadTime != 7201 {
		t.Errorf("%+v", got)
	}
}
