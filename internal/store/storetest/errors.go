package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"throughline/internal/delivery"
)

const errorsConnection = "sentry"

func errorGroup(id, project, first string, more ...func(*delivery.ErrorGroup)) delivery.ErrorGroup {
	logger, unhandled := "root", true
	g := delivery.ErrorGroup{
		ID: id, Project: project, ShortID: strings.ToUpper(project) + "-" + id, Title: "says «" + id + "»", Culprit: "app", Level: "error",
		Status: delivery.GroupUnresolved, Substatus: "new", Logger: &logger, Unhandled: &unhandled, Events: 7, Users: 3,
		FirstSeen: at(first), LastSeen: at(first) + 1000, FirstRelease: project + "@1", LastRelease: project + "@2", ToldAt: at(first) + 2000,
		AllEnvironments: true, Environments: []delivery.GroupEnvironment{
			{Name: "production", Events: 5, FirstSeen: at(first), Release: project + "@2", ToldAt: at(first) + 2000}, {Name: "", Events: 2, ToldAt: at(first) + 2000},
		},
	}
	for _, change := range more {
		change(&g)
	}
	return g
}

func errorFacts() delivery.Batch {
	events := delivery.EventDay{Project: "pay", Day: at("2026-03-02"), ToldAt: 9}
	events.Known.Add(3)
	events.Accepted[3], events.RateLimited[3] = 1_000_000_000_000, 2
	sessions := delivery.SessionDay{Project: "pay", Environment: "production", Day: at("2026-03-02"), ToldAt: 9}
	sessions.Known.Add(23)
	sessions.Sessions[23], sessions.Crashed[23] = 1000, 12.5
	rate := 0.9875
	return delivery.Batch{
		Connection: errorsConnection,
		ErrorGroups: []delivery.ErrorGroup{
			errorGroup("1", "pay", "2026-03-01"), errorGroup("2", "shop", "2026-03-02"),
			errorGroup("3", "pay", "2026-03-03"), errorGroup("4", "pay", "2026-03-04", func(g *delivery.ErrorGroup) { g.Gone = true }),
		},
		ErrorProjects: []delivery.ErrorProject{
			{ID: "shop", Number: "2", Keys: []delivery.KeyLimit{}, ToldAt: 9, Gone: true},
			{ID: "pay", Number: "1", Environments: []string{"production", ""}, Month: delivery.EventTotals{Since: 1, At: 2, Accepted: 3}, ToldAt: 9},
		},
		EventDays:   []delivery.EventDay{events},
		SessionDays: []delivery.SessionDay{sessions},
		Releases: []delivery.Release{{
			Project: "pay", Version: "pay@1/é", SHA: "abc", CreatedAt: at("2026-03-01"), NewGroups: 4, ToldAt: 9,
			Deploys: []delivery.ReleaseDeploy{{ID: "7", Environment: "production", FinishedAt: at("2026-03-01")}},
			Health:  &delivery.ReleaseHealth{At: 9, Sessions: 4, CrashFree: &rate},
		}},
	}
}

// listedErrors writes the facts of errors that a query asks for.
func (s *store) listedErrors(t *testing.T, q delivery.ErrorQuery) string {
	t.Helper()
	var out []string
	for g, err := range s.ErrorGroups(t.Context(), q) {
		must(t, err)
		out = append(out, g.ID)
	}
	for d, err := range s.EventDays(t.Context(), q) {
		must(t, err)
		out = append(out, fmt.Sprintf("%s %s %d", d.Project, d.Day, d.Accepted[3]))
	}
	for d, err := range s.SessionDays(t.Context(), q) {
		must(t, err)
		out = append(out, fmt.Sprintf("%s/%s %v of %d", d.Project, d.Environment, d.Crashed[23], d.Sessions[23]))
	}
	for r, err := range s.Releases(t.Context(), q) {
		must(t, err)
		out = append(out, r.Version)
	}
	return strings.Join(out, ", ")
}

func testErrorFacts(t *testing.T, s *store) {
	same(t, "written", s.batch(t, errorFacts()), delivery.Written{Inserted: 9})
	version := s.version(t)
	same(t, "again", s.batch(t, errorFacts()), delivery.Written{Unchanged: 9})
	same(t, "version", s.version(t), version)
	s.reopen(t)

	day := "pay 2026-03-02T00:00:00.000Z 1000000000000, pay/production 12.5 of 1000"
	for what, c := range map[string]struct {
		q    delivery.ErrorQuery
		want string
	}{
		"all":                {delivery.ErrorQuery{}, "3, 2, 1, " + day + ", pay@1/é"},
		"a day":              {delivery.ErrorQuery{From: at("2026-03-02"), To: at("2026-03-03")}, "2, " + day},
		"a project":          {delivery.ErrorQuery{Projects: []string{"shop"}}, "2"},
		"no project":         {delivery.ErrorQuery{Projects: []string{}}, ""},
		"a connection":       {delivery.ErrorQuery{Connections: []string{errorsConnection}, From: at("2026-03-03")}, "3"},
		"another connection": {delivery.ErrorQuery{Connections: []string{deployments}}, ""},
		"some":               {delivery.ErrorQuery{Limit: 1}, "3, " + day + ", pay@1/é"},
	} {
		same(t, what, s.listedErrors(t, c.q), c.want)
	}
	checkErrorPages(t, s)
	checkOneGroup(t, s)
	projects, err := s.ErrorProjects(t.Context())
	must(t, err)
	want := []delivery.ErrorProject{errorFacts().ErrorProjects[1], errorFacts().ErrorProjects[0]}
	want[0].Connection, want[1].Connection = errorsConnection, errorsConnection
	want[1].Keys = nil // none, as far as anybody knows
	same(t, "projects", projects, want)
	facets, err := s.DoraFacets(t.Context())
	must(t, err)
	same(t, "facets", facets.ErrorProjects, []delivery.Facet{{Key: "pay", Count: 2}, {Key: "shop", Count: 1}})
	facts, err := s.ServiceFacts(t.Context(), delivery.ServiceKeys{ErrorProjects: []string{"pay"}})
	must(t, err)
	if len(facts.ErrorGroups) != 2 || len(facts.Releases) != 1 || *facts.Releases[0].Health.CrashFree != 0.9875 {
		t.Errorf("facts of a service: %+v", facts)
	}
}

func checkErrorPages(t *testing.T, s *store) {
	t.Helper()
	var ids, after string
	for range 4 {
		for g, err := range s.ErrorGroups(t.Context(), delivery.ErrorQuery{Limit: 2, After: after}) {
			must(t, err)
			ids, after = ids+g.ID, g.Cursor
		}
	}
	same(t, "pages", ids, "321")
	for _, err := range s.ErrorGroups(t.Context(), delivery.ErrorQuery{After: "x"}) {
		if _, ok := errors.AsType[*delivery.FilterError](err); !ok {
			t.Errorf("a cursor that is none: %v", err)
		}
	}
}

func checkOneGroup(t *testing.T, s *store) {
	t.Helper()
	want := delivery.MergeErrorGroup(delivery.ErrorGroup{}, errorGroup("1", "pay", "2026-03-01"))
	want.Connection = errorsConnection
	got, err := s.ErrorGroup(t.Context(), want.Number())
	must(t, err)
	same(t, "group", got.ErrorGroup, want)
	gone := errorGroup("4", "pay", "2026-03-04")
	gone.Connection = errorsConnection
	if g, err := s.ErrorGroup(t.Context(), gone.Number()); err != nil || !g.Gone {
		t.Errorf("a group that is gone: %+v, %v", g, err)
	}
	if _, err := s.ErrorGroup(t.Context(), 1); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("no such group: %v", err)
	}
}

// testErrorTouched: only what deployments are judged by makes services be derived.
func testErrorTouched(t *testing.T, s *store) {
	touched := func(what, want string) {
		t.Helper()
		keys, err := s.DoraTouched(t.Context())
		must(t, err)
		text := ""
		for _, k := range keys {
			text += k.Kind + " " + k.Key + "; "
		}
		same(t, what, text, want)
		must(t, s.DoraSettled(t.Context(), keys))
	}
	s.batch(t, errorFacts())
	touched("first", "errors pay; errors shop; ")
	write := func(change func(*delivery.ErrorGroup)) {
		t.Helper()
		g := errorGroup("2", "shop", "2026-03-02", change)
		same(t, "written", s.batch(t, delivery.Batch{Connection: errorsConnection, ErrorGroups: []delivery.ErrorGroup{g}}), delivery.Written{Updated: 1})
	}
	write(func(g *delivery.ErrorGroup) { g.ToldAt, g.Events, g.LastSeen = g.ToldAt+1, 9, g.LastSeen+1 })
	touched("more events", "")
	write(func(g *delivery.ErrorGroup) { g.ToldAt, g.Users = g.ToldAt+2, 30 })
	touched("more users", "errors shop; ")
	write(func(g *delivery.ErrorGroup) {
		g.ToldAt, g.Users, g.Status = g.ToldAt+3, 30, delivery.GroupResolved
	})
	touched("resolved", "")
	write(func(g *delivery.ErrorGroup) { g.ToldAt, g.Users, g.Substatus = g.ToldAt+4, 30, delivery.Regressed })
	touched("back", "errors shop; ")
}

// testErrorExport: facts of errors go along in a copy.
func testErrorExport(t *testing.T, s *store) {
	s.batch(t, doraFacts())
	s.batch(t, errorFacts())
	whole := s.export(t, 1000)
	for _, limit := range []int{1, 4, 1000} {
		copied := s.another(t)
		for _, b := range s.export(t, limit) {
			copied.batch(t, b)
		}
		same(t, "lists of the copy", copied.listedErrors(t, delivery.ErrorQuery{}), s.listedErrors(t, delivery.ErrorQuery{}))
		same(t, "export of the copy", copied.export(t, 1000), whole)
	}
}
