package delivery

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// BlockedTime is how long started issues that were open at some time in a range have
// been in statuses, or borne tags, that block them, from their first active entry until
// they were closed, or now, and while they were open: per issue the sum over re-entries.
// StatusBook.Blocks and BlocksTag say what blocks.
type BlockedTime struct {
	Sample                // of started issues
	Statuses []StatusTime // and behind them tags, whose keys begin with TagMark
	// Shares are the blocked time of all cycle time and WIP age. What a status and a
	// tag, or two tags, block at once is in it once.
	Shares TimeShare
	Issues int // blocked at least once
}

// TagMark begins the name of a tag where that of a status may stand too.
const TagMark = "#"

// BlockedTimeOf asks a store for the blocked time.
func BlockedTimeOf(ctx context.Context, s LivesStore, q FlowQuery) (BlockedTime, error) {
	out := BlockedTime{Sample: q.sample()}
	sums := newStatusSums()
	known := q.KnownTo(q.Now)
	err := s.Lives(ctx, q, func(lives Lives) error {
		book, err := lives.Statuses(ctx)
		if err != nil {
			return err
		}
		tags, err := lives.Tagged(ctx)
		if err != nil {
			return err
		}
		blocks := blocker(book)
		var spans []blockedSpan
		err = lives.Each(ctx, openIn(&q), func(l *Life) {
			whole, started := q.inProgress(l, known)
			if !started {
				return
			}
			out.N++
			c, here := q.calendarIn(l.Queue), sums.place(l.Place)
			spans = q.blocked(l, blocks, tags[l.ID], spans[:0])
			for _, s := range spans {
				sums.visit(here, s.by).millis += q.Millis(s.from, s.to, c)
			}
			if len(spans) > 0 {
				out.Issues++
			}
			sums.next()
			out.Shares.add(q.covered(spans, c), whole)
		})
		if err == nil {
			out.Statuses = sums.times(book, known-1)
			isTag := func(s StatusTime) bool { return strings.HasPrefix(s.Key, TagMark) }
			tagged := slices.DeleteFunc(slices.Clone(out.Statuses), func(s StatusTime) bool { return !isTag(s) })
			out.Statuses = append(slices.DeleteFunc(out.Statuses, isTag), tagged...)
		}
		return err
	})
	if err != nil {
		return BlockedTime{}, err
	}
	return out, nil
}

// inProgress is the cycle time or WIP age, in milliseconds, of an issue that was open
// in the range up to known, if it had been started by then.
func (q *FlowQuery) inProgress(l *Life, known Instant) (millis int64, started bool) {
	if !l.FirstActiveAt.Known() || l.FirstActiveAt >= known || !l.openDuring(q.From, known) {
		return 0, false
	}
	return q.Millis(l.FirstActiveAt, q.until(l.ClosedAt), q.calendarIn(l.Queue)), true
}

// until is an end as far as it is known at the query's now.
func (q *FlowQuery) until(end Instant) Instant {
	if !end.Known() || end > q.Now {
		return q.Now
	}
	return end
}

// blockedSpan is a time [from, to) in which a status or a tag blocked an issue.
type blockedSpan struct {
	by       string // key of a status, or TagMark and a tag
	from, to Instant
}

// blocked adds the times in which a started issue was blocked, up to the query's now.
func (q *FlowQuery) blocked(l *Life, blocks func(connection, key string) bool, tags []TagStay, to []blockedSpan) []blockedSpan {
	for i := l.firstActive(); i < len(l.Stays); i++ {
		s := &l.Stays[i]
		if s.Class == Closed || s.Start > q.Now {
			continue
		}
		end := q.until(s.End)
		if blocks(l.Connection, s.Status) {
			to = append(to, blockedSpan{s.Status, s.Start, end})
		}
		for _, tag := range tags {
			if from, until := max(s.Start, tag.Start), min(end, q.until(tag.End)); from < until {
				to = append(to, blockedSpan{TagMark + tag.Tag, from, until})
			}
		}
	}
	return to
}

// covered is the time within any of the spans, which it reorders, by the query's clock
// in milliseconds.
func (q *FlowQuery) covered(spans []blockedSpan, c *Calendar) int64 {
	slices.SortFunc(spans, func(a, b blockedSpan) int { return cmp.Compare(a.from, b.from) })
	sum, end := int64(0), -Forever
	for _, s := range spans {
		if from := max(s.from, end); from < s.to {
			sum += q.Millis(from, s.to, c)
			end = s.to
		}
	}
	return sum
}

// blocker is StatusBook.Blocks, found out once for each status.
func blocker(b *StatusBook) func(connection, key string) bool {
	found := map[string]map[string]bool{}
	return func(connection, key string) bool {
		known := found[connection]
		if known == nil {
			known = map[string]bool{}
			found[connection] = known
		}
		is, ok := known[key]
		if !ok {
			is = b.Blocks(connection, key)
			known[key] = is
		}
		return is
	}
}

// Panel is the blocked time by status and tag, as the panel blocked-time shows it.
func (b BlockedTime) Panel(q FlowQuery) PanelData {
	d := q.data("blocked-time", Bars, b.Sample, Figure{"rate", b.Shares.Rate()}, Figure{"issues", number(b.Issues)})
	d.Series, d.Share = statusBars(b.Statuses), &b.Shares
	return d
}
