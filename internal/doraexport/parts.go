package doraexport

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"throughline/internal/delivery"
)

// Facts are what is counted: a delivery.Store.
type Facts interface {
	DoraFacets(ctx context.Context) (delivery.DoraFacets, error)
	DeployedRepositories(ctx context.Context, connection string) ([]string, error)
	DeploymentsOf(ctx context.Context, connection, repository string) ([]delivery.Deployment, error)
	Deployments(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedDeployment, error]
	Incidents(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.ListedIncident, error]
	Tickets(ctx context.Context, q delivery.DoraListQuery) iter.Seq2[delivery.Ticket, error]
}

// part is the facts that are counted anew together, when one of them changes.
type part struct {
	kind       partKind
	connection string
	key        string // a repository in lower case, or a service
}

type partKind int

const (
	ofRepository partKind = iota
	ofService             // deployments without a repository
	ofIncidents
	ofTickets
)

func partOf(connection, repository, service string) part {
	if repository == "" {
		return part{ofService, connection, service}
	}
	return part{ofRepository, connection, strings.ToLower(repository)}
}

// partsOf are the parts that the facts of a batch are in, each once.
func partsOf(b *delivery.Batch) []part {
	var parts []part
	add := func(p part) {
		if !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	for i := range b.Deployments {
		add(partOf(b.Connection, b.Deployments[i].Repository, b.Deployments[i].Service))
	}
	if len(b.Incidents) > 0 {
		add(part{ofIncidents, b.Connection, ""})
	}
	if len(b.Tickets) > 0 {
		add(part{ofTickets, b.Connection, ""})
	}
	return parts
}

// within reports whether a part counts at all.
func (p part) within(s *Setup) bool {
	if p.kind == ofIncidents || p.kind == ofTickets {
		return slices.Contains(s.Jira, p.connection)
	}
	return s.deploys(p.connection)
}

// allParts are those of everything that is stored.
func allParts(ctx context.Context, facts Facts, s *Setup) ([]part, error) {
	facets, err := facts.DoraFacets(ctx)
	if err != nil {
		return nil, fmt.Errorf("services: %w", err)
	}
	var parts []part
	for _, connection := range slices.Concat(s.GitHub, s.Pushed) {
		repositories, err := facts.DeployedRepositories(ctx, connection)
		if err != nil {
			return nil, fmt.Errorf("repositories of %s: %w", connection, err)
		}
		for _, repository := range repositories {
			if p := partOf(connection, repository, ""); repository != "" && !slices.Contains(parts, p) {
				parts = append(parts, p)
			}
		}
	}
	for _, connection := range s.Pushed {
		for _, service := range facets.Services {
			parts = append(parts, part{ofService, connection, service.Key})
		}
	}
	for _, connection := range s.Jira {
		parts = append(parts, part{ofIncidents, connection, ""}, part{ofTickets, connection, ""})
	}
	return parts, nil
}

// everything is later than any fact.
const everything = delivery.Instant(1 << 52)

// count counts the facts of a part.
func (p part) count(ctx context.Context, facts Facts, c *counter) error {
	q := delivery.DoraListQuery{To: everything, Connections: []string{p.connection}}
	switch p.kind {
	case ofRepository:
		list, err := facts.DeploymentsOf(ctx, p.connection, p.key)
		if err != nil {
			return fmt.Errorf("deployments of %s: %w", p.key, err)
		}
		for i := range list {
			if list[i].Rule == "" {
				c.deployment(&list[i])
			}
		}
	case ofService:
		q.Keys = &delivery.ServiceKeys{Services: []string{p.key}}
		for d, err := range facts.Deployments(ctx, q) {
			if err != nil {
				return fmt.Errorf("deployments of %s: %w", p.key, err)
			}
			if d.Repository == "" && d.Service == p.key && d.Rule == "" {
				c.deployment(&d.Deployment)
			}
		}
	case ofIncidents:
		for i, err := range facts.Incidents(ctx, q) {
			if err != nil {
				return fmt.Errorf("incidents of %s: %w", p.connection, err)
			}
			c.incident(&i.Incident)
		}
	case ofTickets:
		for t, err := range facts.Tickets(ctx, q) {
			if err != nil {
				return fmt.Errorf("tickets of %s: %w", p.connection, err)
			}
			c.ticket(&t)
		}
	}
	return nil
}
