package sentry

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (f *fake) projectList() (out []any) {
	for _, p := range f.projects {
		if !p.deleted {
			out = append(out, m{"id": p.id, "slug": p.slug, "name": strings.ToUpper(p.slug), "platform": "go", "status": "active", "environments": p.environments})
		}
	}
	return out
}

func (f *fake) project(slug string) *fakeProject {
	for _, p := range f.projects {
		if p.slug == slug {
			return p
		}
	}
	return nil
}

func (f *fake) groupList(q url.Values) (out []any) {
	for _, g := range f.groups {
		p := f.project(g.project)
		if p == nil || p.deleted || !slices.Contains(q["project"], "-1") && !slices.Contains(q["project"], p.id) {
			continue
		}
		first, last, count := g.first, g.last, 0
		for _, e := range g.environments {
			count += e.count
		}
		if q.Has("environment") {
			count, first, last = 0, 0, 1<<60
			for name, e := range g.environments {
				if slices.Contains(q["environment"], name) {
					count, first, last = count+e.count, max(first, e.first), min(last, e.last)
				}
			}
			if count == 0 {
				continue
			}
		}
		if !g.matches(q.Get("query"), first, last) {
			continue
		}
		out = append(out, g.json(f, count, first, last))
	}
	return out
}

func (g *fakeGroup) matches(query string, first, last time.Duration) bool {
	const days = 24 * time.Hour
	for _, term := range strings.Fields(query) {
		ok := false
		switch {
		case term == "age:-14d":
			ok = first < 14*days
		case term == "age:+14d":
			ok = first > 14*days
		case term == "is:unresolved":
			ok = g.status == "unresolved"
		case strings.HasPrefix(term, "lastSeen:-"):
			n, _ := time.ParseDuration(strings.TrimPrefix(term, "lastSeen:-"))
			ok = last < n
		}
		if !ok {
			return false
		}
	}
	return true
}

func (g *fakeGroup) json(f *fake, count int, first, last time.Duration) any {
	if g.raw != "" {
		return json.RawMessage(g.raw)
	}
	total := 0
	for _, e := range g.environments {
		total += e.count
	}
	out := m{
		"id": g.id, "shortId": strings.ToUpper(g.project) + "-" + g.id, "title": "Oops " + g.id, "culprit": "main in run", "permalink": "https://acme.sentry.io/issues/" + g.id + "/",
		"logger": nil, "platform": "go", "level": "error", "status": g.status, "substatus": g.substatus, "isUnhandled": true,
		"project": m{"id": f.number(g.project), "slug": g.project}, "count": strconv.Itoa(count), "userCount": 1,
		"firstSeen": iso(first), "lastSeen": iso(last), "lifetime": m{"count": strconv.Itoa(total), "userCount": 1, "firstSeen": iso(first), "lastSeen": iso(last)},
	}
	for k, v := range g.more {
		out[k] = v
	}
	return out
}

func (f *fake) one(w http.ResponseWriter, id string) {
	for _, g := range f.groups {
		if g.id == id {
			write(w, g.json(f, 1, g.first, g.last))
			return
		}
	}
	refuse(w, http.StatusNotFound, "The requested resource does not exist")
}

func (f *fake) rowList(q url.Values) (out []any) {
	period := map[string]time.Duration{"1h": time.Hour, "24h": 24 * time.Hour, "14d": 14 * 24 * time.Hour}[q.Get("statsPeriod")]
	for _, r := range f.rows {
		if r.ago > period {
			continue
		}
		var environment, release any = r.environment, r.release
		if r.environment == "" {
			environment = nil
		}
		if r.release == "" {
			release = nil
		}
		n, _ := strconv.Atoi(r.group)
		out = append(out, m{"issue.id": n, "environment": environment, "release": release, "count()": r.count})
	}
	return out
}

// stats sums the events of hours: of each, what is in events or nothing.
func (f *fake) stats(w http.ResponseWriter, q url.Values) {
	if q.Get("statsPeriod") == "1h" {
		write(w, m{"groups": []m{}})
		return
	}
	start, err1 := time.Parse(time.RFC3339, q.Get("start"))
	end, err2 := time.Parse(time.RFC3339, q.Get("end"))
	if err1 != nil || err2 != nil || !start.Before(end) {
		refuse(w, http.StatusBadRequest, "start must be before end")
		return
	}
	var intervals []string
	sums := map[[2]string]int64{}
	series := map[string][]int64{}
	for at := start; at.Before(end); at = at.Add(time.Hour) {
		intervals = append(intervals, at.Format(time.RFC3339))
		for key, n := range f.events[at.Format(time.RFC3339)] {
			number, outcome, _ := strings.Cut(key, " ")
			if q.Has("project") && q.Get("project") != number {
				continue
			}
			sums[[2]string{number, outcome}] += n
			for len(series[outcome]) < len(intervals) {
				series[outcome] = append(series[outcome], 0)
			}
			series[outcome][len(intervals)-1] += n
		}
	}
	groups := []m{}
	if slices.Contains(q["groupBy"], "project") {
		for key, n := range sums {
			id, _ := strconv.Atoi(key[0])
			groups = append(groups, m{"by": m{"project": id, "outcome": key[1]}, "totals": m{"sum(quantity)": n}})
		}
		write(w, m{"groups": groups})
		return
	}
	for outcome, points := range series {
		for len(points) < len(intervals) {
			points = append(points, 0)
		}
		groups = append(groups, m{"by": m{"outcome": outcome}, "totals": m{}, "series": m{"sum(quantity)": points}})
	}
	write(w, m{"groups": groups, "intervals": intervals})
}

func (f *fake) sessionList(w http.ResponseWriter, q url.Values) {
	first, hours := testNow.Truncate(time.Hour).Add(-24*time.Hour), 25
	if from, err := time.Parse(time.RFC3339, q.Get("start")); err == nil {
		to, _ := time.Parse(time.RFC3339, q.Get("end"))
		first, hours = from, int(to.Sub(from)/time.Hour)
	}
	var intervals []string
	for i := range hours {
		intervals = append(intervals, first.Add(time.Duration(i)*time.Hour).Format(time.RFC3339))
	}
	if hours*len(f.sessions) > 10_000 {
		refuse(w, http.StatusBadRequest, "Your interval and date range would create too many results.")
		return
	}
	groups := []any{}
	for n, s := range f.sessions {
		by, each := m{"project": s["project"], "environment": s["environment"]}, 1
		if slices.Contains(q["groupBy"], "release") {
			by["release"] = s["release"]
		} else if each = len(f.sessions); n > 0 { // all of them are of one project and environment
			break
		}
		count, free, users := make([]int, hours), make([]any, hours), make([]int, hours)
		for i := range count {
			count[i], free[i], users[i] = 100*each, 0.99, 10*each
		}
		if !q.Has("start") {
			free[3] = nil
		}
		groups = append(groups, m{
			"by":     by,
			"totals": m{"sum(session)": 2500, "crash_free_rate(session)": 0.99, "count_unique(user)": 30},
			"series": m{"sum(session)": count, "crash_free_rate(session)": free, "count_unique(user)": users},
		})
	}
	write(w, m{"groups": groups, "intervals": intervals, "start": intervals[0], "end": iso(0)})
}

func (f *fake) release(version, project string, ago time.Duration, more m) {
	r := m{
		"version": version, "shortVersion": version[strings.Index(version, "@")+1:], "dateCreated": iso(ago), "dateReleased": nil, "newGroups": 3,
		"commitCount": 2, "lastCommit": m{"id": "abc" + version}, "deployCount": 0, "lastDeploy": nil,
		"projects": []m{{"id": f.number(project), "slug": project, "newGroups": 0}},
	}
	for k, v := range more {
		r[k] = v
	}
	f.releases = append(f.releases, r)
}
