package delivery

import "strconv"

// IncidentReport is an incident as the API answers it. Durations are whole seconds,
// floored, and null where they are not known, like texts and instants.
type IncidentReport struct {
	ID         string   `json:"id"`
	Connection string   `json:"connection"`
	Service    Word     `json:"service"` // as it was said
	Project    Word     `json:"project"`
	Title      Word     `json:"title"`
	Status     string   `json:"status"` // open or resolved
	StartedAt  Instant  `json:"started_at"`
	DetectedAt Instant  `json:"detected_at"`
	ResolvedAt Instant  `json:"resolved_at"`
	UpdatedAt  Instant  `json:"updated_at"`
	Severity   Word     `json:"severity"`
	Deployment Word     `json:"deployment"`
	Version    Word     `json:"version"`
	SHA        Word     `json:"sha"`
	URL        Word     `json:"url"`
	Teams      []string `json:"teams"`

	TimeToRestore *int64         `json:"time_to_restore"`
	Number        string         `json:"number"` // that stores have it by
	Links         []IncidentLink `json:"links"`
}

// IncidentLink is a deployment that an incident is linked to.
type IncidentLink struct {
	Service    string `json:"service"`
	Group      string `json:"group_id"`
	Confidence string `json:"confidence"` // confirmed or suspected
}

// How incidents stand: open until they are resolved.
const (
	StandsOpen     = "open"
	StandsResolved = "resolved"
)

// Standing is how an incident stands.
func (i *Incident) Standing() string {
	if i.ResolvedAt.Known() {
		return StandsResolved
	}
	return StandsOpen
}

// ReportIncident is an incident with what is linked to it.
func ReportIncident(i *Incident, linked []LinkedIncident) IncidentReport {
	r := IncidentReport{
		ID: i.ID, Connection: i.Connection, Service: Word(i.Service), Project: Word(i.Project), Title: Word(i.Title),
		Status: i.Standing(), StartedAt: i.StartedAt, DetectedAt: i.DetectedAt, ResolvedAt: i.ResolvedAt, UpdatedAt: i.UpdatedAt,
		Severity: Word(i.Severity), Deployment: Word(i.Deployment), Version: Word(i.Version), SHA: Word(i.SHA), URL: Word(i.URL),
		Teams: append([]string{}, i.Teams...), Number: strconv.FormatInt(i.Number(), 10), Links: []IncidentLink{},
	}
	if i.StartedAt.Known() && i.ResolvedAt >= i.StartedAt {
		seconds := int64(i.ResolvedAt-i.StartedAt) / 1000
		r.TimeToRestore = &seconds
	}
	for _, l := range linked {
		if l.Group != "" {
			r.Links = append(r.Links, IncidentLink{l.Service, l.Group, l.Confidence})
		}
	}
	return r
}
