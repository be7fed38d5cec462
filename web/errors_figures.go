package web

import (
	"context"
	"math"

	"throughline/internal/delivery"
	"throughline/views"
)

// errorFigures are the groups that stand open and the new ones, the events accepted, the
// median time to resolve and the share of sessions without a crash, each against the
// period of the same length before.
func (s *Server) errorFigures(ctx context.Context, f delivery.Filter, view views.Panel) ([]views.Figure, error) {
	var all []comparison
	for _, slug := range []string{"errors-open", "errors-events", "errors-resolve-time", "crash-free"} {
		c, err := s.compare(ctx, view, slug, f)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	open, events, resolve, sessions := all[0], all[1], all[2], all[3]
	resolve.counted = view.Records(ctx, "errors-resolve-time")
	median := resolve.duration("figure.errors.resolve", "p50", delivery.EnoughForP50)
	if median.Value == "" {
		median.Missing = open.p.T("figure.missing.resolve")
	}
	return []views.Figure{
		open.openErrors(view.Records(ctx, "errors-open")),
		open.groups("figure.errors.new", "new", view.Records(ctx, "")),
		events.accepted(),
		median,
		sessions.crashFree(),
	}, nil
}

// groups is a number of error groups, of which fewer are better.
func (c comparison) groups(label, name, list string) views.Figure {
	p := c.p
	v := c.now.Figure(name)
	f := views.Figure{Label: p.T(label), How: c.how}
	if v == nil {
		return f
	}
	f.Value, f.Exact = p.Number(*v, 0), p.Number(*v, 0)
	before := c.before.Figure(name)
	f.Change = changeOf(*v, before, true, false)
	if before != nil {
		f.Before = c.was(p.Number(*before, 0))
	}
	if *v > 0 {
		f.Notes = []views.Note{{Text: p.T("figure.errors.list"), Href: list}}
	}
	return f
}

// openErrors are the groups that stand open, and how many of them are of the last day.
// What they were before is known as far as anybody looked then.
func (c comparison) openErrors(list string) views.Figure {
	if c.before.Excluded[delivery.StatusUnknown] > 0 {
		c.before.Headline = nil
	}
	f := c.groups("figure.errors.open", "count", list)
	fresh := 0.0
	for _, age := range []delivery.ErrorAge{delivery.AgeHour, delivery.AgeDay} {
		if v := c.now.Figure(string(age)); v != nil {
			fresh += *v
		}
	}
	if fresh > 0 {
		f.Notes = append(f.Notes, views.Note{Text: c.p.T("figure.errors.fresh", "n", int(fresh))})
	}
	return f
}

// accepted is how many events came through, of which fewer are better.
func (c comparison) accepted() views.Figure {
	p, now := c.p, c.now
	f := views.Figure{Label: p.T("figure.errors.events"), How: c.how, Trend: sparkOf(now, "accepted")}
	v := now.Figure("accepted")
	if v == nil || len(f.Trend) == 0 || allGaps(f.Trend) {
		f.Missing = p.T("figure.missing.events")
		return f
	}
	f.Value, f.Exact = p.Number(*v, 0), p.Number(*v, 0)
	before := c.before.Figure("accepted")
	f.Change = changeOf(*v, before, true, c.before.Excluded[delivery.HoursUnknown] > 0)
	if before != nil && *before > 0 {
		f.Before = c.was(p.Number(*before, 0))
	}
	if limited := now.Figure("rate_limited"); limited != nil && *limited > 0 {
		f.Notes = append(f.Notes, views.Note{Text: p.T("figure.errors.limited", "n", int(*limited))})
	}
	if len(now.Filter.Environments) > 0 {
		f.Notes = append(f.Notes, views.Note{Text: p.T("errors.every_environment")})
	}
	return f
}

func allGaps(values []float64) bool {
	for _, v := range values {
		if !math.IsNaN(v) {
			return false
		}
	}
	return true
}

// leastCrashChange is from which change on, as a share of all sessions, a crash-free
// rate is said to be another one.
const leastCrashChange = 0.0005

// crashFree is a share of sessions, of which more is better; next to 1 a change of it is
// small, and counts all the same.
func (c comparison) crashFree() views.Figure {
	p := c.p
	f := c.rate("figure.errors.crash_free", delivery.EnoughSessions)
	f.Notes = noteOf(p, "figure.of.sessions", c.now.N, "")
	v := c.now.Figure("rate")
	if v == nil {
		f.Missing = p.T("figure.missing.sessions")
		return f
	}
	f.Value, f.Exact = views.Share(p, *v), p.Percent(*v, 6)
	if before := c.before.Figure("rate"); before != nil {
		f.Before = c.was(views.Share(p, *before))
		if f.Change != nil && !f.Change.Few && *before < 1 {
			f.Change.Ratio = 1 - (1-*v)/(1-*before) // 40 % better: so many fewer crash
			f.Change.Same, f.Change.Better = math.Abs(*v-*before) < leastCrashChange, *v > *before
		}
	}
	return f
}
