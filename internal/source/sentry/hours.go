package sentry

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"throughline/internal/delivery"
)

const (
	hoursBack    = 90 * day // that are read first
	spanLength   = 30 * day // that one call asks for
	maxHourCalls = 40       // in one pull
	leastByHour  = 24       // hours that one call each is made for, however few projects there are
	hoursAPage   = 12
	// settling is how long an hour must be over: the latest counts are revised.
	settling = 5 * time.Minute
)

// hours reads how many events came in each hour that is over.
func (p *pull) hours(ctx context.Context) error {
	until := p.at() - millis(settling)
	until -= until % hour
	p.planHours(until)
	calls, err := p.recentHours(ctx, until)
	for err == nil && calls < maxHourCalls && len(p.cursor.Hours.Back) > 0 {
		calls++
		err = p.nextSpan(ctx)
	}
	return p.alone(ctx, "events", "", err)
}

// planHours begins with the projects that are new, and forgets those that are gone.
func (p *pull) planHours(until delivery.Instant) {
	h := &p.cursor.Hours
	for slug := range h.Until {
		if !p.chosen(slug) {
			delete(h.Until, slug)
		}
	}
	h.Back = slices.DeleteFunc(h.Back, func(s span) bool { return !p.chosen(s.Project) })
	for to := until; to > until-hoursBack; to -= spanLength { // the latest first, of all projects
		for i := range p.projects {
			if slug := p.projects[i].ID; h.Until[slug] == 0 {
				h.Back = append(h.Back, span{slug, to - spanLength, to})
			}
		}
	}
	for i := range p.projects {
		if slug := p.projects[i].ID; h.Until[slug] == 0 {
			h.Until[slug] = until
		}
	}
}

// recentHours asks for the hours since the last pull: for all projects at once where
// that takes fewer calls. It says how many it took.
func (p *pull) recentHours(ctx context.Context, until delivery.Instant) (calls int, err error) {
	h := &p.cursor.Hours
	from := until
	for _, known := range h.Until {
		from = min(from, known)
	}
	missing := int((until - from) / hour)
	if missing > max(leastByHour, len(p.projects)) {
		for i := range p.projects {
			slug := p.projects[i].ID
			for to := until; to > max(h.Until[slug], until-hoursBack); to -= spanLength {
				h.Back = append(h.Back, span{slug, max(to-spanLength, h.Until[slug]), to})
			}
			h.Until[slug] = until
		}
		return 0, nil
	}
	var batch dayBatch
	for at := from; at < until; at += hour {
		if calls == maxHourCalls {
			break
		}
		calls++
		err := p.oneHour(ctx, at, &batch)
		if err == nil {
			for slug, known := range h.Until {
				h.Until[slug] = max(known, at+hour)
			}
		}
		if ctx.Err() != nil {
			return calls, err
		}
		if calls%hoursAPage == 0 || at+hour == until || calls == maxHourCalls || err != nil {
			if stopped := p.emit(delivery.Batch{EventDays: batch.days(delivery.InstantOf(p.now()))}); stopped != nil {
				return calls, stopped
			}
			batch = dayBatch{}
		}
		if err != nil {
			return calls, err
		}
	}
	return calls, nil
}

// oneHour asks how many events came in an hour, of all projects.
func (p *pull) oneHour(ctx context.Context, at delivery.Instant, batch *dayBatch) error {
	a, err := p.get(ctx, p.hourly(at, at+hour, url.Values{"groupBy": {"project", "outcome"}}))
	if err != nil {
		return err
	}
	groups, err := statsOf(a)
	if err != nil {
		return err
	}
	for i := range p.projects {
		batch.know(p.projects[i].ID, at)
	}
	for _, g := range groups {
		if slug, ok := p.numbered(g.project); ok {
			batch.add(slug, at, g.outcome, g.total)
		}
	}
	return nil
}

func (p *pull) hourly(from, to delivery.Instant, query url.Values) request {
	query["field"], query["category"], query["interval"] = []string{"sum(quantity)"}, []string{"error"}, []string{"1h"}
	query["start"], query["end"] = []string{stamp(from.Time())}, []string{stamp(to.Time())}
	return request{to: toStats, path: p.org("stats_v2/"), query: query}
}

// nextSpan asks for the next of the spans that wait.
func (p *pull) nextSpan(ctx context.Context) error {
	h := &p.cursor.Hours
	s := h.Back[0]
	number := ""
	for i := range p.projects {
		if p.projects[i].ID == s.Project {
			number = p.projects[i].number
		}
	}
	if lacked, ok := p.cursor.Lacks[toStats]; ok && !p.over(lacked) {
		return &lackError{lacked.Said}
	}
	a, err := p.client.do(ctx, p.hourly(s.From, s.To, url.Values{"project": {number}, "groupBy": {"outcome"}}))
	if refused(err) { // of this project alone
		h.Back = slices.DeleteFunc(h.Back, func(other span) bool { return other.Project == s.Project })
		return p.alone(ctx, "events", "project "+s.Project, err)
	}
	if err != nil {
		return err
	}
	groups, intervals, err := statsWith(a)
	if err != nil {
		return err
	}
	var batch dayBatch
	for i, at := range intervals {
		if at < s.From || at >= s.To || at%hour != 0 {
			continue
		}
		batch.know(s.Project, at)
		for _, g := range groups {
			if i < len(g.series) {
				batch.add(s.Project, at, g.outcome, g.series[i])
			}
		}
	}
	if len(intervals) == 0 && len(groups) > 0 {
		return &answerError{path: a.path, id: "shape", what: fmt.Sprintf("does not hold the hours of %s", s.Project)}
	}
	h.Back = h.Back[1:]
	return p.emit(delivery.Batch{EventDays: batch.days(delivery.InstantOf(p.now()))})
}

// dayBatch collects hours into days.
type dayBatch struct {
	list  []delivery.EventDay
	place map[dayOf]int
}

type dayOf struct {
	project string
	day     delivery.Instant
}

func (b *dayBatch) day(project string, at delivery.Instant) (*delivery.EventDay, int) {
	begins, n := delivery.HourOf(at)
	k := dayOf{project, begins}
	place, ok := b.place[k]
	if !ok {
		if b.place == nil {
			b.place = map[dayOf]int{}
		}
		place, b.place[k] = len(b.list), len(b.list)
		b.list = append(b.list, delivery.EventDay{Project: project, Day: begins})
	}
	return &b.list[place], n
}

// know says that an hour is known: what is not added to it was nothing.
func (b *dayBatch) know(project string, at delivery.Instant) {
	d, n := b.day(project, at)
	d.Known.Add(n)
}

func (b *dayBatch) add(project string, at delivery.Instant, outcome string, events int64) {
	d, n := b.day(project, at)
	switch outcome {
	case "accepted":
		d.Accepted[n] += events
	case "filtered":
		d.Filtered[n] += events
	case "rate_limited":
		d.RateLimited[n] += events
	default:
		d.Invalid[n] += events
	}
}

func (b *dayBatch) days(told delivery.Instant) []delivery.EventDay {
	for i := range b.list {
		b.list[i].ToldAt = told
	}
	return b.list
}
