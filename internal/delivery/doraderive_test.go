package delivery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"
)

// derivedStore holds facts of one kind and what is derived of them.
type derivedStore struct {
	DoraStore
	facts   map[string]ServiceFacts // by repository or service
	touched []Touched
	states  map[string]string
	chunks  map[string][]DoraChunk
	fails   error
}

func (s *derivedStore) ServiceFacts(_ context.Context, keys ServiceKeys) (ServiceFacts, error) {
	var out ServiceFacts
	for _, key := range slices.Concat(keys.Repositories, keys.Services) {
		out.Deployments = append(out.Deployments, s.facts[key].Deployments...)
	}
	for _, f := range s.facts {
		out.Incidents = append(out.Incidents, f.Incidents...)
	}
	return out, s.fails
}
func (s *derivedStore) DoraTouched(context.Context) ([]Touched, error) { return s.touched, nil }
func (s *derivedStore) DoraSettled(_ context.Context, keys []Touched) error {
	s.touched = slices.DeleteFunc(s.touched, func(t Touched) bool { return slices.Contains(keys, t) })
	return nil
}

func (s *derivedStore) DoraStates(context.Context) (map[string]string, error) { return s.states, nil }

func (s *derivedStore) PutDora(_ context.Context, d DerivedService) error {
	s.states[d.Service], s.chunks[d.Service] = d.Setup, d.Chunks
	return nil
}

func (s *derivedStore) DropDora(_ context.Context, services []string) error {
	for _, name := range services {
		delete(s.states, name)
		delete(s.chunks, name)
	}
	return nil
}

func (s *derivedStore) DoraChunks(_ context.Context, q ChunkQuery) iter.Seq2[DoraChunk, error] {
	return func(yield func(DoraChunk, error) bool) {
		for name, chunks := range s.chunks {
			for _, c := range chunks {
				if (q.Services == nil || slices.Contains(q.Services, name)) && slices.Contains(q.Parts, c.Part) &&
					(q.Environments == nil || slices.Contains(q.Environments, c.Environment)) &&
					(c.Month == 0 || c.Month >= q.From && c.Month <= q.To) && !yield(c, nil) {
					return
				}
			}
		}
	}
}

func (s *derivedStore) DoraFacets(context.Context) (DoraFacets, error) {
	var f DoraFacets
	for name, facts := range s.facts {
		if len(facts.Deployments) > 0 {
			f.Repositories = append(f.Repositories, Facet{Key: name, Count: 1})
		}
	}
	return f, nil
}

func TestDeriver(t *testing.T) {
	ctx := t.Context()
	deployment := func(repository string) Deployment {
		return MergeDeployment(Deployment{}, Deployment{
			Connection: "gh", Repository: repository, ID: repository, SHA: "a", Environment: "production", Status: DeploySuccess,
			StartedAt: at(t, "03-02 10:00"), FinishedAt: at(t, "03-02 10:05"),
		})
	}
	store := &derivedStore{facts: map[string]ServiceFacts{
		"acme/pay":  {Deployments: []Deployment{deployment("acme/pay")}},
		"acme/shop": {Deployments: []Deployment{deployment("acme/shop")}, Incidents: []Incident{{Connection: "jira", ID: "1", StartedAt: at(t, "03-02 11:00")}}},
	}, states: map[string]string{}, chunks: map[string][]DoraChunk{}}
	setup := DoraSetup{Rules: DefaultDoraRules()}
	deriver := &Deriver{Store: store, Setup: func(context.Context) (DoraSetup, error) { return setup, nil }}
	run := func(want int) {
		t.Helper()
		n, err := deriver.Run(ctx)
		if err != nil || n != want {
			t.Fatalf("derived %d, not %d: %v", n, want, err)
		}
	}
	run(3) // the incident is of no service
	run(0)
	store.touched = []Touched{{"repository", "acme/pay", 7}}
	run(1)
	if len(store.touched) != 0 {
		t.Errorf("not settled: %v", store.touched)
	}
	setup.Verdicts = []Verdict{{Service: "acme/shop", Group: "1", Decision: Confirm}}
	run(1)
	setup.Rules.Window = time.Hour
	run(3)
	setup.Services = []Service{{Name: "pay", Repository: "acme/pay"}}
	run(2) // pay instead of acme/pay, and what is of no service
	if _, ok := store.states["acme/pay"]; ok {
		t.Error("a service that is no more is kept")
	}
	store.touched, store.fails = []Touched{{"incidents", "", 9}}, errors.New("down")
	if n, err := deriver.Run(ctx); n != 0 || err == nil || !strings.Contains(err.Error(), "deployments of pay: down") || len(store.touched) != 1 {
		t.Errorf("with a store that is down: %d, %v, %v", n, err, store.touched)
	}
	store.fails = nil
	if err := deriver.Of(ctx, "nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	if err := deriver.Of(ctx, "pay"); err != nil {
		t.Error(err)
	}
	checkLoad(t, store)
}

func checkLoad(t *testing.T, store *derivedStore) {
	q := DoraQuery{Filter: Filter{From: at(t, "03-01 00:00"), To: at(t, "04-01 00:00"), Unit: Day}, Zone: time.UTC, Now: at(t, "04-02 00:00"), Services: []string{"pay", "acme/shop"}}
	for name, c := range map[string]struct {
		narrow func(q *DoraQuery)
		want   string
	}{
		"all":                   {func(*DoraQuery) {}, "2 groups, 1 incidents"},
		"one service":           {func(q *DoraQuery) { q.Filter.Services, q.Services = []string{"pay"}, []string{"pay"} }, "1 groups, 0 incidents"},
		"a team of nothing":     {func(q *DoraQuery) { q.Teams, q.Services = []string{"x"}, nil }, "0 groups, 0 incidents"},
		"another environment":   {func(q *DoraQuery) { q.Environments = []string{"staging"} }, "0 groups, 1 incidents"},
		"production by name":    {func(q *DoraQuery) { q.Environments = []string{"Production"} }, "2 groups, 1 incidents"},
		"another connection":    {func(q *DoraQuery) { q.Connections = []string{"jira"} }, "0 groups, 1 incidents"},
		"the deployments' own":  {func(q *DoraQuery) { q.Connections = []string{"gh"} }, "2 groups, 0 incidents"},
		"a month without chunk": {func(q *DoraQuery) { q.From, q.To = at(t, "05-01 00:00"), at(t, "06-01 00:00") }, "0 groups, 0 incidents"},
	} {
		q := q
		c.narrow(&q)
		d, err := LoadDora(t.Context(), store, q, PartGroups, PartIncidents)
		if err != nil {
			t.Fatal(err)
		}
		same(t, name, fmt.Sprintf("%d groups, %d incidents", len(d.Groups), len(d.Incidents)), c.want)
	}
}
