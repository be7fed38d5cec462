package worker

import (
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// Facts and services are taken over soon, whoever wrote them.
func TestDeploymentsAreDerived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		defer r.close()
		stop := r.running()
		defer stop()
		services := func(want ...string) {
			t.Helper()
			states, err := r.facts.DoraStates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, slices.Sorted(maps.Keys(states))); d != "" {
				t.Errorf("services (-want +got):\n%s", d)
			}
		}
		time.Sleep(time.Second)
		services(delivery.NoService)
		_, err := r.facts.Write(t.Context(), delivery.Batch{Connection: "gh", Deployments: []delivery.Deployment{
			{ID: "1", Repository: "acme/pay", Environment: "production", SHA: "a", Status: delivery.DeploySuccess, FinishedAt: 1_700_000_000_000},
		}})
		if err != nil {
			t.Fatal(err)
		}
		r.DeploymentsChanged()
		time.Sleep(5 * time.Second)
		services(delivery.NoService, "acme/pay")
		if _, err := r.db.SaveService(t.Context(), control.Service{Service: delivery.Service{Name: "pay", Repository: "acme/pay"}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // nobody says so: another process may have done it
		services(delivery.NoService, "pay")
	})
}
