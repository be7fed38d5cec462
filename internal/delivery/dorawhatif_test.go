package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// told says what a change comes to: how many flip, and how those listed do.
func (c *DoraChange) told() string {
	out := []string{fmt.Sprintf("%d in, %d out, %d failed, %d mended, %d other", c.Entered, c.Left, c.Failed, c.Mended, c.Other)}
	word := func(c DoraClass) string {
		switch {
		case !c.Counts:
			return "no"
		case c.With != "":
			return "part"
		case c.Failed:
			return string(c.Kind) + " failed"
		}
		return string(c.Kind)
	}
	for _, f := range c.Items {
		out = append(out, f.SHA+": "+word(f.Was)+" > "+word(f.Is))
	}
	return strings.Join(out, "; ")
}

// trialStore is a store of one service, derived by its setup.
func (s *story) trialStore() *derivedStore {
	s.t.Helper()
	store := &derivedStore{facts: map[string]ServiceFacts{"acme/pay": s.facts}, states: map[string]string{}, chunks: map[string][]DoraChunk{}}
	deriver := &Deriver{Store: store, Setup: func(context.Context) (DoraSetup, error) { return s.setup, nil }}
	if _, err := deriver.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return store
}

func TestDoraWhatIf(t *testing.T) {
	s := newStory(t)
	s.setup.JiraConnected = true
	s.deploy("1", "a", "production", "03-02 10:00")
	s.deploy("2", "b", "live-eu", "03-04 10:00")
	s.deploy("3", "b", "live-us", "03-04 10:30") // 25 minutes after the end of 2
	s.deploy("4", "c", "staging", "03-06 10:00")
	s.deploy("5", "d", "production", "03-08 10:00")
	s.deploy("6", "e", "production", "02-08 10:00") // before the range
	s.incident("I", "03-09 16:00", "03-09 18:00")   // 30 hours after 5
	q := s.query("03-01", "03-31")
	q.Suspected = true
	store := s.trialStore()
	for _, tt := range []struct {
		name   string
		change func(*DoraSetup)
		told   string
		slug   string
		figure string
		was    string
		is     string
	}{
		{"the same", func(*DoraSetup) {}, "0 in, 0 out, 0 failed, 0 mended, 0 other", "change-fail-rate", "failed", "failed 0", "failed 0"},
		{
			"a wider window", func(d *DoraSetup) { d.Rules.Window = 48 * time.Hour },
			"0 in, 0 out, 1 failed, 0 mended, 0 other; d: normal > normal failed", "change-fail-rate", "rate", "rate 0", "rate 0.3333",
		},
		{
			"other names", func(d *DoraSetup) { d.Rules.Production = []string{"production", "staging"} },
			"1 in, 2 out, 0 failed, 0 mended, 0 other; c: no > normal; b: redeploy > no; b: normal > no", "deployment-frequency", "count", "count 3", "count 3",
		},
		{
			"a wider group", func(d *DoraSetup) { d.Rules.Together = time.Hour },
			"0 in, 0 out, 0 failed, 0 mended, 1 other; b: redeploy > part", "deployment-frequency", "count", "count 3", "count 3",
		},
		{
			"names of a team", func(d *DoraSetup) {
				d.Teams = Teams{{Name: "pay", Repositories: Patterns{"acme/pay"}}}
				d.TeamProduction = map[string][]string{"pay": {"staging"}}
			},
			"1 in, 4 out, 0 failed, 0 mended, 0 other; d: normal > no; c: no > normal; b: redeploy > no; b: normal > no; a: normal > no", "rework-rate", "count", "count 3", "count 1",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			then := s.setup
			tt.change(&then)
			now := s.setup
			now.Teams = then.Teams
			chunks := fmt.Sprint(store.chunks, store.states)
			got, err := DoraWhatIf(t.Context(), store, q, now, then)
			if err != nil {
				t.Fatal(err)
			}
			if got.told() != tt.told {
				t.Errorf("%s, want %s", got.told(), tt.told)
			}
			was, is := got.Before[tt.slug], got.After[tt.slug]
			if figures(was, tt.figure) != tt.was || figures(is, tt.figure) != tt.is || was.Series != nil || is.Series != nil {
				t.Errorf("%s was %s and is %s, want %s and %s", tt.slug, figures(was, tt.figure), figures(is, tt.figure), tt.was, tt.is)
			}
			// Derived by those rules it is the same.
			other := *s
			other.setup, other.t = then, t
			derived := other.trialStore()
			data, err := LoadDora(t.Context(), derived, q, PartGroups, PartChanges, PartUndeployed)
			if err != nil {
				t.Fatal(err)
			}
			for _, slug := range DoraMetrics() {
				want, err := data.Panel(slug, q)
				if err != nil {
					t.Fatal(err)
				}
				if got := got.After[slug]; got.N != want.N || figures(got, "rate", "mean", "p50", "count") != figures(want, "rate", "mean", "p50", "count") {
					t.Errorf("%s is %d of %s, and derived %d of %s", slug, got.N, figures(got, "rate", "mean", "p50"), want.N, figures(want, "rate", "mean", "p50"))
				}
			}
			if now := fmt.Sprint(store.chunks, store.states); now != chunks {
				t.Error("something was stored")
			}
		})
	}
}

// Of services that the query does not ask for, and of those that no rule changes, the
// stored rows are taken; an error of the store is handed on.
func TestDoraWhatIfOfServices(t *testing.T) {
	s := newStory(t)
	s.deploy("1", "a", "live", "03-02 10:00")
	store := s.trialStore()
	shop := MergeDeployment(Deployment{}, Deployment{
		Connection: "gh", ID: "9", Repository: "acme/shop", Environment: "live", SHA: "z", Status: DeploySuccess,
		StartedAt: at(t, "03-03 10:00"), FinishedAt: at(t, "03-03 10:05"),
	})
	store.facts["acme/shop"] = ServiceFacts{Deployments: []Deployment{shop}}
	deriver := &Deriver{Store: store, Setup: func(context.Context) (DoraSetup, error) { return s.setup, nil }}
	if _, err := deriver.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	then := s.setup
	then.Rules.Production = []string{"production"}
	q := s.query("03-01", "03-31")
	got, err := DoraWhatIf(t.Context(), store, q, s.setup, then)
	if err != nil || got.told() != "0 in, 1 out, 0 failed, 0 mended, 0 other; a: normal > no" {
		t.Errorf("one service of all: %s, %v", got.told(), err)
	}
	if n := got.After["deployment-frequency"].N; n != 1 {
		t.Errorf("%d deployments are left", n)
	}
	q.Services = []string{"acme/pay", "acme/shop"}
	if got, err = DoraWhatIf(t.Context(), store, q, s.setup, then); err != nil || got.Left != 2 || !slices.IsSortedFunc(got.Items, func(a, b DoraFlip) int { return int(b.FinishedAt - a.FinishedAt) }) {
		t.Errorf("both services: %s, %v", got.told(), err)
	}
	store.fails = errors.New("down")
	if _, err := DoraWhatIf(t.Context(), store, q, s.setup, s.setup); err != nil {
		t.Errorf("without a difference facts are read: %v", err)
	}
	if _, err := DoraWhatIf(t.Context(), store, q, s.setup, then); err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("of a store that is down: %v", err)
	}
}
