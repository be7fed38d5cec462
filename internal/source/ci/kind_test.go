package ci

import (
	"encoding/json"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

func TestSettle(t *testing.T) {
	job := func(name string, from, to delivery.Instant) delivery.Job {
		return delivery.Job{Name: name, StartedAt: from, FinishedAt: to}
	}
	settings := source.Settings{"e2e_jobs": json.RawMessage(`["e2e*", "!e2e-smoke"]`)}
	tests := []struct {
		name string
		run  delivery.Run
		want int64
	}{
		{"beside each other", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{job("build", 1000, 5000), job("e2e 1", 6000, 9000), job("E2E 2", 7000, 12_000)}}, 6000},
		{"said", delivery.Run{DurationE2E: 3000, Jobs: []delivery.Job{job("e2e", 6000, 12_000)}}, 3000},
		{"excluded", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{job("e2e-smoke", 6000, 12_000)}}, delivery.NotSaid},
		{"told apart by itself", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{{Name: "ui", E2E: true}, job("e2e", 6000, 12_000)}}, delivery.NotSaid},
		{"one waits", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{job("e2e", 6000, 9000), {Name: "e2e 2", Status: delivery.RunWaiting}}}, delivery.NotSaid},
		{"one was skipped", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{job("e2e", 6000, 9000), {Name: "e2e 2", Status: delivery.RunSkipped}}}, 3000},
		{"no end", delivery.Run{DurationE2E: delivery.NotSaid, Jobs: []delivery.Job{job("e2e", 6000, 0), job("e2e 2", 6000, 7000)}}, delivery.NotSaid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := delivery.Batch{Runs: []delivery.Run{tt.run}}
			for range 2 { // the same again changes nothing
				if err := Kind().Settle(settings, &b); err != nil || b.Runs[0].DurationE2E != tt.want {
					t.Errorf("%d, %v; want %d", b.Runs[0].DurationE2E, err, tt.want)
				}
			}
		})
	}
	if _, err := Kind().New(source.Config{Settings: source.Settings{"e2e_jobs": json.RawMessage(`["!x"]`)}}, nil); err == nil {
		t.Error("a pattern that takes nothing in is accepted")
	}
}
