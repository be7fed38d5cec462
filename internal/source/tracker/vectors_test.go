package tracker

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// vector is an issue as the API gives it, and what is to be made of it.
type vector struct {
	Title string
	Input struct {
		Issue     json.RawMessage
		Changelog []json.RawMessage
		PageSize  int `json:"changelog_page_size"`
	}
	Expected struct {
		IssueFields map[string]any `json:"issue_fields"`
		Periods     []struct {
			StatusKey string `json:"status_key"`
			Start     delivery.Instant
		}
		Anomalies []delivery.Anomaly
	}
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	out := map[string]vector{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".json")] = v
	}
	return out
}

// fakeOf serves a vector.
func fakeOf(t testing.TB, v vector) *fake {
	t.Helper()
	var i struct{ ID, Key, UpdatedAt string }
	if err := json.Unmarshal(v.Input.Issue, &i); err != nil {
		t.Fatal(err)
	}
	issue := &fakeIssue{id: i.ID, key: i.Key, record: v.Input.Issue, updated: testStart}
	for _, raw := range v.Input.Changelog {
		var e struct{ ID string }
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatal(err)
		}
		issue.events = append(issue.events, fakeEvent{e.ID, raw})
	}
	return &fake{issues: []*fakeIssue{issue}, changelogPage: v.Input.PageSize}
}

func TestVectors(t *testing.T) {
	for name, v := range vectors(t) {
		for _, full := range []string{"true", "false"} {
			t.Run(name+" changelog="+full, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { checkVector(t, v, full) })
			})
		}
	}
}

func checkVector(t *testing.T, v vector, full string) {
	r := rigOf(fakeOf(t, v))
	r.settings["changelog"] = json.RawMessage(full)
	r.mustPull(t)
	facts := r.memory.Facts()
	if len(facts.Issues) != 1 || len(r.problems()) > 0 {
		t.Fatalf("%d issues, problems %v", len(facts.Issues), r.problems())
	}
	got := facts.Issues[0]
	if diff := cmp.Diff(v.Expected.IssueFields, fieldsOf(&got)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if full == "true" && len(got.Events) != len(v.Input.Changelog) {
		t.Errorf("%d events of %d", len(got.Events), len(v.Input.Changelog))
	}
	history := delivery.HistoryOf(&got.Issue, got.Events, 1<<60)
	var periods, want []string
	for _, p := range history.Periods {
		periods = append(periods, p.Status.Key+" "+p.Start.String())
	}
	for _, p := range v.Expected.Periods {
		want = append(want, p.StatusKey+" "+p.Start.String())
	}
	if diff := cmp.Diff(want, periods); diff != "" {
		t.Errorf("periods (-want +got):\n%s", diff)
	}
	if len(v.Expected.Anomalies)+len(history.Anomalies) > 0 {
		if diff := cmp.Diff(v.Expected.Anomalies, history.Anomalies); diff != "" {
			t.Errorf("anomalies (-want +got):\n%s", diff)
		}
	}
}

// fieldsOf are the issue's fields in the form that the vectors have them in.
func fieldsOf(r *delivery.IssueRecord) map[string]any {
	orNil := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	list := func(texts []string) []any {
		out := []any{}
		for _, s := range texts {
			out = append(out, s)
		}
		return out
	}
	history := delivery.HistoryOf(&r.Issue, r.Events, 1<<60)
	out := map[string]any{
		"key": r.Key, "queue": r.Queue, "title": r.Title,
		"type_key": r.Type.Key, "type": r.Type.Name, "priority_key": r.Priority.Key, "priority": r.Priority.Name,
		"status_key": r.Status.Key, "status": r.Status.Name,
		"resolution_key": orNil(r.Resolution.Key), "resolution": orNil(r.Resolution.Name),
		"assignee_id": orNil(r.Assignee.ID), "assignee": orNil(r.Assignee.Name),
		"author_id": orNil(r.Author.ID), "author": orNil(r.Author.Name),
		"qa_engineer_id": orNil(r.QAEngineer.ID), "qa_engineer": orNil(r.QAEngineer.Name),
		"tags": list(r.Tags), "components": list(r.Components), "sprints": list(r.Sprints),
		"project": orNil(r.Project.Name), "story_points": nil,
		"deadline": orNil(r.Deadline.String()), "start_date": orNil(r.StartDate.String()), "end_date": orNil(r.EndDate.String()),
		"parent_issue_key": orNil(r.ParentKey), "epic_issue_key": orNil(r.EpicKey), "is_subtask": r.ParentKey != "",
		"aliases": list(r.Aliases), "was_moved": history.MovedAt.Known(),
		"moved_at": orNil(history.MovedAt.String()), "moved_by": orNil(history.MovedBy.Name),
		"updated_at": r.UpdatedAt.String(),
	}
	if r.StoryPoints != nil {
		out["story_points"] = *r.StoryPoints
	}
	return out
}
