package delivery

import "context"

// BlockedTime is how long started issues that were open at some time in a range have
// been in statuses that block them, from their first active entry until they were
// closed, or now: per issue the sum over re-entries. StatusBook says what blocks.
type BlockedTime struct {
	Sample   // of started issues
	Statuses []StatusTime
	Shares   TimeShare // blocked time of all cycle time and WIP age
	Issues   int       // blocked at least once
}

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
		blocks := blocker(book)
		err = lives.Each(ctx, openIn(&q), func(l *Life) {
			whole, started := q.inProgress(l, known)
			if !started {
				return
			}
			out.N++
			part, here := int64(0), sums.place(l.Place)
			q.blocked(l, blocks, func(status string, millis int64) {
				sums.visit(here, status).millis += millis
				part += millis
			})
			if len(sums.visited) > 0 {
				out.Issues++
			}
			sums.next()
			out.Shares.add(part, whole)
		})
		if err == nil {
			out.Statuses = sums.times(book, known-1)
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

// blocked calls f for each stay that blocked a started issue, with its length by the
// query's clock in milliseconds.
func (q *FlowQuery) blocked(l *Life, blocks func(connection, key string) bool, f func(status string, millis int64)) {
	c := q.calendarIn(l.Queue)
	for i := l.firstActive(); i < len(l.Stays); i++ {
		s := &l.Stays[i]
		if s.Class == Closed || s.Start > q.Now || !blocks(l.Connection, s.Status) {
			continue
		}
		f(s.Status, q.Millis(s.Start, q.until(s.End), c))
	}
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

// Panel is the blocked time by status, as the panel blocked-time shows it.
func (b BlockedTime) Panel(q FlowQuery) PanelData {
	d := q.data("blocked-time", Bars, b.Sample, Figure{"rate", b.Shares.Rate()}, Figure{"issues", number(b.Issues)})
	d.Series = statusBars(b.Statuses)
	return d
}
