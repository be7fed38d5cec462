package web

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// previewRange is what previews of a changed definition compare.
const previewRange = "90d"

// previewQuery asks for flow of the range of previews by working time, of some
// teams or queues, by the definitions in force.
func (s *Server) previewQuery(ctx context.Context, narrow url.Values) (delivery.FlowQuery, error) {
	q := url.Values{"range": {previewRange}, "clock": {string(delivery.Business)}}
	for name, values := range narrow {
		q[name] = values
	}
	f, _, err := s.filter(ctx, delivery.OfIssues, q)
	if err != nil {
		return delivery.FlowQuery{}, err
	}
	return s.flowQuery(ctx, f)
}

// numbersOf shows two samples side by side. A day is that of each one's calendar now.
func numbersOf(ctx context.Context, before, after delivery.CycleSample, was, is *delivery.Calendar, now delivery.Instant) *views.Numbers {
	p := i18n.From(ctx)
	text := func(v *float64, c *delivery.Calendar) string {
		if v == nil {
			return "–"
		}
		return p.Days(*v, c.Day(now).Hours())
	}
	return &views.Numbers{
		Rows: []views.NumberRow{
			{Label: p.T("figure.median"), Before: text(before.P50, was), After: text(after.P50, is)},
			{Label: p.T("figure.p85"), Before: text(before.P85, was), After: text(after.P85, is)},
			{Label: p.T("preview.counted"), Before: p.Number(float64(before.Sample.N), 0), After: p.Number(float64(after.Sample.N), 0)},
		},
	}
}

// flipsOf shows the issues that a changed workflow concerns.
func flipsOf(ctx context.Context, n *views.Numbers, c delivery.FlowChange, q delivery.FlowQuery) {
	p := i18n.From(ctx)
	n.Closed, n.Opened, n.Remeasured = c.Closed, c.Opened, c.Remeasured
	n.Same = c.Closed+c.Opened+c.Remeasured == 0 && sameRows(n.Rows)
	n.More = c.Closed + c.Opened + c.Remeasured - len(c.Items)
	for _, flip := range c.Items {
		day := q.DayOf(q.CalendarOf(flip.Queue)).Hours()
		text := func(closed bool, seconds *int64) string {
			switch {
			case !closed:
				return p.T("preview.open")
			case seconds == nil:
				return p.T("preview.unmeasured")
			}
			return p.Duration(float64(*seconds), day)
		}
		n.Flips = append(n.Flips, views.Flip{
			Key: flip.Key, Title: flip.Title, Status: flip.Status,
			Before: text(flip.WasClosed, flip.Before), After: text(flip.IsClosed, flip.After),
		})
	}
}

func sameRows(rows []views.NumberRow) bool {
	return !slices.ContainsFunc(rows, func(r views.NumberRow) bool { return r.Before != r.After })
}

// workflowNumbers compares flow under versions with flow as it is.
func (s *Server) workflowNumbers(ctx context.Context, versions []control.WorkflowVersion, narrow url.Values) (*views.Numbers, error) {
	q, err := s.previewQuery(ctx, narrow)
	if err != nil {
		return nil, err
	}
	calendar, err := s.calendar(ctx)
	if err != nil {
		return nil, err
	}
	supposed := delivery.Supposition{Workflows: delivery.Workflows{Versions: control.Dated(versions, calendar), Teams: q.Workflows.Teams}}
	change, err := s.store.WhatIf(ctx, q, supposed)
	if err != nil {
		return nil, err
	}
	n := numbersOf(ctx, change.Before.CycleSample, change.After.CycleSample, q.Calendar, q.Calendar, q.Now)
	flipsOf(ctx, n, change, q)
	return n, nil
}

// calendarNumbers compares working time by other versions of a calendar with
// working time as it is: of the teams that have it, or of all when it is the
// default one. Nil when nobody has it.
func (s *Server) calendarNumbers(ctx context.Context, name string, versions []control.Calendar) (*views.Numbers, error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return nil, err
	}
	isDefault, err := s.isDefaultCalendar(ctx, name)
	if err != nil {
		return nil, err
	}
	narrow := url.Values{}
	if !isDefault {
		for _, t := range teams {
			if t.Calendar == name {
				narrow.Add("team", t.Name)
			}
		}
		if len(narrow) == 0 {
			return nil, nil // a calendar that is new is nobody's
		}
	}
	q, err := s.previewQuery(ctx, narrow)
	if err != nil {
		return nil, err
	}
	next, err := control.BuildCalendar(versions)
	if err != nil {
		return nil, err
	}
	then := withCalendar(q, teams, name, isDefault, next)
	before, err := s.store.CycleTime(ctx, q)
	if err != nil {
		return nil, err
	}
	after, err := s.store.CycleTime(ctx, then)
	if err != nil {
		return nil, err
	}
	n := numbersOf(ctx, sampleOf(before), sampleOf(after), q.Calendar, then.Calendar, q.Now)
	n.Same = sameRows(n.Rows)
	return n, nil
}

// isDefaultCalendar reports whether a calendar holds where no other does. One that
// there is not yet does not.
func (s *Server) isDefaultCalendar(ctx context.Context, name string) (bool, error) {
	common, err := s.calendarNamed(ctx, "")
	if err != nil {
		return false, err
	}
	named, err := s.calendarNamed(ctx, name)
	if errors.Is(err, control.ErrNotFound) {
		return false, nil
	}
	return named == common, err
}

// withCalendar is a query by next in place of the calendar called name: of what a
// single team with it asks, of all queues of teams that have it, and of what has none
// of its own when it is the default one.
func withCalendar(q delivery.FlowQuery, teams delivery.Teams, name string, isDefault bool, next *delivery.Calendar) delivery.FlowQuery {
	then := q
	if isDefault || len(q.Teams) == 1 {
		then.Calendar = next
	}
	then.Calendars = map[string]*delivery.Calendar{}
	for queue, c := range q.Calendars {
		then.Calendars[queue] = c
		if team, ok := teams.Only(queue); ok && team.Calendar == name {
			then.Calendars[queue] = next
		}
	}
	return then
}

func sampleOf(c delivery.CycleTime) delivery.CycleSample {
	return delivery.CycleSample{Sample: c.Sample, Percentiles: c.Percentiles}
}

// teamNumbers compares what a team would show with what it does: by its queues,
// by its calendar, and by the lists of statuses that come with queues.
func (s *Server) teamNumbers(ctx context.Context, stored, t control.Team, may rights) (*views.Numbers, error) {
	next := make(delivery.Teams, 0, len(may.all)+1)
	for _, o := range may.all {
		if o.ID != stored.ID {
			next = append(next, o.Team)
		}
	}
	next = append(next, t.Team)
	q, err := s.previewQuery(ctx, nil)
	if err != nil {
		return nil, err
	}
	supposed := delivery.Supposition{Workflows: delivery.Workflows{Versions: q.Workflows.Versions, Teams: next}}
	queues, err := s.queueKeys(ctx)
	if err != nil {
		return nil, err
	}
	of := func(team delivery.Team) (delivery.FlowQuery, error) {
		one := q
		one.Teams, one.Scope, one.Calendars = []string{team.Name}, []string{}, nil
		for _, queue := range queues {
			if team.Queues.Match(queue) {
				one.Scope = append(one.Scope, queue)
			}
		}
		var err error
		one.Calendar, err = s.calendarNamed(ctx, team.Calendar)
		return one, err
	}
	was, err := of(stored.Team)
	if err != nil {
		return nil, err
	}
	is, err := of(t.Team)
	if err != nil {
		return nil, err
	}
	before, err := s.store.WhatIf(ctx, was, supposed)
	if err != nil {
		return nil, err
	}
	after, err := s.store.WhatIf(ctx, is, supposed)
	if err != nil {
		return nil, err
	}
	n := numbersOf(ctx, before.Before.CycleSample, after.After.CycleSample, was.Calendar, is.Calendar, is.Now)
	n.Same = sameRows(n.Rows)
	return n, nil
}
