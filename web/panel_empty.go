package web

import (
	"context"
	"net/url"
	"reflect"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// whyEmpty finds what keeps a panel from showing anything.
func (s *Server) whyEmpty(ctx context.Context, p panel, d delivery.PanelData, query string) (views.Empty, error) {
	if p.of == delivery.OfSeries {
		return s.seriesEmpty(ctx, d, query)
	}
	if empty, _, err := s.nothingYet(ctx, p.of); err != nil || empty != nil {
		return orNone(empty), err
	}
	if p.finished {
		empty, err := s.noRule(ctx, d)
		if err != nil || empty != nil {
			return orNone(empty), err
		}
	}
	if empty, err := s.doraEmpty(ctx, p, d); err != nil || empty != nil {
		return orNone(empty), err
	}
	if empty, err := s.noDeployRule(ctx, p); err != nil || empty != nil {
		return orNone(empty), err
	}
	if empty, err := s.errorsEmpty(ctx, p, d); err != nil || empty != nil {
		return orNone(empty), err
	}
	if left := d.Left(); left > 0 && p.of != delivery.OfErrors {
		return allExcluded(ctx, p, d), nil
	}
	if empty, err := s.noParts(ctx, p, d.Filter); err != nil || empty != nil {
		return orNone(empty), err
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return views.Empty{}, err
	}
	if found, err := s.otherBranches(ctx, p, d); err != nil || found {
		all := without(q, "branch")
		all.Set("branch", delivery.AnyBranch)
		return views.Empty{Reason: "default_branch", Fix: p.page + "?" + all.Encode()}, err
	}
	if empty, err := s.filteredOut(ctx, p, d, q); err != nil || empty != nil {
		return orNone(empty), err
	}
	if p.slug == agingSlug { // of now, whatever the period
		return views.Empty{Reason: "no_open_issues"}, nil
	}
	wide := without(q, "from", "to")
	wide.Set("range", "12m")
	return views.Empty{Reason: "no_data", Fix: p.page + "?" + wide.Encode()}, nil
}

// pageTrends are the panels that a page cannot be without: where they are empty, so is
// nearly all of it.
var pageTrends = map[delivery.Subject]string{
	delivery.OfIssues: "cycle-time-trend", delivery.OfRuns: "pipeline-count", delivery.OfDora: "deployment-frequency",
}

// pageEmpty says why a page has nothing in its period, once for all of its panels; nil
// where it has something, or where each of them says it better itself.
func (s *Server) pageEmpty(ctx context.Context, m metricsPage, f delivery.Filter, query string) (*views.Empty, error) {
	p, ok := panelBySlug(pageTrends[m.of])
	if !ok {
		return nil, nil
	}
	d, err := s.loadPanel(ctx, p, f)
	if err != nil || d.N > 0 {
		return nil, err
	}
	empty, err := s.whyEmpty(ctx, p, d, query)
	if err != nil || empty.Reason != "no_data" && empty.Reason != "filter" {
		return nil, err
	}
	return &empty, nil
}

// missingDuration says why there is no duration of issues or runs.
func missingDuration(p *i18n.Printer, d delivery.PanelData) string {
	id := "figure.missing." + string(d.Of)
	switch {
	case !p.Has(id):
		return ""
	case d.Left() > 0:
		return p.T(id+".left", "n", d.Left())
	}
	return p.T(id)
}

// allExcluded says that there is something, and that none of it counts.
func allExcluded(ctx context.Context, p panel, d delivery.PanelData) views.Empty {
	empty := views.Empty{Reason: "all_excluded", N: d.Left()}
	switch {
	case p.of == delivery.OfIssues:
		if p.slug == agingSlug {
			empty.Reason = "not_started"
		}
		empty.Fix = settingsPath(ctx, "/settings/workflow")
	case p.parts == deployJobs:
		empty.Reason = "no_deploy_end"
	case d.Excluded[delivery.RunSilent] == d.Left():
		empty.Reason = "not_said"
	}
	return empty
}

// filteredOut offers to reset the filter, where it is what keeps a panel empty.
func (s *Server) filteredOut(ctx context.Context, p panel, d delivery.PanelData, q url.Values) (*views.Empty, error) {
	all := delivery.Filter{From: d.Filter.From, To: d.Filter.To, Unit: d.Filter.Unit, Clock: d.Filter.Clock}
	all.Suspected, all.Start, all.Benchmark, all.Items = d.Filter.Suspected, d.Filter.Start, d.Filter.Benchmark, d.Filter.Items
	all.Definition = d.Filter.Definition
	if reflect.DeepEqual(all, d.Filter) {
		return nil, nil
	}
	if p.of == delivery.OfRuns {
		all.Branches = []string{delivery.AnyBranch}
	}
	found, err := s.loadPanel(ctx, p, all)
	if err != nil || found.N == 0 {
		return nil, err
	}
	kept := url.Values{}
	for _, name := range []string{"from", "to", "range", "bucket", "clock", "items", "definition", "links", "start", "benchmark", "lang"} {
		if q.Has(name) {
			kept[name] = q[name]
		}
	}
	return &views.Empty{Reason: "filter", Fix: p.page + "?" + kept.Encode()}, nil
}

func orNone(e *views.Empty) views.Empty {
	if e == nil {
		return views.Empty{}
	}
	return *e
}

// noRule says which class no status is of, where that keeps every finished
// issue from being counted; nil where there is another reason.
func (s *Server) noRule(ctx context.Context, d delivery.PanelData) (*views.Empty, error) {
	closed, active, err := s.classesInUse(ctx, d.Filter)
	if err != nil {
		return nil, err
	}
	fix := settingsPath(ctx, "/settings/workflow")
	switch left := d.Left(); {
	case !closed && left == 0:
		return &views.Empty{Reason: "no_closed", Fix: fix}, nil
	case !active && left > 0 && d.Excluded[delivery.NeverActive] == left:
		return &views.Empty{Reason: "no_active", N: left, Fix: fix}, nil
	}
	return nil, nil
}

// classesInUse reports whether any status found in the data is closed at some
// time in the range, and whether any is active.
func (s *Server) classesInUse(ctx context.Context, f delivery.Filter) (closed, active bool, err error) {
	workflows, _, err := s.db.WorkflowsOn(ctx, f.Definition)
	if err != nil {
		return false, false, err
	}
	found, err := s.statusesInUse(ctx)
	for _, at := range append(workflows.Boundaries(), f.From) {
		if at < f.From || at >= f.To {
			continue
		}
		for _, status := range found {
			class := workflows.Class(at, status.Queue, status.Key, status.Type)
			closed = closed || class == delivery.Closed
			active = active || class == delivery.Active
		}
	}
	return closed, active, err
}

// settingsPath is a path below /settings for those who may open it, else none.
func settingsPath(ctx context.Context, path string) string {
	if isAdmin(ctx) {
		return path
	}
	return ""
}

func without(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for name, values := range q {
		if !slices.Contains(names, name) {
			out[name] = values
		}
	}
	return out
}

// noIssues says why there are no issues at all, nil when there are some.
func (s *Server) noIssues(ctx context.Context) (*views.Empty, error) {
	facets, err := s.facets(ctx)
	if err != nil || len(facets.Queues)+len(facets.Types)+len(facets.Connections) > 0 {
		return nil, err
	}
	connections, err := s.db.Pulled(ctx)
	if err != nil {
		return nil, err
	}
	if len(connections) == 0 {
		return &views.Empty{Reason: "nothing_connected", Fix: settingsPath(ctx, "/settings/connections")}, nil
	}
	now := s.now()
	for _, c := range connections {
		if c.Syncing || c.Paused == nil && !c.NextRunAt.After(now) {
			return &views.Empty{Reason: "syncing", Fix: "/syncs", Again: true}, nil
		}
	}
	return &views.Empty{Reason: "no_issues", Fix: "/syncs"}, nil
}
