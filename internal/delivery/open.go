package delivery

import "slices"

// OpenDuring reports whether an issue with these periods was open at some time
// in [from, to): whether a stay in a status that is not closed overlaps it. The
// last period has no end, and one that took no time counts when its instant is
// in the range.
func OpenDuring(periods []Period, class Classes, from, to Instant) bool {
	return from < to && slices.ContainsFunc(periods, func(p Period) bool {
		before := p.End.Known() && p.End <= from && p.Start < from
		return !before && p.Start < to && class(p.Status.Key, p.Start) != Closed
	})
}

// KnownTo is the end of the range as far as it is known at now, which may be
// before its beginning. A now of 0 cuts nothing off.
func (f *Filter) KnownTo(now Instant) Instant {
	if now.Known() {
		return min(f.To, now)
	}
	return f.To
}
