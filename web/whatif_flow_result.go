package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// result computes what a trial of flow comes to, or says what is wrong with it.
func (t *flowTrial) result(ctx context.Context) (views.TrialResult, error) {
	p := i18n.From(ctx)
	out := views.TrialResult{
		Of: "issues", Fields: append([]string{statusesField}, flowTrialFields[1:]...), Discard: t.back(),
		Labels: map[string]string{
			"workdays": p.T("calendar.workdays"), "hours": p.T("calendar.hours"), "holidays": p.T("calendar.holidays"),
			"days_off": p.T("calendar.days_off"), "excluded_resolutions": p.T("whatif.resolutions"), "since": p.T("whatif.since"), statusesField: p.T("whatif.statuses"),
		},
	}
	var then delivery.Supposition
	q, err := t.s.flowQuery(ctx, t.filter)
	if err != nil {
		return out, err
	}
	if t.errs == nil {
		var mistake error
		then, mistake = t.supposition(ctx, q)
		t.fail(mistake)
	}
	if errs, isForm := fieldErrors(ctx, t.errs); isForm {
		out.Errors = errs
		return out, nil
	}
	if t.errs != nil {
		return out, t.errs
	}
	change, err := t.compare(ctx, q, then)
	if err != nil {
		return out, err
	}
	is := then.Of(q)
	out.Tried = t.words(p)
	out.Caption = p.T("whatif.caption", "from", p.DateSpan(q.From.Time().In(q.Calendar.Zone()), (q.To-1).Time().In(q.Calendar.Zone())))
	out.Rows, out.Notes = flowRows(p, change, &q, &is)
	out.Counts = flowCounts(p, &change)
	out.Flips, out.More = flowFlips(p, &change, &q, &is)
	out.Said = saidTrial(p, &out, len(out.Flips)+out.More)
	if len(t.except) > 0 {
		out.TypesURL = t.withoutTypes()
	}
	out.Save, err = t.save(ctx)
	return out, err
}

// supposition is what is tried as the store wants it. Mistakes are those of fields.
func (t *flowTrial) supposition(ctx context.Context, q delivery.FlowQuery) (delivery.Supposition, error) {
	then := delivery.Supposition{Workflows: *q.Workflows, Without: t.except}
	if t.workflowTried() {
		versions, err := t.changed(t.stored)
		if err != nil {
			return then, err
		}
		calendar, err := t.s.calendar(ctx)
		if err != nil {
			return then, err
		}
		then.Workflows = delivery.Workflows{Versions: control.Dated(versions, calendar), Teams: q.Workflows.Teams}
	}
	if !t.hours {
		return then, nil
	}
	versions, err := t.changedHours(t.edit.versions)
	if err != nil {
		return then, err
	}
	next, err := control.BuildCalendar(versions)
	if err != nil {
		return then, err
	}
	isDefault, err := t.s.isDefaultCalendar(ctx, t.edit.Name)
	if err != nil {
		return then, err
	}
	by := withCalendar(q, t.teams, t.edit.Name, isDefault, next)
	then.Calendar, then.Calendars = by.Calendar, by.Calendars
	return then, nil
}

// compare asks the store, or remembers what it said.
func (t *flowTrial) compare(ctx context.Context, q delivery.FlowQuery, then delivery.Supposition) (delivery.FlowChange, error) {
	g, err := t.s.generation(ctx)
	if err != nil {
		return delivery.FlowChange{}, err
	}
	now := t.s.now()
	value, err := t.s.caches.answers.get(ctx, question{
		generation: g, key: panelKey("what-if", t.filter) + " " + t.own.Encode(), now: now, expires: now.Add(nowLifetime), deadline: panelDeadline,
		answer: func(ctx context.Context) (any, int, error) {
			change, err := t.s.store.WhatIf(ctx, q, then)
			return change, 256 * (1 + len(change.Items)), err
		},
	})
	if err != nil {
		return delivery.FlowChange{}, fmt.Errorf("what if: %w", err)
	}
	return value.(delivery.FlowChange), nil
}

// words are what is tried beside what is saved.
func (t *flowTrial) words(p *i18n.Printer) (out []views.TrialChange) {
	for _, status := range t.statuses {
		if class, ok := t.classes[status.Key]; ok {
			label := p.T("whatif.status", "name", status.Name)
			switch {
			case t.scope.queue != "":
				label = p.T("whatif.status.of", "name", status.Name, "of", t.scope.queue)
			case t.scope.team != "":
				label = p.T("whatif.status.of", "name", status.Name, "of", t.scope.team)
			}
			out = append(out, views.TrialChange{Label: label, Before: p.T("workflow.class." + status.Class), After: p.T("workflow.class." + class)})
		}
	}
	if t.hours {
		was, is := t.edit.Calendar, t.calendar
		for _, part := range []struct{ name, before, after string }{
			{"workdays", dayWords(p, was.Workdays), dayWords(p, is.Workdays)},
			{"hours", strings.Join(was.Hours, ", "), strings.Join(is.Hours, ", ")},
			{"holidays", p.T("country." + was.Holidays), p.T("country." + is.Holidays)},
			{"days_off", dateWords(p, was.DaysOff), dateWords(p, is.DaysOff)},
		} {
			if part.before != part.after && t.own.Has(part.name) {
				out = append(out, views.TrialChange{Label: p.T("calendar." + part.name), Before: part.before, After: part.after})
			}
		}
	}
	if t.excludes {
		out = append(out, views.TrialChange{
			Label:  p.T("whatif.resolutions"),
			Before: namesOf(p, t.facets.Resolutions, t.shown().ExcludedResolutions), After: namesOf(p, t.facets.Resolutions, t.excluded),
		})
	}
	if len(t.except) > 0 {
		out = append(out, views.TrialChange{Label: p.T("whatif.types"), After: namesOf(p, t.facets.Types, t.except)})
	}
	if len(out) > 0 {
		since := p.T("whatif.always")
		if !t.since.IsZero() {
			since = dayText(p, t.since)
		}
		out = append(out, views.TrialChange{Label: p.T("whatif.since"), After: since})
	}
	return out
}

func dayWords(p *i18n.Printer, days []time.Weekday) string {
	var out []string
	for _, day := range dayChoices(p, days) {
		if day.On {
			out = append(out, day.Label)
		}
	}
	return strings.Join(out, " ")
}

// dateWords are a few dates, or how many there are.
func dateWords(p *i18n.Printer, dates []delivery.Date) string {
	if len(dates) > 3 {
		return p.T("whatif.days", "n", len(dates))
	}
	var out []string
	for _, d := range dates {
		out = append(out, dayText(p, d))
	}
	if len(out) == 0 {
		return p.T("whatif.none")
	}
	return strings.Join(out, ", ")
}

// namesOf are the names of keys found in the data.
func namesOf(p *i18n.Printer, found []delivery.Facet, keys []string) string {
	var out []string
	for _, key := range keys {
		name := key
		if i := slices.IndexFunc(found, func(f delivery.Facet) bool { return f.Key == key }); i >= 0 {
			name = found[i].Name
		}
		out = append(out, name)
	}
	if len(out) == 0 {
		return p.T("whatif.none")
	}
	return strings.Join(out, ", ")
}

// flowRows are the figures beside each other.
func flowRows(p *i18n.Printer, c delivery.FlowChange, now, then *delivery.FlowQuery) (rows []views.TrialRow, notes []string) {
	was, is := dayOf(*now), dayOf(*then)
	span := func(id string, before, after *float64) {
		text := func(v *float64, day float64) string {
			if v == nil {
				return "–"
			}
			return p.Days(*v, day)
		}
		row := views.TrialRow{Label: p.T(id), Before: text(before, was), After: text(after, is)}
		if was != is && before != nil && after != nil && *before >= was*3600 && *after >= is*3600 {
			before, after = days(*before, was), days(*after, is) // what is read is days
			compareFigures(p, &row, before, after, func(v float64) string { return p.Duration(v*is*3600, is) })
		} else {
			compareFigures(p, &row, before, after, func(v float64) string { return p.Duration(v, is) })
		}
		rows = append(rows, row)
	}
	count := func(id string, before, after *float64, frac int) {
		text := func(v float64) string { return p.Number(v, frac) }
		row := views.TrialRow{Label: p.T(id), Before: "–", After: "–"}
		compareFigures(p, &row, before, after, text)
		if before != nil {
			row.Before = text(*before)
		}
		if after != nil {
			row.After = text(*after)
		}
		rows = append(rows, row)
	}
	number := func(n int) *float64 { v := float64(n); return &v }
	b, a := c.Before, c.After
	span("whatif.row.median", b.P50, a.P50)
	span("whatif.row.p85", b.P85, a.P85)
	count("whatif.row.counted", number(b.Sample.N), number(a.Sample.N), 0)
	count("whatif.row.per_week", b.PerWeek, a.PerWeek, 1)
	span("whatif.row.lead", b.LeadTime, a.LeadTime)
	count("whatif.row.wip", number(b.InProgress), number(a.InProgress), 0)
	if was != is {
		notes = append(notes, p.T("whatif.day", "before", p.Number(was, 1), "after", p.Number(is, 1)))
	}
	if c.Without > 0 {
		notes = append(notes, p.T("whatif.without", "n", c.Without))
	}
	return rows, notes
}

func days(seconds, hours float64) *float64 {
	v := seconds / (hours * 3600)
	return &v
}

// flowCounts say how many issues become what.
func flowCounts(p *i18n.Printer, c *delivery.FlowChange) (out []string) {
	for _, n := range []struct {
		id string
		n  int
	}{
		{"preview.closed", c.Closed}, {"preview.opened", c.Opened}, {"whatif.left_out", c.LeftOut}, {"whatif.counted", c.Counted}, {"whatif.started", c.Started}, {"whatif.unstarted", c.Unstarted}, {"preview.remeasured", c.Remeasured},
	} {
		if n.n > 0 {
			out = append(out, p.T(n.id, "n", n.n))
		}
	}
	if len(out) > 0 {
		out = append(out, p.T("whatif.within", "n", c.InRange))
	}
	return out
}

// flowFlips are the issues of which something becomes, and how many more there are.
func flowFlips(p *i18n.Printer, c *delivery.FlowChange, now, then *delivery.FlowQuery) (out []views.TrialFlip, more int) {
	for i := range c.Items {
		f := &c.Items[i]
		flip := views.TrialFlip{
			Path: "/issues/" + f.Key, Key: f.Key, Title: f.Title, Note: f.Status,
			Before: flipText(p, f.WasClosed, f.WasOut, f.Before, dayIn(now, f.Queue)), After: flipText(p, f.IsClosed, f.IsOut, f.After, dayIn(then, f.Queue)),
		}
		if flip.Before == flip.After { // but for minutes
			flip.Before, flip.After = flipText(p, f.WasClosed, f.WasOut, f.Before, 0), flipText(p, f.IsClosed, f.IsOut, f.After, 0)
		}
		out = append(out, flip)
	}
	return out, c.Closed + c.Opened + c.LeftOut + c.Counted + c.Started + c.Unstarted + c.Remeasured - len(out)
}

// flipText is what becomes of an issue; a day has that many hours.
func flipText(p *i18n.Printer, closed, out bool, seconds *int64, day float64) string {
	switch {
	case !closed && seconds == nil:
		return p.T("whatif.open.waiting")
	case !closed:
		return p.T("whatif.open.started", "age", p.Duration(float64(*seconds), day))
	case out:
		return p.T("whatif.left")
	case seconds == nil:
		return p.T("preview.unmeasured")
	}
	return p.Duration(float64(*seconds), day)
}

// dayIn is dayOf of a queue.
func dayIn(q *delivery.FlowQuery, queue string) float64 {
	if q.Clock != delivery.Business {
		return 24
	}
	return q.DayOf(q.CalendarOf(queue)).Hours()
}

// withoutTypes is the page of flow narrowed to the types that are not left out.
func (t *flowTrial) withoutTypes() string {
	q := without(t.query, "type")
	for _, c := range choicesOf(t.facets.Types, nil, t.hasType) {
		if !slices.Contains(t.except, c.Key) {
			q.Add("type", c.Key)
		}
	}
	if !q.Has("type") {
		return ""
	}
	return withQuery("/flow", q)
}

// hasType reports whether the page shows issues of a type.
func (t *flowTrial) hasType(key string) bool {
	return len(t.filter.Types) == 0 || slices.Contains(t.filter.Types, key)
}
