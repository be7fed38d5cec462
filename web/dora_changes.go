package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"throughline/internal/delivery"
	"throughline/views"
)

// groupSpan is how far from a deployment its group may be found.
const groupSpan = delivery.Instant(31 * 24 * time.Hour / time.Millisecond)

func newestFirst(a, b delivery.Instant, x, y string) int {
	return cmp.Or(cmp.Compare(b, a), cmp.Compare(y, x))
}

// changesOf are the changes deployed in the period, newest first: all, or those left
// out for a reason.
func changesOf(d *delivery.DoraData, q *delivery.DoraQuery, excluded string) ([]delivery.DeployedChange, error) {
	var out []delivery.DeployedChange
	for c, err := range d.Changes() {
		if err != nil {
			return nil, err
		}
		if c.DeployedAt < q.From || c.DeployedAt >= q.To {
			continue
		}
		if _, reason := c.LeadTime(q.Start); excluded != "" && reason != excluded {
			continue
		}
		one := *c
		one.Commits = slices.Clone(c.Commits)
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b delivery.DeployedChange) int {
		return newestFirst(a.DeployedAt, b.DeployedAt, changeKey(&a), changeKey(&b))
	})
	return out, nil
}

// changeKey tells deployed changes apart.
func changeKey(c *delivery.DeployedChange) string {
	return c.Service + "\x00" + c.Group + "\x00" + c.Name + "\x00" + c.SHA
}

// changeRows are deployed changes with what their facts say.
func (s *Server) changeRows(ctx context.Context, changes []delivery.DeployedChange, start delivery.LeadStart) ([]views.ChangeRow, error) {
	facts, err := s.changeFacts(ctx, changes)
	if err != nil {
		return nil, err
	}
	out := make([]views.ChangeRow, len(changes))
	for i := range changes {
		c := &changes[i]
		row := views.ChangeRow{DeployedChange: *c}
		row.Lead, row.Reason = c.LeadTime(start)
		if fact, ok := facts[c.Seq]; ok {
			row.Fact, row.Title, row.Source = &fact, fact.Title, sourceLink(fact.URL)
		}
		out[i] = row
	}
	return out, nil
}

// changeFacts are the facts of deployed changes, by their number.
func (s *Server) changeFacts(ctx context.Context, changes []delivery.DeployedChange) (map[int64]delivery.Change, error) {
	found := map[int64]delivery.Change{}
	q := delivery.DoraListQuery{Keys: &delivery.ServiceKeys{}}
	services, err := s.services(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[int64]bool{}
	for i := range changes {
		c := &changes[i]
		at := cmp.Or(c.MergedAt, c.CreatedAt)
		if c.Seq == 0 || at == 0 {
			continue
		}
		wanted[c.Seq] = true
		if q.From == 0 || at < q.From {
			q.From = at
		}
		q.To = max(q.To, at+1)
		n := slices.IndexFunc(services, func(o delivery.Service) bool { return o.Name == c.Service })
		if n >= 0 && services[n].Repository != "" && !slices.Contains(q.Keys.Repositories, services[n].Repository) {
			q.Keys.Repositories = append(q.Keys.Repositories, services[n].Repository)
		}
	}
	if len(wanted) == 0 {
		return found, nil
	}
	for change, err := range s.store.Changes(ctx, q) {
		if err != nil {
			return nil, err
		}
		if wanted[change.Seq] {
			found[change.Seq] = change.Change
		}
		if len(found) == len(wanted) {
			break
		}
	}
	return found, nil
}
