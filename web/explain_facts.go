package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// explainFacts are what the numbers of a panel were made with.
func (s *Server) explainFacts(ctx context.Context, p panel, view views.Panel, d *delivery.PanelData) ([]views.ExplainFact, error) {
	printer := i18n.From(ctx)
	f := &d.Filter
	out := []views.ExplainFact{{
		Label: printer.T("flow.period"),
		Text:  printer.T("explain.period", "days", printer.DateSpan(f.From.Time().In(d.Zone), (f.To-1).Time().In(d.Zone)), "zone", d.Zone.String()),
	}}
	query, err := url.ParseQuery(view.Query)
	if err != nil {
		return nil, err
	}
	scope := scopeWords(ctx, p.of, query)
	if len(scope) == 0 {
		scope = []string{printer.T("explain.everything")}
	}
	out = append(out, views.ExplainFact{Label: printer.T("explain.scope"), Text: strings.Join(scope, "; ")})
	if p.of == delivery.OfIssues {
		more, err := s.flowFacts(ctx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	} else {
		out = append(out, views.ExplainFact{Label: printer.T("flow.clock"), Text: printer.T("explain.clock.elapsed")})
	}
	if p.of == delivery.OfDora {
		out = append(out,
			views.ExplainFact{Label: printer.T("dora.start"), Text: printer.T("dora.start." + string(f.Start))},
			views.ExplainFact{Label: printer.T("dora.links"), Text: printer.T("dora.links." + linksWord(f.Suspected)), Href: settingsPath(ctx, rulesPath)},
		)
	}
	return append(out,
		views.ExplainFact{Label: printer.T("explain.method"), Text: printer.T("explain.method.text", "version", delivery.DefinitionVersion)},
		views.ExplainFact{Label: printer.T("explain.as_of"), Text: printer.DateTime(d.AsOf.Time().In(d.Zone))},
	), nil
}

// flowFacts are the clock, the calendars and the version of the workflow.
func (s *Server) flowFacts(ctx context.Context, d *delivery.PanelData) ([]views.ExplainFact, error) {
	p := i18n.From(ctx)
	out := []views.ExplainFact{{Label: p.T("flow.clock"), Text: p.T("explain.clock." + string(d.Filter.Clock))}}
	if d.Filter.Clock == delivery.Business {
		calendars, err := s.calendarFacts(ctx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, calendars...)
	}
	versions, err := s.db.WorkflowVersions(ctx)
	if err != nil {
		return nil, err
	}
	versions = control.VersionsOn(versions, d.Filter.Definition)
	facets, err := s.facets(ctx)
	if err != nil {
		return nil, err
	}
	text := workflowText(p, versions, facets.Resolutions, min(d.Filter.To, d.AsOf)-1, s.zone(ctx))
	return append(out, views.ExplainFact{Label: p.T("explain.workflow"), Text: text, Href: settingsPath(ctx, "/settings/workflow")}), nil
}

// workflowText says by which version statuses are read at an instant.
func workflowText(p *i18n.Printer, versions []control.WorkflowVersion, resolutions []delivery.Facet, at delivery.Instant, zone *time.Location) string {
	if len(versions) == 0 {
		return p.T("explain.workflow.none")
	}
	in, text := versions[0], p.T("explain.workflow.first")
	for _, v := range versions[1:] {
		if v.From.In(zone) <= at {
			in, text = v, p.T("explain.workflow.from", "day", dayText(p, v.From))
		}
	}
	if n := len(versions); n > 1 {
		text += " " + p.T("explain.workflow.versions", "n", n)
	}
	if left := in.ExcludedResolutions; len(left) > 0 {
		text += " " + p.T("explain.workflow.left", "resolutions", namesOf(p, resolutions, left))
	}
	return text
}

// calendarFacts are the calendars that a panel's issues are measured by.
func (s *Server) calendarFacts(ctx context.Context, d *delivery.PanelData) ([]views.ExplainFact, error) {
	p := i18n.From(ctx)
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{""}
	if len(d.Filter.Teams) == 1 {
		team, _ := teams.Named(d.Filter.Teams[0])
		names = []string{team.Calendar}
	} else {
		for _, t := range teams {
			if len(d.Filter.Teams) == 0 || slices.Contains(d.Filter.Teams, t.Name) {
				names = append(names, t.Calendar)
			}
		}
	}
	slices.Sort(names)
	all, err := s.db.Calendars(ctx)
	if err != nil {
		return nil, err
	}
	var out []views.ExplainFact
	for _, name := range slices.Compact(names) {
		day := delivery.DateOf((min(d.Filter.To, d.AsOf) - 1).Time().In(d.Zone))
		if by := d.Filter.Definition; !by.IsZero() && by.Before(day) {
			day = by
		}
		c := calendarAt(all, name, day)
		out = append(out, views.ExplainFact{Label: p.T("explain.calendar", "name", c.Name), Text: calendarText(p, &c), Href: settingsPath(ctx, calendarPath(name, ""))})
	}
	return out, nil
}

// calendarAt is the version of a calendar, the default one for "", that holds on a day.
func calendarAt(all []control.Calendar, name string, day delivery.Date) control.Calendar {
	name = cmp.Or(name, control.DefaultCalendarName)
	found := control.BuiltinCalendar()
	first := true
	for _, c := range all {
		if c.Name == name && (first || !day.Before(c.From)) {
			found, first = c, false
		}
	}
	return found
}

// calendarText says in short when work is done.
func calendarText(p *i18n.Printer, c *control.Calendar) string {
	var days []string
	for _, d := range weekdays() {
		if slices.Contains(c.Workdays, d.day) {
			days = append(days, p.T("day."+d.name))
		}
	}
	off := p.T("explain.calendar.no_holidays")
	if c.Holidays != control.BuiltinCalendar().Holidays && c.Holidays != "" {
		off = p.T("explain.calendar.holidays", "country", p.T("country."+c.Holidays))
	}
	return p.T("explain.calendar.is", "days", strings.Join(days, ", "), "hours", strings.ReplaceAll(strings.Join(c.Hours, ", "), "-", "–"), "zone", c.Zone, "holidays", off)
}
