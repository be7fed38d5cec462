package delivery

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// releasedWorkflow is how the first release stored a workflow.
const releasedWorkflow = `{"active":["work"],"closed":[],"excluded_resolutions":["duplicate"],"queues":{"OPS":{"closed":["done"]}}}`

func TestStoredMeaning(t *testing.T) {
	released := OneWorkflow(Workflow{
		StatusLists:         StatusLists{Active: []string{"work"}, Closed: []string{}},
		ExcludedResolutions: []string{"duplicate"},
		Queues:              map[string]StatusLists{"OPS": {Closed: []string{"done"}}},
	})
	many := Workflows{
		Versions: append(released.Versions, WorkflowVersion{From: 1_700_000_000_001, Workflow: Workflow{
			Teams: map[string]StatusLists{"A": {Waiting: []string{"work"}}},
		}}),
		Teams: Teams{{Name: "A", Queues: Patterns{"DEV*", "!DEVOPS"}}, {Name: "B"}},
	}
	written := func(w Workflows) string {
		t.Helper()
		text, _, err := (&Meaning{Workflows: w}).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for text, want := range map[string]Workflows{
		`{}`:                 OneWorkflow(Workflow{}),
		releasedWorkflow:     released,
		written(released):    released,
		written(many):        many,
		written(Workflows{}): OneWorkflow(Workflow{}),
		`{"versions":[{"from":null,"workflow":{"closed":["done"]}}]}`: OneWorkflow(Workflow{StatusLists: StatusLists{Closed: []string{"done"}}}),
	} {
		got, err := DecodeMeaning([]byte(text), []byte(`{}`))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got.Workflows); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
	for _, text := range []string{``, `[]`, `{"versions":7}`, `{"closed":"done"}`, `{"versions":[{"from":"yesterday"}]}`} {
		if w, err := DecodeMeaning([]byte(text), []byte(`{}`)); err == nil {
			t.Errorf("%s is read as %v", text, w)
		}
	}
}
