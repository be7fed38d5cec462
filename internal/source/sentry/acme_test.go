package sentry

import (
	"fmt"
	"strconv"
	"time"
)

// acme is an organisation of three projects with something of all there is.
func acme() *fake {
	f := &fake{
		projects: []*fakeProject{
			{id: "11", slug: "web", environments: []string{"production", "eu & us #1", ""}},
			{id: "12", slug: "pay", environments: []string{"production"}},
			{id: "13", slug: "tool"},
		},
		deploys: map[string][]m{}, events: map[string]map[string]int64{},
	}
	const h, d = time.Hour, 24 * time.Hour
	in := func(name string, count int, first time.Duration) map[string]fakeSeen {
		return map[string]fakeSeen{name: {count, first, min(first, h/2)}}
	}
	two := in("production", 5, h/2)
	two["eu & us #1"] = fakeSeen{2, h / 4, h / 4}
	f.groups = []*fakeGroup{
		{id: "101", project: "web", status: "unresolved", substatus: "new", first: h / 2, last: h / 4, environments: two},
		{id: "102", project: "web", status: "resolved", first: 3 * h, last: 2 * h, environments: in("", 4, 3*h)},
		{id: "103", project: "pay", status: "ignored", substatus: "archived_forever", first: 3 * d, last: h, environments: in("production", 9, 3*d), more: m{"firstSeen": testNow.Add(-3 * d).Format("2006-01-02T15:04:05.123456Z")}},
		{id: "104", project: "tool", status: "unresolved", first: 2 * d, last: h, environments: in("", 7, 2*d)},
		{id: "105", project: "pay", status: "unresolved", substatus: "ongoing", first: 40 * d, last: h, environments: in("production", 50, 40*d)},
		{id: "106", project: "pay", status: "resolved", first: 50 * d, last: 20 * d, environments: in("production", 60, 50*d)},
	}
	f.rows = []fakeRow{
		{"101", "production", "web@1.0", 4, h / 2},
		{"101", "production", "web@1.1", 1, h / 4},
		{"101", "eu & us #1", "web@1.1", 2, h / 4},
		{"103", "production", "pay@2", 9, 2 * d},
		{"104", "", "", 7, d},
		{"102", "", "web@1.0", 4, 2 * h},
	}
	f.release("web@1.1", "web", 2*h, m{"deployCount": 2, "lastDeploy": m{"id": "8", "environment": "production", "dateStarted": iso(h), "dateFinished": iso(h)}})
	f.release("web@1.0", "web", 5*d, m{"deployCount": 1, "lastDeploy": m{"id": "5", "environment": "production", "dateStarted": iso(5 * d), "dateFinished": iso(5 * d)}})
	f.release("pay@2", "pay", 10*d, nil)
	f.deploys["web@1.1"] = []m{{"id": "7", "environment": "staging", "dateStarted": nil, "dateFinished": iso(2 * h), "url": nil}, {"id": "8", "environment": "production", "dateFinished": iso(h)}}
	f.keys = []m{
		{"id": "k", "name": "Default", "projectId": 11, "isActive": true, "rateLimit": m{"window": 60, "count": 6000}},
		{"id": "l", "label": "Old", "projectId": 11, "isActive": false, "rateLimit": nil},
		{"id": "n", "name": "Default", "projectId": "12", "isActive": true, "rateLimit": nil},
	}
	for i := range 40 {
		at := testNow.Truncate(h).Add(-time.Duration(i) * h).Format(time.RFC3339)
		f.events[at] = map[string]int64{"11 accepted": 10, "11 rate_limited": 2, "12 filtered": 3, "12 client_discard": 1, "12 invalid": int64(i)}
	}
	f.sessions = []m{{"project": 11, "environment": "production", "release": "web@1.1"}, {"project": 11, "environment": "production", "release": "web@1.0"}}
	return f
}

// large is the organisation that the plan of calls is counted with: 12 projects, 403
// groups and 5 names of environments.
func large() *fake {
	f := &fake{events: map[string]map[string]int64{}}
	names := []string{"beta", "preview", "production", "qa", "staging"}
	for i := range 12 {
		p := &fakeProject{id: strconv.Itoa(4500000001 + i), slug: fmt.Sprintf("p%d", i)}
		if i < 11 {
			p.environments = []string{"production", names[i%5]}
		}
		f.projects = append(f.projects, p)
	}
	for i := range 403 {
		name, project := "production", i%11
		switch {
		case i >= 393:
			name, project = "", 11
		case i >= 302:
			name = names[(i%11)%5]
		}
		g := &fakeGroup{id: strconv.Itoa(6100000000 + i), project: f.projects[project].slug, status: "unresolved", first: time.Duration(i) * time.Minute, last: 0}
		g.environments = map[string]fakeSeen{name: {1 + i%7, g.first, 0}}
		f.groups = append(f.groups, g)
		if i < 47 {
			f.rows = append(f.rows, fakeRow{g.id, name, "r@1", 3, 0})
		}
	}
	return f
}
