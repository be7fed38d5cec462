package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// overviewColumn is a column of the table of the first page: a figure, and at times
// another one beside it.
type overviewColumn struct {
	id           string
	of           delivery.Subject
	main, second string // figures
}

// overviewColumns are all there are; those of a subject stand together.
func overviewColumns() []overviewColumn {
	return []overviewColumn{
		{id: "cycle_time", of: delivery.OfIssues, main: "cycle_time_p50", second: "cycle_time_p85"},
		{id: "throughput", of: delivery.OfIssues, main: "throughput"},
		{id: "wip", of: delivery.OfIssues, main: "wip", second: "wip_age"},
		{id: "deployment_frequency", of: delivery.OfDora, main: "deployment_frequency"},
		{id: "change_lead_time", of: delivery.OfDora, main: "change_lead_time"},
		{id: "change_fail_rate", of: delivery.OfDora, main: "change_fail_rate"},
		{id: "recovery_time", of: delivery.OfDora, main: "recovery_time"},
		{id: "pipeline", of: delivery.OfRuns, main: "pipeline_p80"},
		{id: "open_errors", of: delivery.OfErrors, main: "open_errors"},
	}
}

func figureNamed(name string) overviewFigure {
	all := overviewFigures()
	i := slices.IndexFunc(all, func(f overviewFigure) bool { return f.name == name })
	if i < 0 {
		return overviewFigure{}
	}
	return all[i]
}

// known are the subjects of which anything at all is known, in the order of columns.
func (s *Server) known(ctx context.Context) ([]delivery.Subject, error) {
	issues, err1 := s.facets(ctx)
	deployments, err2 := s.doraFacets(ctx)
	runs, err3 := s.runFacets(ctx)
	found, err4 := s.errorFacets(ctx)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	var out []delivery.Subject
	for _, of := range []struct {
		subject delivery.Subject
		n       int
	}{
		{delivery.OfIssues, len(issues.Queues)},
		{delivery.OfDora, len(deployments.Repositories) + len(deployments.Services)},
		{delivery.OfRuns, len(runs.Projects)},
		{delivery.OfErrors, len(found.Projects) + found.Groups},
	} {
		if of.n > 0 {
			out = append(out, of.subject)
		}
	}
	return out, nil
}

// shownColumns are the columns of these subjects.
func shownColumns(known []delivery.Subject) []overviewColumn {
	return slices.DeleteFunc(overviewColumns(), func(c overviewColumn) bool {
		_, ok := panelBySlug(figureNamed(c.main).panel)
		return !ok || !slices.Contains(known, c.of)
	})
}

// columnGroups are the heads of columns.
func columnGroups(columns []overviewColumn, base url.Values) []views.ColumnGroup {
	var out []views.ColumnGroup
	for _, c := range columns {
		if len(out) == 0 || out[len(out)-1].ID != string(c.of) {
			out = append(out, views.ColumnGroup{ID: string(c.of)})
		}
		g := &out[len(out)-1]
		column := views.TeamColumn{ID: c.id}
		if all := (overviewRow{kind: rowAll}); len(base["team"]) == 0 {
			q, _ := all.query(c.of, base, nil)
			column.How = "/explain/" + figureNamed(c.main).panel + "?" + q.Encode()
		}
		g.Columns = append(g.Columns, column)
	}
	return out
}

// rowCells are the cells of a row in the language of ctx.
func rowCells(ctx context.Context, row overviewRow, base url.Values, columns []overviewColumn, none unassigned, figures rowFigures) []views.TeamCell {
	p := i18n.From(ctx)
	var out []views.TeamCell
	for i, c := range columns {
		f := figureNamed(c.main)
		cell := views.TeamCell{Column: views.TeamColumn{ID: c.id}, Href: cellPath(ctx, row, c.of, f.panel, base, none), First: i == 0 || columns[i-1].of != c.of}
		r, ok := figures[c.main]
		if cell.Lost = !ok; ok {
			cell.Figure = f.view(p, &r)
		}
		second := figureNamed(c.second)
		if beside, ok := figures[c.second]; ok && beside.value != nil && cell.Value != "" {
			cell.Second = p.T("overview.second."+c.second, "value", second.text(p, &beside))
		}
		if late, ok := figures["wip_late"]; ok && c.id == "wip" && late.value != nil && *late.value > 0 {
			cell.Late = p.T("overview.late", "n", int(*late.value))
		}
		out = append(out, cell)
	}
	return out
}

// cellPath is where a figure of a row is shown with its panel. What is of no team and has
// no filter leads to the teams, or for whoever may not change them to the page of all.
func cellPath(ctx context.Context, row overviewRow, of delivery.Subject, slug string, base url.Values, none unassigned) string {
	p, _ := panelBySlug(slug)
	q, some := row.query(of, base, none)
	if !some {
		return cmp.Or(settingsPath(ctx, "/settings/teams"), p.page+"?"+without(base, "clock").Encode()+"#panel-"+slug)
	}
	return p.page + "?" + q.Encode() + "#panel-" + slug
}

// view is a figure in words.
func (f *overviewFigure) view(p *i18n.Printer, r *rowFigure) views.Figure {
	v := views.Figure{Label: f.name, Trend: r.trend, Few: r.n < f.enough}
	if r.value == nil {
		v.Missing = p.T(r.missing, "n", r.missingN)
		return v
	}
	v.Value, v.Exact = f.text(p, r), f.exact(p, r)
	if f.counted() {
		v.Notes = []views.Note{{Text: p.T("overview.n", "n", r.n)}}
	}
	v.Change = changeOf(*r.value, r.before, f.less, min(r.n, r.beforeN) < f.enough)
	if r.before != nil && !v.Change.Few {
		was := *r
		was.value = r.before
		v.Before = p.T("overview.before", "value", f.text(p, &was), "days", p.DateSpan(r.from.Time().In(r.zone), (r.to-1).Time().In(r.zone)))
	}
	return v
}

// counted reports whether a figure is of records of which there is a number besides it.
func (f *overviewFigure) counted() bool { return f.stat != "count" }

// text is a value as short as a cell wants it; its unit, but of durations, is said by
// its column.
func (f *overviewFigure) text(p *i18n.Printer, r *rowFigure) string {
	switch f.unit {
	case "seconds":
		return p.Days(*r.value, r.day.Hours())
	case "ratio":
		return p.Percent(*r.value, 1)
	case "issues", "groups":
		return p.Number(*r.value, 0)
	}
	return p.Number(*r.value, 1)
}

func (f *overviewFigure) exact(p *i18n.Printer, r *rowFigure) string {
	switch f.unit {
	case "seconds":
		return p.Duration(*r.value, r.day.Hours())
	case "ratio":
		return p.Percent(*r.value, 4)
	}
	return p.Number(*r.value, 4)
}
