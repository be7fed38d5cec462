package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// oneOf is a choice of which one value holds; the first is the usual one.
func oneOf(name, value, usual string) views.FilterSelect {
	values := map[string][]string{
		"restarts":  {"", "false", "true"},
		"links":     {"confirmed", "suspected"},
		"start":     {string(delivery.FromAuthored), string(delivery.FromMerged), string(delivery.FromCommit)},
		"benchmark": {"none", string(delivery.Benchmark2021), string(delivery.Benchmark2023), string(delivery.Benchmark2024)},
	}
	if value == "" {
		value = usual
	}
	return views.FilterSelect{Name: name, Value: value, Values: values[name]}
}

// panelChoices are the panels by the pages that show them.
func panelChoices(ctx context.Context) []views.PanelGroup {
	titles := map[string]string{"/flow": "flow.title", "/pipelines": "pipelines.title", "/dora": "dora.title", "/errors": "errors.title", seriesPath: "nav.series"}
	var out []views.PanelGroup
	for _, p := range panels() {
		title := i18n.T(ctx, titles[p.page])
		if len(out) == 0 || out[len(out)-1].Title != title {
			out = append(out, views.PanelGroup{Title: title})
		}
		last := &out[len(out)-1]
		last.Panels = append(last.Panels, views.Option{Value: p.slug, Label: i18n.T(ctx, p.title)})
	}
	return out
}

// embedGroups are the fields that narrow the panel: to choose from what is in the data,
// or to write where there is nothing yet.
func (s *Server) embedGroups(ctx context.Context, a *embedAsked) ([]views.EmbedGroup, error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.groupsOf(a.panel.of)(ctx, teams)
	if err != nil {
		return nil, err
	}
	var out []views.EmbedGroup
	for _, name := range embedLists[a.panel.of] {
		i := slices.IndexFunc(known, func(g facetGroup) bool { return g.name == name })
		var facets []delivery.Facet
		if i >= 0 {
			facets = known[i].facets
		} else if facets, err = s.connectionFacets(ctx, a.panel.of); err != nil {
			return nil, err
		}
		chosen := valueLines(a.values[name])
		g := views.EmbedGroup{FilterGroup: filterGroup(name, facets, chosen)}
		switch name {
		case "branch":
			offerAnyBranch(ctx, &g.FilterGroup, url.Values{"branch": chosen})
		case "environment":
			if a.panel.of != delivery.OfErrors {
				g.None = i18n.T(ctx, "dora.environment.production")
			}
		case "team":
			if len(g.Choices) == 0 {
				continue
			}
		case "connection":
			if len(g.Choices) < 2 && g.Chosen == 0 {
				continue
			}
		}
		g.Text = strings.Join(chosen, "\n")
		out = append(out, g)
	}
	return out, nil
}

// connectionFacets are the connections that may tell of a subject whose data does not
// say which there are.
func (s *Server) connectionFacets(ctx context.Context, of delivery.Subject) ([]delivery.Facet, error) {
	kinds := map[delivery.Subject][]string{delivery.OfRuns: {"github", "ci"}, delivery.OfDora: {"github", "ci", "jira", "tracker", sentryKind}}
	connections, err := s.db.Connections(ctx)
	var out []delivery.Facet
	for i := range connections {
		if slices.Contains(kinds[of], connections[i].Kind) {
			out = append(out, delivery.Facet{Key: connections[i].Name})
		}
	}
	return out, err
}
