package simulator

import (
	"math"
	"slices"

	"throughline/internal/delivery"
)

// errStream are a group's events in one environment.
type errStream struct {
	env   string // "": none
	first delivery.Instant
	burst float64 // events that come at first, or when the group comes back
	tau   float64 // ms in which most of them have come
	rate  float64 // events a day beside them
	users int     // at most
}

// errSpan is a time in which events come; to is 0 while that goes on.
type errSpan struct{ from, to delivery.Instant }

// usersAnEvent is how many more users an event brings until all have met the error.
const usersAnEvent = .6

// dayNight is how far nights fall below, and afternoons rise above, the mean.
const dayNight = .75

// wake is how many events there are at t for one on average: they come by day.
func wake(t delivery.Instant) float64 {
	return 1 + dayNight*math.Sin(dayPart(t))
}

func dayPart(t delivery.Instant) float64 {
	return 2 * math.Pi * float64((int64(t)+utcOff-9*hour)%day) / float64(day)
}

// woken is the integral of wake, in ms.
func woken(t delivery.Instant) float64 {
	return float64(t) - dayNight*float64(day)/(2*math.Pi)*math.Cos(dayPart(t))
}

// spans calls with each time until t in which events came.
func (st *errStream) spans(g *errGroup, t delivery.Instant, f func(from, to delivery.Instant)) {
	for _, sp := range g.active {
		from, to := max(sp.from, st.first), t
		if sp.to.Known() {
			to = min(to, sp.to)
			if from >= sp.to {
				continue
			}
		}
		if from <= t {
			f(from, to)
		}
	}
}

// count is the number of events until t.
func (st *errStream) count(g *errGroup, t delivery.Instant) int {
	n, x := 0, 0.
	st.spans(g, t, func(from, to delivery.Instant) {
		n++
		x += st.burst*(1-math.Exp(-float64(to-from)/st.tau)) + st.rate*(woken(to)-woken(from))/float64(day)
	})
	return n + int(x)
}

// begin is the first event until t; 0 when there was none.
func (st *errStream) begin(g *errGroup, t delivery.Instant) (at delivery.Instant) {
	st.spans(g, t, func(from, _ delivery.Instant) {
		if !at.Known() {
			at = from
		}
	})
	return at
}

// last is the last event until t, which is not before the first.
func (st *errStream) last(g *errGroup, t delivery.Instant) delivery.Instant {
	n := st.count(g, t)
	from, to := st.begin(g, t)-1, t // fewer than n at from, n at to
	for to-from > 1 {
		if mid := from + (to-from)/2; st.count(g, mid) < n {
			from = mid
		} else {
			to = mid
		}
	}
	return to
}

// met is how many users so many events have met.
func (st *errStream) met(n int) int {
	if n == 0 {
		return 0
	}
	return min(st.users, 1+int(usersAnEvent*float64(n-1)))
}

// sight is what is seen of a group.
type sight struct {
	count, users int
	first, last  delivery.Instant // of all time; 0 when there was nothing
}

// seen is what is seen of a group until to in some environments, nil for all: events
// and users are those since from, first and last those of all time.
func (g *errGroup) seen(envs []string, from, to delivery.Instant) sight {
	var s sight
	for i := range g.streams {
		st := &g.streams[i]
		if envs != nil && !slices.Contains(envs, st.env) {
			continue
		}
		first := st.begin(g, to)
		if !first.Known() {
			continue
		}
		n := st.count(g, to)
		if from.Known() {
			n -= st.count(g, from)
		}
		s.count += n
		s.users += st.met(n)
		if !s.first.Known() || first < s.first {
			s.first = first
		}
		last := st.last(g, to)
		if !g.micros {
			last -= last % delivery.Instant(second)
		}
		s.last = max(s.last, last)
	}
	return s
}

// between is how many events came after a and until b.
func (g *errGroup) between(envs []string, a, b delivery.Instant) int {
	n := 0
	for i := range g.streams {
		if st := &g.streams[i]; envs == nil || slices.Contains(envs, st.env) {
			n += st.count(g, b) - st.count(g, a)
		}
	}
	return n
}

// releaseOf is what a stream's events are of at t.
func (g *errGroup) releaseOf(env string, t delivery.Instant) *errRelease {
	if use := g.p.using(env, t); use != nil {
		return use.rel
	}
	return nil
}

// releases are those that a group was first and last seen in; nil when Sentry does not
// know one.
func (g *errGroup) releases(envs []string, t delivery.Instant) (first, last *errRelease) {
	var from, to delivery.Instant
	for i := range g.streams {
		st := &g.streams[i]
		at := st.begin(g, t)
		if !at.Known() || envs != nil && !slices.Contains(envs, st.env) {
			continue
		}
		if !from.Known() || at < from {
			from, first = at, g.releaseOf(st.env, at)
		}
		if at = st.last(g, t); at > to {
			to, last = at, g.releaseOf(st.env, at)
		}
	}
	return first, last
}
