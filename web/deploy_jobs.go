package web

import (
	"context"
	"net/url"

	"throughline/internal/delivery"
	"throughline/views"
)

// deployJobs are the parts of runs that rules take for deployments.
const deployJobs = "deploy_jobs"

// deployRules are what the settings of connections take for deployments among jobs
// and runs.
func (s *Server) deployRules(ctx context.Context) (delivery.DeployRules, error) {
	all, err := s.db.Connections(ctx)
	rules := delivery.DeployRules{}
	for _, c := range all {
		kind, ok := s.kind(c.Kind)
		if !ok || kind.Deploys == nil {
			continue
		}
		if rule := kind.Deploys(c.Settings); !rule.Empty() {
			rules[c.Name] = rule
		}
	}
	return rules, err
}

func loadDeployJobs(ctx context.Context, s delivery.Store, q panelQuery) (delivery.PanelData, error) {
	counts, err := s.DeployJobs(ctx, q.runs, q.deploys)
	return counts.FailurePanel(&q.filter, q.runs.Zone), err
}

// noDeployRule says that no connection takes anything of a run for a deployment, nil
// where one does or none needs to.
func (s *Server) noDeployRule(ctx context.Context, p panel) (*views.Empty, error) {
	if p.parts != deployJobs {
		return nil, nil
	}
	rules, err := s.deployRules(ctx)
	if err != nil || len(rules) > 0 {
		return nil, err
	}
	fix, err := s.deployRulesPath(ctx)
	return &views.Empty{Reason: "no_deploy_rule", Fix: fix}, err
}

// deployRulesPath is where rules are given: the first connection that takes some, or
// where one is made; "" for those who may not.
func (s *Server) deployRulesPath(ctx context.Context) (string, error) {
	all, err := s.db.Connections(ctx)
	for _, c := range all {
		if kind, ok := s.kind(c.Kind); ok && kind.Deploys != nil {
			return settingsPath(ctx, "/settings/connections/"+url.PathEscape(c.Name)), err
		}
	}
	return settingsPath(ctx, "/settings/connections"), err
}
