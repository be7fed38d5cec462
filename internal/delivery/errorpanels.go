package delivery

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Reasons for which facts of errors are left out of a panel, besides ChangeSkew.
const (
	// StatusUnknown: how a group stood then was never seen.
	StatusUnknown = "status_unknown"
	// EnvironmentUnknown: nothing says in which environments a group was seen.
	EnvironmentUnknown = "environment_unknown"
	// ResolvedBefore: a group was resolved, or came back, and nobody saw when.
	ResolvedBefore = "resolved_before"
	// HoursUnknown: hours of projects of which no count is known.
	HoursUnknown = "hours_unknown"
	// OlderReleases: those beyond the newest that are shown.
	OlderReleases = "older_releases"
	// NoLimit: projects that let everything in.
	NoLimit = "no_limit"
	// LoadUnknown: projects with a limit of which no hour is known.
	LoadUnknown = "load_unknown"
)

// EnoughSessions is the least number of sessions for which a rate of them says
// something.
const EnoughSessions = 30

// ErrorsPanel reads what a panel of errors is made of, and makes it: errors-open,
// errors-events, errors-resolve-time, errors-by-release, crash-free or rate-limits.
func ErrorsPanel(ctx context.Context, s ErrorStore, slug string, q ErrorsAsked) (PanelData, error) {
	switch slug {
	case "errors-open":
		return OpenErrors(s.ErrorGroups(ctx, q.Facts(0, q.To)), q)
	case "errors-resolve-time":
		return ResolveTimes(s.ErrorGroups(ctx, q.Facts(0, q.To)), q)
	case "errors-by-release":
		return ErrorsByRelease(s.Releases(ctx, q.Facts(q.From, q.To)), s.ErrorGroups(ctx, q.Facts(0, 0)), q)
	case "crash-free":
		return CrashFree(s.SessionDays(ctx, q.days()), q)
	case "errors-events", "rate-limits":
		projects, err := s.ErrorProjects(ctx)
		if err != nil {
			return PanelData{}, err
		}
		if slug == "rate-limits" {
			return RateLimits(projects, s.EventDays(ctx, q.days()), q)
		}
		return EventCounts(projects, s.EventDays(ctx, q.days()), q)
	}
	return PanelData{}, fmt.Errorf("no such panel of errors: %q", slug)
}

// days asks for the days in UTC that the range touches.
func (q *ErrorsAsked) days() ErrorQuery {
	first, _ := HourOf(q.From)
	return q.Facts(first, q.To)
}

// panel starts a panel of errors, whose clock never stops.
func (q *ErrorsAsked) panel(slug string, shape Shape, of Quantity, s Sample, headline ...Figure) PanelData {
	s.AsOf = q.Now
	if s.Excluded == nil {
		s.Excluded = map[string]int{}
	}
	return PanelData{
		Slug: slug, Of: OfErrors, Shape: shape, Quantity: of, Filter: q.Filter, Zone: q.Zone, Day: 24 * time.Hour,
		Sample: s, Headline: append(headline, Figure{"count", number(s.N)}),
	}
}

func (q *ErrorsAsked) buckets() bucketing {
	return bucketing{Buckets(q.From, q.To, q.Unit, q.Zone, q.Now)}
}

// line is a series with a value for each bucket.
func (b *bucketing) line(zone *time.Location, name string, enough int, value func(i int) (*float64, int)) Series {
	s := Series{Name: name, Points: []Point{}}
	for i := range b.all {
		v, n := value(i)
		s.Points = append(s.Points, b.all[i].slot(zone, v, n, enough))
	}
	return s
}

// whole is a count as a value.
func whole(n int64) *float64 { v := float64(n); return &v }

// eachOf calls see for each of facts, and stops at the first error.
func eachOf[T any](facts iter.Seq2[T, error], see func(*T)) error {
	for fact, err := range facts {
		if err != nil {
			return err
		}
		see(&fact)
	}
	return nil
}

// hoursOf yields the hours in [from, to) of a day in UTC: where each begins, by its
// place in the day.
func hoursOf(day, from, to Instant) iter.Seq2[int, Instant] {
	return func(yield func(int, Instant) bool) {
		for hour := range HoursADay {
			if at := day + Instant(hour)*msPerHour; at >= from && at < to && !yield(hour, at) {
				return
			}
		}
	}
}

const msPerHour = 60 * 60 * msPerSecond

// hoursIn is how many hours in UTC begin in [from, to).
func hoursIn(from, to Instant) int {
	up := func(at Instant) Instant { return (at + msPerHour - 1) / msPerHour }
	return int(max(0, up(to)-up(from)))
}
