package simulator

import (
	"math"
	"math/rand/v2"
	"strconv"

	"throughline/internal/delivery"
)

// errGroup is a group of errors, which Sentry calls an issue, with all that will
// happen to it.
type errGroup struct {
	p         *errProject
	id        int64
	seq       int // in the project
	seed      uint64
	first     delivery.Instant
	micros    bool // its times are told to the microsecond, else to the second
	level     string
	title     int // in the titles of the project's kind
	unhandled bool
	streams   []errStream
	active    []errSpan
	life      []errTurn
	broke     []errBreak
}

// errBreak is a bad deployment that made the group appear, or come back.
type errBreak struct {
	by   *errUse
	seen delivery.Instant
}

// errTurn is a change of a group's status.
type errTurn struct {
	at                delivery.Instant
	status, substatus string
}

const (
	unresolved = "unresolved"
	resolved   = "resolved"
	ignored    = "ignored"

	fresh = 7 * day // how long a group is new or regressed before it is ongoing
)

func (g *errGroup) number() string { return strconv.FormatInt(g.id, 10) }

// Rates of new groups of the whole organisation: they grow over the history, as the
// company does, and are highest since it is watched.
const (
	groupsAtStart = .3 // a day
	groupsAtEnd   = 1.3
	groupsSince   = 5.
)

// live makes the groups of one of the company's projects up to the end of a day.
// What a day brings depends on the seed and the day only.
func (p *errProject) live(w *errWorld) {
	c := w.s.c
	from, epoch := localDay(c.start), localDay(c.epoch)
	for d := from; d <= w.day; d++ {
		mean := groupsSince
		if d < epoch-1 {
			mean = groupsAtStart + (groupsAtEnd-groupsAtStart)*float64(d-from)/float64(max(epoch-from, 1))
		}
		rnd := rand.New(rand.NewPCG(c.seed^0x73656e74, uint64(d)<<8|uint64(p.n)))
		for k := range min(poisson(rnd, mean*p.share), 39) {
			at := startOf(d) + delivery.Instant(rnd.Int64N(day))
			if wake(at) < .6 && rnd.Float64() < .7 {
				at = startOf(d) + delivery.Instant(10*hour+rnd.Int64N(11*hour))
			}
			p.groups = append(p.groups, p.usual(rnd, at, int64(d-from)*40+int64(k)))
		}
	}
	for i, recent := range []struct {
		project int
		ago     int64
	}{{0, 13 * minute}, {1, 27 * minute}, {2, 44 * minute}, {0, 52 * minute}, {2, 5 * hour}, {3, 9 * hour}, {1, 17 * hour}} {
		if recent.project == p.n { // something is new when one first looks
			rnd := rand.New(rand.NewPCG(c.seed^0x6e6577, uint64(i)))
			p.groups = append(p.groups, p.usual(rnd, c.epoch-delivery.Instant(recent.ago), 900_000+int64(i)))
		}
	}
	p.misfortunes(w)
}

// group has what all groups have.
func (p *errProject) group(rnd *rand.Rand, at delivery.Instant, id int64) *errGroup {
	g := &errGroup{
		p: p, id: firstGroupID + int64(p.n)*groupsAProject + id, seed: rnd.Uint64(), first: at, micros: rnd.IntN(3) == 0,
		level: "error", title: rnd.IntN(len(errTitles[p.titles()])), unhandled: rnd.Float64() < .4,
	}
	g.life = []errTurn{{at, unresolved, "new"}}
	return g
}

// level of an error that nobody deployed on purpose.
func anyLevel(rnd *rand.Rand) string {
	switch u := rnd.Float64(); {
	case u < .58:
		return "error"
	case u < .64:
		return "fatal"
	case u < .86:
		return "warning"
	}
	return "info"
}

func lognormal(rnd *rand.Rand, median, sigma float64) float64 {
	return median * math.Exp(sigma*rnd.NormFloat64())
}

// usual is a group that no deployment is to blame for. Few users meet it when it
// comes soon after one, or it would seem so.
func (p *errProject) usual(rnd *rand.Rand, at delivery.Instant, id int64) *errGroup {
	g := p.group(rnd, at, id)
	g.level = anyLevel(rnd)
	users := min(int(lognormal(rnd, 9, 1.3)), 420)
	if rnd.Float64() < .12 {
		users = 0 // of jobs that nobody waits for
	}
	u, few := rnd.Float64(), 2+rnd.IntN(4)
	use := p.using(productionEnv, at)
	if g.severe() && (u >= .5 || use != nil && at-use.at < delivery.Instant(30*hour)) {
		users = min(users, few)
	}
	burst, rate, tau := lognormal(rnd, 4, 1.1), lognormal(rnd, 1.5, 1.8), float64(hour)*lognormal(rnd, 4, .8)
	stream := func(env string, at delivery.Instant, share float64) {
		most := int(math.Ceil(float64(users) * share))
		g.streams = append(g.streams, errStream{env: env, first: at, burst: burst * share, tau: tau, rate: rate * share, users: most})
	}
	later := at + delivery.Instant(lognormal(rnd, 8, 1.5)*float64(hour))
	switch {
	case len(p.envs) == 0:
		stream("", at, 1)
	case u < .5:
		stream(productionEnv, at, 1)
	case u < .7:
		stream(productionEnv, at, .85)
		stream(stagingEnv, later, .15)
	case u < .88: // it was met before it came to production
		stream(stagingEnv, at, .2)
		stream(productionEnv, later, .8)
	default:
		stream(stagingEnv, at, .3)
	}
	g.fate(rnd)
	g.settle()
	return g
}

func (g *errGroup) severe() bool { return g.level == "error" || g.level == "fatal" }

// fate is what people do about a usual group.
func (g *errGroup) fate(rnd *rand.Rand) {
	after := func(t delivery.Instant, median, sigma float64) delivery.Instant {
		return t + delivery.Instant(max(lognormal(rnd, median, sigma), .4)*float64(hour))
	}
	done := after(g.first, 40, 1.2)
	switch u := rnd.Float64(); {
	case u < .6:
		g.turn(done, resolved, "")
		if rnd.Float64() < .12 {
			back := after(done, 300, .6)
			g.turn(back, unresolved, "regressed")
			for i := range g.streams { // no deployment is to blame for this either
				if st := &g.streams[i]; g.severe() {
					st.users = min(st.users, 3)
				}
			}
			if rnd.Float64() < .6 {
				g.turn(after(back, 60, .8), resolved, "")
			}
		}
	case u < .84:
		how := []string{"archived_until_escalating", "archived_until_escalating", "archived_forever", "archived_until_condition_met"}[rnd.IntN(4)]
		g.turn(done, ignored, how)
		if how == "archived_until_escalating" && rnd.Float64() < .1 {
			g.turn(after(done, 200, .6), unresolved, "escalating")
		}
	}
}

// turn changes the status; events stop when it is resolved and come back with it.
func (g *errGroup) turn(at delivery.Instant, status, substatus string) {
	g.life = append(g.life, errTurn{at, status, substatus})
}

// settle derives when events come, and cuts times to what is told of them.
func (g *errGroup) settle() {
	cut := func(t *delivery.Instant) {
		if !g.micros {
			*t -= *t % delivery.Instant(second)
		}
	}
	cut(&g.first)
	for i := range g.life {
		cut(&g.life[i].at)
	}
	for i := range g.streams {
		cut(&g.streams[i].first)
	}
	if g.active == nil {
		for _, t := range g.life {
			n := len(g.active)
			switch {
			case t.status == resolved:
				g.active[n-1].to = t.at
			case n == 0 || g.active[n-1].to.Known():
				g.active = append(g.active, errSpan{from: t.at})
			}
		}
	}
	for i := range g.active {
		cut(&g.active[i].from)
		cut(&g.active[i].to)
	}
}

// statusAt is how a group stands at t, and since when.
func (g *errGroup) statusAt(t delivery.Instant) errTurn {
	now := g.life[0]
	for _, turn := range g.life[1:] {
		if turn.at <= t {
			now = turn
		}
	}
	if now.status == unresolved && t-now.at >= delivery.Instant(fresh) {
		now.substatus = "ongoing"
	}
	return now
}
