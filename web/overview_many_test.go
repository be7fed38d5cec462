package web

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// many is how much a site of many teams knows, of three years before testNow.
type many struct{ teams, issues, runs, deployments, errors int }

const threeYears = 3 * 365 * 24 * time.Hour

// at is the n-th of so many moments.
func (m many) at(n, of int) delivery.Instant {
	return delivery.InstantOf(testNow.Add(-threeYears + time.Duration(int64(threeYears)/int64(of)*int64(n))))
}

// ofManyTeams is a site of teams with five queues and two repositories each.
func ofManyTeams(tb testing.TB, m many) *site {
	tb.Helper()
	s := newSite(tb, nil)
	var file strings.Builder
	file.WriteString("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\nteams:\n")
	for i := range m.teams {
		fmt.Fprintf(&file, "  - {name: team %02d, tracker_queues: ['T%02dQ*'], sentry_projects: [team-%02d], github_repositories: ['acme/team-%02d-*']}\n", i, i, i, i)
	}
	s.provision(file.String())
	r := rand.New(rand.NewPCG(1, 0))
	for _, fill := range []struct {
		n   int
		add func(b *delivery.Batch, n int)
	}{
		{m.issues, func(b *delivery.Batch, n int) { b.Issues = append(b.Issues, m.issue(r, n)) }},
		{m.runs, func(b *delivery.Batch, n int) { b.Runs = append(b.Runs, m.run(r, n)) }},
		{m.deployments, m.deployment},
		{m.errors, func(b *delivery.Batch, n int) { b.ErrorGroups = append(b.ErrorGroups, m.errorGroup(n)) }},
	} {
		for first := 0; first < fill.n; first += 1000 {
			b := delivery.Batch{Connection: "many", Statuses: company(0).Statuses}
			for n := first; n < min(first+1000, fill.n); n++ {
				fill.add(&b, n)
			}
			if _, err := s.store.Write(tb.Context(), b); err != nil {
				tb.Fatal(err)
			}
		}
	}
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	if _, err := deriver.Run(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return s
}

// issue is the n-th, of which one in ten is open.
func (m many) issue(r *rand.Rand, n int) delivery.IssueRecord {
	status := func(key, name string) delivery.Ref { return delivery.Ref{ID: key, Key: key, Name: name} }
	open, work, test, done := status("open", "Open"), status("inProgress", "In progress"), status("testing", "Testing"), status("closed", "Closed")
	queue := fmt.Sprintf("T%02dQ%d", n%m.teams, n/m.teams%5)
	created := m.at(n, m.issues)
	rec := delivery.IssueRecord{Replace: true, Full: true, Issue: delivery.Issue{
		Connection: "many", ID: fmt.Sprintf("id-%06d", n), Key: fmt.Sprintf("%s-%d", queue, n), Queue: queue, Title: fmt.Sprintf("Something that has to be done, number %d", n),
		Type: status("task", "Task"), CreatedAt: created, UpdatedAt: created, URL: fmt.Sprintf("https://tracker.example.com/%d", n),
	}}
	at, from, path := created, open, []delivery.Ref{work, test, work, test, done}
	if n%10 == 0 {
		path = path[:n/10%4]
	}
	for k, to := range path {
		at += delivery.Instant(1 + r.Int64N(40*3_600_000))
		if at > delivery.InstantOf(testNow) {
			break
		}
		rec.Events = append(rec.Events, delivery.Event{
			ID: fmt.Sprintf("%06d-%d", n, k), Ordinal: k, At: at, Type: "IssueWorkflow", Transition: &delivery.Transition{From: from, To: to, ToStartedAt: at},
		})
		from, rec.UpdatedAt, rec.StatusStartedAt = to, at, at
	}
	if rec.Status = from; from == done {
		rec.Resolution, rec.ResolvedAt = status("fixed", "Fixed"), at
	}
	return rec
}

func (m many) run(r *rand.Rand, n int) delivery.Run {
	created, took := m.at(n, m.runs), r.Int64N(3_600_000)
	return delivery.Run{
		Project: m.repository(n), ID: fmt.Sprint(n), Workflow: "CI", Status: delivery.RunSuccess, Branch: "main", DefaultBranch: "main",
		CreatedAt: created, StartedAt: created + 30_000, FinishedAt: created + delivery.Instant(took), UpdatedAt: created + delivery.Instant(took),
		Attempt: 1, Duration: took, DurationE2E: took / 4,
	}
}

func (m many) repository(n int) string {
	return fmt.Sprintf("acme/team-%02d-%s", n%m.teams, []string{"api", "web"}[n/m.teams%2])
}

// deployment adds the n-th, with five changes; one in ten broke something.
func (m many) deployment(b *delivery.Batch, n int) {
	end, sha, repository := m.at(n, m.deployments), fmt.Sprintf("%040x", n+1), m.repository(n)
	d := delivery.Deployment{
		ID: fmt.Sprint(n), Repository: repository, Environment: "production", SHA: sha, Status: delivery.DeploySuccess,
		CreatedAt: end - 60_000, StartedAt: end - 60_000, FinishedAt: end, UpdatedAt: end, ToldAt: 1,
		States: []delivery.DeploymentState{{Status: delivery.DeploySuccess, At: end}},
		Range:  &delivery.CommitRange{Base: fmt.Sprintf("%040x", n+1-2*m.teams)},
	}
	for k := range 5 {
		number, merged := int64(n*5+k+1), end-delivery.Instant(k+1)*1_800_000
		change := fmt.Sprintf("a%039x", number)
		d.Range.Commits = append(d.Range.Commits, delivery.Commit{SHA: change, AuthoredAt: merged})
		b.Changes = append(b.Changes, delivery.Change{
			Repository: repository, ID: fmt.Sprint(number), Number: number, Title: "A change", Author: "ann", MergeSHA: change,
			CreatedAt: merged - 7_200_000, MergedAt: merged, UpdatedAt: merged, Commits: []delivery.Commit{{SHA: change, AuthoredAt: merged - 86_400_000}},
		})
	}
	b.Deployments = append(b.Deployments, d)
	if n%10 == 0 {
		b.Incidents = append(b.Incidents, delivery.Incident{
			ID: fmt.Sprint(n), Service: repository, Title: "It broke", SHA: sha, StartedAt: end + 600_000, ResolvedAt: end + 6_000_000, ToldAt: 1,
		})
	}
}

func (m many) errorGroup(n int) delivery.ErrorGroup {
	at := m.at(n, m.errors)
	g := delivery.ErrorGroup{
		ID: fmt.Sprint(n), Project: fmt.Sprintf("team-%02d", n%m.teams), ShortID: fmt.Sprintf("TEAM-%d", n), Title: "TypeError", Level: "error",
		Status: delivery.GroupUnresolved, FirstSeen: at, LastSeen: at + 3_600_000, ToldAt: at + 7_200_000,
		States: []delivery.GroupState{{Status: delivery.GroupUnresolved, At: at}},
	}
	if n%3 > 0 {
		g.Status = delivery.GroupResolved
		g.States = append(g.States, delivery.GroupState{Status: delivery.GroupResolved, At: at + 86_400_000})
	}
	return g
}
