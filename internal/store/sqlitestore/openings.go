package sqlitestore

import (
	"context"
	"database/sql"

	"throughline/internal/delivery"
	"throughline/internal/sqlite"
)

// openings finds the issues that were open at some time in a range, of those
// whose flow alone does not tell: it knows the first opening and the last
// closing, not what was between.
type openings struct {
	generation *generation
	status     map[int64]term
	from, to   delivery.Instant
	periods    []delivery.Period // of the issue being read
}

// open reports whether the issue with these stored periods, of a connection's
// queue, was open.
func (o *openings) open(connection, queue string, stays []byte) (bool, error) {
	o.periods = o.periods[:0]
	err := eachStay(stays, func(s stay) {
		status := delivery.Ref{Key: o.status[s.status].key}
		o.periods = append(o.periods, delivery.Period{Status: status, Start: s.start, End: s.end})
	})
	return delivery.OpenDuring(o.periods, o.generation.Classes(connection, queue), o.from, o.to), err
}

// openIssue is an issue that was open at some time in the range of a query.
type openIssue struct {
	place
	pk       int64
	closedAt delivery.Instant
	calendar *delivery.Calendar
	stays    []byte
}

// eachOpen calls f for the issues that were open in the query's range up to its
// now. What it is given is the next issue when it has returned.
func eachOpen(ctx context.Context, tx *sql.Tx, q *delivery.FlowQuery, n *namer, f func(*openIssue) error) error {
	to := q.KnownTo(q.Now)
	if to <= q.From {
		return nil
	}
	opened := openings{generation: n.generation, status: n.status, from: q.From, to: to}
	i := openIssue{calendar: q.Calendar}
	return sqlite.Scan(ctx, tx, func(row sqlite.Row) error {
		i.pk, i.stays = row.Int(4), row.Bytes(3)
		i.connection, i.queue = row.Int(0), row.Int(1)
		if i.pk < 0 {
			i.pk = -i.pk
			open, err := opened.open(n.conn[i.connection].key, n.queue[i.queue].key, i.stays)
			if !open || err != nil {
				return err
			}
		}
		i.closedAt = delivery.Instant(row.Int(2))
		if q.ByQueue() {
			i.calendar = q.CalendarOf(n.queue[i.queue].key)
		}
		return f(&i)
	}, staysSQL, append(filterArgs(&q.Filter), ms(q.From), ms(to))...)
}

// measure calls f for each stay that counts up to the query's now, with its
// status and its length by the query's clock, in milliseconds.
func (i *openIssue) measure(q *delivery.FlowQuery, f func(status, millis int64)) error {
	return eachStay(i.stays, func(p stay) {
		if p.start > q.Now || i.closedAt.Known() && p.end == 0 {
			return // not yet, or the terminal one
		}
		if p.end == 0 || p.end > q.Now {
			p.end = q.Now
		}
		f(p.status, q.Millis(p.start, p.end, i.calendar))
	})
}
