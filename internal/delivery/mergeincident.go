package delivery

import "cmp"

// MergeIncident is MergeDeployment for an incident. The one that is newer by the
// source's clock, or that was told later where either has none, also decides what
// it does not say of an end: so an incident is opened again, or comes back. Where it
// is Whole, it decides everything.
func MergeIncident(stored, said Incident) Incident {
	if stored.ID == "" {
		said.Gone = said.Gone || said.Repeated && !said.StartedAt.Known()
		said.Repeated = false
		return said
	}
	n := incidentsNewer(&stored, &said)
	i, other := said, stored
	if n > 0 {
		i, other = stored, said
	}
	if n != 0 && i.Whole {
		i.UpdatedAt, i.ToldAt = max(stored.UpdatedAt, said.UpdatedAt), max(stored.ToldAt, said.ToldAt)
		return i
	}
	for _, f := range [...]struct {
		to   *string
		with string
	}{
		{&i.Service, other.Service},
		{&i.Project, other.Project},
		{&i.Title, other.Title},
		{&i.Severity, other.Severity},
		{&i.Deployment, other.Deployment},
		{&i.Version, other.Version},
		{&i.SHA, other.SHA},
		{&i.URL, other.URL},
	} {
		*f.to = max(n, -n).text(*f.to, f.with)
	}
	i.Teams = max(n, -n).texts(i.Teams, other.Teams)
	i.StartedAt = cmp.Or(i.StartedAt, other.StartedAt)
	i.DetectedAt = cmp.Or(i.DetectedAt, other.DetectedAt)
	if n == 0 || (i.Repeated || other.Repeated) && !other.ResolvedAt.Known() {
		i.StartedAt = earliest(i.StartedAt, other.StartedAt)
		i.DetectedAt = earliest(i.DetectedAt, other.DetectedAt)
	}
	if n == 0 {
		i.ResolvedAt = max(i.ResolvedAt, other.ResolvedAt)
		i.Gone, i.Whole = i.Gone || other.Gone, i.Whole || other.Whole
	}
	if (i.Repeated || other.Repeated) && !stored.StartedAt.Known() {
		i.Gone = !i.StartedAt.Known()
	}
	i.Repeated = false
	i.UpdatedAt, i.ToldAt = max(stored.UpdatedAt, said.UpdatedAt), max(stored.ToldAt, said.ToldAt)
	return i
}

// incidentsNewer says which of two tellings of an incident is the newer one.
func incidentsNewer(a, b *Incident) newer {
	if a.UpdatedAt.Known() && b.UpdatedAt.Known() {
		if c := cmp.Compare(a.UpdatedAt, b.UpdatedAt); c != 0 {
			return newer(c)
		}
	}
	return newer(cmp.Compare(a.ToldAt, b.ToldAt))
}
