package web

import (
	"context"
	"slices"

	"throughline/internal/delivery"
)

// teams are whose work is whose.
func (s *Server) teams(ctx context.Context) (delivery.Teams, error) { return s.db.DeliveryTeams(ctx) }

// workflows are what statuses mean over time.
func (s *Server) workflows(ctx context.Context) (delivery.Workflows, error) {
	return s.db.Workflows(ctx)
}

// calendarNamed is a calendar by its name, the default one for "".
func (s *Server) calendarNamed(ctx context.Context, name string) (*delivery.Calendar, error) {
	return s.db.Calendar(ctx, name)
}

// markers are the days in a filter's range from which its numbers mean something
// else.
func (s *Server) markers(ctx context.Context, f delivery.Filter) ([]delivery.Marker, error) {
	all, err := s.db.Markers(ctx, f.Teams)
	if err != nil {
		return nil, err
	}
	end := f.To
	if !f.Definition.IsZero() { // what came later does not count
		end = min(end, f.Definition.AddDays(1).In(s.zone(ctx)))
	}
	return slices.DeleteFunc(all, func(m delivery.Marker) bool { return m.At < f.From || m.At >= end }), nil
}

// teamCalendar is where days begin when these teams are asked for: the calendar
// of a single one that has its own, else the default one.
func (s *Server) teamCalendar(ctx context.Context, teams delivery.Teams, asked []string) (*delivery.Calendar, error) {
	return s.teamCalendarOn(ctx, teams, asked, delivery.Date{})
}

// teamCalendarOn is teamCalendar by the definitions of a day, see Filter.Definition.
func (s *Server) teamCalendarOn(ctx context.Context, teams delivery.Teams, asked []string, day delivery.Date) (*delivery.Calendar, error) {
	name := ""
	if len(asked) == 1 {
		team, _ := teams.Named(asked[0])
		name = team.Calendar
	}
	return s.db.CalendarOn(ctx, name, day)
}

// queueCalendars are the calendars of the queues whose one team has its own, by the
// definitions of a day.
func (s *Server) queueCalendars(ctx context.Context, teams delivery.Teams, day delivery.Date) (map[string]*delivery.Calendar, error) {
	if len(teams) == 0 {
		return nil, nil
	}
	queues, err := s.queueKeys(ctx)
	if err != nil {
		return nil, err
	}
	calendars := map[string]*delivery.Calendar{}
	for _, queue := range queues {
		team, ok := teams.Only(queue)
		if !ok || team.Calendar == "" {
			continue
		}
		if calendars[queue], err = s.db.CalendarOn(ctx, team.Calendar, day); err != nil {
			return nil, err
		}
	}
	return calendars, nil
}

// queueKeys are the keys of all queues.
func (s *Server) queueKeys(ctx context.Context) ([]string, error) { return s.store.Queues(ctx) }

// flowQuery is the question that a narrowed filter asks of flow.
func (s *Server) flowQuery(ctx context.Context, f delivery.Filter) (delivery.FlowQuery, error) {
	q := delivery.FlowQuery{Filter: f, Now: delivery.InstantOf(s.now())}
	workflows, fewer, err := s.db.WorkflowsOn(ctx, f.Definition)
	if err != nil {
		return q, err
	}
	q.Workflows = &workflows
	if fewer {
		q.Supposed = &workflows
	}
	if q.Calendar, err = s.teamCalendarOn(ctx, workflows.Teams, f.Teams, f.Definition); err != nil || len(f.Teams) == 1 {
		return q, err
	}
	q.Calendars, err = s.queueCalendars(ctx, workflows.Teams, f.Definition)
	return q, err
}
