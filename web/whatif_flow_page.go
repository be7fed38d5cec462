package web

import (
	"context"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// page is the form of a trial of flow.
func (t *flowTrial) page(ctx context.Context) (views.Trial, error) {
	p := i18n.From(ctx)
	view := views.Trial{Intro: p.T("whatif.intro.flow"), Back: t.back(), BackLabel: p.T("whatif.back.flow")}
	view.Title, view.Nav = p.T("whatif.title.flow"), "flow"
	bar := joinedQuery(t.query, t.own)
	var err error
	keep := []string{"bucket"}
	for name := range t.own {
		keep = append(keep, name)
	}
	slices.Sort(keep)
	if view.Filter, err = t.s.filterBar(ctx, delivery.OfIssues, flowWhatIfPath, bar, t.wrong, keep...); err != nil || t.wrong != nil {
		return view, err
	}
	view.Filter.Bucket = "" // there are none
	if view.Empty, err = t.s.noIssues(ctx); err != nil || view.Empty != nil {
		return view, err
	}
	view.Form = views.TrialForm{
		Path: flowWhatIfPath, Keep: hiddenFields(t.query), Flow: t.form(p),
		Form: views.Form{Values: map[string]string{"lists": scopeWord(t.scope)}},
	}
	saved := hoursForm(t.edit.Calendar)
	for _, name := range []string{"hours", "holidays", "days_off", "since"} {
		if view.Form.Values[name] = saved.Get(name); t.asked.Has(name) {
			view.Form.Values[name] = t.asked.Get(name)
		}
	}
	if t.own.Has("days_off") { // one on a line
		view.Form.Values["days_off"] = dateLines(t.calendar.DaysOff)
	}
	return view, nil
}

func (t *flowTrial) form(p *i18n.Printer) *views.FlowTrial {
	f := &views.FlowTrial{
		Scope: scopeWord(t.scope), Statuses: slices.Clone(t.statuses), Countries: countries(p), Hours: t.whoseHours(p),
		HoursNow:   strings.Join(t.edit.Hours, ", "),
		HoursTried: t.hours || slices.ContainsFunc(hoursFields, t.isWrong),
		OutTried:   t.excludes || len(t.except) > 0,
	}
	for _, scope := range t.scopes {
		f.Scopes = append(f.Scopes, views.Option{Value: scopeWord(scope), Label: p.T("whatif.lists."+scopeWord(scope), "name", scope.queue+scope.team)})
	}
	for i := range f.Statuses {
		if class, ok := t.classes[f.Statuses[i].Key]; ok {
			f.Statuses[i].Class = class
		}
	}
	for _, class := range classNames() {
		f.Classes = append(f.Classes, views.Option{Value: class, Label: p.T("workflow.class." + class)})
	}
	workdays := t.edit.Workdays
	if t.hours {
		workdays = t.calendar.Workdays
	}
	f.Days = dayChoices(p, workdays)
	if t.asked.Has("workdays") {
		for i := range f.Days {
			f.Days[i].On = slices.Contains(t.asked["workdays"], f.Days[i].Value)
		}
	}
	if t.filter.Clock != delivery.Business {
		q := without(t.query, "clock")
		q.Set("clock", string(delivery.Business))
		f.Elapsed = withQuery(flowWhatIfPath, q, t.own)
	}
	f.Resolutions = choicesOf(t.facets.Resolutions, t.excluded, func(string) bool { return true })
	f.Types = choicesOf(t.facets.Types, t.except, t.hasType)
	return f
}

// isWrong reports whether a field was refused.
func (t *flowTrial) isWrong(name string) bool {
	errs, _ := fieldErrors(context.Background(), t.errs)
	return errs[name] != ""
}

// whoseHours says whom the working hours that are tried concern.
func (t *flowTrial) whoseHours(p *i18n.Printer) string {
	var teams []string
	for _, team := range t.teams {
		if team.Calendar == t.edit.Name && t.edit.Name != control.DefaultCalendarName {
			teams = append(teams, team.Name)
		}
	}
	if len(teams) == 0 {
		return p.T("whatif.hours.default")
	}
	return p.T("whatif.hours.of", "name", t.edit.Name, "teams", strings.Join(teams, ", "))
}
