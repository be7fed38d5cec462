package delivery

import (
	"cmp"
	"slices"
)

// MergeDeployment is what a store keeps of a deployment of which it has stored, a
// zero one when it has nothing, once said is told of it. It is settled, and never a
// Part.
//
// Whatever the order in which tellings come, and however often, they come to the
// same:
//
//   - States are a set by (Status, At). Of one told again the first ToldAt is kept.
//   - A field that the one does not say is as the other says it. Where both say it,
//     it is as the one with the later UpdatedAt says it, then the one told later.
//     What a source says at all of a field that changes, it must say each time.
//   - What is said with true stays: no source takes such a thing back.
//   - CreatedAt and HeadStart are the earliest told, UpdatedAt and ToldAt the latest.
//
// So a whole telling takes nothing away that parts have told.
func MergeDeployment(stored, said Deployment) Deployment {
	stored.Settle()
	said.Settle()
	n := newer(cmp.Or(cmp.Compare(stored.UpdatedAt, said.UpdatedAt), cmp.Compare(stored.ToldAt, said.ToldAt)))
	d := said
	d.Part = false
	for _, f := range [...]struct {
		to   *string
		with string
	}{
		{&d.Environment, stored.Environment},
		{&d.SHA, stored.SHA},
		{&d.Ref, stored.Ref},
		{&d.Version, stored.Version},
		{&d.Description, stored.Description},
		{&d.Creator, stored.Creator},
		{&d.URL, stored.URL},
		{&d.FixesDeployment, stored.FixesDeployment},
		{&d.Impact, stored.Impact},
		{&d.Rule, stored.Rule},
	} {
		*f.to = n.text(f.with, *f.to)
	}
	d.Production = stored.Production || said.Production
	d.Rollback = stored.Rollback || said.Rollback
	d.Hotfix = stored.Hotfix || said.Hotfix
	d.Unplanned = stored.Unplanned || said.Unplanned
	d.Redeployment = stored.Redeployment || said.Redeployment
	d.CreatedAt = earliest(stored.CreatedAt, said.CreatedAt)
	d.HeadStart = earliest(stored.HeadStart, said.HeadStart)
	d.StartedAt = earliest(stored.StartedAt, said.StartedAt)
	d.UpdatedAt, d.ToldAt = max(stored.UpdatedAt, said.UpdatedAt), max(stored.ToldAt, said.ToldAt)
	d.Range = pick(n, stored.Range, said.Range, func(r *CommitRange) bool { return r != nil }, compareRanges)
	d.States = slices.Concat(stored.States, said.States)
	d.Settle()
	return d
}

func compareRanges(a, b *CommitRange) int {
	return cmp.Or(compareCommits(a.Commits, b.Commits), cmp.Compare(a.Base, b.Base))
}

// Settle fills in what follows from the states of a deployment, and puts them in
// order. One that says how it stands and has no states, as a push may, gets one
// state of that.
func (d *Deployment) Settle() {
	if len(d.States) == 0 && d.Status != "" {
		at := cmp.Or(d.FinishedAt, d.UpdatedAt, d.StartedAt, d.CreatedAt, d.ToldAt)
		if !d.Status.ended() {
			at = cmp.Or(d.StartedAt, d.CreatedAt, d.UpdatedAt, d.ToldAt)
		}
		d.States = []DeploymentState{{Status: d.Status, At: at, ToldAt: d.ToldAt, URL: d.URL}}
	}
	if len(d.States) == 0 {
		d.StartedAt = cmp.Or(d.StartedAt, d.CreatedAt)
		return
	}
	d.States = stateSet(d.States)
	d.Status, d.FinishedAt = DeployInactive, 0
	running := Instant(0)
	for _, s := range d.States {
		if s.Status == DeployRunning {
			running = earliest(running, s.At)
		}
		if s.Status != DeployInactive {
			d.Status = s.Status
		}
		if s.Status == DeployFailure || s.Status == DeployError {
			d.FinishedAt = earliest(d.FinishedAt, s.At)
		}
	}
	d.StartedAt = cmp.Or(running, d.StartedAt, d.CreatedAt)
	first := slices.IndexFunc(d.States, func(s DeploymentState) bool { return s.Status == DeploySuccess })
	if first >= 0 {
		d.Status, d.FinishedAt = DeploySuccess, d.States[first].At
	}
}

// stateSet is a copy of states in order, each once.
func stateSet(states []DeploymentState) []DeploymentState {
	out := slices.Clone(states)
	slices.SortFunc(out, func(a, b DeploymentState) int {
		return cmp.Or(
			cmp.Compare(a.At, b.At), cmp.Compare(a.Status.order(), b.Status.order()), cmp.Compare(a.Status, b.Status),
			compareKnown(a.ToldAt, b.ToldAt), cmp.Compare(a.ToldAt, b.ToldAt), -cmp.Compare(a.URL, b.URL),
		)
	})
	kept := out[:1]
	for _, s := range out[1:] {
		last := &kept[len(kept)-1]
		if s.At != last.At || s.Status != last.Status {
			kept = append(kept, s)
			continue
		}
		last.URL = cmp.Or(last.URL, s.URL)
	}
	return kept
}

// ended reports whether nothing but being replaced comes after.
func (s DeploymentStatus) ended() bool {
	return s == DeploySuccess || s == DeployFailure || s == DeployError || s == DeployInactive
}

// order is that in which states follow each other, of those of one instant: sources
// tell whole seconds.
func (s DeploymentStatus) order() int {
	return slices.Index([]DeploymentStatus{
		DeployQueued, DeployPending, DeployRunning, DeployFailure, DeployError, DeploySuccess, DeployInactive,
	}, s)
}
