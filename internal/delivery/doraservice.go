package delivery

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

func sortServices(all []Service) {
	slices.SortFunc(all, func(a, b Service) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.Name, b.Name))
	})
}

// Has reports whether a deployment is of the service: it names it, or is of its
// repository and of one of its environments.
func (s *Service) Has(d *Deployment) bool {
	if d.Service != "" {
		return strings.EqualFold(d.Service, s.Name)
	}
	return s.Repository != "" && strings.EqualFold(d.Repository, s.Repository) &&
		(len(s.Environments) == 0 || s.Environments.Match(d.Environment))
}

// HasIncident reports whether an incident is of the service: it names it, or its
// project is mapped to it, or its team has no other service.
func (s *DoraSetup) HasIncident(service *Service, i *Incident) bool {
	if i.Service != "" {
		return strings.EqualFold(i.Service, service.Name) || service.Repository != "" && strings.EqualFold(i.Service, service.Repository)
	}
	if i.Project != "" && (service.JiraProjects.Match(i.Project) || service.SentryProjects.Match(i.Project) || service.Queues.Match(i.Project)) {
		return true
	}
	for _, team := range s.Teams {
		if !slices.Contains(i.Teams, team.Name) && (i.Project == "" || !team.JiraProjects.Match(i.Project)) {
			continue
		}
		if own := s.Teams.ServicesOf(team.Name, s.Services); len(own) == 1 && own[0].Name == service.Name {
			return true
		}
	}
	return false
}

// classing derives what is of one environment class of a service.
type classing struct {
	class  string
	rules  *DoraRules
	groups []*rollout // in order
	found  *finder    // of them, once they have their kinds
	// carriers are the last successful groups whose ranges have a commit, by place
	// among those, of as many as were looked at.
	carriers map[string]int
	looked   int
	*container
}

// derivation is all that is derived of a service.
type derivation struct {
	service   *Service
	setup     *DoraSetup
	classes   []*classing
	incidents []LinkedIncident
	watched   bool
}

// derive makes the rows of a service from its facts.
func derive(service *Service, setup *DoraSetup, f *ServiceFacts) *derivation {
	watched := setup.JiraConnected && len(service.JiraProjects) > 0 || setup.SentryConnected && len(service.SentryProjects) > 0
	d := &derivation{service: service, setup: setup, watched: watched}
	slices.SortFunc(f.Changes, func(a, b Change) int { // whatever the store's order
		return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.Connection, b.Connection), strings.Compare(a.Repository, b.Repository))
	})
	byClass := map[string][]*Deployment{}
	names, own := setup.productionOf(service)
	for i := range f.Deployments {
		if deployment := &f.Deployments[i]; service.Has(deployment) && deployment.begun() != 0 { // else it is in no month
			class := classOf(deployment, names, own)
			byClass[class] = append(byClass[class], deployment)
		}
	}
	all := newChanges(service, f.Changes)
	if _, ok := byClass[Production]; !ok && len(all.merged) > 0 {
		byClass[Production] = nil // for the changes that wait
	}
	for class, deployments := range byClass {
		own := *all
		own.queues = maps.Clone(all.queues)
		c := &classing{class: class, rules: &setup.Rules, container: &container{
			changes: &own, rules: &setup.Rules, claimed: map[int]*rollout{}, direct: map[string]bool{}, bases: map[string]bool{}, bots: setup.Rules.Bots,
		}}
		c.groups = groupDeployments(deployments, setup.Rules.Together)
		inOrder(c.groups)
		c.kinds()
		d.classes = append(d.classes, c)
	}
	slices.SortFunc(d.classes, func(a, b *classing) int { return strings.Compare(a.class, b.class) })
	d.judge(f)
	return d
}

// kinds says what each group is, and which changes it brings.
func (c *classing) kinds() {
	var before []*rollout
	var current *rollout
	last := Instant(0)
	for _, g := range c.groups {
		g.Kind = KindNormal
		if !g.Succeeded {
			continue
		}
		kind, reason, target := wentBack(g, before, current)
		switch {
		case kind == "":
			brought := c.bring(g, last)
			if last == 0 { // the others were there long before anybody told of deployments
				brought = slices.DeleteFunc(brought, func(change *Change) bool { return !strings.EqualFold(change.MergeSHA, g.SHA) })
			}
			kind, reason = c.wentOn(g, brought)
		case reason == "said" || reason == "older_version": // of a sha that was not there yet
			c.bringBack(g, last)
		case reason == "behind":
			target = c.carrier(g.SHA, before)
		}
		if g.SHA != "" || g.Version != "" {
			current = g
		}
		g.Kind, g.Reason = kind, reason
		if target != nil {
			g.Target = target.ID
		}
		before = append(before, g)
		last = max(last, g.FinishedAt)
	}
}

// carrier is the group before the one that brought a commit: where somebody went who
// went back to the commit.
func (c *classing) carrier(sha string, before []*rollout) *rollout {
	if c.carriers == nil {
		c.carriers = map[string]int{}
	}
	for ; c.looked < len(before); c.looked++ {
		for _, d := range before[c.looked].parts {
			if d.Range == nil {
				continue
			}
			for _, commit := range d.Range.Commits {
				c.carriers[strings.ToLower(commit.SHA)] = c.looked
			}
		}
	}
	i, ok := c.carriers[strings.ToLower(sha)]
	switch {
	case ok && strings.EqualFold(before[i].SHA, sha):
		return before[i]
	case ok && i > 0:
		return before[i-1]
	}
	return nil
}
