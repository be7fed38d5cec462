package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// deployments is the connection of the facts below.
const deployments = "gh"

func deployed(id, repository, environment, sha, finished string, more ...func(*delivery.Deployment)) delivery.Deployment {
	end := at(finished)
	d := delivery.Deployment{
		ID: id, Repository: repository, Environment: environment, SHA: sha, Description: "says «" + id + "»",
		CreatedAt: end - 120_000, UpdatedAt: end, ToldAt: end + 1000,
		States: []delivery.DeploymentState{
			{Status: delivery.DeployRunning, At: end - 60_000, ToldAt: end - 59_000},
			{Status: delivery.DeploySuccess, At: end, ToldAt: end + 1000, URL: "https://example.com/" + id},
		},
	}
	for _, change := range more {
		change(&d)
	}
	return d
}

func changed(number int64, repository, sha, merged string) delivery.Change {
	when := at(merged)
	return delivery.Change{
		Repository: repository, ID: fmt.Sprint(number), Number: number, Title: "Change", Author: "ann", Base: "main", Head: "topic",
		Labels: []string{"a", "b"}, CreatedAt: when - 3_600_000, ReviewedAt: when - 1_800_000, MergedAt: when, UpdatedAt: when, MergeSHA: sha,
		Commits: []delivery.Commit{{SHA: sha + "0", AuthoredAt: when - 7_200_000, Author: "ann", Message: "it"}}, Paths: []string{"pay/a.go"},
	}
}

func broke(id, service, started string, more ...func(*delivery.Incident)) delivery.Incident {
	i := delivery.Incident{ID: id, Service: service, Title: "Incident " + id, StartedAt: at(started), ToldAt: at(started)}
	for _, change := range more {
		change(&i)
	}
	return i
}

func doraFacts() delivery.Batch {
	return delivery.Batch{
		Connection: deployments,
		Deployments: []delivery.Deployment{
			deployed("1", "acme/pay", "production", "v1", "2026-03-02"),
			deployed("2", "Acme/Pay", "prod-eu", "v2", "2026-03-03", func(d *delivery.Deployment) {
				d.Range = &delivery.CommitRange{Base: "v1", Commits: []delivery.Commit{{SHA: "m1", AuthoredAt: at("2026-03-01")}}}
			}),
			deployed("3", "acme/shop", "staging", "s1", "2026-03-04"),
			deployed("4", "", "production", "p1", "2026-03-05", func(d *delivery.Deployment) { d.Service = "Billing" }),
		},
		Changes: []delivery.Change{
			changed(1, "acme/pay", "m1", "2026-03-02"),
			changed(2, "acme/shop", "m2", "2026-03-02"),
			{Repository: "acme/pay", ID: "3", Number: 3, Title: "Open", CreatedAt: at("2026-03-03"), UpdatedAt: at("2026-03-03")},
		},
		Incidents: []delivery.Incident{
			broke("A", "billing", "2026-03-05"),
			broke("B", "", "2026-03-06", func(i *delivery.Incident) { i.Project = "PAY" }),
			broke("C", "", "2026-03-07", func(i *delivery.Incident) { i.Gone = true }),
		},
		Tickets: []delivery.Ticket{
			{ID: "T-1", Project: "PAY", Type: "Bug", CreatedAt: at("2026-03-01"), ClosedAt: at("2026-03-10")},
			{ID: "T-2", Project: "OPS", ClosedAt: at("2026-03-02")},
		},
	}
}

// listedFacts writes the lists of facts, newest first.
func (s *store) listedFacts(t *testing.T, q delivery.DoraListQuery) string {
	t.Helper()
	var out []string
	for d, err := range s.Deployments(t.Context(), q) {
		must(t, err)
		out = append(out, d.ID+" "+d.Repository+d.Service+" "+d.Environment)
	}
	for c, err := range s.Changes(t.Context(), q) {
		must(t, err)
		out = append(out, "#"+c.ID+" "+c.Repository)
	}
	for i, err := range s.Incidents(t.Context(), q) {
		must(t, err)
		out = append(out, i.ID)
	}
	return strings.Join(out, ", ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testDoraFacts(t *testing.T, s *store) {
	same(t, "written", s.batch(t, doraFacts()), delivery.Written{Inserted: 12})
	version := s.version(t)
	same(t, "again", s.batch(t, doraFacts()), delivery.Written{Unchanged: 12})
	same(t, "version", s.version(t), version)
	s.reopen(t)

	all := "4 Billing production, 3 acme/shop staging, 2 Acme/Pay prod-eu, 1 acme/pay production, #3 acme/pay, #2 acme/shop, #1 acme/pay, B, A"
	for what, c := range map[string]struct {
		q    delivery.DoraListQuery
		want string
	}{
		"all":          {delivery.DoraListQuery{}, all},
		"a day":        {delivery.DoraListQuery{From: at("2026-03-03"), To: at("2026-03-04")}, "2 Acme/Pay prod-eu, #3 acme/pay"},
		"repository":   {delivery.DoraListQuery{Keys: &delivery.ServiceKeys{Repositories: []string{"ACME/pay"}}}, "2 Acme/Pay prod-eu, 1 acme/pay production, #3 acme/pay, #1 acme/pay"},
		"service":      {delivery.DoraListQuery{Keys: &delivery.ServiceKeys{Services: []string{"billing"}}}, "4 Billing production, A"},
		"no service":   {delivery.DoraListQuery{Keys: &delivery.ServiceKeys{}}, ""},
		"project":      {delivery.DoraListQuery{Keys: &delivery.ServiceKeys{Services: []string{"billing"}}, Projects: []string{"PAY"}}, "4 Billing production, B, A"},
		"environments": {delivery.DoraListQuery{Environments: []string{"PRODUCTION"}, To: at("2026-03-06"), Connections: []string{deployments}}, "4 Billing production, 1 acme/pay production"},
		"connection":   {delivery.DoraListQuery{Connections: []string{"other"}}, ""},
		"merged":       {delivery.DoraListQuery{Merged: true, Keys: &delivery.ServiceKeys{Repositories: []string{"acme/shop", "acme/pay"}}, Environments: nil, From: at("2026-03-02"), To: at("2026-03-03")}, "1 acme/pay production, #2 acme/shop, #1 acme/pay"},
	} {
		same(t, what, ordered(s.listedFacts(t, c.q)), ordered(c.want))
	}
	s.doraSingles(t)
	s.doraKnown(t)
	s.doraPages(t)
}

// ordered forgets the order of facts of one instant.
func ordered(list string) []string {
	out := strings.Split(list, ", ")
	slices.Sort(out)
	return out
}

// doraSingles: facts come back as they were told, by number.
func (s *store) doraSingles(t *testing.T) {
	t.Helper()
	told := doraFacts()
	for i := range told.Deployments {
		want := told.Deployments[i]
		want.Connection = deployments
		want = delivery.MergeDeployment(delivery.Deployment{}, want)
		got, err := s.Deployment(t.Context(), want.Number())
		must(t, err)
		same(t, "deployment", got.Deployment, want)
		same(t, "its number", got.Seq, want.Number())
	}
	want := told.Incidents[1]
	want.Connection = deployments
	got, err := s.Incident(t.Context(), want.Number())
	must(t, err)
	same(t, "incident", got.Incident, want)
	if _, err := s.Deployment(t.Context(), want.Number()); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("an incident is a deployment: %v", err)
	}
	if _, err := s.Incident(t.Context(), 5); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("an incident that there is not: %v", err)
	}
	for c, err := range s.Changes(t.Context(), delivery.DoraListQuery{Merged: true, Keys: &delivery.ServiceKeys{Repositories: []string{"acme/pay"}}}) {
		must(t, err)
		want := told.Changes[0]
		want.Connection = deployments
		same(t, "change", c.Change, want)
	}
}

// doraKnown: what sources and filters ask for.
func (s *store) doraKnown(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	facets, err := s.DoraFacets(ctx)
	must(t, err)
	for i := range facets.Repositories {
		facets.Repositories[i].Key = strings.ToLower(facets.Repositories[i].Key) // one of the spellings
	}
	facets.Services[0].Key = strings.ToLower(facets.Services[0].Key)
	same(t, "facets", facets, delivery.DoraFacets{
		Repositories: []delivery.Facet{{Key: "acme/pay", Count: 2}, {Key: "acme/shop", Count: 1}},
		Services:     []delivery.Facet{{Key: "billing", Count: 1}},
		Environments: []delivery.Facet{{Key: "prod-eu", Count: 1}, {Key: "production", Count: 2}, {Key: "staging", Count: 1}},
		Projects:     []delivery.Facet{{Key: "PAY", Count: 1}},
	})
	of, err := s.DeploymentsOf(ctx, deployments, "acme/PAY")
	must(t, err)
	slices.SortFunc(of, func(a, b delivery.Deployment) int { return strings.Compare(a.ID, b.ID) })
	same(t, "deployments", len(of), 2)
	same(t, "range of the second", of[1].Range, &delivery.CommitRange{Base: "v1"})
	repositories, err := s.DeployedRepositories(ctx, deployments)
	must(t, err)
	same(t, "repositories", strings.ToLower(strings.Join(repositories, " ")), "acme/pay acme/shop")
	states, err := s.ChangeStates(ctx, deployments, "Acme/pay")
	must(t, err)
	same(t, "states of changes", states, map[string]delivery.Instant{"1": at("2026-03-02"), "3": 0})
	facts, err := s.ServiceFacts(ctx, delivery.ServiceKeys{Repositories: []string{"ACME/PAY"}})
	must(t, err)
	same(t, "facts of pay", [3]int{len(facts.Deployments), len(facts.Changes), len(facts.Incidents)}, [3]int{2, 1, 2})
	facts, err = s.ServiceFacts(ctx, delivery.ServiceKeys{Repositories: []string{"billing"}, Services: []string{"BILLING"}})
	must(t, err)
	same(t, "facts of billing", [3]int{len(facts.Deployments), len(facts.Changes), len(facts.Incidents)}, [3]int{1, 0, 2})
	var tickets []string
	for ticket, err := range s.Tickets(ctx, delivery.DoraListQuery{From: at("2026-03-02"), To: at("2026-03-11")}) {
		must(t, err)
		tickets = append(tickets, ticket.ID+" "+ticket.Type)
	}
	same(t, "tickets", tickets, []string{"T-1 Bug", "T-2 "})
}

// doraPages: whatever the size of a page, all of a list comes once.
func (s *store) doraPages(t *testing.T) {
	t.Helper()
	q := delivery.DoraListQuery{Limit: 1}
	var ids []string
	for range 10 {
		n := 0
		for d, err := range s.Deployments(t.Context(), q) {
			must(t, err)
			ids, q.After, n = append(ids, d.ID), d.Cursor, n+1
		}
		if n == 0 {
			break
		}
	}
	same(t, "pages", ids, []string{"4", "3", "2", "1"})
	var wrong *delivery.FilterError
	for _, err := range s.Deployments(t.Context(), delivery.DoraListQuery{After: "x"}) {
		if !errors.As(err, &wrong) {
			t.Errorf("a cursor of no list: %v", err)
		}
	}
}

// testDoraParts: parts of facts come to the same in any order.
func testDoraParts(t *testing.T, s *store) {
	part := func(status delivery.DeploymentStatus, when string) delivery.Batch {
		return delivery.Batch{Connection: deployments, Deployments: []delivery.Deployment{{
			ID: "9", Repository: "acme/pay", Environment: "production", SHA: "v9", Part: true, UpdatedAt: at(when), ToldAt: at(when),
			States: []delivery.DeploymentState{{Status: status, At: at(when), ToldAt: at(when)}},
		}}}
	}
	s.batch(t, part(delivery.DeployInactive, "2026-03-04"))
	s.batch(t, part(delivery.DeploySuccess, "2026-03-03"))
	s.batch(t, part(delivery.DeployRunning, "2026-03-02"))
	same(t, "told again", s.batch(t, part(delivery.DeploySuccess, "2026-03-03")), delivery.Written{Unchanged: 1})
	d := delivery.Deployment{Connection: deployments, ID: "9", Repository: "acme/pay"}
	got, err := s.Deployment(t.Context(), d.Number())
	must(t, err)
	same(t, "stands", fmt.Sprint(got.Status, got.StartedAt, got.FinishedAt, len(got.States)),
		fmt.Sprint(delivery.DeploySuccess, at("2026-03-02"), at("2026-03-03"), 3))

	both := part(delivery.DeployFailure, "2026-03-05")
	both.Deployments = append(both.Deployments, part(delivery.DeployQueued, "2026-03-01").Deployments...)
	same(t, "two of one batch", s.batch(t, both), delivery.Written{Updated: 2})
	for _, b := range []delivery.Batch{
		{Connection: deployments, Deployments: []delivery.Deployment{{Repository: "acme/pay"}}},
		{Connection: deployments, Deployments: []delivery.Deployment{{ID: "1"}}},
		{Connection: deployments, Changes: []delivery.Change{{ID: "1"}}},
		{Connection: deployments, Incidents: []delivery.Incident{{}}},
		{Connection: deployments, Tickets: []delivery.Ticket{{}}},
	} {
		if _, err := s.Write(t.Context(), b); err == nil {
			t.Errorf("stored %+v", b)
		}
	}
}

// testDoraTouched: keys are touched by what changes facts, until they are settled.
func testDoraTouched(t *testing.T, s *store) {
	touched := func() (keys []delivery.Touched, text string) {
		t.Helper()
		keys, err := s.DoraTouched(t.Context())
		must(t, err)
		for _, k := range keys {
			text += strings.TrimSpace(k.Kind+" "+k.Key) + "; "
		}
		return keys, text
	}
	s.batch(t, doraFacts())
	keys, text := touched()
	same(t, "touched", text, "incidents; repository acme/pay; repository acme/shop; service billing; ")
	s.batch(t, delivery.Batch{Connection: deployments, Changes: []delivery.Change{changed(4, "acme/shop", "m4", "2026-03-09")}})
	must(t, s.DoraSettled(t.Context(), keys))
	keys, text = touched()
	same(t, "touched meanwhile", text, "repository acme/shop; ")
	must(t, s.DoraSettled(t.Context(), keys))
	s.batch(t, doraFacts())
	_, text = touched()
	same(t, "touched by what is known", text, "")
	must(t, s.DoraSettled(t.Context(), nil))
}

func (s *store) chunkList(t *testing.T, q delivery.ChunkQuery) string {
	t.Helper()
	var out []string
	for c, err := range s.DoraChunks(t.Context(), q) {
		must(t, err)
		out = append(out, fmt.Sprintf("%s %s %s %d %d %s", c.Service, c.Environment, c.Part, c.Month, c.Sum, c.Body))
	}
	return strings.Join(out, "\n")
}

func testDoraChunks(t *testing.T, s *store) {
	chunk := func(environment string, part delivery.DoraPart, month int, body string) delivery.DoraChunk {
		return delivery.DoraChunk{Environment: environment, Part: part, Month: month, Sum: uint64(len(body)), Body: []byte(body)}
	}
	put := func(service, setup string, chunks ...delivery.DoraChunk) {
		t.Helper()
		for i := range chunks {
			chunks[i].Service = service
		}
		must(t, s.PutDora(t.Context(), delivery.DerivedService{Service: service, Setup: setup, Chunks: chunks}))
	}
	put("pay", "1", chunk("production", delivery.PartGroups, 0, "n"), chunk("production", delivery.PartGroups, 600, "ab\x00\xff"),
		chunk("production", delivery.PartGroups, 601, "abc"), chunk("staging", delivery.PartChanges, 601, "x"), chunk("", delivery.PartIncidents, 601, "i"))
	put("", "2", chunk("", delivery.PartIncidents, 600, "lost"))
	states, err := s.DoraStates(t.Context())
	must(t, err)
	same(t, "states", states, map[string]string{"pay": "1", "": "2"})
	groups := delivery.ChunkQuery{Parts: []delivery.DoraPart{delivery.PartGroups}, From: 601, To: 700}
	same(t, "of two months", s.chunkList(t, groups), "pay production groups 0 1 n\npay production groups 601 3 abc")
	version := s.version(t)
	put("pay", "1", chunk("production", delivery.PartGroups, 0, "n"), chunk("production", delivery.PartGroups, 600, "ab\x00\xff"),
		chunk("production", delivery.PartGroups, 601, "abc"), chunk("staging", delivery.PartChanges, 601, "x"), chunk("", delivery.PartIncidents, 601, "i"))
	same(t, "version after the same", s.version(t), version)
	put("pay", "3", chunk("production", delivery.PartGroups, 601, "abcd"), chunk("", delivery.PartIncidents, 601, "i"))
	s.reopen(t)
	if s.version(t) == version {
		t.Error("the version is the same though an answer is not")
	}
	all := delivery.ChunkQuery{Parts: []delivery.DoraPart{delivery.PartGroups, delivery.PartChanges, delivery.PartIncidents}, To: 1000}
	same(t, "replaced", s.chunkList(t, all), "  incidents 600 4 lost\npay  incidents 601 1 i\npay production groups 601 4 abcd")
	all.Services, all.Environments = []string{"pay"}, []string{"production", "staging"}
	same(t, "of a service and environments", s.chunkList(t, all), "pay production groups 601 4 abcd")
	must(t, s.DropDora(t.Context(), []string{"pay", "nothing"}))
	all.Services, all.Environments = nil, nil
	same(t, "dropped", s.chunkList(t, all), "  incidents 600 4 lost")
	states, err = s.DoraStates(t.Context())
	must(t, err)
	same(t, "states after that", states, map[string]string{"": "2"})
	put("pay", "4", chunk("production", delivery.PartGroups, 601, "abcd"))
	same(t, "again", s.chunkList(t, groups), "pay production groups 601 4 abcd")
}

// testDoraDerived: from facts to a panel, as every store answers it.
func testDoraDerived(t *testing.T, s *store) {
	s.batch(t, doraFacts())
	deriver := &delivery.Deriver{Store: s, Setup: doraRules}
	n, err := deriver.Run(t.Context())
	must(t, err)
	same(t, "derived", n, 4) // with what is of no service
	q := delivery.DoraQuery{
		Filter: delivery.Filter{From: at("2026-03-01"), To: at("2026-04-01"), Unit: delivery.Month, Start: delivery.FromAuthored, Suspected: true},
		Zone:   time.UTC, Now: at("2026-04-10"),
	}
	for slug, want := range map[string]string{
		"deployment-frequency": "count 3",
		"change-lead-time":     "p50 93600 count 1", // authored two hours before the day it was merged, deployed a day later
		"change-fail-rate":     "rate 1 count 1",
		"incidents":            "open 2 count 2",
	} {
		data, err := delivery.LoadDora(t.Context(), s, q, delivery.DoraParts(slug)...)
		must(t, err)
		p, err := data.Panel(slug, q)
		must(t, err)
		got := ""
		for _, f := range p.Headline {
			if f.Value != nil && strings.Contains(want+" ", f.Name+" ") {
				got += fmt.Sprintf(" %s %v", f.Name, *f.Value)
			}
		}
		same(t, slug, strings.TrimSpace(got), want)
	}
	if n, err := deriver.Run(t.Context()); n != 0 || err != nil {
		t.Errorf("derived %d again: %v", n, err)
	}
}

// testDoraWhatIf: what other rules would come to is what they come to.
func testDoraWhatIf(t *testing.T, s *store) {
	s.batch(t, doraFacts())
	now, err := doraRules(t.Context())
	must(t, err)
	then := now
	then.Rules.Production, then.Rules.Window = []string{"production", "staging"}, time.Hour
	derive := func(setup delivery.DoraSetup) {
		t.Helper()
		deriver := &delivery.Deriver{Store: s, Setup: func(context.Context) (delivery.DoraSetup, error) { return setup, nil }}
		_, err := deriver.Run(t.Context())
		must(t, err)
	}
	derive(now)
	q := delivery.DoraQuery{
		Filter:   delivery.Filter{From: at("2026-03-01"), To: at("2026-04-01"), Unit: delivery.Month, Start: delivery.FromAuthored, Suspected: true},
		Services: []string{"Acme/Pay", "acme/pay", "acme/shop", "Billing", "billing"}, Zone: time.UTC, Now: at("2026-04-10"),
	}
	version := s.version(t)
	got, err := delivery.DoraWhatIf(t.Context(), s, q, now, then)
	must(t, err)
	same(t, "version", s.version(t), version)
	flips := ""
	for _, f := range got.Items {
		flips += fmt.Sprintf("%s %v>%v ", f.SHA, f.Was.Counts, f.Is.Counts)
	}
	same(t, "flips", flips, "s1 false>true v2 true>false ")
	same(t, "counts", []int{got.Entered, got.Left, got.Failed, got.Mended, got.Other}, []int{1, 1, 0, 0, 0})
	for _, side := range []struct {
		name   string
		panels map[string]delivery.PanelData
	}{{"before", got.Before}, {"after", got.After}} {
		for _, slug := range delivery.DoraMetrics() {
			data, err := delivery.LoadDora(t.Context(), s, q, delivery.DoraParts(slug)...)
			must(t, err)
			want, err := data.Panel(slug, q)
			must(t, err)
			same(t, side.name+": "+slug, side.panels[slug].Headline, want.Headline)
		}
		derive(then)
	}
}

// testDoraExport: facts go along in a copy, behind the runs.
func testDoraExport(t *testing.T, s *store) {
	s.batch(t, doraFacts())
	s.writeRuns(t, ciRun("1"))
	other := doraFacts()
	other.Connection = "other"
	s.batch(t, other)
	whole := s.export(t, 1000)
	for _, limit := range []int{1, 5, 1000} {
		copied := s.another(t)
		batches := s.export(t, limit)
		for _, b := range batches {
			copied.batch(t, b)
		}
		same(t, "lists of the copy", copied.listedFacts(t, delivery.DoraListQuery{}), s.listedFacts(t, delivery.DoraListQuery{}))
		same(t, "export of the copy", copied.export(t, 1000), whole)
	}
}

func doraRules(context.Context) (delivery.DoraSetup, error) {
	return delivery.DoraSetup{Rules: delivery.DefaultDoraRules()}, nil
}
