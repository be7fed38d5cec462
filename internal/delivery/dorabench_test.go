package delivery

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkDoraPanels makes each panel of 10,000 deployments with 100,000 changes
// from chunks that are at hand.
func BenchmarkDoraPanels(b *testing.B) {
	const deployments, each = 10_000, 10
	service := Service{Name: "acme/pay", Repository: "acme/pay"}
	setup := DoraSetup{Services: []Service{service}, Rules: DefaultDoraRules()}
	start := InstantOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	var f ServiceFacts
	for i := range deployments {
		end := start + Instant(i)*45*60*1000
		d := Deployment{
			Connection: "gh", ID: fmt.Sprint(i), Repository: "acme/pay", Environment: "production", SHA: fmt.Sprintf("%040d", i),
			StartedAt: end - 60000, FinishedAt: end, Status: DeploySuccess, Range: &CommitRange{Base: fmt.Sprintf("%040d", i-1)},
		}
		for j := range each {
			n := int64(i*each + j)
			sha := fmt.Sprintf("m%039d", n)
			d.Range.Commits = append(d.Range.Commits, Commit{SHA: sha, AuthoredAt: end - 100000})
			f.Changes = append(f.Changes, Change{
				Connection: "gh", Repository: "acme/pay", ID: fmt.Sprint(n), Number: n + 1, Title: "A change of some length", Base: "main", MergeSHA: sha,
				CreatedAt: end - 7_000_000, MergedAt: end - 600_000, Commits: []Commit{{SHA: "c" + sha, AuthoredAt: end - 9_000_000}},
			})
		}
		f.Deployments = append(f.Deployments, MergeDeployment(Deployment{}, d))
	}
	var chunks []DoraChunk
	b.Run("derive", func(b *testing.B) {
		for b.Loop() {
			var err error
			if chunks, err = DeriveService(service, &setup, f); err != nil {
				b.Fatal(err)
			}
		}
	})
	store := &derivedStore{chunks: map[string][]DoraChunk{"acme/pay": chunks}}
	q := DoraQuery{Filter: Filter{From: start, To: start + 366*msPerDay, Unit: Week, Start: FromAuthored}, Zone: time.UTC, Now: start + 400*msPerDay, Services: []string{"acme/pay"}}
	for _, slug := range []string{"deployment-frequency", "change-lead-time", "lead-time-stages", "change-fail-rate", "recovery-time", "rework-rate"} {
		b.Run(slug, func(b *testing.B) {
			for b.Loop() {
				d, err := LoadDora(b.Context(), store, q, DoraParts(slug)...)
				if err != nil {
					b.Fatal(err)
				}
				if p, err := d.Panel(slug, q); err != nil || p.N == 0 && slug != "recovery-time" && slug != "change-fail-rate" {
					b.Fatalf("%d, %v", p.N, err)
				}
			}
		})
	}
}
