package delivery_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

// fullIssue is what the vectors' issues hold beyond their history.
type fullIssue struct {
	Summary                         string
	Type, Priority, Project         vectorRef
	Assignee, CreatedBy, QAEngineer vectorRef
	Parent, Epic                    vectorRef
	Tags, Aliases                   []string
	Components, Sprint              []vectorRef
	StoryPoints                     *float64
	Deadline, Start, End            delivery.Date
}

func names(refs []vectorRef) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.Display)
	}
	return out
}

func (v *vector) detail(t testing.TB) delivery.IssueDetail {
	raw, err := os.ReadFile(filepath.Join("testdata/tracker", v.ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var full struct{ Input struct{ Issue fullIssue } }
	if err := json.Unmarshal(raw, &full); err != nil {
		t.Fatal(err)
	}
	f, issue := full.Input.Issue, v.issue()
	issue.Title, issue.Type, issue.Priority, issue.Project = f.Summary, f.Type.ref(), f.Priority.ref(), f.Project.ref()
	issue.Assignee, issue.Author, issue.QAEngineer = f.Assignee.ref(), f.CreatedBy.ref(), f.QAEngineer.ref()
	issue.Tags, issue.Aliases, issue.Components, issue.Sprints = f.Tags, f.Aliases, names(f.Components), names(f.Sprint)
	issue.StoryPoints, issue.Deadline, issue.StartDate, issue.EndDate = f.StoryPoints, f.Deadline, f.Start, f.End
	issue.ParentKey, issue.EpicKey = f.Parent.Key, f.Epic.Key
	return delivery.IssueDetail{Issue: issue, Full: true, Events: v.events(t)}
}

func (v *vector) class(key string, _ delivery.Instant) delivery.Class {
	w := delivery.Workflow{StatusLists: delivery.StatusLists{Closed: v.Settings.Closed, Active: v.Settings.Active}}
	return w.Class(v.Input.Issue.Queue.Key, "", key, "")
}

func asMap(t testing.TB, v any) map[string]any {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every recorded issue is reported exactly as expected, field by field.
func TestReportIssueVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			got := asMap(t, delivery.ReportIssue(v.detail(t), v.class, v.Settings.calendar(t), v.Settings.Now.Instant))
			want := asMap(t, v.Expected)
			for name, value := range want["issue_fields"].(map[string]any) {
				want[name] = value
			}
			delete(want, "issue_fields")
			for name := range want {
				value, ok := got[name]
				if !ok {
					t.Errorf("%s is missing", name)
				}
				if diff := cmp.Diff(want[name], value); diff != "" {
					t.Errorf("%s (-want +got)\n%s", name, diff)
				}
			}
		})
	}
}

// v01 is created at 7:00, started at 9:30, tested from 14:00 and resolved at
// 16:00; v27 is moved at 10:00 on the 5th.
func TestReportIssueAsOf(t *testing.T) {
	byID := map[string]vector{}
	for _, v := range readVectors(t) {
		byID[v.ID] = v
	}
	report := func(id, asOf string) map[string]any {
		v := byID[id]
		return asMap(t, delivery.ReportIssue(v.detail(t), v.class, v.Settings.calendar(t), at(t, asOf)))
	}
	tests := []struct {
		name, id, asOf string
		want           map[string]any
	}{
		{"in testing", "v01", "2024-03-04T15:00:00Z", map[string]any{
			"status_key": "testing", "updated_at": "2024-03-04T14:00:00.000Z",
			"resolution_key": nil, "resolved_at": nil, "is_resolved": false, "closed_at": nil, "is_closed": false,
			"cycle_time": nil, "age": map[string]any{"seconds": 28800.0, "business_seconds": 21600.0},
			"wip_age": map[string]any{"seconds": 19800.0, "business_seconds": 19800.0},
		}},
		{"just created", "v01", "2024-03-04T07:00:00Z", map[string]any{
			"status_key": "open", "updated_at": "2024-03-04T07:00:00.000Z", "first_active_at": nil, "wip_age": nil,
			"age": map[string]any{"seconds": 0.0, "business_seconds": 0.0},
		}},
		{"resolved this instant", "v01", "2024-03-04T16:00:00Z", map[string]any{
			"status_key": "closed", "resolution_key": "fixed", "is_resolved": true, "is_closed": true,
			"resolved_at": "2024-03-04T16:00:00.000Z", "updated_at": "2024-03-04T16:00:00.000Z", "age": nil,
		}},
		{"before the move", "v27", "2024-03-05T09:59:59Z", map[string]any{"was_moved": false, "moved_at": nil, "moved_by": nil}},
		{"after the move", "v27", "2024-03-05T10:00:00Z", map[string]any{
			"was_moved": true, "moved_at": "2024-03-05T10:00:00.000Z", "moved_by": "Bob Brown",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := report(tt.id, tt.asOf)
			for name, want := range tt.want {
				if diff := cmp.Diff(want, got[name]); diff != "" {
					t.Errorf("%s (-want +got)\n%s", name, diff)
				}
			}
		})
	}
}

// A listed issue is reported like the single one.
func TestReportListed(t *testing.T) {
	for _, v := range readVectors(t) {
		d, c, now := v.detail(t), v.Settings.calendar(t), v.Settings.Now.Instant
		h := delivery.HistoryOf(&d.Issue, d.Events, now)
		listed := delivery.ListedIssue{
			Issue: d.Issue, Flow: delivery.FlowOf(d.CreatedAt, h.Periods, v.class), MovedAt: h.MovedAt, MovedBy: h.MovedBy,
		}
		want := delivery.ReportIssue(d, v.class, c, now).IssueReport
		if diff := cmp.Diff(want, delivery.ReportListed(listed, c, now)); diff != "" {
			t.Errorf("%s (-single +listed)\n%s", v.ID, diff)
		}
	}
}
