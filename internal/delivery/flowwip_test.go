package delivery_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func TestWIP(t *testing.T) {
	q := flowQuery(leavingOut)
	got := asked(t, delivery.WIPOf, march, q)
	same(t, "at the ends of weeks", got.InProgress, []int{1, 2, 2, 2, 2})
	same(t, "before March", got.Before.N, 0)
	same(t, "headline", figures(got.Panel(q)), "p50 237600, p85 918000, p95 1.1124e+06, late 1, wip_p50 1.2744e+06, count 2")
	same(t, "sample", got.Sample, delivery.Sample{N: 2, Excluded: map[string]int{delivery.NotStarted: 1}, AsOf: q.Now})

	// At the beginning of the 4th: 15 hours, a day, three days; by working time 9, 9 and
	// 18 hours, as the first of March was a Sunday.
	q.From = day("2026-03-04")
	got = asked(t, delivery.WIPOf, march, q)
	same(t, "before the 4th", figures(got.PanelBefore(q)), "wip_p50 86400, count 3")
	same(t, "when that was", got.PanelBefore(q).Filter.To, day("2026-03-04"))
	business(&q)
	got = asked(t, delivery.WIPOf, march, q)
	same(t, "by working time", figures(got.PanelBefore(q)), "wip_p50 32400, count 3")

	// What was closed after the range was in progress in it.
	q.From, q.To, q.Unit = day("2026-03-03"), day("2026-03-06"), delivery.Day
	got = asked(t, delivery.WIPOf, march, q)
	same(t, "three days", got.InProgress, []int{3, 3, 1})
	same(t, "now, whatever the range", got.Sample.N, 2)
	q.To = q.From
	same(t, "no range", asked(t, delivery.WIPOf, march, q).InProgress, []int{})
	q.From, q.To = day("2027-01-01"), day("2027-01-03")
	got = asked(t, delivery.WIPOf, march, q)
	same(t, "to come", fmt.Sprintf("%v %d %s", got.InProgress, got.Sample.N, figures(got.Panel(q))), "[] 2 p50 -, p85 -, p95 -, late 0, wip_p50 329400, count 2")
}

// TestWIPIsThatOfAging: one figure has one value, wherever it is shown.
func TestWIPIsThatOfAging(t *testing.T) {
	for n := range 50 {
		i, q := wandering(uint64(n)), flowQuery(leavingOut)
		wip, aging := asked(t, delivery.WIPOf, i, q), asked(t, delivery.AgingOf, i, q)
		d, want := wip.Panel(q), aging.Panel(q)
		same(t, "sample", d.Sample, want.Sample)
		for _, stat := range []string{"p50", "p85", "p95", "late", "count"} {
			same(t, stat, d.Figure(stat), want.Figure(stat))
		}
		var ages []int64
		for _, a := range aging.Issues {
			ages = append(ages, a.Seconds)
		}
		same(t, "median age", wip.P50, delivery.PercentilesOf(ages).P50)
	}
}

// TestHeldLivesSayTheSame: what is made from lives that are held is what is made from
// those of a store.
func TestHeldLivesSayTheSame(t *testing.T) {
	for n := range 50 {
		i, whole := wandering(uint64(n)), flowQuery(leavingOut)
		whole.From -= 40 * 24 * 3_600_000
		held, err := delivery.HoldLives(t.Context(), i, whole)
		if err != nil {
			t.Fatal(err)
		}
		if held.Bytes() <= 0 {
			t.Error("they take no room")
		}
		for _, of := range []struct {
			name   string
			change func(*delivery.FlowQuery)
		}{
			{"all", func(*delivery.FlowQuery) {}},
			{"a queue", func(q *delivery.FlowQuery) { q.Queues = []string{"OPS"} }},
			{"a team", func(q *delivery.FlowQuery) { q.Teams, q.Scope = []string{"a"}, []string{"DEV", "OPS"} }},
			{"a team of nothing", func(q *delivery.FlowQuery) { q.Teams, q.Scope = []string{"a"}, []string{} }},
			{"working time", business},
			{"a week", func(q *delivery.FlowQuery) { q.From, q.To, q.Unit = day("2026-03-09"), day("2026-03-16"), delivery.Day }},
		} {
			q := flowQuery(leavingOut, of.change)
			narrowed := i.of(&q)
			for name, ask := range map[string]func(context.Context, delivery.LivesStore) (any, error){
				"trend": func(ctx context.Context, s delivery.LivesStore) (any, error) {
					return delivery.CycleTimeTrendOf(ctx, s, q)
				},
				"throughput": func(ctx context.Context, s delivery.LivesStore) (any, error) { return delivery.ThroughputOf(ctx, s, q) },
				"lead time": func(ctx context.Context, s delivery.LivesStore) (any, error) {
					return delivery.LeadTimeTrendOf(ctx, s, q)
				},
				"wip": func(ctx context.Context, s delivery.LivesStore) (any, error) { return delivery.WIPOf(ctx, s, q) },
			} {
				got, err := ask(t.Context(), held)
				if err != nil {
					t.Fatal(err)
				}
				want, err := ask(t.Context(), narrowed)
				if err != nil {
					t.Fatal(err)
				}
				same(t, of.name+": "+name, got, want)
			}
		}
		early := flowQuery(func(q *delivery.FlowQuery) { q.From = day("2025-01-01") })
		if _, err := delivery.ThroughputOf(t.Context(), held, early); err == nil {
			t.Error("they answer for what they do not hold")
		}
	}
}

// of are the issues of the queues that a query is about.
func (i issues) of(q *delivery.FlowQuery) issues {
	keys, all := q.QueueKeys()
	var out issues
	for _, one := range i {
		if all || slices.Contains(keys, one.queue) {
			out = append(out, one)
		}
	}
	return out
}

// wandering are issues that go to and fro between statuses around March 2026.
func wandering(seed uint64) issues {
	r := rand.New(rand.NewPCG(seed, 1))
	statuses := []string{"open", "ready", "progress", "review", "paused", "closed", "rejected"}
	var out issues
	for range 40 {
		one := lived{queue: []string{"DEV", "OPS", "QA"}[r.IntN(3)], resolution: []string{"", "fixed", "duplicate"}[r.IntN(3)]}
		at := day("2026-01-20").Time().Add(time.Duration(r.IntN(60*24)) * time.Hour)
		for range 1 + r.IntN(7) {
			if at.After(day("2026-03-25").Time()) {
				break
			}
			one.life = append(one.life, statuses[r.IntN(len(statuses))]+"@"+strings.Replace(at.UTC().Format("2006-01-02 15:04"), "T", " ", 1))
			at = at.Add(time.Duration(r.IntN(15*24)) * time.Hour)
		}
		if len(one.life) > 0 {
			out = append(out, one)
		}
	}
	return out
}
