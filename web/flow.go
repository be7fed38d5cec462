package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// flowRanges are the periods to choose from; the first page shows defaultRange.
var flowRanges = []string{"7d", "30d", "90d", "180d", "12m"}

const defaultRange = "90d"

// metricsPage is a page of panels: what it is of, and where it is found.
type metricsPage struct {
	of       delivery.Subject
	path     string
	title    string // message
	nav      string
	headline string // slug of its strip of figures
	whatIf   string // path on which other definitions are tried
}

func flowMetrics() metricsPage {
	return metricsPage{delivery.OfIssues, "/flow", "flow.title", "flow", headlineSlug, flowWhatIfPath}
}

func pipelineMetrics() metricsPage {
	return metricsPage{delivery.OfRuns, "/pipelines", "pipelines.title", "pipelines", pipelinesHeadlineSlug, ""}
}

// metrics answers a page of panels. It runs no metric query: its panels are asked
// for one by one.
func (s *Server) metrics(m metricsPage) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		f, q, err := s.pageFilter(r, m.of)
		if err != nil && len(filterDetails(err)) == 0 {
			s.fail(w, r, err)
			return
		}
		page := views.Flow{
			Page:     s.page(r, i18n.T(ctx, m.title), m.nav),
			Headline: views.Panel{Slug: m.headline, Of: m.of, Title: i18n.T(ctx, "flow.headline"), Query: q.Encode()},
			Of:       m.of,
		}
		page.Scripts = []string{"vendor/echarts.common.min.js", "charts.js"}
		if page.Filter, err = s.filterBar(ctx, m.of, m.path, q, err, "items", "definition"); err == nil {
			page.Empty, page.Rebuild, err = s.nothingYet(ctx, m.of)
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		status := http.StatusOK
		if len(page.Filter.Problems) > 0 {
			status = http.StatusBadRequest
		} else if m.whatIf != "" && page.Empty == nil {
			page.WhatIf = withQuery(m.whatIf, without(q, "definition"))
		}
		page.Pinned = pinnedAt(ctx, m.path, f, q)
		switch m.of {
		case delivery.OfDora:
			page.Lists = doraLists(ctx, q)
		case delivery.OfErrors:
			page.Lists = []views.Panel{newestPanel(ctx, q)}
		}
		for _, p := range panels() {
			if p.page == m.path {
				page.Panels = append(page.Panels, panelView(ctx, p, q))
			}
		}
		s.render(w, r, status, views.FlowPage(page))
	}
}

// pinnedAt says of a page by whose definitions it is, and where it is by those in force;
// nil when it is by these.
func pinnedAt(ctx context.Context, path string, f delivery.Filter, q url.Values) *views.Pinned {
	if f.Definition.IsZero() {
		return nil
	}
	return &views.Pinned{Day: dayText(i18n.From(ctx), f.Definition), Path: withQuery(path, without(q, "definition"))}
}

// nothingYet says why there is nothing at all of a subject, and how far a rebuild of
// what is there has come.
func (s *Server) nothingYet(ctx context.Context, of delivery.Subject) (*views.Empty, views.Rebuild, error) {
	if of == delivery.OfRuns {
		empty, err := s.noRuns(ctx)
		return empty, views.Rebuild{}, err
	}
	if of == delivery.OfErrors {
		empty, err := s.noErrors(ctx)
		return empty, views.Rebuild{}, err
	}
	if of == delivery.OfDora {
		empty, err := s.noDeployments(ctx)
		return empty, views.Rebuild{}, err
	}
	empty, err := s.noIssues(ctx)
	if err != nil {
		return nil, views.Rebuild{}, err
	}
	rebuild, err := s.rebuild(ctx)
	return empty, rebuild, err
}

// teamFacets are the teams with the number of issues in the queues of each.
func teamFacets(facets delivery.Facets, teams delivery.Teams) []delivery.Facet {
	out := make([]delivery.Facet, len(teams))
	for i, t := range teams {
		out[i].Key = t.Name
		for _, q := range facets.Queues {
			if t.Queues.Match(q.Key) {
				out[i].Count += q.Count
			}
		}
	}
	return out
}

// facetGroup is a filter of several values, shown from so many on.
type facetGroup struct {
	name   string
	facets []delivery.Facet
	least  int
}

func flowFilter(groups []facetGroup, q url.Values) views.FlowFilter {
	f := views.FlowFilter{
		Range: q.Get("range"), Ranges: flowRanges, From: q.Get("from"), To: q.Get("to"),
		Bucket: q.Get("bucket"), Clock: q.Get("clock"), Restarts: q.Get("restarts"),
	}
	if f.Bucket == "" {
		f.Bucket = "auto"
	}
	if f.Range == "" && f.From == "" && f.To == "" {
		f.Range = defaultRange
	}
	if f.Range != "" && !slices.Contains(f.Ranges, f.Range) {
		f.Ranges = append(slices.Clone(f.Ranges), f.Range)
	}
	for _, g := range groups {
		if group := filterGroup(g.name, g.facets, q[g.name]); len(group.Choices) >= g.least || group.Chosen > 0 {
			f.Groups = append(f.Groups, group)
		}
	}
	f.Dirty = f.Range != defaultRange || f.Bucket != "auto" || f.Clock == string(delivery.Elapsed) || f.Restarts != "" ||
		slices.ContainsFunc(f.Groups, func(g views.FilterGroup) bool { return g.Chosen > 0 })
	return f
}

// filterGroup offers what is in the data, and what is chosen though it is not.
func filterGroup(name string, facets []delivery.Facet, chosen []string) views.FilterGroup {
	g := views.FilterGroup{Name: name}
	for _, f := range facets {
		c := views.FilterChoice{Key: f.Key, Name: f.Name, Count: f.Count, Chosen: slices.Contains(chosen, f.Key)}
		if c.Name == "" {
			c.Name = f.Key
		}
		g.Choices = append(g.Choices, c)
	}
	for _, key := range chosen {
		if !slices.ContainsFunc(g.Choices, func(c views.FilterChoice) bool { return c.Key == key }) {
			g.Choices = append(g.Choices, views.FilterChoice{Key: key, Name: key, Chosen: true})
		}
	}
	for _, c := range g.Choices {
		if c.Chosen {
			g.Chosen++
		}
	}
	return g
}
