package web

import (
	"context"
	"net/url"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// filterBar is the filter of a page about a subject: action is the page's path, keep
// what of its query the bar does not change.
func (s *Server) filterBar(ctx context.Context, of delivery.Subject, action string, q url.Values, err error, keep ...string) (views.FlowFilter, error) {
	teams, ferr := s.teams(ctx)
	if ferr != nil {
		return views.FlowFilter{}, ferr
	}
	choices, ferr := s.groupsOf(of)(ctx, teams)
	if ferr != nil {
		return views.FlowFilter{}, ferr
	}
	f := flowFilter(choices, q)
	if of == delivery.OfDora {
		doraChoices(&f, q)
	}
	f.Of, f.Action, f.Problems = of, action, filterProblems(ctx, err)
	for i := range f.Groups {
		if f.Groups[i].Name == "environment" && of != delivery.OfErrors {
			f.Groups[i].None = i18n.T(ctx, "dora.environment.production")
		}
		if f.Groups[i].Name == "branch" {
			offerAnyBranch(ctx, &f.Groups[i], q)
		}
	}
	for _, name := range keep {
		for _, value := range q[name] {
			f.Keep = append(f.Keep, views.Option{Value: value, Label: name})
		}
	}
	f.Spans = spans(ctx, action, q, delivery.DateOf(s.now().In(s.zone(ctx))))
	return f, nil
}

// groupsOf finds what a subject is narrowed by, with the values in the data.
func (s *Server) groupsOf(of delivery.Subject) func(context.Context, delivery.Teams) ([]facetGroup, error) {
	switch of {
	case delivery.OfRuns:
		return s.runGroups
	case delivery.OfDora, delivery.OfSeries:
		return s.doraGroups
	case delivery.OfErrors:
		return s.errorChoices
	case delivery.OfQuality:
		return s.qualityGroups
	}
	return s.issueGroups
}

// issueGroups are what issues are narrowed by.
func (s *Server) issueGroups(ctx context.Context, teams delivery.Teams) ([]facetGroup, error) {
	facets, err := s.facets(ctx)
	return []facetGroup{
		{"team", teamFacets(facets, teams), 1},
		{"connection", facets.Connections, 2},
		{"queue", facets.Queues, 1},
		{"type", facets.Types, 1},
	}, err
}

// runGroups are what runs are narrowed by.
func (s *Server) runGroups(ctx context.Context, teams delivery.Teams) ([]facetGroup, error) {
	facets, err := s.runFacets(ctx)
	of := make([]delivery.Facet, 0, len(teams))
	for i := range teams {
		t := delivery.Facet{Key: teams[i].Name}
		for _, p := range facets.Projects {
			if teams[i].RunsCI(p.Key) {
				t.Count += p.Count
			}
		}
		if t.Count > 0 {
			of = append(of, t)
		}
	}
	return []facetGroup{
		{"team", of, 1}, {"project", facets.Projects, 2}, {"workflow", facets.Workflows, 2}, {"branch", facets.Branches, 1},
	}, err
}

// branchesOffered is how many branches the filter lists: the most frequent, as most
// live for a day.
const branchesOffered = 50

// offerAnyBranch puts every branch at the head of the branches to choose from, of
// which none means the default ones.
func offerAnyBranch(ctx context.Context, g *views.FilterGroup, q url.Values) {
	any := slices.Contains(q["branch"], delivery.AnyBranch)
	g.None = i18n.T(ctx, "pipelines.branch.default")
	g.Choices = slices.DeleteFunc(g.Choices, func(c views.FilterChoice) bool { return c.Key == delivery.AnyBranch })
	total := 0
	for _, c := range g.Choices {
		total += c.Count
	}
	slices.SortStableFunc(g.Choices, func(a, b views.FilterChoice) int { return b.Count - a.Count })
	n := 0
	g.Choices = slices.DeleteFunc(g.Choices, func(c views.FilterChoice) bool {
		n++
		return n > branchesOffered && !c.Chosen
	})
	g.Choices = slices.Insert(g.Choices, 0, views.FilterChoice{
		Key: delivery.AnyBranch, Name: i18n.T(ctx, "pipelines.branch.any"), Count: total, Chosen: any,
	})
}

// filterProblems are the parameters that cannot be used, in words.
func filterProblems(ctx context.Context, err error) []views.FilterProblem {
	var out []views.FilterProblem
	for _, detail := range filterDetails(err) {
		out = append(out, views.FilterProblem{Param: detail.Path, Message: mistakeText(ctx, &detail)})
	}
	return out
}

// mistakeText says what is wrong with a parameter.
func mistakeText(ctx context.Context, detail *apiDetail) string {
	if detail.query != nil {
		return queryMistake(ctx, detail.query)
	}
	p := i18n.From(ctx)
	for _, id := range []string{"filter.mistake." + detail.code, "filter.mistake.of." + detail.Path} {
		if p.Has(id) {
			return p.T(id)
		}
	}
	return detail.Message
}

// spans are periods that no number of days says: months and quarters.
func spans(ctx context.Context, path string, q url.Values, today delivery.Date) []views.Tab {
	month := delivery.Date{Year: today.Year, Month: today.Month, Day: 1}
	quarter := delivery.Date{Year: today.Year, Month: (today.Month-1)/3*3 + 1, Day: 1}
	var out []views.Tab
	for _, span := range []struct {
		id       string
		from, to delivery.Date
	}{
		{"flow.span.month", month, delivery.Date{}},
		{"flow.span.last_month", firstOfMonth(month.AddDays(-1)), month.AddDays(-1)},
		{"flow.span.quarter", quarter, delivery.Date{}},
		{"flow.span.last_quarter", firstOfMonth(firstOfMonth(firstOfMonth(quarter.AddDays(-1)).AddDays(-1)).AddDays(-1)), quarter.AddDays(-1)},
	} {
		own := without(q, "range", "from", "to", "page")
		own.Set("from", span.from.String())
		if !span.to.IsZero() {
			own.Set("to", span.to.String())
		}
		out = append(out, views.Tab{
			Label: i18n.T(ctx, span.id), Path: path + "?" + own.Encode(),
			Current: q.Get("range") == "" && q.Get("from") == span.from.String() && q.Get("to") == span.to.String(),
		})
	}
	return out
}

func firstOfMonth(d delivery.Date) delivery.Date {
	return delivery.Date{Year: d.Year, Month: d.Month, Day: 1}
}
