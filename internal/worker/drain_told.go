package worker

import (
	"cmp"

	"throughline/internal/delivery"
)

// toldAt says of the facts of a batch from these indexes on when they came here, unless
// they say it themselves: of two tellings without a time of their own, the later one
// holds.
func toldAt(b *delivery.Batch, deployments, incidents int, at delivery.Instant) {
	for i := range b.Deployments[deployments:] {
		d := &b.Deployments[deployments+i]
		d.ToldAt = cmp.Or(d.ToldAt, at)
		for j := range d.States {
			d.States[j].ToldAt = cmp.Or(d.States[j].ToldAt, at)
		}
	}
	for i := range b.Incidents[incidents:] {
		fact := &b.Incidents[incidents+i]
		fact.ToldAt = cmp.Or(fact.ToldAt, at)
	}
}
