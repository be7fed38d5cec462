package simulator

import (
	"math"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// sessionFields are what can be asked of sessions.
var sessionFields = []string{"sum(session)", "count_unique(user)", "crash_free_rate(session)", "crash_free_rate(user)"}

const (
	usersASession = .58
	uniqueShare   = .42 // of the users of each hour, those who were not there in another
	worstCrashes  = .029
	stagingShare  = .015
)

// tally are sessions, users and how many of them met a crash.
type tally struct{ sessions, users, crashed, unlucky float64 }

func (t *tally) add(o tally) {
	t.sessions += o.sessions
	t.users += o.users
	t.crashed += o.crashed
	t.unlucky += o.unlucky
}

// field of a tally; a rate of nothing is null.
func (t *tally) field(name string) any {
	rate := func(bad, all float64) any {
		if all == 0 {
			return nil
		}
		return 1 - bad/all
	}
	switch name {
	case "sum(session)":
		return int(t.sessions)
	case "count_unique(user)":
		return int(t.users)
	case "crash_free_rate(session)":
		return rate(t.crashed, t.sessions)
	}
	return rate(t.unlucky, t.users)
}

// adoption calls with the releases that people use at t and the share of each: a new
// one is taken up over some time, in which older ones are left.
func (p *errProject) adoption(env string, t delivery.Instant, f func(use *errUse, share float64)) {
	all := p.inUse[env]
	n := len(all)
	for n > 0 && all[n-1].at > t {
		n--
	}
	left := 1.
	for i := n - 1; i >= 0 && left > .01; i-- {
		share := left * (1 - math.Exp(-float64(t-all[i].at+delivery.Instant(minute))/float64(p.adopted)))
		if i == 0 || n-i == 4 {
			share = left
		}
		f(all[i], share)
		left -= share
	}
}

// session is the tally of a release that is in use, of an hour that begins at t.
func (p *errProject) session(w *errWorld, env string, use *errUse, share float64, t delivery.Instant) tally {
	hourOf, commit := int(int64(t)/hour), int(use.rel.commit>>33)
	n := p.sessions * share * wake(t+delivery.Instant(30*minute)) * (.9 + .2*w.s.part(p.n, hourOf, 40))
	if env == stagingEnv {
		n *= stagingShare
	}
	rate := p.crashes * (.6 + .8*w.s.part(p.n, commit, 41))
	if use.bad {
		rate += .008 + .012*w.s.part(p.n, commit, 42)
	}
	rate = min(rate*(.85+.3*w.s.part(commit, hourOf, 43)), worstCrashes)
	out := tally{sessions: math.Round(n), users: math.Round(n * usersASession)}
	luck := w.s.part(commit, hourOf, 44)
	out.crashed = min(math.Floor(out.sessions*rate+luck), out.sessions)
	out.unlucky = min(math.Floor(out.users*rate*1.1+luck), out.users)
	return out
}

// sessionGroup are the sessions of one row.
type sessionGroup struct {
	by     fieldsOf
	totals tally
	series []tally
}

// sessions answers GET organizations/{org}/sessions/.
func (a *errAnswer) sessions() {
	what, err := a.scope()
	var starts []delivery.Instant
	var step delivery.Instant
	if err == nil {
		starts, step, err = a.series(&what, "1h")
	}
	fields, by := a.q["field"], a.q["groupBy"]
	if len(fields) == 0 && err == nil {
		err = wrong(`Request is missing a "field"`)
	}
	for _, f := range fields {
		if !slices.Contains(sessionFields, f) && err == nil {
			err = wrong(`Invalid field: "` + f + `"`)
		}
	}
	for _, f := range by {
		if !slices.Contains([]string{"project", "release", "environment"}, f) && err == nil {
			err = wrong(`Invalid groupBy: "` + f + `"`)
		}
	}
	if err != nil {
		a.refuse(err)
		return
	}
	if len(starts) > mostPoints {
		a.tooMany()
		return
	}
	groups := a.tallies(what, by, starts, step)
	series := a.q.Get("includeSeries") != "0"
	if series && len(groups)*len(starts) > mostPoints {
		a.tooMany()
		return
	}
	out := []any{}
	for _, g := range groups {
		totals, points := fieldsOf{}, fieldsOf{}
		// Who comes in several hours is one user.
		g.totals.users, g.totals.unlucky = math.Ceil(g.totals.users*uniqueShare), math.Ceil(g.totals.unlucky*uniqueShare)
		for _, f := range fields {
			totals[f] = g.totals.field(f)
			values := make([]any, len(starts))
			for i := range starts {
				values[i] = g.series[i].field(f)
			}
			points[f] = values
		}
		one := fieldsOf{"by": g.by, "totals": totals}
		if series {
			one["series"] = points
		}
		out = append(out, one)
	}
	a.send(fieldsOf{"groups": out, "start": sentryTime(what.from), "end": sentryTime(what.to), "intervals": told(starts), "query": a.q.Get("query")})
}

// tallies adds up the sessions of what is asked, hour by hour until now.
func (a *errAnswer) tallies(what asked, by []string, starts []delivery.Instant, step delivery.Instant) []*sessionGroup {
	var out []*sessionGroup
	of := map[string]*sessionGroup{}
	group := func(p *errProject, env string, use *errUse) *sessionGroup {
		named := fieldsOf{}
		for _, f := range by {
			named[f] = map[string]any{"project": p.id, "release": use.rel.version, "environment": env}[f]
		}
		var key strings.Builder
		key.Write(appendJSON(nil, named))
		if of[key.String()] == nil {
			g := &sessionGroup{by: named, series: make([]tally, len(starts))}
			of[key.String()] = g
			out = append(out, g)
		}
		return of[key.String()]
	}
	for _, p := range what.projects {
		for _, env := range p.envs {
			if p.sessions == 0 || what.envs != nil && !slices.Contains(what.envs, env) {
				continue
			}
			kept := map[*errUse]*sessionGroup{}
			for i, start := range starts {
				for h := start; h < min(start+step, what.to); h += delivery.Instant(hour) {
					past := min(float64(a.now-h)/float64(hour), 1)
					p.adoption(env, h+delivery.Instant(hour), func(use *errUse, share float64) {
						t := p.session(a.w, env, use, share*past, h)
						if t.sessions == 0 {
							return
						}
						if kept[use] == nil {
							kept[use] = group(p, env, use)
						}
						kept[use].series[i].add(t)
						kept[use].totals.add(t)
					})
				}
			}
		}
	}
	return out
}
