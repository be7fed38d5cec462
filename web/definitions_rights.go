package web

import (
	"context"
	"slices"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// rights are what somebody may change of teams, calendars and statuses: an
// admin all, a lead what belongs to the teams they are a member of.
type rights struct {
	admin bool
	teams []string // of a lead, by name
	all   []control.Team
}

func (s *Server) rights(ctx context.Context) (rights, error) {
	u, ok := userFrom(ctx)
	all, err := s.db.Teams(ctx)
	if err != nil || !ok {
		return rights{}, err
	}
	r := rights{admin: u.Role == control.Admin, all: all}
	if u.Role == control.Lead {
		for _, t := range all {
			if slices.Contains(t.Members, u.ID) {
				r.teams = append(r.teams, t.Name)
			}
		}
	}
	return r, nil
}

// team reports whether a team may be changed.
func (r rights) team(name string) bool { return r.admin || slices.Contains(r.teams, name) }

// service reports whether a service may be changed: a lead's is one that only their
// own teams have.
func (r rights) service(s *delivery.Service) bool {
	of := deliveryTeams(r.all).OfService(s)
	return r.admin || len(of) > 0 && !slices.ContainsFunc(of, func(name string) bool { return !r.team(name) })
}

// judges reports whether somebody may say what a deployment of a service came to: an
// admin, and leads of any team that has it.
func (r rights) judges(s *delivery.Service) bool {
	return r.admin || slices.ContainsFunc(deliveryTeams(r.all).OfService(s), r.team)
}

// mayJudge reports whether the reader judges deployments of all these services, which
// may be repositories that no service is declared of.
func (s *Server) mayJudge(ctx context.Context, names ...string) (bool, error) {
	may, err := s.rights(ctx)
	if err != nil {
		return false, err
	}
	all, err := s.db.DeliveryServices(ctx)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		one := delivery.Service{Name: name, Repository: name}
		if i := slices.IndexFunc(all, func(o delivery.Service) bool { return o.Name == name }); i >= 0 {
			one = all[i]
		}
		if !may.judges(&one) {
			return false, nil
		}
	}
	return true, nil
}

// calendar reports whether a calendar may be changed: a lead's is one that only
// their own teams name.
func (r rights) calendar(name string) bool {
	if r.admin {
		return true
	}
	used := false
	for _, t := range r.all {
		if t.Calendar == name && name != "" {
			if !r.team(t.Name) {
				return false
			}
			used = true
		}
	}
	return used && name != control.DefaultCalendarName
}

// workflow reports whether versions may become others.
func (r rights) workflow(before, after []control.WorkflowVersion) bool {
	if r.admin {
		return true
	}
	teams, others := control.Touched(before, after)
	return !others && !slices.ContainsFunc(teams, func(name string) bool { return !r.team(name) })
}
