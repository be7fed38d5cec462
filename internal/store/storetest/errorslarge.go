package storetest

import (
	"fmt"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// largeProjects is how many projects the errors of a large data set are of.
const largeProjects = 10

// FillLargeErrors writes so many groups, and a year of hourly counts, of events and of
// sessions in two environments, of 10 projects with a release a week.
func FillLargeErrors(tb testing.TB, s delivery.Store, groups int) {
	tb.Helper()
	write := func(b delivery.Batch) {
		b.Connection = "sentry"
		if _, err := s.Write(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
	}
	const days, batch = 366, 1000
	for p := range largeProjects {
		b := delivery.Batch{ErrorProjects: []delivery.ErrorProject{{
			ID: largeProject(p), Keys: []delivery.KeyLimit{{Name: "default", Count: 100, Window: 1}}, KeysAt: 1, ToldAt: 1,
		}}}
		for d := range days {
			day := LargeStart + delivery.Instant(d)*24*largeHour
			b.EventDays = append(b.EventDays, largeEvents(p, d, day))
			for _, environment := range []string{"production", "staging"} {
				b.SessionDays = append(b.SessionDays, largeSessions(p, environment, day))
			}
			if d%7 == 0 {
				b.Releases = append(b.Releases, delivery.Release{Project: largeProject(p), Version: largeVersion(p, d/7), Short: fmt.Sprint(d / 7), ReleasedAt: day, ToldAt: day})
			}
		}
		write(b)
	}
	step := LargeSpan / delivery.Instant(groups)
	for first := 0; first < groups; first += batch {
		var b delivery.Batch
		for i := first; i < min(first+batch, groups); i++ {
			b.ErrorGroups = append(b.ErrorGroups, largeGroup(i, LargeStart+delivery.Instant(i)*step))
		}
		write(b)
	}
}

func largeProject(p int) string { return fmt.Sprintf("service-%02d", p) }

func largeVersion(p, week int) string { return fmt.Sprintf("%s@1.%d.0", largeProject(p), week) }

func largeGroup(i int, at delivery.Instant) delivery.ErrorGroup {
	p, platform, unhandled := i%largeProjects, "python", i%3 == 0
	week := int((at - LargeStart) / (7 * 24 * largeHour))
	g := delivery.ErrorGroup{
		ID: fmt.Sprint(i), Project: largeProject(p), ShortID: fmt.Sprintf("SERVICE-%d", i),
		Title:   fmt.Sprintf("TypeError: cannot read properties of undefined (reading 'amount') number %d", i),
		Culprit: "app/checkout/pay in charge", URL: fmt.Sprintf("https://sentry.example.com/organizations/acme/issues/%d/", i),
		Level: "error", Status: delivery.GroupUnresolved, Platform: &platform, Unhandled: &unhandled, Events: int64(i), Users: int64(i / 3),
		FirstSeen: at, LastSeen: at + 30*largeHour, FirstRelease: largeVersion(p, week), LastRelease: largeVersion(p, week+1), ToldAt: at + 40*largeHour,
		States: []delivery.GroupState{{Status: delivery.GroupUnresolved, At: at}},
	}
	for _, name := range []string{"production", "staging"} {
		g.Environments = append(g.Environments, delivery.GroupEnvironment{Name: name, Events: 1000, Users: 30, FirstSeen: at, LastSeen: at + largeHour, ToldAt: at})
	}
	if i%3 > 0 {
		g.Status = delivery.GroupResolved
		g.States = append(g.States, delivery.GroupState{Status: delivery.GroupResolved, At: at + delivery.Instant(i%50+1)*largeHour})
	}
	if i%6 == 1 {
		g.Status, g.Substatus = delivery.GroupUnresolved, delivery.Regressed
		g.States = append(g.States, delivery.GroupState{Status: delivery.GroupUnresolved, Regressed: true, At: at + 60*largeHour, Release: largeVersion(p, week+1)})
	}
	return g
}

func largeEvents(p, day int, at delivery.Instant) delivery.EventDay {
	d := delivery.EventDay{Project: largeProject(p), Day: at, ToldAt: at}
	for hour := range delivery.HoursADay {
		d.Known.Add(hour)
		d.Accepted[hour], d.Filtered[hour] = int64(1000+day+hour), int64(hour)
	}
	return d
}

func largeSessions(p int, environment string, at delivery.Instant) delivery.SessionDay {
	d := delivery.SessionDay{Project: largeProject(p), Environment: environment, Day: at, ToldAt: at}
	for hour := range delivery.HoursADay {
		d.Known.Add(hour)
		d.Sessions[hour], d.Crashed[hour], d.Users[hour] = int64(5000+hour), float64(hour), 300
	}
	return d
}

// BenchErrors asks for each panel of errors, of a year, and for lists.
func BenchErrors(b *testing.B, s delivery.Store) {
	q := delivery.ErrorsAsked{
		Filter: delivery.Filter{From: LargeStart, To: LargeStart + LargeSpan, Unit: delivery.Week}, Zone: time.UTC, Now: LargeStart + LargeSpan,
	}
	for _, slug := range []string{"errors-open", "errors-events", "errors-resolve-time", "errors-by-release", "crash-free", "rate-limits"} {
		b.Run(slug, func(b *testing.B) {
			for b.Loop() {
				if p, err := delivery.ErrorsPanel(b.Context(), s, slug, q); err != nil || p.N == 0 {
					b.Fatal(p.N, err)
				}
			}
		})
	}
	b.Run("LoadErrorFacets", func(b *testing.B) {
		for b.Loop() {
			if f, err := delivery.LoadErrorFacets(b.Context(), s); err != nil || len(f.Projects) != largeProjects {
				b.Fatal(len(f.Projects), err)
			}
		}
	})
	b.Run("ErrorGroups", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.ErrorGroups(b.Context(), delivery.ErrorQuery{Limit: 100}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 100 {
				b.Fatal(n)
			}
		}
	})
}
