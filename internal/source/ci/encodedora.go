package ci

import "throughline/internal/delivery"

// EncodedDeployment is a deployment as ParseDeployments reads it. Times are RFC 3339
// in UTC with milliseconds, null when not said.
type EncodedDeployment struct {
	ID              string                     `json:"id"`
	Service         string                     `json:"service"`
	Repository      string                     `json:"repository"`
	Environment     string                     `json:"environment"`
	Production      bool                       `json:"production"`
	SHA             string                     `json:"sha"`
	Ref             string                     `json:"ref"`
	Version         string                     `json:"version"`
	Description     string                     `json:"description"`
	Creator         string                     `json:"creator"`
	URL             string                     `json:"url"`
	Status          delivery.DeploymentStatus  `json:"status"`
	CreatedAt       delivery.Instant           `json:"created_at"`
	StartedAt       delivery.Instant           `json:"started_at"`
	FinishedAt      delivery.Instant           `json:"finished_at"`
	UpdatedAt       delivery.Instant           `json:"updated_at"`
	Rollback        bool                       `json:"rollback"`
	Hotfix          bool                       `json:"hotfix"`
	Unplanned       bool                       `json:"unplanned"`
	Redeployment    bool                       `json:"redeployment"`
	FixesDeployment string                     `json:"fixes_deployment"`
	Impact          string                     `json:"impact"`
	Commits         []delivery.Commit          `json:"commits"`
	States          []delivery.DeploymentState `json:"states"`
}

// EncodeDeployment is d in the shape that ParseDeployments reads, and reads back as
// the same. The connection is left out: it is the token's, and no part of a body.
func EncodeDeployment(d delivery.Deployment) EncodedDeployment {
	encoded := EncodedDeployment{
		ID:              d.ID,
		Service:         d.Service,
		Repository:      d.Repository,
		Environment:     d.Environment,
		Production:      d.Production,
		SHA:             d.SHA,
		Ref:             d.Ref,
		Version:         d.Version,
		Description:     d.Description,
		Creator:         d.Creator,
		URL:             d.URL,
		Status:          d.Status,
		CreatedAt:       d.CreatedAt,
		StartedAt:       d.StartedAt,
		FinishedAt:      d.FinishedAt,
		UpdatedAt:       d.UpdatedAt,
		Rollback:        d.Rollback,
		Hotfix:          d.Hotfix,
		Unplanned:       d.Unplanned,
		Redeployment:    d.Redeployment,
		FixesDeployment: d.FixesDeployment,
		Impact:          d.Impact,
		Commits:         []delivery.Commit{},
		States:          []delivery.DeploymentState{},
	}
	if d.Range != nil {
		encoded.Commits = append(encoded.Commits, d.Range.Commits...)
	}
	encoded.States = append(encoded.States, d.States...)
	return encoded
}

// EncodedIncident is an incident as ParseIncidents reads it, like EncodedDeployment.
type EncodedIncident struct {
	ID         string           `json:"id"`
	Service    string           `json:"service"`
	Project    string           `json:"project"`
	Title      string           `json:"title"`
	Severity   string           `json:"severity"`
	StartedAt  delivery.Instant `json:"started_at"`
	DetectedAt delivery.Instant `json:"detected_at"`
	ResolvedAt delivery.Instant `json:"resolved_at"`
	UpdatedAt  delivery.Instant `json:"updated_at"`
	Deployment string           `json:"deployment"`
	Version    string           `json:"version"`
	SHA        string           `json:"sha"`
	URL        string           `json:"url"`
	Teams      []string         `json:"teams"`
	Gone       bool             `json:"gone"`
	Whole      bool             `json:"whole"`
}

// EncodeIncident is EncodeDeployment for an incident.
func EncodeIncident(i delivery.Incident) EncodedIncident {
	return EncodedIncident{
		ID:         i.ID,
		Service:    i.Service,
		Project:    i.Project,
		Title:      i.Title,
		Severity:   i.Severity,
		StartedAt:  i.StartedAt,
		DetectedAt: i.DetectedAt,
		ResolvedAt: i.ResolvedAt,
		UpdatedAt:  i.UpdatedAt,
		Deployment: i.Deployment,
		Version:    i.Version,
		SHA:        i.SHA,
		URL:        i.URL,
		Teams:      append([]string{}, i.Teams...),
		Gone:       i.Gone,
		Whole:      i.Whole,
	}
}
