package control

import (
	"context"
	"fmt"
	"slices"

	"throughline/internal/delivery"
)

// DoraSetup is all of it: what a delivery.Deriver works by. Its Teams are
// DeliveryTeams.
func (db *DB) DoraSetup(ctx context.Context) (delivery.DoraSetup, error) {
	var s delivery.DoraSetup
	services, err := db.DeliveryServices(ctx)
	if err != nil {
		return s, err
	}
	s.Services = services
	if s.Rules, s.TeamProduction, err = db.DoraRules(ctx); err != nil {
		return s, err
	}
	if s.Teams, err = db.DeliveryTeams(ctx); err != nil {
		return s, err
	}
	if s.Verdicts, err = db.Verdicts(ctx); err != nil {
		return s, fmt.Errorf("setup of deployments: %w", err)
	}
	connections, err := db.Connections(ctx)
	if err != nil {
		return s, err
	}
	connected := func(kind string) bool {
		return slices.ContainsFunc(connections, func(c Connection) bool { return c.Kind == kind })
	}
	s.JiraConnected, s.SentryConnected = connected("jira"), connected("sentry")
	return s, nil
}

// DeliveryServices are the declared services by name.
func (db *DB) DeliveryServices(ctx context.Context) ([]delivery.Service, error) {
	all, err := db.Services(ctx)
	if err != nil {
		return nil, err
	}
	var out []delivery.Service
	for _, s := range all {
		out = append(out, s.Service)
	}
	return out, nil
}
