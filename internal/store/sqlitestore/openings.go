package sqlitestore

import "throughline/internal/delivery"

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
	return delivery.OpenDuring(o.periods, o.generation.classes(connection, queue), o.from, o.to), err
}
