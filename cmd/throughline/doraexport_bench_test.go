package main

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/doraexport"
	"throughline/internal/store/sqlitestore"
)

// noMemory remembers nothing.
type noMemory struct{}

func (noMemory) Load(context.Context) ([]doraexport.Kept, error) { return nil, nil }
func (noMemory) Save(context.Context, []doraexport.Sample) error { return nil }

// BenchmarkDoraExport counts 20,000 deployments of 40 repositories, all of them and
// those of one repository after a hook.
func BenchmarkDoraExport(b *testing.B) {
	store, err := sqlitestore.Open(b.Context(), filepath.Join(b.TempDir(), "facts.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	var batch delivery.Batch
	for n := range 20_000 {
		at := delivery.InstantOf(moment) - delivery.Instant(n)*60_000
		d := delivery.Deployment{
			ID: fmt.Sprint(n), Repository: fmt.Sprintf("acme/shop-%d", n%40), Environment: "production", SHA: fmt.Sprintf("%040x", n), HeadStart: at - 3_600_000,
		}
		for i, s := range []delivery.DeploymentStatus{"in_progress", "success", "inactive"} {
			d.States = append(d.States, delivery.DeploymentState{Status: s, At: at + delivery.Instant(i)})
		}
		batch.Deployments = append(batch.Deployments, d)
		if len(batch.Deployments) == 1000 {
			batch.Connection = "gh"
			if _, err := store.Write(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch.Deployments = batch.Deployments[:0]
		}
	}
	setup := func(context.Context) (doraexport.Setup, error) { return doraexport.Setup{GitHub: []string{"gh"}}, nil }
	update := func(b *testing.B, e *doraexport.Exporter) {
		if err := e.Update(b.Context()); err != nil || len(e.Samples()) != 40*7 {
			b.Fatal(err, len(e.Samples()))
		}
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			update(b, doraexport.New(store, setup, noMemory{}))
		}
	})
	b.Run("hook", func(b *testing.B) {
		e := doraexport.New(store, setup, noMemory{})
		update(b, e)
		one := delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{{Repository: "acme/shop-1"}}}
		for b.Loop() {
			e.Touched(&one)
			update(b, e)
		}
	})
}
