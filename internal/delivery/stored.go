package delivery

import (
	"encoding/json"
	"fmt"
)

// details are the fields of an issue that no query of a store asks for.
type details struct {
	Aliases     []string                   `json:"aliases,omitempty"`
	Type        Ref                        `json:"type,omitzero"`
	Priority    Ref                        `json:"priority,omitzero"`
	Status      Ref                        `json:"status,omitzero"`
	Resolution  Ref                        `json:"resolution,omitzero"`
	Project     Ref                        `json:"project,omitzero"`
	Assignee    Ref                        `json:"assignee,omitzero"`
	Author      Ref                        `json:"author,omitzero"`
	QAEngineer  Ref                        `json:"qa_engineer,omitzero"`
	Tags        []string                   `json:"tags,omitempty"`
	Components  []string                   `json:"components,omitempty"`
	Sprints     []string                   `json:"sprints,omitempty"`
	StoryPoints *float64                   `json:"story_points,omitempty"`
	Deadline    Date                       `json:"deadline,omitzero"`
	StartDate   Date                       `json:"start_date,omitzero"`
	EndDate     Date                       `json:"end_date,omitzero"`
	ParentKey   string                     `json:"parent_key,omitempty"`
	EpicKey     string                     `json:"epic_key,omitempty"`
	Comments    int                        `json:"comments,omitempty"`
	URL         string                     `json:"url,omitempty"`
	Custom      map[string]json.RawMessage `json:"custom,omitempty"`
}

// EncodeDetails is, as JSON, what stores keep of an issue in one text: the
// fields that they neither filter nor count by. The error is of broken JSON in
// a custom field.
func EncodeDetails(i *Issue) (string, error) {
	text, err := PlainJSON(details{
		Aliases: i.Aliases, Type: i.Type, Priority: i.Priority, Status: i.Status, Resolution: i.Resolution,
		Project: i.Project, Assignee: i.Assignee, Author: i.Author, QAEngineer: i.QAEngineer,
		Tags: i.Tags, Components: i.Components, Sprints: i.Sprints, StoryPoints: i.StoryPoints,
		Deadline: i.Deadline, StartDate: i.StartDate, EndDate: i.EndDate,
		ParentKey: i.ParentKey, EpicKey: i.EpicKey, Comments: i.Comments, URL: i.URL, Custom: i.Custom,
	})
	if err != nil {
		return "", fmt.Errorf("fields: %w", err)
	}
	return text, nil
}

// DecodeDetails adds to an issue what EncodeDetails took of it.
func DecodeDetails(text []byte, i *Issue) error {
	var d details
	if err := json.Unmarshal(text, &d); err != nil {
		return fmt.Errorf("stored fields of %s: %w", i.Key, err)
	}
	i.Aliases, i.Type, i.Priority, i.Status, i.Resolution = d.Aliases, d.Type, d.Priority, d.Status, d.Resolution
	i.Project, i.Assignee, i.Author, i.QAEngineer = d.Project, d.Assignee, d.Author, d.QAEngineer
	i.Tags, i.Components, i.Sprints, i.StoryPoints = d.Tags, d.Components, d.Sprints, d.StoryPoints
	i.Deadline, i.StartDate, i.EndDate = d.Deadline, d.StartDate, d.EndDate
	i.ParentKey, i.EpicKey, i.Comments, i.URL, i.Custom = d.ParentKey, d.EpicKey, d.Comments, d.URL, d.Custom
	return nil
}

// EncodeFields is the changed fields of an event as JSON, "" when the full
// changelog is not kept.
func EncodeFields(e *Event) (string, error) {
	if e.Fields == nil {
		return "", nil
	}
	text, err := PlainJSON(e.Fields)
	if err != nil {
		return "", fmt.Errorf("event %s: %w", e.ID, err)
	}
	return text, nil
}
