package simulator

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// asked is what groups are asked for.
type asked struct {
	projects []*errProject
	envs     []string // nil: all
	from, to delivery.Instant
	window   bool // counts are those since from
	match    []func(g *errGroup, s sight) bool
}

// errRefusal is why something is not answered, in Sentry's words.
type errRefusal struct {
	status int
	detail string
}

func (e *errRefusal) Error() string { return e.detail }

// wrong is what cannot be understood.
func wrong(detail string) error { return &errRefusal{http.StatusBadRequest, detail} }

var (
	errUnknown   = &errRefusal{http.StatusNotFound, errNotThere}
	errForbidden = &errRefusal{http.StatusForbidden, errNoRight}
)

// refuse answers what cannot be asked.
func (a *errAnswer) refuse(err error) {
	var e *errRefusal
	if !errors.As(err, &e) {
		e = &errRefusal{http.StatusBadRequest, err.Error()}
	}
	a.fail(e.status, e.detail)
}

// scope reads the projects, environments and times that are asked for.
func (a *errAnswer) scope() (asked, error) {
	out := asked{to: a.now}
	if slug := a.r.PathValue("project"); slug != "" {
		p := a.w.named(slug)
		if p == nil {
			return out, errUnknown
		}
		out.projects = []*errProject{p}
	}
	for _, id := range a.q["project"] {
		p := a.w.named(id)
		switch {
		case id == "-1" || a.r.PathValue("project") != "":
		case p == nil:
			return out, errForbidden
		default:
			out.projects = append(out.projects, p)
		}
	}
	if len(out.projects) == 0 {
		out.projects = a.w.projects
	}
	for _, env := range a.q["environment"] {
		if !a.w.hasEnvironment(env) {
			return out, errUnknown
		}
		out.envs = append(out.envs, env)
	}
	return out, a.times(&out)
}

// times reads statsPeriod, or start and end.
func (a *errAnswer) times(out *asked) error {
	if v := a.q.Get("statsPeriod"); v != "" {
		d, ok := period(v)
		if !ok {
			return wrong("Invalid statsPeriod: '" + v + "'")
		}
		out.from, out.window = a.now-d, true
		return nil
	}
	for _, end := range []struct {
		name string
		into *delivery.Instant
	}{{"start", &out.from}, {"end", &out.to}} {
		v := a.q.Get(end.name)
		if v == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			t, err = time.Parse("2006-01-02T15:04:05", v) // it is UTC
		}
		if err != nil {
			return wrong(v + " is not a valid ISO8601 date query")
		}
		*end.into, out.window = delivery.InstantOf(t), true
	}
	if (a.q.Get("start") == "") != (a.q.Get("end") == "") {
		return wrong("start and end are both required")
	}
	if out.from > out.to {
		return wrong("start must be before end")
	}
	out.to = min(out.to, a.now)
	return nil
}

// period reads a length of time such as 24h.
func period(s string) (delivery.Instant, bool) {
	if s == "" {
		return 0, false
	}
	unit := map[byte]int64{'s': second, 'm': minute, 'h': hour, 'd': day, 'w': 7 * day}[s[len(s)-1]]
	n, err := strconv.ParseInt(s[:len(s)-1], 10, 32)
	return delivery.Instant(n * unit), err == nil && n > 0 && unit > 0
}

// query reads the query of groups; without one, only unresolved ones are meant.
func (a *errAnswer) query(out *asked) error {
	text := "is:unresolved"
	if a.q.Has("query") {
		text = a.q.Get("query")
	}
	for _, term := range strings.Fields(text) {
		key, v, keyed := strings.Cut(term, ":")
		var match func(*errGroup, sight) bool
		switch {
		case !keyed:
			match = func(g *errGroup, _ sight) bool {
				kind, value := g.text()
				return strings.Contains(strings.ToLower(kind+": "+value), strings.ToLower(term))
			}
		case key == "is":
			v = strings.Replace(v, "archived", ignored, 1)
			if !slices.Contains([]string{unresolved, resolved, ignored, "new", "ongoing", "regressed", "escalating"}, v) {
				return wrong(`Error parsing search query: invalid value for "is" search: ` + strconv.Quote(v))
			}
			match = func(g *errGroup, _ sight) bool {
				turn := g.statusAt(a.now)
				return turn.status == v || turn.substatus == v
			}
		case key == "level":
			match = func(g *errGroup, _ sight) bool { return g.level == v }
		case key == "age" || key == "firstSeen" || key == "lastSeen":
			d, ok := period(strings.TrimLeft(v, "+-"))
			if !ok || !strings.ContainsAny(v[:1], "+-") {
				return wrong("Error parsing search query: " + v + " is not a valid datetime query")
			}
			match = func(_ *errGroup, s sight) bool {
				at := s.first
				if key == "lastSeen" {
					at = s.last
				}
				return (v[0] == '-') == (at >= a.now-d)
			}
		default:
			return wrong("Error parsing search query: Invalid key for this search: " + key)
		}
		out.match = append(out.match, match)
	}
	return nil
}

// found is a group with what is asked about it.
type found struct {
	g *errGroup
	s sight
}

// find is what matches, sorted as it is asked.
func (a *errAnswer) find(what asked) []found {
	var out []found
	for _, p := range what.projects {
	groups:
		for _, g := range p.until(a.now) {
			since := delivery.Instant(0)
			if what.window {
				since = what.from
			}
			s := g.seen(what.envs, since, what.to)
			if s.count == 0 {
				continue
			}
			for _, m := range what.match {
				if !m(g, s) {
					continue groups
				}
			}
			out = append(out, found{g, s})
		}
	}
	by := a.q.Get("sort")
	slices.SortStableFunc(out, func(x, y found) int {
		c := cmp.Compare(y.s.last, x.s.last)
		switch by {
		case "new":
			c = cmp.Compare(y.s.first, x.s.first)
		case "freq":
			c = cmp.Compare(y.s.count, x.s.count)
		case "user":
			c = cmp.Compare(y.s.users, x.s.users)
		}
		return cmp.Or(c, cmp.Compare(y.g.id, x.g.id))
	})
	return out
}

// issues answers the lists of groups, of a project and of all.
func (a *errAnswer) issues() {
	what, err := a.scope()
	if err == nil {
		err = a.query(&what)
	}
	if err != nil {
		a.refuse(err)
		return
	}
	all := a.find(what)
	whole := !slices.Contains(a.q["collapse"], "stats")
	a.list("limit", len(all), true, func(i int) any {
		out := a.issue(all[i].g, all[i].s)
		if whole {
			out["stats"] = fieldsOf{"24h": a.hourly(all[i].g, what.envs)}
		}
		return out
	})
}

// hourly are a group's events in the last 24 hours.
func (v *errView) hourly(g *errGroup, envs []string) [][2]int64 {
	out := make([][2]int64, 0, 24)
	from := v.now - v.now%delivery.Instant(hour) - delivery.Instant(23*hour)
	for at := from; at <= v.now; at += delivery.Instant(hour) {
		n := g.between(envs, at-1, min(at+delivery.Instant(hour)-1, v.now))
		out = append(out, [2]int64{int64(at) / second, int64(n)})
	}
	return out
}
