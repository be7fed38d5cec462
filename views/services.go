package views

import (
	"context"
	"time"
)

// ServiceList is the page of services.
type ServiceList struct {
	Services []ServiceRow
	Unknown  []SeenRepository // in the data, of nothing
	Implied  int              // repositories that are services by themselves
	Targets  []Option         // teams that the reader may give a repository to
	Catalog  CatalogForm      // for admins
	Admin    bool
	Away     bool   // the fact store does not answer: what is in the data is missing
	Error    string // why something was not done
}

// ServiceRow is a service in the list.
type ServiceRow struct {
	Name, Path, Repository string
	Paths, Environments    []string
	Jira, Sentry, Queues   []string
	Teams                  []string
	Provisioned, Editable  bool
}

// SeenRepository is a repository in the data.
type SeenRepository struct {
	Name        string
	Deployments int
}

// ServiceForm is the form of a service.
type ServiceForm struct {
	Form
	New          bool
	Name         string // as it is stored
	Path         string
	Repositories []string // to choose from
	Targets      []Option // teams that a new one may go to
	Provisioned  bool
	Admin        bool
	Preview      ServicePreview
}

// ServicePreview is what a service takes in of what is in the data.
type ServicePreview struct {
	Deployments  int
	Environments []string
	Projects     []string
	Sharing      []string // other services of the repository
}

// RulesForm is the form of the rules of deployments.
type RulesForm struct {
	Form
	Path    string
	Levels  []Option // of errors
	Teams   []RulesTeam
	Preview RulesPreview
}

// RulesTeam is a team that may have names of production of its own.
type RulesTeam struct{ Name, Field string }

// RulesPreview are the environments in the data, by what they count as.
type RulesPreview struct {
	Production, Other []SeenEnvironment
	Away              bool
}

// SeenEnvironment is an environment in the data.
type SeenEnvironment struct {
	Name        string
	Deployments int
}

// CatalogForm is where teams of repositories are looked up.
type CatalogForm struct {
	Form
	On          bool
	HasToken    bool
	Provisioned bool
	AskedAt     time.Time
	Fault       string // in words, "" when it answers
	Owned       int    // repositories whose owner it knows
}

// ruleLabels are the names of the fields of rules.
func ruleLabels(ctx context.Context, f RulesForm) map[string]string {
	labels := map[string]string{
		"production": t(ctx, "rules.production"), "together": t(ctx, "rules.together"), "window": t(ctx, "rules.window"), "silence": t(ctx, "rules.silence"),
		"hotfix_labels": t(ctx, "rules.labels"), "hotfix_branches": t(ctx, "rules.branches"), "hotfix_titles": t(ctx, "rules.titles"), "bots": t(ctx, "rules.bots"),
		"error_level": t(ctx, "rules.error_level"), "error_users": t(ctx, "rules.error_users"),
	}
	for _, team := range f.Teams {
		labels[team.Field] = t(ctx, "rules.team", "team", team.Name)
	}
	return labels
}

// token is the field of the token, which keeps what is stored when it is left empty.
func (f CatalogForm) token(ctx context.Context) Input {
	i := Input{Name: "catalog_token"}
	if f.HasToken {
		i.Help = t(ctx, "catalog.token.help")
	}
	return i
}
