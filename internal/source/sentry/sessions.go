package sentry

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

const (
	hour           = delivery.Instant(time.Hour / time.Millisecond)
	day            = delivery.HoursADay * hour
	mostSessions   = 7 * day // of a gap that is made up for
	pastSessions   = 90 * day
	pastCalls      = 10     // for the past in one pull
	sessionPoints  = 10_000 // that Sentry answers at once
	fieldSessions  = "sum(session)"
	fieldUsers     = "count_unique(user)"
	fieldCrashFree = "crash_free_rate(session)"
)

// health reads how sessions went, once an hour.
func (p *pull) health(ctx context.Context) error {
	until := p.at() - millis(settling)
	until -= until % hour
	if len(p.projects) == 0 {
		return nil
	}
	from := until - day
	if p.cursor.Sessions.Known() {
		from = max(p.cursor.Sessions, until-mostSessions)
	}
	if !p.cursor.SessionsFrom.Known() {
		p.cursor.SessionsFrom = from
	}
	for from < until {
		query, to := url.Values{"statsPeriod": {"24h"}}, until
		if until-from > day {
			to = from + day
			query = url.Values{"start": {stamp(from.Time())}, "end": {stamp(to.Time())}}
		}
		batch, err := p.sessions(ctx, query, to, true)
		if err != nil {
			return p.alone(ctx, "health", "", err)
		}
		p.cursor.Sessions, from = to, to
		if err := p.emit(batch); err != nil {
			return err
		}
	}
	return p.healthBefore(ctx)
}

// healthBefore reads how sessions went before the first pull, as far back as Sentry
// keeps them: without releases, and as many days at once as it answers.
func (p *pull) healthBefore(ctx context.Context) error {
	least := p.cursor.Sessions - pastSessions
	groups := 0
	for i := range p.projects {
		groups += max(1, len(p.projects[i].Environments))
	}
	span := delivery.Instant(max(1, sessionPoints/(delivery.HoursADay*groups))) * day
	for range pastCalls {
		to := p.cursor.SessionsFrom
		if to <= least {
			return nil
		}
		from := max(least, to-span)
		batch, err := p.sessions(ctx, url.Values{"start": {stamp(from.Time())}, "end": {stamp(to.Time())}}, to, false)
		if isStatus(err, http.StatusBadRequest) { // it keeps none that are so old
			p.cursor.SessionsFrom = least
			return nil
		}
		if err != nil {
			return p.alone(ctx, "health", "", err)
		}
		p.cursor.SessionsFrom = from
		if err := p.emit(batch); err != nil {
			return err
		}
	}
	return nil
}

// sessions asks for days of them; by release, where there are not too many.
func (p *pull) sessions(ctx context.Context, query url.Values, until delivery.Instant, byRelease bool) (b delivery.Batch, err error) {
	query["field"] = []string{fieldSessions, fieldCrashFree, "crash_free_rate(user)", fieldUsers}
	query["interval"] = []string{"1h"}
	query = p.scope(query)
	query["groupBy"] = []string{"project", "environment"}
	if byRelease {
		query["groupBy"] = []string{"project", "release", "environment"}
	}
	r := request{to: toSessions, path: p.org("sessions/"), query: query}
	lack, lacked := p.cursor.Lacks[toSessions]
	if lacked && !p.over(lack) {
		return b, &lackError{lack.Said}
	}
	past := !byRelease
	a, err := p.client.do(ctx, r)
	if byRelease && isStatus(err, http.StatusBadRequest) { // too many points
		query["groupBy"], byRelease = []string{"project", "environment"}, false
		a, err = p.client.do(ctx, r)
	}
	if !past || !isStatus(err, http.StatusBadRequest) { // that is of how old they are
		p.lack(toSessions, err)
	}
	if err != nil {
		return b, err
	}
	groups, hours, err := readSessions(a)
	if err != nil {
		return b, err
	}
	told := delivery.InstantOf(p.now())
	b.SessionDays = p.sessionDays(groups, hours, until, told)
	if byRelease {
		b.Releases = p.releaseHealth(groups, told)
	}
	return b, nil
}

// sessionGroup is how the sessions of a project, an environment and a release went.
type sessionGroup struct {
	project, environment, release string
	sessions, users               float64
	crashFree                     *float64
	hourly                        map[string][]*float64
}

func readSessions(a *answer) (groups []sessionGroup, hours []delivery.Instant, err error) {
	shape := &answerError{path: a.path, id: "shape", what: "does not hold what was asked for"}
	var said struct {
		Groups []struct {
			By struct {
				Project     json.RawMessage `json:"project"`
				Environment *string         `json:"environment"`
				Release     *string         `json:"release"`
			} `json:"by"`
			Totals map[string]*float64   `json:"totals"`
			Series map[string][]*float64 `json:"series"`
		} `json:"groups"`
		Intervals []json.RawMessage `json:"intervals"`
	}
	if err := a.into(&said); err != nil {
		return nil, nil, err
	}
	if said.Groups == nil {
		return nil, nil, shape
	}
	for _, raw := range said.Intervals {
		at, ok := instantOf(raw)
		if !ok {
			return nil, nil, shape
		}
		hours = append(hours, at)
	}
	for _, g := range said.Groups {
		project, _ := textOf(g.By.Project)
		out := sessionGroup{project: project, hourly: g.Series, crashFree: g.Totals[fieldCrashFree]}
		out.sessions, out.users = number(g.Totals[fieldSessions]), number(g.Totals[fieldUsers])
		if g.By.Environment != nil {
			out.environment = *g.By.Environment
		}
		if g.By.Release != nil {
			out.release = *g.By.Release
		}
		groups = append(groups, out)
	}
	slices.SortStableFunc(groups, func(a, b sessionGroup) int { return strings.Compare(a.release, b.release) })
	return groups, hours, nil
}

// number is a count, 0 where there is none.
func number(n *float64) float64 {
	if n == nil || !(*n >= 0 && *n < math.MaxInt64/2) {
		return 0
	}
	return *n
}

// at is a field of an hour, 0 where there is none.
func (g *sessionGroup) at(field string, i int) (float64, bool) {
	if i >= len(g.hourly[field]) || g.hourly[field][i] == nil {
		return 0, false
	}
	return number(g.hourly[field][i]), true
}

// sessionDays are the sessions of whole hours before until, by project, environment
// and day. A user of two releases is counted twice.
func (p *pull) sessionDays(groups []sessionGroup, hours []delivery.Instant, until, told delivery.Instant) []delivery.SessionDay {
	type key struct {
		project, environment string
		day                  delivery.Instant
	}
	var out []delivery.SessionDay
	places := map[key]int{}
	for _, g := range groups {
		slug, ok := p.numbered(g.project)
		if !ok || !p.wants(g.environment) || len(g.environment) > maxEnvironment {
			continue
		}
		for i, at := range hours {
			if at+hour > until || at%hour != 0 {
				continue
			}
			begins, n := delivery.HourOf(at)
			k := key{slug, g.environment, begins}
			place, ok := places[k]
			if !ok {
				place, places[k] = len(out), len(out)
				out = append(out, delivery.SessionDay{Project: slug, Environment: g.environment, Day: begins, ToldAt: told})
			}
			d := &out[place]
			sessions, _ := g.at(fieldSessions, i)
			users, _ := g.at(fieldUsers, i)
			d.Known.Add(n)
			d.Sessions[n] += int64(sessions)
			d.Users[n] += int64(users)
			if free, ok := g.at(fieldCrashFree, i); ok {
				d.Crashed[n] += sessions * (1 - min(free, 1))
			}
		}
	}
	return out
}

// releaseHealth is how the sessions of each release went, in all environments that
// are asked for.
func (p *pull) releaseHealth(groups []sessionGroup, told delivery.Instant) []delivery.Release {
	var out []delivery.Release
	places := map[[2]string]int{}
	healthy := map[int]float64{} // sessions that did not crash
	for _, g := range groups {
		slug, ok := p.numbered(g.project)
		if !ok || g.release == "" || len(g.release) > maxName || !p.wants(g.environment) {
			continue
		}
		k := [2]string{slug, g.release}
		place, ok := places[k]
		if !ok {
			place, places[k] = len(out), len(out)
			out = append(out, delivery.Release{Project: slug, Version: g.release, ToldAt: told, Health: &delivery.ReleaseHealth{At: told}})
		}
		h := out[place].Health
		h.Sessions += int64(g.sessions)
		h.Users += int64(g.users)
		crashed := 0.0
		if g.crashFree != nil {
			crashed = g.sessions * (1 - min(number(g.crashFree), 1))
		}
		healthy[place] += g.sessions - crashed
	}
	for i := range out {
		if h := out[i].Health; h.Sessions > 0 {
			share := healthy[i] / float64(h.Sessions)
			h.CrashFree = &share
		}
	}
	return out
}
