package sqlitestore

import (
	"bytes"
	"encoding/json"
	"strings"

	"throughline/internal/delivery"
)

// details are the fields of an issue that no query asks for.
type details struct {
	Aliases     []string                   `json:"aliases,omitempty"`
	Type        delivery.Ref               `json:"type,omitzero"`
	Priority    delivery.Ref               `json:"priority,omitzero"`
	Status      delivery.Ref               `json:"status,omitzero"`
	Resolution  delivery.Ref               `json:"resolution,omitzero"`
	Project     delivery.Ref               `json:"project,omitzero"`
	Assignee    delivery.Ref               `json:"assignee,omitzero"`
	Author      delivery.Ref               `json:"author,omitzero"`
	QAEngineer  delivery.Ref               `json:"qa_engineer,omitzero"`
	Tags        []string                   `json:"tags,omitempty"`
	Components  []string                   `json:"components,omitempty"`
	Sprints     []string                   `json:"sprints,omitempty"`
	StoryPoints *float64                   `json:"story_points,omitempty"`
	Deadline    delivery.Date              `json:"deadline,omitzero"`
	StartDate   delivery.Date              `json:"start_date,omitzero"`
	EndDate     delivery.Date              `json:"end_date,omitzero"`
	ParentKey   string                     `json:"parent_key,omitempty"`
	EpicKey     string                     `json:"epic_key,omitempty"`
	Comments    int                        `json:"comments,omitempty"`
	URL         string                     `json:"url,omitempty"`
	Custom      map[string]json.RawMessage `json:"custom,omitempty"`
}

func detailsOf(i *delivery.Issue) details {
	return details{
		Aliases: i.Aliases, Type: i.Type, Priority: i.Priority, Status: i.Status, Resolution: i.Resolution,
		Project: i.Project, Assignee: i.Assignee, Author: i.Author, QAEngineer: i.QAEngineer,
		Tags: i.Tags, Components: i.Components, Sprints: i.Sprints, StoryPoints: i.StoryPoints,
		Deadline: i.Deadline, StartDate: i.StartDate, EndDate: i.EndDate,
		ParentKey: i.ParentKey, EpicKey: i.EpicKey, Comments: i.Comments, URL: i.URL, Custom: i.Custom,
	}
}

func (d *details) into(i *delivery.Issue) {
	i.Aliases, i.Type, i.Priority, i.Status, i.Resolution = d.Aliases, d.Type, d.Priority, d.Status, d.Resolution
	i.Project, i.Assignee, i.Author, i.QAEngineer = d.Project, d.Assignee, d.Author, d.QAEngineer
	i.Tags, i.Components, i.Sprints, i.StoryPoints = d.Tags, d.Components, d.Sprints, d.StoryPoints
	i.Deadline, i.StartDate, i.EndDate = d.Deadline, d.StartDate, d.EndDate
	i.ParentKey, i.EpicKey, i.Comments, i.URL, i.Custom = d.ParentKey, d.EpicKey, d.Comments, d.URL, d.Custom
}

// toJSON is v as JSON that keeps the source's own text, HTML in it too.
func toJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
