package web

import (
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

// flowPage is the page of flow metrics. It runs no metric query: its panels are
// asked for one by one.
func (s *Server) flowPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	_, q, err := s.pageFilter(r, delivery.OfIssues)
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	filter, ferr := s.filterBar(ctx, "/flow", q, err)
	if ferr != nil {
		s.fail(w, r, ferr)
		return
	}
	page := views.Flow{
		Page:     s.page(r, i18n.T(ctx, "flow.title"), "flow"),
		Filter:   filter,
		Headline: views.Panel{Slug: headlineSlug, Title: i18n.T(ctx, "flow.headline"), Query: q.Encode()},
	}
	page.Scripts = []string{"vendor/echarts.common.min.js", "charts.js"}
	status := http.StatusOK
	if len(filter.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if page.Empty, err = s.noIssues(ctx); err == nil {
		page.Rebuild, err = s.rebuild(ctx)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	for _, p := range panels() {
		if p.page == "/flow" {
			page.Panels = append(page.Panels, panelView(ctx, p, q))
		}
	}
	s.render(w, r, status, views.FlowPage(page))
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

func flowFilter(teams []delivery.Facet, facets delivery.Facets, q url.Values) views.FlowFilter {
	f := views.FlowFilter{
		Range: q.Get("range"), Ranges: flowRanges, From: q.Get("from"), To: q.Get("to"),
		Bucket: q.Get("bucket"), Clock: q.Get("clock"),
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
	for _, g := range []struct {
		name   string
		facets []delivery.Facet
		least  int // values from which on there is something to choose
	}{{"team", teams, 1}, {"connection", facets.Connections, 2}, {"queue", facets.Queues, 1}, {"type", facets.Types, 1}} {
		if group := filterGroup(g.name, g.facets, q[g.name]); len(group.Choices) >= g.least || group.Chosen > 0 {
			f.Groups = append(f.Groups, group)
		}
	}
	f.Dirty = f.Range != defaultRange || f.Bucket != "auto" || f.Clock != string(delivery.Business) ||
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
