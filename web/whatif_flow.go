package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const flowWhatIfPath = "/flow/what-if"

// flowTrialFields are the fields of a trial of flow in their order, besides those of
// the statuses, which begin with classPrefix and come first.
var flowTrialFields = []string{"lists", "workdays", "hours", "holidays", "days_off", "excluded_resolutions", "except", "since"}

// statusesField is what is called wrong where a status is.
const statusesField = "statuses"

func isFlowTrial(name string) bool {
	return strings.HasPrefix(name, classPrefix) || slices.Contains(flowTrialFields, name)
}

// flowTrial is other definitions of flow than those that are saved.
type flowTrial struct {
	s      *Server
	filter delivery.Filter
	query  url.Values // of the page that it is tried on
	wrong  error      // with that query
	asked  url.Values // what is tried, as it was typed
	own    url.Values // the same, without what is as it is saved

	may     rights
	teams   delivery.Teams
	facets  delivery.Facets
	found   []delivery.StatusInUse
	printer *i18n.Printer
	errs    error // of the fields
	since   delivery.Date

	scopes   []workflowScope // whose statuses may be tried, the first unless said
	scope    workflowScope
	stored   []control.WorkflowVersion
	statuses []views.StatusChoice // as they are saved
	classes  map[string]string    // that differ, by status
	excludes bool                 // the resolutions left out differ
	excluded []string

	edit     calendarEdit
	calendar control.Calendar // as it is tried
	hours    bool             // it differs
	except   []string         // types
}

// flowTrial reads a trial of flow. It is of use, though less so, when the filter is
// wrong.
func (s *Server) flowTrial(ctx context.Context, q url.Values) (trial, error) {
	t, err := s.readFlowTrial(ctx, q)
	return t, err
}

func (s *Server) readFlowTrial(ctx context.Context, q url.Values) (*flowTrial, error) {
	t := &flowTrial{s: s}
	t.asked, t.query = splitQuery(q, isFlowTrial)
	t.filter, t.wrong = s.pageFilterOf(ctx, delivery.OfIssues, t.query)
	t.wrong = errors.Join(t.wrong, onlyOnce(t.asked, "workdays", "excluded_resolutions", "except"))
	if t.query.Has("definition") {
		t.wrong = errors.Join(t.wrong, &delivery.FilterError{Param: "definition", Code: "definition_trial", Message: "a trial is beside the definitions in force"})
	}
	if t.wrong != nil {
		return t, t.wrong
	}
	if err := t.load(ctx); err != nil {
		return t, err
	}
	t.own = url.Values{}
	t.readSince()
	t.readStatuses()
	t.readResolutions()
	t.readTypes()
	return t, t.readHours(s.today(ctx))
}

// load reads what is saved.
func (t *flowTrial) load(ctx context.Context) (err error) {
	s := t.s
	if t.may, err = s.rights(ctx); err != nil {
		return err
	}
	if t.teams, err = s.teams(ctx); err != nil {
		return err
	}
	if t.facets, err = s.facets(ctx); err != nil {
		return err
	}
	if t.stored, err = s.db.WorkflowVersions(ctx); err != nil {
		return err
	}
	if t.edit, err = s.calendarOf(ctx, t.calendarQuery()); err != nil {
		return err
	}
	t.printer = i18n.From(ctx)
	if t.found, err = s.statusesInUse(ctx); err != nil {
		return err
	}
	if len(t.filter.Queues) == 1 {
		t.scopes = append(t.scopes, workflowScope{queue: t.filter.Queues[0], newest: true})
	}
	if len(t.filter.Teams) == 1 {
		t.scopes = append(t.scopes, workflowScope{team: t.filter.Teams[0], newest: true})
	}
	t.scopes = append(t.scopes, workflowScope{newest: true})
	t.scope = t.scopes[0]
	for _, scope := range t.scopes {
		if t.asked.Get("lists") == scopeWord(scope) {
			t.scope = scope
		}
	}
	shown := t.shown()
	t.statuses = statusChoices(t.printer, t.found, &shown, t.teams, t.scope)
	return nil
}

// calendarQuery names the working hours that measure what the page shows: of its one
// team, or of the one team of its one queue; else the default ones.
func (t *flowTrial) calendarQuery() url.Values {
	var team delivery.Team
	switch {
	case len(t.filter.Teams) == 1:
		team, _ = t.teams.Named(t.filter.Teams[0])
	case len(t.filter.Teams) == 0 && len(t.filter.Queues) == 1:
		team, _ = t.teams.Only(t.filter.Queues[0])
	}
	if team.Calendar == "" {
		return url.Values{}
	}
	return url.Values{"name": {team.Calendar}}
}

// scopeWord is a scope in a query.
func scopeWord(s workflowScope) string {
	switch {
	case s.queue != "":
		return "queue"
	case s.team != "":
		return "team"
	}
	return "common"
}

// shown is the version that is tried upon, the newest.
func (t *flowTrial) shown() delivery.Workflow {
	if len(t.stored) == 0 {
		return delivery.Workflow{}
	}
	return t.stored[len(t.stored)-1].Workflow
}

// last is the day of that version.
func (t *flowTrial) last() delivery.Date {
	if len(t.stored) == 0 {
		return delivery.Date{}
	}
	return t.stored[len(t.stored)-1].From
}

func (t *flowTrial) fail(err error) { t.errs = errors.Join(t.errs, err) }

func (t *flowTrial) readSince() {
	text := strings.TrimSpace(t.asked.Get("since"))
	if text == "" {
		return
	}
	t.own.Set("since", text)
	days, err := readDates("since", text)
	if err == nil && len(days) != 1 {
		err = &control.FieldError{Field: "since", Code: "date", Message: "give one day like 2026-11-03"}
	}
	if err != nil {
		t.fail(err)
		return
	}
	probe := control.BuiltinCalendar() // begins on no day that a workflow does not
	probe.From = days[0]
	var field *control.FieldError
	if _, err := probe.Compile(); errors.As(err, &field) {
		t.fail(&control.FieldError{Field: "since", Code: field.Code, Message: field.Message})
		return
	}
	t.since = days[0]
	t.own.Set("since", t.since.String())
}

func (t *flowTrial) readStatuses() {
	if t.scope != t.scopes[0] {
		t.own.Set("lists", scopeWord(t.scope))
	}
	t.classes = map[string]string{}
	for name := range t.asked {
		key, isClass := strings.CutPrefix(name, classPrefix)
		if isClass && !slices.ContainsFunc(t.found, func(s delivery.StatusInUse) bool { return s.Key == key }) {
			t.fail(&control.FieldError{Field: statusesField, Code: "unknown", Message: "no such status"})
			t.own.Set(name, t.asked.Get(name))
		}
	}
	for _, status := range t.statuses {
		name := classPrefix + status.Key
		class := t.asked.Get(name)
		switch {
		case class == "" || class == status.Class:
			continue
		case !slices.Contains(classNames(), class):
			t.fail(&control.FieldError{Field: statusesField, Code: "class", Message: "choose waiting, active or closed"})
		default:
			t.classes[status.Key] = class
		}
		t.own.Set(name, class)
	}
}

func classNames() []string {
	return []string{delivery.Waiting.String(), delivery.Active.String(), delivery.Closed.String()}
}

func (t *flowTrial) readResolutions() {
	t.excluded = slices.Sorted(slices.Values(t.shown().ExcludedResolutions))
	if !t.asked.Has("excluded_resolutions") {
		return
	}
	keys := slices.Compact(slices.Sorted(slices.Values(resolutionKeys(t.asked))))
	if t.excludes = !slices.Equal(keys, t.excluded); !t.excludes {
		return
	}
	t.excluded = keys
	t.own["excluded_resolutions"] = keys
	if len(keys) == 0 {
		t.own["excluded_resolutions"] = []string{""}
	}
}

func (t *flowTrial) readTypes() {
	for _, key := range t.asked["except"] {
		if key != "" && !slices.Contains(t.except, key) {
			t.except = append(t.except, key)
		}
	}
	if slices.Sort(t.except); len(t.except) > 0 {
		t.own["except"] = t.except
	}
}

// hoursFields are those of the working hours that can be tried.
var hoursFields = []string{"workdays", "hours", "holidays", "days_off"}

// readHours reads the working hours over those that are saved.
func (t *flowTrial) readHours(today delivery.Date) error {
	form := hoursForm(t.edit.Calendar)
	saved, err := readCalendar(form, t.edit, today)
	was, more := saved.Compile()
	if err := errors.Join(err, more); err != nil {
		return err
	}
	for _, name := range hoursFields {
		if t.asked.Has(name) {
			form[name] = slices.DeleteFunc(slices.Clone(t.asked[name]), func(v string) bool { return v == "" })
		}
	}
	for _, day := range form["workdays"] {
		if !slices.ContainsFunc(weekdays(), func(d weekday) bool { return d.name == day }) {
			t.fail(&control.FieldError{Field: "workdays", Code: "unknown", Message: "no such day"})
			return nil
		}
	}
	c, err := readCalendar(form, t.edit, today)
	is, more := c.Compile()
	if err := errors.Join(err, more); err != nil {
		t.fail(err)
		return nil
	}
	if t.hours = !reflect.DeepEqual(was, is); !t.hours {
		return nil
	}
	t.calendar = c
	t.calendar.From = t.since
	if !slices.Equal(c.DaysOff, saved.DaysOff) {
		t.own.Set("days_off", strings.ReplaceAll(dateLines(c.DaysOff), "\n", " "))
	}
	if !slices.Equal(c.Workdays, saved.Workdays) {
		t.own["workdays"] = form["workdays"]
	}
	if !slices.Equal(c.Hours, saved.Hours) {
		t.own.Set("hours", strings.Join(c.Hours, ", "))
	}
	if c.Holidays != saved.Holidays {
		t.own.Set("holidays", c.Holidays)
	}
	return nil
}

// hoursForm is a calendar as its form says it.
func hoursForm(c control.Calendar) url.Values {
	form := url.Values{
		"timezone": {c.Zone}, "hours": {strings.Join(c.Hours, ", ")}, "holidays": {c.Holidays},
		"days_off": {dateLines(c.DaysOff)}, "working_days": {dateLines(c.WorkingDays)}, "when": {"beginning"},
	}
	for _, day := range weekdays() {
		if slices.Contains(c.Workdays, day.day) {
			form.Add("workdays", day.name)
		}
	}
	return form
}

// workflowTried reports whether the workflow differs.
func (t *flowTrial) workflowTried() bool { return len(t.classes) > 0 || t.excludes }

// changed makes of the stored versions of the workflow those that are tried: of each
// what is not tried stays as it is in that version.
func (t *flowTrial) changed(stored []control.WorkflowVersion) ([]control.WorkflowVersion, error) {
	var mistake error
	was := t.shown().ExcludedResolutions
	next := control.ChangeFrom(stored, t.since, t.last(), func(w *delivery.Workflow) {
		if len(t.classes) > 0 {
			form, base := url.Values{}, *w
			for _, status := range statusChoices(t.printer, t.found, &base, t.teams, t.scope) {
				form.Set(classPrefix+status.Key, cmp.Or(t.classes[status.Key], status.Class))
			}
			mistake = errors.Join(mistake, readScopeLists(form, t.scope, base, w))
		}
		if t.excludes {
			w.ExcludedResolutions = replayed(w.ExcludedResolutions, was, t.excluded)
		}
	})
	return next, errors.Join(mistake, control.CheckVersions(next))
}

// changedHours is changed for the versions of the working hours.
func (t *flowTrial) changedHours(stored []control.Calendar) ([]control.Calendar, error) {
	was := t.edit.DaysOff
	next := control.ChangeCalendarFrom(stored, t.since, t.edit.From, func(c *control.Calendar) {
		if t.own.Has("workdays") {
			c.Workdays = t.calendar.Workdays
		}
		if t.own.Has("hours") {
			c.Hours = t.calendar.Hours
		}
		if t.own.Has("holidays") {
			c.Holidays = t.calendar.Holidays
		}
		if t.own.Has("days_off") {
			c.DaysOff = replayed(c.DaysOff, was, t.calendar.DaysOff)
		}
	})
	return next, control.CheckCalendars(t.edit.Name, next)
}

// replayed is of what it was with what another list gained from before to after, and
// without what that lost.
func replayed[T comparable](of, before, after []T) []T {
	out := slices.DeleteFunc(slices.Clone(of), func(v T) bool { return slices.Contains(before, v) && !slices.Contains(after, v) })
	for _, v := range after {
		if !slices.Contains(before, v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

func (t *flowTrial) address() string { return withQuery(flowWhatIfPath, t.query, t.own) }

// back is the page that the trial is about.
func (t *flowTrial) back() string { return withQuery("/flow", t.query) }
