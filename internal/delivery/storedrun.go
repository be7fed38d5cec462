package delivery

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
)

// Validate says what no store can keep a run without.
func (r *Run) Validate() error {
	switch {
	case r.Project == "":
		return errors.New("it is of no project")
	case r.ID == "":
		return errors.New("it has no id")
	}
	return nil
}

// Overtakes reports whether what a run says takes the place of what was said of it
// in an attempt, by an update.
func (r *Run) Overtakes(attempt int, updatedAt Instant) bool {
	return cmp.Or(cmp.Compare(r.Attempt, attempt), cmp.Compare(r.UpdatedAt, updatedAt)) >= 0
}

// runDetails are the fields of a run that no query of a store asks for.
type runDetails struct {
	Number    int64             `json:"number,omitempty"`
	Title     string            `json:"title,omitempty"`
	Event     string            `json:"event,omitempty"`
	Actor     string            `json:"actor,omitempty"`
	SHA       string            `json:"sha,omitempty"`
	URL       string            `json:"url,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	AttemptAt Instant           `json:"attempt_at,omitempty"`
}

// runParts are what a run consists of.
type runParts struct {
	Jobs   []Job   `json:"jobs,omitempty"`
	Builds []Build `json:"builds,omitempty"`
}

// EncodeRun is, as JSON, what stores keep of a run in two texts: the fields that
// they neither filter nor count by, and its jobs and builds, which lists do without.
func EncodeRun(r *Run) (details, parts string, err error) {
	details, err1 := PlainJSON(runDetails{
		Number: r.Number, Title: r.Title, Event: r.Event, Actor: r.Actor, SHA: r.SHA, URL: r.URL, Labels: r.Labels,
		AttemptAt: r.AttemptAt,
	})
	parts, err2 := PlainJSON(runParts{Jobs: r.Jobs, Builds: r.Builds})
	return details, parts, errors.Join(err1, err2)
}

// DecodeRun adds to a run what EncodeRun took of it; without parts, all but its
// jobs and builds.
func DecodeRun(details, parts []byte, r *Run) error {
	var d runDetails
	if err := json.Unmarshal(details, &d); err != nil {
		return fmt.Errorf("stored fields of run %s: %w", r.ID, err)
	}
	r.AttemptAt = d.AttemptAt
	r.Number, r.Title, r.Event, r.Actor, r.SHA, r.URL, r.Labels = d.Number, d.Title, d.Event, d.Actor, d.SHA, d.URL, d.Labels
	if len(parts) == 0 {
		return nil
	}
	var p runParts
	if err := json.Unmarshal(parts, &p); err != nil {
		return fmt.Errorf("stored jobs of run %s: %w", r.ID, err)
	}
	r.Jobs, r.Builds = p.Jobs, p.Builds
	return nil
}
