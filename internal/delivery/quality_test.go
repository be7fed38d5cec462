package delivery_test

import (
	"slices"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func TestFeedTrouble(t *testing.T) {
	now := delivery.InstantOf(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	ago := func(d time.Duration) delivery.Instant { return now - delivery.Instant(d.Milliseconds()) }
	for name, c := range map[string]struct {
		feed delivery.Feed
		want string
	}{
		"all is well":                      {delivery.Feed{Success: ago(10 * time.Minute)}, ""},
		"three syncs ago":                  {delivery.Feed{Success: ago(90 * time.Minute)}, ""},
		"more than three syncs ago":        {delivery.Feed{Success: ago(91 * time.Minute)}, delivery.FeedStale},
		"late, though it is at work":       {delivery.Feed{Success: ago(91 * time.Minute), Syncing: true}, delivery.FeedStale},
		"the first pull takes long":        {delivery.Feed{Due: ago(5 * time.Hour), Syncing: true}, ""},
		"never pulled, due now":            {delivery.Feed{Due: ago(time.Minute)}, ""},
		"never pulled":                     {delivery.Feed{Due: ago(2 * time.Hour)}, delivery.FeedStale},
		"paused":                           {delivery.Feed{Success: ago(0), Paused: true, Failed: true}, delivery.FeedPaused},
		"failed":                           {delivery.Feed{Success: ago(time.Minute), Failed: true}, delivery.FeedFailed},
		"left alone":                       {delivery.Feed{Success: ago(9 * time.Hour), Failed: true, Limited: true}, delivery.FeedLimited},
		"records are missing":              {delivery.Feed{Success: ago(time.Minute), Missed: 3}, delivery.FeedPartial},
		"old, which is worse than missing": {delivery.Feed{Success: ago(2 * time.Hour), Missed: 3}, delivery.FeedStale},
	} {
		c.feed.Every = 30 * time.Minute
		if got := c.feed.Trouble(now); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestQuiet(t *testing.T) {
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) // a Monday
	every := func(n int, step time.Duration) (out []delivery.Instant) {
		for i := range n {
			out = append(out, delivery.InstantOf(start.Add(time.Duration(i)*step)))
		}
		return out
	}
	// Two working weeks of a hook each ten minutes from nine to five.
	var office []delivery.Instant
	for day := range 12 {
		if day%7 < 5 {
			for n := range 49 {
				office = append(office, delivery.InstantOf(start.AddDate(0, 0, day).Add(time.Duration(n)*10*time.Minute)))
			}
		}
	}
	bursts := append(every(11, time.Second), every(11, 2*time.Hour)...)
	for name, c := range map[string]struct {
		came  []delivery.Instant
		after time.Duration // the last of them
		usual time.Duration
		quiet bool
	}{
		"nothing came":                        {nil, time.Hour, 0, false},
		"too few to tell":                     {every(10, time.Hour), 99 * time.Hour, 0, false},
		"every two hours":                     {every(11, 2*time.Hour), 6 * time.Hour, 2 * time.Hour, false},
		"two hours, and then nothing":         {every(11, 2*time.Hour), 6*time.Hour + time.Second, 2 * time.Hour, true},
		"every minute, silent for an hour":    {every(60, time.Minute), time.Hour, time.Minute, false},
		"every minute, silent for more":       {every(60, time.Minute), time.Hour + time.Second, time.Minute, true},
		"all at once":                         {every(20, 0), time.Hour, 0, false},
		"a weekend after office hours":        {office, 64 * time.Hour, 0, false},
		"a week after office hours":           {office, 7 * 24 * time.Hour, 0, true},
		"bursts do not make the wait shorter": {bursts, 5 * time.Hour, 0, false},
	} {
		last := start
		if len(c.came) > 0 {
			last = slices.Max(c.came).Time()
		}
		usual, silent, quiet := delivery.Quiet(c.came, delivery.InstantOf(last.Add(c.after)))
		if quiet != c.quiet || c.usual != 0 && usual != c.usual || len(c.came) > 10 && silent != c.after {
			t.Errorf("%s: usual %s, silent %s, quiet %v", name, usual, silent, quiet)
		}
	}
}

func TestUnmapped(t *testing.T) {
	w := delivery.Workflow{
		StatusLists: delivery.StatusLists{Active: []string{"work"}, Waiting: []string{"seen"}},
		Teams:       map[string]delivery.StatusLists{"pay": {Closed: []string{"gone"}}},
		Queues:      map[string]delivery.StatusLists{"OPS": {Waiting: []string{"limbo"}}},
	}
	for _, c := range []struct {
		queue, team, key, typ string
		want                  bool
	}{
		{"DEV", "", "work", "", false},           // a list names it
		{"DEV", "", "seen", "", false},           // also as waiting
		{"DEV", "", "limbo", "", true},           // nothing does
		{"OPS", "", "limbo", "", false},          // the queue's own list does
		{"DEV", "pay", "gone", "", false},        // the team's own list does
		{"DEV", "", "gone", "", true},            // which is no other's
		{"DEV", "", "fresh", "new", false},       // its type says that it waits
		{"DEV", "", "ended", "done", false},      // its type says that it is closed
		{"DEV", "pay", "ended", "done", true},    // the team's list leaves it out
		{"DEV", "", "held", "paused", true},      // the common list leaves it out
		{"DEV", "", "strange", "whatever", true}, // a type that nobody knows
	} {
		if got := w.Unmapped(c.queue, c.team, c.key, c.typ); got != c.want {
			t.Errorf("%s of %s, type %q: %v", c.key, c.queue, c.typ, got)
		}
	}
}

func TestLate(t *testing.T) {
	now := delivery.InstantOf(time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC))
	day := func(n int) delivery.Instant { return now - delivery.Instant(n)*24*3_600_000 }
	waiting := []delivery.WaitingChange{
		{Name: "#1", Service: "pay", MergedAt: day(14)},
		{Name: "#2", Service: "pay", MergedAt: day(14) + 1},
		{Name: "#3", Service: "pay", MergedAt: day(20)},
		{Name: "#4", Service: "pay", MergedAt: day(20), Bot: true},
		{Name: "#5", Service: "docs", MergedAt: day(20)},
		{Name: "#6", Service: "pay", MergedAt: day(91)},
		{Name: "#7", Service: "pay"},
	}
	first := map[string]delivery.Instant{"pay": day(300)}
	names := func(from, to delivery.Instant) (out []string) {
		for _, w := range delivery.Late(waiting, first, from, to, now) {
			out = append(out, w.Name)
		}
		return out
	}
	if got := names(day(90), now); !slices.Equal(got, []string{"#1", "#3"}) {
		t.Errorf("late are %v", got)
	}
	if got := names(day(90), day(15)); !slices.Equal(got, []string{"#3"}) {
		t.Errorf("late in a range that is over are %v", got)
	}
}

func TestOddInstants(t *testing.T) {
	now := delivery.InstantOf(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))
	const minute, hour = 60_000, 3_600_000
	change := func(created, merged delivery.Instant) string {
		return (&delivery.Change{CreatedAt: created, MergedAt: merged}).Odd(now)
	}
	deployment := func(started, finished delivery.Instant) string {
		return (&delivery.Deployment{StartedAt: started, FinishedAt: finished}).Odd(now)
	}
	incident := func(started, resolved delivery.Instant) string {
		return (&delivery.Incident{StartedAt: started, ResolvedAt: resolved}).Odd(now)
	}
	for name, c := range map[string]struct{ got, want string }{
		"merged after":               {change(now-hour, now), ""},
		"merged a second before":     {change(now, now-1000), ""},
		"merged before":              {change(now, now-1001), delivery.OddMergedEarly},
		"not merged":                 {change(now, 0), ""},
		"merged, created unknown":    {change(0, now), ""},
		"created soon":               {change(now+5*minute, 0), ""},
		"created later":              {change(now+6*minute, 0), delivery.OddFuture},
		"deployed":                   {deployment(now-hour, now), ""},
		"deployed before it started": {deployment(now, now-hour), delivery.OddFinishedEarly},
		"deployed tomorrow":          {deployment(now+24*hour, 0), delivery.OddFuture},
		"resolved":                   {incident(now-hour, now), ""},
		"resolved before":            {incident(now, now-hour), delivery.OddResolvedEarly},
		"started tomorrow":           {incident(now+24*hour, 0), delivery.OddFuture},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
}

func TestQualityKinds(t *testing.T) {
	kinds := delivery.QualityKinds()
	if len(kinds) != 9 {
		t.Errorf("%d kinds", len(kinds))
	}
	for i, k := range kinds {
		if len(k.Panels()) == 0 || slices.Index(kinds, k) != i {
			t.Errorf("%s: panels %v", k, k.Panels())
		}
	}
}
