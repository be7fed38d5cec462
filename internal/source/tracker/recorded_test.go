package tracker

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/source/sourcetest"
)

// TestDocumentedShapes pulls from answers as the documentation has them.
func TestDocumentedShapes(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		replay, err := sourcetest.NewReplay(os.DirFS("testdata/recorded"))
		if err != nil {
			t.Fatal(err)
		}
		r := rigOf(&fake{})
		r.transport.Handler = replay
		r.settings = settingsOf("custom_fields", `["myLocalField","estimation"]`, "drop_in_database", `"agile"`)
		r.mustPull(t)
		if len(r.problems()) > 0 || len(replay.Missed()) > 0 || len(replay.Unused()) > 0 {
			t.Errorf("problems %v, missed %v, unused %v", r.problems(), replay.Missed(), replay.Unused())
		}
		if diff := cmp.Diff([]delivery.Person{
			{ID: "1120000000049224", Login: "iivanov", Email: "iivanov@example.org", Name: "Ivan Ivanov"},
			{ID: "1120000000049225", Login: "ppetrov", Name: "Petr Petrov"},
		}, r.pages[0].Batch.People); diff != "" {
			t.Error(diff)
		}
		points := 3.0
		at := func(text string) delivery.Instant {
			i, f := instantOf(json.RawMessage(`"` + text + `"`))
			if f != nil {
				t.Fatal(f)
			}
			return i
		}
		status := func(id, key, name string) delivery.Ref { return delivery.Ref{ID: id, Key: key, Name: name} }
		want := delivery.IssueRecord{
			Issue: delivery.Issue{
				Connection: "c", ID: "593cd211ef7e8a332414f2a7", Key: "TREK-9844", Aliases: []string{"JUNE-3"}, Queue: "TREK", Title: "subtask",
				Type: status("2", "task", "Task"), Priority: status("3", "normal", "Normal"), Status: status("1", "open", "Open"),
				Resolution: status("1", "fixed", "Fixed"), Project: status("7", "", "My project"),
				Assignee: status("1120000000049225", "", "Petr Petrov"), Author: status("1120000000049224", "", "Ivan Ivanov"),
				QAEngineer: status("1120000000049226", "", "Anna Ivanova"),
				Tags:       []string{"a"}, Components: []string{"Backend"}, Sprints: []string{"sprint1"}, StoryPoints: &points,
				Deadline: delivery.Date{Year: 2017, Month: 6, Day: 30}, StartDate: delivery.Date{Year: 2017, Month: 6, Day: 12},
				EndDate: delivery.Date{Year: 2017, Month: 6, Day: 20}, ParentKey: "JUNE-2", EpicKey: "GOAL-1", Comments: 2,
				URL: "http://source.test/TREK-9844", Version: 7,
				Custom:    map[string]json.RawMessage{"myLocalField": json.RawMessage(`"x"`), "estimation": json.RawMessage(`"PT4H"`)},
				CreatedAt: at("2017-06-11T05:16:01.339Z"), UpdatedAt: at("2017-07-18T13:33:44.291Z"), ResolvedAt: at("2017-07-18T13:33:44.291Z"),
				StatusStartedAt: at("2017-07-18T13:33:44.291Z"),
			},
			Full: true, Replace: true,
			Events: []delivery.Event{
				{
					ID: "62bab52ca16f631e00000001", At: at("2017-06-11T05:16:01.339Z"), Type: "IssueCreated", Transport: "front", Actor: status("71", "", "Full Name"),
					Transition: &delivery.Transition{To: status("3", "inProgress", "In progress")},
				},
				{
					ID: "62bab52ca16f631e00000002", Ordinal: 1, At: at("2022-06-28T08:00:44.155Z"), Type: "IssueWorkflow", Transport: "front", Actor: status("71", "", "Full Name"),
					Transition: &delivery.Transition{
						From: status("3", "inProgress", "In progress"), To: status("2", "needInfo", "Need info"),
						FromStartedAt: at("2022-06-28T07:29:45.753Z"), ToStartedAt: at("2022-06-28T08:00:44.156Z"),
					},
				},
			},
		}
		got := r.written()[0]
		if len(got.Events[0].Fields) != 1 || len(got.Events[1].Fields) != 3 || got.Events[1].Fields[2].Field != "followers" {
			t.Errorf("fields %+v", got.Events)
		}
		for i := range got.Events {
			got.Events[i].Fields = nil
		}
		want.Fingerprint = got.Fingerprint
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
