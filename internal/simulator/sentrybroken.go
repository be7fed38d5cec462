package simulator

import (
	"math/rand/v2"

	"throughline/internal/delivery"
)

const (
	blamed       = .8  // share of bad deployments that Sentry shows
	blamedUnseen = .3  // the same where hardly anybody sees what breaks
	comesBack    = .35 // of those, how many bring back an older group too
	keptBroken   = 7 * day
	mostDelay    = 100 * minute // until the first error
	forgottenBy  = 10 * minute
)

// misfortunes makes the groups that bad deployments bring. Nothing of one that is
// there at an instant depends on what is deployed after that instant's day.
func (p *errProject) misfortunes(w *errWorld) {
	uses := p.inUse[productionEnv]
	env := productionEnv
	if len(p.envs) == 0 {
		env = ""
	}
	var last *errGroup
	for i, use := range uses {
		if !use.bad {
			continue
		}
		rnd := rand.New(rand.NewPCG(w.s.c.seed^0x62726f6b, use.rel.commit^uint64(use.at)))
		luck := rnd.Float64()
		if luck >= blamed || env == "" && luck >= blamedUnseen {
			continue
		}
		var next *errUse
		if i+1 < len(uses) {
			next = uses[i+1]
		}
		if last != nil && rnd.Float64() < comesBack && last.back(rnd, use, next) {
			last = nil
		}
		for k := range 1 + rnd.IntN(2) {
			g := p.broken(rnd, use, next, env, 500_000+int64(i)*4+int64(k))
			p.groups = append(p.groups, g)
			if k == 0 {
				last = g
			}
		}
	}
}

// room is how long errors of a deployment have until the next one, 0 when that is
// not of the same day.
func (u *errUse) room(next *errUse) delivery.Instant {
	if next == nil || localDay(next.at) != localDay(u.at) {
		return 0
	}
	return next.at - u.at
}

// firstError is when users first meet what a deployment broke, before it is mended.
func (u *errUse) firstError(rnd *rand.Rand, next *errUse) delivery.Instant {
	late, soon := delivery.Instant((3+rnd.ExpFloat64()*25)*float64(minute)), .2+.35*rnd.Float64()
	late = min(late, delivery.Instant(mostDelay))
	if room := u.room(next); room > 0 && late > room/2 {
		late = delivery.Instant(soon * float64(room))
	}
	late -= late % delivery.Instant(second)
	return u.at + max(late, delivery.Instant(second))
}

// broken is a group that a bad deployment brings: 12 users at least meet it until
// the next deployment to production mends it.
func (p *errProject) broken(rnd *rand.Rand, use, next *errUse, env string, id int64) *errGroup {
	at := use.firstError(rnd, next)
	g := p.group(rnd, at, id)
	if rnd.Float64() < .15 {
		g.level = "fatal"
	}
	users := 20 + int(rnd.Float64()*rnd.Float64()*480)
	if env == "" {
		users = 20 + rnd.IntN(50)
	}
	tau := float64(40 * minute)
	if room := use.room(next); room > 0 {
		tau = min(tau, float64(use.at+room-at)/3)
	}
	g.streams = []errStream{{
		env: env, first: at, burst: float64(users)/usersAnEvent + 2, tau: tau, rate: 1 + 6*rnd.Float64(), users: users,
	}}
	g.active = []errSpan{{from: at}}
	g.broke = []errBreak{{use, at}}
	g.mend(rnd, next)
	g.settle()
	return g
}

// mend ends the events soon after the next deployment, and the group some hours later.
func (g *errGroup) mend(rnd *rand.Rand, next *errUse) {
	late := delivery.Instant((1 + rnd.Int64N(20)) * hour)
	if next == nil {
		return
	}
	g.active[len(g.active)-1].to = next.at + delivery.Instant(forgottenBy)
	g.turn(next.at+late, resolved, "")
}

// back brings a group back with another bad deployment, when it was resolved long ago.
func (g *errGroup) back(rnd *rand.Rand, use, next *errUse) bool {
	end := g.life[len(g.life)-1]
	if end.status != resolved || use.at-end.at < delivery.Instant(keptBroken) {
		return false
	}
	at := use.firstError(rnd, next)
	g.turn(at, unresolved, "regressed")
	g.active = append(g.active, errSpan{from: at})
	g.broke = append(g.broke, errBreak{use, at})
	g.mend(rnd, next)
	g.settle()
	return true
}
