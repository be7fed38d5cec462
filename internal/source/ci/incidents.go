package ci

import (
	"slices"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

var (
	incidentFields = slices.Concat([]string{
		"id", "service", "project", "title", "severity", "started_at", "detected_at", "resolved_at", "updated_at",
		"deployment", "version", "sha", "url", "teams", "gone", "whole", "connection",
	}, toldIncident)
	// toldIncident is like toldDeployment.
	toldIncident = []string{
		"seq", "number", "status", "services", "group_id", "group", "confidence", "method", "evidence", "linked",
		"deployments", "time_to_restore", "duration", "told_at", "cursor", "links",
	}
)

// maxTeams is how many teams an incident may be of.
const maxTeams = 50

// ParseIncidents reads the body of POST /api/v1/incidents as ParseDeployments does
// that of deployments.
//
// Required is started_at. An incident without resolved_at is open, and without
// detected_at it was detected when it started. Without id, service, project, title and
// started_at tell it from others. Told again, it is as it was told last, but for what
// is not said then, unless it is said to be whole; with gone it is none any more.
func ParseIncidents(body []byte) (items []Read[delivery.Incident], batch bool, err error) {
	return readAll(body, "incidents", readIncident, func(i *delivery.Incident) string { return i.ID })
}

func readIncident(f fields) delivery.Incident {
	f.only(incidentFields)
	f.require("started_at")
	i := delivery.Incident{
		Connection: f.text("connection", maxName),
		ID:         f.optionalID("id"),
		Service:    f.label("service"),
		Project:    f.label("project"),
		Title:      f.text("title", maxLong),
		Severity:   f.label("severity"),
		StartedAt:  f.time("started_at"),
		DetectedAt: f.time("detected_at"),
		ResolvedAt: f.time("resolved_at"),
		UpdatedAt:  f.time("updated_at"),
		Deployment: f.numberOrLabel("deployment"),
		Version:    f.label("version"),
		SHA:        f.sha("sha"),
		URL:        f.url("url"),
		Teams:      f.teams("teams"),
		Gone:       f.flag("gone"),
		Whole:      f.flag("whole"),
	}
	f.after("resolved_at", "started_at", i.ResolvedAt, i.StartedAt)
	if i.ID == "" && f.value("id") == nil {
		i.ID = madeUp("incident", i.Service, i.Project, i.Title, i.StartedAt.String())
	}
	return i
}

// incidents may be told again and again.
func incidents(body []byte) (source.Pushed, error) {
	items, batch, err := ParseIncidents(body)
	if err != nil {
		return source.Pushed{}, err
	}
	return push(items, batch, func(i delivery.Incident) source.PushedItem {
		return source.PushedItem{
			Connection: i.Connection,
			Told:       func(b *delivery.Batch) any { return EncodeIncident(b.Incidents[0]) },
			Add: func(b *delivery.Batch) {
				i := i
				i.Connection = b.Connection
				b.Incidents = append(b.Incidents, i)
			},
		}
	}), nil
}

// optionalID is an id, "" when not said; said, it is not blank.
func (f fields) optionalID(name string) string {
	if f.value(name) == nil {
		return ""
	}
	return f.requiredID(name)
}

// numberOrLabel is an id of another fact: a label, or a whole number.
func (f fields) numberOrLabel(name string) string {
	if _, ok := f.value(name).(string); ok {
		return f.label(name)
	}
	return f.id(name)
}

// teams are names, each once.
func (f fields) teams(name string) []string {
	list, ok := f.value(name).([]any)
	if !ok && f.value(name) != nil || len(list) > maxTeams {
		f.reject(name, "must be an array of at most 50 texts")
		return nil
	}
	var teams []string
	for _, v := range list {
		team, ok := v.(string)
		if !ok || wrongName(team, maxName) != "" {
			f.reject(name, "must be an array of texts that are not empty")
			return nil
		}
		teams = append(teams, team)
	}
	return teams
}
