package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"throughline/internal/delivery"
)

// largeServices is how many repositories the deployments of a large data set are of.
const largeServices = 50

// FillLargeDora writes so many deployments with ten changes each, of a year and of 50
// repositories, derives what follows, and reports how long both took.
func FillLargeDora(tb testing.TB, s delivery.Store, deployments int) (wrote, derived time.Duration) {
	tb.Helper()
	const each, batch = 10, 500
	start := time.Now()
	step := LargeSpan / delivery.Instant(deployments)
	for first := 0; first < deployments; first += batch {
		b := delivery.Batch{Connection: "gh"}
		for i := first; i < min(first+batch, deployments); i++ {
			largeDeployment(&b, i, LargeStart+delivery.Instant(i+1)*step, each)
		}
		if _, err := s.Write(tb.Context(), b); err != nil {
			tb.Fatal(err)
		}
	}
	wrote = time.Since(start)
	start = time.Now()
	if _, err := LargeDeriver(s).Run(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return wrote, time.Since(start)
}

// LargeDeriver derives by the usual rules.
func LargeDeriver(s delivery.DoraStore) *delivery.Deriver {
	return &delivery.Deriver{Store: s, Setup: func(context.Context) (delivery.DoraSetup, error) {
		return delivery.DoraSetup{Rules: delivery.DefaultDoraRules()}, nil
	}}
}

// largeDeployment adds the i-th deployment, and what it brings.
func largeDeployment(b *delivery.Batch, i int, end delivery.Instant, changes int) {
	repository := fmt.Sprintf("acme/service-%02d", i%largeServices)
	d := delivery.Deployment{
		ID: fmt.Sprint(i), Repository: repository, Environment: "production", SHA: fmt.Sprintf("%040x", i+1), Creator: "ann",
		CreatedAt: end - 300_000, UpdatedAt: end,
		States: []delivery.DeploymentState{{Status: delivery.DeployRunning, At: end - 240_000}, {Status: delivery.DeploySuccess, At: end}},
		Range:  &delivery.CommitRange{Base: fmt.Sprintf("%040x", i+1-largeServices)},
	}
	for k := range changes {
		n := int64(i*changes + k + 1)
		sha := fmt.Sprintf("a%039x", n)
		merged := end - delivery.Instant(k+1)*1_800_000
		d.Range.Commits = append(d.Range.Commits, delivery.Commit{SHA: sha, AuthoredAt: merged, Author: "bob", Message: fmt.Sprintf("A change (#%d)", n)})
		b.Changes = append(b.Changes, delivery.Change{
			Repository: repository, ID: fmt.Sprint(n), Number: n, Title: fmt.Sprintf("Change number %d of a usual length", n), Author: "bob",
			Base: "main", Head: fmt.Sprintf("topic-%d", n), CreatedAt: merged - 36_000_000, ReviewedAt: merged - 7_200_000, ApprovedAt: merged - 3_600_000,
			MergedAt: merged, UpdatedAt: merged, MergeSHA: sha, Labels: []string{"feature"}, Paths: []string{"main.go"},
			Commits: []delivery.Commit{{SHA: fmt.Sprintf("b%039x", n), AuthoredAt: merged - 90_000_000, Author: "bob", Message: "Begin"}},
		})
	}
	b.Deployments = append(b.Deployments, d)
	if i%20 == 0 {
		b.Incidents = append(b.Incidents, delivery.Incident{
			ID: fmt.Sprint(i), Service: repository, Title: "It broke", SHA: d.SHA, StartedAt: end + 600_000, ResolvedAt: end + 6_000_000,
		})
	}
}

// BenchDora asks for each panel of deployments: over everything, and over 90 days.
func BenchDora(b *testing.B, s delivery.Store) {
	whole := delivery.DoraQuery{
		Filter: delivery.Filter{From: LargeStart, To: LargeStart + LargeSpan, Unit: delivery.Month, Start: delivery.FromAuthored},
		Zone:   time.UTC, Now: LargeStart + LargeSpan,
	}
	recent := whole
	recent.From, recent.Unit = recent.To-90*24*largeHour, delivery.Week
	for _, asked := range []struct {
		name string
		q    delivery.DoraQuery
	}{{"all", whole}, {"90 days", recent}} {
		for _, slug := range []string{
			"deployment-frequency", "change-lead-time", "lead-time-stages", "change-fail-rate", "recovery-time", "rework-rate", "incidents",
		} {
			b.Run(slug+"/"+asked.name, func(b *testing.B) {
				for b.Loop() {
					data, err := delivery.LoadDora(b.Context(), s, asked.q, delivery.DoraParts(slug)...)
					if err != nil {
						b.Fatal(err)
					}
					if p, err := data.Panel(slug, asked.q); err != nil || p.N == 0 {
						b.Fatal(p.N, err)
					}
				}
			})
		}
	}
	b.Run("WhatIf/90 days", func(b *testing.B) {
		recent.Services = nil
		for i := range largeServices {
			recent.Services = append(recent.Services, fmt.Sprintf("acme/service-%02d", i))
		}
		now := delivery.DoraSetup{Rules: delivery.DefaultDoraRules()}
		then := now
		then.Rules.Window *= 2
		for b.Loop() {
			if got, err := delivery.DoraWhatIf(b.Context(), s, recent, now, then); err != nil || got.After["deployment-frequency"].N == 0 {
				b.Fatal(got, err)
			}
		}
	})
	b.Run("Deployments", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range s.Deployments(b.Context(), delivery.DoraListQuery{Limit: 100}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != 100 {
				b.Fatal(n)
			}
		}
	})
	b.Run("DoraFacets", func(b *testing.B) {
		for b.Loop() {
			if f, err := s.DoraFacets(b.Context()); err != nil || len(f.Repositories) != largeServices {
				b.Fatal(len(f.Repositories), err)
			}
		}
	})
}
